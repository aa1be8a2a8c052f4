/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IOMMU half of fake_vfio.h: groups, container, iommufd. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/range.h"
#include "fake/fake_vfio.h"
#include "iommu/uapi.h"

static int new_fd(void)
{
	return eventfd(0, EFD_CLOEXEC);
}

/* --- groups and container --- */

int iommu_container_open(int dev_dirfd)
{
	(void)dev_dirfd;
	int r = fake_vfio_enter("container_open", -1, 0, 0);
	if (r)
		return r;
	fake_vfio.container = new_fd();
	fake_vfio.iommu_set = false;
	fake_vfio.n_maps = 0;
	fake_vfio.pinned = 0;
	return fake_vfio.container;
}

int iommu_container_version(int container_fd)
{
	int r = fake_vfio_enter("container_version", container_fd, 0, 0);
	return r ? r : fake_vfio.api_version;
}

int iommu_container_has(int container_fd, uint32_t extension)
{
	int r = fake_vfio_enter("container_has", container_fd, extension, 0);
	return r ? r : fake_vfio.has_type1v2;
}

int iommu_container_set(int container_fd, uint32_t type)
{
	int r = fake_vfio_enter("container_set", container_fd, type, 0);
	if (r)
		return r;
	if (fake_vfio.iommu_set)
		return -EBUSY;
	if (fake_vfio.no_intremap)
		return -EPERM;
	fake_vfio.iommu_set = true;
	return 0;
}

int iommu_container_info(int container_fd, struct vfio_iommu_type1_info *info)
{
	uint32_t room = info->argsz, at = 24, n = fake_vfio.n_apertures;
	int r = fake_vfio_enter("container_info", container_fd, room, 0);
	if (r)
		return r;
	if (!fake_vfio.iommu_set)
		return -EINVAL;
	info->argsz = at + (n ? 16 + 16 * n : 0);
	info->flags = VFIO_IOMMU_INFO_PGSIZES | (n ? VFIO_IOMMU_INFO_CAPS : 0);
	info->iova_pgsizes = 0x1000;
	if (!n || info->argsz > room)
		return 0;
	uint64_t body[1 + 8] = { n };
	memcpy(body + 1, fake_vfio.aperture, 16 * n);
	fake_vfio_put_cap((char *)info, at, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, body, 8 + 16 * n);
	memset((char *)info + at + 4, 0, 4);
	info->cap_offset = at;
	return 0;
}

static bool mappable(uint64_t iova, uint64_t size)
{
	for (unsigned i = 0; i < fake_vfio.n_apertures; i++)
		if (iova >= fake_vfio.aperture[i][0] && iova + size - 1 <= fake_vfio.aperture[i][1])
			return true;
	return !fake_vfio.n_apertures;
}

static int map(uint64_t iova, void *hva, uint64_t size, bool write)
{
	if (!size || (iova | size | (uintptr_t)hva) % PAGE_4K || !mappable(iova, size))
		return -EINVAL;
	for (unsigned i = 0; i < fake_vfio.n_maps; i++)
		if (range_overlaps((struct range){ fake_vfio.map[i].iova, fake_vfio.map[i].size },
				   (struct range){ iova, size }))
			return -EEXIST;
	if (fake_vfio.n_maps >= fake_vfio.max_maps)
		return -ENOSPC;
	if (size > fake_vfio.memlock - fake_vfio.pinned)
		return -ENOMEM;
	fake_vfio.pinned += size;
	fake_vfio.map[fake_vfio.n_maps++] = (struct fake_map){ iova, size, hva, write };
	return 0;
}

static uint64_t unmap(uint64_t iova, uint64_t size)
{
	for (unsigned i = 0; i < fake_vfio.n_maps; i++) {
		if (fake_vfio.map[i].iova != iova || fake_vfio.map[i].size != size)
			continue;
		fake_vfio.map[i] = fake_vfio.map[--fake_vfio.n_maps];
		fake_vfio.pinned -= size;
		return size;
	}
	return 0;
}

int iommu_container_map(int container_fd, const struct vfio_iommu_type1_dma_map *m)
{
	int r = fake_vfio_enter("container_map", container_fd, m->iova, m->size);
	if (r)
		return r;
	if (!fake_vfio.iommu_set)
		return -EINVAL;
	return map(m->iova, (void *)(uintptr_t)m->vaddr, m->size,
		   m->flags & VFIO_DMA_MAP_FLAG_WRITE);
}

int iommu_container_unmap(int container_fd, struct vfio_iommu_type1_dma_unmap *u)
{
	int r = fake_vfio_enter("container_unmap", container_fd, u->iova, u->size);
	if (r)
		return r;
	u->size = unmap(u->iova, u->size);
	return 0;
}

int iommu_group_open(int dev_dirfd, int group)
{
	(void)dev_dirfd;
	int r = fake_vfio_enter("group_open", -1, (uint64_t)group, 0);
	if (r)
		return r;
	for (unsigned i = 0; i < fake_vfio.n_devices; i++) {
		if (fake_vfio.device[i].group != group)
			continue;
		int fd = new_fd();
		if (fake_vfio.n_groups < FAKE_GROUPS) {
			fake_vfio.group[fake_vfio.n_groups].fd = fd;
			fake_vfio.group[fake_vfio.n_groups++].number = group;
		}
		return fd;
	}
	return -ENOENT;
}

