/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What inventory.c is made of: one file reads a PCI function, one the host's own facts, one finds
 * out which functions the host itself lives on. Private to core/inventory*.c.
 */
#ifndef BULKHEAD_CORE_INVENTORY_PARTS_H
#define BULKHEAD_CORE_INVENTORY_PARTS_H

#include "core/inventory.h"

/* inventory_pci.c: `devices` is a directory fd of /sys/bus/pci/devices. */

/* The IOMMU group of a function, -1 = none. */
int pci_dev_group(int devices, struct bdf bdf);
/* Vendor and device alone, for a match by id. -ENODEV when the function has gone. */
int pci_dev_ids(int devices, struct bdf bdf, uint16_t *ret_vendor, uint16_t *ret_device);
/* Fills in everything but bdf, group and host_uses. -ENODEV when the function has gone. */
int pci_dev_read(int devices, struct pci_dev *dev);

/* inventory_host.c: a fact that cannot be read stays 0, false, or without limit. */
void host_facts_read(struct inventory *inv, const struct host *host);

/* inventory_use.c: sets host_uses and use_detail of the functions in `inv`. -ENOMEM only. */
int host_uses_read(struct inventory *inv, const struct host *host);

#endif
