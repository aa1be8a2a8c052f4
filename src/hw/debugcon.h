/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The port that firmware writes its debug output to, byte by byte, and a file for it. Reading 0xE9
 * there tells firmware that somebody listens (QEMU's isa-debugcon; edk2 PlatformDebugLibIoPort).
 */
#ifndef BULKHEAD_HW_DEBUGCON_H
#define BULKHEAD_HW_DEBUGCON_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/bus.h"

#define DEBUGCON_LINE 256
#define DEBUGCON_MAX (UINT64_C(16) << 20) /* bytes of one run; the rest is dropped */

struct debugcon {
	pthread_mutex_t lock; /* a leaf; guards all below */
	int fd;               /* owned; -1 = not open */
	char line[DEBUGCON_LINE];
	size_t n;
	uint64_t written;
};

/* Makes the file, or empties the one that is there. -errno. */
int debugcon_init(struct debugcon *con, const char *path, struct err *err);
/* Writes what is left of a line. Accepts one that is all zeroes. */
void debugcon_fini(struct debugcon *con);

extern const struct bus_ops debugcon_ops; /* 1 port, ctx = struct debugcon */

#endif
