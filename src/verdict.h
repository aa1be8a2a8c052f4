/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands in the way of assigning one function, in a word: what `devices` shows for a host
 * without any profile. The plan gives all reasons for the devices of one profile.
 */
#ifndef BULKHEAD_VERDICT_H
#define BULKHEAD_VERDICT_H

#include "core/inventory.h"
#include "plan.h"

enum verdict_kind {
	VERDICT_READY,
	VERDICT_BRIDGE, /* never assigned, and in nobody's way */
	VERDICT_NO_GROUP,
	VERDICT_HOSTS_OWN,
	VERDICT_IN_USE,    /* by a profile */
	VERDICT_LEFT_OVER, /* by a killed run */
	VERDICT_RESERVED,  /* firmware keeps memory for it */
	VERDICT_HAS_VFS,
	VERDICT_SIBLINGS, /* other functions of the device are on host drivers, and in its group */
	VERDICT_NOT_ISOLATED, /* other devices are */
	N_VERDICTS
};

struct verdict {
	enum verdict_kind kind;
	char text[200]; /* "ready", "in use by demo", "host's own: /dev/sda2 on /" */
};

struct verdict verdict_of(const struct inventory *inv, const struct plan_claim *claims,
			  unsigned n_claims, const struct pci_dev *dev);

/* One word for programs: "ready", "in-use", … */
const char *verdict_word(enum verdict_kind kind);

#endif
