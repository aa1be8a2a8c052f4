/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a file goes into a snapshot: what the program asks of it, without what tells who its
 * owner is. Private to snapshot_*.c.
 */
#ifndef BULKHEAD_SNAPSHOT_KEEP_H
#define BULKHEAD_SNAPSHOT_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One file of /proc, of which only some lines are kept. */
struct keep_file {
	const char *path; /* "proc/self/mountinfo" */
	/* Whether `line` (terminated, no newline) stays; may make it shorter in place. */
	bool (*keep)(char *line);
	bool one_record; /* only up to the first empty line */
};

extern const struct keep_file keep_files[];
extern const size_t n_keep_files;

/* In place: MAC addresses become zeros, and what is neither printable nor a tab becomes `?`. */
void keep_scrub(char *text);

/* Zeroes the serial number and what the VPD registers were last asked, in `size` bytes. */
void keep_scrub_config(uint8_t *cfg, size_t size);

#endif
