/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host that a command looks at, by what `--host` (or its other name, `--sysfs`) was given: the
 * machine's own, a directory with sys, proc, dev and run in it, or a snapshot, which is unpacked
 * into a directory of its own until it is closed. For commands that change nothing.
 */
#ifndef BULKHEAD_SAVED_HOST_H
#define BULKHEAD_SAVED_HOST_H

#include <signal.h>
#include <stdbool.h>

#include "base/err.h"
#include "core/host.h"

struct saved_host {
	struct host host;
	char root[256]; /* "" = the machine's own */
	bool unpacked;  /* root is ours to remove */
	sigset_t
		mask; /* as it was before; while unpacked no signal ends us with that left behind */
};

/* `where` "" = the machine's own. saved_host_close only after 0. */
int saved_host_open(struct saved_host *saved, const char *where, struct err *err);
void saved_host_close(struct saved_host *saved);

/* As the former without opening it: `saved->root` can be given to host_open. */
int saved_host_find(struct saved_host *saved, const char *where, struct err *err);
void saved_host_forget(struct saved_host *saved);

#endif
