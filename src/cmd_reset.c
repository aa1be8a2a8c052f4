/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bulkhead reset DEVICE`: by the kernel's methods, and with proof that it came back. */
#include <stdio.h>

#include "by_hand.h"
#include "cmd.h"
#include "reset_device.h"
#include "reset_history.h"

static int reset(const struct cmd_args *args, const struct host *host, struct err *err)
{
	struct reset_report report;
	struct bdf bdf;
	int r = by_hand_find(host, args->device, &bdf, err);
	if (!r)
		r = reset_device(host, bdf, &report, err);
	if (r)
		return r;
	printf("%s: reset by %s, and as it was before\n", bdf_text(bdf).s, report.method);
	if (report.n_others)
		printf("  %u more behind the same port %s reset along\n", report.n_others,
		       report.n_others == 1 ? "was" : "were");
	if (*report.tried)
		printf("  before that: %s\n", report.tried);
	reset_history_print(host, bdf, "  so far: ", stdout);
	return 0;
}

int cmd_reset(int argc, char **argv)
{
	struct cmd_args args = { 0 };
	struct host host;
	struct err err = { 0 };
	int status = cmd_parse(CMD_RESET, argc, argv, &args);
	if (status != CLI_GO)
		return status;
	if (host_open(&host, args.host, &err))
		return cli_fail(&err);
	int r = cmd_timeout(&args, &host, &err);
	if (!r)
		r = reset(&args, &host, &err);
	host_close(&host);
	return r ? cli_fail(&err) : CLI_OK;
}
