/* SPDX-License-Identifier: GPL-2.0-or-later */
// with: fake/plan_host.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "fake/option_rom.h"
#include "fake/plan_host.h"
#include "fake/tempdir.h"

/* --- places in the guest --- */

static void each_pcie_slot_gets_a_root_port_in_the_profiles_order(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	add_dev("0000:02:00.0", 2, "nvme");
	add_dev("0000:03:00.0", 3, "e1000")->is_pcie = false;
	want("0000:03:00.0", GROUP_REFUSE);
	want("0000:02:00.0", GROUP_REFUSE);
	want("0000:01:00.0", GROUP_REFUSE);
	assert_accepted();
	assert_int_equal(plan.n_ports, 2);
	assert_guest(0, 0, 1, 0);
	assert_int_equal(plan.device[0].port, WINDOW_ON_ROOT);
	assert_guest(1, 2, 0, 0); /* a bus is called as the slot of its port */
	assert_guest(2, 3, 0, 0);
	assert_int_equal(plan.port[0].slot, 2);
	assert_int_equal(plan.port[1].slot, 3);
	assert_int_equal(plan.port[1].windows.secondary, 3);
	assert_int_equal(plan.port[1].windows.subordinate, 3);
}

static void functions_of_one_slot_stay_together_with_their_numbers(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "nouveau");
	add_dev("0000:01:00.1", 1, "snd_hda_intel");
	add_dev("0000:01:00.3", 1, "typec");
	add_dev("0000:02:00.0", 2, "nvme");
	want("0000:01:00.3", GROUP_REFUSE);
	want("0000:02:00.0", GROUP_REFUSE);
	want("0000:01:00.0", GROUP_REFUSE);
	want("0000:01:00.1", GROUP_REFUSE);
	assert_accepted();
	assert_guest(0, 1, 0, 3);
	assert_guest(1, 2, 0, 0);
	assert_guest(2, 1, 0, 0);
	assert_guest(3, 1, 0, 1);
	assert_int_equal(plan.n_ports, 2);
}

static void without_function_0_the_lowest_becomes_it(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	add_dev("0000:01:00.1", 2, "igb");
	add_dev("0000:01:00.2", 3, "igb");
	want("0000:01:00.2", GROUP_REFUSE);
	want("0000:01:00.1", GROUP_REFUSE);
	assert_accepted();
	assert_guest(0, 1, 0, 2);
	assert_guest(1, 1, 0, 0);
}

static void virtual_functions_are_devices_of_their_own(void **state)
{
	(void)state;
	add_dev("0000:01:10.0", 1, "")->is_vf = true;
	add_dev("0000:01:10.2", 2, "")->is_vf = true;
	want("0000:01:10.2", GROUP_REFUSE);
	want("0000:01:10.0", GROUP_REFUSE);
	assert_accepted();
	assert_guest(0, 1, 0, 0);
	assert_guest(1, 2, 0, 0);
}

static void pins_reach_the_gsi_that_the_slots_route_says(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb")->int_pin = 1;
	struct pci_dev *dev = add_dev("0000:03:00.0", 3, "e1000");
	dev->is_pcie = false;
	dev->int_pin = 2;
	add_dev("0000:04:00.0", 4, "nvme");
	want("0000:01:00.0", GROUP_REFUSE);
	want("0000:03:00.0", GROUP_REFUSE);
	want("0000:04:00.0", GROUP_REFUSE);
	assert_accepted();
	assert_int_equal(plan.device[0].gsi, 20 + 1);     /* slot 1, INTA */
	assert_int_equal(plan.device[1].gsi, 20 + 2 + 1); /* slot 2, INTB */
	assert_int_equal(plan.device[2].gsi, 0);
}

