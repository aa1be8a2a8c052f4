/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `check` says of a profile's seat: the picture, who may look at it, the host's input devices
 * and the memory shared with a viewer. All of it is opened only when the machine is built.
 */
#ifndef BULKHEAD_SEAT_H
#define BULKHEAD_SEAT_H

#include "plan.h"

/* Everything that speaks against them becomes a refusal of the plan. -ENOMEM. */
int seat_check(struct plan *plan, const struct profile *profile, const struct host *host);

#endif
