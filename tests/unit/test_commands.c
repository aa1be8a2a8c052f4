/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/log.h"
#include "fake/capture.h"
#include "fake/tempdir.h"

static struct tempdir dir;
static struct capture said;

#define PROFILE_TEXT "name = \"a\"; boot = { kernel = \"/k\"; };\n"

static int setup(void **state)
{
	(void)state;
	if (tempdir_make(&dir))
		return -1;
	return tempdir_write(&dir, "a.cfg", PROFILE_TEXT, strlen(PROFILE_TEXT));
}

static int teardown(void **state)
{
	(void)state;
	log_set_level(LOG_WARN);
	tempdir_remove(&dir);
	return 0;
}

static char *word(const char *text)
{
	return (char *)(uintptr_t)text; /* getopt moves the pointers and leaves the texts alone */
}

/* --- the tables --- */

static void check_options(const struct cli_command *c)
{
	assert_true(c->n_options <= CLI_OPTIONS_MAX);
	for (size_t i = 0; i < c->n_options; i++) {
		const struct cli_option *o = &c->options[i];
		assert_true(o->name && o->help && o->letter != 'h');
		assert_int_equal(o->kind != CLI_FLAG, o->value != NULL);
		assert_int_equal(o->kind == CLI_CHOICE, o->choices != NULL);
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(o->name, c->options[j].name);
			assert_true(!o->letter || o->letter != c->options[j].letter);
		}
	}
}

static void every_command_is_described(void **state)
{
	(void)state;
	for (int i = 0; i < N_COMMANDS; i++) {
		const struct cli_command *c = &commands[i];
		assert_true(c->name && c->brief && c->detail);
		check_options(c);
		assert_true(c->n_operands <= CLI_OPERANDS_MAX);
		bool optional = false;
		for (size_t k = 0; k < c->n_operands; k++) {
			assert_true(c->operands[k].optional || !optional);
			optional = c->operands[k].optional;
		}
	}
}

static void help_fits_a_terminal(void **state)
{
	(void)state;
	for (int i = 0; i < N_COMMANDS; i++) {
		char *text;
		size_t size;
		FILE *out = open_memstream(&text, &size);
		cli_help(&commands[i], out);
		fclose(out);
		for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
			if (strcspn(line, "\n") > 80)
				fail_msg("%s: %.100s", commands[i].name, line);
		free(text);
	}
}

/* `needle` in the page, whose roff writes a dash of an option as "Fl Fl ". */
static void mentioned(const char *page, const char *needle)
{
	if (!strstr(page, needle))
		fail_msg("docs/bulkhead.1 does not have: %s", needle);
}

static void the_manual_page_has_every_command_and_option(void **state)
{
	(void)state;
	char path[PATH_MAX], needle[128];
	void *page;
	size_t size;
	const char *here = strstr(__FILE__, "tests/unit/");
	snprintf(path, sizeof(path), "%.*sdocs/bulkhead.1", (int)(here - __FILE__), __FILE__);
	assert_int_equal(file_load(path, MIB, &page, &size), 0);
	char *text = strndup(page, size);
	for (int i = 0; i < N_COMMANDS; i++) {
		snprintf(needle, sizeof(needle), "\n.It Cm %s", commands[i].name);
		mentioned(text, needle);
		for (size_t k = 0; k < commands[i].n_options; k++) {
			snprintf(needle, sizeof(needle), "Fl Fl %s", commands[i].options[k].name);
			mentioned(text, needle);
		}
	}
	free(text);
	free(page);
}

/* --- what commands share --- */

static int load(struct cmd_args *args, struct profile *profile)
{
	args->profile = tempdir_path(&dir, "a.cfg");
	capture_begin(&said);
	int status = cmd_load_profile(args, profile);
	capture_end(&said);
	return status;
}

static void set_and_iommu_change_the_loaded_profile(void **state)
{
	(void)state;
	struct profile profile;
	struct cmd_args args = { .iommu = "iommufd", .set = { { "vcpus=3", "iommu=type1" }, 2 } };
	assert_int_equal(load(&args, &profile), CLI_GO);
	assert_int_equal(profile.vcpus, 3);
	assert_int_equal(profile.iommu, IOMMU_FD);
	assert_string_equal(said.out, "");
	profile_fini(&profile);
}

static void as_many_sets_as_the_line_takes_leave_room_for_iommu(void **state)
{
	(void)state;
	struct profile profile;
	struct cmd_args args = { .iommu = "type1", .set = { .n = CLI_REPEAT_MAX } };
	for (int i = 0; i < CLI_REPEAT_MAX; i++)
		args.set.at[i] = "vcpus=2";
	assert_int_equal(load(&args, &profile), CLI_GO);
	assert_int_equal(profile.iommu, IOMMU_TYPE1);
	profile_fini(&profile);
}

