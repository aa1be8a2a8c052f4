/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that do not answer. A driver that probes one hangs or takes the machine down, and so may a
 * guest: so it is given to neither, until a reset has revived it or the machine was restarted. A
 * file in /run/bulkhead for each says why.
 */
#ifndef BULKHEAD_QUARANTINE_H
#define BULKHEAD_QUARANTINE_H

#include "base/bdf.h"
#include "base/err.h"
#include "core/host.h"

struct quarantine {
	char why[512]; /* "" = it is not */
};

struct quarantine quarantine_of(const struct host *host, struct bdf bdf);
int quarantine_put(const struct host *host, struct bdf bdf, const char *why, struct err *err);
/* Not in it is success. */
int quarantine_lift(const struct host *host, struct bdf bdf, struct err *err);

/* -EIO with the reason and the next step when it is; else 0. */
int quarantine_check(const struct host *host, struct bdf bdf, struct err *err);

/*
 * For who is about to give the device to a driver: -EIO when it does not answer, and then it is in
 * quarantine, with the error registers in the text. 0 also for a device whose configuration cannot
 * be read at all.
 */
int quarantine_unless_answering(const struct host *host, struct bdf bdf, struct err *err);

#endif
