/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One typed function per system call of the IOMMU back ends: VFIO container and group, iommufd and
 * VFIO device cdevs. Nothing else in the program makes these calls; unit tests link
 * tests/fake/fake_vfio.c in place of uapi.c and make any of them fail. All return 0 or a
 * non-negative result, or -errno. Sources: linux/vfio.h, linux/iommufd.h,
 * Documentation/driver-api/vfio.rst.
 */
#ifndef BULKHEAD_IOMMU_UAPI_H
#define BULKHEAD_IOMMU_UAPI_H

#include <linux/vfio.h>
#include <stdint.h>

#include "base/compat.h"

int iommu_container_open(int dev_dirfd); /* fd of /dev/vfio/vfio */
int iommu_container_version(int container_fd);
int iommu_container_has(int container_fd, uint32_t extension); /* 0 or 1 */
int iommu_container_set(int container_fd, uint32_t type);
int iommu_container_info(int container_fd, struct vfio_iommu_type1_info *info); /* argsz in, out */
int iommu_container_map(int container_fd, const struct vfio_iommu_type1_dma_map *map);
int iommu_container_unmap(int container_fd, struct vfio_iommu_type1_dma_unmap *unmap);

int iommu_group_open(int dev_dirfd, int group); /* fd of /dev/vfio/N */
int iommu_group_flags(int group_fd, uint32_t *ret_flags);
int iommu_group_join(int group_fd, int container_fd);
int iommu_group_device(int group_fd, const char *name); /* device fd; name is a BDF */

int iommu_fd_open(int dev_dirfd);                     /* fd of /dev/iommu */
int iommu_cdev_open(int dev_dirfd, const char *name); /* fd of /dev/vfio/devices/NAME */
int iommu_cdev_bind(int device_fd, int iommufd);
int iommu_cdev_attach(int device_fd, uint32_t ioas);
int iommu_cdev_detach(int device_fd);
int iommu_ioas_alloc(int iommufd, uint32_t *ret_ioas);
int iommu_ioas_ranges(int iommufd, struct iommu_ioas_iova_ranges *ranges);
int iommu_ioas_map(int iommufd, const struct iommu_ioas_map *map);
int iommu_ioas_unmap(int iommufd, struct iommu_ioas_unmap *unmap);

#endif
