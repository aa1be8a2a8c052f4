/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `devices` shows, read from a host: its inventory, who holds what, and what was asked for. */
#ifndef BULKHEAD_DEVICES_LOAD_H
#define BULKHEAD_DEVICES_LOAD_H

#include "devices.h"
#include "journal.h"

struct devices_loaded {
	struct inventory inv;
	struct plan_claim claims[JOURNAL_CLAIMS_MAX];
	struct devices_view view; /* of the above, and of the host */
};

/* As they were typed; NULL = all. */
struct devices_choice {
	const char *group, *device;
};

/* -errno with a text when the host cannot be read, or has not what was chosen. */
int devices_load(struct devices_loaded *loaded, const struct host *host,
		 const struct devices_choice *choice, struct err *err);
void devices_unload(struct devices_loaded *loaded);

/* Whether the view shows it. */
bool devices_shows(const struct devices_view *view, const struct pci_dev *dev);

#endif
