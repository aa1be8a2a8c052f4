/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vf_change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "device_task.h"
#include "sriov/vf.h"
#include "vf_held.h"
#include "vfio/bind.h"

/* What one VF was before it was made again. */
struct old_vf {
	struct vf_settings settings;
	char driver[NAME_MAX_SHORT], override[NAME_MAX_SHORT];
};

struct change {
	const struct host *host;
	struct journal journal;
	struct pf pf;       /* as it was when the change began */
	struct old_vf *old; /* pf.count of them */
};

/* --- begin and end --- */

static const struct device_task task = {
	.prefix = "vf-",
	.busy = "its VFs are just being changed by another bulkhead vf",
	.killed = "a bulkhead vf was killed amid its change",
};

int vf_change_pending(const struct host *host, struct bdf pf, struct err *err)
{
	return device_task_taken(&task, pf,
				 journal_state(host, journal_name_for(task.prefix, pf).s), err);
}

static int begin(struct change *change, const struct host *host, struct bdf pf, struct err *err)
{
	*change = (struct change){ .host = host };
	int r = device_task_open(&change->journal, &task, host, pf, err);
	if (r)
		return r;
	r = pf_read(host, pf, &change->pf, err);
	if (r)
		journal_close(&change->journal);
	return r;
}

static void take_back(struct change *change, struct err *err)
{
	struct err why = { 0 };
	if (journal_undo(&change->journal, &why))
		err_hint(err, "putting back what was before failed too: %s; bulkhead recover %s",
			 why.text, change->journal.name);
	else
		err_hint(err, "all is as it was before");
}

/* A change that came to its end stays; any other is taken back. */
static int end(struct change *change, int r, struct err *err)
{
	if (!r)
		r = journal_keep(&change->journal, err);
	if (r)
		take_back(change, err);
	journal_close(&change->journal);
	free(change->old);
	return r;
}

static int step(struct change *change, enum action_kind kind, unsigned number,
		const struct vf_settings *settings, struct err *err)
{
	struct action action = {
		.kind = kind, .bdf = change->pf.bdf, .number = number, .settings = settings
	};
	return journal_do(&change->journal, &action, err);
}

/* --- count --- */

static int save_vf(struct change *change, unsigned index, struct err *err)
{
	struct old_vf *old = &change->old[index];
	struct bdf vf;
	int r = pf_vf(change->host, change->pf.bdf, index, &vf);
	if (!r)
		r = bind_state(change->host, vf, old->driver, old->override, sizeof(old->driver));
	if (r)
		return err_set(err, r, "%s: VF %u is not there", bdf_text(change->pf.bdf).s, index);
	if (*change->pf.netdev)
		r = vf_read(change->host, &change->pf, index, &old->settings, err);
	if (!r)
		r = step(change, ACTION_VF_DRIVER, index, NULL, err);
	if (!r)
		r = step(change, ACTION_VF_SETTINGS, index, NULL, err);
	return r;
}

static int save_all(struct change *change, struct err *err)
{
	change->old = calloc(change->pf.count + 1, sizeof(*change->old));
	int r = change->old ? 0 : err_errno(err, -ENOMEM, "VFs");
	for (unsigned i = 0; !r && i < change->pf.count; i++)
		r = save_vf(change, i, err);
	return r;
}

/* Needs no record: the count's undo destroys this VF with its settings. */
static int give_settings(struct change *change, unsigned index, struct err *err)
{
	struct vf_settings want = { 0 };
	struct mac mac;
	if (!*change->pf.netdev)
		return 0;
	if (index < change->pf.count)
		want = change->old[index].settings;
	if (!(want.known & VF_BIT(VF_MAC)) || mac_is_zero(want.mac)) {
		int r = mac_derive(change->host, change->pf.bdf, change->pf.netdev_mac, index, &mac,
				   err);
		if (r)
			return r;
		vf_put_mac(&want, mac);
	}
	journal_step(&change->journal, "settle vf %u", index);
	return vf_apply(change->host, &change->pf, index, &want, err);
}

/* After its settings: a driver reads the MAC when it starts. */
static int give_driver(struct change *change, unsigned index, struct err *err)
{
	struct bdf vf;
	if (index >= change->pf.count)
		return 0;
	const struct old_vf *old = &change->old[index];
	if (!*old->driver && !*old->override)
		return 0;
	if (pf_vf(change->host, change->pf.bdf, index, &vf))
		return err_set(err, -ENODEV, "%s: VF %u has gone", bdf_text(change->pf.bdf).s,
			       index);
	return bind_restore(change->host, vf, old->driver, old->override, err);
}

static int make(struct change *change, unsigned count, struct err *err)
{
	int r = step(change, ACTION_VF_AUTOPROBE, 0, NULL, err);
	if (!r)
		r = save_all(change, err);
	if (!r)
		r = step(change, ACTION_VF_COUNT, count, NULL, err);
	for (unsigned i = 0; !r && i < count; i++)
		r = give_settings(change, i, err);
	for (unsigned i = 0; !r && i < count; i++)
		r = give_driver(change, i, err);
	return r ? r : pf_set_autoprobe(change->host, change->pf.bdf, change->pf.autoprobe, err);
}

static int check_count(const struct pf *pf, unsigned count, struct err *err)
{
	if (!pf->total && count)
		return err_set(err, -ERANGE, "%s: its driver %s makes no VFs (sriov_totalvfs is 0)",
			       bdf_text(pf->bdf).s, *pf->driver ? pf->driver : "(none)");
	if (count > pf->total)
		return err_set(err, -ERANGE, "%s: %u is more than the %u VFs it can have",
			       bdf_text(pf->bdf).s, count, pf->total);
	return 0;
}

int vf_change_count(const struct host *host, struct bdf pf, unsigned count, struct err *err)
{
	struct change change;
	int r = begin(&change, host, pf, err);
	if (r)
		return r;
	r = check_count(&change.pf, count, err);
	if (!r && count != change.pf.count)
		r = vf_check_free(host, &change.pf, change.journal.name, err);
	if (r || count == change.pf.count) { /* nothing was changed, and nothing is said of it */
		journal_close(&change.journal);
		return r;
	}
	return end(&change, make(&change, count, err), err);
}

/* --- settings --- */

int vf_change_settings(const struct host *host, struct bdf pf, unsigned index,
		       const struct vf_settings *want, struct err *err)
{
	struct change change;
	int r = begin(&change, host, pf, err);
	if (r)
		return r;
	if (index >= change.pf.count) {
		journal_close(&change.journal);
		return err_set(err, -ENXIO, "%s: it has no VF %u: there %s %u%s", bdf_text(pf).s,
			       index, change.pf.count == 1 ? "is" : "are", change.pf.count,
			       change.pf.count ? ", counted from 0" : "; bulkhead vf create");
	}
	return end(&change, step(&change, ACTION_VF_SETTINGS, index, want, err), err);
}
