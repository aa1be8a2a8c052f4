/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VM keeps from one run to the next: its directory /var/lib/bulkhead/NAME, with firmware
 * variables, TPM state, dealt PCI slots, the record of the last good start. One run at a time has
 * its lock; who only reads does without.
 */
#ifndef BULKHEAD_VM_STATE_H
#define BULKHEAD_VM_STATE_H

#include <stdbool.h>

#include "base/err.h"
#include "core/host.h"

struct vm_state {
	int dir;        /* the directory; owned, -1 = not open */
	int lock;       /* owned, -1 = not locked */
	char path[352]; /* of the directory, for messages and for programs we start */
};

/*
 * A new fd of the directory of `name`, which must be a plain file name, or -errno with the path:
 * -ENOENT where there is none. `make` makes it (mode 0700) with those above it.
 */
int vm_state_dir(const struct host *host, const char *name, bool make, struct err *err);

/*
 * Makes the directory where it is missing, and takes its lock: -EBUSY with the holder's process id
 * when another run has it. The lock goes with vm_state_close, or with the process.
 */
int vm_state_open(struct vm_state *state, const struct host *host, const char *name,
		  struct err *err);
void vm_state_close(struct vm_state *state); /* accepts a failed or a zeroed one */

#endif
