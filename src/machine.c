/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The story of a machine: parts[] from top to bottom, and back. */
#include "machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "machine_parts.h"

static int buses_up(struct machine *m, struct err *err)
{
	int r = qs_init(&m->qs);
	if (!r)
		r = bus_init(&m->mmio, &m->qs);
	if (!r)
		r = bus_init(&m->pio, &m->qs);
	return r ? err_errno(err, r, "address buses") : 0;
}

static void buses_down(struct machine *m)
{
	bus_fini(&m->pio);
	bus_fini(&m->mmio);
	qs_fini(&m->qs);
}

static int vm_up(struct machine *m, struct err *err)
{
	return vm_init(&m->vm, m->host->dev, err);
}

static void vm_down(struct machine *m)
{
	vm_fini(&m->vm);
}

/* With assigned devices all of it gets pinned; filling it runs beside the rest. */
static int memory_up(struct machine *m, struct err *err)
{
	struct range all[LAYOUT_MAX_MEMORY];
	unsigned n = layout_memory(&m->plan->layout, all);
	if (m->gmem.base)
		return gmem_lay(&m->gmem, all, n, err);
	int r = gmem_init(&m->gmem, all, n, err);
	if (r || !m->plan->n_devices)
		return r;
	return gmem_populate_start(&m->gmem, m->plan->inventory->cpus, err);
}

static void memory_down(struct machine *m)
{
	gmem_fini(&m->gmem);
}

static int ram_slots_up(struct machine *m, struct err *err)
{
	struct slot_want want[GMEM_MAX_REGIONS];
	for (unsigned i = 0; i < m->gmem.n; i++) {
		const struct gmem_region *r = &m->gmem.regions[i];
		want[i] = (struct slot_want){ r->gpa, r->size, r->hva, 0 };
	}
	return memslots_publish(&m->vm.slots, SLOT_RAM, want, m->gmem.n, err);
}

static void ram_slots_down(struct machine *m)
{
	memslots_publish(&m->vm.slots, SLOT_RAM, NULL, 0, NULL);
}

static int pci_up(struct machine *m, struct err *err)
{
	m->port = calloc(m->plan->n_ports ? m->plan->n_ports : 1, sizeof(*m->port));
	int r = m->port ? pci_root_init(&m->root, &m->mmio, &m->pio, &m->vm.slots) : -ENOMEM;
	if (!r)
		r = q35_init(&m->q35, &m->root, m->plan->profile->firmware.type == FIRMWARE_NONE);
	for (unsigned i = 0; !r && i < m->plan->n_ports; i++) {
		uint8_t slot = m->plan->port[i].slot;
		r = pci_port_init(&m->port[i], slot, (struct pci_link){ 0 }, &m->vm.irqs);
		if (!r)
			pci_port_name(&m->port[i], machine_port_name(m));
		if (!r)
			r = pci_bus_add(&m->root.bus0, &m->port[i].func, slot, 0);
	}
	return r ? err_errno(err, r, "PCI hierarchy") : 0;
}

static void pci_down(struct machine *m)
{
	for (unsigned i = 0; m->port && i < m->plan->n_ports; i++)
		pci_port_fini(&m->port[i]);
	pci_root_fini(&m->root);
	free(m->port);
	m->port = NULL;
}

static int tell_kvm(void *ctx, int fd, bool add, struct err *err)
{
	struct machine *m = ctx;
	if (add)
		return vm_vfio_add(&m->vm, fd, err);
	vm_vfio_remove(&m->vm, fd);
	return 0;
}

static const char *vf_token(void *ctx, const struct pci_dev *dev)
{
	struct machine *m = ctx;
	for (unsigned i = 0; i < m->plan->n_devices; i++)
		if (m->plan->device[i].dev == dev && m->plan->device[i].wanted)
			return m->plan->device[i].wanted->vf_token;
	return NULL;
}

static int iommu_up(struct machine *m, struct err *err)
{
	if (!m->plan->n_devices)
		return 0;
	m->iommu.vf_token = vf_token;
	m->iommu.vf_token_ctx = m;
	m->iommu.on_vfio_fd = tell_kvm;
	m->iommu.on_vfio_fd_ctx = m;
	m->iommu.unsafe_interrupts = m->plan->profile->unsafe_interrupts;
	return iommu_open(&m->iommu, m->plan->iommu, m->host, err);
}

static void iommu_down(struct machine *m)
{
	iommu_close(&m->iommu);
}

static int place_device(struct machine *m, struct vfio_pci *vfio, const struct plan_device *planned,
			struct err *err)
{
	struct pci_bus *bus = planned->port == WINDOW_ON_ROOT ? &m->root.bus0
							      : &m->port[planned->port].bus;
	int r = pci_bus_add(bus, &vfio->func, planned->guest.dev, planned->guest.fn);
	if (r)
		return err_errno(err, r, "%s: guest slot %s", bdf_text(planned->dev->bdf).s,
				 bdf_text(planned->guest).s);
	if (planned->gsi)
		r = vfio_pci_route_intx(vfio, planned->gsi, err);
	return r ? r : machine_watch_device(m, vfio, err);
}

