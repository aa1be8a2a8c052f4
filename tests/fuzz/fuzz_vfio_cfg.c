/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: vfio/uapi.c iommu/uapi.c kvm/irq.c kvm/memslot.c
// with: fake/fake_vfio.c fake/fake_iommu.c fake/fake_irq.c fake/fake_memslot.c
/*
 * A device whose config space, regions and interrupts are anything, and a guest that does anything
 * to it. Whatever happens: nothing is left behind, no rule of the kernel is broken, and no write
 * that is ours to carry out reaches the device.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "fake/vfio_rig.h"

#define GUEST_OPS 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rig rig;
static struct input {
	const uint8_t *at;
	size_t left;
} in;

static void require(bool ok)
{
	if (!ok)
		abort();
}

static uint64_t take(unsigned size)
{
	uint64_t v = 0;
	unsigned n = size < in.left ? size : (unsigned)in.left;
	if (n)
		memcpy(&v, in.at, n);
	in.at += n;
	in.left -= n;
	return v;
}

/* Mostly sizes a BAR can have, now and then any. */
static uint64_t take_size(void)
{
	uint8_t pick = (uint8_t)take(1);
	return pick & 0x80 ? take(8) : UINT64_C(1) << (pick & 31);
}

static void random_region(struct fake_region *region)
{
	region->size = take_size();
	region->flags = take(1) & 7;
	region->n_areas = take(1) % 4;
	for (unsigned i = 0; i < region->n_areas; i++) {
		region->area[i][0] = take(1) & 1 ? take(8) : take(1) << 12;
		region->area[i][1] = take(1) & 1 ? take(8) : take(1) << 12;
	}
	region->msix_mappable = take(1) & 1;
	region->cap_next = take(1) & 1 ? (uint32_t)take(4) : 0;
}

static void random_device(void)
{
	struct fake_device *dev = take(1) & 1 ? fake_vfio_typical() : fake_vfio_add();
	unsigned regions = take(1), patches = take(1);
	for (unsigned i = 0; i < 7; i++)
		if (regions & 1u << i)
			random_region(&dev->region[i]);
	if (regions & 0x80)
		dev->region[VFIO_PCI_CONFIG_REGION_INDEX].size = 256;
	for (unsigned i = 0; i < patches; i++) {
		unsigned off = take(2) % sizeof(dev->cfg), len = 1 + take(1) % 8;
		for (unsigned k = 0; k < len; k++)
			dev->cfg[(off + k) % sizeof(dev->cfg)] = (uint8_t)take(1);
	}
	for (unsigned i = 0; i < 3; i++)
		if (take(1) & 1) {
			dev->irq[i].count = (uint32_t)take(2) % (i == 2 ? 2049 : 33);
			dev->irq[i].flags =
				VFIO_IRQ_INFO_EVENTFD | (take(1) & VFIO_IRQ_INFO_NORESIZE);
		}
	dev->vectors_left = take(1) & 1 ? (unsigned)take(1) : FAKE_VECTORS;
	if (take(1) & 1)
		dev->flags &= ~(uint32_t)VFIO_DEVICE_FLAGS_RESET;
}

/* Bits [reg, reg + 8 * len) are touched by a write of `size` at `off`. */
static bool touches(unsigned off, unsigned size, unsigned reg, unsigned len)
{
	return off < reg + len && reg < off + size;
}

static void watch_writes(struct fake_device *dev, unsigned off, unsigned size, uint32_t value)
{
	const struct vfio_pci *vfio = &rig.vfio[dev - fake_vfio.device];
	require(size <= 4 && off % size == 0 && off + size <= vfio->func.cfg_size);
	require(!touches(off, size, PCI_BASE_ADDRESS_0, 24));
	require(!touches(off, size, PCI_ROM_ADDRESS, 4));
	if (touches(off, size, PCI_BIST, 1)) /* only as it was read, with its neighbours */
		require((uint8_t)(value >> (8 * (PCI_BIST - off))) == dev->cfg[PCI_BIST]);
	require(!vfio->msix_cap || !touches(off, size, vfio->msix_cap, PCI_CAP_MSIX_SIZEOF));
	if (vfio->pcie_cap && touches(off, size, vfio->pcie_cap + PCI_EXP_DEVCTL + 1, 1))
		require(!(value >> (8 * (vfio->pcie_cap + PCI_EXP_DEVCTL + 1 - off)) & 0x80));
	if (touches(off, size, PCI_COMMAND, 1) && !(value >> (8 * (PCI_COMMAND - off)) & 2))
		require(fake_memslot.n == 0);
}

static void guest_op(unsigned i)
{
	static const unsigned sizes[] = { 1, 2, 4, 8 };
	uint8_t op = (uint8_t)take(1);
	unsigned size = sizes[op >> 6], off = (unsigned)take(2);
	uint64_t value = take(4);
	switch (op & 7) {
	case 0:
		cfg_read(&rig, i, off & 0xfff, size & 7 ? size : 4);
		break;
	case 1:
		mem_read(&rig, RIG_BAR0 + off, size);
		break;
	case 2:
		mem_write(&rig, RIG_BAR0 + off, size, value);
		break;
	case 3:
		rig_unmask(&rig, i, off % 16);
		break;
	case 4:
		rig_start_guest(&rig, i);
		break;
	case 5:
		if (op & 8)
			vfio_reset_set(rig.set, rig.n, NULL);
		break;
	default:
		cfg_write(&rig, i, off & 0xfff, size & 7 ? size : 4, (uint32_t)value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	in = (struct input){ data, size };
	log_set_level(LOG_ERROR);
	rig_begin(&rig);
	rig.kind = take(1) & 1 ? IOMMU_FD : IOMMU_TYPE1;
	random_device();
	uint8_t fails = (uint8_t)take(1);
	fake_vfio.fail_at = fails & 0x80 ? fails & 0x7f : 0;
	fake_vfio.fail_errno = -EIO;
	struct err err = { 0 };
	int r = rig_up(&rig, &err);
	require(r == 0 || err.text[0]);
	fake_vfio.on_cfg_write = watch_writes;
	for (unsigned i = 0; r == 0 && i < GUEST_OPS && in.left; i++)
		guest_op(0);
	fake_vfio.on_cfg_write = NULL;
	rig_down(&rig);
	/* A disable that was made to fail leaves the fake's idea of the device behind, not ours. */
	const char *residue = fake_vfio.failed && fake_vfio.broken ? NULL : rig_residue(&rig);
	if (residue)
		fprintf(stderr, "%s\n", residue);
	require(!residue);
	return 0;
}
