/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/uapi.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define IRQS_MAX 2048 /* vectors an MSI-X table can have (PCIe 6.0 §7.7.2.2) */
#define GROUPS_MAX 256

static int result(int r)
{
	return r < 0 ? -errno : r;
}

int vfio_device_info(int fd, struct vfio_device_info *ret_info)
{
	memset(ret_info, 0, sizeof(*ret_info));
	ret_info->argsz = sizeof(*ret_info);
	return result(ioctl(fd, VFIO_DEVICE_GET_INFO, ret_info));
}

int vfio_region_info(int fd, struct vfio_region_info *info)
{
	return result(ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, info));
}

int vfio_irq_info(int fd, uint32_t index, struct vfio_irq_info *ret_info)
{
	*ret_info = (struct vfio_irq_info){ .argsz = sizeof(*ret_info), .index = index };
	return result(ioctl(fd, VFIO_DEVICE_GET_IRQ_INFO, ret_info));
}

static int set_irqs(int fd, uint32_t flags, uint32_t index, uint32_t start, uint32_t count,
		    const int *fds)
{
	union {
		struct vfio_irq_set set;
		char room[sizeof(struct vfio_irq_set) + IRQS_MAX * sizeof(int32_t)];
	} u;
	size_t data = fds ? count * sizeof(int32_t) : 0;
	if (count > IRQS_MAX)
		return -EINVAL;
	u.set = (struct vfio_irq_set){
		.argsz = (uint32_t)(sizeof(u.set) + data),
		.flags = flags,
		.index = index,
		.start = start,
		.count = count,
	};
	if (data)
		memcpy(u.room + sizeof(u.set), fds, data);
	return result(ioctl(fd, VFIO_DEVICE_SET_IRQS, &u.set));
}

int vfio_irqs_trigger(int fd, uint32_t index, uint32_t start, uint32_t count, const int *fds)
{
	return set_irqs(fd, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, index, start,
			count, fds);
}

int vfio_irqs_disable(int fd, uint32_t index)
{
	return set_irqs(fd, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, index, 0, 0,
			NULL);
}

int vfio_irqs_unmask_by(int fd, uint32_t index, int unmask_fd)
{
	return set_irqs(fd, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK, index, 0, 1,
			&unmask_fd);
}

int vfio_device_reset(int fd)
{
	return result(ioctl(fd, VFIO_DEVICE_RESET));
}

int vfio_hot_reset_info(int fd, struct vfio_pci_hot_reset_info *info)
{
	return result(ioctl(fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info));
}

int vfio_hot_reset(int fd, const int *group_fds, uint32_t n)
{
	union {
		struct vfio_pci_hot_reset reset;
		char room[sizeof(struct vfio_pci_hot_reset) + GROUPS_MAX * sizeof(int32_t)];
	} u;
	if (n > GROUPS_MAX)
		return -E2BIG;
	size_t data = n * sizeof(int32_t);
	u.reset = (struct vfio_pci_hot_reset){
		.argsz = (uint32_t)(sizeof(u.reset) + data),
		.count = n,
	};
	if (data)
		memcpy(u.room + sizeof(u.reset), group_fds, data);
	return result(ioctl(fd, VFIO_DEVICE_PCI_HOT_RESET, &u.reset));
}

int vfio_read(int fd, void *to, size_t size, uint64_t at)
{
	ssize_t n = pread(fd, to, size, (off_t)at);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EIO;
}

int vfio_write(int fd, const void *from, size_t size, uint64_t at)
{
	ssize_t n = pwrite(fd, from, size, (off_t)at);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EIO;
}

void *vfio_reserve(size_t size)
{
	void *at = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return at == MAP_FAILED ? NULL : at;
}

int vfio_map_over(int fd, void *at, size_t size, int prot, uint64_t at_fd)
{
	void *got = mmap(at, size, prot, MAP_SHARED | MAP_FIXED, fd, (off_t)at_fd);
	return got == MAP_FAILED ? -errno : 0;
}

void *vfio_pages(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return at == MAP_FAILED ? NULL : at;
}

void vfio_unmap(void *at, size_t size)
{
	if (at)
		munmap(at, size);
}

int vfio_eventfd(void)
{
	return result(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

void vfio_eventfd_drain(int event_fd)
{
	uint64_t count;
	while (read(event_fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}
