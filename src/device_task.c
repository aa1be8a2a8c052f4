/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device_task.h"

#include <errno.h>

int device_task_taken(const struct device_task *task, struct bdf bdf, int code, struct err *err)
{
	if (code == -EBUSY)
		return err_set(err, code, "%s: %s", bdf_text(bdf).s, task->busy);
	if (code == -EUCLEAN)
		return err_set(err, code, "%s: %s; bulkhead recover %s", bdf_text(bdf).s,
			       task->killed, journal_name_for(task->prefix, bdf).s);
	return code;
}

int device_task_open(struct journal *journal, const struct device_task *task,
		     const struct host *host, struct bdf bdf, struct err *err)
{
	int r = journal_open(journal, host, journal_name_for(task->prefix, bdf).s, err);
	if (r)
		return device_task_taken(task, bdf, r, err);
	journal->step = journal_step_from_env;
	return 0;
}

int device_task_do(struct journal *journal, struct bdf bdf, const enum action_kind *kinds, size_t n,
		   struct err *err)
{
	int r = 0;
	for (size_t i = 0; !r && i < n; i++) {
		const struct action action = { .kind = kinds[i], .bdf = bdf };
		r = journal_do(journal, &action, err);
	}
	return r;
}

int device_task_check_claims(const struct host *host, struct bdf bdf, bool stale_too,
			     struct err *err)
{
	struct plan_claim claims[JOURNAL_CLAIMS_MAX];
	unsigned n;
	int r = journal_claims(host, claims, JOURNAL_CLAIMS_MAX, &n);
	if (r)
		return err_errno(err, r, "%s: reading the claims of running profiles",
				 host->run_path);
	for (unsigned i = 0; i < n; i++) {
		if (!bdf_equal(claims[i].bdf, bdf) || (claims[i].stale && !stale_too))
			continue;
		return err_set(err, -EBUSY, "%s", plan_claim_text(&claims[i]).s);
	}
	return 0;
}
