/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/layout.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

static uint64_t total(const struct layout *l)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < l->n_ram; i++)
		sum += l->ram[i].size;
	return sum;
}

static void assert_range(struct range r, uint64_t start, uint64_t size)
{
	assert_int_equal(r.start, start);
	assert_int_equal(r.size, size);
}

static void a_small_guest_has_one_piece_of_ram_from_zero(void **state)
{
	(void)state;
	struct layout l;
	assert_int_equal(layout_ram(&l, GIB, NULL, 0, NULL), 0);
	assert_int_equal(l.n_ram, 1);
	assert_range(l.ram[0], 0, GIB);
	assert_range(l.mmio32, PCI_MMIO32_BASE, PCI_MMIO32_END - PCI_MMIO32_BASE);
	assert_range(l.io, PCI_PIO_BASE, PCI_PIO_SIZE);
}

static void memory_beyond_two_gib_continues_at_four(void **state)
{
	(void)state;
	struct layout l;
	assert_int_equal(layout_ram(&l, 5 * GIB + PAGE_4K, NULL, 0, NULL), 0);
	assert_int_equal(l.n_ram, 2);
	assert_range(l.ram[0], 0, 2 * GIB);
	assert_range(l.ram[1], 4 * GIB, 3 * GIB + PAGE_4K);
}

static void exactly_two_gib_stays_below_four(void **state)
{
	(void)state;
	struct layout l;
	assert_int_equal(layout_ram(&l, 2 * GIB, NULL, 0, NULL), 0);
	assert_int_equal(l.n_ram, 1);
}

/* An RMRR of integrated graphics, as firmware places it under the host's low RAM top. */
static void a_low_hole_lowers_the_top_instead_of_splitting(void **state)
{
	(void)state;
	struct layout l;
	const struct range hole = { 0x7b8ff000, 0x4000000 };
	assert_int_equal(layout_ram(&l, 2 * GIB, &hole, 1, NULL), 0);
	assert_int_equal(l.n_ram, 2);
	assert_range(l.ram[0], 0, 0x7b800000);
	assert_range(l.ram[1], 4 * GIB, 2 * GIB - 0x7b800000);
}

static void the_lowest_of_several_low_holes_counts_in_any_order(void **state)
{
	(void)state;
	struct layout l;
	const struct range holes[] = { { 0x7b800000, MIB },
				       { 0x40000000, MIB },
				       { 0x60000000, MIB } };
	assert_int_equal(layout_ram(&l, 2 * GIB, holes, 3, NULL), 0);
	assert_range(l.ram[0], 0, GIB);
}

static void a_hole_where_no_ram_goes_changes_nothing(void **state)
{
	(void)state;
	struct layout l;
	const struct range msi = { 0xfee00000, 0x100000 }, empty = { GIB, 0 };
	assert_int_equal(layout_ram(&l, 3 * GIB, &msi, 1, NULL), 0);
	assert_int_equal(l.n_ram, 2);
	assert_range(l.ram[1], 4 * GIB, GIB);
	assert_int_equal(layout_ram(&l, 2 * GIB, &empty, 1, NULL), 0);
	assert_int_equal(l.n_ram, 1);
}

static void a_hole_below_16_mib_is_refused_with_its_address(void **state)
{
	(void)state;
	struct layout l;
	struct err err = { 0 };
	const struct range hole = { 0xa00000, 0x1000 };
	assert_int_equal(layout_ram(&l, GIB, &hole, 1, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "0xa00000"));
}

static void a_high_hole_splits_ram_at_large_page_boundaries(void **state)
{
	(void)state;
	struct layout l;
	const struct range hole = { 5 * GIB + 0x1000, 0x1000 };
	assert_int_equal(layout_ram(&l, 6 * GIB, &hole, 1, NULL), 0);
	assert_int_equal(l.n_ram, 3);
	assert_range(l.ram[1], 4 * GIB, GIB);
	assert_range(l.ram[2], 5 * GIB + 2 * MIB, 3 * GIB);
	assert_int_equal(total(&l), 6 * GIB);
}

static void overlapping_and_touching_high_holes_are_one(void **state)
{
	(void)state;
	struct layout l;
	const struct range holes[] = {
		{ 6 * GIB, GIB },
		{ 5 * GIB, GIB },
		{ 5 * GIB, 2 * GIB + 1 },
		{ 5 * GIB, MIB },
	};
	assert_int_equal(layout_ram(&l, 4 * GIB, holes, 4, NULL), 0);
	assert_int_equal(l.n_ram, 3);
	assert_range(l.ram[1], 4 * GIB, GIB);
	assert_range(l.ram[2], 7 * GIB + 2 * MIB, GIB);
}

