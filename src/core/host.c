/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"

static int join(char *buf, size_t size, const char *root, const char *name, struct err *err)
{
	int n = snprintf(buf, size, "%s/%s", root, name);
	if (n < 0 || (size_t)n >= size)
		return err_set(err, -ENAMETOOLONG, "%s/%s: path too long", root, name);
	return 0;
}

static int open_part(const char *root, const char *name, int *ret_fd, struct err *err)
{
	char path[256];
	int r = join(path, sizeof(path), root, name, err);
	if (r)
		return r;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, -errno, "%s", path);
	*ret_fd = fd;
	return 0;
}

static bool is_replayed(const char *root)
{
	char path[256];
	return *root && !join(path, sizeof(path), root, HOST_REPLAYED_MARK, NULL) &&
	       !access(path, F_OK);
}

int host_open(struct host *host, const char *root, struct err *err)
{
	*host = (struct host){ .sys = -1, .proc = -1, .dev = -1 };
	int r = join(host->sys_path, sizeof(host->sys_path), root, "sys", err);
	if (!r)
		r = join(host->run_path, sizeof(host->run_path), root, "run/bulkhead", err);
	if (!r)
		r = join(host->state_path, sizeof(host->state_path), root, "var/lib/bulkhead", err);
	host->replayed = is_replayed(root);
	if (!r)
		r = open_part(root, "sys", &host->sys, err);
	if (!r)
		r = open_part(root, "proc", &host->proc, err);
	if (!r)
		r = open_part(root, "dev", &host->dev, err);
	if (r) {
		host_close(host);
		return r;
	}
	return 0;
}

void host_close(struct host *host)
{
	close_fd(&host->sys);
	close_fd(&host->proc);
	close_fd(&host->dev);
}

int host_open_state(const struct host *host, bool make, struct err *err)
{
	int r = make ? file_mkdirs(AT_FDCWD, host->state_path) : 0;
	if (r)
		return err_errno(err, r, "%s: mkdir", host->state_path);
	int fd = open(host->state_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_errno(err, -errno, "%s", host->state_path) : fd;
}

int host_open_run(const struct host *host, bool make, struct err *err)
{
	if (make && mkdir(host->run_path, 0700) && errno != EEXIST)
		return err_errno(err, -errno, "%s: mkdir", host->run_path);
	int fd = open(host->run_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_errno(err, -errno, "%s", host->run_path) : fd;
}
