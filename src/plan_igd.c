/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said in advance of graphics of Intel's processors, which are given with more than a
 * function. */
#include <errno.h>
#include <stdio.h>

#include "base/bytes.h"
#include "core/layout.h"
#include "device_config.h"
#include "plan_parts.h"
#include "vfio/igd.h"

#define ASLS 0xfc /* u32: where the OpRegion is (IGD OpRegion Specification 0.5 §2) */
#define CLASS_VGA 0x0300u

uint64_t plan_stolen(const struct profile *profile)
{
	for (unsigned i = 0; i < profile->n_devices; i++)
		if (profile->device[i].igd_stolen)
			return IGD_STOLEN_SIZE;
	return 0;
}

void plan_check_igd_options(struct planner *planner, const struct pci_dev *dev,
			    const struct profile_device *wanted)
{
	bool igd = vfio_is_igd(dev);
	if (!igd && (wanted->igd_stolen || wanted->igd_bridges != IGD_BRIDGES_HOST))
		plan_no(planner, -EINVAL,
			"%s: %s is for graphics of Intel's processors alone, at 0000:00:02.0; "
			"leave it out",
			bdf_text(dev->bdf).s, wanted->igd_stolen ? "igd_stolen" : "igd_bridges");
	else if (wanted->igd_stolen && !vfio_igd_can_steal(dev))
		plan_no(planner, -EOPNOTSUPP,
			"%s: graphics from Meteor Lake on show stolen memory in a BAR, which is "
			"the host's: "
			"leave out igd_stolen, drivers do without",
			bdf_text(dev->bdf).s);
	if (igd && dev->class_code >> 8 != CLASS_VGA)
		plan_warn(planner,
			  "%s: this host's firmware has another adapter as its first display, and "
			  "then "
			  "older kernels give no OpRegion: the guest's driver may not know what is "
			  "connected; choose the processor's graphics in the firmware",
			  bdf_text(dev->bdf).s);
}

/* -ENOMEM; a host that does not show the register, or would have to wake the device, says nothing.
 */
static int check_opregion(struct plan *plan, const struct host *host, const struct pci_dev *dev)
{
	struct device_config config;
	if (dev->asleep || device_config_read(host, dev->bdf, &config) || config.n < ASLS + 4 ||
	    !device_config_answers(&config))
		return 0;
	uint32_t at = le32_get(config.at + ASLS);
	if (at && at != UINT32_MAX)
		return 0;
	struct refusal *warning = vec_push(&plan->warnings);
	if (!warning)
		return -ENOMEM;
	snprintf(warning->text, sizeof(warning->text),
		 "%s: this host's firmware made no OpRegion for it: the guest's driver may not "
		 "know what "
		 "is connected; turn the processor's graphics on in the firmware",
		 bdf_text(dev->bdf).s);
	return 0;
}

int plan_check_igd(struct plan *plan, const struct host *host)
{
	for (unsigned i = 0; i < plan->n_devices; i++) {
		const struct plan_device *device = &plan->device[i];
		if (!device->held && vfio_is_igd(device->dev))
			return check_opregion(plan, host, device->dev);
	}
	return 0;
}
