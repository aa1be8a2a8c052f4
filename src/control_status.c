/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `bulkhead status` shows: counts that prove, or disprove, that device traffic stays in the kernel. */
#include "control.h"

static json_t *vcpu_json(struct vcpu *vcpu)
{
	json_t *exits = json_object();
	for (unsigned k = 0; k < EXIT_KINDS; k++)
		json_object_set_new(exits, exit_kind_names[k],
				    json_integer((json_int_t)atomic_load(&vcpu->exits[k])));
	return json_pack("{s:i, s:o}", "id", (int)vcpu->id, "exits", exits);
}

static json_t *device_json(struct vfio_pci *vfio)
{
	json_t *device = json_object();
	json_object_set_new(device, "host", json_string(bdf_text(vfio->dev->bdf).s));
	json_object_set_new(device, "guest", json_string(bdf_text(vfio->func.bdf).s));
	json_object_set_new(device, "gone", json_boolean(vfio->gone));
	json_object_set_new(device, "msix_vectors", json_integer(vfio->msix_live));
	json_object_set_new(device, "msi_vectors", json_integer(vfio->msi.n_live));
	json_object_set_new(device, "intx", json_boolean(vfio->intx.wired));
	return device;
}

static json_t *mappings_json(struct machine *m)
{
	return json_pack("{s:s, s:I, s:i, s:I}", "backend",
			 m->iommu.ops ? m->iommu.ops->name : "none", "bytes",
			 (json_int_t)m->iommu.mapped_bytes, "live", (int)m->iommu.n_maps, "calls",
			 (json_int_t)m->iommu.map_calls);
}

/* NULL without: what has no input says nothing of it. */
static json_t *input_json(struct machine *m)
{
	return m->input ? json_pack("{s:i, s:b}", "present", (int)input_present(m->input), "grabbed",
				    (int)input_is_grabbed(m->input))
			: NULL;
}

json_t *control_status(struct machine *m)
{
	json_t *vcpus = json_array(), *devices = json_array();
	for (unsigned i = 0; i < m->vcpus.n; i++)
		json_array_append_new(vcpus, vcpu_json(&m->vcpus.at[i]));
	for (unsigned i = 0; i < m->n_devices_up; i++)
		json_array_append_new(devices, device_json(&m->device[i]));
	json_t *status = json_object();
	json_object_set_new(status, "profile", json_string(m->plan->profile->name));
	json_object_set_new(status, "memory", json_integer((json_int_t)m->gmem.size));
	json_object_set_new(status, "boots", json_integer(m->boots));
	json_object_set_new(status, "stopping", json_boolean(m->stopping));
	json_object_set_new(status, "vcpus", vcpus);
	json_object_set_new(status, "devices", devices);
	json_object_set_new(status, "iommu", mappings_json(m));
	json_object_set_new(status, "routing_commits", json_integer((json_int_t)m->vm.irqs.commits));
	json_object_set_new(status, "map_publishes", json_integer((json_int_t)m->root.publishes));
	json_object_set_new(status, "console_bytes_lost",
			    json_integer((json_int_t)m->console.dropped));
	json_t *input = input_json(m);
	if (input)
		json_object_set_new(status, "input", input);
	return status;
}