static void a_hole_that_starts_below_four_gib_moves_high_ram_up(void **state)
{
	(void)state;
	struct layout l;
	const struct range hole = { 3 * GIB, 2 * GIB };
	assert_int_equal(layout_ram(&l, 3 * GIB, &hole, 1, NULL), 0);
	assert_int_equal(l.n_ram, 2);
	assert_range(l.ram[1], 5 * GIB, GIB);
}

/* AMD IOMMUs reserve 1012 GiB .. 1 TiB (HyperTransport). */
static void ram_steps_over_the_hypertransport_hole(void **state)
{
	(void)state;
	struct layout l;
	const struct range ht = { 0xfd00000000, 0x300000000 };
	assert_int_equal(layout_ram(&l, TIB, &ht, 1, NULL), 0);
	assert_int_equal(l.n_ram, 3);
	assert_int_equal(range_last(l.ram[1]), 0xfcffffffff);
	assert_int_equal(l.ram[2].start, TIB);
	assert_int_equal(total(&l), TIB);
}

static void more_pieces_than_the_table_holds_are_refused(void **state)
{
	(void)state;
	struct layout l;
	struct err err = { 0 };
	struct range holes[LAYOUT_MAX_RAM];
	for (unsigned i = 0; i < LAYOUT_MAX_RAM; i++)
		holes[i] = (struct range){ 4 * GIB + (i + 1) * 4 * MIB, 2 * MIB };
	assert_int_equal(layout_ram(&l, 8 * GIB, holes, LAYOUT_MAX_RAM, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "16 pieces"));
}

static void memory_without_room_below_52_bits_is_refused(void **state)
{
	(void)state;
	struct layout l;
	struct err err = { 0 };
	const struct range all = { 8 * GIB, UINT64_MAX };
	assert_int_equal(layout_ram(&l, 16 * GIB, &all, 1, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "10G"));
	assert_int_equal(layout_ram(&l, UINT64_C(1) << 53, NULL, 0, &err), -ENOSPC);
}

static void too_little_or_ragged_memory_is_refused(void **state)
{
	(void)state;
	struct layout l;
	struct err err = { 0 };
	assert_int_equal(layout_ram(&l, 8 * MIB, NULL, 0, &err), -EINVAL);
	assert_non_null(strstr(err.text, "16M"));
	assert_int_equal(layout_ram(&l, GIB + 512, NULL, 0, &err), -EINVAL);
	assert_non_null(strstr(err.text, "multiple of 4K"));
}

static void window_is(uint64_t memory, unsigned bits, uint64_t need, uint64_t base, uint64_t size)
{
	struct layout l;
	struct err err = { 0 };
	assert_int_equal(layout_ram(&l, memory, NULL, 0, NULL), 0);
	assert_int_equal(layout_mmio64(&l, bits, need, &err), 0);
	assert_range(l.mmio64, base, size);
	assert_int_equal(l.phys_bits, bits);
}

/* The values OVMF 2022.11 was seen to choose. */
static void the_window_is_where_ovmf_puts_it(void **state)
{
	(void)state;
	window_is(GIB, 40, 0, 0xE000000000, 128 * GIB);
	window_is(GIB, 46, GIB, 0x380000000000, 8 * TIB);
	window_is(GIB, 48, GIB, 0x700000000000, 16 * TIB);
	window_is(GIB, 52, GIB, 0x700000000000, 16 * TIB);
	window_is(GIB, 39, GIB, 0x7000000000, 64 * GIB);
	window_is(GIB, 41, GIB, 0x1C000000000, 256 * GIB);
	window_is(GIB, 36, GIB, 0x800000000, 32 * GIB);
}

static void ovmf_window_is(uint64_t memory, struct layout_cpu cpu, uint64_t need, struct range window,
			   uint64_t told_mib)
{
	struct layout l;
	struct err err = { 0 };
	assert_int_equal(layout_ram(&l, memory, NULL, 0, NULL), 0);
	assert_int_equal(layout_mmio64_ovmf(&l, &cpu, need, &err), 0);
	assert_range(l.mmio64, window.start, window.size);
	assert_int_equal(l.phys_bits, cpu.phys_bits);
	assert_int_equal(l.window_mib, told_mib);
}

static struct layout_cpu amd(unsigned bits)
{
	return (struct layout_cpu){ bits, true, true };
}

static struct layout_cpu intel(unsigned bits)
{
	return (struct layout_cpu){ bits, false, true };
}

