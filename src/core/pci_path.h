/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the kernel keeps what it says of a PCI function. */
#ifndef BULKHEAD_CORE_PCI_PATH_H
#define BULKHEAD_CORE_PCI_PATH_H

#include "base/bdf.h"

/* Fixed-size text, so that it can be an argument: pci_path(bdf, "rom").s */
struct pci_path {
	char s[96];
};

/* "bus/pci/devices/0000:01:00.0/rom", relative to /sys; "" is the function's directory itself. */
struct pci_path pci_path(struct bdf bdf, const char *attr);

#endif
