/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/memslot.c
// with: fake/fake_memslot.c
#include "pci/root.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/log.h"
#include "fake/fake_memslot.h"
#include "pci/port.h"

static struct qs qs;
static struct bus mmio, pio;
static struct memslots slots;
static struct pci_root root;
static struct pci_func bridge, nic[8];
static struct pci_port port[2];
static unsigned wrotes;

static void wrote(struct pci_func *func, unsigned off, unsigned size)
{
	(void)func;
	(void)off;
	(void)size;
	wrotes++;
}

static const struct pci_func_ops ops = { .wrote = wrote };

static void add_func(struct pci_bus *bus, struct pci_func *func, uint16_t id, unsigned dev,
		     unsigned fn)
{
	pci_func_init(func, &ops, PCIE_CFG_SIZE);
	pci_cfg_ids(func, &(struct pci_ids){ .vendor = 0x8086, .device = id });
	pci_cfg_writable(func, PCI_COMMAND, 2, 7);
	pci_cfg_writable(func, 0x50, 4, UINT32_MAX);
	pci_cfg_writable(func, 0x54, 4, UINT32_MAX);
	pci_func_seal(func);
	assert_int_equal(pci_bus_add(bus, func, dev, fn), 0);
}

static int up(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	fake_memslot_init();
	wrotes = 0;
	assert_int_equal(qs_init(&qs), 0);
	assert_int_equal(bus_init(&mmio, &qs), 0);
	assert_int_equal(bus_init(&pio, &qs), 0);
	assert_int_equal(pci_root_init(&root, &mmio, &pio, &slots), 0);
	add_func(&root.bus0, &bridge, 0x29c0, 0, 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(pci_port_init(&port[i], i + 1, (struct pci_link){ 0 }, NULL), 0);
		assert_int_equal(pci_bus_add(&root.bus0, &port[i].func, i + 1, 0), 0);
	}
	add_func(&port[0].bus, &nic[0], 0x1000, 0, 0);
	add_func(&port[1].bus, &nic[1], 0x2000, 0, 0);
	return 0;
}

static int down(void **state)
{
	(void)state;
	pci_root_fini(&root);
	bus_fini(&mmio);
	bus_fini(&pio);
	qs_fini(&qs);
	return 0;
}

static void number(unsigned i, unsigned secondary, unsigned subordinate)
{
	pci_port_program(&port[i], &(struct pci_windows){ .secondary = (uint8_t)secondary,
							  .subordinate = (uint8_t)subordinate });
}

static uint64_t where(unsigned bus, unsigned dev, unsigned fn, unsigned reg)
{
	return bus << 20 | dev << 15 | fn << 12 | reg;
}

static uint64_t ecam(unsigned bus, unsigned dev, unsigned fn, unsigned reg, unsigned size)
{
	return pci_ecam_ops.read(&root, where(bus, dev, fn, reg), size);
}

static uint32_t id_at(unsigned bus, unsigned dev, unsigned fn)
{
	return (uint32_t)ecam(bus, dev, fn, 0, 4);
}

static void outl(uint32_t address)
{
	pci_address_ops.write(&root, 0, 4, address);
}

static void the_address_register_latches_only_dwords(void **state)
{
	(void)state;
	outl(0x80000010);
	pci_address_ops.write(&root, 0, 2, 0);
	pci_address_ops.write(&root, 1, 1, 0x06);
	pci_address_ops.write(&root, 3, 1, 0);
	assert_int_equal(pci_address_ops.read(&root, 0, 4), 0x80000010);
	assert_int_equal(pci_address_ops.read(&root, 0, 1), 0xff);
	assert_int_equal(pci_address_ops.read(&root, 1, 1), 0xff);
	assert_int_equal(pci_address_ops.read(&root, 2, 2), 0xffff);
	outl(0xffffffff);
	assert_int_equal(pci_address_ops.read(&root, 0, 4), 0x80fffffc);
}

