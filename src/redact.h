/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes out of a text what tells whose machine it is: host name, user names, serial numbers, MAC
 * and IP addresses, UUIDs, what names a disk by its serial number, and values of words like
 * `password=`. Each becomes a stand-in such as MAC-1, the same one wherever the same thing stands,
 * so that what belongs together can still be seen.
 */
#ifndef BULKHEAD_REDACT_H
#define BULKHEAD_REDACT_H

#include <stddef.h>
#include <stdio.h>

#include "base/vec.h"
#include "core/host.h"

enum redact_kind {
	REDACT_HOST,
	REDACT_USER,
	REDACT_SERIAL,
	REDACT_MAC,
	REDACT_IP,
	REDACT_UUID,
	REDACT_DISK,
	REDACT_SECRET,
	REDACT_KINDS
};

#define REDACT_KNOWN_MAX 256

struct redact {
	vec(struct redacted {
		enum redact_kind kind;
		unsigned number; /* of its kind, from 1 */
		char *value;     /* owned */
		size_t len;
	}) seen;
	unsigned count[REDACT_KINDS];
	/* Indices of those that are looked for everywhere, not only where their form tells. */
	unsigned known[REDACT_KNOWN_MAX], n_known;
};

/* `redact` zeroed by the caller. fini also of a zeroed one. */
void redact_fini(struct redact *redact);

/*
 * Looks for `value` from now on: a whole word for a host or user name, anywhere for a serial
 * number. One that is too short or too common to be told from other text is left alone. -ENOMEM.
 */
int redact_know(struct redact *redact, enum redact_kind kind, const char *value);

/* What this host says of its name, its serial numbers and those of its disks. */
int redact_know_host(struct redact *redact, const struct host *host);

/* `text` without all that to `out`. -ENOMEM, and then nothing more of it was written. */
int redact_text(struct redact *redact, const char *text, size_t n, FILE *out);

#endif