static void bars_lie_aligned_in_their_windows_and_apart(void **state)
{
	(void)state;
	struct pci_dev *dev = add_dev("0000:01:00.0", 1, "nouveau");
	dev->bar[0] = (struct pci_resource){ 0, 16 * MIB, RES_MEM };
	dev->bar[1] = (struct pci_resource){ 0, 256 * MIB, RES_MEM | RES_MEM64 | RES_PREFETCH };
	dev->bar[5] = (struct pci_resource){ 0, 128, RES_IO };
	dev->rom = (struct pci_resource){ 0, 512 * KIB, RES_MEM };
	want("0000:01:00.0", GROUP_REFUSE);
	assert_accepted();
	const uint64_t *at = plan.device[0].bar_addr;
	assert_true(range_contains(plan.layout.mmio32, at[0], 16 * MIB));
	assert_true(range_contains(plan.layout.mmio64, at[1], 256 * MIB));
	assert_true(range_contains(plan.layout.io, at[5], 128));
	assert_true(range_contains(plan.layout.mmio32, at[PCI_ROM_BAR], 512 * KIB));
	assert_int_equal(at[0] % (16 * MIB), 0);
	assert_int_equal(at[1] % (256 * MIB), 0);
	assert_int_equal(at[2] | at[3] | at[4], 0);
	assert_false(range_overlaps((struct range){ at[0], 16 * MIB },
				    (struct range){ at[PCI_ROM_BAR], 512 * KIB }));
	assert_true(range_contains(plan.port[0].windows.mem, at[0], 16 * MIB));
	assert_true(range_contains(plan.port[0].windows.pref, at[1], 256 * MIB));
}

static void the_profile_decides_about_the_rom(void **state)
{
	(void)state;
	static char off[] = "off", file[] = "/lib/vbios.rom";
	struct pci_dev *dev = add_dev("0000:01:00.0", 1, "nouveau");
	struct profile_device *wanted = want("0000:01:00.0", GROUP_REFUSE);
	dev->rom = (struct pci_resource){ 0, 64 * KIB, RES_MEM };
	wanted->rom = off;
	assert_accepted();
	assert_int_equal(plan.device[0].bar_addr[PCI_ROM_BAR], 0);
	plan_fini(&plan);
	wanted->rom = file;
	assert_accepted();
	/* Whatever the file's size is, its BAR fits there. */
	assert_true(plan.device[0].bar_addr[PCI_ROM_BAR]);
	assert_int_equal(plan.device[0].bar_addr[PCI_ROM_BAR] % PLAN_ROM_MAX, 0);
}

static struct tempdir rom_dir;
static uint8_t rom[512];

static int check_rom(struct plan *with, size_t size, struct err *ret)
{
	struct pci_dev dev = { .bdf = { 0, 1, 0, 0 }, .vendor = 0x8086, .device = 0x10d3,
			       .class_code = 0x030000 };
	char path[256];
	snprintf(path, sizeof(path), "%s/rom", rom_dir.path);
	struct profile_device wanted = { .rom = path };
	const struct plan_device device = { .dev = &dev, .wanted = &wanted };
	assert_int_equal(tempdir_write(&rom_dir, "rom", rom, size), 0);
	return plan_check_rom(with, &device, ret);
}

static void a_rom_file_is_looked_at_before_anything_is_changed(void **state)
{
	(void)state;
	struct pci_dev dev = { .bdf = { 0, 1, 0, 0 } };
	struct profile_device wanted = { 0 };
	struct plan_device device = { .dev = &dev, .wanted = &wanted };
	const struct profile none = { 0 };
	struct plan with = { .profile = &none };
	struct err err = { 0 };
	assert_int_equal(plan_check_rom(&with, &device, &err), 0);
	assert_int_equal(tempdir_make(&rom_dir), 0);
	char *path = strdup(tempdir_path(&rom_dir, "rom"));
	wanted.rom = path;
	assert_int_equal(plan_check_rom(&with, &device, &err), -ENOENT);
	assert_non_null(strstr(err.text, path));
	option_rom_make(rom, 0x10d38086);
	assert_int_equal(check_rom(&with, 512, &err), 0);
	assert_int_equal(with.warnings.n, 0);
	assert_int_equal(check_rom(&with, 300, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "cut off"));
	memcpy(rom, "MZ", 2);
	assert_int_equal(check_rom(&with, 512, &err), -ENOEXEC);
	assert_return_code(truncate(path, 16 * 1024 * 1024 + 1), errno);
	assert_int_equal(plan_check_rom(&with, &device, &err), -EFBIG);
	wanted.rom = rom_dir.path;
	assert_int_equal(plan_check_rom(&with, &device, &err), -EINVAL);
	free(path);
	tempdir_remove(&rom_dir);
}

