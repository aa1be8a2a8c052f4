/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two functions that make the board a Q35: the memory controller hub at 00:00.0 and the ICH9
 * LPC bridge at 00:1f.0. Guests look at their ids and at a few base registers. Where ECAM is, the
 * guest says in PCIEXBAR; the PM block stays where it is.
 */
#ifndef BULKHEAD_HW_Q35_H
#define BULKHEAD_HW_Q35_H

#include "pci/root.h"

struct q35 {
	struct pci_func mch; /* 8086:29c0 */
	struct pci_func lpc; /* 8086:2918 */
	struct pci_root *root; /* borrowed */
};

/*
 * Fills in both functions and puts them on bus 0. With `ecam_on` ECAM is at ECAM_BASE from power-on,
 * as firmware would leave it; without it is off until firmware has programmed PCIEXBAR.
 */
int q35_init(struct q35 *q35, struct pci_root *root, bool ecam_on);

/*
 * For drivers that tell a chipset by its bridges: the LPC bridge takes the ids, revision and subsystem
 * of `lpc`, the memory controller revision and subsystem of `mch` (NULL = as it is). Its own ids the
 * latter keeps: firmware knows the machine by them. Before the guest runs.
 */
void q35_pose_as(struct q35 *q35, const struct pci_ids *mch, const struct pci_ids *lpc);

#endif
