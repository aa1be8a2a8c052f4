/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The profile's disks, opened and locked, and the AHCI controller in front of them. Without disks
 * there is no controller either.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "hw/ahci.h"
#include "machine_parts.h"

int machine_place_own(struct machine *m, enum plan_own_kind kind, struct pci_func *func,
		      struct err *err)
{
	for (unsigned i = 0; i < m->plan->n_own; i++) {
		const struct plan_own *own = &m->plan->own[i];
		if (own->kind != kind)
			continue;
		m->own[i] = func;
		int r = pci_bus_add(&m->root.bus0, func, own->guest.dev, own->guest.fn);
		return r ? err_errno(err, r, "%s: guest slot %s", own->name,
				     bdf_text(own->guest).s)
			 : 0;
	}
	return err_set(err, -ENOENT, "PCI function %d is not in the plan", (int)kind);
}

void machine_remove_own(struct machine *m, enum plan_own_kind kind)
{
	struct err err = { 0 };
	for (unsigned i = 0; i < m->plan->n_own; i++) {
		struct pci_func *func = m->own[i];
		if (m->plan->own[i].kind != kind || !func)
			continue;
		pthread_mutex_lock(&m->root.lock);
		if (func->bus && pci_bus_remove(&m->root, func, &err))
			log_warn("%s: %s", m->plan->own[i].name, err.text);
		pthread_mutex_unlock(&m->root.lock);
		m->own[i] = NULL;
	}
}

const struct plan_own *machine_own(const struct machine *m, enum plan_own_kind kind)
{
	for (unsigned i = 0; i < m->plan->n_own; i++)
		if (m->plan->own[i].kind == kind)
			return &m->plan->own[i];
	return NULL;
}

static int open_disks(struct machine *m, struct err *err)
{
	const struct profile *profile = m->plan->profile;
	int r = 0;
	for (unsigned i = 0; !r && i < profile->n_disks; i++) {
		const struct disk_config config = profile_disk_config(&profile->disk[i]);
		r = disk_open(&m->disk[i], &config, err);
		if (!r)
			r = disk_start(&m->disk[i], err);
	}
	return r;
}

static int controller_up(struct machine *m, const struct plan_own *own, struct err *err)
{
	const struct profile *profile = m->plan->profile;
	struct ahci_disk disks[AHCI_PORTS] = { 0 };
	struct profile_disk_serial serial[AHCI_PORTS];
	for (unsigned i = 0; i < profile->n_disks; i++) {
		serial[i] = profile_disk_serial(&profile->disk[i]);
		disks[m->plan->disk_port[i]] =
			(struct ahci_disk){ .disk = &m->disk[i],
					    .cdrom = profile->disk[i].type == DISK_CDROM,
					    .serial = serial[i].s };
	}
	int r = ahci_init(m->ahci, disks, &m->gmem, &m->vm.irqs, own->gsi);
	return r ? err_errno(err, r, "%s", own->name)
		 : machine_place_own(m, own->kind, &m->ahci->func, err);
}

int disks_up(struct machine *m, struct err *err)
{
	const struct plan_own *own = machine_own(m, PLAN_OWN_AHCI);
	if (!own)
		return 0;
	m->disk = calloc(AHCI_PORTS, sizeof(*m->disk));
	m->ahci = calloc(1, sizeof(*m->ahci));
	if (!m->disk || !m->ahci)
		return err_errno(err, -ENOMEM, "%s", own->name);
	int r = open_disks(m, err);
	return r ? r : controller_up(m, own, err);
}

/* What the guest has asked for and not flushed is written by the host's kernel, as after a crash. */
void disks_down(struct machine *m)
{
	machine_remove_own(m, PLAN_OWN_AHCI);
	if (m->ahci)
		ahci_fini(m->ahci);
	for (unsigned i = 0; m->disk && i < AHCI_PORTS; i++)
		disk_close(&m->disk[i]);
	free(m->ahci);
	free(m->disk);
	m->ahci = NULL;
	m->disk = NULL;
}
