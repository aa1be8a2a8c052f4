/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything `check` and `run` do before the first side effect: the host opened, its inventory and
 * the claims of other runs read, the plan made, KVM and the guest's files examined, all refusals
 * collected. `check` prints the result; `run` goes on from it.
 */
#ifndef BULKHEAD_PREPARE_H
#define BULKHEAD_PREPARE_H

#include "base/err.h"
#include "boot/linux.h"
#include "core/gmem.h"
#include "core/host.h"
#include "core/inventory.h"
#include "plan.h"
#include "profile.h"

struct prepared {
	struct host host;
	struct inventory inventory;
	struct vf_choices vfs;
	struct bdf changed[PLAN_MAX_PFS]; /* PFs whose number of VFs the run has changed itself */
	unsigned n_changed;
	struct plan plan;         /* borrows the profile, the inventory and the choices above */
	struct linux_image image; /* files -1 when they could not be opened */
	struct gmem ram; /* prepare_to_run only: being filled; the machine takes it over */
	uint64_t mem_total, mem_available; /* before that; 0 = nothing is being filled */
};

/*
 * `host_root` as for host_open. 0 also when the plan holds refusals: the caller looks at
 * plan.refusals. -errno only when the host cannot be read. prepare_fini accepts a failed one.
 */
int prepare(struct prepared *prepared, const struct profile *profile, const char *host_root,
	    struct err *err);
/*
 * The same for a start that is meant: guest memory that will be pinned is filled while the host is
 * looked at, each of which is half of what a start takes. Only as much as the host has to spare;
 * after a refusal prepare_fini gives it back.
 */
int prepare_to_run(struct prepared *prepared, const struct profile *profile, const char *host_root,
		   struct err *err);
/*
 * Looks at the host once more and plans anew: a run does it while it holds the lock of the claims, so
 * that the VFs chosen are still free when it claims them; and after it has made VFs. What the run
 * `owner` has claimed already is free for it. Errors as above.
 */
int prepare_again(struct prepared *prepared, const struct profile *profile, const char *owner,
		  struct err *err);
void prepare_fini(struct prepared *prepared);

#endif
