/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Completion scripts, written from the command tables. */
#include <errno.h>
#include <string.h>

#include "cli.h"

const char *const cli_shells[] = { "bash", "zsh", "fish", NULL };

static void words(const char *const *list, FILE *out)
{
	for (size_t i = 0; list && list[i]; i++)
		fprintf(out, "%s%s", i ? " " : "", list[i]);
}

/* A text inside single quotes; the table's texts may have an apostrophe. */
static void quoted(const char *text, const char *apostrophe, FILE *out)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs(apostrophe, out);
		else
			fputc(*text, out);
	}
}

/* --- bash --- */

static const char *bash_files(enum cli_complete complete)
{
	static const char *const how[] = {
		[CLI_COMPLETE_NONE] = NULL,
		[CLI_COMPLETE_FILE] = "compgen -f -- \"$cur\"",
		[CLI_COMPLETE_DIR] = "compgen -d -- \"$cur\"",
		[CLI_COMPLETE_PROFILE] =
			"compgen -f -X '!*.cfg' -- \"$cur\"; compgen -d -- \"$cur\"",
	};
	return how[complete];
}

static void bash_reply(const char *const *choices, enum cli_complete complete, FILE *out)
{
	if (choices) {
		fputs("COMPREPLY=($(compgen -W '", out);
		words(choices, out);
		fputs("' -- \"$cur\"))", out);
	} else if (bash_files(complete)) {
		fprintf(out, "compopt -o filenames; mapfile -t COMPREPLY < <(%s)",
			bash_files(complete));
	} else {
		fputs("COMPREPLY=()", out);
	}
}

/* What follows an option that takes a value. */
static void bash_values(const struct cli_command *c, FILE *out)
{
	for (size_t i = 0; i < c->n_options; i++) {
		const struct cli_option *o = &c->options[i];
		if (o->kind == CLI_FLAG)
			continue;
		fprintf(out, "\t%s,--%s", c->name, o->name);
		if (o->letter)
			fprintf(out, "|%s,-%c", c->name, o->letter);
		fputs(") ", out);
		bash_reply(o->choices, o->complete, out);
		fputs("; return ;;\n", out);
	}
}

/* Options after a dash, else the operand; the last one also where counting went wrong. */
static void bash_words(const struct cli_command *c, FILE *out)
{
	fprintf(out, "\t%s,*,-*) COMPREPLY=($(compgen -W '", c->name);
	for (size_t i = 0; i < c->n_options; i++)
		fprintf(out, "--%s ", c->options[i].name);
	fputs("--help' -- \"$cur\")) ;;\n", out);
	for (size_t i = 0; i < c->n_operands; i++) {
		const struct cli_operand *o = &c->operands[i];
		if (i + 1 < c->n_operands)
			fprintf(out, "\t%s,%zu,*) ", c->name, i);
		else
			fprintf(out, "\t%s,*) ", c->name);
		bash_reply(o->choices, o->complete, out);
		fputs(" ;;\n", out);
	}
}

static void bash(const struct cli_command *commands, size_t n, FILE *out)
{
	fputs("# bash completion for bulkhead; source it\n"
	      "_bulkhead() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal cmd=${COMP_WORDS[1]} given=0 i\n"
	      "\tCOMPREPLY=()\n"
	      "\tif ((COMP_CWORD == 1)) || [[ $COMP_CWORD == 2 && $cmd == help ]]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W 'help",
	      out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, " %s", commands[i].name);
	fputs("' -- \"$cur\"))\n\t\treturn\n\tfi\n"
	      "\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
	      "\t\t[[ ${COMP_WORDS[i]} == -* ]] || ((given += 1))\n\tdone\n"
	      "\tcase $cmd,$prev in\n",
	      out);
	for (size_t i = 0; i < n; i++)
		bash_values(&commands[i], out);
	fputs("\tesac\n\tcase $cmd,$given,$cur in\n", out);
	for (size_t i = 0; i < n; i++)
		bash_words(&commands[i], out);
	fputs("\tesac\n}\ncomplete -F _bulkhead bulkhead\n", out);
}

/* --- zsh --- */

/* `:NAME:ACTION` of _arguments. */
static void zsh_action(const char *name, const char *const *choices, enum cli_complete complete,
		       FILE *out)
{
	static const char *const how[] = {
		[CLI_COMPLETE_NONE] = " ",
		[CLI_COMPLETE_FILE] = "_files",
		[CLI_COMPLETE_DIR] = "_files -/",
		[CLI_COMPLETE_PROFILE] = "_files -g \"*.cfg\"",
	};
	fprintf(out, ":%s:", name);
	if (!choices) {
		fputs(how[complete], out);
		return;
	}
	fputc('(', out);
	words(choices, out);
	fputc(')', out);
}

