/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the shared file whole. A guest that reaches for a page which its owner has cut off would
 * wait for it without end: KVM asks for the page again and again, and tells nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "looking_glass.h"

#define BLOCK 512 /* unit of st_blocks, stat(2) */

int looking_glass_reserve(const struct looking_glass *glass)
{
	int r;
	if (ftruncate(glass->fd, (off_t)glass->size))
		return -errno;
	do
		r = fallocate(glass->fd, 0, 0, (off_t)glass->size) ? -errno : 0;
	while (r == -EINTR);
	return r == -EOPNOTSUPP ? 0 : r;
}

/* What the viewer has mapped stays with the file; the guest writes on, and nobody sees it. */
static void replace(struct looking_glass *glass, int why)
{
	void *at = mmap(glass->memory, glass->size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	glass->alone = at != MAP_FAILED;
	log_warn("looking_glass: /dev/shm/%s cannot be made whole again (%s): %s", glass->name,
		 strerror(-why),
		 glass->alone ? "until the guest's next start no viewer sees it"
			      : "the guest will wait for it without end");
}

/* All of it is there, holes that were punched included: our own mending is an event as well. */
static bool is_whole(const struct looking_glass *glass)
{
	struct stat st;
	return fstat(glass->fd, &st) || ((uint64_t)st.st_size >= glass->size &&
					 (uint64_t)st.st_blocks * BLOCK >= glass->size);
}

void looking_glass_mend(struct looking_glass *glass)
{
	if (glass->alone || is_whole(glass))
		return;
	if (!glass->told)
		log_warn("looking_glass: /dev/shm/%s was cut while the guest has it; what was in "
			 "it is lost",
			 glass->name);
	glass->told = true;
	int r = looking_glass_reserve(glass);
	if (r)
		replace(glass, r);
}

/* What exactly happened does not matter. */
static void changed(void *ctx, uint32_t events)
{
	struct looking_glass *glass = ctx;
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	(void)events;
	if (read(glass->inotify.fd, buffer, sizeof(buffer)) > 0)
		looking_glass_mend(glass);
}

int looking_glass_watch(struct looking_glass *glass, struct loop *loop, struct err *err)
{
	char path[40];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", glass->fd);
	autoclose int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	/* Stores into mapped memory are no events: those of guest and viewer cost nothing. */
	if (fd < 0 || inotify_add_watch(fd, path, IN_MODIFY) < 0)
		return err_errno(err, -errno, "looking_glass: watching /dev/shm/%s", glass->name);
	glass->inotify = (struct loop_fd){ fd, changed, glass };
	int r = loop_add(loop, &glass->inotify, EPOLLIN);
	if (r) {
		glass->inotify.fd = -1;
		return err_errno(err, r, "looking_glass: watching /dev/shm/%s", glass->name);
	}
	take_fd(&fd);
	glass->loop = loop;
	looking_glass_mend(glass);
	return 0;
}

void looking_glass_unwatch(struct looking_glass *glass)
{
	if (!glass->loop)
		return;
	loop_remove(glass->loop, &glass->inotify);
	close_fd(&glass->inotify.fd);
	glass->loop = NULL;
}
