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

struct host {
	int sys;  /* /sys */
	int proc; /* /proc */
	int dev;  /* /dev */
	int run;  /* /run/bulkhead; -1 until the first run of a profile has made it (host_make_run) */
	char sys_path[256];
	char run_path[256];
};

/*
 * Opens the host. `root` is "" for the real one, else a directory that has sys, proc, dev and run
 * in it. -errno with a text that names the directory.
 */
int host_open(struct host *host, const char *root, struct err *err);
void host_close(struct host *host);

/*
 * Makes /run/bulkhead with mode 0700 where it is missing and opens it as host->run. Only what is
 * about to change the host calls this. -EACCES and others with a text.
 */
int host_make_run(struct host *host, struct err *err);

#endif
