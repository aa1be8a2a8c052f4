/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pci/func.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

/* A device with registers in memory that counts what reaches it. */
struct device {
	struct pci_func func;
	uint8_t regs[PCIE_CFG_SIZE];
	unsigned reads, writes, wrotes, resets;
	unsigned last_off, last_size;
	uint32_t last_value;
};

static struct device dev;

static uint32_t read_device(struct pci_func *func, unsigned off, unsigned size)
{
	struct device *d = container_of(func, struct device, func);
	d->reads++;
	return (uint32_t)le_get(d->regs + off, size);
}

static void write_device(struct pci_func *func, unsigned off, unsigned size, uint32_t value)
{
	struct device *d = container_of(func, struct device, func);
	d->writes++;
	d->last_off = off;
	d->last_size = size;
	d->last_value = value;
}

static void wrote(struct pci_func *func, unsigned off, unsigned size)
{
	(void)off;
	(void)size;
	container_of(func, struct device, func)->wrotes++;
}

static void reset(struct pci_func *func)
{
	container_of(func, struct device, func)->resets++;
}

static const struct pci_func_ops ops = {
	.read_device = read_device,
	.write_device = write_device,
	.wrote = wrote,
	.reset = reset,
};
static const struct pci_func_ops no_ops = { 0 };

static int fresh(void **state)
{
	(void)state;
	memset(&dev, 0, sizeof(dev));
	pci_func_init(&dev.func, &ops, PCIE_CFG_SIZE);
	return 0;
}

static uint32_t size_bar(unsigned reg)
{
	uint32_t before = pci_cfg_read(&dev.func, reg, 4);
	pci_cfg_write(&dev.func, reg, 4, UINT32_MAX);
	uint32_t sized = pci_cfg_read(&dev.func, reg, 4);
	pci_cfg_write(&dev.func, reg, 4, before);
	return sized;
}

static void a_fresh_function_reads_zero_and_ignores_writes(void **state)
{
	(void)state;
	pci_cfg_write(&dev.func, 0x40, 4, 0x12345678);
	assert_int_equal(pci_cfg_read(&dev.func, 0x40, 4), 0);
	assert_int_equal(dev.reads, 0);
	assert_int_equal(dev.writes, 0);
	assert_int_equal(dev.wrotes, 1);
}

static void illegal_accesses_read_all_ones_and_reach_nobody(void **state)
{
	(void)state;
	static const struct {
		unsigned off, size;
	} bad[] = { { 1, 2 }, { 3, 2 }, { 2, 4 },          { 1, 4 },          { 0, 3 },
		    { 0, 8 }, { 0, 0 }, { 4096, 1 },       { 4095, 2 },       { 4094, 4 },
		    { 0, 5 }, { 7, 4 }, { UINT32_MAX, 1 }, { 0x10000000, 4 }, { 4092, 8 } };
	pci_cfg_device(&dev.func, 0, 4, UINT32_MAX);
	memset(dev.func.writable, 0xff, sizeof(dev.func.writable));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(pci_cfg_read(&dev.func, bad[i].off, bad[i].size),
				 (uint32_t)all_ones(bad[i].size));
		pci_cfg_write(&dev.func, bad[i].off, bad[i].size, 0);
	}
	assert_int_equal(dev.reads + dev.writes + dev.wrotes, 0);
}

static void a_conventional_function_ends_at_256(void **state)
{
	(void)state;
	pci_func_init(&dev.func, &ops, PCI_CFG_SIZE);
	pci_cfg_set(&dev.func, 0xfc, 4, 7);
	assert_int_equal(pci_cfg_read(&dev.func, 0xfc, 4), 7);
	assert_int_equal(pci_cfg_read(&dev.func, 0x100, 4), UINT32_MAX);
}

static void setting_up_outside_config_space_is_ignored(void **state)
{
	(void)state;
	pci_cfg_set(&dev.func, 4094, 4, UINT32_MAX);
	pci_cfg_set(&dev.func, 0x40, 3, UINT32_MAX);
	pci_cfg_writable(&dev.func, 5000, 1, 0xff);
	pci_cfg_w1c(&dev.func, UINT32_MAX, 4, 0xff);
	pci_cfg_device(&dev.func, 4096, 4, 0xff);
	assert_int_equal(pci_cfg_read(&dev.func, 4092, 4), 0);
	assert_int_equal(pci_cfg_read(&dev.func, 0x40, 4), 0);
}

