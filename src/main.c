/* SPDX-License-Identifier: GPL-2.0-or-later */
/* argv to command, and the command's status to the exit status. The only exit. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "cmd.h"

static int (*const run[N_COMMANDS])(int argc, char **argv) = {
	[CMD_DEVICES] = cmd_devices,       [CMD_HOST] = cmd_host,
	[CMD_CHECK] = cmd_check,           [CMD_VF] = cmd_vf,
	[CMD_BIND] = cmd_bind,             [CMD_RELEASE] = cmd_release,
	[CMD_RESET] = cmd_reset,
	[CMD_ROM] = cmd_rom,
	[CMD_RUN] = cmd_run,               [CMD_RECOVER] = cmd_recover, [CMD_STATUS] = cmd_status,
	[CMD_SCREENSHOT] = cmd_screenshot,
	[CMD_STOP] = cmd_stop,             [CMD_REPORT] = cmd_report,   [CMD_PROFILE] = cmd_profile,
	[CMD_COMPLETION] = cmd_completion,
};

static void list_commands(FILE *out)
{
	fputs("Usage: bulkhead COMMAND [ARGUMENT]...\n\n"
	      "Runs virtual machines with PCI devices of the host assigned to them.\n\nCommands:\n",
	      out);
	for (int i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].brief);
	fputs("\n'bulkhead help COMMAND' tells more of one.\n"
	      "Exit status: 0 done, 1 refused or failed, 2 wrong usage.\n",
	      out);
}

static int find_command(const char *name)
{
	const char *names[N_COMMANDS + 1];
	for (int i = 0; i < N_COMMANDS; i++) {
		if (!strcmp(commands[i].name, name))
			return i;
		names[i] = commands[i].name;
	}
	names[N_COMMANDS] = "help";
	const char *near = near_match(name, names, N_COMMANDS + 1);
	cli_error("unknown command '%.64s'%s%s%s", name, near ? "; did you mean '" : "",
		  near ? near : "", near ? "'?" : "");
	fputs("Try 'bulkhead help'.\n", stderr);
	return -1;
}

static int help(int argc, char **argv)
{
	if (argc < 2) {
		list_commands(stdout);
		return CLI_OK;
	}
	int command = find_command(argv[1]);
	if (command < 0)
		return CLI_USAGE;
	cli_help(&commands[command], stdout);
	return CLI_OK;
}

static int dispatch(int argc, char **argv)
{
	if (argc < 2) {
		list_commands(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return help(argc - 1, argv + 1);
	if (!strcmp(argv[1], "--version")) {
		puts("bulkhead " BULKHEAD_VERSION);
		return CLI_OK;
	}
	int command = find_command(argv[1]);
	return command < 0 ? CLI_USAGE : run[command](argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	/* A reader that goes away must not kill a run while the host is changed. */
	signal(SIGPIPE, SIG_IGN);
	int status = dispatch(argc, argv);
	/* What was promised on stdout did not arrive: a script must not take that for success. */
	if ((fflush(stdout) || ferror(stdout)) && status == CLI_OK) {
		cli_error("standard output failed");
		return CLI_FAILED;
	}
	return status;
}
