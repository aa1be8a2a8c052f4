/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Graphics of Intel's processors. Firmware of the host took memory for it ("stolen") that the guest
 * does not have, and the registers that say where, in configuration space and copied into BAR 0,
 * show the host's address. To the guest there is none: its drivers do without.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/compat.h"
#include "core/layout.h"
#include "vfio/quirk.h"
#include "vfio/uapi.h"

#define INTEL 0x8086

/* Configuration space (Intel's "Volume 2" datasheets of Core processors, device 2). */
#define GGC 0x50        /* u16: size of stolen memory and of the GTT */
#define BDSM 0x5c       /* u32: base of stolen memory, before generation 11 */
#define BDSM_GEN11 0xc0 /* u64 */
/* Size of stolen memory in GGC: bits 7:3 before generation 8, 15:8 since. */
#define GGC_STOLEN_GEN6 0x00f8
#define GGC_STOLEN_GEN8 0xff00

#define ASLS 0xfc /* u32: address of the OpRegion (IGD OpRegion Specification 0.5 §2.2) */
#define OPREGION_MIN 0x2000 /* header and mailboxes; a larger VBT follows */
#define OPREGION_SIGNATURE "IntelGraphicsMem"

#define BAR_GGC 0x108040 /* the copies in BAR 0 */

/* By the upper byte of the device id (i915's list of ids): Sandy Bridge to Haswell, and Valley
 * View. */
static bool is_before_gen8(uint16_t device)
{
	static const uint8_t families[] = { 0x01, 0x04, 0x0a, 0x0c, 0x0d, 0x0f };
	return memchr(families, device >> 8, sizeof(families)) != NULL;
}

/* Ice, Elkhart, Jasper, Tiger, Rocket, Alder, Raptor, Meteor Lake and what follows. */
static bool is_gen11(uint16_t device)
{
	static const uint8_t families[] = { 0x8a, 0x45, 0x4e, 0x9a, 0x4c,
					    0x46, 0xa7, 0x7d, 0x64, 0xb0 };
	return memchr(families, device >> 8, sizeof(families)) != NULL;
}

/* A card of Intel's is on another bus. */
bool vfio_igd_is(const struct vfio_pci *vfio, const struct vfio_snapshot *snap)
{
	const struct bdf at = vfio->dev->bdf;
	return le16_get(snap->at + PCI_VENDOR_ID) == INTEL && vfio_is_display(snap) && !at.bus &&
	       at.dev == 2 && !at.fn;
}

void vfio_igd_build(struct vfio_pci *vfio, const struct vfio_snapshot *snap)
{
	struct pci_func *func = &vfio->func;
	uint16_t device = le16_get(snap->at + PCI_DEVICE_ID);
	uint32_t stolen = is_before_gen8(device) ? GGC_STOLEN_GEN6 : GGC_STOLEN_GEN8;
	if (!vfio_igd_is(vfio, snap))
		return;
	pci_cfg_set(func, GGC, 2, le16_get(snap->at + GGC) & ~stolen);
	pci_cfg_writable(func, GGC, 2, 0);
	pci_cfg_set(func, BDSM, 4, 0);
	pci_cfg_writable(func, BDSM, 4, 0);
	pci_cfg_set(func, ASLS, 4, 0);
	pci_cfg_writable(func, ASLS, 4, 0);
	if (!is_gen11(device))
		return;
	for (unsigned i = 0; i < 8; i += 4) {
		pci_cfg_set(func, BDSM_GEN11 + i, 4, 0);
		pci_cfg_writable(func, BDSM_GEN11 + i, 4, 0);
	}
}

/* The copy of GGC has two bytes that are something else's; the base is zero in any generation. */
uint64_t vfio_igd_stolen_read(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			      unsigned size)
{
	uint8_t raw[8] = { 0 };
	if (window->at.start == BAR_GGC) {
		le_put(raw, 4, vfio_window_raw_read(vfio, window, 0, 4));
		le_put(raw, 2, pci_root_read(vfio->root, &vfio->func, GGC, 2));
	}
	return inside(off, size, sizeof(raw)) ? le_get(raw + off, size) : all_ones(size);
}

/* --- OpRegion --- */

static bool is_igd(const struct pci_dev *dev)
{
	return dev->vendor == INTEL && dev->class_code >> 16 == 0x03 && !dev->bdf.bus &&
	       dev->bdf.dev == 2 && !dev->bdf.fn;
}

static int check_opregion(const struct vfio_pci *vfio, const uint8_t *data, struct err *err)
{
	if (!memcmp(data, OPREGION_SIGNATURE, strlen(OPREGION_SIGNATURE)))
		return 0;
	return err_set(err, -EBADMSG, "%s: its OpRegion has no signature of one", vfio->name.s);
}

int vfio_igd_opregion(struct vfio_pci *vfio, uint8_t **ret_data, size_t *ret_size, struct err *err)
{
	struct vfio_region region;
	if (!is_igd(vfio->dev))
		return -ENOENT;
	int r = vfio_region_find(vfio, VFIO_REGION_OF_VENDOR | INTEL,
				 VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION, &region);
	if (r == -ENOENT)
		return r;
	if (!r && (region.size < OPREGION_MIN || region.size > IGD_OPREGION_MAX))
		return err_set(err, -EBADMSG, "%s: an OpRegion of %llu bytes cannot be",
			       vfio->name.s, (unsigned long long)region.size);
	autofree uint8_t *data = r ? NULL : malloc(region.size);
	if (!r)
		r = data ? vfio_read(vfio->fd, data, region.size, region.offset) : -ENOMEM;
	if (r)
		return err_errno(err, r, "%s: reading its OpRegion", vfio->name.s);
	r = check_opregion(vfio, data, err);
	if (r)
		return r;
	*ret_size = region.size;
	*ret_data = take_ptr(&data);
	return 0;
}

void vfio_igd_place(struct vfio_pci *vfio, uint32_t gpa)
{
	pci_cfg_set(&vfio->func, ASLS, 4, gpa);
	pci_cfg_writable(&vfio->func, ASLS, 4, 0);
	pci_func_seal(&vfio->func);
}
