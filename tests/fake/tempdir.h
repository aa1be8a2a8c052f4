/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory of a test's own below /tmp, its files, and their removal. */
#ifndef BULKHEAD_TESTS_TEMPDIR_H
#define BULKHEAD_TESTS_TEMPDIR_H

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tempdir {
	char path[64];
	int fd;
};

static inline int tempdir_make(struct tempdir *dir)
{
	snprintf(dir->path, sizeof(dir->path), "/tmp/bulkhead-test-XXXXXX");
	if (!mkdtemp(dir->path))
		return -1;
	dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir->fd < 0 ? -1 : 0;
}

static inline int tempdir_remove_one(const char *path, const struct stat *st, int type,
				     struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void tempdir_remove(struct tempdir *dir)
{
	close(dir->fd);
	nftw(dir->path, tempdir_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Whole path of `name` in the directory; valid until the next call from the same thread. */
static inline const char *tempdir_path(const struct tempdir *dir, const char *name)
{
	static _Thread_local char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", dir->path, name);
	return path;
}

static inline int tempdir_write(const struct tempdir *dir, const char *name, const void *data,
				size_t size)
{
	FILE *f = fopen(tempdir_path(dir, name), "we");
	if (!f)
		return -1;
	size_t n = fwrite(data, 1, size, f);
	return fclose(f) || n != size ? -1 : 0;
}

#endif
