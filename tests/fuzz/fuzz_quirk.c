/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: vfio/uapi.c iommu/uapi.c kvm/irq.c kvm/memslot.c
// with: fake/fake_vfio.c fake/fake_iommu.c fake/fake_irq.c fake/fake_memslot.c
/*
 * Devices with mirrors of their configuration space, and a guest that does anything through them:
 * nothing that is ours reaches the device that way, and nothing is left behind.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "fake/vfio_rig.h"

#define RW (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define RWM (RW | VFIO_REGION_INFO_FLAG_MMAP)
#define MEM0 UINT64_C(0xc1000000)
#define MEM2 UINT64_C(0xc4000000)
#define PORTS 0x6100u
#define GUEST_OPS 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rig rig;

static const struct {
	uint32_t ids, class_code;
	struct bdf at;
	uint32_t bar2, bar4, bar5; /* type bits; I/O for the last two */
} devices[] = {
	{ 0x1c0310de, 0x030000, { 0, 1, 0, 0 }, 0, 0, PCI_BASE_ADDRESS_SPACE_IO },
	{ 0x1e0410de, 0x030200, { 0, 1, 0, 0 }, 0, 0, 0 },
	{ 0x68981002,
	  0x030000,
	  { 0, 1, 0, 0 },
	  PCI_BASE_ADDRESS_MEM_TYPE_64,
	  PCI_BASE_ADDRESS_SPACE_IO,
	  0 },
	{ 0x816810ec, 0x020000, { 0, 1, 0, 0 }, 0, 0, 0 },
	{ 0x9a498086, 0x030000, { 0, 0, 2, 0 }, 0, 0, 0 },
};

/* Where windows begin, in BAR 0 or 2, and in the ports. */
static const uint32_t places[] = { 0x88000, 0x1800, 0x4000, 0x70, 0x108040, 0x1080c0, 0x2000, 0x0 };

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void watch_writes(struct fake_device *dev, unsigned off, unsigned size, uint32_t value)
{
	const struct vfio_pci *vfio = &rig.vfio[dev - fake_vfio.device];
	require(size <= 4 && off % size == 0 && off + size <= vfio->func.cfg_size);
	require(off + size <= PCI_BASE_ADDRESS_0 || off >= PCI_BASE_ADDRESS_0 + 24);
	if (off <= PCI_COMMAND && off + size > PCI_COMMAND &&
	    !(value >> (8 * (PCI_COMMAND - off)) & 2))
		require(fake_memslot.n == 0);
}

static void make_device(uint8_t pick)
{
	struct fake_device *dev = fake_vfio_add();
	unsigned i = pick % ARRAY_LEN(devices);
	dev->bdf = devices[i].at;
	le_put(dev->cfg, 4, devices[i].ids);
	le_put(dev->cfg + PCI_CLASS_REVISION, 4, devices[i].class_code << 8);
	fake_vfio_bar(dev, 0, 0, 0x1000000, RWM);
	fake_vfio_bar(dev, 2, devices[i].bar2, 0x20000, RWM);
	if (devices[i].bar4)
		fake_vfio_bar(dev, 4, devices[i].bar4, 0x100, RW);
	if (devices[i].bar5)
		fake_vfio_bar(dev, 5, devices[i].bar5, 0x80, RW);
	if (pick & 0x80)
		fake_vfio_msix(dev, 0xb0, 4, 0, 0x2000, 0x3000, true);
	fake_vfio_msi(dev, 0x68, 2, true, true);
}

static void place_bars(void)
{
	cfg_write(&rig, 0, PCI_BASE_ADDRESS_0, 4, (uint32_t)MEM0);
	cfg_write(&rig, 0, PCI_BASE_ADDRESS_2, 4, (uint32_t)MEM2);
	cfg_write(&rig, 0, PCI_BASE_ADDRESS_4, 4, PORTS);
	cfg_write(&rig, 0, PCI_BASE_ADDRESS_5, 4, PORTS + 0x100);
	cfg_write(&rig, 0, PCI_COMMAND, 2, 7);
}

static void port(uint64_t at, unsigned size, bool write, uint64_t value)
{
	qs_online(&rig.qs, &rig.reader);
	if (write)
		bus_write(&rig.pio, at, size, value);
	else
		bus_read(&rig.pio, at, size);
	qs_offline(&rig.reader);
}

static void guest_op(const uint8_t *op)
{
	unsigned size = 1u << (op[0] >> 6), place = places[op[1] & 7];
	uint64_t value = le32_get(op + 3);
	uint64_t at = (op[0] & 0x20 ? MEM2 : MEM0) + place + op[2];
	switch (op[0] & 7) {
	case 0:
		mem_read(&rig, at, size);
		break;
	case 1:
		mem_write(&rig, at, size, value);
		break;
	case 2:
		port(PORTS + (op[0] & 0x20 ? 0x100 : 0) + op[2] % 0x20, size < 8 ? size : 4,
		     op[0] & 8, op[0] & 0x10 ? place + (value & 0xff) : value);
		break;
	case 3:
		cfg_write(&rig, 0, op[2], size < 8 ? size : 4, (uint32_t)value);
		break;
	case 4:
		place_bars();
		break;
	case 5:
		if (op[0] & 8)
			vfio_reset_set(rig.set, rig.n, NULL);
		break;
	default:
		cfg_read(&rig, 0, op[2], size < 8 ? size : 4);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	if (size < 1)
		return 0;
	log_set_level(LOG_ERROR);
	rig_begin(&rig);
	make_device(data[0]);
	require(rig_up(&rig, &err) == 0);
	fake_vfio.on_cfg_write = watch_writes;
	place_bars();
	for (size_t i = 1; i + 7 <= size && i < 7 * GUEST_OPS; i += 7)
		guest_op(data + i);
	fake_vfio.on_cfg_write = NULL;
	rig_down(&rig);
	const char *residue = rig_residue(&rig);
	if (residue)
		fprintf(stderr, "%s\n", residue);
	require(!residue);
	return 0;
}
