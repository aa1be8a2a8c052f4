/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "pci/rom_image.h"

#define PART 1024

static uint8_t rom[8 * PART];
static size_t size;
static struct rom_image image;
static struct rom_fault faults[ROM_FAULTS_MAX];
static struct err err;
static const struct rom_owner card = { 0x10de, 0x1c03, true };

static void fix_sum(uint8_t *part)
{
	uint8_t sum = 0;
	part[PART - 1] = 0;
	for (unsigned i = 0; i < PART; i++)
		sum = (uint8_t)(sum + part[i]);
	part[PART - 1] = (uint8_t)-sum;
}

/* The next image of the chain; the one before is not the last any more. */
static uint8_t *add(uint8_t code)
{
	uint8_t *part = rom + size;
	if (size)
		part[0x40 + 0x15 - PART] = 0;
	le_put(part, 2, 0xaa55);
	part[2] = PART / 512;
	le_put(part + 0x18, 2, 0x40);
	memcpy(part + 0x40, "PCIR", 4);
	le_put(part + 0x44, 4, 0x1c0310de);
	le_put(part + 0x4a, 2, 0x18);
	part[0x4c] = 3;
	part[0x4f] = 3; /* class 030000 */
	le_put(part + 0x50, 2, PART / 512);
	part[0x54] = code;
	part[0x55] = 0x80;
	size += PART;
	if (code == ROM_CODE_X86)
		fix_sum(part);
	if (size > PART && part[0x54 - PART] == ROM_CODE_X86)
		fix_sum(part - PART);
	return part;
}

static uint8_t *add_efi(uint16_t machine, bool compressed)
{
	uint8_t *part = add(ROM_CODE_EFI);
	le_put(part + 4, 4, 0x0ef1);
	le_put(part + 8, 2, 0x0b);
	le_put(part + 0x0a, 2, machine);
	le_put(part + 0x0c, 2, compressed);
	le_put(part + 0x16, 2, 0x60);
	if (compressed)
		le_put(part + 0x60, 4, 256);
	else
		memcpy(part + 0x60, "MZ", 2);
	return part;
}

static int begin(void **state)
{
	(void)state;
	memset(rom, 0, sizeof(rom));
	size = 0;
	err = (struct err){ 0 };
	return 0;
}

static int read_rom(void)
{
	return rom_image_read(&image, rom, size, &err);
}

static void a_legacy_image_and_a_uefi_driver_are_told_apart(void **state)
{
	(void)state;
	add(ROM_CODE_X86);
	add_efi(ROM_MACHINE_X64, true);
	assert_int_equal(read_rom(), 0);
	assert_int_equal(image.n, 2);
	assert_int_equal(image.size, 2 * PART);
	assert_int_equal(image.part[0].code, ROM_CODE_X86);
	assert_false(image.part[0].last);
	assert_int_equal(image.part[1].off, PART);
	assert_true(image.part[1].last);
	assert_ptr_equal(rom_image_uefi(&image), &image.part[1]);
	assert_true(image.part[1].efi.is_compressed);
	assert_int_equal(rom_image_faults(&image, &card, faults), 0);
	assert_string_equal(
		rom_image_verdict(&image, true).s,
		"UEFI driver (GOP) for x86-64, compressed: firmware can show its picture");
}

static void a_legacy_rom_shows_no_picture_under_uefi(void **state)
{
	(void)state;
	add(ROM_CODE_X86);
	assert_int_equal(read_rom(), 0);
	assert_null(rom_image_uefi(&image));
	assert_int_equal(rom_image_faults(&image, &card, faults), 0);
	assert_non_null(strstr(rom_image_verdict(&image, true).s, "BIOS alone: no picture"));
	assert_string_equal(rom_image_verdict(&image, false).s,
			    "no UEFI driver for x86-64, BIOS alone");
}

static void a_driver_for_another_machine_is_no_help_and_is_said(void **state)
{
	(void)state;
	add_efi(ROM_MACHINE_ARM64, false);
	assert_int_equal(read_rom(), 0);
	assert_null(rom_image_uefi(&image));
	assert_int_equal(rom_image_faults(&image, &card, faults), 1);
	assert_false(faults[0].is_grave);
	assert_non_null(strstr(faults[0].text, "AArch64"));
}