static int device_up(struct machine *m, const struct plan_device *planned, struct err *err)
{
	struct vfio_config config = { 0 };
	if (planned->wanted && planned->wanted->rom) {
		config.rom_off = !strcmp(planned->wanted->rom, "off");
		config.rom_path = config.rom_off ? NULL : planned->wanted->rom;
	}
	config.p2p = planned->wanted && planned->wanted->p2p;
	config.clique = planned->wanted ? planned->wanted->gpudirect_clique : 0;
	config.on_root = planned->port == WINDOW_ON_ROOT;
	if (planned->wanted && planned->wanted->igd_stolen)
		config.stolen = m->plan->layout.stolen;
	struct vfio_pci *vfio = &m->device[m->n_devices_up];
	int r = vfio_pci_init(vfio, planned->dev, &config, &m->iommu, &m->root, &m->vm.irqs, err);
	if (r)
		return r;
	m->n_devices_up++;
	r = place_device(m, vfio, planned, err);
	return r ? r : igd_add(m, vfio, planned, err);
}

static int hold_device(struct machine *m, const struct plan_device *planned, struct err *err)
{
	struct held_device *held = &m->held[m->n_held];
	int r = iommu_attach(&m->iommu, planned->dev, &held->fd, err);
	if (r)
		return r;
	held->dev = planned->dev;
	m->n_held++;
	return machine_watch_held(m, held, err);
}

static int devices_up(struct machine *m, struct err *err)
{
	int r = 0;
	for (unsigned i = 0; !r && i < m->plan->n_devices; i++) {
		const struct plan_device *planned = &m->plan->device[i];
		r = planned->held ? hold_device(m, planned, err) : device_up(m, planned, err);
	}
	pthread_mutex_lock(&m->root.lock);
	for (unsigned i = 0; !r && i < m->plan->n_ports; i++)
		pci_port_match_link(&m->port[i]);
	pthread_mutex_unlock(&m->root.lock);
	return r;
}

/* Opening has reset all that have a reset of their own; a bus reset needs the whole set. */
static int fresh_devices_up(struct machine *m, struct err *err)
{
	struct err warning = { 0 };
	int r = devices_up(m, err);
	if (!r && vfio_reset_unready(m->device_set, m->n_device_set, &warning))
		log_warn("started without a reset: %s", warning.text);
	return r;
}

static void devices_down(struct machine *m)
{
	while (m->n_devices_up)
		vfio_pci_fini(&m->device[--m->n_devices_up]);
	while (m->n_held) {
		int fd = machine_unhold(m, &m->held[--m->n_held]);
		close_fd(&fd);
	}
	machine_departures_end(m);
	igd_down(m);
}

/*
 * RAM is mapped after the devices are attached: type1 has no address space before. It stays mapped
 * until the address space goes, so that a device that is not quiet yet finds its memory.
 */
static int dma_up(struct machine *m, struct err *err)
{
	if (!m->plan->n_devices)
		return 0;
	int r = gmem_populate_wait(&m->gmem, err);
	for (unsigned i = 0; !r && i < m->gmem.n; i++) {
		const struct gmem_region *ram = &m->gmem.regions[i];
		r = iommu_check_range(&m->iommu, (struct range){ ram->gpa, ram->size }, err);
		if (!r)
			r = iommu_map(&m->iommu, ram->gpa, ram->hva, ram->size, true, err);
	}
	return r;
}

static int console_up(struct machine *m, struct err *err)
{
	bool stdio = m->plan->profile->console == CONSOLE_STDIO;
	int r = console_init(&m->console, m->loop, stdio ? STDIN_FILENO : -1,
			     stdio ? STDOUT_FILENO : -1, err);
	if (!r)
		machine_watch_console(m);
	return r;
}

static void console_down(struct machine *m)
{
	console_fini(&m->console);
}

static int vcpus_up(struct machine *m, struct err *err)
{
	unsigned n = m->plan->profile->vcpus;
	m->cpuid = malloc(sizeof(*m->cpuid));
	if (!m->cpuid)
		return err_errno(err, -ENOMEM, "CPUID table");
	const struct cpuid_config config = {
		.vcpus = n,
		.phys_bits = m->plan->layout.phys_bits,
		.hypervisor = m->plan->profile->hypervisor,
		.hyperv = &m->plan->hyperv,
		.hv_vendor = m->plan->profile->vm_identity.hv_vendor_id,
	};
	int r = vm_cpuid(&m->vm, &config, m->cpuid, err);
	if (!r)
		r = vcpus_init(&m->vcpus, &m->vm, n, m->cpuid, err);
	if (r)
		return r;
	m->vcpus.mmio = &m->mmio;
	m->vcpus.pio = &m->pio;
	m->vcpus.qs = &m->qs;
	m->vcpus.gmem = &m->gmem;
	machine_watch_vcpus(m);
	return 0;
}

