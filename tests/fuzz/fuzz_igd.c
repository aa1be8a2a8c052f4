/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: vfio/uapi.c iommu/uapi.c kvm/irq.c kvm/memslot.c
// with: fake/fake_vfio.c fake/fake_iommu.c fake/fake_irq.c fake/fake_memslot.c
/*
 * An OpRegion and bridges of any content and size: what the guest gets of them lies inside, has no
 * address of the host's and calls no firmware of the host's; what is no such thing is refused.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/compat.h"
#include "base/log.h"
#include "core/layout.h"
#include "fake/vfio_rig.h"
#include "vfio/igd.h"
#include "vfio/uapi.h"

#define RW (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define OPREGION 9
#define LPC_CFG 10
#define HEAD 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rig rig;

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void add_region(struct fake_device *dev, unsigned i, uint32_t subtype, uint64_t size)
{
	dev->region[i].size = size;
	dev->region[i].flags = RW;
	dev->region[i].type = VFIO_REGION_OF_VENDOR | 0x8086;
	dev->region[i].subtype = subtype;
}

static void put(unsigned i, uint64_t at, const uint8_t *data, size_t size)
{
	if (size)
		vfio_write(rig.vfio[0].fd, data, size, ((uint64_t)i << 40) + at);
}

static void judge(const struct igd_opregion *got)
{
	const uint8_t *data = got->data;
	uint64_t at = le64_get(data + 0x3ba);
	uint32_t len = le32_get(data + 0x3c2);
	require(got->size >= IGD_OPREGION_MIN && got->size <= IGD_OPREGION_MAX);
	require(!memcmp(data, "IntelGraphicsMem", 16));
	require(!(le32_get(data + 0x58) & 2));
	require(!le64_get(data + 0x3aa) && !le32_get(data + 0x3b2));
	require(!at == !len);
	if (at) {
		require(at >= 0x2000 && inside(at, len, got->size));
		require(!memcmp(data + at, "$VBT", 4) && got->has_vbt);
		require(le16_get(data + 0x16) > 0x0200);
	}
}

/* A signature now and then, so that more than that is looked at. */
static void fill(const uint8_t *data, size_t size)
{
	static const uint8_t vbt[] = "$VBT";
	put(OPREGION, 0, data + HEAD, size - HEAD);
	if (data[0] & 1)
		put(OPREGION, 0, (const uint8_t *)"IntelGraphicsMem", 16);
	if (data[0] & 2)
		put(OPREGION, 0x16, data + 4, 2);
	if (data[0] & 4) {
		uint8_t place[12] = { 0 };
		le_put(place, 8, le16_get(data + 6));
		le_put(place + 8, 4, le16_get(data + 8));
		put(OPREGION, 0x3ba, place, sizeof(place));
		put(OPREGION, le16_get(data + 6), vbt, 4);
	}
	if (data[0] & 8)
		put(OPREGION, 0x400, vbt, 4);
	put(LPC_CFG, 0, data + HEAD, size - HEAD < 64 ? size - HEAD : 64);
	if (data[0] & 16)
		put(LPC_CFG, 0, (const uint8_t *)"\x86\x80\x85\x06", 4);
	if (data[0] & 32)
		put(LPC_CFG, 8, (const uint8_t *)"\x11\x00\x01\x06", 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct igd_opregion got = { 0 };
	struct pci_ids ids;
	struct err err = { 0 };
	if (size < HEAD)
		return 0;
	log_set_level(LOG_ERROR);
	rig_begin(&rig);
	struct fake_device *dev = fake_vfio_add();
	dev->bdf = (struct bdf){ 0, 0, 2, 0 };
	le_put(dev->cfg, 4, 0x9bc58086);
	le_put(dev->cfg + PCI_CLASS_REVISION, 4, 0x03000000);
	dev->num_regions = data[1] & 1 ? 12 : 9;
	add_region(dev, OPREGION, VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION, 0x20000);
	add_region(dev, LPC_CFG, VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG, 256);
	require(rig_up(&rig, &err) == 0);
	fill(data, size);
	dev->region[OPREGION].size = data[1] & 2 ? 0x2000u + le16_get(data + 2)
						 : (uint64_t)le32_get(data + 10) << (data[1] >> 4);
	if (data[1] & 4)
		dev->region[LPC_CFG].size = data[2];
	if (!vfio_igd_opregion(&rig.vfio[0], &got, &err))
		judge(&got);
	if (!vfio_igd_bridge(&rig.vfio[0], IGD_LPC_BRIDGE, &ids, &err))
		require(ids.vendor == 0x8086 && ids.class_code == 0x060100 &&
			dev->region[LPC_CFG].size >= 64);
	require(vfio_igd_bridge(&rig.vfio[0], IGD_HOST_BRIDGE, &ids, &err) == -ENOENT);
	free(got.data);
	rig_down(&rig);
	require(!rig_residue(&rig));
	return 0;
}
