/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/e820.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

static struct e820 built(uint64_t memory, const struct range *holes, size_t n)
{
	struct layout layout;
	struct e820 map;
	assert_int_equal(layout_ram(&layout, memory, holes, n, NULL), 0);
	e820_build(&map, &layout, ECAM_BASE);
	return map;
}

static void assert_entry(const struct e820 *map, unsigned i, uint64_t from, uint64_t to,
			 enum e820_type type)
{
	assert_true(i < map->n);
	assert_int_equal(map->at[i].addr, from);
	assert_int_equal(map->at[i].addr + map->at[i].size, to);
	assert_int_equal(map->at[i].type, type);
}

static void low_memory_is_cut_where_a_pc_has_its_legacy_area(void **state)
{
	(void)state;
	struct e820 map = built(GIB, NULL, 0);
	assert_entry(&map, 0, 0, 0x9FC00, E820_RAM);
	assert_entry(&map, 1, 0x9FC00, 0xA0000, E820_RESERVED);
	assert_entry(&map, 2, 0xE0000, 0x100000, E820_RESERVED);
	assert_entry(&map, 3, 0x100000, GIB, E820_RAM);
	assert_entry(&map, 4, 0xB0000000, 0xC0000000, E820_RESERVED);
	assert_entry(&map, 5, 0xFEFFC000, 0xFF000000, E820_RESERVED);
	assert_int_equal(map.n, 6);
}

static void high_memory_follows_at_four_gib(void **state)
{
	(void)state;
	struct e820 map = built(3 * GIB, NULL, 0);
	assert_entry(&map, 3, 0x100000, 2 * GIB, E820_RAM);
	assert_entry(&map, 6, 4 * GIB, 5 * GIB, E820_RAM);
	assert_int_equal(map.n, 7);
}

static void a_map_of_the_most_pieces_is_complete_ascending_and_disjoint(void **state)
{
	(void)state;
	struct range holes[LAYOUT_MAX_RAM - 2];
	for (unsigned i = 0; i < ARRAY_LEN(holes); i++)
		holes[i] = (struct range){ 4 * GIB + (2 * i + 1) * 4 * MIB, 4 * MIB };
	struct e820 map = built(4 * GIB, holes, ARRAY_LEN(holes));
	assert_int_equal(map.n, E820_MAX - 2);
	uint64_t next = 0, ram = 0;
	for (unsigned i = 0; i < map.n; i++) {
		assert_true(map.at[i].addr >= next && map.at[i].size);
		next = map.at[i].addr + map.at[i].size;
		ram += map.at[i].type == E820_RAM ? map.at[i].size : 0;
	}
	assert_int_equal(ram, 4 * GIB - (MIB - E820_LOW_END));
}

static void memory_of_the_graphics_is_reserved(void **state)
{
	(void)state;
	struct layout layout;
	struct e820 map;
	assert_int_equal(layout_ram(&layout, 3 * GIB, NULL, 0, NULL), 0);
	assert_int_equal(layout_stolen(&layout, NULL, 0, NULL), 0);
	e820_build(&map, &layout, ECAM_BASE);
	assert_entry(&map, 5, 0xFC000000, 0xFE000000, E820_RESERVED);
	assert_entry(&map, 6, 0xFEFFC000, 0xFF000000, E820_RESERVED);
	assert_int_equal(map.n, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(low_memory_is_cut_where_a_pc_has_its_legacy_area),
		cmocka_unit_test(high_memory_follows_at_four_gib),
		cmocka_unit_test(memory_of_the_graphics_is_reserved),
		cmocka_unit_test(a_map_of_the_most_pieces_is_complete_ascending_and_disjoint),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
