/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sysfs attribute `resource` of a PCI function: a line `start end flags` for each of BARs 0 to 5,
 * the ROM, and then what more the kernel has (a PF's six VF BARs; drivers/pci/pci-sysfs.c).
 */
#ifndef BULKHEAD_CORE_RESOURCE_H
#define BULKHEAD_CORE_RESOURCE_H

#include <stdbool.h>

#include "core/inventory.h"

/*
 * Takes one line off `text`; all zeros where the line says there is nothing. False at the end, and
 * at a line that is none.
 */
bool pci_resource_next(const char **text, struct pci_resource *ret);

#endif
