/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host as directory fds. Everything that reads or changes the host goes through one struct
 * host, so that a test can hand in a tree of its own, and `--sysfs DIR` a saved one.
 */
#ifndef BULKHEAD_CORE_HOST_H
#define BULKHEAD_CORE_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define HOST_REPLAYED_MARK "replayed" /* a file of this name beside sys says so */

struct host {
	int sys;  /* /sys */
	int proc; /* /proc */
	int dev;  /* /dev */
	char sys_path[256];
	char run_path[256];
	char state_path[256]; /* what outlives a reboot: /var/lib/bulkhead */
	bool replayed;        /* unpacked from a snapshot: facts to read, no device to ask */
	unsigned answer_ms;   /* how long a driver may take over a request; 0 = as sysfs.h says */
};

/*
 * Opens the host. `root` is "" for the real one, else a directory that has sys, proc, dev and run
 * in it. -errno with a text that names the directory.
 */
int host_open(struct host *host, const char *root, struct err *err);
void host_close(struct host *host);

/* The same for /var/lib/bulkhead, with the directories above it. */
int host_open_state(const struct host *host, bool make, struct err *err);

/*
 * A new fd of /run/bulkhead, or -errno. With `make` it is made (mode 0700) where it is missing;
 * only what is about to change the host asks for that.
 */
int host_open_run(const struct host *host, bool make, struct err *err);

#endif
