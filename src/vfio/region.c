/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "iommu/infocap.h"
#include "vfio/parts.h"
#include "vfio/uapi.h"

#define REGION_INFO_ROOM 512 /* enough for what vfio-pci says in practice: one call per region */
#define REGION_INFO_MAX 65536
#define SPECIFIC_MAX 64 /* regions that are looked through for one of the device's own */

/* Caller frees *ret_info, whose argsz is what it really holds. */
static int read_info(struct vfio_pci *vfio, unsigned index, struct vfio_region_info **ret_info)
{
	uint32_t room = REGION_INFO_ROOM;
	for (int tries = 0; tries < 3; tries++) {
		autofree struct vfio_region_info *info = calloc(1, room);
		if (!info)
			return -ENOMEM;
		info->argsz = room;
		info->index = index;
		int r = vfio_region_info(vfio->fd, info);
		if (r < 0)
			return r;
		if (info->argsz <= room) {
			info->argsz = room;
			*ret_info = take_ptr(&info);
			return 0;
		}
		room = info->argsz;
		if (room > REGION_INFO_MAX)
			return -EOVERFLOW;
	}
	return -EAGAIN;
}

static int read_region(struct vfio_pci *vfio, unsigned index, struct err *err)
{
	autofree struct vfio_region_info *info = NULL;
	int r = read_info(vfio, index, &info);
	if (r < 0)
		return err_errno(err, r, "%s: region %u", vfio_name(vfio).s, index);
	if (!inside(info->offset, info->size, INT64_MAX))
		return err_set(err, -EPROTO, "%s: region %u has impossible bounds",
			       vfio_name(vfio).s, index);
	struct vfio_region *region = &vfio->region[index];
	region->size = info->size;
	region->offset = info->offset;
	region->flags = info->flags;
	region->vfio = vfio;
	return 0;
}

int vfio_regions_read(struct vfio_pci *vfio, struct err *err)
{
	for (unsigned i = 0; i <= VFIO_PCI_CONFIG_REGION_INDEX; i++) {
		if (i == VFIO_PCI_ROM_REGION_INDEX)
			continue; /* vfio/rom.c asks: to answer, the kernel reads the ROM */
		int r = read_region(vfio, i, err);
		if (r < 0)
			return r;
	}
	uint64_t size = vfio->region[VFIO_PCI_CONFIG_REGION_INDEX].size;
	if (size < PCI_CFG_SIZE)
		return err_set(err, -EPROTO, "%s: config space of %" PRIu64 " bytes",
			       vfio_name(vfio).s, size);
	return 0;
}

static bool is_of_type(const struct vfio_region_info *info, uint32_t type, uint32_t subtype)
{
	struct vfio_region_info_cap_type cap;
	size_t len = 0;
	const void *at = info->flags & VFIO_REGION_INFO_FLAG_CAPS
				 ? info_cap_find(info, info->argsz, info->cap_offset,
						 VFIO_REGION_INFO_CAP_TYPE, sizeof(cap), &len)
				 : NULL;
	if (!at)
		return false;
	memcpy(&cap, at, sizeof(cap));
	return cap.type == type && cap.subtype == subtype;
}

int vfio_region_find(struct vfio_pci *vfio, uint32_t type, uint32_t subtype,
		     struct vfio_region *ret)
{
	struct vfio_device_info device;
	int r = vfio_device_info(vfio->fd, &device);
	unsigned end = r ? 0 : (unsigned)min_u64(device.num_regions, SPECIFIC_MAX);
	for (unsigned i = VFIO_PCI_NUM_REGIONS; !r && i < end; i++) {
		autofree struct vfio_region_info *info = NULL;
		r = read_info(vfio, i, &info);
		if (r || !is_of_type(info, type, subtype) ||
		    !inside(info->offset, info->size, INT64_MAX))
			continue;
		*ret = (struct vfio_region){ .size = info->size, .offset = info->offset,
					     .flags = info->flags, .vfio = vfio };
		return 0;
	}
	return r ? r : -ENOENT;
}

