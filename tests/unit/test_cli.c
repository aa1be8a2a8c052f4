/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "fake/capture.h"
#include "fake/tempdir.h"

struct args {
	bool json, quiet;
	const char *output, *kind;
	struct cli_list set;
	const char *first, *second;
};

static const char *const kinds[] = { "auto", "type1", "iommufd", NULL };
static const char *const actions[] = { "dump", "list", NULL };

static const struct cli_option options[] = {
	{ "json", 0, CLI_FLAG, offsetof(struct args, json), NULL, NULL, 0, "print JSON" },
	{ "quiet", 'q', CLI_FLAG, offsetof(struct args, quiet), NULL, NULL, 0, "don't print" },
	{ "output", 'o', CLI_TEXT, offsetof(struct args, output), "FILE", NULL, CLI_COMPLETE_FILE,
	  "write to FILE" },
	{ "kind", 0, CLI_CHOICE, offsetof(struct args, kind), "KIND", kinds, 0, "which kind" },
	{ "set", 's', CLI_REPEAT, offsetof(struct args, set), "PATH=VALUE", NULL, 0, "change one" },
};
static const struct cli_operand operands[] = {
	{ .name = "ACTION", .offset = offsetof(struct args, first), .choices = actions },
	{ .name = "FILE",
	  .offset = offsetof(struct args, second),
	  .optional = true,
	  .complete = CLI_COMPLETE_FILE },
};
static const struct cli_command command = {
	"test",   "try the parser",    "Tries the parser.", options, ARRAY_LEN(options),
	operands, ARRAY_LEN(operands),
};

struct parsed {
	struct args args;
	struct capture said;
	int status;
};

/* Words up to NULL as argv behind "test"; getopt moves the pointers and leaves the texts alone. */
static void parse(struct parsed *p, const char *const *words)
{
	char *argv[CLI_REPEAT_MAX * 2 + 8] = { (char *)(uintptr_t) "test" };
	int argc = 1;
	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	memset(p, 0, sizeof(*p));
	capture_begin(&p->said);
	p->status = cli_parse(&command, argc, argv, &p->args);
	capture_end(&p->said);
}

#define PARSE(p, ...) parse(p, (const char *const[]){ __VA_ARGS__, NULL })

static struct parsed parsed;

#define TRY "Try 'bulkhead test --help'.\n"

#define REFUSED(message, ...)                                                                      \
	do {                                                                                       \
		PARSE(&parsed, __VA_ARGS__);                                                       \
		assert_string_equal(parsed.said.err, message);                                     \
		assert_string_equal(parsed.said.out, "");                                          \
		assert_int_equal(parsed.status, CLI_USAGE);                                        \
	} while (0)

static void options_and_operands_may_be_mixed(void **state)
{
	(void)state;
	PARSE(&parsed, "dump", "--json", "-q", "file", "--output=x", "-sa=1", "--set", "b=2", "-s",
	      "c=3", "--kind", "type1");
	assert_int_equal(parsed.status, CLI_GO);
	assert_string_equal(parsed.said.err, "");
	const struct args *a = &parsed.args;
	assert_true(a->json && a->quiet);
	assert_string_equal(a->output, "x");
	assert_string_equal(a->kind, "type1");
	assert_int_equal(a->set.n, 3);
	assert_string_equal(a->set.at[0], "a=1");
	assert_string_equal(a->set.at[2], "c=3");
	assert_string_equal(a->first, "dump");
	assert_string_equal(a->second, "file");
}

static int rest(unsigned n, struct args *args)
{
	static const struct cli_operand rest_operands[] = {
		{ .name = "ACTION", .offset = offsetof(struct args, first) },
		{ .name = "WORD", .offset = offsetof(struct args, set), .optional = true, .repeat = true },
	};
	static const struct cli_command rest_command = { "test",  "", "", NULL, 0,
							 rest_operands, ARRAY_LEN(rest_operands) };
	char *argv[CLI_REPEAT_MAX + 8];
	for (unsigned i = 0; i < n + 2; i++)
		argv[i] = (char *)(uintptr_t) "test";
	argv[n + 2] = NULL;
	*args = (struct args){ 0 };
	capture_begin(&parsed.said);
	int status = cli_parse(&rest_command, (int)n + 2, argv, args);
	cli_help(&rest_command, stdout);
	capture_end(&parsed.said);
	return status;
}

static void the_last_operand_may_take_all_the_rest(void **state)
{
	(void)state;
	struct args args;
	for (unsigned n = 0; n <= CLI_REPEAT_MAX; n++) {
		assert_int_equal(rest(n, &args), CLI_GO);
		assert_int_equal(args.set.n, n);
	}
	assert_non_null(strstr(parsed.said.out, " ACTION [WORD]...\n"));
	assert_int_equal(rest(CLI_REPEAT_MAX + 1, &args), CLI_USAGE);
	assert_non_null(strstr(parsed.said.err, "test: more than 64 times WORD"));
}