static void data_is_reached_by_byte_word_and_dword(void **state)
{
	(void)state;
	outl(0x80000050);
	pci_data_ops.write(&root, 0, 4, 0x11223344);
	pci_data_ops.write(&root, 1, 1, 0xaa);
	pci_data_ops.write(&root, 2, 2, 0xbbcc);
	assert_int_equal(pci_data_ops.read(&root, 0, 4), 0xbbccaa44);
	assert_int_equal(pci_data_ops.read(&root, 3, 1), 0xbb);
	assert_int_equal(pci_data_ops.read(&root, 0, 2), 0xaa44);
	assert_int_equal(ecam(0, 0, 0, 0x50, 4), 0xbbccaa44);
}

static void a_word_across_the_middle_reads_all_ones(void **state)
{
	(void)state;
	outl(0x80000050);
	pci_data_ops.write(&root, 1, 2, 0x1111);
	assert_int_equal(pci_data_ops.read(&root, 1, 2), 0xffff);
	assert_int_equal(pci_data_ops.read(&root, 3, 2), 0xffff);
	assert_int_equal(pci_data_ops.read(&root, 0, 4), 0);
}

static void without_the_enable_bit_there_is_no_config_cycle(void **state)
{
	(void)state;
	outl(0x00000000);
	assert_int_equal(pci_data_ops.read(&root, 0, 4), UINT32_MAX);
	pci_data_ops.write(&root, 0, 4, 0);
	assert_int_equal(wrotes, 0);
}

static void what_is_not_there_reads_all_ones_both_ways(void **state)
{
	(void)state;
	assert_int_equal(id_at(0, 5, 0), UINT32_MAX);
	assert_int_equal(id_at(0, 0, 1), UINT32_MAX);
	assert_int_equal(id_at(77, 0, 0), UINT32_MAX);
	assert_int_equal(ecam(0, 9, 0, 1, 1), 0xff);
	outl(0x80000000 | 5 << 11);
	assert_int_equal(pci_data_ops.read(&root, 0, 2), 0xffff);
	pci_ecam_ops.write(&root, where(0, 5, 0, 4), 2, 7);
	assert_int_equal(wrotes, 0);
}

static void a_qword_is_two_dwords(void **state)
{
	(void)state;
	pci_ecam_ops.write(&root, where(0, 0, 0, 0x50), 8, UINT64_C(0x1122334455667788));
	assert_int_equal(ecam(0, 0, 0, 0x50, 8), UINT64_C(0x1122334455667788));
	assert_int_equal(wrotes, 2);
	assert_int_equal(ecam(0, 0, 0, 0x54, 8), UINT64_MAX);
	pci_ecam_ops.write(&root, where(0, 0, 0, 0x4c), 8, 0);
	assert_int_equal(ecam(0, 0, 0, 0x50, 8), UINT64_C(0x1122334455667788));
}

static void ecam_ends_with_its_region(void **state)
{
	(void)state;
	assert_int_equal(pci_ecam_ops.read(&root, ECAM_SIZE, 4), UINT32_MAX);
	pci_ecam_ops.write(&root, ECAM_SIZE, 4, 0);
	assert_int_equal(pci_ecam_ops.read(&root, ECAM_SIZE - 8, 8), UINT64_MAX);
}

static void a_port_without_numbers_hides_what_is_behind(void **state)
{
	(void)state;
	assert_int_equal(id_at(0, 1, 0), 0x000c1b36);
	for (unsigned bus = 0; bus < 256; bus++)
		assert_true(id_at(bus, 0, 0) == UINT32_MAX || bus == 0);
}

static void functions_are_found_at_the_number_their_port_has(void **state)
{
	(void)state;
	number(0, 3, 3);
	number(1, 9, 12);
	assert_int_equal(id_at(3, 0, 0), 0x10008086);
	assert_int_equal(id_at(9, 0, 0), 0x20008086);
	assert_int_equal(id_at(10, 0, 0), UINT32_MAX); /* forwarded, but nothing answers */
	assert_int_equal(id_at(1, 0, 0), UINT32_MAX);
	pci_ecam_ops.write(&root, where(0, 1, 0, PCI_PRIMARY_BUS), 4, 0x00050500);
	assert_int_equal(id_at(3, 0, 0), UINT32_MAX);
	assert_int_equal(id_at(5, 0, 0), 0x10008086);
	assert_int_equal(nic[0].bdf.bus, 5);
}

