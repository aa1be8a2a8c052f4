/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VF that does not exist yet, as far as its PF foretells it: what a plan needs that makes the VF
 * only when it is carried out. Its IOMMU group and capabilities are known when it is there.
 */
#ifndef BULKHEAD_SRIOV_SKETCH_H
#define BULKHEAD_SRIOV_SKETCH_H

#include "core/inventory.h"
#include "sriov/pf.h"

/*
 * VF `index` (from 0) of the PF: address by offset and stride (PCIe 6.0 §9.2.1.2), ids, class, and
 * BARs of the size that the PF's SR-IOV resources have for each VF. What the host does not tell stays 0.
 */
void vf_sketch(const struct host *host, const struct pf *pf, unsigned index, struct pci_dev *ret);

#endif
