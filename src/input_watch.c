/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input_watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"

#define MOMENT_MS 150
#define NODES "/dev/input" /* where links in by-id and by-path lead */
#define EVENTS (IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR)

/* What exactly happened does not matter: all that is missing is looked for. */
static void ready(void *ctx, uint32_t events)
{
	struct input_watch *watch = ctx;
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	(void)events;
	ssize_t n = read(watch->inotify.fd, buffer, sizeof(buffer));
	if (n > 0 && !watch->moment.armed)
		loop_timer_arm(watch->loop, &watch->moment, MOMENT_MS);
}

static void moment_passed(void *ctx)
{
	struct input_watch *watch = ctx;
	watch->look(watch->ctx);
}

int input_watch_init(struct input_watch *watch, struct loop *loop, void (*look)(void *ctx),
		     void *ctx, struct err *err)
{
	*watch = (struct input_watch){ .look = look, .ctx = ctx };
	watch->moment = (struct loop_timer){ .expired = moment_passed, .ctx = watch };
	autoclose int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd < 0)
		return err_errno(err, -errno, "watching for input devices");
	watch->inotify = (struct loop_fd){ fd, ready, watch };
	int r = loop_add(loop, &watch->inotify, EPOLLIN);
	if (r)
		return err_errno(err, r, "watching for input devices");
	take_fd(&fd);
	watch->loop = loop;
	return 0;
}

void input_watch_fini(struct input_watch *watch)
{
	if (!watch->loop)
		return;
	loop_timer_cancel(watch->loop, &watch->moment);
	loop_remove(watch->loop, &watch->inotify);
	close_fd(&watch->inotify.fd);
	watch->loop = NULL;
}

/* Watching a directory twice is watching it once. */
void input_watch_for(struct input_watch *watch, const char *path)
{
	char dir[PATH_MAX];
	int fd = watch->inotify.fd, added = -1;
	if (snprintf(dir, sizeof(dir), "%s", path) >= (int)sizeof(dir))
		return;
	for (char *slash; added < 0 && (slash = strrchr(dir, '/'));) {
		*slash = 0;
		added = inotify_add_watch(fd, *dir ? dir : "/", EVENTS);
	}
	inotify_add_watch(fd, NODES, EVENTS);
}
