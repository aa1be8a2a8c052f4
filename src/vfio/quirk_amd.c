/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Radeon display adapters whose registers are in BAR 2: the configuration space is at 0x4000 of
 * them, and reached by index and data ports in BAR 4 too. From Sea Islands on BAR 2 has the
 * doorbells, and what looks like the same place is another process's: those have no such window.
 */
#include <linux/pci_regs.h>

#include "base/bytes.h"
#include "vfio/quirk.h"

#define MIRROR 0x4000u
#define PORT_ADDRESS 0x0
#define PORT_DATA 0x4

/* Registers are not prefetchable; doorbells are. */
bool vfio_amd_has_mirror(const struct vfio_pci *vfio, const struct vfio_snapshot *snap)
{
	(void)vfio;
	uint32_t bar2 = le32_get(snap->at + PCI_BASE_ADDRESS_2);
	return vfio_is_vga(snap) && !(bar2 & PCI_BASE_ADDRESS_SPACE_IO) &&
	       (bar2 & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64 &&
	       !(bar2 & PCI_BASE_ADDRESS_MEM_PREFETCH);
}

bool vfio_amd_has_index(const struct vfio_pci *vfio, const struct vfio_snapshot *snap)
{
	return vfio_amd_has_mirror(vfio, snap) &&
	       snap->at[PCI_BASE_ADDRESS_4] & PCI_BASE_ADDRESS_SPACE_IO;
}

/* Offset in configuration space that the data port reaches now; -1 = another register. */
static int reached(struct vfio_pci *vfio)
{
	pthread_mutex_lock(&vfio->quirk.lock);
	uint32_t address = vfio->quirk.index.address;
	pthread_mutex_unlock(&vfio->quirk.lock);
	return address >= MIRROR && address - MIRROR < PCIE_CFG_SIZE ? (int)(address - MIRROR) : -1;
}

uint64_t vfio_amd_index_read(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			     unsigned size)
{
	int cfg = off >= PORT_DATA ? reached(vfio) : -1;
	if (cfg < 0)
		return vfio_window_raw_read(vfio, window, off, size);
	return vfio_mirror_read(vfio, window, (unsigned)cfg + (off - PORT_DATA), size);
}

void vfio_amd_index_write(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			  unsigned size, uint64_t value)
{
	int cfg = off >= PORT_DATA ? reached(vfio) : -1;
	if (cfg >= 0) {
		vfio_mirror_write(vfio, window, (unsigned)cfg + (off - PORT_DATA), size, value);
		return;
	}
	if (off == PORT_ADDRESS) {
		pthread_mutex_lock(&vfio->quirk.lock);
		vfio->quirk.index.address = (uint32_t)value;
		pthread_mutex_unlock(&vfio->quirk.lock);
	}
	vfio_window_raw_write(vfio, window, off, size, value);
}
