/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NVIDIA display adapters: the configuration space is in the register BAR, and in BAR 5 there are
 * four ports that reach any register of it: two switches, an index and the data.
 */
#include <linux/pci_regs.h>

#include "base/bytes.h"
#include "base/log.h"
#include "vfio/cfg_table.h"
#include "vfio/quirk.h"

/* Ports of BAR 5. */
#define PORT_MASTER 0x0
#define PORT_ENABLE 0x4
#define PORT_ADDRESS 0x8
#define PORT_DATA 0xc

/*
 * After an MSI the driver writes into the identifier of the MSI capability, through the mirror: to
 * the device that is the word to send the next one. Configuration space proper ignores such a
 * write.
 */
static bool is_msi_ack(const struct vfio_pci *vfio, uint64_t off, unsigned size)
{
	return vfio->msi_cap &&
	       range_contains((struct range){ vfio->msi_cap, PCI_MSI_FLAGS }, off, size);
}

void vfio_nvidia_mirror_write(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			      unsigned size, uint64_t value)
{
	if (is_msi_ack(vfio, off, size))
		vfio_window_raw_write(vfio, window, off, size, value);
	else
		vfio_mirror_write(vfio, window, off, size, value);
}

bool vfio_nvidia_has_index(const struct vfio_pci *vfio, const struct vfio_snapshot *snap)
{
	(void)vfio;
	return vfio_is_vga(snap) && snap->at[PCI_BASE_ADDRESS_5] & PCI_BASE_ADDRESS_SPACE_IO;
}

/* Offset in configuration space that the data port reaches now; -1 = another register. */
static int reached(struct vfio_pci *vfio)
{
	pthread_mutex_lock(&vfio->quirk.lock);
	const struct vfio_index index = vfio->quirk.index;
	pthread_mutex_unlock(&vfio->quirk.lock);
	if (!(index.master & 1) || !(index.enable & 1))
		return -1;
	if (range_contains((struct range){ 0x88000, 0x1000 }, index.address, 1))
		return (int)(index.address - 0x88000);
	if (range_contains((struct range){ 0x1800, 0x100 }, index.address, 1))
		return (int)(index.address - 0x1800);
	return -1;
}

uint64_t vfio_nvidia_index_read(struct vfio_pci *vfio, const struct vfio_window *window,
				uint64_t off, unsigned size)
{
	int cfg = off >= PORT_DATA ? reached(vfio) : -1;
	if (cfg < 0)
		return vfio_window_raw_read(vfio, window, off, size);
	return vfio_mirror_read(vfio, window, (unsigned)cfg + (off - PORT_DATA), size);
}

static void remember(struct vfio_pci *vfio, uint64_t port, uint32_t value)
{
	struct vfio_index *index = &vfio->quirk.index;
	pthread_mutex_lock(&vfio->quirk.lock);
	if (port == PORT_MASTER)
		index->master = value;
	else if (port == PORT_ENABLE)
		index->enable = value;
	else if (port == PORT_ADDRESS)
		index->address = value;
	pthread_mutex_unlock(&vfio->quirk.lock);
}

void vfio_nvidia_index_write(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			     unsigned size, uint64_t value)
{
	int cfg = off >= PORT_DATA ? reached(vfio) : -1;
	if (cfg >= 0) {
		vfio_mirror_write(vfio, window, (unsigned)cfg + (off - PORT_DATA), size, value);
		return;
	}
	remember(vfio, off, (uint32_t)value);
	vfio_window_raw_write(vfio, window, off, size, value);
}

/* --- GPUDirect --- */

#define NVIDIA 0x10de
#define CLASS_DISPLAY 0x03

/* Where the driver looks for it: the second place is for devices that have MSI-X at the first. */
static const uint8_t clique_places[] = { 0xc8, 0xd4 };
#define CLIQUE_LEN 8

bool vfio_can_clique(const struct pci_dev *dev)
{
	return dev->vendor == NVIDIA && dev->class_code >> 16 == CLASS_DISPLAY;
}

/* No capability of the device's begins there, or reaches there by what is known of its length. */
static bool is_free(const struct vfio_pci *vfio, const struct vfio_snapshot *snap, unsigned place)
{
	struct pci_cap caps[PCI_CFG_SIZE / 4];
	size_t n = pci_cap_list(snap->at, snap->size, caps, ARRAY_LEN(caps));
	for (size_t i = 0; i < n; i++) {
		const struct cap_row *row = vfio_cap_row((uint8_t)caps[i].id);
		struct range cap = { caps[i].off, row->len ? row->len : 2 };
		if (caps[i].id == PCI_CAP_ID_MSI && vfio->msi_cap)
			cap.size = vfio_msi_length(snap->at + caps[i].off);
		if (range_overlaps(cap, (struct range){ place, CLIQUE_LEN }))
			return false;
	}
	return true;
}

/*
 * A vendor capability of eight bytes: "P2P", then version 0 in bits 2:0 and the clique in bits 6:3
 * (NVIDIA's "GPUDirect with KVM passthrough" note, as QEMU and its driver know it).
 */
void vfio_nvidia_add_clique(struct vfio_pci *vfio, const struct vfio_snapshot *snap)
{
	struct pci_func *func = &vfio->func;
	unsigned i = 0;
	if (!vfio->config.clique || !vfio_is_display(snap) ||
	    le16_get(snap->at + PCI_VENDOR_ID) != NVIDIA)
		return;
	while (i < ARRAY_LEN(clique_places) && !is_free(vfio, snap, clique_places[i]))
		i++;
	if (i == ARRAY_LEN(clique_places)) {
		log_warn("%s: no room for the capability that says its GPUDirect clique",
			 vfio->name.s);
		return;
	}
	unsigned at = clique_places[i];
	pci_cfg_set(func, at + 2, 2, CLIQUE_LEN | 'P' << 8);
	pci_cfg_set(func, at + 4, 4, '2' | 'P' << 8 | (vfio->config.clique - 1) << 19);
	pci_cfg_writable(func, at, 4, 0);
	pci_cfg_writable(func, at + 4, 4, 0);
	if (pci_cfg_add_cap(func, PCI_CAP_ID_VNDR, at, CLIQUE_LEN))
		log_warn("%s: its GPUDirect clique cannot be shown", vfio->name.s);
}
