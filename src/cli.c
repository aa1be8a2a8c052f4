/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"

#define LONG_BASE 256 /* getopt values of the options: above every letter */

void cli_error(const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "bulkhead: %s\n", text);
}

int cli_fail(const struct err *err)
{
	cli_error("%s", err->text);
	return CLI_FAILED;
}

bool cli_colour(FILE *out)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	if (no && *no)
		return false;
	return isatty(fileno(out)) && term && strcmp(term, "dumb") != 0;
}

static int usage(const struct cli_command *command)
{
	fprintf(stderr, "Try 'bulkhead %s --help'.\n", command->name);
	return CLI_USAGE;
}

/* --- choices --- */

static size_t count(const char *const *words)
{
	size_t n = 0;
	while (words[n])
		n++;
	return n;
}

static int check_choice(const char *what, const char *const *choices, const char *value)
{
	for (size_t i = 0; choices[i]; i++)
		if (!strcmp(choices[i], value))
			return CLI_GO;
	char list[256] = "";
	for (size_t i = 0; choices[i]; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
			 !i               ? ""
			 : choices[i + 1] ? ", "
					  : " or ",
			 choices[i]);
	const char *near = near_match(value, choices, count(choices));
	cli_error("%s: expected %s, found '%s'%s%s%s", what, list, value,
		  near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return CLI_USAGE;
}

/* --- parsing --- */

/* getopt's own form of the table. Its globals make cli_parse fit for one thread, main's. */
struct getopt_table {
	struct option longs[CLI_OPTIONS_MAX + 2];
	char letters[2 * CLI_OPTIONS_MAX + 4];
};

static void fill_getopt(const struct cli_command *command, struct getopt_table *table)
{
	char *letter = table->letters;
	*letter++ = ':'; /* a missing value is told apart */
	*letter++ = 'h';
	size_t n = 0;
	for (; n < command->n_options && n < CLI_OPTIONS_MAX; n++) {
		const struct cli_option *o = &command->options[n];
		int argument = o->kind == CLI_FLAG ? no_argument : required_argument;
		table->longs[n] = (struct option){ o->name, argument, NULL, LONG_BASE + (int)n };
		if (!o->letter)
			continue;
		*letter++ = o->letter;
		if (argument == required_argument)
			*letter++ = ':';
	}
	*letter = 0;
	table->longs[n] = (struct option){ "help", no_argument, NULL, 'h' };
	table->longs[n + 1] = (struct option){ 0 };
}

static const struct cli_option *option_of(const struct cli_command *command, int got)
{
	for (size_t i = 0; i < command->n_options; i++)
		if (got == LONG_BASE + (int)i ||
		    (command->options[i].letter && got == command->options[i].letter))
			return &command->options[i];
	return NULL;
}

static int store_option(const struct cli_option *option, const char *value, void *args)
{
	void *field = (char *)args + option->offset;
	char what[64];
	snprintf(what, sizeof(what), "--%s", option->name);
	switch (option->kind) {
	case CLI_FLAG:
		*(bool *)field = true;
		return CLI_GO;
	case CLI_CHOICE:
		if (check_choice(what, option->choices, value) != CLI_GO)
			return CLI_USAGE;
		__attribute__((fallthrough));
	case CLI_TEXT:
		*(const char **)field = value;
		return CLI_GO;
	case CLI_REPEAT:
		break;
	}
	struct cli_list *list = field;
	if (list->n == CLI_REPEAT_MAX) {
		cli_error("%s: given more than %d times", what, CLI_REPEAT_MAX);
		return CLI_USAGE;
	}
	list->at[list->n++] = value;
	return CLI_GO;
}

/* getopt returned '?': `word` is the argument it stopped at. */
static int bad_option(const struct cli_command *command, const char *word)
{
	const char *names[CLI_OPTIONS_MAX + 1];
	size_t n = 0;
	for (; n < command->n_options && n < CLI_OPTIONS_MAX; n++)
		names[n] = command->options[n].name;
	names[n++] = "help";
	if (optopt >= LONG_BASE || (optopt == 'h' && word[1] == '-')) {
		const struct cli_option *o = option_of(command, optopt);
		cli_error("%s: --%s takes no value", command->name, o ? o->name : "help");
	} else if (optopt) {
		cli_error("%s: unknown option '-%c'", command->name, optopt);
	} else {
		char name[64];
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
		const char *near = near_match(name, names, n);
		cli_error("%s: unknown option '--%s'%s%s%s", command->name, name,
			  near ? "; did you mean '--" : "", near ? near : "", near ? "'?" : "");
	}
	return usage(command);
}

static int missing_value(const struct cli_command *command)
{
	const struct cli_option *o = option_of(command, optopt);
	if (o)
		cli_error("%s: --%s needs a value, %s", command->name, o->name, o->value);
	return usage(command);
}

static int parse_options(const struct cli_command *command, int argc, char **argv, void *args)
{
	struct getopt_table table = { 0 };
	fill_getopt(command, &table);
	optind = 0; /* glibc: start afresh */
	opterr = 0;
	for (;;) {
		int at = optind ? optind : 1;
		int got = getopt_long(argc, argv, table.letters, table.longs, NULL);
		if (got == -1)
			return CLI_GO;
		if (got == 'h') {
			cli_help(command, stdout);
			return CLI_OK;
		}
		if (got == ':')
			return missing_value(command);
		const struct cli_option *o = got == '?' ? NULL : option_of(command, got);
		if (!o)
			return bad_option(command, argv[optind > at ? optind - 1 : at]);
		int status = store_option(o, optarg, args);
		if (status != CLI_GO)
			return status;
	}
}

static int store_rest(const struct cli_command *command, const struct cli_operand *operand,
		      int argc, char **argv, void *args)
{
	struct cli_list *list = (void *)((char *)args + operand->offset);
	while (optind < argc) {
		if (list->n == CLI_REPEAT_MAX) {
			cli_error("%s: more than %d times %s", command->name, CLI_REPEAT_MAX,
				  operand->name);
			return usage(command);
		}
		list->at[list->n++] = argv[optind++];
	}
	return CLI_GO;
}

static int store_operands(const struct cli_command *command, int argc, char **argv, void *args)
{
	for (size_t i = 0; i < command->n_operands; i++) {
		const struct cli_operand *o = &command->operands[i];
		if (optind == argc && o->optional)
			return CLI_GO;
		if (optind == argc) {
			cli_error("%s: %s is missing", command->name, o->name);
			return usage(command);
		}
		if (o->repeat)
			return store_rest(command, o, argc, argv, args);
		const char *value = argv[optind++];
		if (o->choices && check_choice(command->name, o->choices, value) != CLI_GO)
			return CLI_USAGE;
		*(const char **)(void *)((char *)args + o->offset) = value;
	}
	if (optind == argc)
		return CLI_GO;
	cli_error("%s: one argument too many, '%s'", command->name, argv[optind]);
	return usage(command);
}

int cli_parse(const struct cli_command *command, int argc, char **argv, void *args)
{
	int status = parse_options(command, argc, argv, args);
	return status == CLI_GO ? store_operands(command, argc, argv, args) : status;
}

/* --- help --- */

static void help_option(char letter, const char *name, const char *value, const char *help,
			FILE *out)
{
	char shown[64], short_form[8] = "    ";
	if (letter)
		snprintf(short_form, sizeof(short_form), "-%c, ", letter);
	snprintf(shown, sizeof(shown), "--%s%s%s", name, value ? " " : "", value ? value : "");
	fprintf(out, "  %s%-20s  %s\n", short_form, shown, help);
}

void cli_help(const struct cli_command *command, FILE *out)
{
	fprintf(out, "Usage: bulkhead %s [OPTION]...", command->name);
	for (size_t i = 0; i < command->n_operands; i++) {
		const struct cli_operand *o = &command->operands[i];
		fprintf(out, o->optional ? " [%s]%s" : " %s%s", o->name, o->repeat ? "..." : "");
	}
	fprintf(out, "\n\n%s\n\nOptions:\n", command->detail);
	for (size_t i = 0; i < command->n_options; i++) {
		const struct cli_option *o = &command->options[i];
		help_option(o->letter, o->name, o->value, o->help, out);
	}
	help_option('h', "help", NULL, "print this text", out);
}
