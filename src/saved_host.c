/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "saved_host.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "snapshot.h"

#define FDS_MAX 16

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void hold_signals(struct saved_host *saved)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &saved->mask);
}

static int make_root(struct saved_host *saved, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	/* Thousands of small files, for a moment: in memory where there is such a place. */
	if (!tmp || !*tmp)
		tmp = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
	int n = snprintf(saved->root, sizeof(saved->root), "%s/bulkhead-XXXXXX", tmp);
	if (n < 0 || (size_t)n >= sizeof(saved->root))
		return err_set(err, -ENAMETOOLONG, "TMPDIR is too long");
	return mkdtemp(saved->root) ? 0 : err_errno(err, -errno, "%s", saved->root);
}

/* So that host_open knows. A snapshot that has such an entry of its own means the same. */
static int add_mark(int root, struct err *err)
{
	int fd =
		openat(root, HOST_REPLAYED_MARK, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, -errno, HOST_REPLAYED_MARK);
	close(fd);
	return 0;
}

/* host_open wants all three, and a snapshot need not have anything of one. */
static int add_parts(int root, struct err *err)
{
	static const char *const parts[] = { "sys", "proc", "dev", "run" };
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (mkdirat(root, parts[i], 0700) && errno != EEXIST)
			return err_errno(err, -errno, "%s", parts[i]);
	return 0;
}

static int unpack(struct saved_host *saved, const char *file, struct err *err)
{
	autoclose int root = open(saved->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_errno(err, -errno, "%s", saved->root);
	int r = snapshot_unpack(file, root, err);
	if (!r)
		r = add_mark(root, err);
	return r ? r : add_parts(root, err);
}

static int replay(struct saved_host *saved, const char *file, struct err *err)
{
	hold_signals(saved);
	int r = make_root(saved, err);
	if (r) {
		sigprocmask(SIG_SETMASK, &saved->mask, NULL);
		return r;
	}
	saved->unpacked = true;
	r = unpack(saved, file, err);
	if (r)
		saved_host_forget(saved);
	return r;
}

int saved_host_find(struct saved_host *saved, const char *where, struct err *err)
{
	struct stat st;
	memset(saved, 0, sizeof(*saved));
	if (*where && !stat(where, &st) && S_ISREG(st.st_mode))
		return replay(saved, where, err);
	if (strlen(where) >= sizeof(saved->root))
		return err_set(err, -ENAMETOOLONG, "%s: path too long", where);
	memcpy(saved->root, where, strlen(where) + 1);
	return 0;
}

void saved_host_forget(struct saved_host *saved)
{
	if (!saved->unpacked)
		return;
	nftw(saved->root, remove_one, FDS_MAX, FTW_DEPTH | FTW_PHYS);
	saved->unpacked = false;
	sigprocmask(SIG_SETMASK, &saved->mask, NULL);
}

int saved_host_open(struct saved_host *saved, const char *where, struct err *err)
{
	int r = saved_host_find(saved, where, err);
	if (r)
		return r;
	r = host_open(&saved->host, saved->root, err);
	if (r)
		saved_host_forget(saved);
	return r;
}

void saved_host_close(struct saved_host *saved)
{
	host_close(&saved->host);
	saved_host_forget(saved);
}
