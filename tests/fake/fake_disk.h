/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for core/disk_io.c: a disk in memory that does what it is asked when the test says so, in
 * the order the test says, and fails on demand.
 */
#ifndef BULKHEAD_FAKE_DISK_H
#define BULKHEAD_FAKE_DISK_H

#include "core/disk.h"

#define FAKE_DISK_QUEUE 64

struct fake_disk {
	uint8_t *data; /* of the disk's size; the test's */
	struct disk_request *queue[FAKE_DISK_QUEUE];
	unsigned n;
	int fail; /* 0, or what every request ends with from now on */
	unsigned reads, writes, flushes, discards, stable;
};
extern struct fake_disk fake_disk;

/* Carries out the `i`th of those that wait. */
void fake_disk_run(unsigned i);
void fake_disk_run_all(void);

#endif
