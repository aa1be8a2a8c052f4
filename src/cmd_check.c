/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bulkhead check PROFILE`: `run` stopped before its first change to anything. */
#include <string.h>

#include "cmd.h"
#include "json.h"
#include "prepare.h"

static int show(const struct plan *plan, bool json)
{
	int r = 0;
	if (json)
		r = json_print(plan_json(plan), stdout);
	else
		plan_print(plan, stdout, cli_colour(stdout));
	if (r)
		cli_error("cannot print the plan: %s", strerror(-r));
	return r || plan->refusals.n ? CLI_FAILED : CLI_OK;
}

int cmd_check(int argc, char **argv)
{
	struct cmd_args args = { 0 };
	struct profile profile;
	struct prepared prepared;
	struct err err = { 0 };
	int status = cmd_parse(CMD_CHECK, argc, argv, &args);
	if (status == CLI_GO)
		status = cmd_load_profile(&args, &profile);
	if (status != CLI_GO)
		return status;
	if (prepare(&prepared, &profile, args.host, &err))
		status = cli_fail(&err);
	else
		status = show(&prepared.plan, args.json);
	prepare_fini(&prepared);
	profile_fini(&profile);
	return status;
}
