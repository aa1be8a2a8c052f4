/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IOMMU side of device assignment: one address space per VM, devices attached to it, guest RAM
 * mapped once. Two real back ends behind one interface: the VFIO container (type1v2) and iommufd
 * with VFIO device cdevs; which one is the host's choice or the user's (`--iommu`).
 * Order of use: open, attach every device, map, then start vCPUs; close undoes all of it.
 */
#ifndef BULKHEAD_IOMMU_IOMMU_H
#define BULKHEAD_IOMMU_IOMMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/range.h"
#include "core/host.h"
#include "core/inventory.h"

enum iommu_kind { IOMMU_AUTO, IOMMU_TYPE1, IOMMU_FD };

struct iommu;

struct iommu_ops {
	const char *name; /* "type1", "iommufd" */
	int (*open)(struct iommu *iommu, struct err *err);
	void (*close)(struct iommu *iommu);
	int (*attach)(struct iommu *iommu, const struct pci_dev *dev, int *ret_device_fd,
		      struct err *err);
	void (*detach)(struct iommu *iommu, const struct pci_dev *dev, int device_fd);
	int (*usable)(struct iommu *iommu, struct range *ret_ranges, size_t max, size_t *ret_n);
	int (*map)(struct iommu *iommu, uint64_t iova, void *hva, uint64_t size, bool write);
	int (*unmap)(struct iommu *iommu, uint64_t iova, uint64_t size);
	int (*group_fd)(struct iommu *iommu, int group); /* NULL: devices are held one by one */
};

#define IOMMU_MAX_RANGES 64 /* usable IOVA ranges remembered; hosts have two to four */

struct iommu {
	const struct iommu_ops *ops;
	const struct host *host; /* borrowed */
	bool unsafe_interrupts;  /* the profile accepts missing interrupt remapping */
	/* Called with each group or device fd before a device is opened through it (KVM-VFIO). */
	int (*on_vfio_fd)(void *ctx, int fd, bool add, struct err *err);
	void *on_vfio_fd_ctx;
	/*
	 * The VF token that a device is opened with, a UUID as text; NULL = none. The kernel asks for it
	 * where a PF is on vfio-pci (linux/vfio.h, VFIO_DEVICE_FEATURE_PCI_VF_TOKEN). type1 only.
	 * May be NULL.
	 */
	const char *(*vf_token)(void *ctx, const struct pci_dev *dev);
	void *vf_token_ctx;
	void *state;                           /* of the back end; owned */
	struct range usable[IOMMU_MAX_RANGES]; /* cached; an attach empties it */
	size_t n_usable;                       /* 0 = not read yet */
	uint64_t mapped_bytes;                 /* for status and leak tests */
	unsigned n_maps;                       /* live mappings */
	unsigned long map_calls;               /* system calls made to map, ever */
};

/*
 * Which back end AUTO means here: iommufd when the host has it for every device bound to vfio-pci,
 * else type1. IOMMU_AUTO with a text when the host lacks the one wanted, or both.
 */
enum iommu_kind iommu_choose(enum iommu_kind wanted, const struct inventory *inv, struct err *err);

/*
 * `kind` is TYPE1 or FD. Nothing is attached yet. `iommu` is zeroed by the caller, who sets
 * unsafe_interrupts and on_vfio_fd before the first attach. Once vCPUs run, it belongs to the
 * pci_root lock.
 */
int iommu_open(struct iommu *iommu, enum iommu_kind kind, const struct host *host, struct err *err);
void iommu_close(struct iommu *iommu); /* accepts a zeroed struct; unmaps everything left */

/*
 * Brings `dev` (bound to vfio-pci, whole group viable) into the address space and returns its VFIO
 * device fd (caller closes after iommu_detach). Errors name the group, the blocking device and
 * remedy: -EBUSY group in use, -EPERM no interrupt remapping, -EINVAL not viable or reserved
 * memory.
 */
int iommu_attach(struct iommu *iommu, const struct pci_dev *dev, int *ret_device_fd,
		 struct err *err);
void iommu_detach(struct iommu *iommu, const struct pci_dev *dev, int device_fd);

/* The IOVA ranges the hardware can map; every RAM range must lie inside one of them. */
int iommu_check_range(struct iommu *iommu, struct range iova, struct err *err);

/*
 * One call per range; iova, hva and size page aligned, size > 0. -ENOMEM names RLIMIT_MEMLOCK and
 * the numbers, -ENOSPC dma_entry_limit, -EEXIST an overlap, -EINVAL what the hardware cannot map.
 * -EOPNOTSUPP: the back end cannot map device memory (no peer-to-peer through iommufd).
 */
int iommu_map(struct iommu *iommu, uint64_t iova, void *hva, uint64_t size, bool write,
	      struct err *err);
int iommu_unmap(struct iommu *iommu, uint64_t iova, uint64_t size, struct err *err);

/*
 * The fd of a group that is held here, borrowed: what VFIO_DEVICE_PCI_HOT_RESET takes as proof of
 * ownership. -ENOENT for a group of somebody else, -EOPNOTSUPP for a back end without groups, whose
 * devices the kernel knows by their iommufd.
 */
int iommu_group_fd(struct iommu *iommu, int group);

#endif
