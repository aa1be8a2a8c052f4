/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which profiles run on this host, for commands that talk to one of them.
 */
#ifndef BULKHEAD_RUNNING_H
#define BULKHEAD_RUNNING_H

#include <stddef.h>

#include "base/err.h"
#include "core/host.h"

#define RUNNING_MAX 64

struct running {
	char name[RUNNING_MAX][64];
	unsigned n;
};

/* Profiles whose control socket exists, by name. */
int running_list(const struct host *host, struct running *ret);

/* `name`, or the only one that runs. -ENOENT none, -EINVAL several (all are named). */
int running_pick(const struct host *host, const char *name, char *ret_name, size_t size,
		 struct err *err);

#endif
