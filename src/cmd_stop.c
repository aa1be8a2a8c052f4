/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bulkhead stop [NAME]`: presses the guest's power button, or with --force ends it now. */
#include <stdio.h>

#include "cmd.h"
#include "control.h"
#include "running.h"

int cmd_stop(int argc, char **argv)
{
	struct cmd_args args = { 0 };
	struct host host;
	struct err err = { 0 };
	char name[64];
	int status = cmd_parse(CMD_STOP, argc, argv, &args);
	if (status != CLI_GO)
		return status;
	if (host_open(&host, args.host ? args.host : "", &err))
		return cli_fail(&err);
	json_t *answer = NULL;
	int r = running_pick(&host, args.name, name, sizeof(name), &err);
	if (!r)
		r = control_ask(&host, name, args.force ? "kill" : "stop", &answer, &err);
	json_decref(answer);
	host_close(&host);
	return r ? cli_fail(&err) : CLI_OK;
}
