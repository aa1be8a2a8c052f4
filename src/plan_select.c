/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which functions the plan is about: those of the profile, and what shares their IOMMU groups. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "iommu/group.h"
#include "plan_parts.h"
#include "vfio/device.h"

static struct plan_device *add(struct planner *planner, const struct pci_dev *dev,
			       const struct profile_device *wanted)
{
	struct plan *plan = planner->plan;
	if (plan->n_devices == PLAN_MAX_DEVICES) {
		plan_no(planner, -ENOSPC, "%s: a guest takes at most %d devices, siblings included",
			bdf_text(dev->bdf).s, PLAN_MAX_DEVICES);
		return NULL;
	}
	struct plan_device *device = &plan->device[plan->n_devices++];
	*device = (struct plan_device){ .dev = dev, .wanted = wanted, .port = WINDOW_ON_ROOT };
	return device;
}

/* --- what the profile names --- */

static bool has_id(const struct pci_dev *dev, const struct profile_device *wanted)
{
	return dev->detailed && dev->vendor == wanted->vendor && dev->device == wanted->device;
}

static void refuse_ambiguous(struct planner *planner, const struct profile_device *wanted)
{
	char buf[ERR_TEXT_MAX / 2];
	struct text list = text_in(buf, sizeof(buf));
	for (size_t i = 0; i < planner->inv->devs.n; i++)
		if (has_id(&planner->inv->devs.at[i], wanted))
			text_put(&list, "%s%s", list.n ? ", " : "",
				 bdf_text(planner->inv->devs.at[i].bdf).s);
	plan_no(planner, -ENOTUNIQ, "%s fits several devices: %s; name one by its address",
		wanted->pci, buf);
}

static const struct pci_dev *by_id(struct planner *planner, const struct profile_device *wanted)
{
	const struct pci_dev *found = NULL;
	for (size_t i = 0; i < planner->inv->devs.n; i++) {
		const struct pci_dev *dev = &planner->inv->devs.at[i];
		if (!has_id(dev, wanted))
			continue;
		if (found) {
			refuse_ambiguous(planner, wanted);
			return NULL;
		}
		found = dev;
	}
	if (!found)
		plan_no(planner, -ENODEV,
			"%s: no device of this host has these ids; bulkhead devices", wanted->pci);
	return found;
}

static const struct pci_dev *by_address(struct planner *planner,
					const struct profile_device *wanted)
{
	const struct pci_dev *dev = inventory_find(planner->inv, wanted->bdf);
	if (dev && dev->detailed)
		return dev;
	plan_no(planner, -ENODEV, "%s: this host has no such device; bulkhead devices",
		bdf_text(wanted->bdf).s);
	return NULL;
}

static const struct pci_dev *by_choice(struct planner *planner, const struct profile_device *wanted)
{
	const struct vf_choice *choice = plan_choice(planner, wanted);
	const struct pci_dev *dev = NULL;
	if (choice->why.code) {
		plan_no(planner, choice->why.code, "%s", choice->why.text);
		return NULL;
	}
	dev = inventory_find(planner->inv, choice->bdf);
	if (!dev || !dev->detailed)
		plan_no(planner, -ENODEV, "%s: VF %u (%s) has gone", wanted->vf.pf, choice->index,
			bdf_text(choice->bdf).s);
	return dev && dev->detailed ? dev : NULL;
}

static void check_clique(struct planner *planner, const struct pci_dev *dev,
			 const struct profile_device *wanted)
{
	if (wanted->gpudirect_clique && !vfio_can_clique(dev))
		plan_no(planner, -EINVAL,
			"%s: gpudirect_clique is for display adapters of NVIDIA alone; leave it out",
			bdf_text(dev->bdf).s);
}

static void select_wanted(struct planner *planner)
{
	for (unsigned i = 0; i < planner->profile->n_devices; i++) {
		const struct profile_device *wanted = &planner->profile->device[i];
		const struct pci_dev *dev =
			wanted->vf.pf    ? by_choice(planner, wanted)
			: wanted->by_id ? by_id(planner, wanted)
					: by_address(planner, wanted);
		if (!dev)
			continue;
		check_clique(planner, dev, wanted);
		plan_check_igd_options(planner, dev, wanted);
		if (plan_find(planner->plan, dev))
			plan_no(planner, -EEXIST, "%s: the profile lists it twice",
				bdf_text(dev->bdf).s);
		else if (add(planner, dev, wanted))
			plan_check_device(planner, dev);
	}
}

