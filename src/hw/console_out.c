/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "hw/console.h"

#define LAST_FLUSH_MS 1000

/* --- the way out --- */

/*
 * A file description of our own, so that O_NONBLOCK is ours alone. Not for regular files, which
 * would start at offset 0 again, nor for a pty master, where opening makes a new pty.
 */
static int open_again(int fd)
{
	char path[32];
	unsigned pty;
	if (!ioctl(fd, TIOCGPTN, &pty))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static int choose_way(struct console *console, int fd, mode_t mode)
{
	bool waits = S_ISFIFO(mode) || isatty(fd);
	console->piece = CONSOLE_BUFFER;
	console->way = S_ISSOCK(mode) ? CONSOLE_SOCKET : CONSOLE_PLAIN;
	if (waits && (console->out_fd = open_again(fd)) >= 0) {
		console->way = CONSOLE_OWN_OPEN;
		return 0;
	}
	if (waits) {
		/* poll promises a pipe PIPE_BUF bytes, and a terminal no more than one. */
		console->way = CONSOLE_PIECES;
		console->piece = S_ISFIFO(mode) ? PIPE_BUF : 1;
	}
	/* A number of our own at least: epoll takes each only once, and input may be the same. */
	console->out_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return console->out_fd < 0 ? -errno : 0;
}

/* Bytes written, -EAGAIN when it would wait, or another -errno. */
static ssize_t write_some(const struct console *console, const uint8_t *bytes, size_t n)
{
	ssize_t r;
	n = min_u64(n, console->piece);
	if (console->way == CONSOLE_PIECES) {
		struct pollfd p = { .fd = console->out_fd, .events = POLLOUT };
		if (poll(&p, 1, 0) != 1)
			return -EAGAIN;
	}
	if (console->way == CONSOLE_SOCKET)
		r = send(console->out_fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	else
		r = write(console->out_fd, bytes, n);
	return r < 0 ? -errno : r;
}

/* --- the ring --- */

static void drop(struct console *console, size_t n)
{
	if (n)
		atomic_fetch_add(&console->dropped, n);
}

size_t console_output(void *ctx, const uint8_t *bytes, size_t n)
{
	struct console *console = ctx;
	if (!console->buffer)
		return n; /* no output at all: nothing is lost */
	pthread_mutex_lock(&console->lock);
	size_t fits = min_u64(n, CONSOLE_BUFFER - console->n);
	for (size_t i = 0; i < fits; i++)
		console->buffer[(console->head + console->n + i) % CONSOLE_BUFFER] = bytes[i];
	console->n += fits;
	bool wake = fits && !console->flushing;
	console->flushing |= wake;
	pthread_mutex_unlock(&console->lock);
	drop(console, n - fits);
	if (wake)
		loop_post(console->loop, &console->flush);
	return n;
}

/* The oldest bytes in one piece. Writers add behind them, so they stay valid without the lock. */
static size_t oldest(struct console *console, const uint8_t **ret_bytes)
{
	pthread_mutex_lock(&console->lock);
	size_t n = min_u64(console->n, CONSOLE_BUFFER - console->head);
	*ret_bytes = console->buffer + console->head;
	console->flushing = n > 0;
	pthread_mutex_unlock(&console->lock);
	return n;
}

static void consume(struct console *console, size_t n)
{
	pthread_mutex_lock(&console->lock);
	console->head = (console->head + n) % CONSOLE_BUFFER;
	console->n -= n;
	pthread_mutex_unlock(&console->lock);
}

static void watch_output(struct console *console, bool on)
{
	if (on == console->out_watched)
		return;
	console->out_watched = on;
	if (!on)
		loop_remove(console->loop, &console->output);
	else if (loop_add(console->loop, &console->output, EPOLLOUT))
		console->out_watched = false;
}

static void lose_reader(struct console *console, int error)
{
	log_warn("console: output is lost from now on: %s", strerror(error));
	watch_output(console, false);
	console->way = CONSOLE_NOWHERE;
}

/* Writes one piece: bytes written, 0 when the ring is empty, -EAGAIN; without a reader all go. */
static ssize_t flush_piece(struct console *console)
{
	const uint8_t *bytes;
	size_t n = oldest(console, &bytes);
	if (!n)
		return 0;
	ssize_t r = console->way == CONSOLE_NOWHERE ? 0 : write_some(console, bytes, n);
	if (r == -EAGAIN || r == -EINTR)
		return -EAGAIN;
	if (r < 0)
		lose_reader(console, (int)-r);
	if (r <= 0) {
		drop(console, n);
		r = (ssize_t)n;
	}
	consume(console, (size_t)r);
	return r;
}

/* At most a ring's worth a turn, so that a guest that talks all the time leaves others theirs. */
static void flush(void *ctx)
{
	struct console *console = ctx;
	size_t done = 0;
	ssize_t r;
	do {
		r = flush_piece(console);
		done += r > 0 ? (size_t)r : 0;
	} while (r > 0 && done < CONSOLE_BUFFER);
	watch_output(console, r == -EAGAIN);
	bool stuck = r == -EAGAIN && !console->out_watched;
	if (stuck)
		lose_reader(console, EAGAIN); /* nothing would ever tell when to go on */
	if (stuck || r > 0)
		loop_post(console->loop, &console->flush);
}

static void output_ready(void *ctx, uint32_t events)
{
	(void)events;
	flush(ctx);
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What a guest said last is often why it ended: give the reader a moment to take it. */
static void last_flush(struct console *console)
{
	int64_t until = now_ms() + LAST_FLUSH_MS, left;
	ssize_t r;
	while ((r = flush_piece(console)) && (left = until - now_ms()) > 0) {
		struct pollfd p = { .fd = console->out_fd, .events = POLLOUT };
		if (r == -EAGAIN)
			poll(&p, 1, (int)left);
	}
	drop(console, console->n);
}

int console_out_init(struct console *console, int out_fd, struct err *err)
{
	struct stat st;
	console->out_fd = -1;
	console->way = CONSOLE_NOWHERE;
	console->out_watched = console->flushing = false;
	console->buffer = NULL;
	console->head = console->n = 0;
	atomic_init(&console->dropped, 0);
	console->flush = (struct loop_work){ .run = flush, .ctx = console };
	if (out_fd < 0)
		return 0;
	if (fstat(out_fd, &st))
		return err_errno(err, -errno, "console output");
	console->buffer = malloc(CONSOLE_BUFFER);
	if (!console->buffer)
		return err_errno(err, -ENOMEM, "console output");
	int r = choose_way(console, out_fd, st.st_mode);
	if (r)
		return err_errno(err, r, "console output");
	console->output = (struct loop_fd){ console->out_fd, output_ready, console };
	return 0;
}

void console_out_fini(struct console *console)
{
	if (console->buffer)
		last_flush(console);
	watch_output(console, false);
	loop_unpost(console->loop, &console->flush);
	close_fd(&console->out_fd);
	free(console->buffer);
	console->buffer = NULL;
	if (atomic_load(&console->dropped))
		log_warn("console: %lu bytes of output were lost because nobody read them",
			 atomic_load(&console->dropped));
}
