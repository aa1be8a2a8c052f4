/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts a struct vfio_pci is made of, as device.c puts them together. Private to this folder.
 * A set-up function that fails leaves what it made for its counterpart, which accepts anything.
 */
#ifndef BULKHEAD_VFIO_PARTS_H
#define BULKHEAD_VFIO_PARTS_H

#include "vfio/device.h"

/* The physical config space as it was when the device was opened. */
struct vfio_snapshot {
	uint8_t at[PCIE_CFG_SIZE];
	size_t size; /* 256 or 4096 */
};

/* --- region.c: what the device fd holds and where --- */
int vfio_regions_read(struct vfio_pci *vfio, struct err *err);
int vfio_snapshot_read(struct vfio_pci *vfio, struct vfio_snapshot *ret, struct err *err);
/*
 * A device-specific region, by type and subtype (linux/vfio.h). -ENOENT when the device has none.
 */
int vfio_region_find(struct vfio_pci *vfio, uint32_t type, uint32_t subtype,
		     struct vfio_region *ret);
/* Mappable areas of a BAR, ascending, disjoint, whole pages, inside it; how many (at most max). */
size_t vfio_region_areas(struct vfio_pci *vfio, unsigned i, struct range *ret, size_t max);

/* How many interrupts of each kind the kernel can deliver. */
struct vfio_irq_counts {
	unsigned intx, msi, msix;
};

/*
 * --- cfg.c: the guest's view of config space ---
 * Initialises vfio->func, msi and msix (and all of `intx` but its connection) from the snapshot.
 * Regions are known. -EOPNOTSUPP for what is not an endpoint.
 */
int vfio_cfg_build(struct vfio_pci *vfio, const struct vfio_snapshot *snap,
		   const struct vfio_irq_counts *irqs, struct err *err);

/* --- access.c: config space at run time --- */
extern const struct pci_func_ops vfio_func_ops;
/* 1, 2 or 4 bytes, aligned. Failures are logged; a failed read is all-ones. */
uint32_t vfio_cfg_read(struct vfio_pci *vfio, unsigned off, unsigned size);
int vfio_cfg_write(struct vfio_pci *vfio, unsigned off, unsigned size, uint32_t value);
/* Device into D0 if it is not. -errno of the write. */
int vfio_wake(struct vfio_pci *vfio);
/*
 * The device can neither be reached by DMA nor interrupt: BARs out of the map, interrupts down, D0,
 * memory, I/O and bus mastering off. pci_root lock held.
 */
void vfio_quiesce(struct vfio_pci *vfio);

/* --- quirk_nvidia.c --- */
/* After vfio_cfg_build: the capability that says which clique it is in, if it is in one. */
void vfio_nvidia_add_clique(struct vfio_pci *vfio, const struct vfio_snapshot *snap);

/* --- quirk_intel.c --- */
/* After vfio_cfg_build: what says where the host's memory for the processor's graphics is. */
void vfio_igd_build(struct vfio_pci *vfio, const struct vfio_snapshot *snap);

/* --- bar.c --- */
/* The device's own register, whatever else is shown there; all-ones when it does not answer. */
uint64_t vfio_bar_raw_read(struct vfio_region *region, uint64_t off, unsigned size);
void vfio_bar_raw_write(struct vfio_region *region, uint64_t off, unsigned size, uint64_t value);
int vfio_bars_build(struct vfio_pci *vfio, const struct vfio_snapshot *snap, struct err *err);
void vfio_bars_fini(struct vfio_pci *vfio);

/* --- rom.c --- */
int vfio_rom_build(struct vfio_pci *vfio, struct err *err);
void vfio_rom_fini(struct vfio_pci *vfio);
/* After a write to the ROM BAR or command: reads the image when the guest first enables it. */
void vfio_rom_wrote(struct vfio_pci *vfio);

/* --- irq.c --- */
int vfio_irqs_read(struct vfio_pci *vfio, struct vfio_irq_counts *ret, struct err *err);
extern const struct msix_source vfio_msix_source, vfio_msi_source;
int *vfio_no_fds(unsigned n); /* n times -1; caller frees */
/* The guest turned decoding on: from now on the device may raise INTx. */
void vfio_intx_arm(struct vfio_pci *vfio);
/* All interrupts down, nothing wired; INTx is armed again by the next vfio_intx_arm. */
void vfio_irqs_stop(struct vfio_pci *vfio);
void vfio_irqs_fini(struct vfio_pci *vfio);

/* --- reset.c --- */
/* The guest asked for a function reset through config space. pci_root lock held, on a vCPU. */
void vfio_guest_flr(struct vfio_pci *vfio);

/* --- peer.c; pci_root lock held --- */
/* After BARs, decoding or power may have changed: what other devices can reach follows. */
void vfio_peer_sync(struct vfio_pci *vfio);
/* Before the function stops decoding. */
void vfio_peer_drop(struct vfio_pci *vfio);

/* --- notify.c --- */
void vfio_notify_stop(struct vfio_pci *vfio);

/* Host address for messages: vfio_name(vfio).s */
static inline struct bdf_text vfio_name(const struct vfio_pci *vfio)
{
	return vfio->name;
}

static inline struct vfio_pci *vfio_of(const struct pci_func *func)
{
	return (struct vfio_pci *)func; /* func is the first member */
}

#endif