int iommu_group_flags(int group_fd, uint32_t *ret_flags)
{
	int r = fake_vfio_enter("group_flags", group_fd, 0, 0);
	if (r)
		return r;
	*ret_flags = fake_vfio.not_viable ? 0 : VFIO_GROUP_FLAGS_VIABLE;
	return 0;
}

int iommu_group_join(int group_fd, int container_fd)
{
	int r = fake_vfio_enter("group_join", group_fd, (uint64_t)container_fd, 0);
	if (r)
		return r;
	if (container_fd != fake_vfio.container)
		return -EBADF;
	return fake_vfio.iommu_set && fake_vfio.no_intremap ? -EPERM : 0;
}

static int open_device(struct fake_device *dev)
{
	int fd = memfd_create("vfio-device", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, (off_t)8 << 40))
		return -ENOMEM;
	dev->fd = fd;
	return fd;
}

int iommu_group_device(int group_fd, const char *name)
{
	struct bdf bdf;
	int r = fake_vfio_enter("group_device", group_fd, 0, 0);
	if (r)
		return r;
	if (!fake_vfio.iommu_set)
		return -EINVAL;
	const char *token = strstr(name, " vf_token=");
	char address[BDF_TEXT_MAX];
	snprintf(address, sizeof(address), "%.*s", (int)strcspn(name, " "), name);
	for (unsigned i = 0; i < fake_vfio.n_devices; i++) {
		struct fake_device *dev = &fake_vfio.device[i];
		if (bdf_parse(address, &bdf) != 0 || !bdf_equal(bdf, dev->bdf))
			continue;
		if (!dev->vf_token)
			return token ? -EINVAL : open_device(dev);
		if (!token || strcmp(token + strlen(" vf_token="), dev->vf_token) != 0)
			return -EACCES;
		return open_device(dev);
	}
	return -ENODEV;
}

/* --- iommufd --- */

int iommu_fd_open(int dev_dirfd)
{
	(void)dev_dirfd;
	int r = fake_vfio_enter("iommufd_open", -1, 0, 0);
	if (r)
		return r;
	fake_vfio.n_maps = 0;
	fake_vfio.pinned = 0;
	return fake_vfio.iommufd = new_fd();
}

int iommu_cdev_open(int dev_dirfd, const char *name)
{
	(void)dev_dirfd;
	int r = fake_vfio_enter("cdev_open", -1, 0, 0);
	if (r)
		return r;
	for (unsigned i = 0; i < fake_vfio.n_devices; i++)
		if (!strcmp(name, fake_vfio.device[i].cdev))
			return open_device(&fake_vfio.device[i]);
	return -ENOENT;
}

int iommu_cdev_bind(int device_fd, int iommufd)
{
	int r = fake_vfio_enter("cdev_bind", device_fd, (uint64_t)iommufd, 0);
	if (r)
		return r;
	if (iommufd != fake_vfio.iommufd)
		return -EBADF;
	return fake_vfio.no_intremap ? -EPERM : fake_vfio.not_viable ? -EINVAL : 0;
}

int iommu_cdev_attach(int device_fd, uint32_t ioas)
{
	int r = fake_vfio_enter("cdev_attach", device_fd, ioas, 0);
	if (r)
		return r;
	fake_vfio_of_fd(device_fd)->attached = true;
	return 0;
}

int iommu_cdev_detach(int device_fd)
{
	int r = fake_vfio_enter("cdev_detach", device_fd, 0, 0);
	if (r)
		return r;
	fake_vfio_of_fd(device_fd)->attached = false;
	return 0;
}

int iommu_ioas_alloc(int iommufd, uint32_t *ret_ioas)
{
	int r = fake_vfio_enter("ioas_alloc", iommufd, 0, 0);
	if (r)
		return r;
	*ret_ioas = 7;
	return 0;
}

int iommu_ioas_ranges(int iommufd, struct iommu_ioas_iova_ranges *ranges)
{
	int r = fake_vfio_enter("ioas_ranges", iommufd, 0, 0);
	if (r)
		return r;
	struct iommu_iova_range *out = (void *)(uintptr_t)ranges->allowed_iovas;
	uint32_t room = ranges->num_iovas;
	for (uint32_t i = 0; i < fake_vfio.n_apertures && i < room; i++)
		out[i] = (struct iommu_iova_range){ fake_vfio.aperture[i][0],
						    fake_vfio.aperture[i][1] };
	ranges->num_iovas = fake_vfio.n_apertures;
	return fake_vfio.n_apertures > room ? -EMSGSIZE : 0;
}

int iommu_ioas_map(int iommufd, const struct iommu_ioas_map *m)
{
	int r = fake_vfio_enter("ioas_map", iommufd, m->iova, m->length);
	if (r)
		return r;
	if (m->ioas_id != 7 || !(m->flags & IOMMU_IOAS_MAP_FIXED_IOVA))
		return -ENOENT;
	return map(m->iova, (void *)(uintptr_t)m->user_va, m->length,
		   m->flags & IOMMU_IOAS_MAP_WRITEABLE);
}

int iommu_ioas_unmap(int iommufd, struct iommu_ioas_unmap *u)
{
	int r = fake_vfio_enter("ioas_unmap", iommufd, u->iova, u->length);
	if (r)
		return r;
	u->length = unmap(u->iova, u->length);
	return u->length ? 0 : -ENOENT;
}
