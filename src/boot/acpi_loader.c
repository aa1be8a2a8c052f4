/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/acpi_loader.h"

#include <string.h>

#include "base/bytes.h"

/* A command is a little-endian u32 of these and its operands; file names have 56 bytes. */
enum command { ALLOCATE = 1, ADD_POINTER = 2, ADD_CHECKSUM = 3 };
#define NAME 56
#define ZONE_HIGH 1 /* anywhere; the other zone is below 1 MiB, for BIOSes */

static uint8_t *command(struct acpi_loader *loader, enum command what, const char *file)
{
	uint8_t *at = loader->script + loader->size;
	loader->size += ACPI_LOADER_COMMAND;
	le_put(at, 4, what);
	memcpy(at + 4, file, strlen(file) + 1);
	return at + 4 + NAME;
}

static void allocate(struct acpi_loader *loader, const char *file, uint32_t align)
{
	uint8_t *at = command(loader, ALLOCATE, file);
	le_put(at, 4, align);
	at[4] = ZONE_HIGH;
}

/* Adds where `pointee` lies to the field of `size` bytes at `off` of `file`. */
static void add_pointer(struct acpi_loader *loader, const char *file, const char *pointee,
			uint32_t off, uint8_t size)
{
	uint8_t *at = command(loader, ADD_POINTER, file);
	memcpy(at, pointee, strlen(pointee) + 1);
	le_put(at + NAME, 4, off);
	at[NAME + 4] = size;
}

static void add_checksum(struct acpi_loader *loader, const char *file, uint32_t result,
			 struct acpi_checksum of)
{
	uint8_t *at = command(loader, ADD_CHECKSUM, file);
	le_put(at, 4, result);
	le_put(at + 4, 4, of.at);
	le_put(at + 8, 4, of.len);
}

static void add_tpm_log(struct acpi_loader *loader, const struct acpi_tables *tables)
{
	uint8_t *tpm2 = tables->blob + tables->off_tpm2;
	le_put(tpm2 + ACPI_TPM2_LOG_LENGTH, 4, ACPI_TPM_LOG_SIZE);
	add_pointer(loader, ACPI_LOADER_TABLES, ACPI_LOADER_TPM_LOG,
		    tables->off_tpm2 + ACPI_TPM2_LOG_ADDRESS, 8);
}

/* Checksums come last: they cover the addresses. */
void acpi_loader_write(struct acpi_loader *loader, struct acpi_tables *tables)
{
	memset(loader, 0, sizeof(*loader));
	allocate(loader, ACPI_LOADER_RSDP, 16);
	allocate(loader, ACPI_LOADER_TABLES, ACPI_TABLE_ALIGN);
	if (tables->off_tpm2)
		allocate(loader, ACPI_LOADER_TPM_LOG, 1);
	for (unsigned i = 0; i < tables->n_pointers; i++)
		add_pointer(loader, ACPI_LOADER_TABLES, ACPI_LOADER_TABLES, tables->pointers[i].at,
			    tables->pointers[i].size);
	add_pointer(loader, ACPI_LOADER_RSDP, ACPI_LOADER_TABLES, ACPI_RSDP_XSDT_AT, 8);
	if (tables->off_tpm2)
		add_tpm_log(loader, tables);
	for (unsigned i = 0; i < tables->n_checksums; i++)
		add_checksum(loader, ACPI_LOADER_TABLES,
			     tables->checksums[i].at + ACPI_CHECKSUM_AT, tables->checksums[i]);
	add_checksum(loader, ACPI_LOADER_RSDP, ACPI_RSDP_SUM_AT,
		     (struct acpi_checksum){ 0, ACPI_RSDP_SUM_OF });
	add_checksum(loader, ACPI_LOADER_RSDP, ACPI_RSDP_SUM2_AT,
		     (struct acpi_checksum){ 0, ACPI_RSDP_SIZE });
}
