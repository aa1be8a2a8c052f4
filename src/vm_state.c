/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define LOCK_NAME "lock"

int vm_state_dir(const struct host *host, const char *name, bool make, struct err *err)
{
	if (!*name || name[0] == '.' || strchr(name, '/'))
		return err_set(err, -EINVAL, "'%s' is no name of a directory", name);
	autoclose int state = host_open_state(host, make, err);
	if (state < 0)
		return state;
	if (make && mkdirat(state, name, 0700) && errno != EEXIST)
		return err_errno(err, -errno, "%s/%s: mkdir", host->state_path, name);
	int fd = openat(state, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? err_errno(err, -errno, "%s/%s", host->state_path, name) : fd;
}

/* Who has the lock wrote its process id into it. */
static int locked_by_other(const struct vm_state *state, struct err *err)
{
	uint64_t pid;
	if (file_read_u64(state->dir, LOCK_NAME, &pid))
		return err_set(err, -EBUSY, "%s is in use by another run", state->path);
	return err_set(err, -EBUSY, "%s is in use by another run, process %llu; stop that first",
		       state->path, (unsigned long long)pid);
}

static int take_lock(struct vm_state *state, struct err *err)
{
	autoclose int fd = openat(state->dir, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
				  0600);
	if (fd < 0)
		return err_errno(err, -errno, "%s/" LOCK_NAME, state->path);
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? locked_by_other(state, err)
					    : err_errno(err, -errno, "%s/" LOCK_NAME ": flock",
							state->path);
	/* Only for the message above; a full disk must not keep a guest from starting. */
	if (!ftruncate(fd, 0))
		dprintf(fd, "%d\n", (int)getpid());
	state->lock = take_fd(&fd);
	return 0;
}

int vm_state_open(struct vm_state *state, const struct host *host, const char *name,
		  struct err *err)
{
	*state = (struct vm_state){ .dir = -1, .lock = -1 };
	snprintf(state->path, sizeof(state->path), "%s/%s", host->state_path, name);
	int fd = vm_state_dir(host, name, true, err);
	if (fd < 0)
		return fd;
	state->dir = fd;
	int r = take_lock(state, err);
	if (r)
		vm_state_close(state);
	return r;
}

void vm_state_close(struct vm_state *state)
{
	if (!*state->path)
		return;
	close_fd(&state->lock);
	close_fd(&state->dir);
	state->path[0] = 0;
}
