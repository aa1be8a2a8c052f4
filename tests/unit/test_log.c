/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char captured[1 << 16];
static int saved_stderr, memory_file;

static void capture_begin(void)
{
	memory_file = memfd_create("log", MFD_CLOEXEC);
	saved_stderr = dup(STDERR_FILENO);
	dup2(memory_file, STDERR_FILENO);
}

static const char *capture_end(void)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	ssize_t n = pread(memory_file, captured, sizeof(captured) - 1, 0);
	captured[n > 0 ? n : 0] = 0;
	close(memory_file);
	return captured;
}

static unsigned count_lines(const char *text)
{
	unsigned n = 0;
	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static int reset(void **state)
{
	(void)state;
	log_set_level(LOG_WARN);
	log_set_raw_terminal(false);
	return 0;
}

static void a_line_names_the_program_and_its_level(void **state)
{
	(void)state;
	capture_begin();
	log_error("vector %u", 3u);
	log_warn("slow");
	assert_string_equal(capture_end(), "bulkhead: error: vector 3\nbulkhead: warning: slow\n");
}

static void levels_above_the_set_one_are_silent(void **state)
{
	(void)state;
	capture_begin();
	log_info("not shown");
	log_debug("not shown");
	log_set_level(LOG_DEBUG);
	log_info("shown");
	log_debug("shown");
	assert_string_equal(capture_end(), "bulkhead: info: shown\nbulkhead: debug: shown\n");
}

static void a_raw_terminal_gets_carriage_returns(void **state)
{
	(void)state;
	capture_begin();
	log_set_raw_terminal(true);
	log_error("x");
	assert_string_equal(capture_end(), "bulkhead: error: x\r\n");
}

/* Starts just after a second began, so that the burst does not straddle two. */
static void wait_for_a_new_second(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	time_t then = now.tv_sec;
	while (now.tv_sec == then) {
		usleep(1000);
		clock_gettime(CLOCK_MONOTONIC, &now);
	}
}

static void one_site_cannot_fill_a_disk_and_the_loss_is_counted(void **state)
{
	(void)state;
	struct log_site site = { 0 };
	wait_for_a_new_second();
	capture_begin();
	for (int i = 0; i < 1000; i++)
		log_line(&site, LOG_ERROR, "again");
	assert_int_equal(count_lines(capture_end()), LOG_SITE_MAX);
	wait_for_a_new_second();
	capture_begin();
	log_line(&site, LOG_ERROR, "again");
	log_line(&site, LOG_ERROR, "again");
	assert_string_equal(
		capture_end(),
		"bulkhead: error: again (990 like it not shown)\nbulkhead: error: again\n");
}

static void sites_do_not_share_their_limit(void **state)
{
	(void)state;
	struct log_site one = { 0 }, other = { 0 };
	capture_begin();
	for (int i = 0; i < LOG_SITE_MAX; i++)
		log_line(&one, LOG_ERROR, "one");
	log_line(&other, LOG_ERROR, "other");
	assert_non_null(strstr(capture_end(), "other"));
}

static void an_overlong_line_is_cut_and_still_ends(void **state)
{
	(void)state;
	char text[5000];
	struct log_site site = { 0 };
	for (size_t n = 1150; n < 1300; n++) {
		memset(text, 'x', n);
		text[n] = 0;
		memset(&site, 0, sizeof(site));
		atomic_store(&site.dropped, 2000000000); /* the longest note that can follow */
		capture_begin();
		log_line(&site, LOG_WARN, "%s", text);
		const char *line = capture_end();
		assert_int_equal(count_lines(line), 1);
		assert_int_equal(line[strlen(line) - 1], '\n');
		assert_non_null(strstr(line, " (2000000000 like it not shown)\n"));
	}
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	memset(&site, 0, sizeof(site));
	capture_begin();
	log_line(&site, LOG_WARN, "%s", text);
	const char *line = capture_end();
	assert_int_equal(line[strlen(line) - 1], '\n');
	assert_true(strlen(line) < 1281);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_line_names_the_program_and_its_level, reset),
		cmocka_unit_test_setup(levels_above_the_set_one_are_silent, reset),
		cmocka_unit_test_setup(a_raw_terminal_gets_carriage_returns, reset),
		cmocka_unit_test_setup(one_site_cannot_fill_a_disk_and_the_loss_is_counted, reset),
		cmocka_unit_test_setup(sites_do_not_share_their_limit, reset),
		cmocka_unit_test_setup(an_overlong_line_is_cut_and_still_ends, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
