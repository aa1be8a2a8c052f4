/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/parse.h"

ssize_t file_read(int dirfd, const char *path, char *buf, size_t size)
{
	autoclose int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	size_t n = 0;
	while (n < size - 1) {
		ssize_t r = read(fd, buf + n, size - 1 - n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		n += (size_t)r;
	}
	if (n && buf[n - 1] == '\n')
		n--;
	buf[n] = 0;
	return (ssize_t)n;
}

int file_read_u64(int dirfd, const char *path, uint64_t *ret_value)
{
	char buf[64];
	ssize_t n = file_read(dirfd, path, buf, sizeof(buf));
	if (n < 0)
		return (int)n;
	return parse_u64(buf, ret_value);
}

int file_write(int dirfd, const char *path, const char *text)
{
	/* O_TRUNC means nothing to sysfs; a plain file in its place must not keep an old tail. */
	autoclose int fd = openat(dirfd, path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	size_t n = strlen(text);
	ssize_t r;
	do
		r = write(fd, text, n);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return (size_t)r == n ? 0 : -EIO;
}

int file_replace(int dirfd, const char *name, const char *text, mode_t mode)
{
	char next[NAME_MAX + 1];
	if ((size_t)snprintf(next, sizeof(next), "%s.new", name) >= sizeof(next))
		return -ENAMETOOLONG;
	autoclose int fd =
		openat(dirfd, next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	ssize_t n = write(fd, text, strlen(text));
	if (n != (ssize_t)strlen(text))
		return n < 0 ? -errno : -ENOSPC;
	return fsync(fd) || renameat(dirfd, next, dirfd, name) ? -errno : 0;
}

ssize_t file_link(int dirfd, const char *path, char *buf, size_t size)
{
	ssize_t n = readlinkat(dirfd, path, buf, size - 1);
	int r = n < 0 ? -errno : 0;
	buf[n > 0 ? n : 0] = 0;
	return r ? r : n;
}

int file_link_name(int dirfd, const char *path, char *buf, size_t size)
{
	char target[PATH_MAX];
	ssize_t n = file_link(dirfd, path, target, sizeof(target));
	if (n < 0)
		return (int)n;
	const char *slash = strrchr(target, '/');
	const char *name = slash ? slash + 1 : target;
	size_t len = strlen(name);
	if (len >= size)
		return -ENAMETOOLONG;
	memcpy(buf, name, len + 1);
	return 0;
}

int file_mkdirs(int dirfd, const char *path)
{
	char part[PATH_MAX];
	if (strlen(path) >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1;; i++) {
		if (path[i - 1] && path[i] && path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		if (mkdirat(dirfd, part, 0755) && errno != EEXIST)
			return -errno;
		if (!path[i])
			break;
	}
	/* EEXIST is also said of a file by that name. */
	struct stat st;
	if (fstatat(dirfd, path, &st, 0))
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int file_load(const char *path, size_t max, void **ret_data, size_t *ret_size)
{
	/* A pipe by that name must be refused below, not waited for here. */
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	struct stat st;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((uint64_t)st.st_size > max)
		return -EFBIG;
	size_t size = (size_t)st.st_size;
	autofree void *data = malloc(size ? size : 1);
	if (!data)
		return -ENOMEM;
	int r = file_pread_all(fd, data, size, 0);
	if (r)
		return r;
	*ret_data = take_ptr(&data);
	*ret_size = size;
	return 0;
}

int file_pwrite_all(int fd, const void *data, size_t size, off_t at)
{
	const char *from = data;
	while (size) {
		ssize_t n = pwrite(fd, from, size, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		from += n;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

int file_pread_all(int fd, void *buf, size_t size, off_t at)
{
	char *to = buf;
	while (size) {
		ssize_t r = pread(fd, to, size, at);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			return -EIO;
		to += r;
		at += r;
		size -= (size_t)r;
	}
	return 0;
}
