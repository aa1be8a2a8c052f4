/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much of a BAR is in the map: windows of ports, pages, and what guests make of them. */
// replaces: kvm/memslot.c
// with: fake/fake_memslot.c
#include "fake/map_rig.h"

static struct card other;

/* --- behind a port --- */

static void a_port_forwards_through_its_windows(void **state)
{
	(void)state;
	program(&card, 3);
	assert_int_equal(fake_memslot.n, 3);
	assert_true(traps(GPA_BAR0 + 0x2000));
	assert_int_equal(bus_read(&pio, 0x6010, 4), 1);
}

static void what_lies_outside_the_windows_is_not_forwarded(void **state)
{
	(void)state;
	program(&card, 3);
	write_cfg(&card.func, PCI_BASE_ADDRESS_0, 4, 0xd0000000);
	assert_int_equal(fake_memslot.n, 1);
	assert_false(traps(0xd0002000));
	write_cfg(&card.func, PCI_BASE_ADDRESS_4, 4, 0x7000);
	assert_int_equal(bus_read(&pio, 0x7010, 4), UINT32_MAX);
}

static void pieces_are_clipped_to_the_window(void **state)
{
	(void)state;
	struct pci_func *f = &card.func;
	f->bar[2] = (struct pci_bar){ 0 };
	assert_int_equal(pci_bar_set(f, 2, BAR_MEM64, true, 2 * MIB), 0);
	pieces(&f->bar[2], 1, both(&card, 0, 2 * MIB));
	pci_bar_program(f, 2, UINT64_C(0x7000000000));
	pci_port_program(&port, &(struct pci_windows){
					.pref = { UINT64_C(0x7000100000), MIB },
					.secondary = 1,
					.subordinate = 1,
				});
	command(f, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 1);
	assert_int_equal(fake_memslot.want[0].gpa, UINT64_C(0x7000100000));
	assert_int_equal(fake_memslot.want[0].size, MIB);
	assert_ptr_equal(fake_memslot.want[0].hva, ram + MIB);
	assert_false(traps(UINT64_C(0x70000ffff0)));
	assert_true(traps(UINT64_C(0x7000100010)));
	assert_int_equal(card.last_off, 0x100010);
}

static void a_port_that_does_not_decode_forwards_nothing(void **state)
{
	(void)state;
	program(&card, 3);
	command(&port.func, PCI_COMMAND_IO);
	assert_int_equal(fake_memslot.n, 0);
	assert_false(traps(GPA_BAR0 + 0x2000));
	assert_int_equal(bus_read(&pio, 0x6010, 4), 1);
	command(&port.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 3);
	assert_int_equal(bus_read(&pio, 0x6010, 4), UINT32_MAX);
}

static void a_port_asleep_forwards_nothing(void **state)
{
	(void)state;
	program(&card, 3);
	write_cfg(&port.func, 0x44, 1, 3);
	assert_int_equal(fake_memslot.n, 0);
	write_cfg(&port.func, 0x44, 1, 0);
	assert_int_equal(fake_memslot.n, 3);
}

static void closing_a_window_takes_its_slots(void **state)
{
	(void)state;
	program(&card, 3);
	write_cfg(&port.func, PCI_MEMORY_BASE, 2, 0xfff0);
	assert_int_equal(fake_memslot.n, 1);
	assert_non_null(fake_memslot_at(GPA_BAR2));
}

static void withdrawing_a_port_withdraws_what_is_behind(void **state)
{
	(void)state;
	program(&card, 3);
	assert_int_equal(pci_map_withdraw(&root, &port.func, NULL), 0);
	assert_int_equal(fake_memslot.n, 0);
	assert_false(traps(GPA_BAR0 + 0x2000));
}

/* --- sub-page BARs --- */

static void small_bar(struct card *c, uint64_t gpa)
{
	c->func.bar[0] = (struct pci_bar){ 0 };
	assert_int_equal(pci_bar_set(&c->func, 0, BAR_MEM32, false, 256), 0);
	pieces(&c->func.bar[0], 1, both(c, 0, 256));
	pci_bar_program(&c->func, 0, gpa);
}

static void a_sub_page_bar_alone_in_its_page_is_mapped(void **state)
{
	(void)state;
	small_bar(&card, GPA_BAR0);
	command(&card.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 1);
	assert_int_equal(fake_memslot_at(GPA_BAR0)->size, PAGE_4K);
}

static void a_sub_page_bar_off_a_page_boundary_is_trapped(void **state)
{
	(void)state;
	small_bar(&card, GPA_BAR0 + 0x100);
	command(&card.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 0);
	assert_true(traps(GPA_BAR0 + 0x110));
	assert_int_equal(card.last_off, 0x10);
}

static void a_neighbour_in_the_page_makes_both_trapped(void **state)
{
	(void)state;
	card_init(&other);
	assert_int_equal(pci_bus_add(&root.bus0, &other.func, 3, 0), 0);
	small_bar(&card, GPA_BAR0);
	small_bar(&other, GPA_BAR0 + 0x800);
	command(&card.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 1);
	command(&other.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 0);
	assert_true(traps(GPA_BAR0));
	bus_write(&mmio, GPA_BAR0 + 0x810, 4, 0);
	assert_int_equal(other.writes, 1);
	assert_int_equal(other.last_off, 0x10);
	command(&other.func, 0);
	assert_int_equal(fake_memslot.n, 1);
}

