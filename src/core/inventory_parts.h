/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What inventory.c is made of: one file reads a PCI function, one the host's own facts, one finds
 * out which functions the host itself lives on. Private to core/inventory*.c.
 */
#ifndef BULKHEAD_CORE_INVENTORY_PARTS_H
#define BULKHEAD_CORE_INVENTORY_PARTS_H

#include <stddef.h>
#include <sys/types.h>

#include "core/inventory.h"

/* inventory_pci.c: `devices` is a directory fd of /sys/bus/pci/devices. */

/* The IOMMU group of a function, -1 = none. */
int pci_dev_group(int devices, struct bdf bdf);
/* Vendor and device alone, for a match by id. -ENODEV when the function has gone. */
int pci_dev_ids(int devices, struct bdf bdf, uint16_t *ret_vendor, uint16_t *ret_device);
/*
 * Fills in everything but bdf, group and host_uses; with `all` also what only inventory_read is
 * after. -ENODEV when the function has gone.
 */
int pci_dev_read(int devices, struct pci_dev *dev, bool all);
/* As file_read, in one read(2): sysfs gives an attribute whole or not at all. "" on failure. */
ssize_t pci_attr_read(int dir, const char *attr, char *buf, size_t size);

/* inventory_see.c: what is only looked at. `dir` is the function's own directory. */

/* power_state and asleep. */
void pci_dev_see_power(int dir, struct pci_dev *dev);
/* The links of the PCIe capability at `at` of a configuration space of 256 bytes. */
void pci_dev_see_link(struct pci_dev *dev, const uint8_t *cfg, unsigned at);
/* The rest; wants the BARs and capabilities read. */
void pci_dev_see(int dir, struct pci_dev *dev);

/* inventory_host.c: a fact that cannot be read stays 0, false, or without limit. */
void host_facts_read(struct inventory *inv, const struct host *host);

/* inventory_use.c: sets host_uses and use_detail of the functions in `inv`. -ENOMEM only. */
int host_uses_read(struct inventory *inv, const struct host *host);

#endif
