/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that show their configuration space a second time, in a BAR or behind an index and a data
 * register. Such a mirror has the host's addresses in it, and a driver that programs the device
 * through it would program the host's view: so accesses to it become accesses to the guest's
 * configuration space. quirk.c has the table; one file per family has the windows' functions.
 * Private to this folder.
 *
 * Legacy VGA ports, which have such windows too, are not given to guests.
 */
#ifndef BULKHEAD_VFIO_QUIRK_H
#define BULKHEAD_VFIO_QUIRK_H

#include "vfio/parts.h"

/* A part of a BAR that is trapped and answered by these. `off` is from the window's start. */
struct vfio_window {
	unsigned bar;
	struct range at; /* in the BAR */
	/* Any vCPU, no lock held; the access lies inside. 1, 2, 4 or 8 bytes. */
	uint64_t (*read)(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			 unsigned size);
	void (*write)(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
		      unsigned size, uint64_t value);
};

/* One row of the table. */
struct vfio_quirk {
	uint16_t vendor, device; /* VFIO_ANY_ID = every one of the vendor's */
	struct vfio_window window;
	/* Whether this very device has it; BARs are not built yet. NULL = yes. */
	bool (*applies)(const struct vfio_pci *vfio, const struct vfio_snapshot *snap);
	const char *name;
};

#define VFIO_ANY_ID 0xffff

/* After regions, config space and interrupts are known, before the BARs are built. */
void vfio_quirks_find(struct vfio_pci *vfio, const struct vfio_snapshot *snap);
/* Registers that the guest has set to power-on. */
void vfio_quirks_reset(struct vfio_pci *vfio);
/* The window that [off, off + size) of a BAR lies in; NULL = none. */
const struct vfio_window *vfio_window_at(const struct vfio_pci *vfio, unsigned bar, uint64_t off,
					 unsigned size);

/* A display controller, class 03; VGA compatible, 0300. */
bool vfio_is_display(const struct vfio_snapshot *snap);
bool vfio_is_vga(const struct vfio_snapshot *snap);

/* A window that is the configuration space itself from offset 0 on. */
uint64_t vfio_mirror_read(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			  unsigned size);
void vfio_mirror_write(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
		       unsigned size, uint64_t value);

/* The device's own register at `off` of the window. */
uint64_t vfio_window_raw_read(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			      unsigned size);
void vfio_window_raw_write(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			   unsigned size, uint64_t value);

/* --- quirk_nvidia.c --- */
void vfio_nvidia_mirror_write(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			      unsigned size, uint64_t value);
uint64_t vfio_nvidia_index_read(struct vfio_pci *vfio, const struct vfio_window *window,
				uint64_t off, unsigned size);
void vfio_nvidia_index_write(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			     unsigned size, uint64_t value);
bool vfio_nvidia_has_index(const struct vfio_pci *vfio, const struct vfio_snapshot *snap);

/* --- quirk_amd.c --- */
bool vfio_amd_has_mirror(const struct vfio_pci *vfio, const struct vfio_snapshot *snap);
bool vfio_amd_has_index(const struct vfio_pci *vfio, const struct vfio_snapshot *snap);
uint64_t vfio_amd_index_read(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			     unsigned size);
void vfio_amd_index_write(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			  unsigned size, uint64_t value);

/* --- quirk_realtek.c --- */
bool vfio_realtek_has_window(const struct vfio_pci *vfio, const struct vfio_snapshot *snap);
uint64_t vfio_realtek_read(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			   unsigned size);
void vfio_realtek_write(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			unsigned size, uint64_t value);

/* --- quirk_intel.c: the processor's graphics --- */
bool vfio_igd_is(const struct vfio_pci *vfio, const struct vfio_snapshot *snap);
uint64_t vfio_igd_stolen_read(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			      unsigned size);

#endif
