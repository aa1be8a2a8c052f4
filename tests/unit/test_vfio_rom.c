/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: vfio/uapi.c iommu/uapi.c kvm/irq.c kvm/memslot.c
// with: fake/fake_vfio.c fake/fake_iommu.c fake/fake_irq.c fake/fake_memslot.c
#include <errno.h>

#include "fake/tempdir.h"
#include "fake/vfio_test.h"

#define ROM_ADDR UINT64_C(0xc8000000)

static struct fake_device *dev;
static struct tempdir dir;
static uint8_t image[8192];

static int begin(void **state)
{
	if (tempdir_make(&dir))
		return -1;
	rig_start(state);
	dev = fake_vfio_typical();
	memset(image, 0xa7, sizeof(image));
	le_put(image, 2, 0xaa55);
	le_put(image + 0x18, 2, 0x40);
	memcpy(image + 0x40, "PCIR", 4);
	le_put(image + 0x44, 4, 0x10d38086);
	le_put(image + 0x50, 2, 1); /* 512 bytes, */
	image[0x54] = 3;            /* UEFI, */
	image[0x55] = 0x80;         /* the last */
	return 0;
}

static int end(void **state)
{
	int left = rig_end(state);
	tempdir_remove(&dir);
	return left;
}

static void give_device_a_rom(void)
{
	dev->region[VFIO_PCI_ROM_REGION_INDEX].size = sizeof(image);
	dev->region[VFIO_PCI_ROM_REGION_INDEX].flags = VFIO_REGION_INFO_FLAG_READ;
	dev->rom = image;
}

static int up_with_file(const void *data, size_t size)
{
	assert_int_equal(tempdir_write(&dir, "rom", data, size), 0);
	const struct vfio_config config = { .rom_path = tempdir_path(&dir, "rom") };
	return rig_up_with(&rig, &config, &err);
}

