/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entries of a snapshot as files, links and directories. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "snapshot.h"

/*
 * The directory of the last entry stays open: neighbours follow each other. Links are never
 * followed on the way to a directory, so each one is as deep as its path says, and a link that goes
 * up no further than that stays within the tree.
 */
struct unpacker {
	int root;
	int parent;
	char parent_path[SNAPSHOT_PATH_MAX + 1];
	struct err *err;
};

static int fail(const struct unpacker *u, int code, const char *path)
{
	if (code == -EEXIST)
		return err_set(u->err, -EBADMSG, "%s is there twice", path);
	if (code == -ELOOP || code == -ENOTDIR)
		return err_set(u->err, -EBADMSG, "%s goes through what is no directory", path);
	return err_errno(u->err, code, "%s", path);
}

static int enter(int *dir, const char *name)
{
	if (mkdirat(*dir, name, 0700) && errno != EEXIST)
		return -errno;
	int fd = openat(*dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(*dir);
	*dir = fd;
	return 0;
}

static int open_dirs(int root, const char *path)
{
	int dir = fcntl(root, F_DUPFD_CLOEXEC, 0), r = dir < 0 ? -errno : 0;
	while (!r && *path) {
		char name[SNAPSHOT_PATH_MAX + 1];
		size_t len = strcspn(path, "/");
		memcpy(name, path, len);
		name[len] = 0;
		path += len + (path[len] == '/');
		r = enter(&dir, name);
	}
	if (r)
		close_fd(&dir);
	return r ? r : dir;
}

/* The fd of the directory that `path` is in; its last component in *ret_name. */
static int parent_of(struct unpacker *u, const char *path, const char **ret_name)
{
	char dir[SNAPSHOT_PATH_MAX + 1] = "";
	const char *slash = strrchr(path, '/');
	*ret_name = slash ? slash + 1 : path;
	if (slash)
		memcpy(dir, path, (size_t)(slash - path));
	if (u->parent >= 0 && !strcmp(dir, u->parent_path))
		return u->parent;
	close_fd(&u->parent);
	u->parent = open_dirs(u->root, dir);
	memcpy(u->parent_path, dir, sizeof(dir));
	return u->parent;
}

static int make_dir(void *ctx, const char *path)
{
	struct unpacker *u = ctx;
	int fd = open_dirs(u->root, path);
	if (fd < 0)
		return fail(u, fd, path);
	close(fd);
	return 0;
}

static int make_link(void *ctx, const char *path, const char *target)
{
	struct unpacker *u = ctx;
	const char *name;
	int dir = parent_of(u, path, &name);
	if (dir < 0)
		return fail(u, dir, path);
	return symlinkat(target, dir, name) ? fail(u, -errno, path) : 0;
}

static int make_file(void *ctx, const char *path, const void *data, size_t size)
{
	struct unpacker *u = ctx;
	const char *name;
	int dir = parent_of(u, path, &name);
	if (dir < 0)
		return fail(u, dir, path);
	autoclose int fd =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(u, -errno, path);
	ssize_t n = write(fd, data, size);
	return n == (ssize_t)size ? 0 : fail(u, n < 0 ? -errno : -ENOSPC, path);
}

int snapshot_unpack(const char *path, int dirfd, struct err *err)
{
	struct unpacker u = { .root = dirfd, .parent = -1, .err = err };
	const struct snapshot_sink sink = { make_dir, make_link, make_file, &u };
	autofree void *text = NULL;
	size_t size;
	int r = file_load(path, SNAPSHOT_SIZE_MAX, &text, &size);
	if (r)
		return err_errno(err, r, "%s", path);
	r = snapshot_parse(text, size, &sink, err);
	close_fd(&u.parent);
	if (r)
		err_prefix(err, "%s", path);
	return r;
}
