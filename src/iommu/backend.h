/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The back ends, and what both share. Private to this folder.
 */
#ifndef BULKHEAD_IOMMU_BACKEND_H
#define BULKHEAD_IOMMU_BACKEND_H

#include "iommu/iommu.h"

extern const struct iommu_ops iommu_type1_ops, iommu_fd_ops;

/* [start, last] as a range; the whole 64-bit space loses its last byte, which nobody can map. */
static inline struct range iommu_span(uint64_t start, uint64_t last)
{
	uint64_t size = last - start + 1;
	return (struct range){ start, size ? size : UINT64_MAX };
}

/* Tells KVM (or a test) of a VFIO fd; 0 when nobody listens. */
int iommu_announce(struct iommu *iommu, int fd, bool add, struct err *err);

/* -EPERM with the text about interrupt remapping, which names `module`'s parameter. */
int iommu_no_intremap(const struct iommu *iommu, const struct pci_dev *dev, const char *module,
		      struct err *err);

/* True when a host driver on another device of the group explains it: `err` names that then. */
bool iommu_blamed_on_group(const struct iommu *iommu, const struct pci_dev *dev, struct err *err);

/* The text for a /dev node that could not be opened: who has it, or that it is not bound. */
void iommu_node_refused(const struct iommu *iommu, const struct pci_dev *dev, const char *node,
			int code, struct err *err);

#endif
