/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/acpi_windows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "pci/port.h"

struct fixture {
	struct qs qs;
	struct bus mmio, pio;
	struct memslots slots;
	struct layout layout;
	struct pci_root root;
	struct pci_port port;
	struct pci_func card, behind;
	struct acpi_config config;
};

static const struct pci_func_ops plain_ops = { 0 };

static void card_init(struct pci_func *func)
{
	pci_func_init(func, &plain_ops, PCI_CFG_SIZE);
	pci_cfg_ids(func, &(struct pci_ids){ .vendor = 0x8086, .device = 1, .class_code = 0x030000 });
	assert_int_equal(pci_bar_set(func, 0, BAR_MEM64, true, 4 * GIB), 0);
	assert_int_equal(pci_bar_set(func, 2, BAR_MEM32, false, MIB), 0);
	pci_func_seal(func);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_int_equal(qs_init(&f->qs), 0);
	assert_int_equal(bus_init(&f->mmio, &f->qs), 0);
	assert_int_equal(bus_init(&f->pio, &f->qs), 0);
	assert_int_equal(layout_ram(&f->layout, 6 * GIB, NULL, 0, NULL), 0);
	assert_int_equal(layout_mmio64(&f->layout, 46, GIB, NULL), 0);
	assert_int_equal(pci_root_init(&f->root, &f->mmio, &f->pio, &f->slots), 0);
	assert_int_equal(pci_port_init(&f->port, 1, (struct pci_link){ 0 }, NULL), 0);
	card_init(&f->card);
	card_init(&f->behind);
	assert_int_equal(pci_bus_add(&f->root.bus0, &f->port.func, 1, 0), 0);
	assert_int_equal(pci_bus_add(&f->root.bus0, &f->card, 2, 0), 0);
	assert_int_equal(pci_bus_add(&f->port.bus, &f->behind, 0, 0), 0);
	f->root.ecam = (struct range){ ECAM_BASE, ECAM_SIZE };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	pci_port_fini(&f->port);
	pci_root_fini(&f->root);
	bus_fini(&f->pio);
	bus_fini(&f->mmio);
	qs_fini(&f->qs);
	free(f);
	return 0;
}

static void look(struct fixture *f)
{
	pthread_mutex_lock(&f->root.lock);
	acpi_windows_programmed(&f->config, &f->layout, &f->root);
	pthread_mutex_unlock(&f->root.lock);
}

static void is(struct range got, uint64_t start, uint64_t size)
{
	assert_int_equal(got.start, start);
	assert_int_equal(got.size, size);
}

static void the_space_below_4_gib_is_given_around_ecam(void **state)
{
	struct fixture *f = *state;
	look(f);
	is(f->config.ecam, 0xB0000000, 0x10000000);
	is(f->config.mmio32[0], 0xC0000000, 0x3C000000);
	is(f->config.mmio32[1], 0x80000000, 0x30000000);
}

static void ecam_is_where_firmware_put_it(void **state)
{
	struct fixture *f = *state;
	f->root.ecam = (struct range){ 0xE0000000, 0x10000000 };
	look(f);
	is(f->config.ecam, 0xE0000000, 0x10000000);
	is(f->config.mmio32[0], 0xF0000000, 0x0C000000);
	is(f->config.mmio32[1], 0x80000000, 0x60000000);
}

static void ecam_that_is_off_or_beside_the_pci_space_is_described_where_it_was(void **state)
{
	struct fixture *f = *state;
	static const struct range odd[] = { { 0, 0 },
					    { 0x10000000, 0x10000000 },
					    { 0xF0000000, 0x10000000 },
					    { 0x800000000, 0x10000000 } };
	for (unsigned i = 0; i < ARRAY_LEN(odd); i++) {
		f->root.ecam = odd[i];
		look(f);
		is(f->config.ecam, 0xB0000000, 0x10000000);
	}
}

