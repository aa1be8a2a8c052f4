/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ACPI tables for UEFI firmware: a script of fixed-size commands that says which configuration
 * files to copy to memory, where in them to put one another's addresses, and which checksums to
 * compute. Format: QEMU hw/acpi/bios-linker-loader.h as an interface (128-byte commands).
 */
#ifndef BULKHEAD_BOOT_ACPI_LOADER_H
#define BULKHEAD_BOOT_ACPI_LOADER_H

#include "boot/acpi.h"

#define ACPI_LOADER_SCRIPT "etc/table-loader"
#define ACPI_LOADER_TABLES "etc/acpi/tables" /* acpi_tables.blob */
#define ACPI_LOADER_RSDP "etc/acpi/rsdp"     /* acpi_rsdp */
#define ACPI_LOADER_TPM_LOG "etc/tpm/log"    /* ACPI_TPM_LOG_SIZE zero bytes, with a TPM only */

#define ACPI_LOADER_COMMAND 128
/* Three files, pointers of the tables, of the RSDP and to the log, checksums and the RSDP's two. */
#define ACPI_LOADER_MAX (3 + ACPI_MAX_POINTERS + 2 + ACPI_MAX_TABLES + 2)

struct acpi_loader {
	uint8_t script[ACPI_LOADER_MAX * ACPI_LOADER_COMMAND];
	size_t size; /* the same for all tables built from a like configuration */
};

/* Pure. Tables with a TPM get the length of its log entered here. */
void acpi_loader_write(struct acpi_loader *loader, struct acpi_tables *tables);

#endif
