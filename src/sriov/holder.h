/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has a function in use, as far as the kernel shows it: a process with its VFIO or UIO node
 * open, a network interface that is up, a mounted disk. To take a VF away from one of these would
 * hang (the kernel waits for VFIO's user) or pull the ground from under it.
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

/*
 * Fills ret[0 .. n) for fn[0 .. n), with one walk over /proc. Processes that the caller may not
 * look into are not seen; root sees all.
 */
int holders_find(const struct host *host, const struct bdf *fn, size_t n, struct holder *ret,
		 struct err *err);

#endif
