/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void pieces_follow_each_other(void **state)
{
	(void)state;
	char buf[32];
	struct text text = text_in(buf, sizeof(buf));
	assert_string_equal(buf, "");
	text_put(&text, "%s %d", "slot", 3);
	text_put(&text, ", %c", 'x');
	assert_string_equal(buf, "slot 3, x");
	assert_int_equal(text.n, strlen(buf));
	assert_false(text.cut);
}

static void what_does_not_fit_is_cut_and_noted(void **state)
{
	(void)state;
	for (size_t size = 1; size < 12; size++) {
		char buf[16];
		memset(buf, '#', sizeof(buf));
		struct text text = text_in(buf, size);
		text_put(&text, "0123");
		text_put(&text, "4567");
		text_put(&text, "89");
		assert_int_equal(text.cut, size < 11);
		assert_int_equal(strlen(buf), size < 11 ? size - 1 : 10);
		assert_memory_equal(buf, "0123456789", strlen(buf));
		assert_int_equal(buf[size], '#');
	}
}

static void a_full_text_stays_as_it_is(void **state)
{
	(void)state;
	char buf[4];
	struct text text = text_in(buf, sizeof(buf));
	text_put(&text, "abcdef");
	text_put(&text, "g");
	text_put(&text, "%s", "");
	assert_string_equal(buf, "abc");
	assert_true(text.cut);
}

static void control_characters_become_plain(void **state)
{
	(void)state;
	char text[] = "a\033[0m b\nc\177\tümlaut";
	text_plain(text);
	assert_string_equal(text, "a?[0m b?c??ümlaut");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_follow_each_other),
		cmocka_unit_test(what_does_not_fit_is_cut_and_noted),
		cmocka_unit_test(a_full_text_stays_as_it_is),
		cmocka_unit_test(control_characters_become_plain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