/* Each as seen in OVMF 2022.11. */
static void firmware_chooses_by_width_vendor_and_page_size(void **state)
{
	(void)state;
	ovmf_window_is(GIB, amd(40), 0, (struct range){ 0xE000000000, 128 * GIB }, 0);
	ovmf_window_is(GIB, amd(41), 0, (struct range){ 0x1C000000000, 256 * GIB }, 0);
	ovmf_window_is(GIB, amd(46), 0, (struct range){ 0x380000000000, 8 * TIB }, 0);
	ovmf_window_is(GIB, amd(48), 0, (struct range){ 0x700000000000, 16 * TIB }, 0);
	ovmf_window_is(GIB, (struct layout_cpu){ 48, true, false }, 0,
		       (struct range){ 0xE000000000, 128 * GIB }, 0);
	ovmf_window_is(GIB, amd(39), 0, (struct range){ 0x800000000, 32 * GIB }, 0);
	ovmf_window_is(GIB, intel(39), 0, (struct range){ 0x7000000000, 64 * GIB }, 0);
	ovmf_window_is(GIB, intel(36), 0, (struct range){ 0x800000000, 32 * GIB }, 0);
}

static void firmware_is_told_a_size_where_its_own_choice_does_not_do(void **state)
{
	(void)state;
	ovmf_window_is(GIB, amd(39), 200 * GIB, (struct range){ 0x4000000000, 256 * GIB }, 262144);
	ovmf_window_is(GIB, intel(39), 64 * GIB, (struct range){ 0x7000000000, 64 * GIB }, 0);
	ovmf_window_is(GIB, intel(39), 64 * GIB + 1, (struct range){ 128 * GIB, 128 * GIB }, 131072);
	ovmf_window_is(40 * GIB, intel(36), GIB, (struct range){ 56 * GIB, 8 * GIB }, 1024);
	ovmf_window_is(GIB, amd(46), 7 * TIB, (struct range){ 0x380000000000, 8 * TIB }, 0);
}

/* window_assign says so then, with all that was to go into it. */
static void what_cannot_fit_gets_the_window_that_firmware_would_choose(void **state)
{
	(void)state;
	ovmf_window_is(GIB, intel(36), 64 * GIB, (struct range){ 0x800000000, 32 * GIB }, 0);
	ovmf_window_is(GIB, intel(39), UINT64_MAX, (struct range){ 0x7000000000, 64 * GIB }, 0);
	ovmf_window_is(40 * GIB, intel(36), 0, (struct range){ 64 * GIB, 0 }, 0);
}

static void a_larger_need_moves_the_window_below_the_top_eighth(void **state)
{
	(void)state;
	struct layout l;
	window_is(GIB, 39, 64 * GIB, 64 * GIB, 64 * GIB);
	window_is(GIB, 40, 200 * GIB + 1, 128 * GIB, 201 * GIB);
	assert_int_equal(layout_ram(&l, 40 * GIB, NULL, 0, NULL), 0);
	assert_int_equal(layout_mmio64(&l, 36, 3 * GIB, NULL), 0);
	assert_range(l.mmio64, 60 * GIB, 4 * GIB);
}

static void a_window_that_cannot_fit_is_refused_with_the_sizes(void **state)
{
	(void)state;
	struct layout l;
	struct err err = { 0 };
	assert_int_equal(layout_ram(&l, 4 * GIB, NULL, 0, NULL), 0);
	assert_int_equal(layout_mmio64(&l, 36, 64 * GIB, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "64G"));
	assert_non_null(strstr(err.text, "58G"));
	assert_int_equal(layout_mmio64(&l, 47, UINT64_MAX, &err), -ENOSPC);
	assert_int_equal(layout_mmio64(&l, 36, UINT64_MAX - GIB, &err), -ENOSPC);
}

static void ram_beyond_the_address_bits_is_refused(void **state)
{
	(void)state;
	struct layout l;
	struct err err = { 0 };
	assert_int_equal(layout_ram(&l, 64 * GIB, NULL, 0, NULL), 0);
	assert_int_equal(layout_mmio64(&l, 36, 0, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "36 address bits"));
}

static void address_widths_that_no_processor_has_are_refused(void **state)
{
	(void)state;
	struct layout l;
	assert_int_equal(layout_ram(&l, GIB, NULL, 0, NULL), 0);
	assert_int_equal(layout_mmio64(&l, 35, 0, NULL), -EINVAL);
	assert_int_equal(layout_mmio64(&l, 53, 0, NULL), -EINVAL);
	assert_int_equal(layout_mmio64_ovmf(&l, &(struct layout_cpu){ 53, true, true }, 0, NULL),
			 -EINVAL);
}

