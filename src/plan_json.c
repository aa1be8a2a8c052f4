/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan for programs. Addresses and sizes are numbers of bytes. */
#include <string.h>

#include "json.h"
#include "plan.h"
#include "plan_parts.h"

static json_t *reason(const void *ctx, size_t i)
{
	const struct refusal *refusal = (const struct refusal *)ctx + i;
	return json_pack("{s:o, s:i}", "text", json_text(refusal->text), "errno", -refusal->code);
}

static json_t *warning(const void *ctx, size_t i)
{
	return json_text(((const struct refusal *)ctx)[i].text);
}

static json_t *action(const void *ctx, size_t i)
{
	const struct action *at = (const struct action *)ctx + i;
	bool of_device = !action_is_of_host(at->kind);
	return json_pack("{s:s, s:s*, s:s*, s:s}", "action", action_word(at->kind), "device",
			 of_device ? bdf_text(at->bdf).s : NULL, "old_driver",
			 at->kind == ACTION_BIND_VFIO ? at->old_driver : NULL, "text",
			 action_text(at).s);
}

static json_t *bar(const void *ctx, size_t i)
{
	static const char *const names[PCI_BARS] = { "0", "1", "2", "3", "4", "5", "rom" };
	const struct plan_device *device = ctx;
	if (!device->bar_addr[i])
		return json_null();
	uint64_t size = i == PCI_ROM_BAR ? plan_rom_size(device) : device->dev->bar[i].size;
	return json_pack("{s:s, s:I, s:I}", "bar", names[i], "address",
			 (json_int_t)device->bar_addr[i], "size", (json_int_t)size);
}

static json_t *device(const void *ctx, size_t i)
{
	const struct plan *plan = ctx;
	const struct plan_device *at = &plan->device[i];
	bool behind = !at->held && at->port != WINDOW_ON_ROOT;
	return json_pack("{s:s, s:o, s:i, s:b, s:s*, s:i, s:i, s:o}", "device",
			 bdf_text(at->dev->bdf).s,
			 "name", json_text(inventory_name(plan->inventory, at->dev).s), "group",
			 at->dev->group, "held", at->held, "guest",
			 at->held ? NULL : bdf_text(at->guest).s, "slot",
			 behind ? plan->port[at->port].slot : at->guest.dev, "gsi", (int)at->gsi, "bars",
			 json_list(bar, at, PCI_BARS));
}

static json_t *range(const void *ctx, size_t i)
{
	const struct range *at = (const struct range *)ctx + i;
	return json_pack("{s:I, s:I}", "address", (json_int_t)at->start, "size",
			 (json_int_t)at->size);
}

static json_t *costs(const struct plan *plan)
{
	return json_pack("{s:I, s:I, s:I, s:i, s:i}", "pinned_bytes",
			 (json_int_t)plan->pinned_bytes, "memlock_bytes",
			 (json_int_t)plan->memlock_needed, "bar_bytes", (json_int_t)plan->bar_bytes,
			 "vectors", (int)plan->vectors, "fds", (int)plan->fds);
}

static json_t *guest(const struct plan *plan)
{
	const struct profile *profile = plan->profile;
	const struct layout *layout = &plan->layout;
	return json_pack("{s:i, s:I, s:s, s:b, s:o, s:o, s:o}", "vcpus", (int)profile->vcpus,
			 "memory_bytes", (json_int_t)profile->memory, "hypervisor",
			 plan_hypervisor_text(plan).s, "tpm", profile->tpm, "ram",
			 json_list(range, layout->ram, layout->n_ram), "mmio32",
			 range(&layout->mmio32, 0), "mmio64", range(&layout->mmio64, 0));
}

json_t *plan_json(const struct plan *plan)
{
	static const char *const iommu[] = {
		[IOMMU_AUTO] = "none", [IOMMU_TYPE1] = "type1", [IOMMU_FD] = "iommufd"
	};
	return json_pack("{s:s, s:b, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "profile",
			 plan->profile->name, "ok", !plan->refusals.n, "refusals",
			 json_list(reason, plan->refusals.at, plan->refusals.n), "warnings",
			 json_list(warning, plan->warnings.at, plan->warnings.n), "iommu",
			 iommu[plan->iommu], "actions",
			 json_list(action, plan->actions.at, plan->actions.n), "devices",
			 json_list(device, plan, plan->n_devices), "guest", guest(plan), "costs",
			 costs(plan));
}
