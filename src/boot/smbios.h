/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the machine says of itself (System Management BIOS 3.0, DMTF DSP0134): maker, names, UUID,
 * processor and memory. The same tables go to UEFI firmware through its configuration files and,
 * on direct boot, to where a BIOS would have put them.
 */
#ifndef BULKHEAD_BOOT_SMBIOS_H
#define BULKHEAD_BOOT_SMBIOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/gmem.h"
#include "core/layout.h"

#define SMBIOS_ENTRY_SIZE 24
#define SMBIOS_FILE_ENTRY "etc/smbios/smbios-anchor"
#define SMBIOS_FILE_TABLES "etc/smbios/smbios-tables"
/* Where Linux looks when there was no UEFI firmware: 0xF0000 to 1 MiB, every 16 bytes. */
#define DIRECT_SMBIOS_GPA UINT64_C(0xFE000)
#define DIRECT_SMBIOS_MAX UINT64_C(0x2000)

/* NULL or "" = a default, or nothing where there is none. Cut to 64 bytes. */
struct smbios_strings {
	const char *manufacturer, *product, *version, *serial, *sku, *family;
	const char *bios_vendor, *bios_version, *bios_date; /* mm/dd/yyyy */
	const char *board_manufacturer, *board_product, *board_version, *board_serial;
	const char *chassis_manufacturer, *chassis_version, *chassis_serial, *chassis_asset;
	const char *cpu_manufacturer, *cpu_version;
};

struct smbios_config {
	struct smbios_strings strings;
	uint8_t uuid[16];           /* in the order it is written */
	bool virtual_machine;       /* type 0 says so */
	bool uefi;                  /* and that */
	unsigned vcpus;             /* cores of the one processor, 1..65535 */
	uint32_t cpu_signature;     /* CPUID leaf 1, EAX and EDX */
	uint32_t cpu_features;
	unsigned cpu_mhz;           /* 0 = not known */
	const struct layout *layout;
};

struct smbios {
	uint8_t entry[SMBIOS_ENTRY_SIZE]; /* address 0; the checksum is right for that */
	uint8_t *tables;                  /* owned */
	size_t size;
};

/* -EINVAL without vCPUs or RAM, -ENOMEM. */
int smbios_build(struct smbios *smbios, const struct smbios_config *config, struct err *err);
void smbios_fini(struct smbios *smbios); /* accepts a zeroed one */

/* Entry point at `gpa` (16-byte aligned), tables behind it. -ENOSPC, -EFAULT. May be called again. */
int smbios_place(const struct smbios *smbios, struct gmem *gmem, uint64_t gpa, uint64_t max,
		 struct err *err);

/* "14d63f20-8445-11ea-8900-1f9ce7d5650d" as 16 bytes; false when it is no UUID. */
bool smbios_uuid_parse(const char *text, uint8_t ret_uuid[16]);
/* One that follows from `name` alone (RFC 9562 §5.8, version 8). */
void smbios_uuid_of_name(const char *name, uint8_t ret_uuid[16]);

#endif
