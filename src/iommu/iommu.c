/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/iommu.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/parse.h"
#include "iommu/backend.h"
#include "core/holder.h"
#include "iommu/group.h"

/* One that is bound to vfio-pci and has no cdev: its kernel has /dev/iommu but not the rest. */
static bool cdev_for_every_device(const struct inventory *inv)
{
	for (size_t i = 0; i < inv->devs.n; i++) {
		const struct pci_dev *dev = &inv->devs.at[i];
		if (!strcmp(dev->driver, "vfio-pci") && !dev->vfio_cdev[0])
			return false;
	}
	return true;
}

static enum iommu_kind choose_auto(const struct inventory *inv, struct err *err)
{
	if (inv->has_iommufd && cdev_for_every_device(inv))
		return IOMMU_FD;
	if (inv->has_vfio_container)
		return IOMMU_TYPE1;
	err_set(err, -ENODEV,
		"the host offers neither the VFIO container (/dev/vfio/vfio) nor iommufd with "
		"device cdevs (/dev/iommu); load the module vfio-pci, or vfio_iommu_type1");
	return IOMMU_AUTO;
}

enum iommu_kind iommu_choose(enum iommu_kind wanted, const struct inventory *inv, struct err *err)
{
	if (wanted == IOMMU_AUTO)
		return choose_auto(inv, err);
	if (wanted == IOMMU_TYPE1 && !inv->has_vfio_container) {
		err_set(err, -ENODEV,
			"the host has no VFIO container (/dev/vfio/vfio is missing); load "
			"the module vfio_iommu_type1, or leave the choice open");
		return IOMMU_AUTO;
	}
	if (wanted == IOMMU_FD && !(inv->has_iommufd && cdev_for_every_device(inv))) {
		err_set(err, -ENODEV,
			"the host has no iommufd with VFIO device cdevs (Linux 6.6 with "
			"CONFIG_IOMMUFD and CONFIG_VFIO_DEVICE_CDEV); use type1");
		return IOMMU_AUTO;
	}
	return wanted;
}

int iommu_open(struct iommu *iommu, enum iommu_kind kind, const struct host *host, struct err *err)
{
	if (kind != IOMMU_TYPE1 && kind != IOMMU_FD)
		return err_set(err, -EINVAL, "no IOMMU back end was chosen");
	iommu->host = host;
	iommu->ops = kind == IOMMU_FD ? &iommu_fd_ops : &iommu_type1_ops;
	iommu->state = NULL;
	iommu->n_usable = 0;
	iommu->mapped_bytes = 0;
	iommu->n_maps = 0;
	iommu->map_calls = 0;
	int r = iommu->ops->open(iommu, err);
	if (r < 0)
		iommu->ops = NULL;
	return r;
}

void iommu_close(struct iommu *iommu)
{
	if (!iommu->ops)
		return;
	iommu->ops->close(iommu); /* the kernel unmaps and unpins with the last reference */
	memset(iommu, 0, sizeof(*iommu));
}

int iommu_attach(struct iommu *iommu, const struct pci_dev *dev, int *ret_device_fd,
		 struct err *err)
{
	if (dev->group < 0)
		return err_set(
			err, -ENODEV,
			"%s is in no IOMMU group: the IOMMU is off; enable VT-d or AMD-Vi in the "
			"firmware and intel_iommu=on on the kernel command line",
			bdf_text(dev->bdf).s);
	iommu->n_usable = 0; /* a new device may narrow what can be mapped */
	return iommu->ops->attach(iommu, dev, ret_device_fd, err);
}

void iommu_detach(struct iommu *iommu, const struct pci_dev *dev, int device_fd)
{
	iommu->n_usable = 0;
	iommu->ops->detach(iommu, dev, device_fd);
}

static int read_usable(struct iommu *iommu, struct err *err)
{
	if (iommu->n_usable)
		return 0;
	int r = iommu->ops->usable(iommu, iommu->usable, IOMMU_MAX_RANGES, &iommu->n_usable);
	if (r < 0)
		return err_errno(err, r, "%s: the usable IOVA ranges could not be read",
				 iommu->ops->name);
	return 0;
}

int iommu_check_range(struct iommu *iommu, struct range iova, struct err *err)
{
	int r = read_usable(iommu, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < iommu->n_usable; i++)
		if (range_contains(iommu->usable[i], iova.start, iova.size))
			return 0;
	return err_set(err, -EINVAL,
		       "the IOMMU cannot map guest memory 0x%" PRIx64 "-0x%" PRIx64
		       ": it lies in a reserved region or beyond the IOMMU's address width; "
		       "`bulkhead devices` lists the reserved regions",
		       iova.start, range_last(iova));
}

/* With CAP_IPC_LOCK the kernel does not look at the limit. An unreadable status means without. */
static bool lock_is_free(const struct host *host)
{
	char status[4096];
	if (file_read(host->proc, "self/status", status, sizeof(status)) < 0)
		return false;
	const char *caps = strstr(status, "CapEff:");
	return caps && strtoull(caps + 7, NULL, 16) & UINT64_C(1) << CAP_IPC_LOCK;
}

