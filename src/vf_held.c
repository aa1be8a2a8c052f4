/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vf_held.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "journal.h"

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
static void name_profile(struct holder *holder, const struct plan_claim *claim)
{
	if (claim->stale)
		snprintf(holder->s, sizeof(holder->s),
			 "profile '%.48s' was killed while it had it; bulkhead recover %.48s",
			 claim->owner, claim->owner);
	else
		snprintf(holder->s, sizeof(holder->s),
			 "profile '%.48s' has it; bulkhead stop %.48s", claim->owner, claim->owner);
}

struct claim_list {
	struct plan_claim at[JOURNAL_CLAIMS_MAX];
	unsigned n;
};

static int read_claims(const struct host *host, const char *owner, struct claim_list *ret,
		       struct err *err)
{
	int r = journal_claims_of_others(host, owner, ret->at, JOURNAL_CLAIMS_MAX, &ret->n);
	return r ? err_errno(err, r, "%s: reading the claims of running profiles", host->run_path)
		 : 0;
}

static const struct plan_claim *find_claim(const struct claim_list *claims, struct bdf bdf)
{
	for (unsigned i = 0; i < claims->n; i++)
		if (bdf_equal(bdf, claims->at[i].bdf))
			return &claims->at[i];
	return NULL;
}

static const struct plan_claim *find_pf_claim(const struct claim_list *claims, const struct pf *pf)
{
	return strcmp(pf->driver, "vfio-pci") ? find_claim(claims, pf->bdf) : NULL;
}

static void name_claims(const struct claim_list *claims, const struct pf *pf, vf_places *places,
			struct holder *ret_pf)
{
	const struct plan_claim *whole = find_pf_claim(claims, pf);
	for (size_t i = 0; i < places->n; i++) {
		const struct plan_claim *claim = find_claim(claims, places->at[i].bdf);
		claim = claim ? claim : whole;
		if (claim)
			name_profile(&places->at[i].holder, claim);
	}
	if (ret_pf && whole)
		name_profile(ret_pf, whole);
}

static int find_claims(const struct host *host, const struct pf *pf, const char *owner,
		       vf_places *places, struct holder *ret_pf, struct err *err)
{
	struct claim_list *claims = calloc(1, sizeof(*claims));
	if (!claims)
		return err_errno(err, -ENOMEM, "claims of running profiles");
	int r = read_claims(host, owner, claims, err);
	if (!r)
		name_claims(claims, pf, places, ret_pf);
	free(claims);
	return r;
}

int vf_places_read(const struct host *host, const struct pf *pf, const char *owner,
		   vf_places *places, struct holder *ret_pf, struct err *err)
{
	*places = (vf_places){ 0 };
	if (ret_pf)
		*ret_pf = (struct holder){ "" };
	int r = list(host, pf, places);
	if (r)
		return err_errno(err, r, "%s: its VFs", bdf_text(pf->bdf).s);
	r = find_holders(host, places, err);
	return r ? r : find_claims(host, pf, owner, places, ret_pf, err);
}

int vf_check_free(const struct host *host, const struct pf *pf, const char *owner, struct err *err)
{
	vf_places places;
	struct holder holder;
	int r = vf_places_read(host, pf, owner, &places, &holder, err);
	for (size_t i = 0; !r && i < places.n; i++)
		if (places.at[i].holder.s[0])
			r = err_set(err, -EBUSY,
				    "%s: VF %u (%s) is held, and a change of the number of VFs "
				    "destroys all of them: %s",
				    bdf_text(pf->bdf).s, places.at[i].index,
				    bdf_text(places.at[i].bdf).s, places.at[i].holder.s);
	vec_free(&places);
	if (!r && holder.s[0])
		r = err_set(err, -EBUSY, "%s: its number of VFs is not to be changed: %s",
			    bdf_text(pf->bdf).s, holder.s);
	return r;
}
