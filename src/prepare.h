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
#include "core/host.h"
#include "core/inventory.h"
#include "plan.h"
#include "profile.h"

struct prepared {
	struct host host;
	struct inventory inventory;
	struct plan plan;         /* borrows the profile and the inventory above */
	struct linux_image image; /* files -1 when they could not be opened */
};

/*
 * `host_root` as for host_open. 0 also when the plan holds refusals: the caller looks at
 * plan.refusals. -errno only when the host cannot be read. prepare_fini accepts a failed one.
 */
int prepare(struct prepared *prepared, const struct profile *profile, const char *host_root,
	    struct err *err);
void prepare_fini(struct prepared *prepared);

#endif
