/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DSDT's content: the PCI root with its windows and interrupt routing, root ports, the ISA
 * devices, board resources, processors and the one sleep state. For boot/acpi.c.
 */
#ifndef BULKHEAD_BOOT_DSDT_H
#define BULKHEAD_BOOT_DSDT_H

#include "boot/acpi.h"
#include "boot/aml.h"

/* Appends the definition block; errors stick in `aml`. */
void dsdt_fill(struct aml *aml, const struct acpi_config *config);

#endif
