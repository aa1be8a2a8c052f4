/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be known of the host before VFs are chosen. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sriov/vf.h"
#include "vf_change.h"
#include "vf_choice.h"

/* Not being able to read settings is no reason not to plan: the run will say so when it sets them. */
static int read_settings(const struct host *host, struct vf_pf *pf)
{
	struct err why = { 0 };
	for (unsigned i = 0; i < pf->pf.count; i++) {
		struct vf_settings *now = vec_push(&pf->now);
		if (!now)
			return -ENOMEM;
		if (!*pf->pf.netdev || pf->trouble[0])
			continue;
		if (vf_read(host, &pf->pf, i, now, &why))
			memcpy(pf->trouble, why.text, sizeof(pf->trouble));
	}
	return 0;
}

static int read_nvme(const struct host *host, struct vf_pf *pf)
{
	pf->is_nvme = nvme_is(host, pf->pf.bdf);
	if (!pf->is_nvme)
		return 0;
	for (unsigned i = 0; i < pf->pf.total; i++)
		if (!vec_push(&pf->secondary))
			return -ENOMEM;
	if (!nvme_read_primary(host, pf->pf.bdf, &pf->primary, &pf->nvme_why))
		nvme_read_secondaries(host, pf->pf.bdf, pf->secondary.at, pf->pf.total,
				      &pf->nvme_why);
	return 0;
}

static int read_pf(const struct host *host, const char *owner, struct vf_pf *pf, struct err *err)
{
	int r = vf_places_read(host, &pf->pf, owner, &pf->places, &pf->holder, err);
	if (!r && (read_settings(host, pf) || read_nvme(host, pf)))
		r = err_errno(err, -ENOMEM, "VFs");
	return r;
}

/* Two entries may name one PF in different ways. */
static int find_or_add(struct vf_choices *choices, const struct host *host, const struct pf *found,
		       const char *owner, unsigned *ret_index, struct err *err)
{
	for (size_t i = 0; i < choices->pf.n; i++)
		if (bdf_equal(choices->pf.at[i].pf.bdf, found->bdf)) {
			*ret_index = (unsigned)i;
			return 0;
		}
	struct vf_pf *pf = vec_push(&choices->pf);
	if (!pf)
		return err_errno(err, -ENOMEM, "PFs");
	pf->pf = *found;
	*ret_index = (unsigned)choices->pf.n - 1;
	return read_pf(host, owner, pf, err);
}

int vf_choices_read(struct vf_choices *choices, const struct host *host,
		    const struct profile *profile, const char *owner, struct err *err)
{
	*choices = (struct vf_choices){ .at = calloc(profile->n_devices + 1, sizeof(*choices->at)) };
	if (!choices->at)
		return err_errno(err, -ENOMEM, "VFs of the profile");
	for (unsigned i = 0; i < profile->n_devices; i++) {
		struct vf_choice *choice = &choices->at[i];
		struct pf found;
		if (!profile->device[i].vf.pf)
			continue;
		choice->wanted = true;
		choice->settings = profile_vf_settings(&profile->device[i].vf);
		if (pf_find(host, profile->device[i].vf.pf, &found, &choice->why) ||
		    vf_change_pending(host, found.bdf, &choice->why))
			continue;
		int r = find_or_add(choices, host, &found, owner, &choice->pf, err);
		if (r)
			return r;
	}
	return 0;
}

void vf_choices_fini(struct vf_choices *choices)
{
	for (size_t i = 0; i < choices->pf.n; i++) {
		vec_free(&choices->pf.at[i].places);
		vec_free(&choices->pf.at[i].now);
		vec_free(&choices->pf.at[i].secondary);
	}
	vec_free(&choices->pf);
	free(choices->at);
	choices->at = NULL;
}

/* --- MACs --- */

static bool has_mac(const struct vf_settings *settings)
{
	return (settings->known & VF_BIT(VF_MAC)) && !mac_is_zero(settings->mac);
}

/* What is set of the VF now; NULL where that is unknown or will be gone. */
static const struct vf_settings *now_of(const struct vf_choices *choices,
					const struct vf_choice *choice)
{
	const struct vf_pf *pf = &choices->pf.at[choice->pf];
	if (choice->made || choice->index >= pf->now.n)
		return NULL;
	return &pf->now.at[choice->index];
}

static void give_mac(const struct vf_choices *choices, const struct host *host,
		     struct vf_choice *choice)
{
	const struct pf *pf = &choices->pf.at[choice->pf].pf;
	const struct vf_settings *now = now_of(choices, choice);
	struct mac mac;
	bool lacks = choice->made || (now && (now->known & VF_BIT(VF_MAC)) && !has_mac(now));
	if (!*pf->netdev || has_mac(&choice->settings) || !lacks)
		return;
	if (!mac_derive(host, pf->bdf, pf->netdev_mac, choice->index, &mac, &choice->why))
		vf_put_mac(&choice->settings, mac);
}

static void refuse_same(struct vf_choices *choices, struct vf_choice *choice, const char *whose)
{
	err_set(&choice->why, -EEXIST, "%s: VF %u: %s has the MAC %s already; give another as `mac`",
		bdf_text(choices->pf.at[choice->pf].pf.bdf).s, choice->index, whose,
		mac_text(choice->settings.mac).s);
}

/* VFs of the PF that stay as they are, and the PF itself. */
static void compare_with_present(struct vf_choices *choices, struct vf_choice *choice)
{
	const struct vf_pf *pf = &choices->pf.at[choice->pf];
	char whose[48];
	struct mac own;
	if (!mac_parse(pf->pf.netdev_mac, &own) && mac_equal(own, choice->settings.mac))
		refuse_same(choices, choice, pf->pf.netdev);
	for (unsigned i = 0; i < pf->now.n && !pf->want_total; i++) {
		if (i == choice->index || !has_mac(&pf->now.at[i]) ||
		    !mac_equal(pf->now.at[i].mac, choice->settings.mac))
			continue;
		snprintf(whose, sizeof(whose), "VF %u", i);
		refuse_same(choices, choice, whose);
	}
}

static void compare_with_other_entries(struct vf_choices *choices, unsigned index)
{
	struct vf_choice *choice = &choices->at[index];
	char whose[48];
	for (unsigned i = 0; i < index; i++) {
		const struct vf_choice *other = &choices->at[i];
		if (!other->wanted || other->why.code || !has_mac(&other->settings) ||
		    !mac_equal(other->settings.mac, choice->settings.mac))
			continue;
		snprintf(whose, sizeof(whose), "devices[%u]", i);
		refuse_same(choices, choice, whose);
	}
}

void vf_choose_macs(struct vf_choices *choices, const struct host *host,
		    const struct profile *profile)
{
	for (unsigned i = 0; i < profile->n_devices; i++) {
		struct vf_choice *choice = &choices->at[i];
		if (!choice->wanted || choice->why.code)
			continue;
		give_mac(choices, host, choice);
		if (!has_mac(&choice->settings))
			continue;
		compare_with_present(choices, choice);
		compare_with_other_entries(choices, i);
	}
}
