/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/uapi.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>

static int result(int r)
{
	return r < 0 ? -errno : r;
}

static int open_node(int dev_dirfd, const char *path)
{
	return result(openat(dev_dirfd, path, O_RDWR | O_CLOEXEC));
}

int iommu_container_open(int dev_dirfd)
{
	return open_node(dev_dirfd, "vfio/vfio");
}

int iommu_container_version(int container_fd)
{
	return result(ioctl(container_fd, VFIO_GET_API_VERSION));
}

int iommu_container_has(int container_fd, uint32_t extension)
{
	return result(ioctl(container_fd, VFIO_CHECK_EXTENSION, (unsigned long)extension));
}

int iommu_container_set(int container_fd, uint32_t type)
{
	return result(ioctl(container_fd, VFIO_SET_IOMMU, (unsigned long)type));
}

int iommu_container_info(int container_fd, struct vfio_iommu_type1_info *info)
{
	return result(ioctl(container_fd, VFIO_IOMMU_GET_INFO, info));
}

int iommu_container_map(int container_fd, const struct vfio_iommu_type1_dma_map *map)
{
	return result(ioctl(container_fd, VFIO_IOMMU_MAP_DMA, map));
}

int iommu_container_unmap(int container_fd, struct vfio_iommu_type1_dma_unmap *unmap)
{
	return result(ioctl(container_fd, VFIO_IOMMU_UNMAP_DMA, unmap));
}

int iommu_group_open(int dev_dirfd, int group)
{
	char path[32];
	snprintf(path, sizeof(path), "vfio/%d", group);
	return open_node(dev_dirfd, path);
}

int iommu_group_flags(int group_fd, uint32_t *ret_flags)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int r = result(ioctl(group_fd, VFIO_GROUP_GET_STATUS, &status));
	if (r < 0)
		return r;
	*ret_flags = status.flags;
	return 0;
}

int iommu_group_join(int group_fd, int container_fd)
{
	return result(ioctl(group_fd, VFIO_GROUP_SET_CONTAINER, &container_fd));
}

int iommu_group_device(int group_fd, const char *name)
{
	return result(ioctl(group_fd, VFIO_GROUP_GET_DEVICE_FD, name));
}

int iommu_fd_open(int dev_dirfd)
{
	return open_node(dev_dirfd, "iommu");
}

int iommu_cdev_open(int dev_dirfd, const char *name)
{
	char path[96];
	int n = snprintf(path, sizeof(path), "vfio/devices/%s", name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	return open_node(dev_dirfd, path);
}

int iommu_cdev_bind(int device_fd, int iommufd)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind), .iommufd = iommufd };
	return result(ioctl(device_fd, VFIO_DEVICE_BIND_IOMMUFD, &bind));
}

int iommu_cdev_attach(int device_fd, uint32_t ioas)
{
	/* The first three words only: later kernels take longer structures, never shorter ones. */
	struct vfio_device_attach_iommufd_pt attach = { .argsz = 12, .pt_id = ioas };
	return result(ioctl(device_fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach));
}

int iommu_cdev_detach(int device_fd)
{
	struct vfio_device_detach_iommufd_pt detach = { .argsz = 8 };
	return result(ioctl(device_fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach));
}

int iommu_ioas_alloc(int iommufd, uint32_t *ret_ioas)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	int r = result(ioctl(iommufd, IOMMU_IOAS_ALLOC, &alloc));
	if (r < 0)
		return r;
	*ret_ioas = alloc.out_ioas_id;
	return 0;
}

int iommu_ioas_ranges(int iommufd, struct iommu_ioas_iova_ranges *ranges)
{
	ranges->size = sizeof(*ranges);
	return result(ioctl(iommufd, IOMMU_IOAS_IOVA_RANGES, ranges));
}

int iommu_ioas_map(int iommufd, const struct iommu_ioas_map *map)
{
	return result(ioctl(iommufd, IOMMU_IOAS_MAP, map));
}

int iommu_ioas_unmap(int iommufd, struct iommu_ioas_unmap *unmap)
{
	return result(ioctl(iommufd, IOMMU_IOAS_UNMAP, unmap));
}
