/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VFIO container with the type1v2 IOMMU (linux/vfio.h, Documentation/driver-api/vfio.rst): one
 * container per VM, one fd per IOMMU group however many of its functions are assigned.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "iommu/backend.h"
#include "iommu/infocap.h"
#include "iommu/uapi.h"

#define INFO_MAX 65536 /* of a GET_INFO answer; the kernel's are some hundred bytes */

struct t1_group {
	int number, fd;
	unsigned users; /* device fds open through it */
};

struct t1 {
	int container;  /* owned */
	bool has_iommu; /* SET_IOMMU done: true while a group is in the container */
	vec(struct t1_group) groups;
};

static struct t1 *t1_of(const struct iommu *iommu)
{
	return iommu->state;
}

static int check_container(int container, struct err *err)
{
	int version = iommu_container_version(container);
	if (version < 0)
		return err_errno(err, version, "/dev/vfio/vfio: VFIO_GET_API_VERSION");
	if (version != VFIO_API_VERSION)
		return err_set(err, -EPROTO, "/dev/vfio/vfio: API version %d, expected %d", version,
			       VFIO_API_VERSION);
	int has = iommu_container_has(container, VFIO_TYPE1v2_IOMMU);
	if (has < 0)
		return err_errno(err, has, "/dev/vfio/vfio: VFIO_CHECK_EXTENSION");
	if (!has)
		return err_set(
			err, -EOPNOTSUPP,
			"/dev/vfio/vfio: no type1v2 IOMMU; load the module vfio_iommu_type1");
	return 0;
}

static int t1_open(struct iommu *iommu, struct err *err)
{
	autoclose int container = iommu_container_open(iommu->host->dev);
	if (container < 0) {
		err_errno(err, container, "open /dev/vfio/vfio");
		err_hint(err,
			 "load the module vfio-pci, and run as root or with access to the node");
		return container;
	}
	int r = check_container(container, err);
	if (r < 0)
		return r;
	struct t1 *t1 = calloc(1, sizeof(*t1));
	if (!t1)
		return err_errno(err, -ENOMEM, "IOMMU state");
	t1->container = take_fd(&container);
	iommu->state = t1;
	return 0;
}

static void forget_group(struct iommu *iommu, struct t1_group *group)
{
	struct t1 *t1 = t1_of(iommu);
	iommu_announce(iommu, group->fd, false, NULL);
	close_fd(&group->fd);
	*group = t1->groups.at[--t1->groups.n];
	/* The kernel drops the IOMMU and its mappings with the last group. */
	if (t1->groups.n == 0) {
		t1->has_iommu = false;
		iommu->mapped_bytes = 0;
		iommu->n_maps = 0;
	}
}

static void t1_close(struct iommu *iommu)
{
	struct t1 *t1 = t1_of(iommu);
	if (!t1)
		return;
	while (t1->groups.n)
		forget_group(iommu, &t1->groups.at[t1->groups.n - 1]);
	vec_free(&t1->groups);
	close_fd(&t1->container);
	free(t1);
	iommu->state = NULL;
}

/* Why a group did not get into the container; what the host shows decides between readings. */
static int join_refused(const struct iommu *iommu, const struct pci_dev *dev, const char *call,
			int code, struct err *err)
{
	if (iommu_blamed_on_group(iommu, dev, err))
		return -EINVAL;
	if (code == -EPERM)
		return iommu_no_intremap(iommu, dev, "vfio_iommu_type1", err);
	err_errno(err, code, "%s: IOMMU group %d: %s", bdf_text(dev->bdf).s, dev->group, call);
	if (code == -EINVAL)
		err_hint(err,
			 "firmware may have reserved memory for this device (RMRR): see "
			 "/sys/kernel/iommu_groups/%d/reserved_regions",
			 dev->group);
	else if (code == -EBUSY)
		err_hint(err, "another process uses the group");
	return code;
}

