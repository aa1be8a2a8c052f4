/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bulkhead reset DEVICE`: by the kernel's methods, and with proof that it came back. */
#include <stdio.h>

#include "by_hand.h"
#include "cmd.h"
#include "reset_device.h"
#include "reset_history.h"

static int reset(const struct cmd_args *args, struct host *host, struct err *err)
{
	struct reset_report report;
	struct bdf bdf = { 0 };
	int r = cmd_timeout(args, host, err);
	if (!r)
		r = by_hand_find(host, args->device, &bdf, err);
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
	return cmd_on_host(CMD_RESET, argc, argv, NULL, reset);
}
