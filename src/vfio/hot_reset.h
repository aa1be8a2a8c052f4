/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bus reset of functions that no guest has: opens them all through VFIO for that moment, which is
 * what proves to the kernel that nobody else is hit. It resets a bus for one function alone on it
 * by itself; for several this is the only way before Linux 6.13.
 */
#ifndef BULKHEAD_VFIO_HOT_RESET_H
#define BULKHEAD_VFIO_HOT_RESET_H

#include "base/err.h"
#include "core/host.h"
#include "core/inventory.h"

#define HOT_RESET_MAX 64

/* All of `set` (1..HOT_RESET_MAX) are on vfio-pci, and nobody has them open. -errno of the kernel. */
int vfio_hot_reset_unused(const struct host *host, const struct pci_dev *const *set, unsigned n,
			  struct err *err);

#endif