static void vcpus_down(struct machine *m)
{
	vcpus_stop(&m->vcpus);
	vcpus_fini(&m->vcpus);
	free(m->cpuid);
	m->cpuid = NULL;
}

static int threads_up(struct machine *m, struct err *err)
{
	return vcpus_start(&m->vcpus, err);
}

/* vCPU threads end before anything they could still be inside is taken down. */
static void threads_down(struct machine *m)
{
	vcpus_stop(&m->vcpus);
}

static int guest_up(struct machine *m, struct err *err)
{
	return machine_reset(m, err);
}

static const struct part {
	const char *name;
	int (*up)(struct machine *m, struct err *err);
	void (*down)(struct machine *m); /* NULL: what is above it takes it along */
} parts[] = {
	{ "VM's own directory", state_up, state_down },
	{ "guest memory", memory_up, memory_down },
	{ "address buses", buses_up, buses_down },
	{ "virtual machine", vm_up, vm_down },
	{ "memory slots", ram_slots_up, ram_slots_down },
	{ "PCI hierarchy", pci_up, pci_down },
	{ "address space", iommu_up, iommu_down },
	{ "assigned devices", fresh_devices_up, devices_down },
	{ "DMA mappings", dma_up, NULL },
	{ "console", console_up, console_down },
	{ "disks", disks_up, disks_down },
	{ "board", board_up, board_down },
	{ "firmware configuration", fwcfg_up, fwcfg_down },
	{ "firmware", firmware_up, firmware_down },
	{ "display", display_up, display_down },
	{ "shared picture", looking_glass_up, looking_glass_down },
	{ "input devices", input_up, input_down },
	{ "TPM", tpm_up, tpm_down },
	{ "board's addresses", addresses_up, NULL },
	{ "ACPI tables", acpi_up, acpi_down },
	{ "vCPUs", vcpus_up, vcpus_down },
	{ "SMBIOS tables", smbios_up, smbios_down },
	{ "first instruction", guest_up, NULL },
	{ "vCPU threads", threads_up, threads_down },
};

static int count_devices(struct machine *m)
{
	unsigned held = 0;
	for (unsigned i = 0; i < m->plan->n_devices; i++)
		held += m->plan->device[i].held;
	m->n_devices = m->plan->n_devices - held;
	m->device = calloc(m->n_devices + 1, sizeof(*m->device));
	m->device_set = calloc(m->n_devices + 1, sizeof(struct vfio_pci *));
	m->held = calloc(held + 1, sizeof(*m->held));
	if (!m->device || !m->device_set || !m->held)
		return -ENOMEM;
	for (unsigned i = 0; i < m->n_devices; i++)
		m->device_set[i] = &m->device[i];
	m->n_device_set = m->n_devices;
	return 0;
}

int machine_up(struct machine *m, const struct machine_start *start, struct loop *loop,
	       struct err *err)
{
	*m = (struct machine){
		.plan = start->plan, .host = start->host, .image = start->image, .loop = loop,
	};
	if (start->ram) {
		m->gmem = *start->ram;
		*start->ram = (struct gmem){ 0 };
	}
	int r = count_devices(m);
	if (r) {
		gmem_fini(&m->gmem);
		err_errno(err, r, "machine");
	}
	machine_events_init(m);
	while (!r && m->n_parts_up < ARRAY_LEN(parts)) {
		log_debug("up: %s", parts[m->n_parts_up].name);
		r = parts[m->n_parts_up].up(m, err);
		/* A part that failed half-way is taken down too: every down accepts that. */
		m->n_parts_up++;
	}
	if (r)
		machine_down(m);
	return r;
}

void machine_down(struct machine *m)
{
	while (m->n_parts_up) {
		const struct part *part = &parts[--m->n_parts_up];
		log_debug("down: %s", part->name);
		if (part->down)
			part->down(m);
	}
	loop_timer_cancel(m->loop, &m->stop_timer);
	loop_unpost(m->loop, &m->work);
	free(m->device);
	free(m->device_set);
	free(m->held);
	pthread_mutex_destroy(&m->lock);
	memset(m, 0, sizeof(*m));
}

int machine_run(struct machine *m, enum machine_end *ret_end, struct err *err)
{
	if (!m->held_by_user)
		vcpus_resume(&m->vcpus);
	int r = loop_run(m->loop);
	vcpus_pause(&m->vcpus);
	if (r)
		return err_errno(err, r, "main loop");
	*ret_end = m->end;
	return 0;
}