static void a_ragged_end_is_trapped_only_in_its_page(void **state)
{
	(void)state;
	pieces(&card.func.bar[0], 2, both(&card, 0, 0x2800), trapped(&card, 0x2800, 0xd800));
	pci_bar_program(&card.func, 0, GPA_BAR0);
	command(&card.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot_at(GPA_BAR0)->size, 0x2000);
	assert_true(traps(GPA_BAR0 + 0x2000));
}

static void host_memory_off_a_page_boundary_is_trapped(void **state)
{
	(void)state;
	pieces(&card.func.bar[0], 1, both(&card, 0, 64 * KIB));
	card.func.bar[0].piece[0].hva = ram + 0x10;
	pci_bar_program(&card.func, 0, GPA_BAR0);
	command(&card.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 0);
	assert_true(traps(GPA_BAR0));
}

/* --- hostile guests --- */

static void bars_over_the_platform_are_not_decoded(void **state)
{
	(void)state;
	static const uint32_t at[] = { IOAPIC_BASE, LAPIC_BASE, 0xfebf0000 + 0x10000,
				       0xffff0000,  ECAM_BASE,  ECAM_BASE + ECAM_SIZE - 0x10000,
				       0xfed40000,  0xfffe0000 };
	root.ecam = (struct range){ ECAM_BASE, ECAM_SIZE };
	command(&card.func, PCI_COMMAND_MEMORY);
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		write_cfg(&card.func, PCI_BASE_ADDRESS_0, 4, at[i]);
		assert_int_equal(fake_memslot.n, 0);
		assert_false(traps(at[i] + 0x2000));
	}
	write_cfg(&card.func, PCI_BASE_ADDRESS_0, 4, 0xfebf0000);
	assert_int_equal(fake_memslot.n, 2); /* ends where the IOAPIC begins */
	write_cfg(&card.func, PCI_BASE_ADDRESS_0, 4, ECAM_BASE - 0x10000);
	assert_int_equal(fake_memslot.n, 2);
}

static void a_bar_beyond_52_bits_is_not_decoded(void **state)
{
	(void)state;
	command(&card.func, PCI_COMMAND_MEMORY);
	write_cfg(&card.func, PCI_BASE_ADDRESS_2, 4, UINT32_MAX);
	write_cfg(&card.func, PCI_BASE_ADDRESS_3, 4, UINT32_MAX);
	assert_int_equal(fake_memslot.n, 0);
	write_cfg(&card.func, PCI_BASE_ADDRESS_3, 4, 0x00100000);
	assert_int_equal(fake_memslot.n, 0);
	write_cfg(&card.func, PCI_BASE_ADDRESS_3, 4, 0x000fffff);
	assert_int_equal(fake_memslot.n, 1); /* the last 128 KiB of it */
}

static void overlapping_bars_harm_nobody(void **state)
{
	(void)state;
	card_init(&other);
	assert_int_equal(pci_bus_add(&root.bus0, &other.func, 3, 0), 0);
	program(&card, 3);
	pci_bar_program(&other.func, 0, GPA_BAR0 + 0x10000);
	pci_bar_program(&other.func, 2, GPA_BAR2);
	pci_bar_program(&other.func, 4, 0x6000);
	command(&other.func, 3);
	write_cfg(&other.func, PCI_BASE_ADDRESS_0, 4, (uint32_t)GPA_BAR0);
	assert_int_equal(fake_memslot.n, 6); /* memslots_publish sorts it out */
	assert_true(traps(GPA_BAR0 + 0x2000));
	assert_int_equal(bus_read(&pio, 0x6010, 4), 1);
	command(&card.func, 0);
	bus_write(&mmio, GPA_BAR0 + 0x2000, 4, 0);
	assert_int_equal(other.writes, 1);
}

static void pieces_outside_their_bar_are_ignored(void **state)
{
	(void)state;
	pieces(&card.func.bar[0], 3, both(&card, 0xf000, 0x2000), both(&card, UINT64_MAX, 0x1000),
	       both(&card, 0x1000, 0));
	card.func.bar[0].n_pieces = 3;
	pci_bar_program(&card.func, 0, GPA_BAR0);
	command(&card.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 0);
	assert_false(traps(GPA_BAR0 + 0xf000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PORT(a_port_forwards_through_its_windows),
		PORT(what_lies_outside_the_windows_is_not_forwarded),
		PORT(pieces_are_clipped_to_the_window),
		PORT(a_port_that_does_not_decode_forwards_nothing),
		PORT(a_port_asleep_forwards_nothing),
		PORT(closing_a_window_takes_its_slots),
		PORT(withdrawing_a_port_withdraws_what_is_behind),
		ROOT(a_sub_page_bar_alone_in_its_page_is_mapped),
		ROOT(a_sub_page_bar_off_a_page_boundary_is_trapped),
		ROOT(a_neighbour_in_the_page_makes_both_trapped),
		ROOT(a_ragged_end_is_trapped_only_in_its_page),
		ROOT(host_memory_off_a_page_boundary_is_trapped),
		ROOT(bars_over_the_platform_are_not_decoded),
		ROOT(a_bar_beyond_52_bits_is_not_decoded),
		ROOT(overlapping_bars_harm_nobody),
		ROOT(pieces_outside_their_bar_are_ignored),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
