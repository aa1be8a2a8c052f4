/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "take.h"

#include <errno.h>

#include "base/cleanup.h"

struct taker {
	struct prepared *prepared;
	const struct profile *profile;
	struct journal *journal;
	int (*go_on)(void *ctx, struct err *err);
	void *ctx;
};

static bool wants_vfs(const struct profile *profile)
{
	for (unsigned i = 0; i < profile->n_devices; i++)
		if (profile->device[i].vf.pf)
			return true;
	return false;
}

/* What spoke for the plan a moment ago may have been taken by another run since. */
static int refused(const struct plan *plan, struct err *err)
{
	if (!plan->refusals.n)
		return 0;
	err_set(err, plan->refusals.at[0].code, "%s", plan->refusals.at[0].text);
	if (plan->refusals.n > 1)
		err_hint(err, "and %zu more: bulkhead check", plan->refusals.n - 1);
	return plan->refusals.at[0].code;
}

/* Between the look at what is free and the claim nobody else can claim anything. */
static int choose_and_claim(const struct taker *t, struct err *err)
{
	autoclose int lock_fd = -1;
	int r = journal_lock_claims(t->journal->host, &lock_fd, err);
	if (!r)
		r = prepare_again(t->prepared, t->profile, t->journal->name, err);
	if (!r)
		r = refused(&t->prepared->plan, err);
	return r ? r : journal_claim_locked(t->journal, &t->prepared->plan, err);
}

static int change(const struct taker *t, size_t upto, struct err *err)
{
	const struct plan *plan = &t->prepared->plan;
	int r = 0;
	for (size_t i = 0; !r && i < upto; i++) {
		r = t->go_on(t->ctx, err);
		if (!r)
			r = journal_do(t->journal, &plan->actions.at[i], err);
	}
	return r;
}

/* Which PFs these are is to be known to the next plan, whose host has their VFs already. */
static int make_vfs(const struct taker *t, struct err *err)
{
	struct prepared *p = t->prepared;
	int r = change(t, p->plan.n_making, err);
	p->n_changed = p->plan.n_pfs;
	for (unsigned i = 0; i < p->n_changed; i++)
		p->changed[i] = p->plan.pf[i];
	return r ? r : choose_and_claim(t, err);
}

int take_devices(struct prepared *prepared, const struct profile *profile, struct journal *journal,
		 int (*go_on)(void *ctx, struct err *err), void *ctx, struct err *err)
{
	const struct taker taker = { prepared, profile, journal, go_on, ctx };
	int r = wants_vfs(profile) ? choose_and_claim(&taker, err)
				   : journal_claim(journal, &prepared->plan, err);
	if (!r && prepared->plan.n_making)
		r = make_vfs(&taker, err);
	if (!r && prepared->plan.n_making)
		r = err_set(err, -EAGAIN,
			    "profile '%s': VFs that were just made are gone again; somebody else "
			    "changes their number",
			    profile->name);
	return r ? r : change(&taker, prepared->plan.actions.n, err);
}
