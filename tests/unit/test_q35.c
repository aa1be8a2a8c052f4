/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/memslot.c
// with: fake/fake_memslot.c
#include "hw/q35.h"

#include <linux/pci_regs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "fake/fake_memslot.h"

#define PCIEXBAR 0x60

static struct qs qs;
static struct bus mmio, pio;
static struct memslots slots;
static struct pci_root root;
static struct q35 q35;
static struct qs_reader reader;

static void up(bool ecam_on)
{
	fake_memslot_init();
	assert_int_equal(qs_init(&qs), 0);
	assert_int_equal(bus_init(&mmio, &qs), 0);
	assert_int_equal(bus_init(&pio, &qs), 0);
	assert_int_equal(pci_root_init(&root, &mmio, &pio, &slots), 0);
	assert_int_equal(q35_init(&q35, &root, ecam_on), 0);
	assert_int_equal(pci_map_publish(&root, NULL), 0);
	qs_register(&qs, &reader);
	qs_online(&qs, &reader);
}

static int down(void **state)
{
	(void)state;
	qs_offline(&reader);
	qs_unregister(&qs, &reader);
	pci_root_fini(&root);
	bus_fini(&mmio);
	bus_fini(&pio);
	qs_fini(&qs);
	return 0;
}

/* As a guest does before it has ECAM. */
static void write_config(unsigned dev, unsigned off, uint32_t value)
{
	pci_address_ops.write(&root, 0, 4, 0x80000000 | dev << 11 | off);
	pci_data_ops.write(&root, 0, 4, value);
}

static uint32_t read_config(unsigned dev, unsigned off)
{
	pci_address_ops.write(&root, 0, 4, 0x80000000 | dev << 11 | off);
	return (uint32_t)pci_data_ops.read(&root, 0, 4);
}

static bool ecam_at(uint64_t base)
{
	return bus_read(&mmio, base, 4) == 0x29c08086 &&
	       bus_read(&mmio, base + (31 << 15), 4) == 0x29188086;
}

static void without_firmware_ecam_is_on_from_the_start(void **state)
{
	(void)state;
	up(true);
	assert_true(ecam_at(0xB0000000));
	assert_int_equal(read_config(0, PCIEXBAR), 0xB0000001);
}

static void firmware_finds_it_off_and_puts_it_where_it_likes(void **state)
{
	(void)state;
	up(false);
	assert_false(ecam_at(0xB0000000));
	write_config(0, PCIEXBAR, 0);
	write_config(0, PCIEXBAR + 4, 0);
	write_config(0, PCIEXBAR, 0xE0000001);
	assert_true(ecam_at(0xE0000000));
	write_config(0, PCIEXBAR, 0xB0000001);
	assert_true(ecam_at(0xB0000000));
	assert_false(ecam_at(0xE0000000));
}

static void a_smaller_ecam_ends_earlier(void **state)
{
	(void)state;
	up(false);
	write_config(0, PCIEXBAR, 0xB4000005);
	assert_true(ecam_at(0xB4000000));
	assert_int_equal(root.ecam.size, 64 * MIB);
	write_config(0, PCIEXBAR, 0xB8000007); /* a size that does not exist */
	assert_int_equal(root.ecam.size, 0);
}

static void a_base_above_4_gib_and_none_at_all_are_obeyed(void **state)
{
	(void)state;
	up(false);
	write_config(0, PCIEXBAR + 4, 0xffffffff);
	assert_int_equal(read_config(0, PCIEXBAR + 4), 0xf);
	write_config(0, PCIEXBAR, 1);
	assert_true(ecam_at(0xF00000000));
	write_config(0, PCIEXBAR + 4, 0);
	assert_int_equal(root.ecam.size, 0); /* address 0 is RAM's */
}

static void a_reset_brings_back_what_power_on_had(void **state)
{
	(void)state;
	up(false);
	write_config(0, PCIEXBAR, 0xE0000001);
	write_config(31, PCI_COMMAND, 0);
	assert_int_equal(pci_root_reset(&root, NULL), 0);
	assert_false(ecam_at(0xE0000000));
	assert_int_equal(read_config(31, PCI_COMMAND) & 7, 7);
}

static void command_bits_read_back_and_bars_do_not_exist(void **state)
{
	(void)state;
	up(false);
	for (unsigned dev = 0; dev < 32; dev += 31) {
		write_config(dev, PCI_COMMAND, 0x0407);
		assert_int_equal(read_config(dev, PCI_COMMAND), 0x0407);
		write_config(dev, PCI_BASE_ADDRESS_0, UINT32_MAX);
		assert_int_equal(read_config(dev, PCI_BASE_ADDRESS_0), 0);
		write_config(dev, PCI_ROM_ADDRESS, 0xfffffffe);
		assert_int_equal(read_config(dev, PCI_ROM_ADDRESS), 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, down)
	const struct CMUnitTest tests[] = {
		TEST(without_firmware_ecam_is_on_from_the_start),
		TEST(firmware_finds_it_off_and_puts_it_where_it_likes),
		TEST(a_smaller_ecam_ends_earlier),
		TEST(a_base_above_4_gib_and_none_at_all_are_obeyed),
		TEST(a_reset_brings_back_what_power_on_had),
		TEST(command_bits_read_back_and_bars_do_not_exist),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
