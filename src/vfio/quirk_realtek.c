/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTL8168: a data and an address register in BAR 2 through which the driver reaches what is not in
 * the BAR, the MSI-X table among it. The table is the guest's own, so accesses to it end there.
 */
#include "base/bytes.h"
#include "vfio/quirk.h"

#define REG_DATA 0x0    /* of the window: BAR 2 0x70 */
#define REG_ADDRESS 0x4 /* 0x74 */

/* Address: bit 31 to write, bits 30:16 what is reached (1 = MSI-X table), bits 11:0 where. */
#define ADDRESS_WRITE 0x80000000u
#define ADDRESS_KIND 0x7fff0000u
#define ADDRESS_MSIX 0x00010000u
#define ADDRESS_OFFSET 0x00000fffu

bool vfio_realtek_has_window(const struct vfio_pci *vfio, const struct vfio_snapshot *snap)
{
	(void)snap;
	return vfio->msix.n > 0;
}

static struct vfio_index index_now(struct vfio_pci *vfio)
{
	pthread_mutex_lock(&vfio->quirk.lock);
	struct vfio_index index = vfio->quirk.index;
	pthread_mutex_unlock(&vfio->quirk.lock);
	return index;
}

static bool is_table(const struct vfio_index *index)
{
	return (index->address & ADDRESS_KIND) == ADDRESS_MSIX;
}

static bool in_table(const struct vfio_pci *vfio, uint32_t off)
{
	return inside(off, 4, (uint64_t)vfio->msix.n * MSIX_ENTRY_SIZE);
}

/* The bit toggles when the access is done, which it is at once. */
uint64_t vfio_realtek_read(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			   unsigned size)
{
	const struct vfio_index index = index_now(vfio);
	uint32_t at = index.address & ADDRESS_OFFSET;
	if (size != 4 || !is_table(&index))
		return vfio_window_raw_read(vfio, window, off, size);
	if (off == REG_ADDRESS)
		return index.address ^ ADDRESS_WRITE;
	return in_table(vfio, at) ? msix_table_read(&vfio->msix, at, 4) : UINT32_MAX;
}

static void set_address(struct vfio_pci *vfio, uint32_t value)
{
	pthread_mutex_lock(&vfio->quirk.lock);
	vfio->quirk.index.address = value;
	const struct vfio_index index = vfio->quirk.index;
	pthread_mutex_unlock(&vfio->quirk.lock);
	uint32_t at = value & ADDRESS_OFFSET;
	if (is_table(&index) && value & ADDRESS_WRITE && in_table(vfio, at))
		msix_table_write(&vfio->msix, at, 4, index.data);
}

void vfio_realtek_write(struct vfio_pci *vfio, const struct vfio_window *window, uint64_t off,
			unsigned size, uint64_t value)
{
	if (size == 4 && off == REG_ADDRESS) {
		set_address(vfio, (uint32_t)value);
		/* What the guest put into the data register is no business of the real table's. */
		if (((uint32_t)value & ADDRESS_KIND) == ADDRESS_MSIX)
			return;
	}
	if (size == 4 && off == REG_DATA) {
		pthread_mutex_lock(&vfio->quirk.lock);
		vfio->quirk.index.data = (uint32_t)value;
		pthread_mutex_unlock(&vfio->quirk.lock);
	}
	vfio_window_raw_write(vfio, window, off, size, value);
}
