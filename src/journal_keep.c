/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes that are to last: the records are dropped all at once. */
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "journal.h"

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
