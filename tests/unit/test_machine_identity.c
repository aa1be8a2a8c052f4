/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "machine_parts.h"

static struct profile profile;
static struct plan plan;
static struct machine machine;
static struct smbios_config config;

static int setup(void **state)
{
	(void)state;
	memset(&profile, 0, sizeof(profile));
	memset(&config, 0, sizeof(config));
	static char name[] = "demo";
	profile.name = name;
	plan.profile = &profile;
	machine.plan = &plan;
	return 0;
}

/* Every string that reaches the guest's tables, one after the other. */
static const char *all_names(void)
{
	static char all[1024];
	const struct acpi_ids ids = machine_acpi_ids(&machine);
	machine_smbios_names(&machine, &config);
	const struct smbios_strings *s = &config.strings;
	const char *const names[] = { ids.oem, ids.table, ids.creator, s->manufacturer, s->product,
				      s->version, s->serial, s->sku, s->family, s->bios_vendor,
				      s->bios_version, s->board_manufacturer, s->board_product,
				      s->chassis_manufacturer, s->chassis_asset };
	all[0] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		strncat(all, names[i] ? names[i] : "(default)", sizeof(all) - strlen(all) - 2);
		strcat(all, "|");
	}
	return all;
}

static void a_guest_of_kvm_is_left_to_the_tables_defaults(void **state)
{
	(void)state;
	const struct acpi_ids ids = machine_acpi_ids(&machine);
	assert_null(ids.oem);
	assert_null(ids.table);
	assert_null(ids.creator);
	machine_smbios_names(&machine, &config);
	assert_null(config.strings.manufacturer);
	assert_true(config.virtual_machine);
	assert_int_equal(machine_port_name(&machine).vendor, 0x1b36);
}

static void without_a_hypervisor_no_name_is_left_to_a_default_that_tells(void **state)
{
	(void)state;
	profile.hypervisor = HYPERVISOR_NONE;
	const char *names = all_names();
	assert_null(strcasestr(names, "bulk"));
	assert_null(strcasestr(names, "qemu"));
	assert_null(strcasestr(names, "kvm"));
	assert_null(strcasestr(names, "virtual"));
	assert_memory_equal(names, "GENRIC|GENRICPC|GNRC|Generic|Generic PC|", 40);
	assert_false(config.virtual_machine);
	assert_int_equal(machine_port_name(&machine).vendor, 0x8086);
}

static void the_profiles_words_come_before_any_other(void **state)
{
	(void)state;
	static char oem[] = "ACME", table[] = "ACMEPC", maker[] = "Acme Ltd", bios[] = "Acme BIOS";
	profile.vm_identity.acpi_oem = oem;
	profile.vm_identity.acpi_oem_table = table;
	profile.vm_identity.smbios.manufacturer = maker;
	profile.vm_identity.smbios.bios_vendor = bios;
	for (enum hypervisor kind = HYPERVISOR_KVM; kind <= HYPERVISOR_NONE; kind++) {
		profile.hypervisor = kind;
		machine_smbios_names(&machine, &config);
		assert_string_equal(machine_acpi_ids(&machine).oem, "ACME");
		assert_string_equal(machine_acpi_ids(&machine).table, "ACMEPC");
		assert_string_equal(config.strings.manufacturer, "Acme Ltd");
		assert_string_equal(config.strings.bios_vendor, "Acme BIOS");
	}
}

static void the_uuid_is_the_profiles_or_follows_from_its_name(void **state)
{
	(void)state;
	static char uuid[] = "14d63f20-8445-11ea-8900-1f9ce7d5650d";
	uint8_t named[16];
	machine_smbios_names(&machine, &config);
	memcpy(named, config.uuid, sizeof(named));
	profile.vm_identity.smbios.uuid = uuid;
	machine_smbios_names(&machine, &config);
	assert_int_equal(config.uuid[0], 0x14);
	assert_int_equal(config.uuid[15], 0x0d);
	assert_memory_not_equal(named, config.uuid, sizeof(named));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(a_guest_of_kvm_is_left_to_the_tables_defaults),
		TEST(without_a_hypervisor_no_name_is_left_to_a_default_that_tells),
		TEST(the_profiles_words_come_before_any_other),
		TEST(the_uuid_is_the_profiles_or_follows_from_its_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