static void an_image_that_is_no_driver_is_no_help_and_is_said(void **state)
{
	(void)state;
	uint8_t *part = add_efi(ROM_MACHINE_X64, false);
	part[8] = ROM_SUBSYSTEM_RUNTIME;
	assert_int_equal(read_rom(), 0);
	assert_ptr_equal(rom_image_uefi(&image), &image.part[0]);
	assert_int_equal(rom_image_faults(&image, &card, faults), 0);
	part[8] = 0x0a; /* an application */
	assert_int_equal(read_rom(), 0);
	assert_null(rom_image_uefi(&image));
	assert_int_equal(rom_image_faults(&image, &card, faults), 1);
	assert_false(faults[0].is_grave);
	assert_non_null(strstr(faults[0].text, "no driver (subsystem 0x000a)"));
}

static void a_wrong_checksum_is_grave(void **state)
{
	(void)state;
	add(ROM_CODE_X86)[100] = 3;
	assert_int_equal(read_rom(), 0);
	assert_int_equal(rom_image_faults(&image, &card, faults), 1);
	assert_true(faults[0].is_grave);
	assert_non_null(strstr(faults[0].text, "sum up to 0x03"));
}

static void only_as_many_bytes_as_the_header_says_are_summed_up(void **state)
{
	(void)state;
	uint8_t *part = add(ROM_CODE_X86);
	part[2] = 1;
	part[PART - 1] = 0;
	uint8_t sum = 0;
	for (unsigned i = 0; i < 511; i++)
		sum = (uint8_t)(sum + part[i]);
	part[511] = (uint8_t)-sum;
	part[800] = 0x77; /* beyond */
	assert_int_equal(read_rom(), 0);
	assert_int_equal(rom_image_faults(&image, &card, faults), 0);
}

static void uefi_drivers_need_no_checksum(void **state)
{
	(void)state;
	add_efi(ROM_MACHINE_X64, false)[900] = 1;
	assert_int_equal(read_rom(), 0);
	assert_int_equal(rom_image_faults(&image, &card, faults), 0);
}

static void a_rom_cut_off_in_an_image_keeps_those_before(void **state)
{
	(void)state;
	add(ROM_CODE_X86);
	add_efi(ROM_MACHINE_X64, true);
	size -= 100;
	assert_int_equal(read_rom(), -EBADMSG);
	assert_string_equal(err.text,
			    "cut off: image 2 goes from 0x400 to 0x800, and there are 0x79c bytes");
	assert_int_equal(image.n, 1);
	size = PART;
	assert_int_equal(read_rom(), -EBADMSG);
	assert_non_null(strstr(err.text, "not marked as the last, and nothing follows"));
}

static void a_chain_that_leads_nowhere_is_broken(void **state)
{
	(void)state;
	add(ROM_CODE_X86);
	add(ROM_CODE_X86)[0x40] = 'X';
	assert_int_equal(read_rom(), -EBADMSG);
	assert_non_null(strstr(err.text, "at 0x400, where the next should begin"));
}

static void an_image_of_no_length_ends_the_walk(void **state)
{
	(void)state;
	le_put(add(ROM_CODE_X86) + 0x50, 2, 0);
	assert_int_equal(read_rom(), -EBADMSG);
	assert_non_null(strstr(err.text, "says that it has 0x0 bytes"));
	assert_int_equal(image.n, 0);
}

static void a_pci_structure_outside_its_image_is_broken(void **state)
{
	(void)state;
	add(ROM_CODE_X86);
	add(ROM_CODE_X86);
	le_put(rom + 0x50, 2, 1);
	memmove(rom + 600, rom + 0x40, 0x18);
	le_put(rom + 0x18, 2, 600);
	assert_int_equal(read_rom(), -EBADMSG);
	assert_int_equal(image.n, 0);
}

static void more_images_than_a_card_has_are_refused(void **state)
{
	(void)state;
	static uint8_t many[(ROM_PARTS_MAX + 1) * 512];
	add(ROM_CODE_OPEN_FIRMWARE);
	rom[0x55] = 0;
	le_put(rom + 0x50, 2, 1);
	for (unsigned i = 0; i <= ROM_PARTS_MAX; i++)
		memcpy(many + i * 512, rom, 512);
	assert_int_equal(rom_image_read(&image, many, sizeof(many), &err), -EBADMSG);
	assert_non_null(strstr(err.text, "more than 16"));
}

