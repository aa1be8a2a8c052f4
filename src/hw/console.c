/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/console.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"

#define ESCAPE 0x01 /* Ctrl-A */

static const char help[] = "\r\n"
			   "Ctrl-A x  stop the guest at once\r\n"
			   "Ctrl-A p  press its power button\r\n"
			   "Ctrl-A Ctrl-A  send Ctrl-A to it\r\n"
			   "Ctrl-A h  this help\r\n";

/* --- what is typed --- */

/* What follows the escape key; returns whether the byte itself is for the guest. */
static bool escape(struct console *console, uint8_t byte)
{
	switch (byte) {
	case ESCAPE:
		return true;
	case 'x':
	case 'X':
		if (console->on_stop)
			console->on_stop(console->ctx);
		return false;
	case 'p':
	case 'P':
		if (console->on_button)
			console->on_button(console->ctx);
		return false;
	case 'h':
	case 'H':
	case '?':
		console_output(console, (const uint8_t *)help, sizeof(help) - 1);
		return false;
	default:
		return false;
	}
}

static bool for_guest(struct console *console, uint8_t byte)
{
	if (!console->terminal)
		return true;
	if (console->escaped) {
		console->escaped = false;
		return escape(console, byte);
	}
	console->escaped = byte == ESCAPE;
	return !console->escaped;
}

static void take(struct console *console, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (for_guest(console, bytes[i]) && console->n_typed < CONSOLE_TYPED)
			console->typed[console->n_typed++] = bytes[i];
}

/*
 * Hands over what the guest takes now. `waiting` goes up first: if the guest drains its FIFO in
 * between, the post comes, and at worst finds nothing left to do.
 */
static void feed(struct console *console)
{
	if (!console->serial)
		return;
	atomic_store(&console->waiting, true);
	size_t n = serial_input(console->serial, console->typed, console->n_typed);
	console->n_typed -= n;
	memmove(console->typed, console->typed + n, console->n_typed);
	if (!console->n_typed)
		atomic_store(&console->waiting, false);
}

/* --- where it comes from --- */

static void watch_input(struct console *console, bool on)
{
	if (on == console->watched)
		return;
	console->watched = on;
	if (on)
		loop_add(console->loop, &console->input, EPOLLIN);
	else
		loop_remove(console->loop, &console->input);
}

static void end_input(struct console *console)
{
	watch_input(console, false);
	console->in_fd = -1;
}

/* A terminal is read even when there is no room, for the escape key; the rest waits its turn. */
static bool wants_input(const struct console *console)
{
	return console->in_fd >= 0 && (console->terminal || !console->n_typed);
}

/* One read. False when there is nothing to read now, or any more. */
static bool read_input(struct console *console, uint32_t events)
{
	uint8_t bytes[CONSOLE_TYPED];
	ssize_t n = read(console->in_fd, bytes, sizeof(bytes));
	if (n > 0) {
		take(console, bytes, (size_t)n);
		return true;
	}
	/* Raw mode reads 0 when somebody else was faster (VMIN 0); a hang-up says so. */
	bool nothing_yet = n < 0 ? errno == EAGAIN || errno == EINTR
				 : console->raw && !(events & (EPOLLHUP | EPOLLERR));
	if (!nothing_yet)
		end_input(console);
	return false;
}

static void input_ready(void *ctx, uint32_t events)
{
	struct console *console = ctx;
	read_input(console, events);
	feed(console);
	watch_input(console, wants_input(console));
}

/* Main thread, after a post: the guest has room again. A regular file has no readiness to await. */
static void more(void *ctx)
{
	struct console *console = ctx;
	feed(console);
	if (!wants_input(console))
		return;
	if (console->pollable) {
		watch_input(console, true);
		return;
	}
	if (!read_input(console, EPOLLHUP))
		return;
	feed(console);
	if (!console->n_typed)
		loop_post(console->loop, &console->more);
}

/* vCPU thread, serial lock held. */
static void drained(void *ctx)
{
	struct console *console = ctx;
	if (atomic_load(&console->waiting))
		loop_post(console->loop, &console->more);
}

void console_attach(struct console *console, struct serial *serial)
{
	console->serial = serial;
	serial_on_drained(serial, drained, console);
	if (console->in_fd < 0)
		return;
	console->pollable = !loop_add(console->loop, &console->input, EPOLLIN);
	console->watched = console->pollable;
	if (!console->pollable) /* a regular file or /dev/null */
		loop_post(console->loop, &console->more);
}

/* --- the terminal --- */

/* In the background its settings are another job's, and reading it would stop us. */
static bool in_foreground(int fd)
{
	pid_t group = tcgetpgrp(fd);
	return group < 0 || group == getpgrp();
}

static int take_terminal(struct console *console, struct err *err)
{
	struct termios raw;
	if (!isatty(console->in_fd))
		return 0;
	if (!in_foreground(console->in_fd)) {
		log_warn(
			"console: in the background, so the terminal's input is left alone");
		console->in_fd = -1;
		return 0;
	}
	if (tcgetattr(console->in_fd, &console->saved))
		return err_errno(err, -errno, "console terminal");
	raw = console->saved;
	cfmakeraw(&raw);
	/* Never wait in read: another process may have taken what epoll announced. */
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(console->in_fd, TCSANOW, &raw))
		return err_errno(err, -errno, "console terminal: raw mode");
	console->terminal = console->raw = true;
	log_set_raw_terminal(true);
	return 0;
}

void console_restore(const struct console *console)
{
	if (console->raw)
		tcsetattr(console->input.fd, TCSANOW, &console->saved);
}

int console_init(struct console *console, struct loop *loop, int in_fd, int out_fd, struct err *err)
{
	*console = (struct console){ .loop = loop,
				     .in_fd = in_fd,
				     .on_stop = console->on_stop,
				     .on_button = console->on_button,
				     .ctx = console->ctx };
	console->input = (struct loop_fd){ in_fd, input_ready, console };
	console->more = (struct loop_work){ .run = more, .ctx = console };
	pthread_mutex_init(&console->lock, NULL);
	int r = console_out_init(console, out_fd, err);
	if (!r && in_fd >= 0)
		r = take_terminal(console, err);
	if (r)
		console_fini(console);
	return r;
}

void console_fini(struct console *console)
{
	if (!console->loop)
		return;
	if (console->watched)
		loop_remove(console->loop, &console->input);
	loop_unpost(console->loop, &console->more);
	console_out_fini(console);
	if (console->raw) {
		/* Keys meant for the guest must not become commands to the shell. */
		tcflush(console->input.fd, TCIFLUSH);
		console_restore(console);
		log_set_raw_terminal(false);
	}
	pthread_mutex_destroy(&console->lock);
	console->raw = console->watched = false;
	console->loop = NULL;
}
