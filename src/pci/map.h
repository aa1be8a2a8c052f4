/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Storage of the derived PCI map: what is live in the bus and in KVM, and room to derive the next.
 * pci/root.h has what one does with it.
 */
#ifndef BULKHEAD_PCI_MAP_H
#define BULKHEAD_PCI_MAP_H

struct pci_map;

/* Empty, nothing published. NULL without memory. */
struct pci_map *pci_map_new(void);
void pci_map_free(struct pci_map *map); /* NULL ok; publishes nothing */

#endif
