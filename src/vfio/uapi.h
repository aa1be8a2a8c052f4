/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One typed function per system call on a VFIO device fd, and those that make what such an fd is
 * given (eventfds, address space for BARs). Nothing else in vfio/ makes system calls; unit tests
 * link tests/fake/fake_vfio.c in place of uapi.c and make any of them fail. All return 0 or a
 * non-negative result, or -errno. Source: linux/vfio.h.
 */
#ifndef BULKHEAD_VFIO_UAPI_H
#define BULKHEAD_VFIO_UAPI_H

#include <linux/vfio.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compat.h"

int vfio_device_info(int fd, struct vfio_device_info *ret_info);
int vfio_region_info(int fd, struct vfio_region_info *info); /* argsz and index in, all out */
int vfio_irq_info(int fd, uint32_t index, struct vfio_irq_info *ret_info);

/*
 * VFIO_DEVICE_SET_IRQS: vectors [start, start + count) of `index` signal fds[i], -1 = nobody.
 * count 1..2048. A positive result: only so many vectors can be had, none was set.
 */
int vfio_irqs_trigger(int fd, uint32_t index, uint32_t start, uint32_t count, const int *fds);
int vfio_irqs_disable(int fd, uint32_t index);
/* Signalling unmask_fd unmasks interrupt 0 of `index`. */
int vfio_irqs_unmask_by(int fd, uint32_t index, int unmask_fd);

int vfio_device_reset(int fd);
int vfio_hot_reset_info(int fd, struct vfio_pci_hot_reset_info *info); /* argsz in; -ENOSPC */
int vfio_hot_reset(int fd, const int *group_fds, uint32_t n);          /* n <= 256, 0 for cdevs */

/* One pread or pwrite of exactly `size` bytes; -EIO when it was short. */
int vfio_read(int fd, void *to, size_t size, uint64_t at);
int vfio_write(int fd, const void *from, size_t size, uint64_t at);

/* Address space with nothing in it; NULL with errno. */
void *vfio_reserve(size_t size);
/* Puts [at_fd, at_fd + size) of the device over reserved space. */
int vfio_map_over(int fd, void *at, size_t size, int prot, uint64_t at_fd);
/* Zeroed pages of our own, taken from the host when first touched; NULL with errno. */
void *vfio_pages(size_t size);
void vfio_unmap(void *at, size_t size); /* any of them; NULL ok */

int vfio_eventfd(void); /* non-blocking, close-on-exec */
/* Reads an eventfd empty; 0 also when it was. */
void vfio_eventfd_drain(int event_fd);

#endif
