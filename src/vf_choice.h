/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which VF each entry of a profile gets: the one it names, or one of the pool of those that are free.
 * Read from the host first (vf_choice_read.c), then chosen by a pure function; the plan takes the result as
 * it takes the inventory. What keeps two runs from choosing the same VF is the lock of the claims,
 * which a run holds from the reading to its own claim.
 */
#ifndef BULKHEAD_VF_CHOICE_H
#define BULKHEAD_VF_CHOICE_H

#include "base/vec.h"
#include "profile.h"
#include "sriov/nvme.h"
#include "sriov/pf.h"
#include "vf_held.h"

struct vf_pf { /* a PF that the profile names */
	struct pf pf;
	vf_places places;     /* VFs that are there, with their holders */
	struct holder holder; /* of the PF as a whole */
	vec(struct vf_settings) now; /* by index; nothing known where they cannot be read */
	char trouble[ERR_TEXT_MAX];  /* why not; "" = they are known, or there is no interface */
	bool is_nvme;                /* its VFs have to be brought online */
	struct nvme_primary primary; /* of that */
	vec(struct nvme_secondary) secondary; /* of that, by VF index; all that are possible */
	struct err nvme_why;         /* of that, code 0, or why the two above are unknown */
	unsigned want_total;  /* VFs that the plan has it make; 0 = it stays as it is */
	bool is_changed;      /* the run has changed their number already */
};

struct vf_choice { /* of one entry of the profile */
	bool wanted;      /* the entry is a VF */
	unsigned pf;      /* index into `pf`, when there is one */
	unsigned index;   /* of the VF */
	struct bdf bdf;   /* where it is; of one to be made, where it should come to be */
	bool bdf_is_known; /* false: it is not there, and `bdf` not foretold yet */
	bool made;        /* it is made when the plan is carried out */
	struct vf_settings settings; /* to be given to it; nothing known: only saved */
	struct err why;   /* code 0, or why there is none */
};

struct vf_choices {
	vec(struct vf_pf) pf;
	struct vf_choice *at; /* by entry, as many as the profile has; owned */
};

/*
 * Reads PFs, VFs, holders and settings of what the profile names. What a run of its name (`owner`; NULL
 * = none) has claimed itself is free for it. -ENOMEM and the like only; what the user could mend is
 * in the choices. vf_choices_fini in any case.
 */
int vf_choices_read(struct vf_choices *choices, const struct host *host,
		    const struct profile *profile, const char *owner, struct err *err);
void vf_choices_fini(struct vf_choices *choices);

/* Chooses; pure. `choices` holds what was read. */
void vf_choose(struct vf_choices *choices, const struct profile *profile);

/* After choosing: a MAC for what has none, and no two the same. Reads /etc/machine-id. */
void vf_choose_macs(struct vf_choices *choices, const struct host *host,
		    const struct profile *profile);

#endif
