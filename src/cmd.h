/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands of `bulkhead`. Each is one cmd_*.c whose function gets its own name as argv[0] and
 * returns the exit status (cli.h); only these files print, and only main exits. What a command
 * accepts on its line is described in commands.c, for all of them in one place.
 *
 *	int cmd_stop(int argc, char **argv)
 *	{
 *		return cmd_on_host(CMD_STOP, argc, argv, NULL, stop);
 *	}
 */
#ifndef BULKHEAD_CMD_H
#define BULKHEAD_CMD_H

#include <stdbool.h>

#include "cli.h"
#include "core/host.h"
#include "profile.h"

enum command { /* index into commands[] */
	CMD_DEVICES,
	CMD_HOST,
	CMD_CHECK,
	CMD_VF,
	CMD_BIND,
	CMD_RELEASE,
	CMD_RESET,
	CMD_ROM,
	CMD_RUN,
	CMD_RECOVER,
	CMD_STATUS,
	CMD_STOP,
	CMD_SCREENSHOT,
	CMD_REPORT,
	CMD_PROFILE,
	CMD_COMPLETION,
	N_COMMANDS
};

/* What any command may be told; a command sees set only what its row in commands.c lists. */
struct cmd_args {
	const char *profile; /* PROFILE: a file */
	const char *name;    /* NAME of a running profile; NULL = the only one, or all; `rom`: FILE */
	const char *action;  /* of `profile`: "dump", "reference"; of `vf`: "list" … */
	const char *shell;   /* of `completion` */
	const char *device;  /* of `devices`: ADDRESS; of `vf`: PF; NULL = all */
	const char *group;   /* of `devices`: --group; NULL = all */
	const char *iommu;   /* --iommu; NULL = as the profile says */
	const char *host;    /* --host DIR: sys, proc, dev and run below it; "" = the real ones */
	const char *snapshot; /* of `devices`: file to write, "-" = stdout; NULL = none */
	const char *output;   /* file to write; of `report` NULL = named after the profile */
	struct cli_list set; /* --set PATH=VALUE */
	struct cli_list words; /* of `vf`: what follows PF */
	bool json;
	bool watch; /* of `devices` */
	bool dump_profile;
	bool verbose;
	bool registers; /* of `status` */
	bool force; /* of `stop`: now, without asking the guest; of `bind` …: whoever has it */
	const char *timeout; /* of `bind` …: --timeout; NULL = as sysfs.h says */
};

extern const struct cli_command commands[N_COMMANDS];

/* cli_parse with the row of `command`. */
int cmd_parse(enum command command, int argc, char **argv, struct cmd_args *args);

/*
 * What most commands are: parses, has `check` (or NULL) look at what goes together (CLI_GO, or a
 * status after its message), opens the host that is meant, acts. `act` answers CLI_OK or
 * CLI_FAILED, or -errno with a text that is printed here. The exit status.
 */
int cmd_on_host(enum command command, int argc, char **argv,
		int (*check)(const struct cmd_args *args),
		int (*act)(const struct cmd_args *args, struct host *host, struct err *err));

/*
 * Loads args->profile with its --set and --iommu. CLI_GO: `profile` is filled and the caller calls
 * profile_fini. Otherwise the exit status: the error was printed, or --dump-profile was done.
 */
int cmd_load_profile(const struct cmd_args *args, struct profile *profile);

/* Takes --timeout over into `host`. -EINVAL. In cmd_bind.c. */
int cmd_timeout(const struct cmd_args *args, struct host *host, struct err *err);

int cmd_devices(int argc, char **argv);
int cmd_host(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_vf(int argc, char **argv);
int cmd_bind(int argc, char **argv);
int cmd_release(int argc, char **argv);
int cmd_reset(int argc, char **argv);
int cmd_rom(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_recover(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_stop(int argc, char **argv);
int cmd_screenshot(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_profile(int argc, char **argv);
int cmd_completion(int argc, char **argv);

#endif