static void enable_rom(void)
{
	cfg_write(&rig, 0, PCI_ROM_ADDRESS, 4, (uint32_t)ROM_ADDR | PCI_ROM_ADDRESS_ENABLE);
	cfg_write(&rig, 0, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
}

static void a_device_without_rom_has_no_rom_bar(void **state)
{
	(void)state;
	assert_int_equal(rig_up(&rig, &err), 0);
	cfg_write(&rig, 0, PCI_ROM_ADDRESS, 4, 0xffffffff);
	assert_int_equal(cfg_read(&rig, 0, PCI_ROM_ADDRESS, 4), 0);
}

static void the_devices_rom_is_not_read_before_the_guest_looks(void **state)
{
	(void)state;
	give_device_a_rom();
	assert_int_equal(rig_up(&rig, &err), 0);
	cfg_write(&rig, 0, PCI_ROM_ADDRESS, 4, 0xfffff800); /* sizing */
	assert_int_equal(cfg_read(&rig, 0, PCI_ROM_ADDRESS, 4), 0xffffe000);
	cfg_write(&rig, 0, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_int_equal(rig.vfio[0].rom.complete, false);
	enable_rom();
	assert_int_equal(rig.vfio[0].rom.complete, true);
}

static void the_guest_sees_the_devices_rom_in_a_read_only_slot(void **state)
{
	(void)state;
	give_device_a_rom();
	assert_int_equal(rig_up(&rig, &err), 0);
	enable_rom();
	const struct slot_want *slot = fake_memslot_at(ROM_ADDR);
	assert_non_null(slot);
	assert_true(slot->flags != 0);
	assert_memory_equal(slot->hva, image, sizeof(image));
	assert_int_equal(mem_read(&rig, ROM_ADDR, 2), 0xaa55);
	mem_write(&rig, ROM_ADDR, 2, 0);
	assert_int_equal(mem_read(&rig, ROM_ADDR, 2), 0xaa55);
}

static void an_unreadable_rom_reads_all_ones(void **state)
{
	(void)state;
	give_device_a_rom();
	assert_int_equal(rig_up(&rig, &err), 0);
	fake_vfio.fail_name = "read";
	fake_vfio.fail_at = 1;
	fake_vfio.fail_errno = -EIO;
	enable_rom();
	assert_true(fake_vfio.failed);
	assert_int_equal(mem_read(&rig, ROM_ADDR, 4), 0xffffffff);
	fake_vfio_forget_calls();
	enable_rom(); /* not tried again until a reset: the guest could go on for ever */
	assert_int_equal(fake_vfio_count("read"), 0);
	assert_int_equal(vfio_reset_set(rig.set, 1, &err), 0);
	enable_rom();
	assert_int_equal(mem_read(&rig, ROM_ADDR, 2), 0xaa55);
}

static void a_file_replaces_the_devices_rom(void **state)
{
	(void)state;
	give_device_a_rom();
	image[100] = 0x11;
	static uint8_t other[5000];
	memcpy(other, image, sizeof(other));
	other[100] = 0x22;
	assert_int_equal(up_with_file(other, sizeof(other)), 0);
	enable_rom();
	assert_int_equal(mem_read(&rig, ROM_ADDR + 100, 1), 0x22);
	assert_int_equal(mem_read(&rig, ROM_ADDR + 5000, 4), 0xffffffff); /* to 8 KiB */
	assert_int_equal(rig.vfio[0].rom.size, 8192);
}

static void a_small_file_gets_the_smallest_rom_bar(void **state)
{
	(void)state;
	assert_int_equal(up_with_file(image, 512), 0);
	cfg_write(&rig, 0, PCI_ROM_ADDRESS, 4, 0xfffff800);
	assert_int_equal(cfg_read(&rig, 0, PCI_ROM_ADDRESS, 4), 0xfffff800);
	enable_rom();
	assert_int_equal(mem_read(&rig, ROM_ADDR, 2), 0xaa55);
}

static void files_that_are_no_roms_are_refused(void **state)
{
	(void)state;
	uint8_t bad[512];
	memcpy(bad, image, sizeof(bad));
	bad[0] = 0;
	assert_int_equal(up_with_file(bad, sizeof(bad)), -ENOEXEC);
	assert_non_null(strstr(err.text, "0000:01:00.0"));
	assert_non_null(strstr(err.text, "55 AA"));
	rig_down(&rig);
	rig_begin(&rig);
	fake_vfio_typical();
	memcpy(bad, image, sizeof(bad));
	le_put(bad + 0x18, 2, 0x1f9); /* PCIR would reach beyond the file */
	assert_int_equal(up_with_file(bad, sizeof(bad)), -ENOEXEC);
	assert_non_null(strstr(err.text, "no PCIR"));
	rig_down(&rig);
	rig_begin(&rig);
	fake_vfio_typical();
	assert_int_equal(up_with_file(image, 10), -ENOEXEC);
}

static void a_missing_file_is_named(void **state)
{
	(void)state;
	const struct vfio_config config = { .rom_path = "/nonexistent/vbios.rom" };
	assert_int_equal(rig_up_with(&rig, &config, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/vbios.rom"));
}

static void rom_off_hides_it(void **state)
{
	(void)state;
	give_device_a_rom();
	const struct vfio_config config = { .rom_off = true };
	assert_int_equal(rig_up_with(&rig, &config, &err), 0);
	cfg_write(&rig, 0, PCI_ROM_ADDRESS, 4, 0xffffffff);
	assert_int_equal(cfg_read(&rig, 0, PCI_ROM_ADDRESS, 4), 0);
}

static void a_known_bad_rom_is_hidden(void **state)
{
	(void)state;
	give_device_a_rom();
	le_put(dev->cfg, 4, 0x168e14e4);
	assert_int_equal(rig_up(&rig, &err), 0);
	assert_int_equal(rig.vfio[0].rom.size, 0);
}

static void impossible_sizes_cost_the_rom_and_nothing_else(void **state)
{
	(void)state;
	static const uint64_t bad[] = { 3000, 1024, UINT64_C(1) << 30, UINT64_MAX };
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		rig_begin(&rig);
		dev = fake_vfio_typical();
		dev->region[VFIO_PCI_ROM_REGION_INDEX].size = bad[i];
		assert_int_equal(rig_up(&rig, &err), 0);
		assert_int_equal(rig.vfio[0].rom.size, 0);
		if (i + 1 < ARRAY_LEN(bad))
			rig_down(&rig);
	}
}

static void without_memory_for_it_the_device_is_refused(void **state)
{
	(void)state;
	give_device_a_rom();
	fake_vfio.fail_name = "pages";
	fake_vfio.fail_at = 1;
	fake_vfio.fail_errno = -ENOMEM;
	assert_int_equal(rig_up(&rig, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "option ROM"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(a_device_without_rom_has_no_rom_bar),
		T(the_devices_rom_is_not_read_before_the_guest_looks),
		T(the_guest_sees_the_devices_rom_in_a_read_only_slot),
		T(an_unreadable_rom_reads_all_ones),
		T(a_file_replaces_the_devices_rom),
		T(a_small_file_gets_the_smallest_rom_bar),
		T(files_that_are_no_roms_are_refused),
		T(a_missing_file_is_named),
		T(rom_off_hides_it),
		T(a_known_bad_rom_is_hidden),
		T(impossible_sizes_cost_the_rom_and_nothing_else),
		T(without_memory_for_it_the_device_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