/* The extended part only where there is something in it: each of its dwords is a bus cycle. */
int vfio_snapshot_read(struct vfio_pci *vfio, struct vfio_snapshot *ret, struct err *err)
{
	const struct vfio_region *region = &vfio->region[VFIO_PCI_CONFIG_REGION_INDEX];
	memset(ret, 0, sizeof(*ret));
	ret->size = region->size >= PCIE_CFG_SIZE ? PCIE_CFG_SIZE : PCI_CFG_SIZE;
	int r = vfio_read(vfio->fd, ret->at, PCI_CFG_SIZE, region->offset);
	if (!r && ret->size == PCIE_CFG_SIZE)
		r = vfio_read(vfio->fd, ret->at + PCI_CFG_SIZE, 4, region->offset + PCI_CFG_SIZE);
	uint32_t first = le32_get(ret->at + PCI_CFG_SIZE);
	if (!r && first && first != UINT32_MAX)
		r = vfio_read(vfio->fd, ret->at + PCI_CFG_SIZE, PCIE_CFG_SIZE - PCI_CFG_SIZE,
			      region->offset + PCI_CFG_SIZE);
	if (r < 0)
		return err_errno(err, r, "%s: reading config space", vfio_name(vfio).s);
	if (le32_get(ret->at) == UINT32_MAX)
		return err_set(
			err, -EIO,
			"%s does not answer: config space reads all-ones; the device may have "
			"fallen off the bus or be without power",
			vfio_name(vfio).s);
	return 0;
}

static int by_offset(const void *a, const void *b)
{
	const struct range *x = a, *y = b;
	return x->start < y->start ? -1 : x->start > y->start;
}

/* Whole pages inside [0, size), ascending; areas that overlap an earlier one are dropped. */
static size_t tidy(struct range *areas, size_t n, uint64_t size)
{
	size_t kept = 0;
	uint64_t end = 0;
	qsort(areas, n, sizeof(areas[0]), by_offset);
	for (size_t i = 0; i < n; i++) {
		struct range a = areas[i];
		if (!a.size || (a.start | a.size) % PAGE_4K || !inside(a.start, a.size, size) ||
		    a.start < end)
			continue;
		end = a.start + a.size;
		areas[kept++] = a;
	}
	return kept;
}

static size_t sparse_areas(const struct vfio_region_info *info, struct range *ret, size_t max,
			   bool *ret_sparse)
{
	struct vfio_region_info_cap_sparse_mmap head;
	struct vfio_region_sparse_mmap_area area;
	size_t len = 0, n = 0;
	const char *cap =
		(const char *)info_cap_find(info, info->argsz, info->cap_offset,
					    VFIO_REGION_INFO_CAP_SPARSE_MMAP, sizeof(head), &len);
	*ret_sparse = cap != NULL;
	if (!cap)
		return 0;
	memcpy(&head, cap, sizeof(head));
	size_t there = (len - sizeof(head)) / sizeof(area);
	for (size_t i = 0; i < head.nr_areas && i < there && n < max; i++) {
		memcpy(&area, cap + sizeof(head) + i * sizeof(area), sizeof(area));
		ret[n++] = (struct range){ area.offset, area.size };
	}
	return n;
}

size_t vfio_region_areas(struct vfio_pci *vfio, unsigned i, struct range *ret, size_t max)
{
	const struct vfio_region *region = &vfio->region[i];
	if (!(region->flags & VFIO_REGION_INFO_FLAG_MMAP) || !max)
		return 0;
	if (region->flags & VFIO_REGION_INFO_FLAG_CAPS) {
		autofree struct vfio_region_info *info = NULL;
		bool sparse;
		if (read_info(vfio, i, &info) < 0)
			return 0; /* trapped: slow, but right */
		size_t n = sparse_areas(info, ret, max, &sparse);
		if (sparse)
			return tidy(ret, n, region->size);
	}
	/* A BAR below a page: the kernel reserved the rest of the page when it says MMAP. */
	ret[0] = (struct range){ 0, align_up(region->size, PAGE_4K) };
	return 1;
}
