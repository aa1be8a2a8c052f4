/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host in one text file: what `bulkhead devices --snapshot` writes of /sys, /proc and /dev for a
 * bug report, and what --host replays. A person can read the file before sending it, and a program
 * must not trust it when it came from somebody else.
 *
 *	bulkhead-snapshot 1
 *	dev/vfio/                                       a directory
 *	sys/class/net/eth0 -> ../../devices/…           a link, which stays within the tree
 *	sys/devices/…/vendor = 0x8086                   a file of one line
 *	sys/devices/…/resource :                        a file of lines, each after one tab
 *	sys/devices/…/config @ 4096                     bytes; rows that are missing are zero
 *		000 86 80 c2 01 …
 *	end 5                                           so many entries
 *
 * A snapshot without its end, or with anything else than this, is refused as a whole.
 */
#ifndef BULKHEAD_SNAPSHOT_H
#define BULKHEAD_SNAPSHOT_H

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "core/host.h"

#define SNAPSHOT_MAGIC "bulkhead-snapshot 1"
#define SNAPSHOT_SIZE_MAX (64u << 20)
#define SNAPSHOT_PATH_MAX 255
#define SNAPSHOT_DATA_MAX 4096  /* bytes of a file with `@` */
#define SNAPSHOT_TEXT_MAX 65536 /* bytes of one of lines */
#define SNAPSHOT_ENTRIES_MAX 500000

/*
 * Where the entries of a snapshot go, in its order. Paths are relative, of printable characters,
 * and never have `..` in them; a link's target goes up no further than the tree's root. An error
 * ends the parsing.
 */
struct snapshot_sink {
	int (*dir)(void *ctx, const char *path);
	int (*link)(void *ctx, const char *path, const char *target);
	int (*file)(void *ctx, const char *path, const void *data, size_t size);
	void *ctx;
};

/* -EBADMSG with the number of the line when it is no snapshot; what a sink answered. */
int snapshot_parse(const char *text, size_t size, const struct snapshot_sink *sink,
		   struct err *err);

/*
 * Makes the tree of snapshot `path` in the empty directory `dirfd`. No entry is made through a
 * link: -EBADMSG. After an error a part of the tree may be there.
 */
int snapshot_unpack(const char *path, int dirfd, struct err *err);

/*
 * Writes one of `host`: its PCI functions and what the commands ask of the rest. Left out are
 * serial numbers, MAC addresses, addresses of routers and paths below mount points. -EIO when `out`
 * failed.
 */
int snapshot_write(const struct host *host, FILE *out, struct err *err);

#endif
