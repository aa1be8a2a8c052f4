/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What somebody does to one device by hand, without a VM: it has a journal of its own, named after
 * the device, so that two of a kind never meet and `bulkhead recover` can end what was killed.
 */
#ifndef BULKHEAD_DEVICE_TASK_H
#define BULKHEAD_DEVICE_TASK_H

#include <stdbool.h>
#include <stddef.h>

#include "journal.h"

struct device_task {
	const char *prefix; /* of the journal's name: "rom-" */
	const char *busy;   /* said after the address while another process is at it */
	const char *killed; /* and when one was killed at it; the way to recover is added */
};

/*
 * Opens the task's journal, its `step` that of the environment. -EBUSY, -EUCLEAN (texts above),
 * -errno; journal_close is the caller's.
 */
int device_task_open(struct journal *journal, const struct device_task *task,
		     const struct host *host, struct bdf bdf, struct err *err);

/* The text for a `code` of journal_open or journal_state, where the task has one. Returns `code`.
 */
int device_task_taken(const struct device_task *task, struct bdf bdf, int code, struct err *err);

/* Changes of these kinds to the device, up to the first that fails: -errno, with its text. */
int device_task_do(struct journal *journal, struct bdf bdf, const enum action_kind *kinds, size_t n,
		   struct err *err);

/*
 * -EBUSY while a profile has the device, running or (`stale_too`) killed and not recovered; names
 * it. Means something only under journal_lock_claims.
 */
int device_task_check_claims(const struct host *host, struct bdf bdf, bool stale_too,
			     struct err *err);

#endif
