/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last good start of each profile, /var/lib/bulkhead/NAME/good.json: what the host was like
 * then (fingerprint.h), so that a start that fails can say what has changed since.
 */
#ifndef BULKHEAD_GOOD_H
#define BULKHEAD_GOOD_H

#include <jansson.h>
#include <stdio.h>

#include "base/err.h"
#include "core/host.h"
#include "plan.h"
#include "profile.h"

/* Stores the present state for the plan's profile; the old record stays if that fails. */
int good_store(const struct host *host, const struct plan *plan, struct err *err);

/* The record of profile `name`, a new reference. -ENOENT when there is none, -EBADMSG damaged. */
int good_load(const struct host *host, const char *name, json_t **ret_good, struct err *err);

/* The present state of what `good` has of the host; `profile` NULL: of it only. New reference. */
json_t *good_now(const struct host *host, const json_t *good, const struct profile *profile);

/*
 * Prints what is different now, a line each under a heading; that nothing is, where so; nothing
 * at all when there was no good start yet. Of a damaged record it says that.
 */
void good_print_differences(const struct host *host, const struct profile *profile, FILE *out);
/* The lines alone, for two fingerprints. How many. */
unsigned good_print_lines(const json_t *good, const json_t *now, FILE *out);

#endif