static void each_bit_comes_from_its_owner(void **state)
{
	(void)state;
	pci_cfg_set(&dev.func, 0x40, 4, 0xaaaaaaaa);
	pci_cfg_device(&dev.func, 0x40, 4, 0x00ffff00);
	le_put(dev.regs + 0x40, 4, 0x55555555);
	assert_int_equal(pci_cfg_read(&dev.func, 0x40, 4), 0xaa5555aa);
	assert_int_equal(pci_cfg_read(&dev.func, 0x42, 2), 0xaa55);
	assert_int_equal(dev.reads, 2);
	assert_int_equal(pci_cfg_read(&dev.func, 0x43, 1), 0xaa);
	assert_int_equal(dev.reads, 2); /* no bit of that byte is the device's */
}

static void setting_a_value_takes_the_bits_back(void **state)
{
	(void)state;
	pci_cfg_device(&dev.func, 0x40, 4, UINT32_MAX);
	pci_cfg_set(&dev.func, 0x42, 2, 0x1234);
	le_put(dev.regs + 0x40, 4, 0xffffffff);
	assert_int_equal(pci_cfg_read(&dev.func, 0x40, 4), 0x1234ffff);
}

static void device_bits_without_a_device_read_zero(void **state)
{
	(void)state;
	pci_func_init(&dev.func, &no_ops, PCIE_CFG_SIZE);
	pci_cfg_device(&dev.func, 0x40, 4, UINT32_MAX);
	pci_cfg_writable(&dev.func, 0x40, 4, UINT32_MAX);
	pci_cfg_write(&dev.func, 0x40, 4, 1);
	assert_int_equal(pci_cfg_read(&dev.func, 0x40, 4), 0);
	pci_func_reset(&dev.func);
}

static void only_writable_bits_of_ours_change(void **state)
{
	(void)state;
	pci_cfg_set(&dev.func, 0x40, 4, 0xffff0000);
	pci_cfg_writable(&dev.func, 0x40, 4, 0x00ffff00);
	pci_cfg_write(&dev.func, 0x40, 4, 0x12345678);
	assert_int_equal(pci_cfg_read(&dev.func, 0x40, 4), 0xff345600);
	pci_cfg_write(&dev.func, 0x41, 1, 0xab);
	assert_int_equal(pci_cfg_read(&dev.func, 0x40, 4), 0xff34ab00);
	assert_int_equal(dev.writes, 0);
}

static void writing_one_clears_our_status_bits(void **state)
{
	(void)state;
	pci_cfg_set(&dev.func, 0x40, 2, 0x00ff);
	pci_cfg_w1c(&dev.func, 0x40, 2, 0x000f);
	pci_cfg_writable(&dev.func, 0x40, 2, 0x0003); /* w1c wins */
	pci_cfg_write(&dev.func, 0x40, 2, 0xffe5);
	assert_int_equal(pci_cfg_read(&dev.func, 0x40, 2), 0x00fa);
	pci_cfg_write(&dev.func, 0x40, 2, 0);
	assert_int_equal(pci_cfg_read(&dev.func, 0x40, 2), 0x00fa);
}

static void a_device_write_is_one_of_the_same_size(void **state)
{
	(void)state;
	pci_cfg_device(&dev.func, 0x40, 4, UINT32_MAX);
	pci_cfg_writable(&dev.func, 0x40, 4, UINT32_MAX);
	pci_cfg_write(&dev.func, 0x42, 2, 0xbeef);
	assert_int_equal(dev.writes, 1);
	assert_int_equal(dev.reads, 0); /* nothing to keep */
	assert_int_equal(dev.last_off, 0x42);
	assert_int_equal(dev.last_size, 2);
	assert_int_equal(dev.last_value, 0xbeef);
	assert_int_equal(dev.wrotes, 1);
}

static void bits_the_guest_may_not_write_go_back_as_read(void **state)
{
	(void)state;
	pci_cfg_device(&dev.func, 0x40, 4, UINT32_MAX);
	pci_cfg_writable(&dev.func, 0x40, 4, 0x000000ff);
	le_put(dev.regs + 0x40, 4, 0xa5a5a5a5);
	pci_cfg_write(&dev.func, 0x40, 4, 0x12345678);
	assert_int_equal(dev.last_value, 0xa5a5a578);
}

