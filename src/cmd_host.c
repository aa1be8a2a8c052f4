/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bulkhead host`: what this machine can do for assigned devices, and what to do where it cannot.
 */
#include "cmd.h"
#include "host_report.h"
#include "json.h"
#include "saved_host.h"

static int show(const struct cmd_args *args, const struct host *host, const struct inventory *inv,
		struct err *err)
{
	struct host_report report;
	int r = host_report_make(&report, host, inv);
	if (!r)
		r = args->json ? json_print(host_report_json(&report), stdout)
			       : host_report_print(&report, stdout, cli_colour(stdout));
	host_report_fini(&report);
	return r ? err_errno(err, r, "host") : 0;
}

int cmd_host(int argc, char **argv)
{
	struct cmd_args args = { 0 };
	struct saved_host saved;
	struct inventory inv;
	struct err err = { 0 };
	int status = cmd_parse(CMD_HOST, argc, argv, &args);
	if (status != CLI_GO)
		return status;
	if (saved_host_open(&saved, args.host, &err))
		return cli_fail(&err);
	int r = inventory_read(&inv, &saved.host, &err);
	if (!r) {
		r = show(&args, &saved.host, &inv, &err);
		inventory_fini(&inv);
	}
	saved_host_close(&saved);
	return r ? cli_fail(&err) : CLI_OK;
}
