/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bytes.h"

#define TOP UINT64_MAX

static void inside_never_overflows(void **state)
{
	(void)state;
	assert_true(inside(0, 0, 0));
	assert_true(inside(4, 4, 8));
	assert_true(inside(8, 0, 8));
	assert_false(inside(8, 1, 8));
	assert_false(inside(9, 0, 8));
	assert_false(inside(TOP, 2, 8));
	assert_false(inside(2, TOP, 8));
	assert_true(inside(0, TOP, TOP));
	assert_false(inside(1, TOP, TOP));
}

/* Against a bitmap of a small space, every pair of ranges in it. */
static void overlap_and_containment_agree_with_counting(void **state)
{
	(void)state;
	for (unsigned a = 0; a < 6; a++)
		for (unsigned an = 0; a + an <= 6; an++)
			for (unsigned b = 0; b < 6; b++)
				for (unsigned bn = 0; b + bn <= 6; bn++) {
					unsigned in_a = ((1u << an) - 1) << a,
						 in_b = ((1u << bn) - 1) << b;
					struct range ra = { a, an }, rb = { b, bn };
					assert_int_equal(range_overlaps(ra, rb),
							 (in_a & in_b) != 0);
					if (bn)
						assert_int_equal(range_contains(ra, b, bn),
								 !(in_b & ~in_a));
				}
}

static void ranges_up_to_the_last_address_work(void **state)
{
	(void)state;
	struct range top = { TOP - 0xfff, 0x1000 }, below = { TOP - 0x1fff, 0x1000 };
	assert_true(range_last(top) == TOP);
	assert_false(range_overlaps(top, below));
	assert_true(range_overlaps(top, (struct range){ TOP, 1 }));
	assert_true(range_contains(top, TOP, 1));
	assert_false(range_contains(top, TOP, 2));
	assert_false(range_contains(top, 0, 1));
	assert_false(range_contains(below, TOP - 0x1000, 2));
}

static void little_endian_bytes_read_back_at_any_alignment(void **state)
{
	(void)state;
	uint8_t buf[16] = { 0 };
	le_put(buf + 1, 8, UINT64_C(0x0123456789abcdef));
	assert_int_equal(buf[1], 0xef);
	assert_int_equal(buf[8], 0x01);
	assert_true(le64_get(buf + 1) == UINT64_C(0x0123456789abcdef));
	assert_int_equal(le32_get(buf + 3), 0x456789ab);
	assert_int_equal(le16_get(buf + 7), 0x0123);
	le_put(buf, 9, 0); /* no such size: nothing happens */
	assert_int_equal(buf[1], 0xef);
	assert_int_equal(le_get(buf, 9), 0);
}

static void all_ones_has_the_width_asked_for(void **state)
{
	(void)state;
	assert_int_equal(all_ones(1), 0xff);
	assert_int_equal(all_ones(2), 0xffff);
	assert_int_equal(all_ones(4), 0xffffffff);
	assert_true(all_ones(8) == TOP);
}

static void powers_of_two_round_up_or_do_not_fit(void **state)
{
	(void)state;
	assert_int_equal(pow2_ceil(0), 1);
	assert_int_equal(pow2_ceil(1), 1);
	assert_int_equal(pow2_ceil(3), 4);
	assert_int_equal(pow2_ceil(4096), 4096);
	assert_true(pow2_ceil(UINT64_C(1) << 63) == UINT64_C(1) << 63);
	assert_int_equal(pow2_ceil((UINT64_C(1) << 63) + 1), 0);
	assert_true(is_pow2(1) && is_pow2(UINT64_C(1) << 63));
	assert_false(is_pow2(0) || is_pow2(3));
	assert_int_equal(align_up(4097, 4096), 8192);
	assert_int_equal(align_up(4096, 4096), 4096);
	assert_int_equal(align_down(8191, 4096), 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inside_never_overflows),
		cmocka_unit_test(overlap_and_containment_agree_with_counting),
		cmocka_unit_test(ranges_up_to_the_last_address_work),
		cmocka_unit_test(little_endian_bytes_read_back_at_any_alignment),
		cmocka_unit_test(all_ones_has_the_width_asked_for),
		cmocka_unit_test(powers_of_two_round_up_or_do_not_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