static void device_status_bits_are_cleared_only_by_the_guest(void **state)
{
	(void)state;
	pci_cfg_device(&dev.func, 0x40, 4, UINT32_MAX);
	pci_cfg_writable(&dev.func, 0x40, 2, 0xffff);
	pci_cfg_w1c(&dev.func, 0x42, 2, 0xffff);
	le_put(dev.regs + 0x40, 4, 0xffff0000);
	pci_cfg_write(&dev.func, 0x40, 4, 0x00011234);
	assert_int_equal(dev.last_value, 0x00011234);
	pci_cfg_write(&dev.func, 0x42, 2, 0); /* clears nothing: no reason to bother the device */
	assert_int_equal(dev.writes, 1);
}

static void status_bits_that_are_ours_are_not_cleared_in_the_device(void **state)
{
	(void)state;
	pci_cfg_device(&dev.func, 0x40, 2, 0xffff);
	pci_cfg_writable(&dev.func, 0x40, 2, 0xffff);
	pci_cfg_set(&dev.func, 0x42, 2, 0x0003);
	pci_cfg_w1c(&dev.func, 0x42, 2, 0x00ff);
	le_put(dev.regs + 0x40, 4, 0x8fff0000);
	pci_cfg_write(&dev.func, 0x40, 4, 0x00011234);
	assert_int_equal(dev.last_value, 0x8f001234);
	assert_int_equal(pci_cfg_read(&dev.func, 0x42, 2), 0x0002);
}

static void read_only_device_bits_are_not_written(void **state)
{
	(void)state;
	pci_cfg_device(&dev.func, 0x40, 4, UINT32_MAX);
	pci_cfg_write(&dev.func, 0x40, 4, 1);
	assert_int_equal(dev.writes, 0);
	assert_int_equal(dev.reads, 0);
}

static void ids_are_where_guests_look(void **state)
{
	(void)state;
	pci_cfg_ids(&dev.func, &(struct pci_ids){ 0x8086, 0x29c0, 0x1af4, 0x1100, 0x060000, 3 });
	assert_int_equal(pci_cfg_read(&dev.func, 0, 4), 0x29c08086);
	assert_int_equal(pci_cfg_read(&dev.func, 8, 4), 0x06000003);
	assert_int_equal(pci_cfg_read(&dev.func, 0x2c, 4), 0x11001af4);
	assert_int_equal(pci_cfg_read(&dev.func, PCI_HEADER_TYPE, 1), 0);
}

static void a_bridge_has_header_type_one_and_no_subsystem(void **state)
{
	(void)state;
	pci_cfg_ids(&dev.func, &(struct pci_ids){ 0x1b36, 0xc, 0x1af4, 0x1100, 0x060400, 0 });
	assert_int_equal(pci_cfg_read(&dev.func, PCI_HEADER_TYPE, 1), 1);
	assert_int_equal(pci_cfg_read(&dev.func, 0x2c, 4), 0);
	assert_int_equal(pci_bar_reg(&dev.func, PCI_ROM_BAR), 0x38);
	assert_int_equal(pci_bar_set(&dev.func, 1, BAR_MEM64, false, 4096), -EINVAL);
	assert_int_equal(pci_bar_set(&dev.func, 2, BAR_MEM32, false, 4096), -EINVAL);
	assert_int_equal(pci_bar_set(&dev.func, 0, BAR_MEM64, false, 4096), 0);
}

static void capabilities_are_linked_in_the_order_added(void **state)
{
	(void)state;
	assert_int_equal(pci_cfg_read(&dev.func, PCI_STATUS, 2), 0);
	assert_int_equal(pci_cfg_add_cap(&dev.func, PCI_CAP_ID_PM, 0x80, 8), 0);
	assert_int_equal(pci_cfg_add_cap(&dev.func, PCI_CAP_ID_EXP, 0x40, 0x3c), 0);
	assert_int_equal(pci_cfg_read(&dev.func, PCI_STATUS, 2), PCI_STATUS_CAP_LIST);
	assert_int_equal(pci_cfg_read(&dev.func, PCI_CAPABILITY_LIST, 1), 0x80);
	assert_int_equal(pci_cfg_read(&dev.func, 0x80, 2), 0x4001);
	assert_int_equal(pci_cfg_read(&dev.func, 0x40, 2), 0x0010);
}