static void an_optional_operand_may_be_left_out(void **state)
{
	(void)state;
	PARSE(&parsed, "list");
	assert_int_equal(parsed.status, CLI_GO);
	assert_null(parsed.args.second);
	assert_false(parsed.args.json);
}

static void two_dashes_end_the_options(void **state)
{
	(void)state;
	PARSE(&parsed, "dump", "--", "--json");
	assert_int_equal(parsed.status, CLI_GO);
	assert_string_equal(parsed.args.second, "--json");
	assert_false(parsed.args.json);
}

static void what_cannot_be_parsed_is_said_and_status_is_two(void **state)
{
	(void)state;
	REFUSED("bulkhead: test: ACTION is missing\n" TRY, "--json");
	REFUSED("bulkhead: test: one argument too many, 'c'\n" TRY, "dump", "b", "c");
	REFUSED("bulkhead: test: unknown option '--jsn'; did you mean '--json'?\n" TRY, "dump",
		"--jsn");
	REFUSED("bulkhead: test: unknown option '--zzzzzz'\n" TRY, "--zzzzzz", "dump");
	REFUSED("bulkhead: test: unknown option '--otuput'; did you mean '--output'?\n" TRY, "dump",
		"--otuput=x", "more");
	REFUSED("bulkhead: test: unknown option '-x'\n" TRY, "dump", "-x");
	REFUSED("bulkhead: test: unknown option '-x'\n" TRY, "dump", "-qx");
	REFUSED("bulkhead: test: --json takes no value\n" TRY, "dump", "--json=1");
	REFUSED("bulkhead: test: --help takes no value\n" TRY, "dump", "--help=1");
	REFUSED("bulkhead: test: --output needs a value, FILE\n" TRY, "dump", "--output");
	REFUSED("bulkhead: test: --output needs a value, FILE\n" TRY, "dump", "-o");
	REFUSED("bulkhead: --kind: expected auto, type1 or iommufd, found 'typ1'; did you mean "
		"'type1'?\n",
		"dump", "--kind", "typ1");
	REFUSED("bulkhead: test: expected dump or list, found 'x'\n", "x");
}

static void an_option_repeated_without_end_is_refused(void **state)
{
	(void)state;
	const char *words[CLI_REPEAT_MAX + 3] = { "dump" };
	for (int i = 1; i <= CLI_REPEAT_MAX; i++)
		words[i] = "-sx=1";
	parse(&parsed, words);
	assert_int_equal(parsed.status, CLI_GO);
	assert_int_equal(parsed.args.set.n, CLI_REPEAT_MAX);
	words[CLI_REPEAT_MAX + 1] = "-sx=1";
	parse(&parsed, words);
	assert_int_equal(parsed.status, CLI_USAGE);
	assert_string_equal(parsed.said.err, "bulkhead: --set: given more than 64 times\n");
}

static void help_wins_and_describes_everything(void **state)
{
	(void)state;
	PARSE(&parsed, "--help");
	assert_int_equal(parsed.status, CLI_OK);
	assert_string_equal(parsed.said.err, "");
	assert_string_equal(
		parsed.said.out,
		"Usage: bulkhead test [OPTION]... ACTION [FILE]\n\nTries the parser.\n\n"
		"Options:\n"
		"      --json                print JSON\n"
		"  -q, --quiet               don't print\n"
		"  -o, --output FILE         write to FILE\n"
		"      --kind KIND           which kind\n"
		"  -s, --set PATH=VALUE      change one\n"
		"  -h, --help                print this text\n");
	struct capture long_form = parsed.said;
	PARSE(&parsed, "dump", "-h");
	assert_string_equal(parsed.said.out, long_form.out);
}

static void an_error_is_one_line_and_status_one(void **state)
{
	(void)state;
	struct capture said;
	struct err err = { 0 };
	err_set(&err, -EBUSY, "100%% busy");
	capture_begin(&said);
	int status = cli_fail(&err);
	capture_end(&said);
	assert_int_equal(status, CLI_FAILED);
	assert_string_equal(said.err, "bulkhead: 100% busy\n");
	assert_string_equal(said.out, "");
}

/* --- colour --- */

static FILE *terminal(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);
	return fd < 0 ? NULL : fdopen(fd, "r+");
}

static void colour_is_for_terminals_that_want_it(void **state)
{
	(void)state;
	FILE *tty = terminal(), *plain = tmpfile();
	if (!tty || !isatty(fileno(tty)))
		skip();
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	assert_true(cli_colour(tty));
	assert_false(cli_colour(plain));
	setenv("NO_COLOR", "", 1); /* set but empty does not count (no-color.org) */
	assert_true(cli_colour(tty));
	setenv("NO_COLOR", "1", 1);
	assert_false(cli_colour(tty));
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	assert_false(cli_colour(tty));
	unsetenv("TERM");
	assert_false(cli_colour(tty));
	fclose(tty);
	fclose(plain);
}