static void a_rom_of_another_vendor_is_refused_and_lesser_faults_are_warnings(void **state)
{
	(void)state;
	const struct profile uefi = { .firmware.type = FIRMWARE_UEFI };
	struct plan with = { .profile = &uefi };
	struct err err = { 0 };
	assert_int_equal(tempdir_make(&rom_dir), 0);
	option_rom_make(rom, 0x10d38086);
	rom[511]++; /* wrong checksum; no UEFI driver is the second one */
	assert_int_equal(check_rom(&with, 512, &err), 0);
	assert_int_equal(with.warnings.n, 2);
	assert_non_null(strstr(with.warnings.at[0].text, "checksum"));
	assert_non_null(strstr(with.warnings.at[1].text, "no picture"));
	option_rom_make(rom, 0x10d38086);
	rom[0x46]++, rom[511]--; /* another board of the same vendor */
	assert_int_equal(check_rom(&with, 512, &err), 0);
	assert_non_null(strstr(with.warnings.at[2].text, "8086:10d4"));
	option_rom_make(rom, 0x10d38086);
	rom[0x44]++, rom[511]--;
	assert_int_equal(check_rom(&with, 512, &err), -EINVAL);
	assert_non_null(strstr(err.text, "it is for 8087:10d3, the device is 8086:10d3"));
	vec_free(&with.warnings);
	tempdir_remove(&rom_dir);
}

static void large_bar(uint64_t size)
{
	struct pci_dev *dev = add_dev("0000:01:00.0", 1, "");
	dev->bar[0] = (struct pci_resource){ 0, 256, RES_MEM };
	dev->bar[2] = (struct pci_resource){ 0, size, RES_MEM | RES_MEM64 | RES_PREFETCH };
	want("0000:01:00.0", GROUP_REFUSE);
	profile.firmware.type = FIRMWARE_UEFI;
	inv.amd = inv.gib_pages = true;
}

static void with_firmware_the_window_is_the_one_it_will_choose(void **state)
{
	(void)state;
	large_bar(16 * GIB);
	inv.phys_bits = 40;
	assert_accepted();
	assert_int_equal(plan.layout.mmio64.start, 0xE000000000);
	assert_int_equal(plan.layout.mmio64.size, 128 * GIB);
	assert_int_equal(plan.layout.window_mib, 0);
}

static void firmware_is_told_of_a_window_that_it_would_not_choose(void **state)
{
	(void)state;
	large_bar(64 * GIB);
	inv.phys_bits = 39;
	assert_accepted();
	assert_int_equal(plan.layout.window_mib, 128 * 1024);
}

/* Were it started, the firmware would leave every device without addresses. */
static void a_bar_that_no_window_of_firmware_holds_is_refused_with_a_map(void **state)
{
	(void)state;
	large_bar(64 * GIB);
	inv.phys_bits = 36;
	make();
	assert_only_refusal(-ENOSPC, "64-bit", "0x800000000", "root port 1: 64 GiB", NULL);
}

static void what_the_plan_wants_to_know_of_follows_the_profile(void **state)
{
	(void)state;
	struct inventory_want wants[PROFILE_MAX_DEVICES];
	want("0000:01:00.0", GROUP_REFUSE);
	want("8086:10ca", GROUP_REFUSE);
	assert_int_equal(plan_wants(&profile, NULL, wants), 2);
	assert_false(wants[0].by_id);
	assert_int_equal(wants[0].bdf.bus, 1);
	assert_true(wants[1].by_id);
	assert_int_equal(wants[1].device, 0x10ca);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, plan_setup, plan_teardown)
		T(each_pcie_slot_gets_a_root_port_in_the_profiles_order),
		T(functions_of_one_slot_stay_together_with_their_numbers),
		T(without_function_0_the_lowest_becomes_it),
		T(virtual_functions_are_devices_of_their_own),
		T(pins_reach_the_gsi_that_the_slots_route_says),
		T(bars_lie_aligned_in_their_windows_and_apart),
		T(the_profile_decides_about_the_rom),
		T(a_rom_file_is_looked_at_before_anything_is_changed),
		T(a_rom_of_another_vendor_is_refused_and_lesser_faults_are_warnings),
		T(with_firmware_the_window_is_the_one_it_will_choose),
		T(firmware_is_told_of_a_window_that_it_would_not_choose),
		T(a_bar_that_no_window_of_firmware_holds_is_refused_with_a_map),
		T(what_the_plan_wants_to_know_of_follows_the_profile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
