/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "journal_dir.h"

#define STUCK_MAX 16

/* --- steps --- */

void journal_step(struct journal *journal, const char *fmt, ...)
{
	char text[160];
	int n = snprintf(text, sizeof(text), "%u ", ++journal->steps);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	if (journal->step)
		journal->step(journal->step_ctx, text);
}

static void step_of(struct journal *journal, const char *what, const struct action *action)
{
	bool of_device = !action_is_of_host(action->kind);
	journal_step(journal, "%s %s%s%s", what, action_word(action->kind), of_device ? " " : "",
		     of_device ? bdf_text(action->bdf).s : "");
}

void journal_step_from_env(void *ctx, const char *step)
{
	(void)ctx;
	const char *at = getenv("BULKHEAD_STOP_AT");
	const char *text = strchr(step, ' ');
	if (!at || !*at || !text)
		return;
	size_t count = (size_t)(text - step);
	if (!strcmp(at, text + 1) || (strlen(at) == count && !strncmp(at, step, count)))
		raise(SIGSTOP);
}

/* --- records --- */

static int sync_all(struct journal *journal)
{
	return fdatasync(journal->fd) ? -errno : 0;
}

/* A record that did not get there whole must not stay in the middle of the file. */
static int cut_back(struct journal *journal, int r)
{
	if (ftruncate(journal->fd, journal->size))
		journal->broken = true;
	return r;
}

