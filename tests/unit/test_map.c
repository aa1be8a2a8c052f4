/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is decoded when, and in which order a device and its map change. */
// replaces: kvm/memslot.c
// with: fake/fake_memslot.c
#include "fake/map_rig.h"

static struct card other;

static void nothing_is_decoded_before_command_says_so(void **state)
{
	(void)state;
	program(&card, 0);
	assert_int_equal(fake_memslot.publishes, 0);
	assert_int_equal(root.publishes, 0);
	assert_false(traps(GPA_BAR0 + 0x2000));
}

static void memory_decoding_brings_slots_and_regions(void **state)
{
	(void)state;
	program(&card, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 3);
	const struct slot_want *w = fake_memslot_at(GPA_BAR0);
	assert_non_null(w);
	assert_int_equal(w->size, 0x2000);
	assert_ptr_equal(w->hva, ram);
	assert_int_equal(w->flags, 0);
	w = fake_memslot_at(GPA_BAR0 + 0x3000);
	assert_int_equal(w->size, 0xd000);
	assert_ptr_equal(w->hva, ram + 0x3000);
	assert_null(fake_memslot_at(GPA_BAR0 + 0x2000));
	assert_int_equal(fake_memslot_at(GPA_BAR2)->size, 128 * KIB);
	assert_int_equal(bus_read(&mmio, GPA_BAR0 + 0x2340, 4), 0x34);
	assert_int_equal(card.last_off, 0x2340); /* relative to the BAR */
	assert_int_equal(bus_read(&pio, 0x6010, 4), UINT32_MAX);
}

static void io_decoding_brings_ports(void **state)
{
	(void)state;
	program(&card, PCI_COMMAND_IO);
	assert_int_equal(fake_memslot.n, 0);
	assert_int_equal(bus_read(&pio, 0x6010, 4), 1);
	assert_int_equal(card.last_off, 0x10);
	assert_false(traps(GPA_BAR0 + 0x2000));
}

static void the_rom_needs_both_enable_bits(void **state)
{
	(void)state;
	program(&card, 0);
	write_cfg(&card.func, PCI_ROM_ADDRESS, 1, 1);
	assert_null(fake_memslot_at(GPA_BAR0 + 0x10000));
	command(&card.func, PCI_COMMAND_MEMORY);
	const struct slot_want *w = fake_memslot_at(GPA_BAR0 + 0x10000);
	assert_non_null(w);
	assert_int_equal(w->flags, KVM_MEM_READONLY);
	assert_true(traps(GPA_BAR0 + 0x10000)); /* writes to the read-only slot arrive here */
	write_cfg(&card.func, PCI_ROM_ADDRESS, 1, 0);
	assert_null(fake_memslot_at(GPA_BAR0 + 0x10000));
	assert_int_equal(fake_memslot.n, 3);
}

static void ports_beyond_64_kib_are_not_decoded(void **state)
{
	(void)state;
	program(&card, PCI_COMMAND_IO);
	write_cfg(&card.func, PCI_BASE_ADDRESS_4, 4, 0x16000);
	assert_int_equal(bus_read(&pio, 0x16010, 4), UINT32_MAX);
	write_cfg(&card.func, PCI_BASE_ADDRESS_4, 4, 0xffe0);
	assert_int_equal(bus_read(&pio, 0xfff0, 4), 1);
}

static void an_unprogrammed_bar_is_not_decoded(void **state)
{
	(void)state;
	command(&card.func, 3);
	assert_int_equal(fake_memslot.publishes, 0);
	assert_int_equal(bus_read(&pio, 0, 4), UINT32_MAX);
}

static void sizing_with_decoding_off_publishes_nothing(void **state)
{
	(void)state;
	program(&card, PCI_COMMAND_MEMORY);
	command(&card.func, 0);
	unsigned publishes = fake_memslot.publishes;
	for (unsigned reg = PCI_BASE_ADDRESS_0; reg <= PCI_BASE_ADDRESS_5; reg += 4)
		write_cfg(&card.func, reg, 4, UINT32_MAX);
	write_cfg(&card.func, PCI_ROM_ADDRESS, 4, UINT32_MAX);
	assert_int_equal(fake_memslot.publishes, publishes);
}

