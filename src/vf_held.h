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

/* Every VF that is there, in order of index. vec_free(places) in any case. */
int vf_places_read(const struct host *host, const struct pf *pf, vf_places *places,
		   struct err *err);

/* -EBUSY, naming VF and holder, when one is held. */
int vf_check_free(const struct host *host, const struct pf *pf, struct err *err);

#endif
