/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tells one card from another. An address is only where a card was when the profile was
 * written: another slot, a new card before it or a firmware update renumbers buses, and the guest
 * would get a stranger. So a profile may say who is meant.
 */
#ifndef BULKHEAD_IDENTITY_H
#define BULKHEAD_IDENTITY_H

#include "base/bdf.h"
#include "base/err.h"
#include "core/host.h"

struct identity { /* each "" when the device has none, or the profile does not say */
	char ids[16];       /* "8086:10c9" */
	char subsystem[16]; /* "8086:a03c" */
	char serial[32];    /* "00-1b-21-ff-ff-a3-b4-c5", PCIe 6.0 §7.9.3 */
	char slot[160];     /* "0000:00/01.0/00.0": root bus, then each hop's device and function */
};

/* The serial number needs root, and wakes a device that sleeps. -ENODEV when there is no such device. */
int identity_read(const struct host *host, struct bdf bdf, struct identity *ret);
/* Without the serial number; leaves a sleeping device alone. */
int identity_read_quietly(const struct host *host, struct bdf bdf, struct identity *ret);

/* Syntax of one field by its name in struct identity; -EINVAL with what was expected. */
int identity_accept(const char *field, const char *text, struct err *err);

/*
 * 0 when the device at `bdf` is what `want` says. Else -ENODEV or -ESTALE: what differs, and where
 * the device that is meant is now, if it is anywhere.
 */
int identity_check(const struct host *host, struct bdf bdf, const struct identity *want,
		   struct err *err);

#endif