static void the_all_ones_of_sizing_is_never_mapped(void **state)
{
	(void)state;
	program(&card, 3);
	write_cfg(&card.func, PCI_BASE_ADDRESS_0, 4, UINT32_MAX);
	assert_int_equal(fake_memslot.n, 1); /* BAR 2 */
	write_cfg(&card.func, PCI_BASE_ADDRESS_3, 4, UINT32_MAX);
	assert_int_equal(fake_memslot.n, 0);
	write_cfg(&card.func, PCI_BASE_ADDRESS_4, 4, UINT32_MAX);
	assert_int_equal(bus_read(&pio, 0x6010, 4), UINT32_MAX);
	assert_int_equal(bus_read(&pio, 0xfff0, 4), UINT32_MAX);
}

static void a_bar_moves_with_decoding_on(void **state)
{
	(void)state;
	program(&card, PCI_COMMAND_MEMORY);
	write_cfg(&card.func, PCI_BASE_ADDRESS_0, 4, 0xd0000000);
	assert_null(fake_memslot_at(GPA_BAR0));
	assert_ptr_equal(fake_memslot_at(0xd0003000)->hva, ram + 0x3000);
	assert_false(traps(GPA_BAR0 + 0x2000));
	assert_true(traps(0xd0002000));
}

static void writes_that_change_nothing_publish_nothing(void **state)
{
	(void)state;
	program(&card, 3);
	unsigned publishes = fake_memslot.publishes;
	unsigned long maps = root.publishes;
	for (unsigned i = 0; i < 10; i++) {
		command(&card.func, 3);
		write_cfg(&card.func, PCI_BASE_ADDRESS_0, 4, (uint32_t)GPA_BAR0);
		write_cfg(&card.func, PCI_INTERRUPT_LINE, 1, i);
		command(&card.func, 3 | PCI_COMMAND_MASTER);
	}
	assert_int_equal(fake_memslot.publishes, publishes);
	assert_int_equal(root.publishes, maps);
	assert_int_equal(pci_map_publish(&root, NULL), 0);
	assert_int_equal(fake_memslot.publishes, publishes);
}

/* --- order --- */

static unsigned step;
static unsigned slots_gone_at, bus_at_look, wrote_at, slots_back_at;

static void look(const struct slot_want *want, size_t n)
{
	(void)want;
	step++;
	if (n)
		slots_back_at = step;
	else
		slots_gone_at = step;
	bus_at_look = traps(GPA_BAR0 + 0x2000);
}

static void note_wrote(struct card *c, unsigned off)
{
	(void)c;
	if (off == PCI_COMMAND)
		wrote_at = ++step;
}

static void watch(void)
{
	step = slots_gone_at = slots_back_at = wrote_at = 0;
	fake_memslot.look = look;
	card.on_wrote = note_wrote;
}

static void slots_go_before_the_device_is_told_to_stop(void **state)
{
	(void)state;
	program(&card, PCI_COMMAND_MEMORY);
	watch();
	command(&card.func, 0);
	assert_int_equal(slots_gone_at, 1);
	assert_true(bus_at_look); /* the bus is swapped after them */
	assert_int_equal(wrote_at, 2);
	assert_int_equal(step, 2);
	assert_false(traps(GPA_BAR0 + 0x2000));
}

static void slots_come_after_the_device_was_told_to_start(void **state)
{
	(void)state;
	program(&card, 0);
	watch();
	command(&card.func, PCI_COMMAND_MEMORY);
	assert_int_equal(wrote_at, 1);
	assert_int_equal(slots_back_at, 2);
	assert_true(bus_at_look); /* ... and after the bus */
	assert_int_equal(step, 2);
}

