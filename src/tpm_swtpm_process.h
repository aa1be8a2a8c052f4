/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The swtpm process and its control channel: started, talked to with a deadline, ended. Private to
 * tpm_swtpm*.c. Commands and layouts: swtpm's include/swtpm/tpm_ioctl.h (all big-endian).
 */
#ifndef BULKHEAD_TPM_SWTPM_PROCESS_H
#define BULKHEAD_TPM_SWTPM_PROCESS_H

#include <stddef.h>
#include <stdint.h>

#include "tpm_swtpm.h"

enum swtpm_command {
	SWTPM_INIT = 2,
	SWTPM_SHUTDOWN = 3,
	SWTPM_CANCEL = 9,
	SWTPM_STOP = 14,
	SWTPM_SET_DATAFD = 16,
	SWTPM_SET_BUFFERSIZE = 17,
};

/*
 * Forks swtpm with one end of a new control channel; sets pid, control and said. The death of the
 * calling thread is the process's.
 */
int swtpm_spawn(struct swtpm *tpm, const char *path, const char *dir, struct err *err);
/* Waits a while for it to end by itself, then ends it; its sockets are closed. */
void swtpm_reap(struct swtpm *tpm);

uint64_t swtpm_now_ms(void); /* CLOCK_MONOTONIC */

/* All of it within `ms`; -EPIPE when the other end is closed, -ETIMEDOUT. No signal is raised. */
int swtpm_send(int fd, const void *data, size_t len, unsigned ms);
int swtpm_receive(int fd, void *data, size_t len, unsigned ms);

/*
 * One control command with its argument (`len` bytes, may be 0), its result and what follows that
 * (`more` bytes into `ret`). -EIO with the TPM's result in the text.
 */
struct swtpm_call {
	enum swtpm_command command;
	const void *argument;
	size_t len;
	void *ret;
	size_t more;
	int pass_fd; /* sent along; -1 = none */
};
int swtpm_control(const struct swtpm *tpm, const struct swtpm_call *call, struct err *err);

/* On again, as after power-off. */
int swtpm_power_on(const struct swtpm *tpm, struct err *err);

/* Appends the last line that swtpm said, if any. */
void swtpm_hint(const struct swtpm *tpm, struct err *err);

/* The program's path by PATH, as exec would find it. -ENOENT, -ENAMETOOLONG. */
int swtpm_find(const char *program, char *buf, size_t size);

#endif
