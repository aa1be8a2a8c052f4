/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bulkhead stop [NAME]`: presses the guest's power button, or with --force ends it now. */
#include <stdio.h>

#include "cmd.h"
#include "control.h"
#include "running.h"

static int stop(const struct cmd_args *args, struct host *host, struct err *err)
{
	json_t *answer = NULL;
	char name[64];
	int r = running_pick(host, args->name, name, sizeof(name), err);
	if (!r)
		r = control_ask(host, name, args->force ? "kill" : "stop", &answer, err);
	json_decref(answer);
	return r;
}

int cmd_stop(int argc, char **argv)
{
	return cmd_on_host(CMD_STOP, argc, argv, NULL, stop);
}
