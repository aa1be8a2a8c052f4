/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iommufd (linux/iommufd.h): one I/O address space per VM, and each device a character device of
 * its own that is bound to it. No groups to open; the kernel still checks that they are viable.
 * Huge pages are the IOAS's default.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "core/pci_path.h"
#include "iommu/backend.h"
#include "iommu/uapi.h"

struct fd_state {
	int iommufd;   /* owned */
	uint32_t ioas; /* goes away with iommufd */
};

static struct fd_state *state_of(const struct iommu *iommu)
{
	return iommu->state;
}

static int fd_open(struct iommu *iommu, struct err *err)
{
	autoclose int iommufd = iommu_fd_open(iommu->host->dev);
	if (iommufd < 0) {
		err_errno(err, iommufd, "open /dev/iommu");
		err_hint(err, "the kernel needs CONFIG_IOMMUFD; `--iommu type1` does without");
		return iommufd;
	}
	uint32_t ioas = 0;
	int r = iommu_ioas_alloc(iommufd, &ioas);
	if (r < 0)
		return err_errno(err, r, "/dev/iommu: IOMMU_IOAS_ALLOC");
	struct fd_state *state = calloc(1, sizeof(*state));
	if (!state)
		return err_errno(err, -ENOMEM, "IOMMU state");
	state->iommufd = take_fd(&iommufd);
	state->ioas = ioas;
	iommu->state = state;
	return 0;
}

static void fd_close(struct iommu *iommu)
{
	struct fd_state *state = state_of(iommu);
	if (!state)
		return;
	close_fd(&state->iommufd);
	free(state);
	iommu->state = NULL;
}

/* The name below /dev/vfio/devices: from the snapshot, else from sysfs, as binding is recent. */
static int cdev_name(const struct iommu *iommu, const struct pci_dev *dev, char *ret, size_t size)
{
	uint64_t number;
	if (dev->vfio_cdev[0])
		return snprintf(ret, size, "%s", dev->vfio_cdev) < (int)size ? 0 : -ENAMETOOLONG;
	autoclose int fd = openat(iommu->host->sys, pci_path(dev->bdf, "vfio-dev").s,
				  O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	autodir DIR *dir = fdopendir(fd);
	if (!dir)
		return -errno;
	take_fd(&fd);
	for (struct dirent *e; (e = readdir(dir));)
		if (!strncmp(e->d_name, "vfio", 4) && parse_u64(e->d_name + 4, &number) == 0)
			return snprintf(ret, size, "%s", e->d_name) < (int)size ? 0 : -ENAMETOOLONG;
	return -ENOENT;
}

static int open_cdev(const struct iommu *iommu, const struct pci_dev *dev, struct err *err)
{
	char name[NAME_MAX_SHORT], node[NAME_MAX_SHORT + 32];
	int r = cdev_name(iommu, dev, name, sizeof(name));
	if (r < 0) {
		err_errno(err, r, "%s: no VFIO character device", bdf_text(dev->bdf).s);
		err_hint(err, "the device is not bound to vfio-pci, or the kernel lacks "
			      "CONFIG_VFIO_DEVICE_CDEV (`--iommu type1` does without)");
		return r;
	}
	snprintf(node, sizeof(node), "/dev/vfio/devices/%s", name);
	int fd = iommu_cdev_open(iommu->host->dev, name);
	if (fd < 0)
		iommu_node_refused(iommu, dev, node, fd, err);
	return fd;
}

static int bind_refused(const struct iommu *iommu, const struct pci_dev *dev, const char *call,
			int code, struct err *err)
{
	if (iommu_blamed_on_group(iommu, dev, err))
		return -EINVAL;
	if (code == -EPERM)
		return iommu_no_intremap(iommu, dev, "iommufd", err);
	err_errno(err, code, "%s: %s", bdf_text(dev->bdf).s, call);
	if (code == -EBUSY)
		err_hint(err, "another process uses the device or its IOMMU group %d", dev->group);
	else if (code == -EINVAL)
		err_hint(err,
			 "firmware may have reserved memory for this device (RMRR): see "
			 "/sys/kernel/iommu_groups/%d/reserved_regions",
			 dev->group);
	return code;
}

/* KVM is told first: a device is opened by BIND, and its VM must be known by then (vfio.rst). */
static int fd_attach(struct iommu *iommu, const struct pci_dev *dev, int *ret_device_fd,
		     struct err *err)
{
	struct fd_state *state = state_of(iommu);
	autoclose int fd = open_cdev(iommu, dev, err);
	if (fd < 0)
		return fd;
	int r = iommu_announce(iommu, fd, true, err);
	if (r < 0)
		return r;
	r = iommu_cdev_bind(fd, state->iommufd);
	if (r < 0)
		r = bind_refused(iommu, dev, "VFIO_DEVICE_BIND_IOMMUFD", r, err);
	else if ((r = iommu_cdev_attach(fd, state->ioas)) < 0)
		r = bind_refused(iommu, dev, "VFIO_DEVICE_ATTACH_IOMMUFD_PT", r, err);
	if (r < 0) {
		iommu_announce(iommu, fd, false, NULL);
		return r;
	}
	*ret_device_fd = take_fd(&fd);
	return 0;
}

static void fd_detach(struct iommu *iommu, const struct pci_dev *dev, int device_fd)
{
	(void)dev;
	iommu_cdev_detach(device_fd);
	iommu_announce(iommu, device_fd, false, NULL);
}

static int fd_usable(struct iommu *iommu, struct range *ret_ranges, size_t max, size_t *ret_n)
{
	struct iommu_iova_range at[IOMMU_MAX_RANGES];
	struct iommu_ioas_iova_ranges query = {
		.ioas_id = state_of(iommu)->ioas,
		.num_iovas = IOMMU_MAX_RANGES,
		.allowed_iovas = (uintptr_t)at,
	};
	int r = iommu_ioas_ranges(state_of(iommu)->iommufd, &query);
	if (r < 0 && r != -EMSGSIZE) /* more than there is room for: those that fit are good */
		return r;
	size_t n = 0;
	for (size_t i = 0; i < query.num_iovas && i < IOMMU_MAX_RANGES && n < max; i++)
		if (at[i].last >= at[i].start)
			ret_ranges[n++] = iommu_span(at[i].start, at[i].last);
	*ret_n = n;
	return n ? 0 : -ENOENT;
}

static int fd_map(struct iommu *iommu, uint64_t iova, void *hva, uint64_t size, bool write)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 (write ? IOMMU_IOAS_MAP_WRITEABLE : 0),
		.ioas_id = state_of(iommu)->ioas,
		.user_va = (uintptr_t)hva,
		.length = size,
		.iova = iova,
	};
	int r = iommu_ioas_map(state_of(iommu)->iommufd, &map);
	return r == -EFAULT ? -EOPNOTSUPP : r; /* device memory has no pages to pin here */
}

static int fd_unmap(struct iommu *iommu, uint64_t iova, uint64_t size)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = state_of(iommu)->ioas,
		.iova = iova,
		.length = size,
	};
	int r = iommu_ioas_unmap(state_of(iommu)->iommufd, &unmap);
	if (r < 0)
		return r;
	return unmap.length == size ? 0 : -ENOENT;
}

const struct iommu_ops iommu_fd_ops = {
	.name = "iommufd",
	.open = fd_open,
	.close = fd_close,
	.attach = fd_attach,
	.detach = fd_detach,
	.usable = fd_usable,
	.map = fd_map,
	.unmap = fd_unmap,
};
