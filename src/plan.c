/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "plan_parts.h"

void plan_no(struct planner *planner, int code, const char *fmt, ...)
{
	struct refusal *refusal = vec_push(&planner->plan->refusals);
	if (!refusal) {
		planner->no_memory = true;
		return;
	}
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(refusal->text, sizeof(refusal->text), fmt, ap);
	va_end(ap);
	refusal->code = code;
}

void plan_warn(struct planner *planner, const char *fmt, ...)
{
	struct refusal *warning = vec_push(&planner->plan->warnings);
	if (!warning) {
		planner->no_memory = true;
		return;
	}
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(warning->text, sizeof(warning->text), fmt, ap);
	va_end(ap);
}

int plan_refuse(struct plan *plan, const struct err *err)
{
	struct refusal *refusal = vec_push(&plan->refusals);
	if (!refusal)
		return -ENOMEM;
	refusal->code = err->code;
	memcpy(refusal->text, err->text, sizeof(refusal->text));
	return 0;
}

const struct plan_device *plan_find(const struct plan *plan, const struct pci_dev *dev)
{
	for (unsigned i = 0; i < plan->n_devices; i++)
		if (plan->device[i].dev == dev)
			return &plan->device[i];
	return NULL;
}

struct action *plan_action(struct planner *planner, enum action_kind kind, struct bdf bdf)
{
	struct action *action = vec_push(&planner->plan->actions);
	if (!action) {
		planner->no_memory = true;
		return NULL;
	}
	action->kind = kind;
	action->bdf = bdf;
	return action;
}

/* A change of the host that concerns no device. */
static void add_host_action(struct planner *planner, enum action_kind kind)
{
	plan_action(planner, kind, (struct bdf){ 0 });
}

static void add_action(struct planner *planner, enum action_kind kind, const struct pci_dev *dev)
{
	struct action *action = plan_action(planner, kind, dev->bdf);
	if (!action)
		return;
	memcpy(action->old_driver, dev->driver, sizeof(action->old_driver));
	memcpy(action->old_override, dev->driver_override, sizeof(action->old_override));
}

/* Power before binding, so that it is restored last: vfio-pci sets the policy when it lets go. */
static void list_actions(struct planner *planner)
{
	const struct plan *plan = planner->plan;
	bool fd = plan->iommu == IOMMU_FD;
	bool set = fd ? planner->inv->unsafe_iommufd : planner->inv->unsafe_type1;
	plan_vf_making(planner);
	if (plan->n_devices && planner->profile->unsafe_interrupts && !set)
		add_host_action(planner, fd ? ACTION_UNSAFE_IOMMUFD : ACTION_UNSAFE_TYPE1);
	for (unsigned i = 0; i < plan->n_devices; i++) {
		const struct pci_dev *dev = plan->device[i].dev;
		plan_vf_settings(planner, &plan->device[i]);
		add_action(planner, ACTION_NO_D3COLD, dev);
		if (!strcmp(dev->driver, "vfio-pci"))
			continue;
		if (dev->host_uses & USE_BOOT_VGA) {
			add_host_action(planner, ACTION_VTCON);
			add_action(planner, ACTION_FRAMEBUFFER, dev);
		}
		add_action(planner, ACTION_POWER_ON, dev);
		add_action(planner, ACTION_BIND_VFIO, dev);
	}
}

static bool wants_token(const struct profile *profile)
{
	for (unsigned i = 0; i < profile->n_devices; i++)
		if (profile->device[i].vf_token)
			return true;
	return false;
}

/* Only a container takes a VF token with every kernel. */
static enum iommu_kind wanted_iommu(struct planner *planner)
{
	enum iommu_kind wanted = planner->profile->iommu;
	if (!wants_token(planner->profile))
		return wanted;
	if (wanted == IOMMU_FD)
		plan_no(planner, -EINVAL,
			"a \"vf_token\" needs the IOMMU back end \"type1\", and the profile wants "
			"\"iommufd\"");
	return IOMMU_TYPE1;
}

/* What the host does not show while the VFIO modules are not loaded is not held against it. */
static void choose_iommu(struct planner *planner)
{
	struct plan *plan = planner->plan;
	const struct inventory *inv = planner->inv;
	enum iommu_kind wanted = wanted_iommu(planner);
	struct err why = { 0 };
	if (!plan->n_devices)
		return;
	plan->iommu = iommu_choose(wanted, inv, &why);
	if (plan->iommu != IOMMU_AUTO)
		return;
	if (!inv->has_vfio && wanted != IOMMU_FD)
		plan->iommu = IOMMU_TYPE1;
	else
		plan_no(planner, why.code, "%s%s", why.text,
			inv->has_vfio ? "" : "; modprobe vfio-pci shows what this kernel has");
}

static void check_remapping(struct planner *planner)
{
	if (!planner->plan->n_devices || planner->inv->has_intremap)
		return;
	if (planner->profile->unsafe_interrupts)
		plan_warn(planner,
			  "the IOMMU cannot remap interrupts: a guest can forge interrupts of "
			  "the host through its devices");
	else
		plan_no(planner, -EPERM,
			"the IOMMU cannot remap interrupts, so a guest could forge interrupts of "
			"the "
			"host: turn it on in the firmware, or accept the risk with "
			"\"unsafe_interrupts = true\"");
}

int plan_make(struct plan *plan, const struct profile *profile, const struct plan_facts *facts)
{
	memset(plan, 0, sizeof(*plan));
	plan->profile = profile;
	plan->inventory = facts->inv;
	struct planner planner = { .plan = plan,
				   .profile = profile,
				   .inv = facts->inv,
				   .vfs = facts->vfs,
				   .claims = facts->claims,
				   .n_claims = facts->n_claims,
				   .slots = facts->slots };
	if (facts->slots_unknown)
		plan_warn(&planner, "places in the guest may be others than before: %s",
			  facts->slots_unknown);
	plan_select(&planner);
	plan_vf_warnings(&planner);
	choose_iommu(&planner);
	check_remapping(&planner);
	plan_costs(&planner);
	plan_guest(&planner);
	list_actions(&planner);
	return planner.no_memory ? -ENOMEM : 0;
}

static struct inventory_want wants(const struct profile_device *device,
				   const struct vf_choices *vfs, const struct vf_choice *choice)
{
	struct inventory_want want = { device->by_id, device->bdf, device->vendor, device->device };
	/* Of a VF that is not there yet, its PF is what there is to know. */
	if (choice)
		want.bdf = choice->bdf_is_known ? choice->bdf : vfs->pf.at[choice->pf].pf.bdf;
	return want;
}

unsigned plan_wants(const struct profile *profile, const struct vf_choices *vfs,
		    struct inventory_want ret[PROFILE_MAX_DEVICES])
{
	unsigned n = 0;
	for (unsigned i = 0; i < profile->n_devices; i++) {
		const struct profile_device *device = &profile->device[i];
		const struct vf_choice *choice = device->vf.pf ? &vfs->at[i] : NULL;
		if (!choice || !choice->why.code)
			ret[n++] = wants(device, vfs, choice);
	}
	return n;
}

void plan_fini(struct plan *plan)
{
	vec_free(&plan->actions);
	vec_free(&plan->refusals);
	vec_free(&plan->warnings);
}
