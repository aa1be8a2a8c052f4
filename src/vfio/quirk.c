/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/quirk.h"

#include <linux/pci_regs.h>

#include "base/bytes.h"
#include "base/log.h"

#define NVIDIA 0x10de
#define ATI 0x1002
#define REALTEK 0x10ec
#define INTEL 0x8086

static bool is_nvidia_display(const struct vfio_pci *vfio, const struct vfio_snapshot *snap)
{
	(void)vfio;
	return vfio_is_display(snap);
}

/* Only what runs a VGA BIOS looks there; other functions keep these registers at full speed. */
static bool is_nvidia_vga(const struct vfio_pci *vfio, const struct vfio_snapshot *snap)
{
	(void)vfio;
	return vfio_is_vga(snap);
}

/* clang-format off */

/*
 * Where they are is known from the vendors' open drivers (nouveau: PPCI at 0x88000, in older devices
 * also at 0x1800; radeon: configuration aperture at 0x4000; r8169: EPHY and MSI-X access registers;
 * i915: GGC and BDSM copies in the GTTMMADR BAR).
 */
static const struct vfio_quirk quirks[] = {
	{ NVIDIA, VFIO_ANY_ID, { 0, { 0x88000, 0x1000 }, vfio_mirror_read, vfio_nvidia_mirror_write },
	  is_nvidia_display, "NVIDIA configuration space at BAR 0 0x88000" },
	{ NVIDIA, VFIO_ANY_ID, { 0, { 0x1800, 0x100 }, vfio_mirror_read, vfio_nvidia_mirror_write },
	  is_nvidia_vga, "NVIDIA configuration space at BAR 0 0x1800" },
	{ NVIDIA, VFIO_ANY_ID, { 5, { 0x0, 0x10 }, vfio_nvidia_index_read, vfio_nvidia_index_write },
	  vfio_nvidia_has_index, "NVIDIA index and data at BAR 5" },
	{ ATI, VFIO_ANY_ID, { 2, { 0x4000, 0x100 }, vfio_mirror_read, vfio_mirror_write },
	  vfio_amd_has_mirror, "Radeon configuration space at BAR 2 0x4000" },
	{ ATI, VFIO_ANY_ID, { 4, { 0x0, 0x8 }, vfio_amd_index_read, vfio_amd_index_write },
	  vfio_amd_has_index, "Radeon index and data at BAR 4" },
	{ REALTEK, 0x8168, { 2, { 0x70, 0x8 }, vfio_realtek_read, vfio_realtek_write },
	  vfio_realtek_has_window, "RTL8168 MSI-X table behind BAR 2 0x70" },
	{ INTEL, VFIO_ANY_ID, { 0, { 0x108040, 0x4 }, vfio_igd_stolen_read, NULL },
	  vfio_igd_is, "Intel graphics: GGC at BAR 0 0x108040" },
	{ INTEL, VFIO_ANY_ID, { 0, { 0x1080c0, 0x8 }, vfio_igd_stolen_read, NULL },
	  vfio_igd_is, "Intel graphics: BDSM at BAR 0 0x1080c0" },
};

/* clang-format on */

bool vfio_is_display(const struct vfio_snapshot *snap)
{
	return snap->at[PCI_CLASS_DEVICE + 1] == 0x03;
}

bool vfio_is_vga(const struct vfio_snapshot *snap)
{
	return le16_get(snap->at + PCI_CLASS_DEVICE) == 0x0300;
}

static bool is_for(const struct vfio_quirk *quirk, const struct vfio_pci *vfio,
		   const struct vfio_snapshot *snap)
{
	const struct vfio_window *window = &quirk->window;
	return quirk->vendor == le16_get(snap->at + PCI_VENDOR_ID) &&
	       (quirk->device == VFIO_ANY_ID ||
		quirk->device == le16_get(snap->at + PCI_DEVICE_ID)) &&
	       inside(window->at.start, window->at.size, vfio->region[window->bar].size) &&
	       (!quirk->applies || quirk->applies(vfio, snap));
}

void vfio_quirks_find(struct vfio_pci *vfio, const struct vfio_snapshot *snap)
{
	for (size_t i = 0; i < ARRAY_LEN(quirks); i++) {
		if (!is_for(&quirks[i], vfio, snap) || vfio->quirk.n == VFIO_WINDOWS_MAX)
			continue;
		vfio->quirk.window[vfio->quirk.n++] = &quirks[i].window;
		log_debug("%s: %s", vfio->name.s, quirks[i].name);
	}
}

void vfio_quirks_reset(struct vfio_pci *vfio)
{
	pthread_mutex_lock(&vfio->quirk.lock);
	memset(&vfio->quirk.index, 0, sizeof(vfio->quirk.index));
	pthread_mutex_unlock(&vfio->quirk.lock);
}

const struct vfio_window *vfio_window_at(const struct vfio_pci *vfio, unsigned bar, uint64_t off,
					 unsigned size)
{
	for (unsigned i = 0; i < vfio->quirk.n; i++) {
		const struct vfio_window *window = vfio->quirk.window[i];
		if (window->bar == bar && range_contains(window->at, off, size))
			return window;
	}
	return NULL;
}

/* --- mirrors --- */

uint64_t vfio_mirror_read(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			  unsigned size)
{
	if (size == 8)
		return vfio_mirror_read(vfio, window, off, 4) |
		       vfio_mirror_read(vfio, window, off + 4, 4) << 32;
	return pci_root_read(vfio->root, &vfio->func, (unsigned)off, size);
}

void vfio_mirror_write(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
		       unsigned size, uint64_t value)
{
	if (size == 8) {
		vfio_mirror_write(vfio, window, off, 4, (uint32_t)value);
		vfio_mirror_write(vfio, window, off + 4, 4, value >> 32);
		return;
	}
	pci_root_write(vfio->root, &vfio->func, (unsigned)off, size, (uint32_t)value);
}

/* --- the device's own --- */

uint64_t vfio_window_raw_read(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			      unsigned size)
{
	return vfio_bar_raw_read(&vfio->region[window->bar], window->at.start + off, size);
}

void vfio_window_raw_write(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			   unsigned size, uint64_t value)
{
	vfio_bar_raw_write(&vfio->region[window->bar], window->at.start + off, size, value);
}
