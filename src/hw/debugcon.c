/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/debugcon.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"

#define SOMEBODY_LISTENS 0xE9

int debugcon_init(struct debugcon *con, const char *path, struct err *err)
{
	*con = (struct debugcon){ .fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY |
							   O_NOFOLLOW | O_NONBLOCK,
					     0600) };
	pthread_mutex_init(&con->lock, NULL);
	return con->fd < 0 ? err_errno(err, -errno, "firmware.log: %s", path) : 0;
}

/* The lock is held. What cannot be written is lost: it is only for people who look for a fault. */
static void put_line(struct debugcon *con)
{
	size_t n = (size_t)min_u64(con->n, DEBUGCON_MAX - con->written);
	con->n = 0;
	ssize_t done = n ? write(con->fd, con->line, n) : 0;
	con->written += done > 0 ? (uint64_t)done : 0;
}

void debugcon_fini(struct debugcon *con)
{
	if (con->fd <= 0)
		return;
	put_line(con);
	close_fd(&con->fd);
	pthread_mutex_destroy(&con->lock);
}

static uint64_t debugcon_read(void *ctx, uint64_t off, unsigned size)
{
	(void)ctx;
	(void)off;
	(void)size;
	return SOMEBODY_LISTENS;
}

static void debugcon_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct debugcon *con = ctx;
	(void)off;
	(void)size;
	pthread_mutex_lock(&con->lock);
	con->line[con->n++] = (char)value;
	if (con->n == sizeof(con->line) || (char)value == '\n')
		put_line(con);
	pthread_mutex_unlock(&con->lock);
}

const struct bus_ops debugcon_ops = { .read = debugcon_read, .write = debugcon_write };
