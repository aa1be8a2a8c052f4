/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What resets have done to each device so far, below /var/lib/bulkhead: one file a device, one line
 * a method. It outlives reboots and versions, so whatever is in it is read with suspicion: what is
 * not understood is left out, and another card at the address begins anew.
 */
#ifndef BULKHEAD_RESET_HISTORY_H
#define BULKHEAD_RESET_HISTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/bdf.h"
#include "base/err.h"
#include "core/host.h"

#define RESET_METHODS_MAX 10

struct reset_record {
	char method[24]; /* of the kernel's reset_method: "flr", "bus", … */
	uint32_t tries, failures;
	int64_t last; /* seconds since 1970 */
};

struct reset_history {
	struct reset_record at[RESET_METHODS_MAX];
	unsigned n;
};

/* Empty when there is none, or none that can be read. */
void reset_history_read(const struct host *host, struct bdf bdf, struct reset_history *ret);

/* One more reset at `now`. */
int reset_history_note(const struct host *host, struct bdf bdf, const char *method, bool good,
		       int64_t now, struct err *err);

/* "flr 12 times, 1 failed, last 2026-11-22 19:00". */
struct reset_record_text {
	char s[96];
};
struct reset_record_text reset_record_text(const struct reset_record *record);
/* One line a method, each after `indent`. */
void reset_history_print(const struct host *host, struct bdf bdf, const char *indent, FILE *out);
/* [{"method", "tries", "failures", "last"}]; new reference, NULL without memory. */
json_t *reset_history_json(const struct host *host, struct bdf bdf);

#endif
