/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NVIDIA display adapters: the configuration space is in the register BAR, and in BAR 5 there are
 * four ports that reach any register of it: two switches, an index and the data.
 */
#include <linux/pci_regs.h>

#include "base/bytes.h"
#include "vfio/quirk.h"

/* Ports of BAR 5. */
#define PORT_MASTER 0x0
#define PORT_ENABLE 0x4
#define PORT_ADDRESS 0x8
#define PORT_DATA 0xc

/*
 * After an MSI the driver writes into the identifier of the MSI capability, through the mirror: to
 * the device that is the word to send the next one. Configuration space proper ignores such a write.
 */
static bool is_msi_ack(const struct vfio_pci *vfio, uint64_t off, unsigned size)
{
	return vfio->msi_cap && range_contains((struct range){ vfio->msi_cap, PCI_MSI_FLAGS }, off,
					       size);
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
	return vfio_is_vga(snap) &&
	       snap->at[PCI_BASE_ADDRESS_5] & PCI_BASE_ADDRESS_SPACE_IO;
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
