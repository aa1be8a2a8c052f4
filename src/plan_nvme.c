/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the flexible queues and interrupts of an NVMe controller are divided: to each VF of the profile
 * what its entry asks for, the rest to others and to the primary, which keeps what it has as long as
 * there is enough without that.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/opt.h"
#include "plan_parts.h"

/* The share of one PF's VFs. */
struct share {
	unsigned vfs;     /* of the profile */
	unsigned queues;  /* all of them together: flexible ones there are for the profile or the primary */
	unsigned vectors;
	unsigned wanted;  /* queues for all of the profile's VFs */
	unsigned wanted_vectors;
};

static bool is_of(const struct planner *planner, unsigned entry, const struct vf_pf *pf)
{
	const struct vf_choice *choice = plan_choice(planner, &planner->profile->device[entry]);
	return choice && !choice->why.code && &planner->vfs->pf.at[choice->pf] == pf;
}

static const struct nvme_secondary *now_of(const struct vf_pf *pf, const struct vf_choice *choice)
{
	static const struct nvme_secondary none;
	return choice->index < pf->secondary.n ? &pf->secondary.at[choice->index] : &none;
}

/* What others have is theirs; what is assigned to our VFs already is ours to divide. */
static struct share room(const struct planner *planner, const struct vf_pf *pf)
{
	const struct nvme_primary *p = &pf->primary;
	struct share share = { .queues = p->queues.total - p->queues.assigned,
			       .vectors = p->vectors.total - p->vectors.assigned };
	for (unsigned i = 0; i < planner->profile->n_devices; i++) {
		if (!is_of(planner, i, pf))
			continue;
		share.vfs++;
		share.queues += now_of(pf, &planner->vfs->at[i])->queues;
		share.vectors += now_of(pf, &planner->vfs->at[i])->vectors;
	}
	return share;
}

static unsigned at_most(unsigned value, unsigned limit)
{
	return value < limit ? value : limit;
}

/* With the admin queue. Without flexible interrupts each VF has its own, and they are no limit. */
static unsigned queues_of(const struct planner *planner, const struct vf_pf *pf,
			  const struct share *room, unsigned entry)
{
	unsigned asked = planner->profile->device[entry].vf.queues;
	if (asked != OPT_NONE)
		return asked + 1;
	unsigned vfs = room->vfs ? room->vfs : 1;
	unsigned queues = at_most(planner->profile->vcpus + 1, room->queues / vfs);
	queues = at_most(queues, pf->primary.queues.max);
	if (!pf->primary.vectors.total)
		return queues;
	return at_most(at_most(queues, pf->primary.vectors.max), room->vectors / vfs);
}

static unsigned vectors_of(const struct vf_pf *pf, unsigned queues)
{
	return pf->primary.vectors.total ? queues : 0;
}

static struct share divide(const struct planner *planner, const struct vf_pf *pf)
{
	struct share share = room(planner, pf);
	for (unsigned i = 0; i < planner->profile->n_devices; i++) {
		if (!is_of(planner, i, pf))
			continue;
		unsigned queues = queues_of(planner, pf, &share, i);
		share.wanted += queues;
		share.wanted_vectors += vectors_of(pf, queues);
	}
	return share;
}

/* --- can it be --- */

static void check_entry(struct planner *planner, const struct vf_pf *pf, const struct share *share,
			unsigned entry)
{
	unsigned queues = queues_of(planner, pf, share, entry);
	unsigned max = pf->primary.queues.max;
	if (pf->primary.vectors.total)
		max = at_most(max, pf->primary.vectors.max);
	if (queues < NVME_QUEUES_MIN)
		plan_no(planner, -ENOSPC,
			"%s: it has %u flexible queues and %u interrupts left for %u VF%s, and a VF "
			"needs %d of each at least",
			planner->profile->device[entry].vf.pf, share->queues, share->vectors,
			share->vfs, share->vfs == 1 ? "" : "s", NVME_QUEUES_MIN);
	else if (queues > max)
		plan_no(planner, -ERANGE,
			"%s: it gives a VF at most %u queues with the admin queue, so \"queues\" "
			"can be %u at most",
			planner->profile->device[entry].vf.pf, max, max ? max - 1 : 0);
}

