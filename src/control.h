/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket of a running profile, /run/bulkhead/NAME/control: one JSON request a
 * connection, one JSON answer. Requests: {"do": "status" | "registers" | "stop" | "kill" | "pause" |
 * "resume" | "reset" | "screenshot"}. The last one's answer comes with a file descriptor. Root only, by
 * the directory's mode.
 */
#ifndef BULKHEAD_CONTROL_H
#define BULKHEAD_CONTROL_H

#include <jansson.h>

#include "base/err.h"
#include "base/loop.h"
#include "machine.h"

#define CONTROL_REQUEST_MAX 4096
#define CONTROL_ANSWER_MAX (1u << 20)

struct control {
	struct loop *loop;   /* borrowed */
	struct machine *machine; /* borrowed */
	int dir_fd;          /* borrowed: the profile's directory */
	struct loop_fd listener;
	int passed_fd;       /* goes with the answer being made; -1 = none */
	struct control_peer {
		struct control *control;
		struct loop_fd watch; /* fd -1 = free */
		char request[CONTROL_REQUEST_MAX];
		size_t n;
		char *answer; /* owned; what of it is not sent yet goes when the peer reads */
		size_t sent, len;
		int passed_fd; /* owned, until it has gone; -1 = none */
	} peer[8];           /* more at once wait in the listen queue */
};

/* Listens on `control` in dir_fd; an old socket there is replaced (the caller holds the lock). */
int control_init(struct control *control, struct machine *machine, struct loop *loop, int dir_fd,
		 struct err *err);
void control_fini(struct control *control);

/* Client side: sends {"do": what} to profile `name` and returns its answer, a new reference. */
int control_ask(const struct host *host, const char *name, const char *what, json_t **ret_answer,
		struct err *err);

/* The same for a request whose answer comes with a file; ret_fd is -1 when it does not. */
int control_ask_file(const struct host *host, const char *name, const char *what,
		     json_t **ret_answer, int *ret_fd, struct err *err);

/* The running machine as JSON; NULL without memory. */
json_t *control_status(struct machine *machine);

#endif
