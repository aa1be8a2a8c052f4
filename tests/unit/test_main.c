/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The program itself, under another name. */
int bulkhead_main(int argc, char **argv);
#define main bulkhead_main
#include "main.c"
#undef main

#include "fake/capture.h"

static struct capture said;

static int call(const char *a, const char *b, const char *c)
{
	char *argv[] = { (char *)(uintptr_t)"bulkhead", (char *)(uintptr_t)a, (char *)(uintptr_t)b,
			 (char *)(uintptr_t)c, NULL };
	int argc = 1;
	while (argv[argc])
		argc++;
	capture_begin(&said);
	int status = bulkhead_main(argc, argv);
	capture_end(&said);
	return status;
}

static void no_command_lists_them_as_a_usage_error(void **state)
{
	(void)state;
	assert_int_equal(call(NULL, NULL, NULL), CLI_USAGE);
	assert_string_equal(said.out, "");
	for (int i = 0; i < N_COMMANDS; i++)
		assert_non_null(strstr(said.err, commands[i].name));
}

static void help_lists_or_describes(void **state)
{
	(void)state;
	static const char *const forms[] = { "help", "--help", "-h" };
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(call(forms[i], NULL, NULL), CLI_OK);
		assert_non_null(strstr(said.out, "\n  check       print what run would do"));
		assert_string_equal(said.err, "");
	}
	assert_int_equal(call("help", "run", NULL), CLI_OK);
	assert_non_null(strstr(said.out, "Usage: bulkhead run [OPTION]... PROFILE\n"));
	assert_int_equal(call("help", "runn", NULL), CLI_USAGE);
	assert_string_equal(said.err, "bulkhead: unknown command 'runn'; did you mean 'run'?\n"
				      "Try 'bulkhead help'.\n");
}

static void a_mistyped_command_names_its_neighbour(void **state)
{
	(void)state;
	assert_int_equal(call("chek", NULL, NULL), CLI_USAGE);
	assert_string_equal(said.err, "bulkhead: unknown command 'chek'; did you mean 'check'?\n"
				      "Try 'bulkhead help'.\n");
	assert_int_equal(call("frobnicate", NULL, NULL), CLI_USAGE);
	assert_string_equal(said.err, "bulkhead: unknown command 'frobnicate'\n"
				      "Try 'bulkhead help'.\n");
}

static void version_is_the_builds(void **state)
{
	(void)state;
	assert_int_equal(call("--version", NULL, NULL), CLI_OK);
	assert_string_equal(said.out, "bulkhead " BULKHEAD_VERSION "\n");
}

static void every_command_is_reached_under_its_name(void **state)
{
	(void)state;
	for (int i = 0; i < N_COMMANDS; i++) {
		char usage[64];
		snprintf(usage, sizeof(usage), "Usage: bulkhead %s ", commands[i].name);
		assert_int_equal(call(commands[i].name, "--help", NULL), CLI_OK);
		assert_memory_equal(said.out, usage, strlen(usage));
	}
	assert_int_equal(call("profile", "reference", NULL), CLI_OK);
	assert_non_null(strstr(said.out, "### `memory`"));
}

static void output_that_could_not_be_written_is_a_failure(void **state)
{
	(void)state;
	FILE *full = fopen("/dev/full", "we");
	if (!full)
		skip();
	char *argv[] = { (char *)(uintptr_t)"bulkhead", (char *)(uintptr_t)"help", NULL };
	fflush(stdout);
	int saved = dup(STDOUT_FILENO);
	dup2(fileno(full), STDOUT_FILENO);
	int status = bulkhead_main(2, argv);
	clearerr(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	fclose(full);
	assert_int_equal(status, CLI_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_command_lists_them_as_a_usage_error),
		cmocka_unit_test(help_lists_or_describes),
		cmocka_unit_test(a_mistyped_command_names_its_neighbour),
		cmocka_unit_test(version_is_the_builds),
		cmocka_unit_test(every_command_is_reached_under_its_name),
		cmocka_unit_test(output_that_could_not_be_written_is_a_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
