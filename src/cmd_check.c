/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bulkhead check PROFILE`: `run` stopped before its first change to anything. */
#include <string.h>

#include "cmd.h"
#include "good.h"
#include "json.h"
#include "prepare.h"
#include "saved_host.h"

static int show(const struct prepared *prepared, const struct profile *profile, bool json)
{
	const struct plan *plan = &prepared->plan;
	int r = 0;
	if (json)
		r = json_print(plan_json(plan), stdout);
	else
		plan_print(plan, stdout, cli_colour(stdout));
	if (plan->refusals.n && !json)
		good_print_differences(&prepared->host, profile, stdout);
	if (r)
		cli_error("cannot print the plan: %s", strerror(-r));
	return r || plan->refusals.n ? CLI_FAILED : CLI_OK;
}

static int check_on(const char *root, const struct profile *profile, bool json)
{
	struct prepared prepared;
	struct err err = { 0 };
	int status = prepare(&prepared, profile, root, &err) ? cli_fail(&err)
							     : show(&prepared, profile, json);
	prepare_fini(&prepared);
	return status;
}

int cmd_check(int argc, char **argv)
{
	struct cmd_args args = { 0 };
	struct profile profile;
	struct saved_host saved;
	struct err err = { 0 };
	int status = cmd_parse(CMD_CHECK, argc, argv, &args);
	if (status == CLI_GO)
		status = cmd_load_profile(&args, &profile);
	if (status != CLI_GO)
		return status;
	if (saved_host_find(&saved, args.host, &err)) {
		status = cli_fail(&err);
	} else {
		status = check_on(saved.root, &profile, args.json);
		saved_host_forget(&saved);
	}
	profile_fini(&profile);
	return status;
}
