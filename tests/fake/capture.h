/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a function prints on stdout and stderr, for tests of commands. */
#ifndef BULKHEAD_TESTS_CAPTURE_H
#define BULKHEAD_TESTS_CAPTURE_H

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CAPTURE_MAX 65536

struct capture {
	int file[2], saved[2]; /* stdout, stderr */
	char out[CAPTURE_MAX], err[CAPTURE_MAX];
};

static inline void capture_begin(struct capture *c)
{
	fflush(stdout);
	fflush(stderr);
	for (int i = 0; i < 2; i++) {
		c->file[i] = memfd_create("capture", MFD_CLOEXEC);
		c->saved[i] = dup(STDOUT_FILENO + i);
		dup2(c->file[i], STDOUT_FILENO + i);
	}
}

static inline void capture_end(struct capture *c)
{
	char *texts[] = { c->out, c->err };
	fflush(stdout);
	fflush(stderr);
	for (int i = 0; i < 2; i++) {
		dup2(c->saved[i], STDOUT_FILENO + i);
		close(c->saved[i]);
		ssize_t n = pread(c->file[i], texts[i], CAPTURE_MAX - 1, 0);
		texts[i][n > 0 ? n : 0] = 0;
		close(c->file[i]);
	}
}

#endif
