/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the devices are the ones that the profile means: read from the host, not a pure function. */
#include <errno.h>
#include <stdio.h>

#include "identity.h"
#include "plan.h"

static struct identity wanted(const struct profile_device *device)
{
	struct identity want = { 0 };
	const struct profile_identity *from = &device->identity;
	snprintf(want.ids, sizeof(want.ids), "%s", from->ids ? from->ids : "");
	snprintf(want.subsystem, sizeof(want.subsystem), "%s",
		 from->subsystem ? from->subsystem : "");
	snprintf(want.serial, sizeof(want.serial), "%s", from->serial ? from->serial : "");
	snprintf(want.slot, sizeof(want.slot), "%s", from->slot ? from->slot : "");
	return want;
}

static bool is_given(const struct identity *want)
{
	return *want->ids || *want->subsystem || *want->serial || *want->slot;
}

/* Of an entry by ids it is the one that was found; one that was not has its refusal already. */
static bool place_of(const struct plan *plan, const struct profile_device *device,
		     struct bdf *ret_bdf)
{
	for (unsigned i = 0; i < plan->n_devices; i++)
		if (plan->device[i].wanted == device) {
			*ret_bdf = plan->device[i].dev->bdf;
			return true;
		}
	*ret_bdf = device->bdf;
	return device->pci && !device->by_id;
}

int plan_check_identities(struct plan *plan, const struct host *host)
{
	for (unsigned i = 0; i < plan->profile->n_devices; i++) {
		const struct profile_device *device = &plan->profile->device[i];
		const struct identity want = wanted(device);
		struct err why = { 0 };
		struct bdf bdf;
		if (is_given(&want) && place_of(plan, device, &bdf) &&
		    identity_check(host, bdf, &want, &why) && plan_refuse(plan, &why))
			return -ENOMEM;
	}
	return 0;
}
