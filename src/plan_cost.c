/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run takes of the host, and how RAM lies around what the IOMMU reserves. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/parse.h"
#include "plan_parts.h"

/* Locked memory beside RAM: rings and firmware images that are pinned with it. */
#define MEMLOCK_MARGIN MIB

/* Descriptors open whatever the profile says: stdio, KVM, loop, control socket, journal, files. */
#define FDS_BASE 24
#define FDS_PER_DEVICE 6 /* device, group, INTx and its unmask, error and unplug notices */

static unsigned vectors_of(const struct pci_dev *dev)
{
	if (dev->msix_vectors)
		return dev->msix_vectors;
	return dev->msi_vectors ? dev->msi_vectors : dev->int_pin ? 1 : 0;
}

static void count(struct planner *planner)
{
	struct plan *plan = planner->plan;
	plan->fds = FDS_BASE + planner->profile->vcpus + planner->profile->n_disks;
	for (unsigned i = 0; i < plan->n_devices; i++) {
		const struct plan_device *device = &plan->device[i];
		plan->fds += FDS_PER_DEVICE;
		if (device->held)
			continue;
		plan->vectors += vectors_of(device->dev);
		for (unsigned b = 0; b < PCI_N_BARS; b++)
			plan->bar_bytes += device->dev->bar[b].size;
	}
	plan->fds += plan->vectors;
	if (!plan->n_devices)
		return;
	/* One address space for all devices: RAM is pinned once. */
	plan->pinned_bytes = planner->profile->memory + plan_stolen(planner->profile);
	plan->memlock_needed = plan->pinned_bytes + MEMLOCK_MARGIN;
}

static void check_memory(struct planner *planner)
{
	const struct inventory *inv = planner->inv;
	uint64_t wanted = planner->profile->memory + plan_stolen(planner->profile);
	if (inv->mem_total && wanted > inv->mem_total)
		plan_no(planner, -ENOMEM, "the guest is to have %s of memory; this host has %lluM",
			size_text(wanted).s, (unsigned long long)(inv->mem_total / MIB));
	else if (inv->mem_available && wanted > inv->mem_available)
		plan_no(planner, -ENOMEM,
			"the guest is to have %s of memory; of this host's %lluM there are %lluM "
			"free: "
			"stop something, or give the guest less",
			size_text(wanted).s, (unsigned long long)(inv->mem_total / MIB),
			(unsigned long long)(inv->mem_available / MIB));
}

static void check_memlock(struct planner *planner)
{
	const struct plan *plan = planner->plan;
	const struct inventory *inv = planner->inv;
	if (plan->memlock_needed <= inv->memlock_limit)
		return;
	if (plan->memlock_needed <= inv->memlock_hard)
		return; /* `run` raises its own soft limit */
	plan_no(planner, -ENOMEM,
		"devices need the guest's memory pinned: %lluK of locked memory needed, %lluK "
		"allowed "
		"(RLIMIT_MEMLOCK); run as root, or raise it with ulimit -l or LimitMEMLOCK=",
		(unsigned long long)(plan->memlock_needed / KIB),
		(unsigned long long)(inv->memlock_hard / KIB));
}

static void check_vcpus(struct planner *planner)
{
	if (planner->inv->cpus && planner->profile->vcpus > planner->inv->cpus)
		plan_warn(planner, "%u vCPUs share this host's %u processors",
			  planner->profile->vcpus, planner->inv->cpus);
}

static bool plan_has_group(const struct plan *plan, int group)
{
	for (unsigned i = 0; i < plan->n_devices; i++)
		if (plan->device[i].dev->group == group)
			return true;
	return false;
}

/* VFIO keeps mappings out of every reserved range but the relaxable ones; the guest's RAM goes
 * around. */
static void lay_ram(struct planner *planner)
{
	struct plan *plan = planner->plan;
	const struct inventory *inv = planner->inv;
	vec(struct range) holes = { 0 };
	for (size_t i = 0; i < inv->reserved.n; i++) {
		const struct reserved_region *region = &inv->reserved.at[i];
		if (!strcmp(region->type, "direct-relaxable") ||
		    !plan_has_group(plan, region->group))
			continue;
		struct range *hole = vec_push(&holes);
		if (!hole)
			planner->no_memory = true;
		else
			*hole = region->range;
	}
	struct err why = { 0 };
	if (layout_ram(&plan->layout, planner->profile->memory, holes.at, holes.n, &why))
		plan_no(planner, why.code, "%s", why.text);
	else if (plan_stolen(planner->profile) &&
		 layout_stolen(&plan->layout, holes.at, holes.n, &why))
		plan_no(planner, why.code, "%s", why.text);
	vec_free(&holes);
}

void plan_costs(struct planner *planner)
{
	count(planner);
	check_memory(planner);
	check_memlock(planner);
	check_vcpus(planner);
	lay_ram(planner);
}