static void slots_that_stay_are_never_away(void **state)
{
	(void)state;
	program(&card, PCI_COMMAND_MEMORY);
	watch();
	write_cfg(&card.func, PCI_BASE_ADDRESS_0, 4, 0xd0000000);
	assert_int_equal(slots_gone_at, 0); /* BAR 2 was in every publication */
	assert_int_equal(step, 2);
	assert_non_null(fake_memslot_at(GPA_BAR2));
}

static void power_down(struct card *c, unsigned off)
{
	(void)off;
	assert_int_equal(fake_memslot.n, 0);
	c->on_wrote = NULL;
}

static void falling_asleep_takes_the_slots_away(void **state)
{
	(void)state;
	program(&card, PCI_COMMAND_MEMORY);
	card.asleep = true; /* as our copy of the power state says now */
	card.on_wrote = power_down;
	write_cfg(&card.func, 0x44, 2, 3);
	assert_null(card.on_wrote);
	assert_false(traps(GPA_BAR0 + 0x2000));
	card.asleep = false;
	write_cfg(&card.func, 0x44, 2, 0);
	assert_int_equal(fake_memslot.n, 3);
	assert_true(traps(GPA_BAR0 + 0x2000));
}

static void reset_in_write(struct card *c, unsigned off)
{
	(void)off;
	c->on_wrote = NULL;
	assert_int_equal(pci_map_withdraw(&root, &c->func, NULL), 0);
	assert_int_equal(fake_memslot.n, 0);
	assert_false(traps(GPA_BAR0 + 0x2000));
}

static void a_device_may_withdraw_itself_inside_a_write(void **state)
{
	(void)state;
	program(&card, 3);
	card.on_wrote = reset_in_write;
	write_cfg(&card.func, 0x88, 2, 0x8000);
	assert_null(card.on_wrote);
	assert_int_equal(fake_memslot.n, 3);
	assert_true(traps(GPA_BAR0 + 0x2000));
}

static void withdrawing_one_function_leaves_the_others(void **state)
{
	(void)state;
	card_init(&other);
	assert_int_equal(pci_bus_add(&root.bus0, &other.func, 3, 0), 0);
	program(&card, 3);
	pci_bar_program(&other.func, 0, 0xd0000000);
	command(&other.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 5);
	assert_int_equal(pci_map_withdraw(&root, &other.func, NULL), 0);
	assert_int_equal(fake_memslot.n, 3);
	assert_null(fake_memslot_at(0xd0000000));
	assert_int_equal(pci_map_withdraw(&root, NULL, NULL), 0);
	assert_int_equal(fake_memslot.n, 0);
	assert_int_equal(bus_read(&pio, 0x6010, 4), UINT32_MAX);
	assert_int_equal(pci_map_publish(&root, NULL), 0);
	assert_int_equal(fake_memslot.n, 5);
}

static void reset_empties_the_map(void **state)
{
	(void)state;
	program(&card, 3);
	assert_int_equal(pci_root_reset(&root, NULL), 0);
	assert_int_equal(fake_memslot.n, 0);
	assert_false(traps(GPA_BAR0 + 0x2000));
	assert_int_equal(pci_command(&card.func), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT(nothing_is_decoded_before_command_says_so),
		ROOT(memory_decoding_brings_slots_and_regions),
		ROOT(io_decoding_brings_ports),
		ROOT(ports_beyond_64_kib_are_not_decoded),
		ROOT(the_rom_needs_both_enable_bits),
		ROOT(an_unprogrammed_bar_is_not_decoded),
		ROOT(sizing_with_decoding_off_publishes_nothing),
		ROOT(the_all_ones_of_sizing_is_never_mapped),
		ROOT(a_bar_moves_with_decoding_on),
		ROOT(writes_that_change_nothing_publish_nothing),
		ROOT(slots_go_before_the_device_is_told_to_stop),
		ROOT(slots_come_after_the_device_was_told_to_start),
		ROOT(slots_that_stay_are_never_away),
		ROOT(falling_asleep_takes_the_slots_away),
		ROOT(a_device_may_withdraw_itself_inside_a_write),
		ROOT(withdrawing_one_function_leaves_the_others),
		ROOT(reset_empties_the_map),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
