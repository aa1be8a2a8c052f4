/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of the graphics of Intel's processors that speak of the host. Firmware of the host took
 * memory for the device ("stolen"), and where it is stands in configuration space and copied in BAR
 * 0: the guest is shown memory of its own there, or that there is none, which drivers do without.
 */
#include <linux/pci_regs.h>
#include <string.h>

#include "base/bytes.h"
#include "vfio/igd.h"
#include "vfio/quirk.h"

#define INTEL 0x8086

/* Configuration space (Intel's "Volume 2" datasheets of Core processors, device 2). */
#define GGC 0x50              /* u16: size of stolen memory and of the GTT */
#define BDSM 0x5c             /* u32: base of stolen memory, before generation 11 */
#define BDSM_GEN11 0xc0       /* u64 */
#define BDSM_BASE 0xfff00000u /* a multiple of 1 MiB; bit 0 locks the real one */

/* IGD OpRegion Specification 0.5 §2. The first two make the host's firmware act. */
#define SWSMI 0xe0 /* u16: raises an SMI */
#define SWSCI 0xe8 /* u16: raises an SCI or SMI */
#define ASLS 0xfc  /* u32: address of the OpRegion */

#define BAR_GGC 0x108040 /* the copies in BAR 0 */

/* What differs between generations here. Sizes in GGC count units of 32 MiB. */
struct generation {
	uint16_t size_mask, size_unit; /* of stolen memory in GGC */
	bool wide_base;                /* BDSM_GEN11 */
	bool window;                   /* BAR 2 shows stolen memory itself */
};
static const struct generation gen6 = { 0x00f8, 0x0008, false, false };
static const struct generation gen8 = { 0xff00, 0x0100, false, false };
static const struct generation gen11 = { 0xff00, 0x0100, true, false };
static const struct generation gen12_7 = { 0xff00, 0x0100, true, true };

/* By the upper byte of the device id (i915's list of ids); what is not here is of generation 8
 * to 10. */
static const struct {
	uint8_t family;
	const struct generation *generation;
} families[] = {
	/* Sandy and Ivy Bridge, Haswell; Valley View and Cherry View count as they do. */
	{ 0x01, &gen6 },
	{ 0x04, &gen6 },
	{ 0x0a, &gen6 },
	{ 0x0c, &gen6 },
	{ 0x0d, &gen6 },
	{ 0x0f, &gen6 },
	{ 0x22, &gen6 },
	/* Ice, Elkhart, Jasper, Tiger, Rocket, Alder and Raptor Lake. */
	{ 0x8a, &gen11 },
	{ 0x45, &gen11 },
	{ 0x4e, &gen11 },
	{ 0x9a, &gen11 },
	{ 0x4c, &gen11 },
	{ 0x46, &gen11 },
	{ 0xa7, &gen11 },
	/* Meteor, Arrow, Lunar, Panther and Wildcat Lake. */
	{ 0x7d, &gen12_7 },
	{ 0x64, &gen12_7 },
	{ 0xb0, &gen12_7 },
	{ 0xfd, &gen12_7 },
};

static const struct generation *generation_of(uint16_t device)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (families[i].family == device >> 8)
			return families[i].generation;
	return &gen8;
}

bool vfio_is_igd(const struct pci_dev *dev)
{
	const struct bdf at = dev->bdf;
	return dev->vendor == INTEL && dev->class_code >> 16 == 0x03 && !at.domain && !at.bus &&
	       at.dev == IGD_SLOT && !at.fn;
}

bool vfio_igd_can_steal(const struct pci_dev *dev)
{
	return !generation_of(dev->device)->window;
}

bool vfio_igd_is(const struct vfio_pci *vfio, const struct vfio_snapshot *snap)
{
	(void)snap;
	return vfio_is_igd(vfio->dev);
}

static void own(struct pci_func *func, unsigned off, unsigned size, uint32_t value,
		uint32_t writable)
{
	pci_cfg_set(func, off, size, value);
	pci_cfg_writable(func, off, size, writable);
}

/* Firmware that knows how gives the device memory itself, if it is told that there is to be any. */
static void own_base(struct pci_func *func, const struct generation *gen, uint32_t base)
{
	own(func, BDSM, 4, gen->wide_base ? 0 : base, base && !gen->wide_base ? BDSM_BASE : 0);
	if (!gen->wide_base)
		return;
	own(func, BDSM_GEN11, 4, base, base ? BDSM_BASE : 0);
	own(func, BDSM_GEN11 + 4, 4, 0, 0);
}

void vfio_igd_build(struct vfio_pci *vfio, const struct vfio_snapshot *snap)
{
	struct pci_func *func = &vfio->func;
	if (!vfio_is_igd(vfio->dev))
		return;
	const struct generation *gen = generation_of(vfio->dev->device);
	uint32_t base = (uint32_t)vfio->config.stolen.start;
	uint16_t control = le16_get(snap->at + GGC) & (uint16_t)~gen->size_mask;
	if (base)
		control |= gen->size_unit; /* IGD_STOLEN_SIZE is one unit */
	own(func, GGC, 2, control, 0);
	own_base(func, gen, base);
	own(func, SWSMI, 2, 0, 0);
	own(func, SWSCI, 2, 0, 0);
	own(func, ASLS, 4, 0, 0);
}

void vfio_igd_place(struct vfio_pci *vfio, uint32_t gpa)
{
	own(&vfio->func, ASLS, 4, gpa, UINT32_MAX);
	pci_func_seal(&vfio->func);
}

/* The copy of GGC has two bytes that are something else's. */
uint64_t vfio_igd_stolen_read(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			      unsigned size)
{
	bool wide = generation_of(vfio->dev->device)->wide_base;
	uint8_t raw[8] = { 0 };
	if (window->at.start == BAR_GGC) {
		le_put(raw, 4, vfio_window_raw_read(vfio, window, 0, 4));
		le_put(raw, 2, pci_root_read(vfio->root, &vfio->func, GGC, 2));
	} else {
		le_put(raw, 4, pci_root_read(vfio->root, &vfio->func, wide ? BDSM_GEN11 : BDSM, 4));
	}
	return inside(off, size, sizeof(raw)) ? le_get(raw + off, size) : all_ones(size);
}
