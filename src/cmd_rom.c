/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bulkhead rom DEVICE list|check|dump [FILE]`: what is in an option ROM, and whether it is whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/parse.h"
#include "by_hand.h"
#include "cmd.h"
#include "json.h"
#include "rom_show.h"

/* What is no address and no pair of ids is the name of a file. */
static bool is_file(const char *what)
{
	uint16_t vendor, device;
	struct bdf bdf;
	return bdf_parse(what, &bdf) && parse_pci_id(what, &vendor, &device);
}

/* A FILE beside a device is looked at as that device's ROM. */
static int open_source(const struct cmd_args *args, const struct host *host, struct rom_source *ret,
		       struct err *err)
{
	struct pci_dev dev;
	struct bdf bdf;
	if (is_file(args->device))
		return rom_read_file(args->device, NULL, ret, err);
	int r = by_hand_find(host, args->device, &bdf, err);
	if (r)
		return r;
	if (!args->name || !strcmp(args->action, "dump"))
		return rom_read_device(host, bdf, ret, err);
	r = rom_find_device(host, bdf, &dev, err);
	return r ? r : rom_read_file(args->name, &dev, ret, err);
}

/* A file that is there is left alone: it may be the last good copy. */
static int write_file(const char *path, const struct rom_source *source, struct err *err)
{
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(err, -errno, "%s", path);
	int r = file_pwrite_all(fd, source->data, source->size, 0);
	if (!r && fsync(fd))
		r = -errno;
	if (!r)
		return 0;
	unlink(path);
	return err_errno(err, r, "%s", path);
}

static int show(const struct cmd_args *args, const struct rom_source *source, struct err *err)
{
	struct rom_report report;
	bool check = strcmp(args->action, "list") != 0;
	int r = rom_report_make(&report, source, err);
	if (!r && !strcmp(args->action, "dump"))
		r = write_file(args->name, source, err);
	if (r)
		return r;
	if (args->json)
		r = json_print(rom_report_json(&report), stdout);
	else
		rom_report_print(&report, check, stdout);
	return r ? r : !check || rom_report_is_good(&report) ? CLI_OK : CLI_FAILED;
}

static int check_usage(const struct cmd_args *args)
{
	bool dump = !strcmp(args->action, "dump");
	if (dump && is_file(args->device))
		cli_error("dump reads a device, and %s is none", args->device);
	else if (dump && !args->name)
		cli_error("dump needs the FILE to write");
	else if (args->name && !dump && is_file(args->device))
		cli_error("%s is no device; a second file says nothing of it", args->device);
	else
		return CLI_GO;
	return CLI_USAGE;
}

static int rom(const struct cmd_args *args, struct host *host, struct err *err)
{
	struct rom_source source = { 0 };
	int r = open_source(args, host, &source, err);
	if (!r)
		r = show(args, &source, err);
	rom_source_fini(&source);
	return r;
}

int cmd_rom(int argc, char **argv)
{
	return cmd_on_host(CMD_ROM, argc, argv, check_usage, rom);
}
