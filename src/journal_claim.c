/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who holds which device: the `devices` files of all runs, alive or not yet recovered. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "journal.h"
#include "journal_dir.h"

/* No profile's name: serialises "is it free?" and "it is mine" between runs that start at once. */
#define CLAIM_LOCK "claims:lock"

struct claims {
	int run_fd;
	const char *except; /* a run's own name, or NULL */
	struct plan_claim *ret;
	unsigned max, n;
};

/* Changes of a dead run that nobody has undone, or that nobody can read. */
static bool left_changes(int run_fd, const char *name)
{
	struct journal_log log;
	autoclose int dir_fd = openat(run_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return false;
	bool left = journal_dir_log(dir_fd, &log, NULL) || log.live.n;
	journal_log_fini(&log);
	return left;
}

static int read_devices(struct claims *claims, const char *name, bool stale)
{
	char path[JOURNAL_NAME_MAX + 16], line[64];
	snprintf(path, sizeof(path), "%s/devices", name);
	int fd = openat(claims->run_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	autofile FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	while (file && fgets(line, sizeof(line), file)) {
		struct bdf bdf;
		line[strcspn(line, "\n")] = 0;
		if (bdf_parse(line, &bdf))
			continue;
		if (claims->n == claims->max)
			return -ENOSPC;
		struct plan_claim *claim = &claims->ret[claims->n++];
		*claim = (struct plan_claim){ .bdf = bdf, .stale = stale };
		snprintf(claim->owner, sizeof(claim->owner), "%s", name);
	}
	return 0;
}

static int read_claims_of(void *ctx, const char *name)
{
	struct claims *claims = ctx;
	pid_t pid;
	if (claims->except && !strcmp(claims->except, name))
		return 0;
	if (journal_dir_held(claims->run_fd, name, &pid))
		return read_devices(claims, name, false);
	return left_changes(claims->run_fd, name) ? read_devices(claims, name, true) : 0;
}

int journal_claims(const struct host *host, struct plan_claim *ret, unsigned max, unsigned *ret_n)
{
	return journal_claims_of_others(host, NULL, ret, max, ret_n);
}

int journal_claims_of_others(const struct host *host, const char *except, struct plan_claim *ret,
			     unsigned max, unsigned *ret_n)
{
	*ret_n = 0;
	/* Not there: nobody has run anything. Not ours to read: an unprivileged look at the host.
	 */
	autoclose int run_fd = host_open_run(host, false, NULL);
	if (run_fd < 0)
		return run_fd == -ENOENT || run_fd == -EACCES ? 0 : run_fd;
	struct claims claims = { .run_fd = run_fd, .except = except, .ret = ret, .max = max };
	int r = journal_dir_each(run_fd, read_claims_of, &claims);
	*ret_n = claims.n;
	return r;
}

struct owner {
	int run_fd;
	pid_t pid;
	char *ret;
	size_t size;
};

static int is_owner(void *ctx, const char *name)
{
	const struct owner *owner = ctx;
	pid_t pid;
	if (!journal_dir_held(owner->run_fd, name, &pid) || pid != owner->pid)
		return 0;
	snprintf(owner->ret, owner->size, "%s", name);
	return 1;
}

int journal_owner_of(const struct host *host, pid_t pid, char *ret, size_t size)
{
	autoclose int run_fd = host_open_run(host, false, NULL);
	if (run_fd < 0)
		return -ENOENT;
	struct owner owner = { run_fd, pid, ret, size };
	return journal_dir_each(run_fd, is_owner, &owner) == 1 ? 0 : -ENOENT;
}

int journal_state(const struct host *host, const char *name)
{
	pid_t pid;
	autoclose int run_fd = host_open_run(host, false, NULL);
	if (run_fd < 0)
		return 0;
	if (journal_dir_held(run_fd, name, &pid))
		return -EBUSY;
	return left_changes(run_fd, name) ? -EUCLEAN : 0;
}

static int lock_claims(int run_fd, int *ret_fd)
{
	autoclose int fd =
		openat(run_fd, CLAIM_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct flock want = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	if (fd < 0 || fcntl(fd, F_OFD_SETLKW, &want))
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

int journal_lock_claims(const struct host *host, int *ret_fd, struct err *err)
{
	autoclose int run_fd = host_open_run(host, true, err);
	if (run_fd < 0)
		return run_fd;
	int r = lock_claims(run_fd, ret_fd);
	return r ? err_errno(err, r, "%s/" CLAIM_LOCK, host->run_path) : 0;
}

/* The plan's devices, and the PFs whose number of VFs it changes. */
static unsigned count_claims(const struct plan *plan)
{
	return plan->n_devices + plan->n_pfs;
}

static struct bdf claim_of(const struct plan *plan, unsigned i)
{
	return i < plan->n_devices ? plan->device[i].dev->bdf : plan->pf[i - plan->n_devices];
}

static int check_free(const struct claims *claims, const struct plan *plan, struct err *err)
{
	for (unsigned i = 0; i < count_claims(plan); i++)
		for (unsigned c = 0; c < claims->n; c++) {
			struct bdf bdf = claim_of(plan, i);
			if (bdf_equal(bdf, claims->ret[c].bdf))
				return err_set(err, -EBUSY, "%s: profile '%s' holds it",
					       bdf_text(bdf).s, claims->ret[c].owner);
		}
	return 0;
}

static int write_devices(struct journal *journal, const struct plan *plan)
{
	int fd = openat(journal->dir_fd, "devices",
			O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file)
		return -errno;
	for (unsigned i = 0; i < count_claims(plan); i++)
		fprintf(file, "%s\n", bdf_text(claim_of(plan, i)).s);
	int r = fflush(file) || fsync(fd) ? -errno : 0;
	fclose(file);
	return r;
}

/* Readers take no lock. */
static int rewrite_without(int dir_fd, FILE *from, struct bdf left)
{
	autofree char *text = NULL;
	char line[64];
	size_t size;
	struct bdf bdf;
	FILE *to = open_memstream(&text, &size);
	if (!to)
		return -ENOMEM;
	while (fgets(line, sizeof(line), from)) {
		line[strcspn(line, "\n")] = 0;
		if (!bdf_parse(line, &bdf) && !bdf_equal(bdf, left))
			fprintf(to, "%s\n", line);
	}
	return fclose(to) ? -ENOMEM : file_replace(dir_fd, "devices", text, 0600);
}

int journal_unclaim(struct journal *journal, struct bdf bdf, struct err *err)
{
	int fd = openat(journal->dir_fd, "devices", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	autofile FILE *from = fd < 0 ? NULL : fdopen(fd, "r");
	if (!from)
		return 0; /* nothing was claimed */
	int r = rewrite_without(journal->dir_fd, from, bdf);
	return r ? err_errno(err, r, "%s/%s/devices", journal->host->run_path, journal->name) : 0;
}

int journal_claim(struct journal *journal, const struct plan *plan, struct err *err)
{
	autoclose int lock_fd = -1;
	int r = lock_claims(journal->run_fd, &lock_fd);
	if (r)
		return err_errno(err, r, "%s/" CLAIM_LOCK, journal->host->run_path);
	return journal_claim_locked(journal, plan, err);
}

int journal_claim_locked(struct journal *journal, const struct plan *plan, struct err *err)
{
	struct plan_claim others[JOURNAL_CLAIMS_MAX];
	struct claims claims = { journal->run_fd, journal->name, others, JOURNAL_CLAIMS_MAX, 0 };
	int r = journal_dir_each(journal->run_fd, read_claims_of, &claims);
	if (r)
		return err_errno(err, r, "%s: reading the claims of other runs",
				 journal->host->run_path);
	r = check_free(&claims, plan, err);
	if (r)
		return r;
	r = write_devices(journal, plan);
	return r ? err_errno(err, r, "%s/%s/devices", journal->host->run_path, journal->name) : 0;
}

struct stale {
	int run_fd;
	int (*each)(void *ctx, const char *name);
	void *ctx;
};

static int if_dead(void *ctx, const char *name)
{
	struct stale *stale = ctx;
	pid_t pid;
	return journal_dir_held(stale->run_fd, name, &pid) ? 0 : stale->each(stale->ctx, name);
}

int journal_stale(const struct host *host, int (*each)(void *ctx, const char *name), void *ctx)
{
	autoclose int run_fd = host_open_run(host, false, NULL);
	if (run_fd < 0)
		return run_fd == -ENOENT ? 0 : run_fd;
	struct stale stale = { run_fd, each, ctx };
	return journal_dir_each(run_fd, if_dead, &stale);
}
