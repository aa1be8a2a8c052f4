/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which addresses the ACPI tables give to PCI once firmware has dealt them out: ECAM where PCIEXBAR
 * put it, the space below 4 GiB around it, and a 64-bit window that covers every BAR and bridge
 * window as programmed. A window beside a BAR makes Windows stop the device and Linux move it.
 */
#ifndef BULKHEAD_BOOT_ACPI_WINDOWS_H
#define BULKHEAD_BOOT_ACPI_WINDOWS_H

#include "boot/acpi.h"
#include "pci/root.h"

/* What there is before firmware has run, and on direct boot, where nothing moves. */
void acpi_windows_laid(struct acpi_config *config, const struct layout *layout);

/*
 * What `root` holds now. What the guest programmed over RAM or beyond its address bits is left out;
 * ECAM that is off, or above 4 GiB, is described where it is on direct boot. Root lock held.
 */
void acpi_windows_programmed(struct acpi_config *config, const struct layout *layout,
			     struct pci_root *root);

#endif
