/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/dir.h"
#include "base/file.h"
#include "journal.h"

#define TAKE_RETRIES 8

/* A journal's name has no colons. */
struct journal_name journal_name_for(const char *prefix, struct bdf bdf)
{
	struct journal_name name;
	snprintf(name.s, sizeof(name.s), "%s%s", prefix, bdf_text(bdf).s);
	for (char *c = name.s; *c; c++)
		if (*c == ':')
			*c = '-';
	return name;
}

bool journal_name_ok(const char *name)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t len = strlen(name);
	return len && len <= JOURNAL_NAME_MAX && strspn(name, plain) == len &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int open_dir(int run_fd, const char *name)
{
	int fd = openat(run_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

bool journal_dir_held(int run_fd, const char *name, pid_t *ret_pid)
{
	char path[JOURNAL_NAME_MAX + 8];
	snprintf(path, sizeof(path), "%s/lock", name);
	autoclose int fd = openat(run_fd, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct flock query = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	if (fd < 0 || fcntl(fd, F_OFD_GETLK, &query) || query.l_type == F_UNLCK)
		return false;
	uint64_t pid;
	*ret_pid = file_read_u64(run_fd, path, &pid) ? 0 : (pid_t)pid;
	return true;
}

/* Whether the locked file is still the one at its path: its last holder may have removed it. */
static bool still_there(int run_fd, const char *name, int lock_fd)
{
	char path[JOURNAL_NAME_MAX + 8];
	struct stat held, found;
	snprintf(path, sizeof(path), "%s/lock", name);
	return !fstat(lock_fd, &held) && !fstatat(run_fd, path, &found, AT_SYMLINK_NOFOLLOW) &&
	       held.st_ino == found.st_ino && held.st_dev == found.st_dev;
}

static int lock(int dir_fd, int *ret_lock_fd)
{
	autoclose int fd = openat(dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct flock want = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_OFD_SETLK, &want))
		return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
	if (ftruncate(fd, 0) || dprintf(fd, "%ld\n", (long)getpid()) < 0)
		return -errno;
	*ret_lock_fd = take_fd(&fd);
	return 0;
}

static int try_take(int run_fd, const char *name, int *ret_dir_fd, int *ret_lock_fd)
{
	autoclose int dir_fd = open_dir(run_fd, name);
	autoclose int lock_fd = -1;
	if (dir_fd < 0)
		return dir_fd;
	int r = lock(dir_fd, &lock_fd);
	if (r)
		return r;
	if (!still_there(run_fd, name, lock_fd))
		return -ENOENT;
	*ret_dir_fd = take_fd(&dir_fd);
	*ret_lock_fd = take_fd(&lock_fd);
	return 0;
}

int journal_dir_take(int run_fd, const char *name, bool make, int *ret_dir_fd, int *ret_lock_fd)
{
	int r = -ENOENT;
	for (unsigned i = 0; i < TAKE_RETRIES && r == -ENOENT; i++) {
		if (make && mkdirat(run_fd, name, 0700) && errno != EEXIST)
			return -errno;
		r = try_take(run_fd, name, ret_dir_fd, ret_lock_fd);
		if (!make)
			break;
	}
	return r;
}

void journal_dir_remove(int run_fd, const char *name, int dir_fd)
{
	autodir DIR *list = dir_open(dir_fd, ".");
	const char *file;
	while ((file = dir_next(list, "")))
		if (strcmp(file, "lock") != 0)
			unlinkat(dir_fd, file, 0);
	/* Last, so that nobody takes the profile while something is left of it. */
	unlinkat(dir_fd, "lock", 0);
	unlinkat(run_fd, name, AT_REMOVEDIR);
}

static int load(int dir_fd, char **ret_text, size_t *ret_size)
{
	autoclose int fd = openat(dir_fd, "journal", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	*ret_text = NULL;
	*ret_size = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st))
		return -errno;
	if (st.st_size > JOURNAL_SIZE_MAX)
		return -EFBIG;
	autofree char *text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	int r = file_pread_all(fd, text, (size_t)st.st_size, 0);
	if (r)
		return r;
	*ret_size = (size_t)st.st_size;
	*ret_text = take_ptr(&text);
	return 0;
}

int journal_dir_log(int dir_fd, struct journal_log *log, struct err *err)
{
	autofree char *text = NULL;
	size_t size;
	*log = (struct journal_log){ 0 };
	int r = load(dir_fd, &text, &size);
	if (r)
		return err_errno(err, r, "reading the journal");
	return text ? journal_log_read(log, text, size, err) : 0;
}

int journal_dir_each(int run_fd, int (*each)(void *ctx, const char *name), void *ctx)
{
	autodir DIR *list = dir_open(run_fd, ".");
	struct dirent *entry;
	struct stat st;
	int r = 0;
	/* Not dir_next: a profile's name may start with a dot. */
	while (!r && list && (entry = readdir(list)))
		if (journal_name_ok(entry->d_name) &&
		    !fstatat(run_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
		    S_ISDIR(st.st_mode))
			r = each(ctx, entry->d_name);
	return r;
}