static void what_is_no_rom_is_refused_and_a_flashing_tools_header_found(void **state)
{
	(void)state;
	add(ROM_CODE_X86);
	memmove(rom + 0x600, rom, PART);
	memset(rom, 0, PART);
	memcpy(rom, "NVGI", 4);
	assert_int_equal(rom_image_read(&image, rom, 0x600 + PART, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "tail -c +1537"));
	assert_int_equal(rom_image_read(&image, rom, 512, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "does not begin with 55 AA"));
	assert_int_equal(rom_image_read(&image, rom, 3, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "too few"));
	assert_int_equal(rom_image_read(&image, rom, 0, &err), -ENOEXEC);
	le_put(rom, 2, 0xaa55);
	assert_int_equal(rom_image_read(&image, rom, 512, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "no PCIR"));
}

static void ids_are_compared_with_the_devices_and_its_list(void **state)
{
	(void)state;
	uint8_t *part = add(ROM_CODE_X86);
	const struct rom_owner sister = { 0x10de, 0x1c02, true }, other = { 0x1002, 0x1c03, true };
	assert_int_equal(read_rom(), 0);
	assert_int_equal(rom_image_faults(&image, &sister, faults), 1);
	assert_false(faults[0].is_grave);
	assert_int_equal(rom_image_faults(&image, &other, faults), 1);
	assert_true(faults[0].is_grave);
	assert_string_equal(faults[0].text, "it is for 10de:1c03, the device is 1002:1c03");
	assert_int_equal(rom_image_faults(&image, NULL, faults), 0);
	le_put(part + 0x48, 2, 0x100);
	le_put(part + 0x140, 4, 0x1c021c01);
	fix_sum(part);
	assert_int_equal(read_rom(), 0);
	assert_int_equal(image.part[0].n_also, 2);
	assert_int_equal(rom_image_faults(&image, &sister, faults), 0);
	/* The list may claim to lie anywhere. */
	le_put(part + 0x48, 2, 0xffff);
	fix_sum(part);
	assert_int_equal(read_rom(), 0);
	assert_int_equal(image.part[0].n_also, 0);
}

static void a_uefi_driver_that_is_not_there_is_grave(void **state)
{
	(void)state;
	uint8_t *part = add_efi(ROM_MACHINE_X64, true);
	le_put(part + 0x60, 4, PART); /* more than the image has left */
	assert_int_equal(read_rom(), 0);
	assert_null(rom_image_uefi(&image));
	assert_int_equal(rom_image_faults(&image, &card, faults), 1);
	assert_true(faults[0].is_grave);
	le_put(part + 0x60, 4, 256);
	le_put(part + 0x16, 2, PART - 4);
	assert_int_equal(read_rom(), 0);
	assert_false(image.part[0].efi.is_whole);
	le_put(part + 0x16, 2, 0x60);
	le_put(part + 4, 4, 0);
	assert_int_equal(read_rom(), 0);
	assert_false(image.part[0].efi.is_whole);
	le_put(part + 4, 4, 0x0ef1);
	part[0x0c] = 0; /* not compressed, and no MZ there */
	assert_int_equal(read_rom(), 0);
	assert_false(image.part[0].efi.is_whole);
}

static void what_follows_the_last_image_is_not_the_roms(void **state)
{
	(void)state;
	add(ROM_CODE_X86);
	assert_int_equal(rom_image_read(&image, rom, sizeof(rom), &err), 0);
	assert_int_equal(image.size, PART);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, begin)
	const struct CMUnitTest tests[] = {
		T(a_legacy_image_and_a_uefi_driver_are_told_apart),
		T(a_legacy_rom_shows_no_picture_under_uefi),
		T(a_driver_for_another_machine_is_no_help_and_is_said),
		T(an_image_that_is_no_driver_is_no_help_and_is_said),
		T(a_wrong_checksum_is_grave),
		T(only_as_many_bytes_as_the_header_says_are_summed_up),
		T(uefi_drivers_need_no_checksum),
		T(a_rom_cut_off_in_an_image_keeps_those_before),
		T(a_chain_that_leads_nowhere_is_broken),
		T(an_image_of_no_length_ends_the_walk),
		T(a_pci_structure_outside_its_image_is_broken),
		T(more_images_than_a_card_has_are_refused),
		T(what_is_no_rom_is_refused_and_a_flashing_tools_header_found),
		T(ids_are_compared_with_the_devices_and_its_list),
		T(a_uefi_driver_that_is_not_there_is_grave),
		T(what_follows_the_last_image_is_not_the_roms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
