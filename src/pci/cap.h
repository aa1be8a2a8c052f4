/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounded walks of the two capability lists (PCI 3.0 §6.7, PCIe 6.0 §7.6). A device, or a guest
 * that writes the list, can make it loop or point anywhere: each offset is visited at most once.
 */
#ifndef BULKHEAD_PCI_CAP_H
#define BULKHEAD_PCI_CAP_H

#include <stddef.h>
#include <stdint.h>

#define PCI_CFG_SIZE 256
#define PCIE_CFG_SIZE 4096

struct pci_cap {
	uint16_t id;
	uint16_t off;
	uint8_t version; /* extended capabilities only */
	uint16_t next;
};

/*
 * At most `max` capabilities of `cfg` (size 256 or 4096 bytes) into ret; returns how many. Id 0,
 * which is what hiding one leaves behind, is stepped over; an all-ones header (device gone) ends
 * the walk.
 */
size_t pci_cap_list(const uint8_t *cfg, size_t cfg_size, struct pci_cap *ret, size_t max);
size_t pci_ext_cap_list(const uint8_t *cfg, size_t cfg_size, struct pci_cap *ret, size_t max);

/* Offset of the first capability `id`, 0 when absent. */
uint16_t pci_cap_find(const uint8_t *cfg, size_t cfg_size, uint8_t id);
uint16_t pci_ext_cap_find(const uint8_t *cfg, size_t cfg_size, uint16_t id);

#endif
