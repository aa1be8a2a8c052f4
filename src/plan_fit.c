/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can speak against one function: what it is, where it sits, and who uses it. */
#include <errno.h>
#include <string.h>

#include "plan_parts.h"

static void check_kind(struct planner *planner, const struct pci_dev *dev)
{
	if (pci_dev_is_bridge(dev))
		plan_no(planner, -EINVAL, "%s is a bridge; assign the devices behind it",
			bdf_text(dev->bdf).s);
	else if (dev->group < 0 && planner->inv->has_iommu && !plan_is_made(planner, dev))
		plan_no(planner, -ENODEV,
			"%s is in no IOMMU group: no IOMMU covers it, so it cannot be assigned",
			bdf_text(dev->bdf).s);
	if (!*dev->reset_methods)
		plan_warn(planner,
			  "%s has no way to be reset by itself: what one guest leaves in it, the "
			  "next "
			  "user finds",
			  bdf_text(dev->bdf).s);
}

static void check_uses(struct planner *planner, const struct pci_dev *dev)
{
	if (!dev->host_uses)
		return;
	if (planner->profile->force)
		plan_warn(planner, "%s is taken from the host by force (%s)", bdf_text(dev->bdf).s,
			  dev->use_detail);
	else
		plan_no(planner, -EBUSY,
			"%s is in use by the host itself: %s; free it, or take it "
			"with \"force = true\"",
			bdf_text(dev->bdf).s, dev->use_detail);
}

struct plan_claim_text plan_claim_text(const struct plan_claim *claim)
{
	struct plan_claim_text text;
	snprintf(text.s, sizeof(text.s),
		 claim->stale
			 ? "%s was left behind by a killed run of profile '%s'; bulkhead recover %s"
			 : "%s is held by profile '%s', which is running; bulkhead stop %s",
		 bdf_text(claim->bdf).s, claim->owner, claim->owner);
	return text;
}

static void check_claims(struct planner *planner, const struct pci_dev *dev)
{
	for (unsigned i = 0; i < planner->n_claims; i++) {
		const struct plan_claim *claim = &planner->claims[i];
		if (!bdf_equal(claim->bdf, dev->bdf))
			continue;
		plan_no(planner, claim->stale ? -EUCLEAN : -EBUSY, "%s", plan_claim_text(claim).s);
	}
}

/* Who drives a PF from user space decides who may have its VFs: those that know its token. */
static void check_token(struct planner *planner, const struct pci_dev *dev,
			const struct pci_dev *pf)
{
	const struct plan_device *device = plan_find(planner->plan, dev);
	bool has_token = device && device->wanted && device->wanted->vf_token;
	bool wants_token = !strcmp(pf->driver, "vfio-pci");
	if (wants_token && !has_token)
		plan_no(planner, -EACCES,
			"%s belongs to %s, which is on vfio-pci itself: give the token that its user "
			"has set as \"vf_token\", or give it back to its driver",
			bdf_text(dev->bdf).s, bdf_text(pf->bdf).s);
	else if (!wants_token && has_token)
		plan_no(planner, -EINVAL,
			"%s belongs to %s, which is not on vfio-pci, so there is no \"vf_token\" to "
			"give",
			bdf_text(dev->bdf).s, bdf_text(pf->bdf).s);
}

static void check_sriov(struct planner *planner, const struct pci_dev *dev)
{
	if (dev->n_vfs && strcmp(dev->driver, "vfio-pci") != 0)
		plan_no(planner, -EBUSY,
			"%s has %u virtual functions enabled, which would vanish with its driver: "
			"assign "
			"those, or write 0 to its sriov_numvfs",
			bdf_text(dev->bdf).s, dev->n_vfs);
	if (!dev->is_vf)
		return;
	const struct pci_dev *pf = inventory_find(planner->inv, dev->physfn);
	if (pf)
		check_token(planner, dev, pf);
	if (*dev->physfn_netdev)
		plan_warn(planner,
			  "%s will have no link: its physical function %s is down; ip link "
			  "set %s up",
			  bdf_text(dev->bdf).s, dev->physfn_netdev, dev->physfn_netdev);
}

/*
 * Firmware wants `direct` ranges mapped one to one for ever (RMRR, unity map), which the kernel
 * does not grant to a guest; from `direct-relaxable` ones it lets go.
 */
static void check_reserved(struct planner *planner, const struct pci_dev *dev)
{
	for (size_t i = 0; i < planner->inv->reserved.n; i++) {
		const struct reserved_region *region = &planner->inv->reserved.at[i];
		if (region->group != dev->group || strcmp(region->type, "direct") != 0)
			continue;
		plan_no(planner, -EINVAL,
			"%s: the firmware keeps memory 0x%llx-0x%llx for it (RMRR), so the kernel "
			"does "
			"not let it be assigned: look for a firmware setting of the slot or the "
			"device",
			bdf_text(dev->bdf).s, (unsigned long long)region->range.start,
			(unsigned long long)range_last(region->range));
	}
}

void plan_check_device(struct planner *planner, const struct pci_dev *dev)
{
	check_kind(planner, dev);
	check_claims(planner, dev);
	check_uses(planner, dev);
	check_sriov(planner, dev);
	check_reserved(planner, dev);
}
