/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Power-on: every part to its first state, then what firmware would do on direct boot (bus numbers,
 * windows, BARs), then the kernel in memory and the boot processor at its entry. Start and reboot
 * are the same walk; only a reboot has to reset the assigned devices, which a start finds reset.
 */
#include <errno.h>

#include "base/log.h"
#include "machine_parts.h"

static void program_device(struct vfio_pci *vfio, const struct plan_device *planned)
{
	for (unsigned i = 0; i < PCI_BARS; i++)
		if (planned->bar_addr[i])
			pci_bar_program(&vfio->func, i, planned->bar_addr[i]);
}

static bool has_firmware(const struct machine *m)
{
	return m->plan->profile->firmware.type == FIRMWARE_UEFI;
}

/* On direct boot nobody else deals out addresses; the plan has, and `check` has shown them. */
static void deal_addresses(struct machine *m)
{
	const struct plan *plan = m->plan;
	unsigned next = 0;
	for (unsigned i = 0; i < plan->n_ports; i++)
		pci_port_program(&m->port[i], &plan->port[i].windows);
	for (unsigned i = 0; i < plan->n_devices; i++)
		if (!plan->device[i].held)
			program_device(&m->device[next++], &plan->device[i]); /* gone: no BARs */
	for (unsigned i = 0; i < plan->n_own; i++)
		for (unsigned b = 0; b < PCI_BARS; b++)
			if (plan->own[i].bar[b].addr)
				pci_bar_program(m->own[i], b, plan->own[i].bar[b].addr);
}

static int program_pci(struct machine *m, struct err *err)
{
	pthread_mutex_lock(&m->root.lock);
	if (!has_firmware(m))
		deal_addresses(m);
	int r = pci_map_publish(&m->root, err);
	pthread_mutex_unlock(&m->root.lock);
	return r;
}

static void reset_board(struct machine *m)
{
	pm_reset(&m->pm);
	rtc_reset(&m->rtc);
	i8042_reset(&m->i8042);
	reset_ports_reset(&m->reset_ports);
	serial_reset(&m->serial);
	ramfb_reset(&m->ramfb);
	fwcfg_reset(&m->fwcfg);
	tpm_reset(m);
	igd_reset(m);
}

/* Firmware starts where the processor does, in the flash chip, and loads the rest itself. */
static int load_guest(struct machine *m, struct err *err)
{
	struct vcpu_entry64 entry;
	if (has_firmware(m))
		return flash_reset(&m->firmware.flash, err);
	int r = linux_load(m->image, &m->plan->layout, &m->gmem, &entry, err);
	if (!r)
		r = acpi_place(&m->acpi, &m->gmem, DIRECT_ACPI_GPA, DIRECT_ACPI_MAX, err);
	if (!r)
		r = smbios_place(&m->smbios, &m->gmem, DIRECT_SMBIOS_GPA, DIRECT_SMBIOS_MAX, err);
	return r ? r : vcpu_enter64(&m->vcpus.at[0], &entry, err);
}

int machine_reset(struct machine *m, struct err *err)
{
	int r;
	if (m->boots) {
		/* Devices first: their DMA must stop before the guest's memory is written again. */
		r = vfio_reset_set(m->device_set, m->n_device_set, err);
		if (r)
			return r;
		r = pci_root_reset(&m->root, err);
		if (!r)
			r = vm_reset_chips(&m->vm, err);
		if (!r)
			r = vcpus_reset(&m->vcpus, err);
		if (r)
			return r;
		reset_board(m);
	}
	r = program_pci(m, err);
	if (!r)
		r = load_guest(m, err);
	if (r)
		return r;
	m->boots++;
	m->last_boot_ms = m->loop->now_ms();
	return 0;
}