static void a_profile_that_does_not_load_is_status_one(void **state)
{
	(void)state;
	struct profile profile;
	struct cmd_args args = { .set = { { "vcpus=0" }, 1 } };
	assert_int_equal(load(&args, &profile), CLI_FAILED);
	assert_string_equal(said.err, "bulkhead: --set: vcpus: 0 is out of range: 1 to 64\n");
}

static void dump_profile_prints_and_ends(void **state)
{
	(void)state;
	struct profile profile;
	struct cmd_args args = { .dump_profile = true };
	assert_int_equal(load(&args, &profile), CLI_OK);
	assert_non_null(strstr(said.out, "name = \"a\";\nvcpus = 1;\nmemory = \"1G\";\n"));
	assert_string_equal(said.err, "");
}

static void the_host_is_the_real_one_unless_given(void **state)
{
	(void)state;
	char *plain[] = { word("devices"), NULL };
	char *given[] = { word("devices"), word("--host"), word("/x"), word("-v"), NULL };
	struct cmd_args args = { 0 };
	assert_int_equal(cmd_parse(CMD_DEVICES, 1, plain, &args), CLI_GO);
	assert_string_equal(args.host, "");
	args = (struct cmd_args){ 0 };
	assert_int_equal(cmd_parse(CMD_DEVICES, 4, given, &args), CLI_GO);
	assert_string_equal(args.host, "/x");
	assert_true(args.verbose);
}

/* --- profile and completion --- */

static int run(int (*command)(int, char **), char **argv)
{
	int argc = 0;
	while (argv[argc])
		argc++;
	capture_begin(&said);
	int status = command(argc, argv);
	capture_end(&said);
	return status;
}

static void profile_dump_spells_out_every_option(void **state)
{
	(void)state;
	char *path = strdup(tempdir_path(&dir, "a.cfg"));
	char *argv[] = { word("profile"), word("dump"),       path,
			 word("--set"),   word("force=true"), NULL };
	assert_int_equal(run(cmd_profile, argv), CLI_OK);
	assert_non_null(strstr(said.out, "\nforce = true;\n"));
	assert_non_null(strstr(said.out, "\nstop_timeout = 30;\n"));
	free(path);
}

static void profile_dump_needs_a_profile_and_profile_an_action(void **state)
{
	(void)state;
	char *dump[] = { word("profile"), word("dump"), NULL };
	assert_int_equal(run(cmd_profile, dump), CLI_USAGE);
	assert_string_equal(said.err, "bulkhead: profile dump: PROFILE is missing\n");
	char *none[] = { word("profile"), NULL };
	assert_int_equal(run(cmd_profile, none), CLI_USAGE);
	char *absent[] = { word("profile"), word("dump"), word("/absent"), NULL };
	assert_int_equal(run(cmd_profile, absent), CLI_FAILED);
}

static void profile_reference_prints_markdown(void **state)
{
	(void)state;
	char *argv[] = { word("profile"), word("reference"), NULL };
	assert_int_equal(run(cmd_profile, argv), CLI_OK);
	assert_non_null(strstr(said.out, "\n### `devices[N].group`\n"));
	assert_non_null(strstr(said.out, "| `memory` | `\"1G\"` | Guest RAM |\n"));
}

static void completion_covers_every_command_in_every_shell(void **state)
{
	(void)state;
	for (size_t i = 0; cli_shells[i]; i++) {
		char *argv[] = { word("completion"), word(cli_shells[i]), NULL };
		assert_int_equal(run(cmd_completion, argv), CLI_OK);
		for (int k = 0; k < N_COMMANDS; k++)
			assert_non_null(strstr(said.out, commands[k].name));
	}
	char *unknown[] = { word("completion"), word("tcsh"), NULL };
	assert_int_equal(run(cmd_completion, unknown), CLI_USAGE);
	assert_string_equal(said.err,
			    "bulkhead: completion: expected bash, zsh or fish, found 'tcsh'"
			    "; did you mean 'bash'?\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_command_is_described),
		TEST(help_fits_a_terminal),
		TEST(the_manual_page_has_every_command_and_option),
		TEST(set_and_iommu_change_the_loaded_profile),
		TEST(as_many_sets_as_the_line_takes_leave_room_for_iommu),
		TEST(a_profile_that_does_not_load_is_status_one),
		TEST(dump_profile_prints_and_ends),
		TEST(the_host_is_the_real_one_unless_given),
		TEST(profile_dump_spells_out_every_option),
		TEST(profile_dump_needs_a_profile_and_profile_an_action),
		TEST(profile_reference_prints_markdown),
		TEST(completion_covers_every_command_in_every_shell),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
