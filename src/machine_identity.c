/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the machine calls itself in the tables that describe it: the profile's words, and where it has
 * none Bulkhead's; or, for a guest that is told of no hypervisor, words that name nobody.
 */
#include "machine_parts.h"

/* As makers leave it that sell boards to be sold under another name. */
#define NOBODY "Generic"

static bool is_nameless(const struct machine *m)
{
	return m->plan->profile->hypervisor == HYPERVISOR_NONE;
}

bool machine_is_shown_virtual(const struct machine *m)
{
	return !is_nameless(m);
}

struct acpi_ids machine_acpi_ids(const struct machine *m)
{
	static const struct acpi_ids nobodys = { "GENRIC", "GENRICPC", "GNRC" };
	const struct profile_vm_identity *identity = &m->plan->profile->vm_identity;
	struct acpi_ids ids = { 0 };
	if (is_nameless(m))
		ids = nobodys;
	if (identity->acpi_oem)
		ids.oem = identity->acpi_oem;
	if (identity->acpi_oem_table)
		ids.table = identity->acpi_oem_table;
	return ids;
}

/* The port of Intel's 5520 chipset: plain, in every system's tables, and the maker is the bridge's. */
struct pci_port_name machine_port_name(const struct machine *m)
{
	return is_nameless(m) ? (struct pci_port_name){ 0x8086, 0x3420 }
			      : (struct pci_port_name){ 0x1b36, 0x000c };
}

static const char *or_nobody(const struct machine *m, const char *word, const char *nobodys)
{
	return word || !is_nameless(m) ? word : nobodys;
}

void machine_smbios_names(const struct machine *m, struct smbios_config *config)
{
	const struct profile_smbios *words = &m->plan->profile->vm_identity.smbios;
	config->virtual_machine = machine_is_shown_virtual(m);
	config->strings = (struct smbios_strings){
		.manufacturer = or_nobody(m, words->manufacturer, NOBODY),
		.product = or_nobody(m, words->product, NOBODY " PC"),
		.version = words->version,
		.serial = words->serial,
		.sku = words->sku,
		.family = words->family,
		.bios_vendor = or_nobody(m, words->bios_vendor, NOBODY),
		.bios_version = words->bios_version,
		.bios_date = words->bios_date,
		.board_manufacturer = words->board_manufacturer,
		.board_product = or_nobody(m, words->board_product, NOBODY " PC"),
		.board_version = words->board_version,
		.board_serial = words->board_serial,
		.chassis_manufacturer = words->chassis_manufacturer,
		.chassis_version = words->chassis_version,
		.chassis_serial = words->chassis_serial,
		.chassis_asset = words->chassis_asset,
	};
	if (!words->uuid || !smbios_uuid_parse(words->uuid, config->uuid))
		smbios_uuid_of_name(m->plan->profile->name, config->uuid);
}
