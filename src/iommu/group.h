/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be said about an IOMMU group that could not be taken: which of its devices a host driver
 * uses. Read from sysfs only once something has failed; the plan has its own snapshot. Who has its
 * node open is core/holder's to say.
 */
#ifndef BULKHEAD_IOMMU_GROUP_H
#define BULKHEAD_IOMMU_GROUP_H

#include <stdbool.h>

#include "core/host.h"

struct group_text {
	char s[400];
};

/* True for drivers that leave DMA alone or hand it to user space: VFIO's, pci-stub, pcieport. */
bool group_driver_harmless(const char *driver);

/*
 * "0000:01:00.1 (snd_hda_intel), …": the devices of the group that keep it from being viable.
 * Returns how many; a text cut short ends with "…".
 */
unsigned group_blockers(const struct host *host, int group, struct group_text *ret_text);

#endif
