/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI as the guest sees it (PCIe 6.0 §7.7.1): up to 32 vectors, one address, consecutive data. The
 * same eventfd idea as pci/msix.h, but all vectors of the block are taken when MSI is enabled.
 */
#ifndef BULKHEAD_PCI_MSI_H
#define BULKHEAD_PCI_MSI_H

#include <pthread.h>

#include "pci/func.h"
#include "pci/vector.h"

#define MSI_MAX_VECTORS 32

struct msi {
	pthread_mutex_t lock;
	struct pci_func *func; /* whose config space holds the capability; borrowed */
	unsigned off;          /* of the capability in config space */
	unsigned max;          /* vectors the capability offers: 1, 2, 4 … 32 */
	bool per_vector_mask, addr64;
	unsigned n_live; /* vectors handed to the source, 0 = disabled */
	struct vectors vectors;
};

/*
 * Adds the capability at `off` of func (ours, with architectural write masks). The bits of its
 * pending register are the device's: func's read_device answers them with msi_pending. The source
 * is called with all n vectors at once; n changes only through disable. -EINVAL, -ENOMEM.
 */
int msi_init(struct msi *msi, struct pci_func *func, unsigned off, unsigned max,
	     bool per_vector_mask, bool addr64, struct irqs *irqs, const struct msix_source *source,
	     void *ctx);
void msi_fini(struct msi *msi); /* accepts a zeroed object */
/* Nothing held any more; the config space is pci_func_reset's. */
void msi_reset(struct msi *msi);
/* Bytes: 10, 14, 20 or 24. */
unsigned msi_cap_len(bool per_vector_mask, bool addr64);
/* Offset of the pending register from the start of the capability, 0 without per-vector masks. */
unsigned msi_pending_off(bool per_vector_mask, bool addr64);

/* After any config write that touched the capability: brings vectors in line with it. */
void msi_wrote(struct msi *msi);
/* Pending bits for reads of the pending register, from the eventfds. */
uint32_t msi_pending(struct msi *msi);

#endif
