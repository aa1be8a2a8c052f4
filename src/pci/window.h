/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the BARs of a whole machine go: a pure function used by `check` (to print or refuse) and by
 * the machine (to program what firmware would). Biggest first inside each window, bridges in
 * 1 MiB (memory) and 4 KiB (I/O) units.
 */
#ifndef BULKHEAD_PCI_WINDOW_H
#define BULKHEAD_PCI_WINDOW_H

#include "base/err.h"
#include "core/layout.h"
#include "pci/func.h"
#include "pci/port.h"

struct window_bar {
	unsigned port; /* index of the root port the function is behind; WINDOW_ON_ROOT for bus 0 */
	enum bar_kind kind;
	bool prefetch;
	uint64_t size;
	uint64_t addr;  /* out */
	void *tag;      /* caller's */
	unsigned index; /* caller's: BAR number */
};
#define WINDOW_ON_ROOT (~0u)

/*
 * Memory BARs start on pages, so that one smaller than a page can be mapped. A port without I/O,
 * memory or prefetchable BARs gets that window closed.
 *
 * Fills in every addr and one pci_windows per port (bus numbers 1..n_ports). 64-bit prefetchable
 * BARs go to layout->mmio64 (also 64-bit non-prefetchable ones on the root bus), all others and the
 * ROMs to mmio32. -ENOSPC with a map of what was wanted and what there is, -EINVAL (more than 255
 * ports, a BAR behind a port that does not exist, a size that is not a power of two).
 */
int window_assign(const struct layout *layout, struct window_bar *bars, size_t n_bars,
		  struct pci_windows *ret_ports, unsigned n_ports, struct err *err);

/*
 * Bytes of 64-bit window the BARs need wherever it starts (alignment included); for layout_mmio64.
 * UINT64_MAX when it is more than 64 bits can say.
 */
uint64_t window_need64(const struct window_bar *bars, size_t n_bars);

#endif
