/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/bdf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bytes.h"

static void an_address_reads_with_and_without_its_domain(void **state)
{
	(void)state;
	struct bdf b;
	assert_int_equal(bdf_parse("0000:01:00.0", &b), 0);
	assert_true(bdf_equal(b, (struct bdf){ 0, 1, 0, 0 }));
	assert_int_equal(bdf_parse("fF:1f.7", &b), 0);
	assert_true(bdf_equal(b, (struct bdf){ 0, 0xff, 31, 7 }));
	assert_int_equal(bdf_parse("10000:e0:06.1", &b), 0);
	assert_true(bdf_equal(b, (struct bdf){ 0x10000, 0xe0, 6, 1 }));
	assert_int_equal(bdf_parse("ffffffff:00:00.0", &b), 0);
	assert_int_equal(b.domain, 0xffffffff);
}

static void anything_else_is_no_address(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",
		":",
		"::.",
		"01:00",
		"01.0",
		"1:00.0",
		"01:0.0",
		"01:00.",
		"01:20.0",
		"01:00.8",
		"000:01:00.0",
		"0000:1:00.0",
		"0000:01:00.0 ",
		" 01:00.0",
		"0000:01:00.00",
		"01:00:0.0",
		"100000000:01:00.0",
		"0x00:01:00.0",
		"-000:01:00.0",
		"0000::01:00.0",
		"0000:01:00:0",
		"00 0:01:00.0",
		"0000:01:00.0.0",
		"g000:01:00.0",
		"0000:01",
		"01:00.0:",
	};
	struct bdf b = { 9, 9, 9, 7 };
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		if (bdf_parse(wrong[i], &b) != -EINVAL)
			fail_msg("'%s' was taken for an address", wrong[i]);
	assert_true(bdf_equal(b, (struct bdf){ 9, 9, 9, 7 }));
}

static void text_and_address_are_inverses(void **state)
{
	(void)state;
	static const uint32_t domains[] = { 0, 1, 0xffff, 0x10000, 0xffffffff };
	for (size_t d = 0; d < ARRAY_LEN(domains); d++) {
		for (unsigned rid = 0; rid < 0x10000; rid += 7) {
			struct bdf b = { domains[d], (uint8_t)(rid >> 8), rid >> 3 & 31, rid & 7 },
				   back;
			assert_int_equal(bdf_parse(bdf_text(b).s, &back), 0);
			assert_true(bdf_equal(b, back));
			assert_int_equal(bdf_rid(b), rid);
		}
	}
	assert_string_equal(bdf_text((struct bdf){ 0, 1, 2, 3 }).s, "0000:01:02.3");
	assert_string_equal(bdf_text((struct bdf){ 0xabcdef01, 1, 2, 3 }).s, "abcdef01:01:02.3");
}

static void the_order_is_domain_bus_device_function(void **state)
{
	(void)state;
	static const struct bdf ascending[] = {
		{ 0, 0, 0, 0 },    { 0, 0, 0, 7 }, { 0, 0, 31, 0 },         { 0, 1, 0, 0 },
		{ 0, 255, 31, 7 }, { 1, 0, 0, 0 }, { 0xffffffff, 0, 0, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(ascending); i++) {
		for (size_t j = 0; j < ARRAY_LEN(ascending); j++) {
			int order = bdf_compare(ascending[i], ascending[j]);
			assert_int_equal(order < 0, i < j);
			assert_int_equal(order > 0, i > j);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_reads_with_and_without_its_domain),
		cmocka_unit_test(anything_else_is_no_address),
		cmocka_unit_test(text_and_address_are_inverses),
		cmocka_unit_test(the_order_is_domain_bus_device_function),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
