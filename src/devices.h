/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `bulkhead devices` shows: the host's PCI functions by IOMMU group, all about one of them, or
 * the same as JSON.
 */
#ifndef BULKHEAD_DEVICES_H
#define BULKHEAD_DEVICES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "core/inventory.h"
#include "plan.h"

#define DEVICES_ANY_GROUP (-1)

struct devices_view {
	const struct inventory *inv;
	const struct plan_claim *claims;
	unsigned n_claims;
	int group;                 /* only this one, or DEVICES_ANY_GROUP */
	const struct pci_dev *one; /* only this one; NULL = all of the group */
	const struct host *host;   /* where `inv` is from; wanted with `one` */
};

/*
 * `width` columns at most, 0 = any; with few columns only what matters most. -ENOMEM when there was
 * no memory to lay it out.
 */
int devices_table(const struct devices_view *view, FILE *out, bool colour, unsigned width);
/* All about view->one. */
int devices_detail(const struct devices_view *view, FILE *out, bool colour);
/* New reference; NULL without memory. */
json_t *devices_json(const struct devices_view *view);

#endif