static bool lacks(const struct vf_pf *pf, const struct share *share)
{
	return share->wanted + pf->primary.queues.primary > share->queues ||
	       share->wanted_vectors + pf->primary.vectors.primary > share->vectors;
}

/* Dividing anew resets the controller, and every VF of it goes offline. */
static void check_others(struct planner *planner, const struct vf_pf *pf)
{
	for (unsigned i = 0; i < pf->secondary.n; i++)
		if (pf->secondary.at[i].online)
			plan_no(planner, -EBUSY,
				"%s: its VFs need queues that the controller keeps for itself, and "
				"to take them from it resets it; that cannot be while VF %u is online",
				bdf_text(pf->pf.bdf).s, i);
}

static void check_pf(struct planner *planner, const struct vf_pf *pf)
{
	if (pf->nvme_why.code) {
		plan_no(planner, pf->nvme_why.code, "%s", pf->nvme_why.text);
		return;
	}
	const struct share share = divide(planner, pf);
	for (unsigned i = 0; i < planner->profile->n_devices; i++)
		if (is_of(planner, i, pf))
			check_entry(planner, pf, &share, i);
	if (share.wanted > share.queues || share.wanted_vectors > share.vectors)
		plan_no(planner, -ENOSPC,
			"%s: %u queues and %u interrupts are asked for, and it has %u and %u to give",
			bdf_text(pf->pf.bdf).s, share.wanted, share.wanted_vectors, share.queues,
			share.vectors);
	else if (share.vfs && lacks(pf, &share))
		check_others(planner, pf);
}

void plan_nvme_check(struct planner *planner)
{
	for (unsigned i = 0; i < planner->profile->n_devices; i++) {
		const struct vf_choice *choice =
			plan_choice(planner, &planner->profile->device[i]);
		if (choice && !choice->why.code &&
		    planner->profile->device[i].vf.queues != OPT_NONE &&
		    !planner->vfs->pf.at[choice->pf].is_nvme)
			plan_no(planner, -EINVAL,
				"%s is no NVMe controller with its driver, so \"queues\" means "
				"nothing to its VFs",
				planner->profile->device[i].vf.pf);
	}
	for (size_t i = 0; planner->vfs && i < planner->vfs->pf.n; i++)
		if (planner->vfs->pf.at[i].is_nvme)
			check_pf(planner, &planner->vfs->pf.at[i]);
}

/* --- what is done --- */

static void put(struct action *action, unsigned queues, unsigned vectors)
{
	action->queues = queues;
	action->vectors = vectors;
	action->queues_are_known = true;
}

bool plan_nvme_making(struct planner *planner, const struct vf_pf *pf)
{
	if (!pf->is_nvme || pf->nvme_why.code)
		return false;
	const struct share share = divide(planner, pf);
	if (!share.vfs || share.wanted > share.queues || share.wanted_vectors > share.vectors ||
	    !lacks(pf, &share))
		return false;
	unsigned queues = pf->primary.queues.primary, vectors = pf->primary.vectors.primary;
	struct action *action = plan_action(planner, ACTION_NVME_PRIMARY, pf->pf.bdf);
	if (!action)
		return true;
	snprintf(action->old_value, sizeof(action->old_value), "%u_%u", queues, vectors);
	put(action, at_most(queues, share.queues - share.wanted),
	    at_most(vectors, share.vectors - share.wanted_vectors));
	return true;
}

void plan_nvme_online(struct planner *planner, const struct vf_choice *choice)
{
	const struct vf_pf *pf = &planner->vfs->pf.at[choice->pf];
	if (pf->nvme_why.code)
		return;
	const struct share share = divide(planner, pf);
	unsigned queues =
		queues_of(planner, pf, &share, (unsigned)(choice - planner->vfs->at));
	struct action *action = plan_action(planner, ACTION_NVME_VF, pf->pf.bdf);
	if (!action)
		return;
	action->number = choice->index;
	put(action, queues,
	    pf->primary.vectors.total ? queues : now_of(pf, choice)->vectors);
}
