/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd.h"

int cmd_completion(int argc, char **argv)
{
	struct cmd_args args = { 0 };
	int status = cmd_parse(CMD_COMPLETION, argc, argv, &args);
	if (status != CLI_GO)
		return status;
	return cli_completion(args.shell, commands, N_COMMANDS, stdout) ? CLI_FAILED : CLI_OK;
}
