/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The expansion ROM: read-only pages that hold a copy of a file's or the device's image. The device
 * is only asked when the guest first enables the ROM, because reading it takes one slow bus cycle
 * for every four bytes and a guest that boots directly never looks.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "pci/rom_image.h"
#include "vfio/parts.h"
#include "vfio/uapi.h"

#define ROM_MAX ROM_IMAGE_MAX
#define ROM_MIN (2 * KIB)

/* ROMs that must not be shown. */
static const struct {
	uint16_t vendor, device;
	const char *why;
} bad_roms[] = {
	{ 0x14e4, 0x168e, "BCM57810: a guest that runs it hangs" },
};

static bool is_bad(const struct vfio_pci *vfio)
{
	for (size_t i = 0; i < ARRAY_LEN(bad_roms); i++) {
		if (bad_roms[i].vendor != vfio->dev->vendor ||
		    bad_roms[i].device != vfio->dev->device)
			continue;
		log_warn("%s: its option ROM is hidden (%s)", vfio->name.s, bad_roms[i].why);
		return true;
	}
	return false;
}

/* --- trapped accesses: where there can be no read-only slot --- */

static uint64_t rom_read(void *ctx, uint64_t off, unsigned size)
{
	const struct vfio_pci *vfio = ctx;
	return inside(off, size, vfio->rom.size) ? le_get(vfio->rom.image + off, size)
						 : all_ones(size);
}

static const struct bus_ops rom_ops = { .read = rom_read };

static int make_bar(struct vfio_pci *vfio, uint64_t size, struct err *err)
{
	int r = pci_bar_set(&vfio->func, PCI_ROM_BAR, BAR_ROM, false, size);
	if (r < 0)
		return err_set(err, r, "%s: an option ROM of 0x%llx bytes cannot be", vfio->name.s,
			       (unsigned long long)size);
	vfio->rom.image = vfio_pages(align_up(size, PAGE_4K));
	if (!vfio->rom.image)
		return err_errno(err, -ENOMEM, "%s: memory for the option ROM", vfio->name.s);
	vfio->rom.size = size;
	struct pci_bar *bar = &vfio->func.bar[PCI_ROM_BAR];
	bar->n_pieces = 1;
	bar->piece[0] = (struct bar_piece){
		.len = size,
		.hva = vfio->rom.image,
		.read_only = true,
		.ops = &rom_ops,
		.ctx = vfio,
	};
	return 0;
}

/* --- from a file --- */

static int check_image(const struct vfio_pci *vfio, const uint8_t *image, size_t size,
		       struct err *err)
{
	const struct rom_owner owner = { .vendor = vfio->dev->vendor,
					 .device = vfio->dev->device };
	struct rom_fault faults[ROM_FAULTS_MAX];
	struct rom_image rom;
	int r = rom_image_read(&rom, image, size, err);
	if (r) {
		err_prefix(err, "%s: %s", vfio->name.s, vfio->config.rom_path);
		return r;
	}
	unsigned n = rom_image_faults(&rom, &owner, faults);
	for (unsigned i = 0; i < n; i++)
		log_warn("%s: %s: image %u: %s", vfio->name.s, vfio->config.rom_path,
			 faults[i].part + 1, faults[i].text);
	return 0;
}

static int from_file(struct vfio_pci *vfio, struct err *err)
{
	autofree void *data = NULL;
	size_t size = 0;
	int r = file_load(vfio->config.rom_path, ROM_MAX, &data, &size);
	if (r < 0)
		return err_errno(err, r, "%s: option ROM %s", vfio->name.s, vfio->config.rom_path);
	r = check_image(vfio, data, size, err);
	if (r == 0)
		r = make_bar(vfio, max_u64(pow2_ceil(size), ROM_MIN), err);
	if (r < 0)
		return r;
	memset(vfio->rom.image, 0xff, align_up(vfio->rom.size, PAGE_4K));
	memcpy(vfio->rom.image, data, size);
	vfio->rom.complete = true;
	return 0;
}

/* --- from the device --- */

static int from_device(struct vfio_pci *vfio, struct err *err)
{
	struct vfio_region_info info = { .argsz = sizeof(info),
					 .index = VFIO_PCI_ROM_REGION_INDEX };
	int r = vfio_region_info(vfio->fd, &info);
	/* No ROM is the usual case; one that cannot be had is no reason to refuse the device. */
	if (r < 0 || !info.size || !inside(info.offset, info.size, INT64_MAX))
		return 0;
	struct vfio_region *region = &vfio->region[VFIO_PCI_ROM_REGION_INDEX];
	*region = (struct vfio_region){
		.size = info.size,
		.offset = info.offset,
		.flags = info.flags,
		.vfio = vfio,
	};
	if (info.size > ROM_MAX || pow2_ceil(info.size) != info.size || info.size < ROM_MIN) {
		log_warn("%s: option ROM of %llu bytes left out", vfio->name.s,
			 (unsigned long long)info.size);
		return 0;
	}
	return make_bar(vfio, info.size, err);
}

int vfio_rom_build(struct vfio_pci *vfio, struct err *err)
{
	if (vfio->config.rom_off)
		return 0;
	if (vfio->config.rom_path)
		return from_file(vfio, err);
	return is_bad(vfio) ? 0 : from_device(vfio, err);
}

void vfio_rom_fini(struct vfio_pci *vfio)
{
	vfio_unmap(vfio->rom.image, align_up(vfio->rom.size, PAGE_4K));
	memset(&vfio->rom, 0, sizeof(vfio->rom));
	memset(&vfio->func.bar[PCI_ROM_BAR], 0, sizeof(vfio->func.bar[PCI_ROM_BAR]));
}

/* The kernel reads it through the real BAR, so memory decoding must be on. */
void vfio_rom_wrote(struct vfio_pci *vfio)
{
	if (!vfio->rom.image || vfio->rom.complete || vfio->rom.tried || vfio->asleep ||
	    !(vfio->command & PCI_COMMAND_MEMORY) ||
	    !(vfio->func.val[PCI_ROM_ADDRESS] & PCI_ROM_ADDRESS_ENABLE))
		return;
	const struct vfio_region *region = &vfio->region[VFIO_PCI_ROM_REGION_INDEX];
	vfio->rom.tried = true;
	int r = vfio_read(vfio->fd, vfio->rom.image, vfio->rom.size, region->offset);
	vfio->rom.complete = r == 0;
	if (r == 0)
		return;
	memset(vfio->rom.image, 0xff, vfio->rom.size);
	log_warn("%s: reading its option ROM: %s; give a file with rom = \"PATH\"", vfio->name.s,
		 strerror(-r));
}