static int append(struct journal *journal, struct record *record)
{
	char line[RECORD_MAX];
	if (journal->broken)
		return -EIO;
	record->sequence = journal->sequence;
	size_t len = record_format(record, line);
	ssize_t n;
	do
		n = write(journal->fd, line, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return cut_back(journal, -errno);
	if ((size_t)n != len)
		return cut_back(journal, -ENOSPC);
	int r = sync_all(journal);
	if (r)
		return cut_back(journal, r);
	journal->sequence++;
	journal->size += (off_t)len;
	return 0;
}

static int strike_out(struct journal *journal, unsigned sequence, struct err *err)
{
	struct record record = { .kind = RECORD_UNDONE, .undone = sequence };
	int r = append(journal, &record);
	return r ? err_errno(err, r, "%s/%s/journal", journal->host->run_path, journal->name) : 0;
}

/* --- life --- */

static int taken_err(const struct host *host, int run_fd, const char *name, int code,
		     struct err *err)
{
	pid_t pid = 0;
	if (code != -EBUSY)
		return err_errno(err, code, "%s/%s", host->run_path, name);
	journal_dir_held(run_fd, name, &pid);
	return err_set(err, code, "profile '%s' is running already (pid %ld); bulkhead stop %s",
		       name, (long)pid, name);
}

static int open_dir(struct journal *journal, bool make, struct err *err)
{
	const char *name = journal->name;
	journal->run_fd = host_open_run(journal->host, make, err);
	if (journal->run_fd < 0)
		return journal->run_fd;
	int r = journal_dir_take(journal->run_fd, name, make, &journal->dir_fd, &journal->lock_fd);
	return r ? taken_err(journal->host, journal->run_fd, name, r, err) : 0;
}

/* The file as `log` found it, ready for more records; a torn last one is cut off. */
static int open_file(struct journal *journal, const struct journal_log *log, struct err *err)
{
	journal->sequence = log->next;
	journal->size = (off_t)log->size;
	journal->fd = openat(journal->dir_fd, "journal",
			     O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = journal->fd < 0 || ftruncate(journal->fd, journal->size) ? -errno : 0;
	struct record header = { .kind = RECORD_HEADER };
	if (!r && !journal->sequence)
		r = append(journal, &header);
	/* The name in its directory has to last as well. */
	if (!r && fsync(journal->dir_fd))
		r = -errno;
	if (r)
		return err_errno(err, r, "%s/%s/journal", journal->host->run_path, journal->name);
	return 0;
}

/* What is there says whether a run may start: nothing that still has to be undone. */
static int start_afresh(struct journal *journal, struct err *err)
{
	struct journal_log log, none = { 0 };
	int r = journal_dir_log(journal->dir_fd, &log, err);
	size_t live = log.live.n;
	journal_log_fini(&log);
	if (r) {
		err_prefix(err, "%s/%s/journal", journal->host->run_path, journal->name);
		err_hint(err, "bulkhead recover %s", journal->name);
		return -EUCLEAN;
	}
	if (live)
		return err_set(
			err, -EUCLEAN,
			"a killed run of profile '%s' left %zu change%s to the host; bulkhead "
			"recover %s",
			journal->name, live, live == 1 ? "" : "s", journal->name);
	return open_file(journal, &none, err);
}

static int init(struct journal *journal, const struct host *host, const char *name, struct err *err)
{
	*journal = (struct journal){
		.host = host, .run_fd = -1, .dir_fd = -1, .fd = -1, .lock_fd = -1
	};
	if (!journal_name_ok(name))
		return err_set(err, -EINVAL, "'%s' is no profile name", name);
	snprintf(journal->name, sizeof(journal->name), "%s", name);
	return 0;
}

static void close_fds(struct journal *journal)
{
	close_fd(&journal->fd);
	close_fd(&journal->lock_fd);
	close_fd(&journal->dir_fd);
	close_fd(&journal->run_fd);
}

int journal_open(struct journal *journal, const struct host *host, const char *name,
		 struct err *err)
{
	int r = init(journal, host, name, err);
	if (!r)
		r = open_dir(journal, true, err);
	if (!r)
		r = start_afresh(journal, err);
	if (r)
		close_fds(journal);
	return r;
}

void journal_close(struct journal *journal)
{
	if (!journal->host || journal->dir_fd < 0)
		return;
	struct journal_log log;
	bool clean = !journal_dir_log(journal->dir_fd, &log, NULL) && !log.live.n;
	journal_log_fini(&log);
	if (clean)
		journal_dir_remove(journal->run_fd, journal->name, journal->dir_fd);
	close_fds(journal);
}

/* --- changes --- */

static void give_up(struct journal *journal, const struct record *record, struct err *err)
{
	struct err why = { 0 };
	int r = action_undo(journal->host, &record->action, &why);
	if (!r)
		r = strike_out(journal, record->sequence, &why);
	if (r)
		err_hint(err, "putting it back failed too: %s", why.text);
}

/* Another request would only wait behind the one that has no answer. */
static void leave_hung(struct journal *journal, const struct action *action, struct err *err)
{
	journal->has_hung = true;
	journal->hung = action->bdf;
	err_hint(err, "bulkhead recover %s gives it back once the driver has let go",
		 journal->name);
}

int journal_do(struct journal *journal, const struct action *action, struct err *err)
{
	struct record record = { .kind = RECORD_ACTION, .action = *action };
	record.action.owner = journal->name;
	int r = action_capture(journal->host, &record.action, err);
	if (r)
		return r < 0 ? r : 0;
	step_of(journal, "record", action);
	r = append(journal, &record);
	if (r)
		return err_errno(err, r, "%s/%s/journal: recording '%s'", journal->host->run_path,
				 journal->name, action_text(action).s);
	step_of(journal, "change", action);
	r = action_do(journal->host, &record.action, err);
	if (r == -ETIMEDOUT)
		leave_hung(journal, action, err);
	else if (r)
		give_up(journal, &record, err);
	else
		step_of(journal, "made", action);
	return r;
}

static int undo_one(struct journal *journal, const struct record *record, struct err *err)
{
	struct action action = record->action;
	action.owner = journal->name;
	step_of(journal, "undo", &action);
	int r = action_undo(journal->host, &action, err);
	if (r)
		return r;
	step_of(journal, "undone", &record->action);
	r = strike_out(journal, record->sequence, err);
	if (!r && journal->undone)
		journal->undone(journal->undone_ctx, &record->action);
	return r;
}

/* Devices with a change that could not be undone and that older ones have to wait for. */
struct stuck {
	struct bdf bdf[STUCK_MAX];
	unsigned n;
};

static bool has_to_wait(const struct stuck *stuck, const struct action *action)
{
	for (unsigned i = 0; i < stuck->n; i++)
		if (bdf_equal(stuck->bdf[i], action->bdf))
			return true;
	return stuck->n == STUCK_MAX;
}

static int undo_all(struct journal *journal, const struct journal_log *log, struct err *err)
{
	struct stuck stuck = { .bdf = { journal->hung }, .n = journal->has_hung };
	int first = 0;
	for (size_t i = log->live.n; i-- > 0;) {
		const struct action *action = &log->live.at[i].action;
		if (has_to_wait(&stuck, action))
			continue;
		int r = undo_one(journal, &log->live.at[i], first ? NULL : err);
		if (r == -ETIMEDOUT || (r && action_goes_first(action)))
			stuck.bdf[stuck.n++] = action->bdf;
		first = first ? first : r;
	}
	return first;
}

int journal_undo(struct journal *journal, struct err *err)
{
	struct journal_log log;
	int r = journal_dir_log(journal->dir_fd, &log, err);
	if (r)
		err_prefix(err, "%s/%s/journal", journal->host->run_path, journal->name);
	else
		r = undo_all(journal, &log, err);
	journal_log_fini(&log);
	return r;
}

int journal_forget(struct journal *journal, struct bdf bdf, struct err *err)
{
	struct journal_log log;
	int r = journal_dir_log(journal->dir_fd, &log, err);
	for (size_t i = log.live.n; !r && i-- > 0;) {
		const struct record *record = &log.live.at[i];
		if (action_is_of_host(record->action.kind) ||
		    !bdf_equal(record->action.bdf, bdf))
			continue;
		step_of(journal, "forget", &record->action);
		r = strike_out(journal, record->sequence, err);
	}
	journal_log_fini(&log);
	return r ? r : journal_unclaim(journal, bdf, err);
}

/* --- recovery --- */

static int resume(struct journal *journal, struct err *err)
{
	struct journal_log log;
	int r = journal_dir_log(journal->dir_fd, &log, err);
	if (r) {
		err_prefix(err, "%s/%s/journal", journal->host->run_path, journal->name);
		err_hint(err,
			 "nothing was undone: read it, put the devices back by hand, and remove "
			 "the directory");
	} else {
		r = open_file(journal, &log, err);
	}
	if (!r)
		r = undo_all(journal, &log, err);
	journal_log_fini(&log);
	return r;
}

int journal_recover(const struct host *host, const char *name,
		    void (*undone)(void *ctx, const struct action *action), void *undone_ctx,
		    struct err *err)
{
	struct journal journal;
	int r = init(&journal, host, name, err);
	if (r)
		return r;
	journal.step = journal_step_from_env;
	journal.undone = undone;
	journal.undone_ctx = undone_ctx;
	r = open_dir(&journal, false, err);
	if (r == -ENOENT)
		err_set(err, r, "no run of profile '%s' left anything behind", name);
	if (!r)
		r = resume(&journal, err);
	if (r)
		close_fds(&journal);
	else
		journal_close(&journal);
	return r;
}
