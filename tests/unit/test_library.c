/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/library.h"

#define FUNCTIONS(F) F(strlen) F(strcmp)
static const char *const names[] = { FUNCTIONS(LIBRARY_NAME) };
struct functions {
	FUNCTIONS(LIBRARY_FIELD)
};

static void functions_arrive_in_the_order_of_their_names(void **state)
{
	struct library libc = { "libc.so.6", "libc6", "a test", names, 2 };
	struct functions fn = { 0 };
	(void)state;
	assert_int_equal(library_load(&libc, &fn, NULL), 0);
	assert_int_equal(fn.strlen("four"), 4);
	assert_int_equal(fn.strcmp("a", "a"), 0);
}

static void a_missing_library_says_who_needs_it_and_which_package_has_it(void **state)
{
	struct library none = { "libnone.so.7", "libnone7", "a test", names, 2 };
	struct functions fn;
	struct err err = { 0 };
	(void)state;
	assert_int_equal(library_load(&none, &fn, &err), -ENOENT);
	assert_string_equal(err.text, "a test needs libnone.so.7: install the package libnone7");
}

static void a_missing_function_is_named(void **state)
{
	static const char *const odd[] = { "strlen", "no_such_function" };
	struct library libc = { "libc.so.6", "libc6", "a test", odd, 2 };
	struct functions fn;
	struct err err = { 0 };
	(void)state;
	assert_int_equal(library_load(&libc, &fn, &err), -ENOENT);
	assert_string_equal(err.text, "libc.so.6 has no function no_such_function");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_arrive_in_the_order_of_their_names),
		cmocka_unit_test(a_missing_library_says_who_needs_it_and_which_package_has_it),
		cmocka_unit_test(a_missing_function_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
