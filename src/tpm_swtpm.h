/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TPM itself: a swtpm process of our own, started with the VM and ended with it, whatever ends
 * us. Its state lies in a directory of the VM's (vm_state.h). Commands go over a socket by a thread
 * of ours, so that no vCPU waits; a control channel beside it switches the TPM on and off (swtpm's
 * include/swtpm/tpm_ioctl.h). When swtpm dies or does not answer, the guest sees a TPM that fails.
 *
 * Threads: start and stop on the main thread, whose death ends swtpm too; the back end's functions
 * on any. `lock` guards what is asked of the thread and is a leaf.
 */
#ifndef BULKHEAD_TPM_SWTPM_H
#define BULKHEAD_TPM_SWTPM_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "hw/tpm_crb.h"

#define SWTPM_PROGRAM "swtpm"
#define SWTPM_STATE_DIR "tpm" /* in the VM's directory */

struct swtpm {
	struct tpm_crb crb; /* what the guest sees */
	pid_t pid;          /* 0 = none */
	int control, data;  /* sockets; owned, -1 = closed. The thread's while it runs */
	int wake;           /* eventfd: something is asked, or the thread shall end */
	int said;           /* what swtpm writes to its standard error; owned, never waited for */
	pthread_t thread;
	bool has_thread, has_lock;
	bool lost;            /* of the thread: said, and the guest told */
	unsigned deadline_ms; /* for one command */
	pthread_mutex_t lock; /* guards what follows */
	bool ending;
	bool reset_asked, cancel_asked;
	unsigned len, ticket; /* of the command asked for; len 0 = none */
	uint8_t command[TPM_CRB_BUFFER];
};

/*
 * Starts `program` (found by PATH unless it has a slash) with its state in `dir`, which is made
 * (mode 0700) where it is missing, below `state_dir`. The TPM is on when this returns. Errors say
 * what swtpm said.
 */
int swtpm_start(struct swtpm *tpm, const char *program, const char *state_dir, struct err *err);
/* Ends it, by force after a while. Accepts a zeroed one and one whose start failed. */
void swtpm_stop(struct swtpm *tpm);

/* For `check`: it is there. -ENOENT names the package. */
int swtpm_check(const char *program, struct err *err);

#endif
