/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes that are to last: for good, and then the records are dropped all at once; or until
 * somebody asks for them to be undone, and then a file beside the journal says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "journal.h"
#include "journal_dir.h"

#define LASTING "lasting"

int journal_keep(struct journal *journal, struct err *err)
{
	journal_step(journal, "keep");
	int r = unlinkat(journal->dir_fd, "journal", 0) || fsync(journal->dir_fd) ? -errno : 0;
	if (r)
		return err_errno(err, r, "%s/%s/journal: removing it", journal->host->run_path,
				 journal->name);
	close_fd(&journal->fd);
	journal_step(journal, "kept");
	return 0;
}

int journal_last(struct journal *journal, struct err *err)
{
	journal_step(journal, "last");
	autoclose int fd = openat(journal->dir_fd, LASTING,
				  O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = fd < 0 || fsync(fd) || fsync(journal->dir_fd) ? -errno : 0;
	if (r)
		return err_errno(err, r, "%s/%s/" LASTING, journal->host->run_path, journal->name);
	journal_step(journal, "lasting");
	return 0;
}

static bool has_file(const struct host *host, const char *name, const char *file)
{
	char path[JOURNAL_NAME_MAX + 16];
	autoclose int run_fd = host_open_run(host, false, NULL);
	if (run_fd < 0 || !journal_name_ok(name))
		return false;
	snprintf(path, sizeof(path), "%s/%s", name, file);
	return !faccessat(run_fd, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

bool journal_is_lasting(const struct host *host, const char *name)
{
	return has_file(host, name, LASTING);
}

bool journal_is_there(const struct host *host, const char *name)
{
	return has_file(host, name, "journal");
}

int journal_end_lasting(const struct host *host, const char *name, struct err *err)
{
	autoclose int run_fd = host_open_run(host, false, err);
	if (run_fd < 0)
		return run_fd;
	autoclose int dir_fd = openat(run_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r = dir_fd < 0 ? -errno : 0;
	if (!r && unlinkat(dir_fd, LASTING, 0) && errno != ENOENT)
		r = -errno;
	if (!r && fsync(dir_fd))
		r = -errno;
	return r ? err_errno(err, r, "%s/%s", host->run_path, name) : 0;
}
