/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's ACPI tables (ACPI 6.5 §5): RSDP, XSDT, FADT, FACS, DSDT, MADT, MCFG, WAET,
 * and TPM2 where there is one. Built as relative blobs with a list of pointers and checksums to fix, so that the same build serves direct
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
#define ACPI_TABLE_ALIGN 64 /* the FACS must have it */
#define ACPI_CHECKSUM_AT 9
#define ACPI_RSDP_SIZE 36
#define ACPI_RSDP_XSDT_AT 24 /* u64 */
#define ACPI_RSDP_SUM_AT 8   /* of the first ACPI_RSDP_SUM_OF bytes; the second of all */
#define ACPI_RSDP_SUM_OF 20
#define ACPI_RSDP_SUM2_AT 32
#define ACPI_MAX_TABLES 8
#define ACPI_MAX_POINTERS 12
#define ACPI_MAX_WINDOWS32 2

/* Who made the tables: at most 6, 8 and 4 characters; NULL = Bulkhead. */
struct acpi_ids {
	const char *oem, *table, *creator;
};

struct acpi_config {
	struct range ecam;         /* as PCIEXBAR says, 1 MiB a bus; below 4 GiB */
	struct range mmio32[ACPI_MAX_WINDOWS32]; /* windows of the PCI root; size 0 = none */
	struct range mmio64;
	unsigned vcpus;            /* APIC ids 0..vcpus-1 */
	unsigned n_ports;          /* root ports on bus 0 (for _PRT of what is behind) */
	const uint8_t *port_slots; /* device number of each port on bus 0, unique */
	bool serial;               /* COM1 present */
	bool i8042;                /* keyboard and mouse present; without, no system probes */
	bool tpm_crb;              /* TPM 2.0 with a command response buffer at TPM_CRB_BASE */
	bool fw_cfg;               /* the firmware configuration device is shown to the system */
	struct acpi_ids ids;
};

struct acpi_tables {
	uint8_t *blob; /* all tables but the RSDP, 64-byte aligned each; owned */
	size_t size;
	uint32_t off_xsdt, off_fadt, off_facs, off_dsdt, off_madt, off_mcfg, off_waet;
	uint32_t off_tpm2; /* 0 = no TPM */
	/* Each holds an offset into the blob, to which the blob's address is to be added. */
	struct acpi_pointer {
		uint32_t at;
		uint8_t size; /* 4 or 8 */
	} pointers[ACPI_MAX_POINTERS];
	unsigned n_pointers;
	/* Each has its checksum byte at ACPI_CHECKSUM_AT, zero as built; to be set after the pointers. */
	struct acpi_checksum {
		uint32_t at, len;
	} checksums[ACPI_MAX_TABLES];
	unsigned n_checksums;
	struct acpi_ids ids; /* as given to acpi_build, with ours for those that were not */
};

/* What the log area of a TPM has at least (TCG ACPI Specification 1.3 §8), and where TPM2 says so. */
#define ACPI_TPM_LOG_SIZE 0x10000
#define ACPI_TPM2_LOG_LENGTH 64 /* offsets in the table: u32, u64; zero as built = no log */
#define ACPI_TPM2_LOG_ADDRESS 68

/*
 * -EINVAL for a configuration no machine has (vcpus 1..ACPI_MAX_VCPUS, slots 1..30, ECAM or windows
 * below 4 GiB that do not end there, ids too long), -ENOMEM.
 */
int acpi_build(struct acpi_tables *tables, const struct acpi_config *config, struct err *err);
void acpi_fini(struct acpi_tables *tables);

/*
 * Revision 2 (§5.2.5.3), its pointer relative to the blob and both checksums still to be set. There
 * is no RSDT: everything 64-bit takes the XSDT.
 */
void acpi_rsdp(const struct acpi_tables *tables, uint8_t ret_rsdp[ACPI_RSDP_SIZE]);

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