static void bars_inside_the_laid_window_leave_it_alone(void **state)
{
	struct fixture *f = *state;
	pci_bar_program(&f->card, 0, f->layout.mmio64.start + 4 * GIB);
	look(f);
	is(f->config.mmio64, f->layout.mmio64.start, f->layout.mmio64.size);
}

static void a_bar_beside_the_laid_window_makes_it_larger(void **state)
{
	struct fixture *f = *state;
	pci_bar_program(&f->card, 0, 32 * GIB);
	look(f);
	assert_int_equal(f->config.mmio64.start, 32 * GIB);
	assert_int_equal(range_last(f->config.mmio64), range_last(f->layout.mmio64));
}

static void a_bar_behind_a_port_counts_and_so_does_the_ports_window(void **state)
{
	struct fixture *f = *state;
	const struct pci_windows windows = { .pref = { 64 * GIB, 32 * GIB },
					     .secondary = 1,
					     .subordinate = 1 };
	f->layout.mmio64 = (struct range){ 0 };
	pci_port_program(&f->port, &windows);
	look(f);
	is(f->config.mmio64, 64 * GIB, 32 * GIB);
	pci_bar_program(&f->behind, 0, 96 * GIB); /* beyond its bridge, but there */
	look(f);
	is(f->config.mmio64, 64 * GIB, 36 * GIB);
}

static void what_lies_on_ram_or_beyond_the_address_bits_does_not_count(void **state)
{
	struct fixture *f = *state;
	static const uint64_t odd[] = { 4 * GIB, (UINT64_C(1) << 46) - 2 * GIB, UINT64_C(1) << 46,
					UINT64_MAX << 32 };
	for (unsigned i = 0; i < ARRAY_LEN(odd); i++) {
		pci_bar_program(&f->card, 0, odd[i]);
		look(f);
		is(f->config.mmio64, f->layout.mmio64.start, f->layout.mmio64.size);
	}
}

static void without_any_64_bit_bar_or_window_there_is_none(void **state)
{
	struct fixture *f = *state;
	f->layout.mmio64 = (struct range){ 0 };
	look(f);
	assert_int_equal(f->config.mmio64.size, 0);
}

static void a_window_has_no_ram_in_it_though_a_bar_starts_right_after(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(layout_ram(&f->layout, 6 * GIB + 2 * MIB, NULL, 0, NULL), 0);
	pci_bar_program(&f->card, 0, 12 * GIB);
	f->layout.phys_bits = 46;
	look(f);
	assert_int_equal(f->config.mmio64.start, 12 * GIB);
	assert_int_equal(f->config.mmio64.size, 4 * GIB);
}

static void on_direct_boot_the_layout_says_it_all(void **state)
{
	struct fixture *f = *state;
	f->root.ecam = (struct range){ 0xE0000000, 0x10000000 };
	acpi_windows_laid(&f->config, &f->layout);
	is(f->config.ecam, ECAM_BASE, ECAM_SIZE);
	is(f->config.mmio32[0], f->layout.mmio32.start, f->layout.mmio32.size);
	is(f->config.mmio32[1], 0, 0);
	is(f->config.mmio64, f->layout.mmio64.start, f->layout.mmio64.size);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_space_below_4_gib_is_given_around_ecam),
		TEST(ecam_is_where_firmware_put_it),
		TEST(ecam_that_is_off_or_beside_the_pci_space_is_described_where_it_was),
		TEST(bars_inside_the_laid_window_leave_it_alone),
		TEST(a_bar_beside_the_laid_window_makes_it_larger),
		TEST(a_bar_behind_a_port_counts_and_so_does_the_ports_window),
		TEST(what_lies_on_ram_or_beyond_the_address_bits_does_not_count),
		TEST(without_any_64_bit_bar_or_window_there_is_none),
		TEST(a_window_has_no_ram_in_it_though_a_bar_starts_right_after),
		TEST(on_direct_boot_the_layout_says_it_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