static void zsh_form(const struct cli_option *o, const char *name, FILE *out)
{
	fprintf(out, " \\\n\t\t\t'%s%s[", o->kind == CLI_REPEAT ? "*" : "", name);
	quoted(o->help, "'\\''", out);
	fputc(']', out);
	if (o->kind != CLI_FLAG)
		zsh_action(o->value, o->choices, o->complete, out);
	fputc('\'', out);
}

/* Its long form and its short one. */
static void zsh_option(const struct cli_option *o, FILE *out)
{
	char names[80];
	snprintf(names, sizeof(names), "--%s", o->name);
	zsh_form(o, names, out);
	if (o->letter) {
		snprintf(names, sizeof(names), "-%c", o->letter);
		zsh_form(o, names, out);
	}
}

static void zsh_command(const struct cli_command *c, FILE *out)
{
	fprintf(out, "\t%s)\n\t\t_arguments '(-h --help)'{-h,--help}'[print help]'", c->name);
	for (size_t i = 0; i < c->n_options; i++)
		zsh_option(&c->options[i], out);
	for (size_t i = 0; i < c->n_operands; i++) {
		const struct cli_operand *o = &c->operands[i];
		fprintf(out, " \\\n\t\t\t'%s", o->repeat ? "*" : o->optional ? ":" : "");
		zsh_action(o->name, o->choices, o->complete, out);
		fputc('\'', out);
	}
	fputs("\n\t\t;;\n", out);
}

static void zsh(const struct cli_command *commands, size_t n, FILE *out)
{
	fputs("#compdef bulkhead\n"
	      "_bulkhead() {\n"
	      "\tlocal -a commands=(\n\t\t'help:print help'\n",
	      out);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "\t\t'%s:", commands[i].name);
		quoted(commands[i].brief, "'\\''", out);
		fputs("'\n", out);
	}
	fputs("\t)\n"
	      "\tif ((CURRENT == 2)) || [[ $CURRENT == 3 && $words[2] == help ]]; then\n"
	      "\t\t_describe command commands\n\t\treturn\n\tfi\n"
	      "\tshift words\n\t((CURRENT--))\n"
	      "\tcase $words[1] in\n",
	      out);
	for (size_t i = 0; i < n; i++)
		zsh_command(&commands[i], out);
	fputs("\tesac\n}\n"
	      "if [[ $funcstack[1] == _bulkhead ]]; then _bulkhead \"$@\"; else compdef _bulkhead "
	      "bulkhead; fi\n",
	      out);
}

/* --- fish --- */

static void fish_option(const struct cli_command *c, const struct cli_option *o, FILE *out)
{
	fprintf(out, "complete -c bulkhead -n '__fish_seen_subcommand_from %s' -l %s", c->name,
		o->name);
	if (o->letter)
		fprintf(out, " -s %c", o->letter);
	if (o->choices) {
		fputs(" -xa '", out);
		words(o->choices, out);
		fputc('\'', out);
	} else if (o->kind != CLI_FLAG) {
		fputs(o->complete == CLI_COMPLETE_NONE  ? " -x"
		      : o->complete == CLI_COMPLETE_DIR ? " -xa '(__fish_complete_directories)'"
							: " -rF",
		      out);
	}
	fputs(" -d '", out);
	quoted(o->help, "\\'", out);
	fputs("'\n", out);
}

static void fish_operand(const struct cli_command *c, const struct cli_operand *o, FILE *out)
{
	fprintf(out, "complete -c bulkhead -n '__fish_seen_subcommand_from %s' ", c->name);
	if (o->choices) {
		fputs("-a '", out);
		words(o->choices, out);
		fputs("'\n", out);
	} else {
		fputs(o->complete == CLI_COMPLETE_NONE ? "-f\n" : "-F\n", out);
	}
}

static void fish(const struct cli_command *commands, size_t n, FILE *out)
{
	fputs("complete -c bulkhead -f\n"
	      "complete -c bulkhead -n __fish_use_subcommand -a help -d 'print help'\n",
	      out);
	for (size_t i = 0; i < n; i++) {
		const struct cli_command *c = &commands[i];
		fprintf(out, "complete -c bulkhead -n '__fish_use_subcommand' -a %s -d '", c->name);
		quoted(c->brief, "\\'", out);
		fputs("'\n", out);
		for (size_t k = 0; k < c->n_options; k++)
			fish_option(c, &c->options[k], out);
		for (size_t k = 0; k < c->n_operands; k++)
			fish_operand(c, &c->operands[k], out);
	}
}

int cli_completion(const char *shell, const struct cli_command *commands, size_t n, FILE *out)
{
	static void (*const write[])(const struct cli_command *, size_t, FILE *) = { bash, zsh,
										     fish };
	for (size_t i = 0; cli_shells[i]; i++) {
		if (strcmp(cli_shells[i], shell) != 0)
			continue;
		write[i](commands, n, out);
		return fflush(out) ? -EIO : 0;
	}
	return -EINVAL;
}
