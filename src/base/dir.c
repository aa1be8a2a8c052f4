/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

DIR *dir_open(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	DIR *list = fdopendir(fd);
	if (!list) {
		int e = errno;
		close(fd);
		errno = e;
	}
	return list;
}

const char *dir_next(DIR *list, const char *prefix)
{
	struct dirent *entry;
	while (list && (entry = readdir(list)))
		if (entry->d_name[0] != '.' && strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			return entry->d_name;
	return NULL;
}
