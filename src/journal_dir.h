/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The directory of one profile below /run/bulkhead: who holds it, and taking and removing it.
 * Private to journal*.c.
 */
#ifndef BULKHEAD_JOURNAL_DIR_H
#define BULKHEAD_JOURNAL_DIR_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "journal_record.h"

/* 1..48 of [a-zA-Z0-9._-], not `.` or `..`. */
bool journal_name_ok(const char *name);

/* True when a living process holds profile `name`; its pid, or 0 when it does not say. */
bool journal_dir_held(int run_fd, const char *name, pid_t *ret_pid);

/*
 * Opens (`make`: and makes) the directory and takes its lock. -EBUSY when it is held, -ENOENT when
 * there is none; without text.
 */
int journal_dir_take(int run_fd, const char *name, bool make, int *ret_dir_fd, int *ret_lock_fd);

/* Removes all files and the directory; the lock must be held. */
void journal_dir_remove(int run_fd, const char *name, int dir_fd);

/* Reads the file `journal`; an absent one is an empty log. -EBADMSG, -EFBIG, … with a text. */
int journal_dir_log(int dir_fd, struct journal_log *log, struct err *err);

/* Calls `each` for every profile directory; stops when it fails. 0 when there are none. */
int journal_dir_each(int run_fd, int (*each)(void *ctx, const char *name), void *ctx);

#endif