/* Whatever the holes: RAM is complete, ascending, disjoint, aligned and clear of every hole. */
static void random_holes_never_meet_ram(void **state)
{
	(void)state;
	uint64_t seed = 12345;
	for (int round = 0; round < 2000; round++) {
		struct range holes[6];
		for (int i = 0; i < 6; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			holes[i] = (struct range){ 16 * MIB + (seed >> 20) % (24 * GIB),
						   (seed >> 40) % (2 * GIB) };
		}
		struct layout l;
		uint64_t memory = 16 * MIB + (seed >> 13) % (16 * GIB) / PAGE_4K * PAGE_4K,
			 next = 0;
		assert_int_equal(layout_ram(&l, memory, holes, 6, NULL), 0);
		assert_int_equal(total(&l), memory);
		for (unsigned i = 0; i < l.n_ram; i++) {
			assert_true(l.ram[i].size && l.ram[i].start >= next);
			assert_int_equal((l.ram[i].start | l.ram[i].size) % PAGE_4K, 0);
			next = l.ram[i].start + l.ram[i].size;
			for (int h = 0; h < 6; h++)
				assert_false(range_overlaps(l.ram[i], holes[h]));
		}
	}
}

/* --- memory of Intel's graphics --- */

static void it_is_memory_between_low_and_high_ram(void **state)
{
	(void)state;
	struct layout l;
	struct range all[LAYOUT_MAX_MEMORY];
	assert_int_equal(layout_ram(&l, 3 * GIB, NULL, 0, NULL), 0);
	assert_int_equal(layout_memory(&l, all), 2);
	assert_int_equal(layout_stolen(&l, NULL, 0, NULL), 0);
	assert_int_equal(layout_memory(&l, all), 3);
	assert_int_equal(all[1].start, 0xFC000000);
	assert_int_equal(all[1].size, 32 * MIB);
	assert_int_equal(all[2].start, 4 * GIB);
	assert_int_equal(l.n_ram, 2);
	assert_false(range_overlaps(l.mmio32, l.stolen));
	assert_true(l.stolen.start + l.stolen.size <= IOAPIC_BASE);
	assert_int_equal(layout_ram(&l, GIB, NULL, 0, NULL), 0);
	assert_int_equal(layout_stolen(&l, NULL, 0, NULL), 0);
	assert_int_equal(layout_memory(&l, all), 2);
	assert_int_equal(all[1].start, 0xFC000000);
}

static void it_is_refused_where_the_iommu_reserves_its_place(void **state)
{
	(void)state;
	struct layout l;
	struct err err = { 0 };
	const struct range holes[] = { { 0xFEE00000, MIB }, { 0xFDF00000, MIB } };
	assert_int_equal(layout_ram(&l, GIB, holes, 2, NULL), 0);
	assert_int_equal(layout_stolen(&l, holes, 2, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "0xfdf00000"));
	assert_int_equal(l.stolen.size, 0);
	assert_int_equal(layout_stolen(&l, holes, 1, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_guest_has_one_piece_of_ram_from_zero),
		cmocka_unit_test(memory_beyond_two_gib_continues_at_four),
		cmocka_unit_test(exactly_two_gib_stays_below_four),
		cmocka_unit_test(a_low_hole_lowers_the_top_instead_of_splitting),
		cmocka_unit_test(the_lowest_of_several_low_holes_counts_in_any_order),
		cmocka_unit_test(a_hole_where_no_ram_goes_changes_nothing),
		cmocka_unit_test(a_hole_below_16_mib_is_refused_with_its_address),
		cmocka_unit_test(a_high_hole_splits_ram_at_large_page_boundaries),
		cmocka_unit_test(overlapping_and_touching_high_holes_are_one),
		cmocka_unit_test(a_hole_that_starts_below_four_gib_moves_high_ram_up),
		cmocka_unit_test(ram_steps_over_the_hypertransport_hole),
		cmocka_unit_test(more_pieces_than_the_table_holds_are_refused),
		cmocka_unit_test(memory_without_room_below_52_bits_is_refused),
		cmocka_unit_test(too_little_or_ragged_memory_is_refused),
		cmocka_unit_test(the_window_is_where_ovmf_puts_it),
		cmocka_unit_test(firmware_chooses_by_width_vendor_and_page_size),
		cmocka_unit_test(firmware_is_told_a_size_where_its_own_choice_does_not_do),
		cmocka_unit_test(what_cannot_fit_gets_the_window_that_firmware_would_choose),
		cmocka_unit_test(a_larger_need_moves_the_window_below_the_top_eighth),
		cmocka_unit_test(a_window_that_cannot_fit_is_refused_with_the_sizes),
		cmocka_unit_test(ram_beyond_the_address_bits_is_refused),
		cmocka_unit_test(address_widths_that_no_processor_has_are_refused),
		cmocka_unit_test(random_holes_never_meet_ram),
		cmocka_unit_test(it_is_memory_between_low_and_high_ram),
		cmocka_unit_test(it_is_refused_where_the_iommu_reserves_its_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
