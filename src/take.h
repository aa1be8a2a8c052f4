/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the plan to a changed host: devices claimed, then every change made and recorded. Where VFs are
 * taken from a pool or made first, the host is looked at again under the lock of the claims, and once
 * more when they are there: what is carried out is always the plan of the host as it is.
 */
#ifndef BULKHEAD_TAKE_H
#define BULKHEAD_TAKE_H

#include "journal.h"
#include "prepare.h"

/*
 * `journal` is open under the profile's name. `go_on` is asked before each change; what it answers
 * other than 0 ends the work, with its text. A failure leaves what was done in the journal, for the
 * caller to undo.
 */
int take_devices(struct prepared *prepared, const struct profile *profile, struct journal *journal,
		 int (*go_on)(void *ctx, struct err *err), void *ctx, struct err *err);

#endif
