/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console on stdio: raw terminal mode while the guest runs (restored on every exit path), an
 * escape key (Ctrl-A, then x = stop, p = press the power button, Ctrl-A = itself, h = help), output
 * that never blocks the guest.
 *
 * Output goes through a ring that the main loop empties: a reader who stops costs lost bytes, never
 * a stopped guest. Terminal input is always read, because the escape key must work; what the guest
 * does not take is dropped. A pipe or file is read only as fast as the guest reads.
 *
 * The flags of stdin's and stdout's file descriptions are shared with other processes and stay as
 * they are. The process ignores SIGPIPE.
 */
#ifndef BULKHEAD_HW_CONSOLE_H
#define BULKHEAD_HW_CONSOLE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <termios.h>

#include "base/err.h"
#include "base/loop.h"
#include "hw/serial.h"

#define CONSOLE_BUFFER 65536 /* output waiting for its reader */
#define CONSOLE_TYPED 256    /* input waiting for the guest */

/* How the output fd is written without waiting; hw/console_out.c. */
enum console_way {
	CONSOLE_NOWHERE,  /* no output, or its reader has gone */
	CONSOLE_PLAIN,    /* a file or /dev/null: never waits for long */
	CONSOLE_OWN_OPEN, /* a terminal or pipe opened again, non-blocking */
	CONSOLE_SOCKET,   /* send with MSG_DONTWAIT */
	CONSOLE_PIECES,   /* as much as poll promises at a time */
};

struct console {
	struct loop *loop;     /* borrowed */
	struct serial *serial; /* borrowed; NULL until attached */
	/* Set before console_init, which keeps them; called on the main thread. */
	void (*on_stop)(void *ctx);   /* escape x */
	void (*on_button)(void *ctx); /* escape p */
	void *ctx;

	/* Input; main thread only, but for `waiting` and `more`. */
	int in_fd; /* borrowed, -1 = none or at its end */
	bool terminal, raw, escaped;
	bool pollable, watched; /* epoll can watch it; does now */
	struct termios saved;
	struct loop_fd input;
	uint8_t typed[CONSOLE_TYPED];
	size_t n_typed;
	atomic_bool waiting;   /* typed[] or the file has more for the guest */
	struct loop_work more; /* posted when the guest has read its FIFO empty */

	/* Output; fd, way and watch are the main thread's. */
	int out_fd; /* owned: opened again or duplicated; -1 = none */
	enum console_way way;
	size_t piece; /* most bytes a write */
	bool out_watched;
	struct loop_fd output;
	struct loop_work flush;
	pthread_mutex_t lock; /* guards the four below */
	uint8_t *buffer;      /* ring of CONSOLE_BUFFER bytes; owned */
	size_t head, n;
	bool flushing;        /* the main loop will look at the ring */
	atomic_ulong dropped; /* bytes lost because nobody read */
};

/*
 * Takes over the terminal on `in_fd` if it is one and we are in its foreground. -1 for either fd =
 * none. -errno of the terminal or memory; then nothing has changed.
 */
int console_init(struct console *console, struct loop *loop, int in_fd, int out_fd,
		 struct err *err);
/* Input flows to `serial` from now on. Main thread. */
void console_attach(struct console *console, struct serial *serial);
/* Flushes for at most a second, restores the terminal. The serial port is not touched any more. */
void console_fini(struct console *console);
/* Only the terminal, for a fatal signal's handler: async-signal-safe, any state. */
void console_restore(const struct console *console);
/* serial output callback; ctx = struct console. Any thread. */
size_t console_output(void *ctx, const uint8_t *bytes, size_t n);

/* --- hw/console_out.c, for console.c --- */
int console_out_init(struct console *console, int out_fd, struct err *err);
void console_out_fini(struct console *console);

#endif
