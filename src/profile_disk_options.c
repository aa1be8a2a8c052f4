/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of an entry of `disks`. To add one: a field in profile.h and a row here. */
#include "profile_options.h"

#include <errno.h>

#include "base/bytes.h"
#include "profile.h"

/* ACS-3 §7.12.7.10: the serial number is ASCII, and some guests make file names of it. */
static int accept_serial(void *object, const char *text, struct err *err)
{
	(void)object;
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '/')
			return err_set(err, -EINVAL, "%s has other characters than printable ASCII, or "
				       "a blank or '/'", opt_quote(text).s);
	return 0;
}

static const char *const type_names[] = { [DISK_HARD] = "disk", [DISK_CDROM] = "cdrom", NULL };
static const char *const cache_names[] = { [DISK_WRITEBACK] = "writeback",
					   [DISK_WRITETHROUGH] = "writethrough",
					   [DISK_DIRECT] = "direct",
					   NULL };

static const struct opt disk_rows[] = {
	{
		.key = "path",
		.type = OPT_PATH,
		.offset = offsetof(struct profile_disk, path),
		.min = 1,
		.brief = "The raw image, or a block device of the host",
		.detail = "It is locked while the guest runs: one machine may write it, or several "
			  "read it.",
	},
	{
		.key = "type",
		.type = OPT_ENUM,
		.offset = offsetof(struct profile_disk, type),
		.fallback = "disk",
		.names = type_names,
		.brief = "What the guest sees: a hard disk, or a CD-ROM drive with a disc in it",
	},
	{
		.key = "readonly",
		.type = OPT_BOOL,
		.offset = offsetof(struct profile_disk, read_only),
		.fallback = "false",
		.brief = "Refuse the guest's writes with an error; a CD-ROM is never written",
	},
	{
		.key = "serial",
		.type = OPT_TEXT,
		.offset = offsetof(struct profile_disk, serial),
		.fallback = "auto",
		.none = "auto",
		.min = 1,
		.max = 20,
		.accept = accept_serial,
		.example = "DATA-0001",
		.brief = "The serial number that the guest sees",
		.detail = "`\"auto\"` makes one from the path, the same at every start.",
	},
	{
		.key = "boot_index",
		.type = OPT_INT,
		.offset = offsetof(struct profile_disk, boot_index),
		.fallback = "none",
		.none = "none",
		.max = 255,
		.brief = "Place in the firmware's boot order, the lowest first",
	},
	{
		.key = "cache",
		.type = OPT_ENUM,
		.offset = offsetof(struct profile_disk, cache),
		.fallback = "writeback",
		.names = cache_names,
		.brief = "How the host caches it",
		.detail = "`\"writeback\"` uses the host's page cache and writes to the disk when the "
			  "guest asks for it, as a drive with a cache does; `\"writethrough\"` does "
			  "it for each write; `\"direct\"` leaves the page cache out (O_DIRECT), "
			  "which file systems in memory cannot.",
	},
};
const struct opt_table profile_disk_options = { disk_rows, ARRAY_LEN(disk_rows) };
