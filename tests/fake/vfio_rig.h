/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's PCI root, interrupts and IOMMU around the fakes, for tests of src/vfio. A test adds
 * devices to fake_vfio, then rig_up() opens them all and puts each on bus 0 (slot 1 + index).
 */
#ifndef BULKHEAD_TESTS_VFIO_RIG_H
#define BULKHEAD_TESTS_VFIO_RIG_H

#include <linux/pci_regs.h>
#include <string.h>

#include "base/bytes.h"
#include "fake/fake_irq.h"
#include "fake/fake_memslot.h"
#include "fake/fake_vfio.h"
#include "vfio/device.h"

struct rig {
	struct host host;
	struct iommu iommu;
	struct qs qs;
	struct qs_reader reader;
	struct bus mmio, pio;
	struct memslots slots;
	struct irqs irqs;
	struct pci_root root;
	struct pci_dev dev[FAKE_DEVICES];
	struct vfio_pci vfio[FAKE_DEVICES];
	struct vfio_pci *set[FAKE_DEVICES];
	unsigned n;
	unsigned fds_before, mappings_before;
	enum iommu_kind kind;
};

static inline int rig_kvm(void *ctx, int fd, bool add, struct err *err)
{
	(void)ctx;
	(void)err;
	fake_vfio_note(add ? "kvm_add" : "kvm_remove", fd);
	return 0;
}

/* Before the test adds devices. */
static inline void rig_begin(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	fake_vfio_init();
	fake_irq_init();
	fake_memslot_init();
	rig->fds_before = fake_vfio_open_fds();
	rig->host = (struct host){ .sys = -1, .proc = -1, .dev = -1 };
	rig->kind = IOMMU_TYPE1;
}

static inline int rig_root(struct rig *rig, struct err *err)
{
	qs_init(&rig->qs);
	bus_init(&rig->mmio, &rig->qs);
	bus_init(&rig->pio, &rig->qs);
	memslots_init(&rig->slots, -1, 509);
	irqs_init(&rig->irqs, -1, 1024, NULL);
	int r = pci_root_init(&rig->root, &rig->mmio, &rig->pio, &rig->slots);
	rig->iommu.on_vfio_fd = rig_kvm;
	return r ? r : iommu_open(&rig->iommu, rig->kind, &rig->host, err);
}

/* -errno of the first device that fails; those before it are up. */
static inline int rig_up_with(struct rig *rig, const struct vfio_config *config, struct err *err)
{
	int r = rig_root(rig, err);
	for (unsigned i = 0; !r && i < fake_vfio.n_devices; i++) {
		rig->dev[i] = fake_vfio_inventory(&fake_vfio.device[i]);
		rig->set[i] = &rig->vfio[i];
		r = vfio_pci_init(&rig->vfio[i], &rig->dev[i], config, &rig->iommu, &rig->root,
				  &rig->irqs, err);
		if (r)
			break;
		rig->n++;
		r = pci_bus_add(&rig->root.bus0, &rig->vfio[i].func, 1 + i, 0);
		if (!r)
			r = vfio_pci_route_intx(&rig->vfio[i], 16 + i, err);
	}
	return r;
}

static inline int rig_up(struct rig *rig, struct err *err)
{
	const struct vfio_config config = { 0 };
	return rig_up_with(rig, &config, err);
}

static inline void rig_down(struct rig *rig)
{
	while (rig->n)
		vfio_pci_fini(&rig->vfio[--rig->n]);
	iommu_close(&rig->iommu);
	pci_root_fini(&rig->root);
	irqs_fini(&rig->irqs);
	bus_fini(&rig->pio);
	bus_fini(&rig->mmio);
	qs_fini(&rig->qs);
}

/* Nothing left behind, no rule of the kernel broken. */
static inline const char *rig_residue(const struct rig *rig)
{
	if (fake_vfio.broken)
		return fake_vfio.broken;
	if (fake_vfio.mappings)
		return "address space left";
	if (fake_irq.wired)
		return "an irqfd left";
	if (fake_irq.in_use)
		return "a GSI left";
	if (fake_vfio_open_fds() != rig->fds_before)
		return "a file descriptor left";
	return NULL;
}

/* What a vCPU does, through ECAM. */
static inline uint64_t rig_ecam(const struct rig *rig, unsigned i, unsigned off)
{
	(void)rig;
	return (uint64_t)(1 + i) << 15 | off;
}

static inline uint32_t cfg_read(struct rig *rig, unsigned i, unsigned off, unsigned size)
{
	return (uint32_t)pci_ecam_ops.read(&rig->root, rig_ecam(rig, i, off), size);
}

static inline void cfg_write(struct rig *rig, unsigned i, unsigned off, unsigned size,
			     uint32_t value)
{
	pci_ecam_ops.write(&rig->root, rig_ecam(rig, i, off), size, value);
}

static inline uint64_t mem_read(struct rig *rig, uint64_t addr, unsigned size)
{
	qs_online(&rig->qs, &rig->reader);
	uint64_t v = bus_read(&rig->mmio, addr, size);
	qs_offline(&rig->reader);
	return v;
}

static inline void mem_write(struct rig *rig, uint64_t addr, unsigned size, uint64_t value)
{
	qs_online(&rig->qs, &rig->reader);
	bus_write(&rig->mmio, addr, size, value);
	qs_offline(&rig->reader);
}

#define RIG_BAR0 UINT64_C(0xc1000000)

/* As a guest's firmware and driver do: BAR 0 placed, decoding and bus mastering on. */
static inline void rig_start_guest(struct rig *rig, unsigned i)
{
	cfg_write(rig, i, PCI_BASE_ADDRESS_0, 4, (uint32_t)RIG_BAR0 + i * 0x1000000);
	cfg_write(rig, i, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

/* Programs and unmasks MSI-X vector v of a typical device (table at BAR 0 + 0x2000). */
static inline void rig_unmask(struct rig *rig, unsigned i, unsigned v)
{
	uint64_t entry = RIG_BAR0 + i * 0x1000000 + 0x2000 + 16 * v;
	mem_write(rig, entry, 4, 0xfee01000);
	mem_write(rig, entry + 4, 4, 0);
	mem_write(rig, entry + 8, 4, 0x40 + v);
	mem_write(rig, entry + 12, 4, 0);
}

static inline void rig_mask(struct rig *rig, unsigned i, unsigned v)
{
	mem_write(rig, RIG_BAR0 + i * 0x1000000 + 0x2000 + 16 * v + 12, 4, 1);
}

#endif
