/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/holder.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "core/holder_parts.h"

int holder_add(struct holder_search *search, size_t fn, enum holder_kind kind, const char *fmt, ...)
{
	struct dev_holder *holder = vec_push(search->ret);
	if (!holder)
		return -ENOMEM;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(holder->s, sizeof(holder->s), fmt, ap);
	va_end(ap);
	text_plain(holder->s);
	holder->fn = fn;
	holder->kind = kind;
	return 0;
}

static int by_kind(const void *a, const void *b)
{
	const struct dev_holder *x = a, *y = b;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

int dev_holders_find(const struct host *host, const struct bdf *fn, size_t n, dev_holders *ret,
		 struct err *err)
{
	struct holder_search search = { .host = host, .fn = fn, .n = n, .ret = ret };
	int r = 0;
	for (size_t i = 0; !r && i < n; i++)
		r = holder_look_at_tree(&search, i);
	if (!r && n)
		r = holder_look_at_processes(&search);
	vec_free(&search.nodes);
	if (r)
		return err_errno(err, r, "%s: who uses %s", host->sys_path, bdf_text(fn[0]).s);
	if (ret->n)
		qsort(ret->at, ret->n, sizeof(*ret->at), by_kind);
	return 0;
}

bool dev_node_holder(const struct host *host, const char *node, struct dev_holder *ret)
{
	dev_holders list = { 0 };
	struct holder_search search = { .host = host, .ret = &list };
	struct holder_node *one = vec_push(&search.nodes);
	if (one)
		snprintf(one->path, sizeof(one->path), "%s", node);
	bool found = one && !holder_look_at_processes(&search) && list.n;
	if (found)
		*ret = list.at[0];
	vec_free(&search.nodes);
	vec_free(&list);
	return found;
}

int dev_holders_of_inventory(const struct inventory *inv, const struct bdf *fn, size_t n, dev_holders *ret,
			 struct err *err)
{
	struct holder_search search = { .fn = fn, .n = n, .ret = ret };
	for (size_t i = 0; i < n; i++) {
		const struct pci_dev *dev = inventory_find(inv, fn[i]);
		if (dev && dev->host_uses &&
		    holder_add(&search, i, HOLDER_USE, "the host uses it: %s", dev->use_detail))
			return err_errno(err, -ENOMEM, "%s", bdf_text(fn[i]).s);
	}
	return 0;
}

bool dev_holder_repeats(const struct dev_holder *holder, const struct pci_dev *dev)
{
	return dev && holder->kind == HOLDER_BLOCK && dev->host_uses & USE_MOUNT;
}

bool dev_holder_matters(const struct dev_holder *holder, const struct pci_dev *dev)
{
	return holder->kind != HOLDER_UP && !dev_holder_repeats(holder, dev);
}
