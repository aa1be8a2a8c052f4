/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "cmd.h"

int cmd_profile(int argc, char **argv)
{
	struct cmd_args args = { 0 };
	struct profile profile;
	int status = cmd_parse(CMD_PROFILE, argc, argv, &args);
	if (status != CLI_GO)
		return status;
	if (!strcmp(args.action, "reference")) {
		profile_write_reference(stdout);
		return CLI_OK;
	}
	if (!args.profile) {
		cli_error("profile dump: PROFILE is missing");
		return CLI_USAGE;
	}
	args.dump_profile = true;
	return cmd_load_profile(&args, &profile);
}
