/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sriov/holder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/holder.h"

static int find(const struct host *host, const struct bdf *fn, size_t n, dev_holders *list,
		struct err *err)
{
	vec(struct inventory_want) want = { 0 };
	struct inventory inv;
	int r = dev_holders_find(host, fn, n, list, err);
	for (size_t i = 0; !r && i < n; i++) {
		struct inventory_want *one = vec_push(&want);
		if (one)
			one->bdf = fn[i];
		r = one ? 0 : err_errno(err, -ENOMEM, "VFs in use");
	}
	if (!r)
		r = inventory_read_for(&inv, host, want.at, (unsigned)want.n, err);
	vec_free(&want);
	if (r)
		return r;
	r = dev_holders_of_inventory(&inv, fn, n, list, err);
	inventory_fini(&inv);
	return r;
}

int holders_find(const struct host *host, const struct bdf *fn, size_t n, struct holder *ret,
		    struct err *err)
{
	dev_holders list = { 0 };
	if (!n)
		return 0;
	memset(ret, 0, n * sizeof(*ret));
	int r = find(host, fn, n, &list, err);
	for (size_t i = 0; !r && i < list.n; i++) {
		struct holder *first = &ret[list.at[i].fn];
		if (!first->s[0])
			snprintf(first->s, sizeof(first->s), "%s", list.at[i].s);
	}
	vec_free(&list);
	return r;
}
