/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has a VF in use (core/holder.h), in a word each. An interface that is up is enough here:
 * another number of VFs destroys all of them at once, whoever asked.
 */
#ifndef BULKHEAD_SRIOV_HOLDER_H
#define BULKHEAD_SRIOV_HOLDER_H

#include <stddef.h>

#include "base/bdf.h"
#include "base/err.h"
#include "core/host.h"

struct holder {
	char s[192]; /* "its interface eth4 is up"; "" = nobody */
};

/* Fills ret[0 .. n) for fn[0 .. n); errors as dev_holders_find. */
int holders_find(const struct host *host, const struct bdf *fn, size_t n, struct holder *ret,
		    struct err *err);

#endif
