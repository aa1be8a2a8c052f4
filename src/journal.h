/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reversible host changes. A record is written and synced before its change is made, and struck out
 * after it is undone. Whatever kills the process, `bulkhead recover` finds the file and undoes what
 * it says, newest first. Undo is idempotent: a record whose change was never made undoes to
 * nothing.
 *
 * In /run/bulkhead/NAME: `lock`, locked by the living process that runs profile NAME (its pid is
 * inside); `journal`, one record a line (journal_record.h); `devices`, what the run claims. The
 * lock is an open file description lock, so that others can ask for its state without taking it.
 */
#ifndef BULKHEAD_JOURNAL_H
#define BULKHEAD_JOURNAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "action.h"
#include "base/err.h"
#include "core/host.h"
#include "plan.h"

#define JOURNAL_NAME_MAX 48
#define JOURNAL_CLAIMS_MAX 512 /* of all runs of a host; room for journal_claims */

struct journal {
	const struct host *host;         /* borrowed */
	int run_fd, dir_fd, fd, lock_fd; /* owned; -1 = closed */
	unsigned sequence;               /* of the next record */
	off_t size;                      /* of the file up to the last whole record */
	bool broken; /* a torn record could not be cut off: nothing more may follow it */
	bool has_hung;
	struct bdf hung; /* its driver did not answer: its changes are left for a recovery */
	char name[64];
	/*
	 * Called before and after each step with its text, "3 change bind 0000:01:00.0": the count
	 * since journal_open, and what comes now. Tests stop or kill the process there. May be
	 * NULL.
	 */
	void (*step)(void *ctx, const char *step);
	void *step_ctx;
	unsigned steps;
	/* Called for each change that was undone. May be NULL. */
	void (*undone)(void *ctx, const struct action *action);
	void *undone_ctx;
};

/* Of what is journalled for one device rather than for a profile: "bound-0000-01-00.0". */
struct journal_name {
	char s[JOURNAL_NAME_MAX + 1];
};
struct journal_name journal_name_for(const char *prefix, struct bdf bdf);

/*
 * Takes the profile's lock and an empty journal. -EBUSY when the profile runs already (says which
 * pid), -EUCLEAN when a killed run left a journal (next step: bulkhead recover NAME), -EINVAL when
 * NAME is none (1..48 of [a-zA-Z0-9._-], not . or ..).
 */
int journal_open(struct journal *journal, const struct host *host, const char *name,
		 struct err *err);
/* If everything is undone the files are removed; else they stay for recover. Accepts a zeroed one.
 */
void journal_close(struct journal *journal);

/*
 * Records, then makes one change; nothing where it is so already. On failure the change is undone
 * and its record struck out; but after -ETIMEDOUT (a driver that hangs) it stays for a recovery.
 */
int journal_do(struct journal *journal, const struct action *action, struct err *err);

/* Undoes everything recorded, newest first; goes on after failures and reports the first. */
int journal_undo(struct journal *journal, struct err *err);

/*
 * The device has left the host: its changes went with it, and what comes to its address later is
 * neither ours to put back nor claimed.
 */
int journal_forget(struct journal *journal, struct bdf bdf, struct err *err);
/* Only the second half of that. */
int journal_unclaim(struct journal *journal, struct bdf bdf, struct err *err);

/*
 * Gives up the way back: what was changed stays, as from one moment to the next. For changes that are
 * to last; journal_close then leaves nothing.
 */
int journal_keep(struct journal *journal, struct err *err);

/*
 * What was changed stays until `journal_recover` is called for this name: journal_close leaves the
 * records, and they are not those of a killed run. journal_is_lasting tells.
 */
int journal_last(struct journal *journal, struct err *err);
bool journal_is_lasting(const struct host *host, const char *name);
/* Whether there is anything of that name, alive or dead. */
bool journal_is_there(const struct host *host, const char *name);
/* From here on the records are to be undone, by whoever comes: -ENOENT when there are none. */
int journal_end_lasting(const struct host *host, const char *name, struct err *err);

/* A step of somebody else's between two changes, for the same hook. */
void journal_step(struct journal *journal, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * A `step` for the program itself: the process stops (SIGSTOP) at the step whose count or whose
 * text the environment variable BULKHEAD_STOP_AT gives. A test continues or kills it there.
 */
void journal_step_from_env(void *ctx, const char *step);

/* For recover: names of profiles with files that no living run holds. Stops when `each` fails. */
int journal_stale(const struct host *host, int (*each)(void *ctx, const char *name), void *ctx);
/*
 * Opens what a dead run left, undoes it and removes it; `undone` (or NULL) as in struct journal.
 * -EBUSY when the run is alive, -ENOENT when there is none, -EBADMSG when the journal is damaged.
 */
int journal_recover(const struct host *host, const char *name,
		    void (*undone)(void *ctx, const struct action *action), void *undone_ctx,
		    struct err *err);

/* Devices claimed by live runs, and by killed ones that were not recovered. At most `max`. */
int journal_claims(const struct host *host, struct plan_claim *ret, unsigned max, unsigned *ret_n);
/* As journal_claims, without what the run `except` has claimed itself; NULL = all. */
int journal_claims_of_others(const struct host *host, const char *except, struct plan_claim *ret,
			     unsigned max, unsigned *ret_n);
/* -EBUSY while a living run holds the name, -EUCLEAN when a killed one left changes, else 0. */
int journal_state(const struct host *host, const char *name);
/* The profile whose run has this pid; -ENOENT when it is no run, or cannot be seen. */
int journal_owner_of(const struct host *host, pid_t pid, char *ret, size_t size);
/*
 * No run can claim a device until the caller closes *ret_fd: for what must not meet a new holder. Waits
 * for a run that is just claiming.
 */
int journal_lock_claims(const struct host *host, int *ret_fd, struct err *err);
/* Records that this run holds the plan's devices; -EBUSY names device and other profile. */
int journal_claim(struct journal *journal, const struct plan *plan, struct err *err);
/* The same for a caller that has the lock already (journal_lock_claims). */
int journal_claim_locked(struct journal *journal, const struct plan *plan, struct err *err);

#endif
