/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which hypervisor's interface the guest is offered, and what of it: what the profile asks for and KVM has. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "kvm/caps.h"
#include "plan_parts.h"

static struct hv_wishes resolved(const struct profile *profile)
{
	struct hv_wishes wishes = profile->hyperv;
	if (wishes.preset == HV_PRESET_AUTO)
		wishes.preset = profile->hypervisor == HYPERVISOR_HYPERV ? HV_PRESET_WINDOWS
									 : HV_PRESET_OFF;
	return wishes;
}

static bool wants_hyperv(const struct profile *profile)
{
	struct hv_wishes wishes = resolved(profile);
	bool any = wishes.preset != HV_PRESET_OFF;
	for (unsigned i = 0; i < HV_FEATURES; i++)
		any |= wishes.wish[i] == HV_ON;
	return any && profile->hypervisor != HYPERVISOR_NONE;
}

static const char *preset_name(enum hv_preset preset)
{
	return preset == HV_PRESET_WINDOWS_GPU ? "windows-gpu" : "windows";
}

static void refuse(struct planner *planner, const struct hv_choice *choice)
{
	if (choice->refused)
		plan_no(planner, -EOPNOTSUPP,
			"this KVM does not have all of what \"hyperv\" asks for by name: %s; leave it to "
			"the preset, or turn it off",
			hv_names(choice->refused).s);
	if (choice->denied)
		plan_no(planner, -EINVAL,
			"\"hyperv\" turns on %s, and turns off what that needs: keep one of the two",
			hv_names(choice->denied).s);
	if (choice->spin_refused)
		plan_no(planner, -EOPNOTSUPP,
			"this KVM takes no notice of spinning guests: remove hyperv.spinlocks");
}

int plan_hypervisor(struct plan *plan, const struct hv_offer *offer)
{
	const struct profile *profile = plan->profile;
	struct planner planner = { .plan = plan, .profile = profile, .inv = plan->inventory };
	const struct hv_offer all = { HV_BIT(HV_FEATURES) - 1, true };
	plan->hyperv = (struct hv_choice){ 0 };
	if (!wants_hyperv(profile)) {
		if (profile->vm_identity.hv_vendor_id)
			plan_warn(&planner, "identity.hv_vendor_id does nothing: the guest is not "
					    "offered the Hyper-V interface");
		return planner.no_memory ? -ENOMEM : 0;
	}
	struct hv_wishes wishes = resolved(profile);
	plan->hyperv = hv_choose(&wishes, offer ? offer : &all);
	refuse(&planner, &plan->hyperv);
	if (!plan->hyperv.on && plan->hyperv.dropped)
		plan_no(&planner, -EOPNOTSUPP, "this KVM has nothing of the Hyper-V interface that the "
					       "profile asks for");
	else if (plan->hyperv.dropped)
		plan_warn(&planner, "this KVM does not have all of the Hyper-V preset \"%s\": the guest "
				    "goes without %s",
			  preset_name(wishes.preset), hv_names(plan->hyperv.dropped).s);
	return planner.no_memory ? -ENOMEM : 0;
}

int plan_check_hypervisor(struct plan *plan, const struct host *host)
{
	struct hv_offer offer;
	struct err why = { 0 };
	/* Of a host in a file it is not known what its KVM has. */
	if (!wants_hyperv(plan->profile) || host->replayed)
		return plan_hypervisor(plan, NULL);
	autoclose int kvm_fd = caps_open_kvm(host->dev, &why);
	if (kvm_fd < 0)
		return 0; /* which is a refusal already */
	int r = hv_read_offer(kvm_fd, &offer, &why);
	return r ? plan_refuse(plan, &why) : plan_hypervisor(plan, &offer);
}

struct plan_hypervisor_text plan_hypervisor_text(const struct plan *plan)
{
	static const char *const names[] = {
		[HYPERVISOR_KVM] = "KVM", [HYPERVISOR_HYPERV] = NULL, [HYPERVISOR_NONE] = "none"
	};
	const char *name = names[plan->profile->hypervisor];
	const char *vendor = plan->profile->vm_identity.hv_vendor_id;
	struct plan_hypervisor_text text;
	if (!plan->hyperv.on) {
		snprintf(text.s, sizeof(text.s), "%s", name ? name : "none");
		return text;
	}
	snprintf(text.s, sizeof(text.s), "%s%sHyper-V (\"%s\"): %s", name ? name : "",
		 name ? " and " : "", vendor ? vendor : "Microsoft Hv", hv_names(plan->hyperv.on).s);
	return text;
}
