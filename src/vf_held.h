/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which VFs of a PF somebody holds: a profile that runs (or was killed), a process, the host
 * itself. */
#ifndef BULKHEAD_VF_HELD_H
#define BULKHEAD_VF_HELD_H

#include "base/vec.h"
#include "sriov/holder.h"
#include "sriov/pf.h"

struct vf_place {
	unsigned index;
	struct bdf bdf;
	struct holder holder; /* "" = nobody */
};

typedef vec(struct vf_place) vf_places;

/*
 * Every VF that is there, in order of index. What the run `owner` has claimed itself is not held;
 * NULL = no run asks. vec_free(places) in any case.
 *
 * `ret_pf` (NULL allowed): who has the PF as a whole, a profile that changes its number of VFs. All of
 * its VFs are that profile's then, also those to come. Not so with a PF on vfio-pci, whose VFs are
 * for others.
 */
int vf_places_read(const struct host *host, const struct pf *pf, const char *owner,
		   vf_places *places, struct holder *ret_pf, struct err *err);

/* -EBUSY, naming VF and holder, when one is held or the PF is; `owner` as above. */
int vf_check_free(const struct host *host, const struct pf *pf, const char *owner,
		  struct err *err);

#endif