static void of_two_ports_with_one_number_the_first_answers(void **state)
{
	(void)state;
	number(0, 3, 255);
	number(1, 3, 255);
	assert_int_equal(id_at(3, 0, 0), 0x10008086);
}

static void a_port_that_claims_bus_zero_does_not_get_it(void **state)
{
	(void)state;
	number(0, 0, 255);
	number(1, 3, 3);
	assert_int_equal(id_at(3, 0, 0), 0x20008086); /* and hides nobody */
	assert_int_equal(id_at(0, 0, 0), 0x29c08086);
	assert_int_equal(id_at(1, 0, 0), UINT32_MAX);
}

static void subordinate_below_secondary_reaches_nothing(void **state)
{
	(void)state;
	number(0, 7, 3);
	assert_int_equal(id_at(7, 0, 0), UINT32_MAX);
	assert_int_equal(id_at(5, 0, 0), UINT32_MAX);
}

static void only_device_zero_is_behind_a_port(void **state)
{
	(void)state;
	number(0, 1, 1);
	assert_int_equal(id_at(1, 1, 0), UINT32_MAX);
	pci_func_init(&nic[2], &ops, 4096);
	assert_int_equal(pci_bus_add(&port[0].bus, &nic[2], 1, 0), -EINVAL);
}

static void places_that_are_taken_or_do_not_exist_are_refused(void **state)
{
	(void)state;
	pci_func_init(&nic[2], &ops, 4096);
	assert_int_equal(pci_bus_add(&root.bus0, &nic[2], 0, 0), -EEXIST);
	assert_int_equal(pci_bus_add(&root.bus0, &nic[2], 32, 0), -EINVAL);
	assert_int_equal(pci_bus_add(&root.bus0, &nic[2], 0, 8), -EINVAL);
}

static void a_set_of_functions_is_marked_and_hidden_without_function_zero(void **state)
{
	(void)state;
	add_func(&root.bus0, &nic[2], 0x3002, 4, 2);
	assert_int_equal(id_at(0, 4, 2), UINT32_MAX); /* no function 0 yet */
	add_func(&root.bus0, &nic[3], 0x3000, 4, 0);
	assert_int_equal(id_at(0, 4, 2), 0x30028086);
	assert_int_equal(ecam(0, 4, 0, PCI_HEADER_TYPE, 1), 0x80);
	assert_int_equal(ecam(0, 0, 0, PCI_HEADER_TYPE, 1), 0x00);
	pci_func_reset(&nic[3]);
	assert_int_equal(ecam(0, 4, 0, PCI_HEADER_TYPE, 1), 0x80);
}

static int collect(struct pci_func *func, void *ctx)
{
	struct pci_func ***at = ctx;
	*(*at)++ = func;
	return func == &nic[1] ? 42 : 0;
}

static void every_function_is_visited_bridges_first(void **state)
{
	(void)state;
	struct pci_func *seen[8] = { 0 }, **at = seen;
	add_func(&root.bus0, &nic[2], 0x3000, 31, 0);
	assert_int_equal(pci_root_each(&root, collect, &at), 42);
	assert_ptr_equal(seen[0], &bridge);
	assert_ptr_equal(seen[1], &port[0].func);
	assert_ptr_equal(seen[2], &nic[0]);
	assert_ptr_equal(seen[3], &port[1].func);
	assert_ptr_equal(seen[4], &nic[1]);
	assert_null(seen[5]); /* stopped there */
}