/* --- what else is in their groups --- */

/* The most that any device of the profile in this group allows. */
static enum group_policy policy_of(const struct plan *plan, int group)
{
	enum group_policy policy = GROUP_REFUSE;
	for (unsigned i = 0; i < plan->n_devices; i++) {
		const struct plan_device *device = &plan->device[i];
		if (device->dev->group == group && device->wanted && device->wanted->group > policy)
			policy = device->wanted->group;
	}
	return policy;
}

static const struct pci_dev *next_sibling(const struct planner *planner, int group, size_t *at)
{
	while (*at < planner->inv->devs.n) {
		const struct pci_dev *dev = &planner->inv->devs.at[(*at)++];
		if (dev->detailed && dev->group == group && !plan_find(planner->plan, dev))
			return dev;
	}
	return NULL;
}

/* Without a driver, or with one that leaves DMA alone, a sibling does not stand in the way. */
static bool is_blocker(const struct pci_dev *dev)
{
	return *dev->driver && !group_driver_harmless(dev->driver);
}

static void refuse_siblings(struct planner *planner, const struct plan_device *device)
{
	char buf[ERR_TEXT_MAX / 2];
	struct text list = text_in(buf, sizeof(buf));
	const struct pci_dev *dev;
	unsigned n = 0;
	for (size_t at = 0; (dev = next_sibling(planner, device->dev->group, &at));)
		if (is_blocker(dev) && !pci_dev_is_bridge(dev))
			text_put(&list, "%s%s (%s)", n++ ? ", " : "", bdf_text(dev->bdf).s,
				 dev->driver);
	if (n)
		plan_no(planner, -EBUSY,
			"%s: group %d also holds %s: add %s to the profile, or let bulkhead hold "
			"%s "
			"with group = \"hold\"",
			bdf_text(device->dev->bdf).s, device->dev->group, buf,
			n > 1 ? "them" : "it", n > 1 ? "them" : "it");
}

/* The chipset's bridges can neither be taken nor held, whatever the profile says. */
static void refuse_bridges(struct planner *planner, const struct plan_device *device)
{
	const struct pci_dev *dev;
	for (size_t at = 0; (dev = next_sibling(planner, device->dev->group, &at));)
		if (is_blocker(dev) && pci_dev_is_bridge(dev))
			plan_no(planner, -EBUSY,
				"%s: group %d also holds the bridge %s, which %s drives: unload "
				"that driver, "
				"for a bridge cannot be held",
				bdf_text(device->dev->bdf).s, device->dev->group,
				bdf_text(dev->bdf).s, dev->driver);
}

static void add_siblings(struct planner *planner, int group, enum group_policy policy)
{
	const struct pci_dev *dev;
	for (size_t at = 0; (dev = next_sibling(planner, group, &at));) {
		if (pci_dev_is_bridge(dev))
			continue;
		struct plan_device *sibling = add(planner, dev, NULL);
		if (!sibling)
			return;
		sibling->held = policy == GROUP_HOLD;
		plan_check_device(planner, dev);
	}
}

static bool first_of_group(const struct plan *plan, unsigned index)
{
	for (unsigned i = 0; i < index; i++)
		if (plan->device[i].dev->group == plan->device[index].dev->group)
			return false;
	return plan->device[index].dev->group >= 0;
}

static void select_siblings(struct planner *planner)
{
	struct plan *plan = planner->plan;
	unsigned n_wanted = plan->n_devices;
	for (unsigned i = 0; i < n_wanted; i++) {
		if (!first_of_group(plan, i))
			continue;
		int group = plan->device[i].dev->group;
		enum group_policy policy = policy_of(plan, group);
		refuse_bridges(planner, &plan->device[i]);
		if (policy == GROUP_REFUSE)
			refuse_siblings(planner, &plan->device[i]);
		else
			add_siblings(planner, group, policy);
	}
}

void plan_select(struct planner *planner)
{
	if (planner->profile->n_devices && !planner->inv->has_iommu)
		plan_no(planner, -ENODEV,
			"%s%s cannot be assigned: this host has no IOMMU in use; turn on VT-d or "
			"AMD-Vi in the firmware, and on Intel boot the kernel with intel_iommu=on",
			profile_device_name(&planner->profile->device[0]).s,
			planner->profile->n_devices > 1 ? " and the others" : "");
	select_wanted(planner);
	select_siblings(planner);
}
