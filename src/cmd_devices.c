/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bulkhead devices [ADDRESS]`: the host's PCI functions, and what stands in the way of each. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd.h"
#include "devices_load.h"
#include "devices_watch.h"
#include "json.h"
#include "saved_host.h"
#include "snapshot.h"

static int show(const struct devices_view *view, bool json)
{
	bool colour = cli_colour(stdout);
	if (json)
		return json_print(devices_json(view), stdout);
	if (view->one)
		return devices_detail(view, stdout, colour);
	return devices_table(view, stdout, colour, devices_terminal_width());
}

static int load_and_show(const struct cmd_args *args, const struct host *host, struct err *err)
{
	struct devices_loaded loaded;
	const struct devices_choice choice = { args->group, args->device };
	if (args->watch)
		return devices_watch(host, &choice, args->json, err);
	int r = devices_load(&loaded, host, &choice, err);
	if (r)
		return r;
	r = show(&loaded.view, args->json);
	devices_unload(&loaded);
	return r ? err_errno(err, r, "devices") : 0;
}

/* For its owner alone, and never through a link that somebody else put there. */
static int write_snapshot(const char *path, const struct host *host, struct err *err)
{
	if (!strcmp(path, "-"))
		return snapshot_write(host, stdout, err);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, -errno, "%s", path);
	FILE *out = fdopen(fd, "w");
	if (!out) {
		close(fd);
		return err_errno(err, -ENOMEM, "%s", path);
	}
	int r = snapshot_write(host, out, err);
	if (fclose(out) && !r)
		r = err_errno(err, -errno, "%s", path);
	return r;
}

static int check_usage(const struct cmd_args *args)
{
	if (args->watch && (*args->host || args->snapshot))
		cli_error("--watch is for this machine as it is now, not for a saved one or to "
			  "save it");
	else if (args->snapshot && (args->group || args->device || args->json))
		cli_error("--snapshot writes the whole host: it goes with no choice of devices");
	else
		return CLI_GO;
	return CLI_USAGE;
}

int cmd_devices(int argc, char **argv)
{
	struct cmd_args args = { 0 };
	struct saved_host saved;
	struct err err = { 0 };
	int status = cmd_parse(CMD_DEVICES, argc, argv, &args);
	if (status == CLI_GO)
		status = check_usage(&args);
	if (status != CLI_GO)
		return status;
	if (saved_host_open(&saved, args.host, &err))
		return cli_fail(&err);
	int r = args.snapshot ? write_snapshot(args.snapshot, &saved.host, &err)
			      : load_and_show(&args, &saved.host, &err);
	saved_host_close(&saved);
	return r ? cli_fail(&err) : CLI_OK;
}