static void capabilities_that_do_not_fit_are_refused(void **state)
{
	(void)state;
	assert_int_equal(pci_cfg_add_cap(&dev.func, 1, 0x3c, 8), -EINVAL);
	assert_int_equal(pci_cfg_add_cap(&dev.func, 1, 0x42, 8), -EINVAL);
	assert_int_equal(pci_cfg_add_cap(&dev.func, 1, 0xfc, 8), -EINVAL);
	assert_int_equal(pci_cfg_add_cap(&dev.func, 1, 0x100, 8), -EINVAL);
	assert_int_equal(pci_cfg_add_cap(&dev.func, 1, 0x40, 1), -EINVAL);
	assert_int_equal(pci_cfg_add_cap(&dev.func, 1, 0x40, UINT32_MAX), -EINVAL);
	assert_int_equal(pci_cfg_add_cap(&dev.func, 0, 0x40, 8), -EINVAL);
	assert_int_equal(pci_cfg_add_cap(&dev.func, 0xff, 0x40, 8), -EINVAL);
	assert_int_equal(pci_cfg_add_cap(&dev.func, 1, 0x40, 8), 0);
	assert_int_equal(pci_cfg_add_cap(&dev.func, 5, 0x40, 8), -EINVAL);
}

static void sizing_falls_out_of_the_write_mask(void **state)
{
	(void)state;
	assert_int_equal(pci_bar_set(&dev.func, 0, BAR_MEM32, false, 0x4000), 0);
	assert_int_equal(pci_bar_set(&dev.func, 1, BAR_IO, false, 0x20), 0);
	assert_int_equal(pci_bar_set(&dev.func, 2, BAR_MEM64, true, 16 * GIB), 0);
	assert_int_equal(pci_bar_set(&dev.func, 4, BAR_MEM32, true, 2 * GIB), 0);
	assert_int_equal(pci_bar_set(&dev.func, PCI_ROM_BAR, BAR_ROM, false, 0x10000), 0);
	assert_int_equal(size_bar(0x10), 0xffffc000);
	assert_int_equal(size_bar(0x14), 0xffffffe1);
	assert_int_equal(size_bar(0x18), 0x0000000c);
	assert_int_equal(size_bar(0x1c), 0xfffffffc);
	assert_int_equal(size_bar(0x20), 0x80000008);
	assert_int_equal(size_bar(0x24), 0); /* not implemented */
	assert_int_equal(size_bar(0x30), 0xffff0001);
}

static void a_bar_keeps_the_address_programmed(void **state)
{
	(void)state;
	pci_bar_set(&dev.func, 0, BAR_MEM64, true, MIB);
	assert_int_equal(pci_bar_addr(&dev.func, 0), 0);
	pci_bar_program(&dev.func, 0, UINT64_C(0x380000100000));
	assert_int_equal(pci_cfg_read(&dev.func, 0x10, 4), 0x0010000c);
	assert_int_equal(pci_cfg_read(&dev.func, 0x14, 4), 0x3800);
	assert_int_equal(pci_bar_addr(&dev.func, 0), UINT64_C(0x380000100000));
	pci_cfg_write(&dev.func, 0x12, 2, 0xabcd);
	assert_int_equal(pci_bar_addr(&dev.func, 0), UINT64_C(0x3800abc00000));
}

static void programming_a_rom_leaves_its_enable_bit(void **state)
{
	(void)state;
	pci_bar_set(&dev.func, PCI_ROM_BAR, BAR_ROM, false, 0x800);
	pci_cfg_write(&dev.func, 0x30, 1, 1);
	pci_bar_program(&dev.func, PCI_ROM_BAR, 0xc0000800);
	assert_int_equal(pci_cfg_read(&dev.func, 0x30, 4), 0xc0000801);
	assert_int_equal(pci_bar_addr(&dev.func, PCI_ROM_BAR), 0xc0000800);
}

static void a_bar_that_is_not_there_has_no_address(void **state)
{
	(void)state;
	pci_bar_program(&dev.func, 3, 0xc0000000);
	pci_bar_program(&dev.func, 77, 0xc0000000);
	assert_int_equal(pci_bar_addr(&dev.func, 3), 0);
	assert_int_equal(pci_bar_addr(&dev.func, 77), 0);
	assert_int_equal(pci_cfg_read(&dev.func, 0x1c, 4), 0);
}

