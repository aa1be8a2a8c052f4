/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void set_replaces_the_text_and_returns_the_code(void **state)
{
	(void)state;
	struct err err = { 0 };
	assert_int_equal(err_set(&err, -EBUSY, "group %u is %s", 7u, "busy"), -EBUSY);
	assert_string_equal(err.text, "group 7 is busy");
	assert_int_equal(err.code, -EBUSY);
	assert_int_equal(err_set(&err, -EINVAL, "no"), -EINVAL);
	assert_string_equal(err.text, "no");
	assert_int_equal(err.code, -EINVAL);
}

static void errno_appends_the_meaning(void **state)
{
	(void)state;
	struct err err = { 0 };
	assert_int_equal(err_errno(&err, -ENOENT, "/dev/kvm"), -ENOENT);
	assert_string_equal(err.text, "/dev/kvm: No such file or directory");
	assert_int_equal(err.code, -ENOENT);
}

static void prefix_and_hint_surround_what_was_set(void **state)
{
	(void)state;
	struct err err = { 0 };
	err_set(&err, -EPERM, "not allowed");
	err_prefix(&err, "profile '%s'", "demo");
	err_hint(&err, "run as %s", "root");
	assert_string_equal(err.text, "profile 'demo': not allowed; run as root");
	assert_int_equal(err.code, -EPERM);
}

static void no_err_to_fill_still_returns_the_code(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, -EIO, "x"), -EIO);
	assert_int_equal(err_errno(NULL, -EIO, "x"), -EIO);
	err_prefix(NULL, "x");
	err_hint(NULL, "x");
}

static void fill(struct err *err, size_t n)
{
	char text[ERR_TEXT_MAX] = { 0 };
	memset(text, 'x', n);
	err_set(err, -EIO, "%s", text);
}

/* Every length around the end of the text, under the address sanitizer. */
static void overlong_texts_are_cut_and_terminated(void **state)
{
	(void)state;
	char longer[2 * ERR_TEXT_MAX];
	memset(longer, 'y', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	struct err err = { 0 };
	for (size_t n = ERR_TEXT_MAX - 8; n < ERR_TEXT_MAX; n++) {
		fill(&err, n);
		err_hint(&err, "%s", longer);
		assert_true(strnlen(err.text, ERR_TEXT_MAX) < ERR_TEXT_MAX);
		fill(&err, n);
		err_prefix(&err, "head");
		assert_memory_equal(err.text, "head: x", 7);
		assert_true(strnlen(err.text, ERR_TEXT_MAX) < ERR_TEXT_MAX);
		fill(&err, n);
		err_errno(&err, -EIO, "%s", err.text[0] == 'x' ? longer + n : "");
		assert_true(strnlen(err.text, ERR_TEXT_MAX) < ERR_TEXT_MAX);
	}
	err_set(&err, -EIO, "%s", longer);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
	err_prefix(&err, "%s", longer);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_replaces_the_text_and_returns_the_code),
		cmocka_unit_test(errno_appends_the_meaning),
		cmocka_unit_test(prefix_and_hint_surround_what_was_set),
		cmocka_unit_test(no_err_to_fill_still_returns_the_code),
		cmocka_unit_test(overlong_texts_are_cut_and_terminated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