static int memlock_error(const struct iommu *iommu, uint64_t size, struct err *err)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	uint64_t needed = iommu->mapped_bytes + size;
	getrlimit(RLIMIT_MEMLOCK, &limit);
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= needed ||
	    lock_is_free(iommu->host))
		return err_set(err, -ENOMEM,
			       "the host could not pin %s of guest memory: not enough free memory",
			       size_text(size).s);
	return err_set(err, -ENOMEM,
		       "locked memory: %s needed for the guest's DMA, %s allowed (RLIMIT_MEMLOCK); "
		       "raise it with `ulimit -l`, LimitMEMLOCK=infinity or CAP_IPC_LOCK",
		       size_text(needed).s, size_text(limit.rlim_cur).s);
}

static int map_error(struct iommu *iommu, int code, struct range iova, struct err *err)
{
	switch (code) {
	case -ENOMEM:
		return memlock_error(iommu, iova.size, err);
	case -ENOSPC:
		return err_set(err, code,
			       "the kernel allows no further DMA mapping after %u; raise "
			       "/sys/module/vfio_iommu_type1/parameters/dma_entry_limit",
			       iommu->n_maps);
	case -EEXIST:
		return err_set(err, code,
			       "DMA mapping 0x%" PRIx64 "-0x%" PRIx64 " overlaps one that is there",
			       iova.start, range_last(iova));
	case -EINVAL: /* the usual reason has a better text than the errno */
		if (iommu_check_range(iommu, iova, err) == -EINVAL)
			return code;
		break;
	}
	return err_errno(err, code, "%s: DMA mapping 0x%" PRIx64 "-0x%" PRIx64, iommu->ops->name,
			 iova.start, range_last(iova));
}

static bool pages(uint64_t a, uint64_t b, uint64_t size)
{
	return size && !((a | b | size) & (PAGE_4K - 1)) && a <= UINT64_MAX - size + 1;
}

int iommu_map(struct iommu *iommu, uint64_t iova, void *hva, uint64_t size, bool write,
	      struct err *err)
{
	if (!pages(iova, (uintptr_t)hva, size))
		return err_set(err, -EINVAL,
			       "DMA mapping of 0x%" PRIx64 " bytes at 0x%" PRIx64
			       " is not whole pages",
			       size, iova);
	iommu->map_calls++;
	int r = iommu->ops->map(iommu, iova, hva, size, write);
	if (r < 0)
		return map_error(iommu, r, (struct range){ iova, size }, err);
	iommu->mapped_bytes += size;
	iommu->n_maps++;
	return 0;
}

int iommu_unmap(struct iommu *iommu, uint64_t iova, uint64_t size, struct err *err)
{
	if (!pages(iova, 0, size))
		return err_set(err, -EINVAL,
			       "DMA unmapping of 0x%" PRIx64 " bytes at 0x%" PRIx64
			       " is not whole pages",
			       size, iova);
	int r = iommu->ops->unmap(iommu, iova, size);
	if (r < 0)
		return err_errno(err, r, "%s: DMA unmapping 0x%" PRIx64 "-0x%" PRIx64,
				 iommu->ops->name, iova, iova + size - 1);
	iommu->mapped_bytes -= min_u64(size, iommu->mapped_bytes);
	iommu->n_maps -= iommu->n_maps ? 1 : 0;
	return 0;
}

int iommu_group_fd(struct iommu *iommu, int group)
{
	return iommu->ops->group_fd ? iommu->ops->group_fd(iommu, group) : -EOPNOTSUPP;
}

/* --- shared by the back ends --------------------------------------------------------------- */

int iommu_announce(struct iommu *iommu, int fd, bool add, struct err *err)
{
	return iommu->on_vfio_fd ? iommu->on_vfio_fd(iommu->on_vfio_fd_ctx, fd, add, err) : 0;
}

int iommu_no_intremap(const struct iommu *iommu, const struct pci_dev *dev, const char *module,
		      struct err *err)
{
	err_set(err, -EPERM,
		"%s: the host has no interrupt remapping, so a guest could forge any interrupt "
		"of the host through this device",
		bdf_text(dev->bdf).s);
	if (iommu->unsafe_interrupts)
		err_hint(err,
			 "the profile accepts that (unsafe_interrupts), but the kernel still "
			 "refuses: /sys/module/%s/parameters/allow_unsafe_interrupts must be Y",
			 module);
	else
		err_hint(err, "enable interrupt remapping (VT-d/x2APIC) in the firmware, or "
			      "knowingly set unsafe_interrupts = true in the profile");
	return -EPERM;
}

bool iommu_blamed_on_group(const struct iommu *iommu, const struct pci_dev *dev, struct err *err)
{
	struct group_text who;
	if (!group_blockers(iommu->host, dev->group, &who))
		return false;
	err_set(err, -EINVAL,
		"%s: IOMMU group %d is not viable: host drivers use %s; add the device to the "
		"profile, or let bulkhead hold it with group = \"hold\"",
		bdf_text(dev->bdf).s, dev->group, who.s);
	return true;
}

void iommu_node_refused(const struct iommu *iommu, const struct pci_dev *dev, const char *node,
			int code, struct err *err)
{
	struct dev_holder who;
	err_errno(err, code, "%s: open %s", bdf_text(dev->bdf).s, node);
	if (code == -EBUSY && dev_node_holder(iommu->host, node, &who))
		err_hint(err, "%s", who.s);
	else if (code == -EBUSY)
		err_hint(err, "another process uses the group");
	else if (code == -ENOENT)
		err_hint(err, "the device is not bound to vfio-pci");
	else if (code == -EACCES || code == -EPERM)
		err_hint(err, "run as root, or give yourself the node with a udev rule");
}
