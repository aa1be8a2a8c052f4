/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/debugcon.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "fake/tempdir.h"

static struct tempdir dir;
static struct debugcon con;
static struct err err;

static int begin(void **state)
{
	(void)state;
	if (tempdir_make(&dir) || tempdir_write(&dir, "log", "of the last run", 15))
		return -1;
	return debugcon_init(&con, tempdir_path(&dir, "log"), &err);
}

static int end(void **state)
{
	(void)state;
	debugcon_fini(&con);
	tempdir_remove(&dir);
	return 0;
}

static void say(const char *text)
{
	for (; *text; text++)
		debugcon_ops.write(&con, 0, 1, (uint8_t)*text);
}

static void log_is(const char *expected)
{
	char text[64];
	assert_true(file_read(dir.fd, "log", text, sizeof(text)) >= 0);
	assert_string_equal(text, expected);
}

static void firmware_hears_that_somebody_listens(void **state)
{
	(void)state;
	assert_int_equal(debugcon_ops.read(&con, 0, 1), 0xE9);
}

static void a_line_is_in_the_file_when_it_ends_and_the_rest_at_the_end(void **state)
{
	(void)state;
	say("PEI");
	log_is("");
	say(" phase\nDXE");
	log_is("PEI phase");
	debugcon_fini(&con);
	log_is("PEI phase\nDXE");
	debugcon_fini(&con);
}

static void the_file_does_not_grow_for_ever(void **state)
{
	(void)state;
	struct stat st;
	con.written = DEBUGCON_MAX - 3;
	say("1234567\nmore\n");
	assert_int_equal(con.written, DEBUGCON_MAX);
	assert_int_equal(stat(tempdir_path(&dir, "log"), &st), 0);
	assert_int_equal(st.st_size, 3);
}

static void a_line_without_an_end_is_cut(void **state)
{
	(void)state;
	struct stat st;
	for (unsigned i = 0; i < 3 * DEBUGCON_LINE; i++)
		debugcon_ops.write(&con, 0, 1, 'x');
	assert_int_equal(stat(tempdir_path(&dir, "log"), &st), 0);
	assert_int_equal(st.st_size, 3 * DEBUGCON_LINE);
}

static void a_file_that_cannot_be_made_is_named(void **state)
{
	(void)state;
	struct debugcon other;
	assert_int_equal(debugcon_init(&other, "/nonexistent/log", &err), -ENOENT);
	assert_string_equal(err.text, "firmware.log: /nonexistent/log: No such file or directory");
	debugcon_fini(&other);
	debugcon_fini(&(struct debugcon){ 0 });
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(firmware_hears_that_somebody_listens),
		TEST(a_line_is_in_the_file_when_it_ends_and_the_rest_at_the_end),
		TEST(the_file_does_not_grow_for_ever),
		TEST(a_line_without_an_end_is_cut),
		TEST(a_file_that_cannot_be_made_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
