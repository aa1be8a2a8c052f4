/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/parse.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

static void numbers_are_decimal_or_hexadecimal_and_whole(void **state)
{
	(void)state;
	uint64_t v = 77;
	assert_int_equal(parse_u64("0", &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(parse_u64("010", &v), 0);
	assert_int_equal(v, 10);
	assert_int_equal(parse_u64("0xfF", &v), 0);
	assert_int_equal(v, 255);
	assert_int_equal(parse_u64("18446744073709551615", &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(parse_u64("0xffffffffffffffff", &v), 0);
	assert_true(v == UINT64_MAX);
}

static void what_is_no_number_leaves_the_result_alone(void **state)
{
	(void)state;
	static const char *const wrong[] = { "",    " 1", "1 ", "+1",   "-1",  "0x",
					     "0xg", "1k", "x1", "0x-1", "1\n", "0x 1" };
	uint64_t v = 77;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(parse_u64(wrong[i], &v), -EINVAL);
	assert_int_equal(parse_u64("18446744073709551616", &v), -ERANGE);
	assert_int_equal(parse_u64("0x10000000000000000", &v), -ERANGE);
	assert_int_equal(v, 77);
}

static void sizes_take_one_suffix_of_either_case(void **state)
{
	(void)state;
	uint64_t v = 77;
	assert_int_equal(parse_size("512", &v), 0);
	assert_int_equal(v, 512);
	assert_int_equal(parse_size("4k", &v), 0);
	assert_int_equal(v, 4 * KIB);
	assert_int_equal(parse_size("1536M", &v), 0);
	assert_int_equal(v, 1536 * MIB);
	assert_int_equal(parse_size("0x10G", &v), 0);
	assert_int_equal(v, 16 * GIB);
	assert_int_equal(parse_size("2t", &v), 0);
	assert_int_equal(v, 2 * TIB);
	assert_int_equal(parse_size("0T", &v), 0);
	assert_int_equal(v, 0);
}

static void sizes_that_do_not_fit_or_parse_are_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "G", "1GB", "1 G", "1P", "-1G", "1GG", "1.5G" };
	uint64_t v = 77;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(parse_size(wrong[i], &v), -EINVAL);
	assert_int_equal(parse_size("16777216T", &v), -ERANGE);
	assert_int_equal(parse_size("18446744073709551615K", &v), -ERANGE);
	assert_int_equal(parse_size("18446744073709551616", &v), -ERANGE);
	assert_int_equal(v, 77);
	assert_int_equal(parse_size("16777215T", &v), 0);
	assert_true(v == 16777215 * TIB);
}

static void a_size_as_text_reads_back(void **state)
{
	(void)state;
	assert_string_equal(size_text(0).s, "0");
	assert_string_equal(size_text(1023).s, "1023");
	assert_string_equal(size_text(1536 * MIB).s, "1536M");
	assert_string_equal(size_text(GIB).s, "1G");
	assert_string_equal(size_text(4096 * TIB).s, "4096T");
	for (unsigned bit = 0; bit < 64; bit++) {
		for (int delta = -1; delta <= 1; delta++) {
			uint64_t size = (UINT64_C(1) << bit) + (uint64_t)(int64_t)delta, back = 0;
			assert_int_equal(parse_size(size_text(size).s, &back), 0);
			assert_true(back == size);
		}
	}
}

static void a_pci_id_is_four_and_four_digits(void **state)
{
	(void)state;
	static const char *const wrong[] = { "",          "8086:10c",  "8086:10caf", "808:610ca",
					     "8086-10ca", "8086:10cg", "0x86:10ca",  "+086:10ca",
					     "8086: 0ca", "8086:10ca " };
	uint16_t vendor = 1, device = 2;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(parse_pci_id(wrong[i], &vendor, &device), -EINVAL);
	assert_int_equal(vendor, 1);
	assert_int_equal(device, 2);
	assert_int_equal(parse_pci_id("1B36:00fF", &vendor, &device), 0);
	assert_int_equal(vendor, 0x1b36);
	assert_int_equal(device, 0x00ff);
}

static void the_nearest_candidate_wins_and_ties_go_to_the_first(void **state)
{
	(void)state;
	static const char *const keys[] = { "memory", "group", "groups", "boot" };
	assert_string_equal(near_match("gruop", keys, 4), "group");
	assert_string_equal(near_match("groupss", keys, 4), "groups");
	assert_string_equal(near_match("memroy", keys, 4), "memory");
	assert_string_equal(near_match("bot", keys, 4), "boot");
	static const char *const tie[] = { "ab1", "ab2" };
	assert_string_equal(near_match("ab3", tie, 2), "ab1");
}

static void nothing_near_is_no_suggestion(void **state)
{
	(void)state;
	static const char *const keys[] = { "memory", "x", "yz" };
	assert_null(near_match("vcpus", keys, 3));
	assert_null(near_match("", keys, 3));
	assert_null(near_match("q", keys, 3));
	assert_null(near_match("memory", keys, 0));
}

static void words_of_any_length_are_compared_in_bounded_time(void **state)
{
	(void)state;
	enum { LEN = 16 << 20 };
	char *word = malloc(LEN + 1), candidate[200];
	memset(word, 'a', LEN);
	word[LEN] = 0;
	memset(candidate, 'a', sizeof(candidate) - 1);
	candidate[sizeof(candidate) - 1] = 0;
	const char *const one[] = { candidate };
	assert_null(near_match(word, one, 1));
	word[60] = 0;
	assert_null(near_match(word, one, 1));
	candidate[63] = 0;
	assert_ptr_equal(near_match(word, one, 1), candidate);
	free(word);
}

static bool have(const char *text, const char *word)
{
	return words_have(text, text + strlen(text), word);
}

static void a_word_is_found_between_blanks_alone(void **state)
{
	(void)state;
	assert_true(have("quiet iommu=off\n", "iommu=off"));
	assert_true(have("  quiet", "quiet"));
	assert_false(have("quieter", "quiet"));
	assert_false(have("xiommu=off", "iommu=off"));
	assert_false(have("", "quiet"));
	assert_true(have("a=b a=", "a="));
	assert_true(have("a=", "a="));
	assert_false(have("xa=b", "a="));
	const char *text = "one two";
	assert_false(words_have(text, text + 3, "two"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_decimal_or_hexadecimal_and_whole),
		cmocka_unit_test(what_is_no_number_leaves_the_result_alone),
		cmocka_unit_test(sizes_take_one_suffix_of_either_case),
		cmocka_unit_test(sizes_that_do_not_fit_or_parse_are_refused),
		cmocka_unit_test(a_size_as_text_reads_back),
		cmocka_unit_test(a_pci_id_is_four_and_four_digits),
		cmocka_unit_test(the_nearest_candidate_wins_and_ties_go_to_the_first),
		cmocka_unit_test(nothing_near_is_no_suggestion),
		cmocka_unit_test(words_of_any_length_are_compared_in_bounded_time),
		cmocka_unit_test(a_word_is_found_between_blanks_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
