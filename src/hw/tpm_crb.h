/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TPM 2.0's command response buffer at TPM_CRB_BASE, locality 0 (TCG PC Client Platform TPM
 * Profile 1.05 §6.5.3, "PTP"): registers and a buffer, in front of whatever carries out commands. A
 * vCPU only hands a command over; the answer comes whenever it comes, from any thread.
 *
 * Locks: `lock` guards all but the back end and is a leaf; the back end is called without it.
 */
#ifndef BULKHEAD_HW_TPM_CRB_H
#define BULKHEAD_HW_TPM_CRB_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/bus.h"

#define TPM_CRB_DATA 0x80                      /* offset of the buffer in the page */
#define TPM_CRB_BUFFER (0x1000 - TPM_CRB_DATA) /* 3968 bytes */
#define TPM_HEADER 10 /* of commands and responses: tag, length, code (TPM 2.0 Part 1 §18.2) */

/* What is behind the registers. All are called on a vCPU thread or the main one and may not wait.
 */
struct tpm_backend {
	/*
	 * Takes one command of TPM_HEADER..TPM_CRB_BUFFER bytes, whose own length says `len`; `cmd`
	 * is valid until it returns. One at a time: the next comes after tpm_crb_answer.
	 */
	void (*start)(void *ctx, const uint8_t *cmd, unsigned len);
	/* The guest does not want to wait for it any more; it is answered all the same. */
	void (*cancel)(void *ctx);
	/* The machine was reset: whatever was under way is forgotten and the TPM starts again. */
	void (*reset)(void *ctx);
};

enum tpm_crb_state { TPM_CRB_IDLE, TPM_CRB_READY, TPM_CRB_EXECUTING, TPM_CRB_DONE };

struct tpm_crb {
	pthread_mutex_t lock;
	const struct tpm_backend *backend;
	void *ctx;
	enum tpm_crb_state state;
	bool granted;    /* the guest has locality 0 */
	bool failed;     /* the back end is gone: tpmSts, until power-off */
	bool cancelled;  /* CTRL_CANCEL as the guest set it */
	uint32_t asked;  /* CTRL_REQ's bits that wait for the command under way */
	unsigned ticket; /* of the command under way; an answer to another is dropped */
	uint8_t buffer[TPM_CRB_BUFFER];
};

int tpm_crb_init(struct tpm_crb *crb, const struct tpm_backend *backend, void *ctx);
void tpm_crb_fini(struct tpm_crb *crb); /* the back end has ended; accepts a zeroed one */
/* Registers and buffer to power-on, and the back end's reset. */
void tpm_crb_reset(struct tpm_crb *crb);

/* The number that the answer to the command under way goes by. In the back end's `start`. */
unsigned tpm_crb_ticket(struct tpm_crb *crb);
/*
 * The response to the command `ticket`; any thread. One that is no response, by its length, or
 * NULL: the guest gets TPM_RC_FAILURE.
 */
void tpm_crb_answer(struct tpm_crb *crb, unsigned ticket, const uint8_t *response, unsigned len);
/* There is no TPM any more: commands fail at once, and the status register says so. Any thread. */
void tpm_crb_fail(struct tpm_crb *crb);

extern const struct bus_ops tpm_crb_ops; /* of TPM_CRB_SIZE bytes */

#endif