static void reset_forgets_what_the_guest_programmed(void **state)
{
	(void)state;
	number(0, 3, 3);
	outl(0x80000050);
	pci_data_ops.write(&root, 0, 4, 5);
	assert_int_equal(pci_root_reset(&root, NULL), 0);
	assert_int_equal(pci_address_ops.read(&root, 0, 4), 0);
	assert_int_equal(ecam(0, 0, 0, 0x50, 4), 0);
	assert_int_equal(id_at(3, 0, 0), UINT32_MAX);
	assert_int_equal(nic[0].bdf.bus, 0);
}

static void a_removed_function_reads_all_ones_and_can_come_again(void **state)
{
	(void)state;
	number(0, 1, 1);
	assert_int_equal(id_at(1, 0, 0), 0x10008086);
	assert_int_equal(pci_bus_remove(&root, &nic[0], NULL), 0);
	assert_null(nic[0].bus);
	assert_int_equal(id_at(1, 0, 0), UINT32_MAX);
	pci_ecam_ops.write(&root, where(1, 0, 0, PCI_COMMAND), 2, 7);
	assert_int_equal(pci_command(&nic[0]), 0);
	assert_int_equal(pci_root_reset(&root, NULL), 0);
	assert_int_equal(pci_bus_add(&port[0].bus, &nic[0], 0, 0), 0);
	number(0, 1, 1);
	assert_int_equal(id_at(1, 0, 0), 0x10008086);
}

static void others_of_a_device_outlive_its_function_zero(void **state)
{
	(void)state;
	number(0, 1, 1);
	add_func(&port[0].bus, &nic[2], 0x1002, 0, 2);
	add_func(&port[0].bus, &nic[3], 0x1003, 0, 3);
	assert_int_equal(pci_bus_remove(&root, &nic[0], NULL), 0);
	assert_int_equal(id_at(1, 0, 0), UINT32_MAX);
	assert_int_equal(id_at(1, 0, 2), 0x10028086);
	assert_int_equal(pci_bus_remove(&root, &nic[2], NULL), 0);
	assert_int_equal(id_at(1, 0, 2), UINT32_MAX);
	assert_int_equal(id_at(1, 0, 3), 0x10038086);
	assert_int_equal(pci_bus_remove(&root, &nic[3], NULL), 0);
	assert_null(port[0].bus.funcs);
	/* Of what comes next the rule holds again: nothing without function 0. */
	assert_int_equal(pci_bus_add(&port[0].bus, &nic[2], 0, 2), 0);
	assert_int_equal(id_at(1, 0, 2), UINT32_MAX);
}

static void a_conventional_function_has_no_extended_space(void **state)
{
	(void)state;
	pci_func_init(&nic[2], &ops, PCI_CFG_SIZE);
	assert_int_equal(pci_bus_add(&root.bus0, &nic[2], 6, 0), 0);
	assert_int_equal(ecam(0, 6, 0, 0xfc, 4), 0);
	assert_int_equal(ecam(0, 6, 0, 0x100, 4), UINT32_MAX);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, up, down)
	const struct CMUnitTest tests[] = {
		T(the_address_register_latches_only_dwords),
		T(data_is_reached_by_byte_word_and_dword),
		T(a_word_across_the_middle_reads_all_ones),
		T(without_the_enable_bit_there_is_no_config_cycle),
		T(what_is_not_there_reads_all_ones_both_ways),
		T(a_qword_is_two_dwords),
		T(ecam_ends_with_its_region),
		T(a_port_without_numbers_hides_what_is_behind),
		T(functions_are_found_at_the_number_their_port_has),
		T(of_two_ports_with_one_number_the_first_answers),
		T(a_port_that_claims_bus_zero_does_not_get_it),
		T(subordinate_below_secondary_reaches_nothing),
		T(only_device_zero_is_behind_a_port),
		T(places_that_are_taken_or_do_not_exist_are_refused),
		T(a_set_of_functions_is_marked_and_hidden_without_function_zero),
		T(every_function_is_visited_bridges_first),
		T(reset_forgets_what_the_guest_programmed),
		T(a_removed_function_reads_all_ones_and_can_come_again),
		T(others_of_a_device_outlive_its_function_zero),
		T(a_conventional_function_has_no_extended_space),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