/* --- completion --- */

static char *completion(const char *shell)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	assert_int_equal(cli_completion(shell, &command, 1, out), 0);
	fclose(out);
	return text;
}

/* What bash offers for the words of `line`, after which the cursor is. */
static void offers(const char *line, const char *expected)
{
	char *script = completion("bash"), *line_of_words, answer[4096] = "";
	assert_true(asprintf(&line_of_words,
			     "%s\ncompopt() { :; }\nCOMP_WORDS=(%s); "
			     "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
			     "_bulkhead\necho -n \"${COMPREPLY[*]}\"\n",
			     script, line) > 0);
	char name[] = "/tmp/bulkhead-completion-XXXXXX", call[80];
	int fd = mkstemp(name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, line_of_words, strlen(line_of_words)),
			 (ssize_t)strlen(line_of_words));
	close(fd);
	snprintf(call, sizeof(call), "bash %s 2>&1", name);
	FILE *bash = popen(call, "re");
	assert_non_null(bash);
	size_t n = fread(answer, 1, sizeof(answer) - 1, bash);
	answer[n] = 0;
	pclose(bash);
	unlink(name);
	free(line_of_words);
	free(script);
	assert_string_equal(answer, expected);
}

/* After `word` the one file of a directory. */
static void offers_file(const char *word)
{
	struct tempdir dir;
	char line[256], path[128];
	assert_int_equal(tempdir_make(&dir), 0);
	assert_int_equal(tempdir_write(&dir, "only", "", 0), 0);
	snprintf(line, sizeof(line), "bulkhead test %s %s/on", word, dir.path);
	snprintf(path, sizeof(path), "%s/only", dir.path);
	offers(line, path);
	tempdir_remove(&dir);
}

static void bash_completes_commands_options_values_and_operands(void **state)
{
	(void)state;
	if (access("/bin/bash", X_OK))
		skip();
	offers("bulkhead t", "test");
	offers("bulkhead ''", "help test");
	offers("bulkhead help t", "test");
	offers("bulkhead test --", "--json --quiet --output --kind --set --help");
	offers("bulkhead test --k", "--kind");
	offers("bulkhead test --kind t", "type1");
	offers("bulkhead test d", "dump");
	offers("bulkhead test --json l", "list");
	offers_file("dump");
	offers_file("--output");
	offers_file("-o");
	offers("bulkhead test --set x", "");
}

static void zsh_and_fish_scripts_name_every_option_with_its_quotes_kept(void **state)
{
	(void)state;
	char *zsh = completion("zsh"), *fish = completion("fish");
	assert_non_null(strstr(zsh, "'--quiet[don'\\''t print]'"));
	assert_non_null(strstr(zsh, "'-o[write to FILE]:FILE:_files'"));
	assert_non_null(strstr(zsh, "'*--set[change one]:PATH=VALUE: '"));
	assert_non_null(strstr(zsh, "'--kind[which kind]:KIND:(auto type1 iommufd)'"));
	assert_non_null(strstr(zsh, "':ACTION:(dump list)'"));
	assert_non_null(strstr(zsh, "'::FILE:_files'"));
	assert_non_null(strstr(fish, "-l quiet -s q -d 'don\\'t print'"));
	assert_non_null(strstr(fish, "-l kind -xa 'auto type1 iommufd' -d 'which kind'"));
	assert_non_null(strstr(fish, "-l output -s o -rF -d"));
	assert_non_null(strstr(fish, "from test' -a 'dump list'"));
	free(zsh);
	free(fish);
}

static void an_unknown_shell_or_a_full_file_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(cli_completion("tcsh", &command, 1, stdout), -EINVAL);
	FILE *full = fopen("/dev/full", "we");
	if (!full)
		skip();
	assert_int_equal(cli_completion("bash", &command, 1, full), -EIO);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_and_operands_may_be_mixed),
		cmocka_unit_test(an_optional_operand_may_be_left_out),
		cmocka_unit_test(the_last_operand_may_take_all_the_rest),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(what_cannot_be_parsed_is_said_and_status_is_two),
		cmocka_unit_test(an_option_repeated_without_end_is_refused),
		cmocka_unit_test(help_wins_and_describes_everything),
		cmocka_unit_test(an_error_is_one_line_and_status_one),
		cmocka_unit_test(colour_is_for_terminals_that_want_it),
		cmocka_unit_test(bash_completes_commands_options_values_and_operands),
		cmocka_unit_test(zsh_and_fish_scripts_name_every_option_with_its_quotes_kept),
		cmocka_unit_test(an_unknown_shell_or_a_full_file_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
