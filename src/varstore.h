/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file with a VM's firmware variables: made from a template when it is not there, locked while
 * a VM uses it, kept as FILE.old before a run that may change it, and written as the guest writes.
 *
 * Each write is in the kernel's page cache when varstore_write returns, in the guest's order, so that
 * the end of this process at any moment leaves what a power cut leaves in real flash, which firmware
 * repairs. A thread syncs the file to its disk soon after.
 */
#ifndef BULKHEAD_VARSTORE_H
#define BULKHEAD_VARSTORE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* How a store is to be, from the profile. */
struct varstore_want {
	const char *path;     /* absolute */
	const char *template; /* copied when `path` does not exist */
	const char *code;     /* name and size of the code image it has to fit */
	uint64_t code_size;
	bool secure_boot;     /* it has to have keys */
};

struct varstore {
	char path[512];
	int fd;      /* owned, with the lock; -1 = not open */
	void *image; /* owned; its content in memory, page aligned, for the flash chip to change */
	size_t size;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock; /* guards the next two */
	pthread_cond_t changed;
	bool dirty, quit;
	bool failed; /* a write has, and it was said; under the flash chip's lock */
};

/*
 * Whether varstore_open would succeed, without changing anything: -EBUSY when another VM has the
 * file, -ENOENT without template, errors of fv_check_store and fv_check_pair, -EKEYREJECTED for a
 * store without keys where secure_boot wants them. Each with the remedy.
 */
int varstore_check(const struct varstore_want *want, struct err *err);

/* Makes, locks, checks, backs up and reads the store. Errors as above, and -errno of the files. */
int varstore_open(struct varstore *store, const struct varstore_want *want, struct err *err);
/* Syncs and closes. Accepts one that is all zeroes, or failed to open. */
void varstore_close(struct varstore *store);

/* struct flash's `save`; ctx = struct varstore. -errno of the write. */
int varstore_write(void *ctx, uint64_t off, const void *data, size_t len);

#endif
