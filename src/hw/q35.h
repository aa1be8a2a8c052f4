/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two functions that make the board a Q35: the memory controller hub at 00:00.0 and the ICH9
 * LPC bridge at 00:1f.0. Guests look at their ids and at a few base registers; decoding is fixed.
 */
#ifndef BULKHEAD_HW_Q35_H
#define BULKHEAD_HW_Q35_H

#include "pci/root.h"

struct q35 {
	struct pci_func mch; /* 8086:29c0 */
	struct pci_func lpc; /* 8086:2918 */
};

/* Fills in both functions and puts them on bus 0. */
int q35_init(struct q35 *q35, struct pci_root *root);

#endif