static void bars_that_cannot_be_are_refused(void **state)
{
	(void)state;
	static const struct {
		unsigned i;
		enum bar_kind kind;
		uint64_t size;
	} bad[] = {
		{ 0, BAR_NONE, 4096 },
		{ 0, BAR_MEM32, 0 },
		{ 0, BAR_MEM32, 4097 },
		{ 0, BAR_MEM32, 8 },
		{ 0, BAR_MEM32, 4 * GIB },
		{ 0, BAR_IO, 2 },
		{ 0, BAR_IO, 128 * KIB },
		{ 5, BAR_MEM64, 4096 },
		{ 6, BAR_MEM32, 4096 },
		{ 0, BAR_ROM, 4096 },
		{ 6, BAR_ROM, 1024 },
		{ 6, BAR_ROM, 32 * MIB },
		{ 7, BAR_MEM32, 4096 },
		{ 0, (enum bar_kind)9, 4096 },
		{ 0, BAR_MEM64, UINT64_C(1) << 52 },
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(pci_bar_set(&dev.func, bad[i].i, bad[i].kind, false, bad[i].size),
				 -EINVAL);
}

static void a_register_serves_one_bar(void **state)
{
	(void)state;
	assert_int_equal(pci_bar_set(&dev.func, 1, BAR_MEM64, false, 4096), 0);
	assert_int_equal(pci_bar_set(&dev.func, 2, BAR_MEM32, false, 4096), -EINVAL);
	assert_int_equal(pci_bar_set(&dev.func, 0, BAR_MEM64, false, 4096), -EINVAL);
	assert_int_equal(pci_bar_set(&dev.func, 1, BAR_MEM32, false, 4096), -EINVAL);
	assert_int_equal(pci_bar_set(&dev.func, 0, BAR_MEM32, false, 4096), 0);
	assert_int_equal(pci_bar_set(&dev.func, 3, BAR_MEM32, false, 4096), 0);
}

static void reset_goes_back_to_what_was_sealed(void **state)
{
	(void)state;
	pci_cfg_set(&dev.func, 0x40, 4, 0x1000);
	pci_cfg_writable(&dev.func, 0x40, 4, UINT32_MAX);
	pci_bar_set(&dev.func, 0, BAR_MEM32, false, 4096);
	pci_func_seal(&dev.func);
	pci_cfg_write(&dev.func, 0x40, 4, 5);
	pci_bar_program(&dev.func, 0, 0xc0000000);
	pci_func_reset(&dev.func);
	assert_int_equal(pci_cfg_read(&dev.func, 0x40, 4), 0x1000);
	assert_int_equal(pci_bar_addr(&dev.func, 0), 0);
	assert_int_equal(dev.resets, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_fresh_function_reads_zero_and_ignores_writes, fresh),
		cmocka_unit_test_setup(illegal_accesses_read_all_ones_and_reach_nobody, fresh),
		cmocka_unit_test_setup(a_conventional_function_ends_at_256, fresh),
		cmocka_unit_test_setup(setting_up_outside_config_space_is_ignored, fresh),
		cmocka_unit_test_setup(each_bit_comes_from_its_owner, fresh),
		cmocka_unit_test_setup(setting_a_value_takes_the_bits_back, fresh),
		cmocka_unit_test_setup(device_bits_without_a_device_read_zero, fresh),
		cmocka_unit_test_setup(only_writable_bits_of_ours_change, fresh),
		cmocka_unit_test_setup(writing_one_clears_our_status_bits, fresh),
		cmocka_unit_test_setup(a_device_write_is_one_of_the_same_size, fresh),
		cmocka_unit_test_setup(bits_the_guest_may_not_write_go_back_as_read, fresh),
		cmocka_unit_test_setup(device_status_bits_are_cleared_only_by_the_guest, fresh),
		cmocka_unit_test_setup(status_bits_that_are_ours_are_not_cleared_in_the_device,
				       fresh),
		cmocka_unit_test_setup(read_only_device_bits_are_not_written, fresh),
		cmocka_unit_test_setup(ids_are_where_guests_look, fresh),
		cmocka_unit_test_setup(a_bridge_has_header_type_one_and_no_subsystem, fresh),
		cmocka_unit_test_setup(capabilities_are_linked_in_the_order_added, fresh),
		cmocka_unit_test_setup(capabilities_that_do_not_fit_are_refused, fresh),
		cmocka_unit_test_setup(sizing_falls_out_of_the_write_mask, fresh),
		cmocka_unit_test_setup(a_bar_keeps_the_address_programmed, fresh),
		cmocka_unit_test_setup(programming_a_rom_leaves_its_enable_bit, fresh),
		cmocka_unit_test_setup(a_bar_that_is_not_there_has_no_address, fresh),
		cmocka_unit_test_setup(bars_that_cannot_be_are_refused, fresh),
		cmocka_unit_test_setup(a_register_serves_one_bar, fresh),
		cmocka_unit_test_setup(reset_goes_back_to_what_was_sealed, fresh),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
