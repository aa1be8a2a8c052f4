/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What graphics of Intel's processors find around them: a copy of the OpRegion that the host's
 * firmware made, the bridges that their drivers tell the chipset by, and memory in place of the
 * host's stolen one (which is laid with the RAM). The OpRegion is at an address of the chipset's
 * where no RAM is and no BAR goes, so that neither firmware nor system takes it for memory of its
 * own; firmware that knows how to is offered it for a place of its choice. It is memory, because
 * drivers read it by instructions that cannot be emulated. The guest may write into the mailboxes;
 * nobody but it reads them.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/bytes.h"
#include "base/log.h"
#include "core/layout.h"
#include "machine_parts.h"
#include "vfio/igd.h"

/* QEMU docs/igd-assign.txt: what firmware asks for. */
#define FILE_OPREGION "etc/igd-opregion"
#define FILE_STOLEN_SIZE "etc/igd-bdsm-size" /* u64 */

struct machine_igd {
	struct igd_opregion initial; /* as the guest finds it at power-on */
	void *shown;                 /* what it has made of it; owned */
	size_t shown_size;           /* whole pages */
};

/* --- OpRegion --- */

static void restore(struct machine_igd *igd)
{
	memset(igd->shown, 0, igd->shown_size);
	memcpy(igd->shown, igd->initial.data, igd->initial.size);
}

static int show(struct machine *m, struct vfio_pci *vfio, struct err *err)
{
	struct machine_igd *igd = m->igd;
	igd->shown_size = align_up(igd->initial.size, PAGE_4K);
	igd->shown = mmap(NULL, igd->shown_size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (igd->shown == MAP_FAILED) {
		igd->shown = NULL;
		return err_errno(err, -ENOMEM, "%s: OpRegion", vfio->name.s);
	}
	restore(igd);
	const struct slot_want want = { IGD_OPREGION_BASE, igd->shown_size, igd->shown, 0 };
	int r = memslots_publish(&m->vm.slots, SLOT_BOARD, &want, 1, err);
	if (!r)
		vfio_igd_place(vfio, (uint32_t)IGD_OPREGION_BASE);
	return r;
}

/* Without it the device works, and its driver has to guess what is connected: a warning. */
static int add_opregion(struct machine *m, struct vfio_pci *vfio, struct err *err)
{
	struct err why = { 0 };
	int r = vfio_igd_opregion(vfio, &m->igd->initial, &why);
	if (r == -ENOENT)
		log_warn("%s: vfio-pci has no OpRegion of it (CONFIG_VFIO_PCI_IGD, and firmware "
			 "that made "
			 "one); the guest's driver does not know what is connected",
			 vfio->name.s);
	else if (r)
		log_warn("%s; the guest gets none", why.text);
	else if (!m->igd->initial.has_vbt)
		log_warn("%s: its OpRegion has no VBT; the guest's driver does not know what is "
			 "connected",
			 vfio->name.s);
	return r ? 0 : show(m, vfio, err);
}

/* --- bridges --- */

static bool read_bridge(struct vfio_pci *vfio, enum igd_bridge which, struct pci_ids *ret)
{
	struct err why = { 0 };
	int r = vfio_igd_bridge(vfio, which, ret, &why);
	if (r == -ENOENT)
		log_debug("%s: vfio-pci does not say who the host's bridges are", vfio->name.s);
	else if (r)
		log_warn("%s; the guest's keeps its own ids", why.text);
	return !r;
}

static void pose_as_host(struct machine *m, struct vfio_pci *vfio)
{
	struct pci_ids mch, lpc;
	bool has_mch = read_bridge(vfio, IGD_HOST_BRIDGE, &mch);
	bool has_lpc = read_bridge(vfio, IGD_LPC_BRIDGE, &lpc);
	pthread_mutex_lock(&m->root.lock);
	q35_pose_as(&m->q35, has_mch ? &mch : NULL, has_lpc ? &lpc : NULL);
	pthread_mutex_unlock(&m->root.lock);
}

/* --- part of the machine --- */

int igd_add(struct machine *m, struct vfio_pci *vfio, const struct plan_device *planned,
	    struct err *err)
{
	if (m->igd || !vfio_is_igd(vfio->dev))
		return 0;
	m->igd = calloc(1, sizeof(*m->igd));
	if (!m->igd)
		return err_errno(err, -ENOMEM, "%s", vfio->name.s);
	if (!planned->wanted || planned->wanted->igd_bridges == IGD_BRIDGES_HOST)
		pose_as_host(m, vfio);
	return add_opregion(m, vfio, err);
}

int igd_files(struct machine *m, struct err *err)
{
	uint8_t size[8];
	int r = 0;
	if (m->igd && m->igd->shown)
		r = fwcfg_add_file(&m->fwcfg, FILE_OPREGION, m->igd->initial.data,
				   m->igd->initial.size, err);
	le_put(size, sizeof(size), m->plan->layout.stolen.size);
	if (!r && m->plan->layout.stolen.size)
		r = fwcfg_add_file(&m->fwcfg, FILE_STOLEN_SIZE, size, sizeof(size), err);
	return r;
}

void igd_reset(struct machine *m)
{
	if (m->igd && m->igd->shown)
		restore(m->igd);
}

void igd_down(struct machine *m)
{
	if (!m->igd)
		return;
	if (m->igd->shown) {
		memslots_publish(&m->vm.slots, SLOT_BOARD, NULL, 0, NULL);
		munmap(m->igd->shown, m->igd->shown_size);
	}
	free(m->igd->initial.data);
	free(m->igd);
	m->igd = NULL;
}
