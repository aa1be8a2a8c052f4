/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the plan does to PFs and VFs. */
#include <stdio.h>

#include "plan_parts.h"

const struct vf_choice *plan_choice(const struct planner *planner,
				    const struct profile_device *wanted)
{
	return wanted && wanted->vf.pf ? &planner->vfs->at[wanted - planner->profile->device] : NULL;
}

bool plan_is_made(const struct planner *planner, const struct pci_dev *dev)
{
	for (unsigned i = 0; i < planner->profile->n_devices; i++) {
		const struct vf_choice *choice =
			plan_choice(planner, &planner->profile->device[i]);
		if (choice && choice->made && bdf_equal(choice->bdf, dev->bdf))
			return true;
	}
	return false;
}

static struct action *add(struct planner *planner, enum action_kind kind, struct bdf bdf,
			  unsigned number)
{
	struct action *action = plan_action(planner, kind, bdf);
	if (action)
		action->number = number;
	return action;
}

/*
 * All of its VFs are destroyed and made again. What those that are there have is saved first, and comes
 * back at the end; for as long as the run lasts, the ones it does not want are nobody's.
 */
static void make_vfs(struct planner *planner, const struct vf_pf *pf)
{
	if (pf->pf.autoprobe)
		add(planner, ACTION_VF_AUTOPROBE, pf->pf.bdf, 0);
	for (unsigned i = 0; i < pf->pf.count; i++) {
		add(planner, ACTION_VF_DRIVER, pf->pf.bdf, i);
		if (*pf->pf.netdev)
			add(planner, ACTION_VF_SETTINGS, pf->pf.bdf, i);
	}
	struct action *action = add(planner, ACTION_VF_COUNT, pf->pf.bdf, pf->want_total);
	if (action)
		snprintf(action->old_value, sizeof(action->old_value), "%u", pf->pf.count);
}

void plan_vf_making(struct planner *planner)
{
	struct plan *plan = planner->plan;
	for (size_t i = 0; planner->vfs && i < planner->vfs->pf.n; i++) {
		const struct vf_pf *pf = &planner->vfs->pf.at[i];
		bool divided = plan_nvme_making(planner, pf);
		if ((pf->want_total || pf->is_changed || divided) && plan->n_pfs < PLAN_MAX_PFS)
			plan->pf[plan->n_pfs++] = pf->pf.bdf;
		if (pf->want_total)
			make_vfs(planner, pf);
	}
	plan->n_making = (unsigned)plan->actions.n;
}

/* Also where nothing is to be set: the guest may change what the PF's driver has of its VF. */
void plan_vf_settings(struct planner *planner, const struct plan_device *device)
{
	const struct vf_choice *choice = plan_choice(planner, device->wanted);
	if (!choice)
		return;
	const struct vf_pf *pf = &planner->vfs->pf.at[choice->pf];
	if (pf->is_nvme)
		plan_nvme_online(planner, choice);
	if (!*pf->pf.netdev)
		return;
	struct action *action = add(planner, ACTION_VF_SETTINGS, pf->pf.bdf, choice->index);
	if (!action)
		return;
	action->fresh = choice->made || pf->is_changed;
	action->settings = choice->settings.known ? &choice->settings : NULL;
}

void plan_vf_warnings(struct planner *planner)
{
	for (size_t i = 0; planner->vfs && i < planner->vfs->pf.n; i++)
		if (planner->vfs->pf.at[i].trouble[0])
			plan_warn(planner, "settings of VFs cannot be read: %s",
				  planner->vfs->pf.at[i].trouble);
	plan_nvme_check(planner);
}