static int check_viable(const struct iommu *iommu, const struct pci_dev *dev, int fd,
			struct err *err)
{
	uint32_t flags;
	int r = iommu_group_flags(fd, &flags);
	if (r < 0)
		return err_errno(err, r, "%s: IOMMU group %d: VFIO_GROUP_GET_STATUS",
				 bdf_text(dev->bdf).s, dev->group);
	if (flags & VFIO_GROUP_FLAGS_VIABLE || iommu_blamed_on_group(iommu, dev, err))
		return flags & VFIO_GROUP_FLAGS_VIABLE ? 0 : -EINVAL;
	return err_set(err, -EINVAL,
		       "%s: IOMMU group %d is not viable: some device in it is on a host driver",
		       bdf_text(dev->bdf).s, dev->group);
}

static int join(struct iommu *iommu, const struct pci_dev *dev, int fd, struct err *err)
{
	struct t1 *t1 = t1_of(iommu);
	int r = check_viable(iommu, dev, fd, err);
	if (r < 0)
		return r;
	r = iommu_group_join(fd, t1->container);
	if (r < 0)
		return join_refused(iommu, dev, "VFIO_GROUP_SET_CONTAINER", r, err);
	if (t1->has_iommu)
		return 0;
	r = iommu_container_set(t1->container, VFIO_TYPE1v2_IOMMU);
	if (r < 0)
		return join_refused(iommu, dev, "VFIO_SET_IOMMU", r, err);
	t1->has_iommu = true;
	return 0;
}

static struct t1_group *find_group(struct t1 *t1, int number)
{
	for (size_t i = 0; i < t1->groups.n; i++)
		if (t1->groups.at[i].number == number)
			return &t1->groups.at[i];
	return NULL;
}

static int add_group(struct iommu *iommu, const struct pci_dev *dev, struct t1_group **ret_group,
		     struct err *err)
{
	struct t1 *t1 = t1_of(iommu);
	char node[32];
	snprintf(node, sizeof(node), "/dev/vfio/%d", dev->group);
	autoclose int fd = iommu_group_open(iommu->host->dev, dev->group);
	if (fd < 0) {
		iommu_node_refused(iommu, dev, node, fd, err);
		return fd;
	}
	struct t1_group *group = vec_push(&t1->groups);
	if (!group) {
		err_errno(err, -ENOMEM, "IOMMU group %d", dev->group);
		return -ENOMEM;
	}
	int r = join(iommu, dev, fd, err);
	if (r == 0)
		r = iommu_announce(iommu, fd, true, err);
	if (r < 0) {
		t1->groups.n--;
		t1->has_iommu = t1->has_iommu && t1->groups.n;
		return r;
	}
	*group = (struct t1_group){ .number = dev->group, .fd = take_fd(&fd) };
	*ret_group = group;
	return 0;
}

static const char *token_of(const struct iommu *iommu, const struct pci_dev *dev)
{
	return iommu->vf_token ? iommu->vf_token(iommu->vf_token_ctx, dev) : NULL;
}

/* The name that the kernel takes for the device: its address, and the token after it. */
static int open_device(const struct iommu *iommu, int group_fd, const struct pci_dev *dev)
{
	const char *token = token_of(iommu, dev);
	char name[96];
	snprintf(name, sizeof(name), "%s%s%.40s", bdf_text(dev->bdf).s, token ? " vf_token=" : "",
		 token ? token : "");
	return iommu_group_device(group_fd, name);
}

static int device_refused(const struct iommu *iommu, const struct pci_dev *dev, int code,
			  struct err *err)
{
	bool has_token = token_of(iommu, dev) != NULL;
	err_errno(err, code, "%s: VFIO_GROUP_GET_DEVICE_FD", bdf_text(dev->bdf).s);
	if (code == -ENODEV)
		err_hint(err, "the device is not bound to vfio-pci");
	else if (code == -EBUSY)
		err_hint(err, "another process has the device open");
	else if (code == -EACCES && has_token)
		err_hint(err, "vf_token is not the one that the user of its physical function has set");
	else if (code == -EACCES)
		err_hint(err, "its physical function is on vfio-pci too and asks for a VF token");
	else if (code == -EINVAL && has_token)
		err_hint(err, "only an SR-IOV device on vfio-pci, or a VF of one, takes a vf_token");
	return code;
}

