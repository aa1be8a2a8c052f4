/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "running.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

int running_list(const struct host *host, struct running *ret)
{
	ret->n = 0;
	int fd = host_open_run(host, false, NULL);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	autodir DIR *dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -errno;
	}
	for (struct dirent *entry; (entry = readdir(dir)) && ret->n < RUNNING_MAX;) {
		char path[300];
		struct stat st;
		size_t len = strlen(entry->d_name);
		snprintf(path, sizeof(path), "%s/control", entry->d_name);
		if (entry->d_name[0] == '.' || len >= sizeof(ret->name[0]) ||
		    fstatat(fd, path, &st, 0) || !S_ISSOCK(st.st_mode))
			continue;
		memcpy(ret->name[ret->n++], entry->d_name, len + 1);
	}
	qsort(ret->name, ret->n, sizeof(ret->name[0]), by_name);
	return 0;
}

int running_pick(const struct host *host, const char *name, char *ret_name, size_t size,
		 struct err *err)
{
	if (name) {
		if (strchr(name, '/') || name[0] == '.' || strlen(name) >= size)
			return err_set(err, -EINVAL, "'%s' is no profile name", name);
		snprintf(ret_name, size, "%s", name);
		return 0;
	}
	struct running running;
	int r = running_list(host, &running);
	if (r)
		return err_errno(err, r, "%s", host->run_path);
	if (running.n == 1) {
		snprintf(ret_name, size, "%s", running.name[0]);
		return 0;
	}
	if (!running.n)
		return err_set(err, -ENOENT, "no profile is running");
	char names[256];
	size_t at = 0;
	for (unsigned i = 0; i < running.n && at < sizeof(names); i++)
		at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s", i ? ", " : "",
				       running.name[i]);
	return err_set(err, -EINVAL, "%u profiles are running (%s); name one", running.n, names);
}
