/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vf_held.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "journal.h"

#define CLAIMS_MAX 512

static int list(const struct host *host, const struct pf *pf, vf_places *places)
{
	for (unsigned i = 0; i < pf->count; i++) {
		struct bdf bdf;
		if (pf_vf(host, pf->bdf, i, &bdf))
			continue;
		struct vf_place *place = vec_push(places);
		if (!place)
			return -ENOMEM;
		place->index = i;
		place->bdf = bdf;
	}
	return 0;
}

static int find_holders(const struct host *host, vf_places *places, struct err *err)
{
	autofree struct bdf *fn = calloc(places->n + 1, sizeof(*fn));
	autofree struct holder *holder = calloc(places->n + 1, sizeof(*holder));
	if (!fn || !holder)
		return err_errno(err, -ENOMEM, "VFs in use");
	for (size_t i = 0; i < places->n; i++)
		fn[i] = places->at[i].bdf;
	int r = holders_find(host, fn, places->n, holder, err);
	for (size_t i = 0; !r && i < places->n; i++)
		places->at[i].holder = holder[i];
	return r;
}

/* A profile says more than the process that runs it. */
static void name_profile(struct vf_place *place, const struct plan_claim *claim)
{
	if (claim->stale)
		snprintf(place->holder.s, sizeof(place->holder.s),
			 "profile '%.48s' was killed while it had it; bulkhead recover %.48s",
			 claim->owner, claim->owner);
	else
		snprintf(place->holder.s, sizeof(place->holder.s),
			 "profile '%.48s' has it; bulkhead stop %.48s", claim->owner, claim->owner);
}

static int find_claims(const struct host *host, vf_places *places, struct err *err)
{
	struct plan_claim claims[CLAIMS_MAX];
	unsigned n;
	int r = journal_claims(host, claims, CLAIMS_MAX, &n);
	if (r)
		return err_errno(err, r, "%s: reading the claims of running profiles",
				 host->run_path);
	for (size_t i = 0; i < places->n; i++)
		for (unsigned c = 0; c < n; c++)
			if (bdf_equal(places->at[i].bdf, claims[c].bdf))
				name_profile(&places->at[i], &claims[c]);
	return 0;
}

int vf_places_read(const struct host *host, const struct pf *pf, vf_places *places, struct err *err)
{
	*places = (vf_places){ 0 };
	int r = list(host, pf, places);
	if (r)
		return err_errno(err, r, "%s: its VFs", bdf_text(pf->bdf).s);
	r = find_holders(host, places, err);
	return r ? r : find_claims(host, places, err);
}

int vf_check_free(const struct host *host, const struct pf *pf, struct err *err)
{
	vf_places places;
	int r = vf_places_read(host, pf, &places, err);
	for (size_t i = 0; !r && i < places.n; i++)
		if (places.at[i].holder.s[0])
			r = err_set(err, -EBUSY,
				    "%s: VF %u (%s) is held, and a change of the number of VFs "
				    "destroys all of them: %s",
				    bdf_text(pf->bdf).s, places.at[i].index,
				    bdf_text(places.at[i].bdf).s, places.at[i].holder.s);
	vec_free(&places);
	return r;
}
