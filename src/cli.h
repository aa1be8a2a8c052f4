/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line as tables: a command's options and operands are described once, and that
 * description parses argv (getopt_long), prints `--help`, and completes in the shell. Knows nothing
 * of what the commands do; the table itself is in commands.c.
 */
#ifndef BULKHEAD_CLI_H
#define BULKHEAD_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

/* Exit statuses. CLI_GO is none: "parsed, go on". */
enum { CLI_GO = -1, CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

#define CLI_REPEAT_MAX 64
#define CLI_OPTIONS_MAX 16
#define CLI_OPERANDS_MAX 4

/* Values of an option that may be given several times, in order; they point into argv. */
struct cli_list {
	const char *at[CLI_REPEAT_MAX];
	unsigned n;
};

enum cli_kind {
	CLI_FLAG,   /* field: bool */
	CLI_TEXT,   /* field: const char *, into argv */
	CLI_CHOICE, /* as CLI_TEXT, and one of `choices` */
	CLI_REPEAT, /* field: struct cli_list */
};

enum cli_complete { CLI_COMPLETE_NONE, CLI_COMPLETE_FILE, CLI_COMPLETE_DIR, CLI_COMPLETE_PROFILE };

struct cli_option {
	const char *name; /* long, without the dashes */
	char letter;      /* 0 = no short form; 'h' is taken */
	enum cli_kind kind;
	size_t offset;              /* of the field in the caller's struct */
	const char *value;          /* what help calls the value; NULL for a flag */
	const char *const *choices; /* NULL-terminated; CLI_CHOICE only */
	enum cli_complete complete; /* what the value is */
	const char *help;           /* one sentence without its full stop */
};

struct cli_operand {
	const char *name;           /* as in the usage line: PROFILE */
	size_t offset;              /* const char *, into argv; struct cli_list for `repeat` */
	bool optional;              /* only the last ones may be */
	const char *const *choices; /* NULL = any text */
	enum cli_complete complete;
	bool repeat; /* only the last may be: takes all that is left */
};

struct cli_command {
	const char *name;
	const char *brief;  /* one line for the list of commands */
	const char *detail; /* a paragraph for its own help; lines below 80 columns */
	const struct cli_option *options;
	size_t n_options; /* at most CLI_OPTIONS_MAX */
	const struct cli_operand *operands;
	size_t n_operands; /* at most CLI_OPERANDS_MAX */
};

/*
 * Parses argv (argv[0] is the command's own name) into `args`, a zeroed struct that the offsets
 * refer to. CLI_GO when the command should run; CLI_OK after `--help`; CLI_USAGE after a message
 * on stderr. Options and operands may be mixed; `--` ends the options.
 */
int cli_parse(const struct cli_command *command, int argc, char **argv, void *args);

/* Usage line, the paragraph and one line per option. */
void cli_help(const struct cli_command *command, FILE *out);

/* `bulkhead: MESSAGE` on stderr. */
void cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Prints the text of `err`; returns CLI_FAILED, so that a command can `return cli_fail(&err)`. */
int cli_fail(const struct err *err);

/* True when `out` is a terminal that wants colour: not with NO_COLOR (no-color.org), TERM=dumb. */
bool cli_colour(FILE *out);

/* Completion scripts for `bulkhead` and all its commands. */
int cli_completion(const char *shell, const struct cli_command *commands, size_t n, FILE *out);
extern const char *const cli_shells[]; /* NULL-terminated: bash, zsh, fish */

#endif
