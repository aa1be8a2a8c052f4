/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts of one PCI function in a few words, for the table of `devices` and for its details. */
#ifndef BULKHEAD_DEVICE_TEXT_H
#define BULKHEAD_DEVICE_TEXT_H

#include "base/text.h"
#include "core/inventory.h"

/* "gen3 x8", and what it could be when that is more: "gen1 x8 of gen3 x16"; "" without a link. */
void device_link_text(struct text *text, const struct pci_dev *dev);

/* "16M+256M(16G)+32M": memory BARs, the largest size of a resizable one behind it. */
void device_bars_text(struct text *text, const struct pci_dev *dev);

/* "256M 512M 1G": what a resizable BAR can be; "" for a fixed one. */
void device_sizes_text(struct text *text, uint64_t sizes);

#endif
