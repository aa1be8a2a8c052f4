/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bulkhead recover [NAME]`: undoes what runs that were killed left on the host. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/vec.h"
#include "by_hand.h"
#include "cmd.h"
#include "journal.h"

struct names {
	const struct host *host;
	vec(struct recover_name { char s[JOURNAL_NAME_MAX + 1]; }) list;
};

static int keep_name(void *ctx, const char *name)
{
	struct names *names = ctx;
	struct bdf bdf;
	if (by_hand_is_bound(names->host, name, &bdf)) {
		printf("%s stays on vfio-pci, where bulkhead bind put it; bulkhead release %s\n",
		       bdf_text(bdf).s, bdf_text(bdf).s);
		return 0;
	}
	struct recover_name *kept = vec_push(&names->list);
	if (!kept)
		return -ENOMEM;
	snprintf(kept->s, sizeof(kept->s), "%s", name);
	return 0;
}

static void say_undone(void *ctx, const struct action *action)
{
	const char *name = ctx;
	printf("%s: undone: %s\n", name, action_text(action).s);
}

/* A message for each profile that could not be recovered; the others are still tried. */
static int recover(const struct host *host, const char *name)
{
	struct err err = { 0 };
	int r = journal_recover(host, name, say_undone, (void *)name, &err);
	if (r)
		return cli_fail(&err);
	printf("%s: the host is as it was before\n", name);
	return CLI_OK;
}

static int recover_all(const struct host *host)
{
	struct names names = { .host = host };
	int status = CLI_OK;
	int r = journal_stale(host, keep_name, &names);
	if (r) {
		cli_error("%s: %s", host->run_path, strerror(-r));
		status = CLI_FAILED;
	}
	for (size_t i = 0; !r && i < names.list.n; i++)
		if (recover(host, names.list.at[i].s) != CLI_OK)
			status = CLI_FAILED;
	if (!r && !names.list.n)
		printf("nothing to recover\n");
	vec_free(&names.list);
	return status;
}

static int recover_asked(const struct cmd_args *args, struct host *host, struct err *err)
{
	(void)err; /* each has its own message */
	return args->name ? recover(host, args->name) : recover_all(host);
}

int cmd_recover(int argc, char **argv)
{
	return cmd_on_host(CMD_RECOVER, argc, argv, NULL, recover_asked);
}