static int t1_attach(struct iommu *iommu, const struct pci_dev *dev, int *ret_device_fd,
		     struct err *err)
{
	struct t1_group *group = find_group(t1_of(iommu), dev->group);
	int r = group ? 0 : add_group(iommu, dev, &group, err);
	if (r < 0)
		return r;
	int fd = open_device(iommu, group->fd, dev);
	if (fd < 0) {
		if (!group->users)
			forget_group(iommu, group);
		return device_refused(iommu, dev, fd, err);
	}
	group->users++;
	*ret_device_fd = fd;
	return 0;
}

static void t1_detach(struct iommu *iommu, const struct pci_dev *dev, int device_fd)
{
	struct t1_group *group = find_group(t1_of(iommu), dev->group);
	(void)device_fd;
	if (group && --group->users == 0)
		forget_group(iommu, group);
}

/* GET_INFO with as much room as the kernel asks for. Caller frees. */
static int read_info(int container, struct vfio_iommu_type1_info **ret_info)
{
	uint32_t size = 512;
	for (int tries = 0; tries < 3; tries++) {
		autofree struct vfio_iommu_type1_info *info = calloc(1, size);
		if (!info)
			return -ENOMEM;
		info->argsz = size;
		int r = iommu_container_info(container, info);
		if (r < 0)
			return r;
		if (info->argsz <= size) {
			info->argsz = size;
			*ret_info = take_ptr(&info);
			return 0;
		}
		size = info->argsz;
		if (size > INFO_MAX)
			return -EOVERFLOW;
	}
	return -EAGAIN;
}

static int t1_usable(struct iommu *iommu, struct range *ret_ranges, size_t max, size_t *ret_n)
{
	autofree struct vfio_iommu_type1_info *info = NULL;
	int r = read_info(t1_of(iommu)->container, &info);
	if (r < 0)
		return r;
	size_t len = 0, n = 0;
	struct vfio_iommu_type1_info_cap_iova_range head = { .nr_iovas = 0 };
	const char *cap = NULL;
	if (info->flags & VFIO_IOMMU_INFO_CAPS)
		cap = (const char *)info_cap_find(info, info->argsz, info->cap_offset,
						  VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE,
						  sizeof(head), &len);
	if (!cap) /* before Linux 5.4: everything, as far as anybody can tell */
		ret_ranges[n++] = iommu_span(0, UINT64_MAX);
	else
		memcpy(&head, cap, sizeof(head));
	size_t there = cap ? (len - sizeof(head)) / sizeof(struct vfio_iova_range) : 0;
	for (size_t i = 0; i < head.nr_iovas && i < there && n < max; i++) {
		struct vfio_iova_range range;
		memcpy(&range, cap + sizeof(head) + i * sizeof(range), sizeof(range));
		if (range.end >= range.start)
			ret_ranges[n++] = iommu_span(range.start, range.end);
	}
	*ret_n = n;
	return n ? 0 : -ENOENT;
}

static int t1_map(struct iommu *iommu, uint64_t iova, void *hva, uint64_t size, bool write)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | (write ? VFIO_DMA_MAP_FLAG_WRITE : 0),
		.vaddr = (uintptr_t)hva,
		.iova = iova,
		.size = size,
	};
	return iommu_container_map(t1_of(iommu)->container, &map);
}

static int t1_unmap(struct iommu *iommu, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = size,
	};
	int r = iommu_container_unmap(t1_of(iommu)->container, &unmap);
	if (r < 0)
		return r;
	return unmap.size == size ? 0 : -ENOENT;
}

static int t1_group_fd(struct iommu *iommu, int group)
{
	const struct t1_group *found = find_group(t1_of(iommu), group);
	return found ? found->fd : -ENOENT;
}

const struct iommu_ops iommu_type1_ops = {
	.name = "type1",
	.open = t1_open,
	.close = t1_close,
	.attach = t1_attach,
	.detach = t1_detach,
	.usable = t1_usable,
	.map = t1_map,
	.unmap = t1_unmap,
	.group_fd = t1_group_fd,
};
