/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake/tempdir.h"

static struct tempdir dir;
static struct profile profile;
static struct err err;

static int setup(void **state)
{
	(void)state;
	return tempdir_make(&dir);
}

static int teardown(void **state)
{
	(void)state;
	profile_fini(&profile);
	tempdir_remove(&dir);
	return 0;
}

static int load(const char *lines)
{
	char text[2048];
	profile_fini(&profile);
	err = (struct err){ 0 };
	int n = snprintf(text, sizeof(text), "name = \"a\"; boot = { kernel = \"/k\"; };\n%s", lines);
	assert_int_equal(tempdir_write(&dir, "demo.cfg", text, (size_t)n), 0);
	return profile_load(&profile, tempdir_path(&dir, "demo.cfg"), NULL, 0, &err);
}

static void refused(const char *lines, const char *words)
{
	assert_int_equal(load(lines), -EINVAL);
	if (!strstr(err.text, words))
		fail_msg("no '%s' in: %s", words, err.text);
}

static void a_plain_profile_is_a_guest_of_kvm(void **state)
{
	(void)state;
	assert_int_equal(load(""), 0);
	assert_int_equal(profile.hypervisor, HYPERVISOR_KVM);
	assert_int_equal(profile.hyperv.preset, HV_PRESET_AUTO);
	assert_int_equal(profile.hyperv.spin, HV_SPIN_AS_PRESET);
	for (unsigned i = 0; i < HV_FEATURES; i++)
		assert_int_equal(profile.hyperv.wish[i], HV_AS_PRESET);
	assert_null(profile.vm_identity.acpi_oem);
	assert_null(profile.vm_identity.hv_vendor_id);
	assert_null(profile.vm_identity.smbios.uuid);
}

static void each_enlightenment_is_an_option_of_its_name(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HV_FEATURES; i++) {
		char line[80];
		snprintf(line, sizeof(line), "hyperv = { %s = true; };", hv_rows[i].name);
		if (load(line))
			fail_msg("%s", err.text);
		for (unsigned j = 0; j < HV_FEATURES; j++)
			assert_int_equal(profile.hyperv.wish[j], i == j ? HV_ON : HV_AS_PRESET);
		snprintf(line, sizeof(line), "hyperv = { %s = \"off\"; };", hv_rows[i].name);
		assert_int_equal(load(line), 0);
		assert_int_equal(profile.hyperv.wish[i], HV_OFF);
	}
}

static void spinlocks_are_a_number_or_never(void **state)
{
	(void)state;
	assert_int_equal(load("hyperv = { spinlocks = 8191; };"), 0);
	assert_int_equal(profile.hyperv.spin, 8191);
	assert_int_equal(load("hyperv = { spinlocks = \"never\"; };"), 0);
	assert_int_equal(profile.hyperv.spin, HV_SPIN_NEVER);
}

static void no_hypervisor_and_an_interface_of_one_are_refused(void **state)
{
	(void)state;
	refused("hypervisor = \"none\"; hyperv = { preset = \"windows\"; };", "keep one of the two");
	refused("hypervisor = \"none\"; hyperv = { time = true; };", "keep one of the two");
	assert_int_equal(load("hypervisor = \"none\"; hyperv = { time = false; };"), 0);
	assert_int_equal(load("hypervisor = \"none\"; hyperv = { preset = \"off\"; };"), 0);
}

static void hyperv_without_anything_of_it_is_refused(void **state)
{
	(void)state;
	refused("hypervisor = \"hyperv\"; hyperv = { preset = \"off\"; };", "leaves no interface");
	assert_int_equal(load("hypervisor = \"hyperv\"; hyperv = { preset = \"off\"; time = true; };"),
			 0);
	assert_int_equal(load("hypervisor = \"hyperv\";"), 0);
}

static void names_fit_where_they_go(void **state)
{
	(void)state;
	assert_int_equal(load("identity = { acpi_oem = \"ACME-1\"; acpi_oem_table = \"ACME.PC_\";"
			      " hv_vendor_id = \"0123456789ab\"; };"),
			 0);
	assert_string_equal(profile.vm_identity.acpi_oem, "ACME-1");
	assert_string_equal(profile.vm_identity.hv_vendor_id, "0123456789ab");
	refused("identity = { acpi_oem = \"A/B\"; };", "other characters");
	assert_true(load("identity = { acpi_oem = \"SEVENXX\"; };") < 0);
	assert_non_null(strstr(err.text, "identity.acpi_oem"));
	assert_true(load("identity = { acpi_oem_table = \"NINECHARS\"; };") < 0);
	assert_true(load("identity = { hv_vendor_id = \"thirteen char\"; };") < 0);
}

static void smbios_strings_dates_and_uuids_are_checked(void **state)
{
	(void)state;
	assert_int_equal(load("identity = { smbios = { manufacturer = \"Acme Ltd\"; bios_date = "
			      "\"02/29/2024\"; uuid = \"14d63f20-8445-11ea-8900-1f9ce7d5650d\"; }; };"),
			 0);
	assert_string_equal(profile.vm_identity.smbios.manufacturer, "Acme Ltd");
	static const char *const dates[] = { "2024-02-29", "2/29/2024", "02/29/24", "02/29/202x" };
	static const char *const uuids[] = { "14d63f20", "14d63f20-8445-11ea-8900-1f9ce7d5650",
					     "14d63f20x8445-11ea-8900-1f9ce7d5650d",
					     "g4d63f20-8445-11ea-8900-1f9ce7d5650d" };
	char lines[160];
	for (size_t i = 0; i < 4; i++) {
		snprintf(lines, sizeof(lines), "identity = { smbios = { bios_date = \"%s\"; }; };",
			 dates[i]);
		refused(lines, "expected a date such as");
		snprintf(lines, sizeof(lines), "identity = { smbios = { uuid = \"%s\"; }; };", uuids[i]);
		refused(lines, "expected a UUID such as");
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_plain_profile_is_a_guest_of_kvm),
		TEST(each_enlightenment_is_an_option_of_its_name),
		TEST(spinlocks_are_a_number_or_never),
		TEST(no_hypervisor_and_an_interface_of_one_are_refused),
		TEST(hyperv_without_anything_of_it_is_refused),
		TEST(names_fit_where_they_go),
		TEST(smbios_strings_dates_and_uuids_are_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
