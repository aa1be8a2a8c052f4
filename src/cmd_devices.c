/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bulkhead devices [ADDRESS]`: the host's PCI functions, and what stands in the way of each. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/parse.h"
#include "cmd.h"
#include "devices.h"
#include "journal.h"
#include "json.h"

#define CLAIMS_MAX 512

static unsigned terminal_width(void)
{
	struct winsize size;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? 0 : size.ws_col;
}

static int choose_group(const char *text, struct devices_view *view, struct err *err)
{
	uint64_t group;
	if (parse_u64(text, &group) || group > INT_MAX)
		return err_set(err, -EINVAL, "--group %s: not a group number", text);
	view->group = (int)group;
	for (size_t i = 0; i < view->inv->devs.n; i++)
		if (view->inv->devs.at[i].group == view->group)
			return 0;
	return err_set(err, -ENOENT, "this host has no IOMMU group %s with PCI devices", text);
}

static int choose_device(const char *text, struct devices_view *view, struct err *err)
{
	struct bdf bdf;
	if (bdf_parse(text, &bdf))
		return err_set(err, -EINVAL, "%s: not a PCI address such as 0000:01:00.0", text);
	view->one = inventory_find(view->inv, bdf);
	return view->one
		       ? 0
		       : err_set(err, -ENODEV, "%s: this host has no such device", bdf_text(bdf).s);
}

static int show(const struct devices_view *view, bool json)
{
	bool colour = cli_colour(stdout);
	if (json)
		return json_print(devices_json(view), stdout);
	if (view->one)
		return devices_detail(view, stdout, colour);
	return devices_table(view, stdout, colour, terminal_width());
}

static int show_chosen(const struct cmd_args *args, struct devices_view *view, struct err *err)
{
	int r = args->group ? choose_group(args->group, view, err) : 0;
	if (!r && args->device)
		r = choose_device(args->device, view, err);
	if (r)
		return r;
	r = show(view, args->json);
	return r ? err_errno(err, r, "devices") : 0;
}

static int read_and_show(const struct cmd_args *args, const struct host *host, struct err *err)
{
	struct inventory inv;
	struct plan_claim claims[CLAIMS_MAX];
	struct devices_view view = { .inv = &inv, .claims = claims, .group = DEVICES_ANY_GROUP };
	int r = inventory_read(&inv, host, err);
	if (r)
		return r;
	r = journal_claims(host, claims, CLAIMS_MAX, &view.n_claims);
	if (r)
		err_errno(err, r, "%s", host->run_path);
	else
		r = show_chosen(args, &view, err);
	inventory_fini(&inv);
	return r;
}

int cmd_devices(int argc, char **argv)
{
	struct cmd_args args = { 0 };
	struct host host;
	struct err err = { 0 };
	int status = cmd_parse(CMD_DEVICES, argc, argv, &args);
	if (status != CLI_GO)
		return status;
	if (host_open(&host, args.host, &err))
		return cli_fail(&err);
	int r = read_and_show(&args, &host, &err);
	host_close(&host);
	return r ? cli_fail(&err) : CLI_OK;
}
