/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices bound to vfio-pci without a VM of ours, for whoever takes them from there: `bulkhead bind`
 * and `release`. Each has a journal of its own, /run/bulkhead/bound-ADDRESS, that stays until the
 * release and then gives back exactly what was there; a bind or release that is killed half-way is
 * undone or finished by `bulkhead recover`.
 */
#ifndef BULKHEAD_BY_HAND_H
#define BULKHEAD_BY_HAND_H

#include <stdbool.h>

#include "base/bdf.h"
#include "base/err.h"
#include "core/host.h"

/* "0000:01:00.0", or "8086:10c9" that exactly one device has. -EINVAL, -ENODEV, -ENOTUNIQ. */
int by_hand_find(const struct host *host, const char *text, struct bdf *ret_bdf, struct err *err);

/*
 * Nothing speaks against taking it: no bridge, in an IOMMU group, no VFs, nobody's. -EBUSY names the
 * profile or the holder; with `force` only a profile still counts.
 */
int by_hand_check_bind(const struct host *host, struct bdf bdf, bool force, struct err *err);

/*
 * It is ours to reset: without a driver or on vfio-pci, and nobody has it. A profile that was killed
 * while it had it is no obstacle: a reset may be what its recovery waits for.
 */
int by_hand_check_reset(const struct host *host, struct bdf bdf, struct err *err);

/* 1 when it was on vfio-pci before; then nothing is kept of it. Errors: all is as before. */
int by_hand_bind(const struct host *host, struct bdf bdf, bool force, struct err *err);

/* -ENOENT when `bind` did not bind it, -EBUSY with the profile or process that uses it. */
int by_hand_release(const struct host *host, struct bdf bdf, bool force, struct err *err);

/* The device that this journal is of, if it is one that `bind` came to the end with. */
bool by_hand_is_bound(const struct host *host, const char *journal_name, struct bdf *ret_bdf);

#endif
