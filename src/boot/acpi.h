/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's ACPI tables (ACPI 6.5 §5): RSDP, XSDT, FADT, FACS, DSDT, MADT, MCFG, WAET. Built as
 * relative blobs with a list of pointers and checksums to fix, so that the same build serves direct
 * boot (placed at a known address here) and UEFI (fw_cfg table loader).
 */
#ifndef BULKHEAD_BOOT_ACPI_H
#define BULKHEAD_BOOT_ACPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/gmem.h"
#include "core/layout.h"

#define ACPI_MAX_VCPUS 4096
#define ACPI_RSDP_SIZE 36
#define ACPI_MAX_TABLES 8
#define ACPI_MAX_POINTERS 8

struct acpi_config {
	const struct layout *layout;
	uint64_t ecam_base;        /* what PCIEXBAR holds */
	unsigned vcpus;            /* APIC ids 0..vcpus-1 */
	unsigned n_ports;          /* root ports on bus 0 (for _PRT of what is behind) */
	const uint8_t *port_slots; /* device number of each port on bus 0, unique */
	bool serial;               /* COM1 present */
};

struct acpi_tables {
	uint8_t *blob; /* all tables but the RSDP, 64-byte aligned each; owned */
	size_t size;
	uint32_t off_xsdt, off_fadt, off_facs, off_dsdt, off_madt, off_mcfg, off_waet;
	/* Each holds an offset into the blob, to which the blob's address is to be added. */
	struct acpi_pointer {
		uint32_t at;
		uint8_t size; /* 4 or 8 */
	} pointers[ACPI_MAX_POINTERS];
	unsigned n_pointers;
	/* Each has its checksum byte at offset 9, zero as built; to be set after the pointers. */
	struct acpi_checksum {
		uint32_t at, len;
	} checksums[ACPI_MAX_TABLES];
	unsigned n_checksums;
};

/* -EINVAL for a configuration no machine has (vcpus 1..ACPI_MAX_VCPUS, slots 1..31), -ENOMEM. */
int acpi_build(struct acpi_tables *tables, const struct acpi_config *config, struct err *err);
void acpi_fini(struct acpi_tables *tables);

/*
 * Direct boot: fixes pointers and checksums for `gpa` (RSDP first; 64-byte aligned, below 4 GiB)
 * and copies at most `max` bytes. -ENOSPC with the sizes, -EFAULT where there is no RAM. May be
 * called again.
 */
int acpi_place(const struct acpi_tables *tables, struct gmem *gmem, uint64_t gpa, uint64_t max,
	       struct err *err);

/*
 * GSI of an interrupt pin (0 = A … 3 = D) of device `dev` on bus 0, the rotation _PRT reports:
 * dev 0..24: 20 + (dev + pin) % 4; 25..29 and 31: 16 + pin; 30: 20 + pin.
 */
unsigned acpi_pin_gsi(unsigned dev, unsigned pin);

#endif
