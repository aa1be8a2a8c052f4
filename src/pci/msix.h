/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI-X as the guest sees it (PCIe 6.0 §7.7.2): table, pending bits, enable and function mask. Each
 * vector's source is an eventfd. Unmasked = an irqfd connects it to the vector's GSI route; masked
 * = the irqfd is taken away and the eventfd's own count is the pending bit. In steady state an
 * interrupt never enters our process. A vector takes its eventfd and GSI at the first unmask and
 * keeps them until MSI-X is disabled.
 */
#ifndef BULKHEAD_PCI_MSIX_H
#define BULKHEAD_PCI_MSIX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "pci/vector.h"

#define MSIX_MAX_VECTORS VECTORS_MAX
#define MSIX_ENTRY_SIZE 16

struct msix {
	pthread_mutex_t lock; /* a device lock: after pci_root, before irqs */
	unsigned n;           /* vectors, 1..2048 */
	bool enabled, function_masked;
	/* As the guest wrote them; of the last dword only bit 0, the mask. Owned, n of them. */
	uint8_t (*entry)[MSIX_ENTRY_SIZE];
	struct vectors vectors;
	unsigned long slow_masks; /* mask changes by the guest, for status */
};

/* -EINVAL (n), -ENOMEM; nothing is held then. `source` and `irqs` are borrowed. */
int msix_init(struct msix *msix, unsigned n, struct irqs *irqs, const struct msix_source *source,
	      void *ctx);
void msix_fini(struct msix *msix); /* as msix_reset, then frees; accepts a zeroed object */

/* Disabled, all masked, no eventfd, GSI or irqfd held. */
void msix_reset(struct msix *msix);

/* Message control of the capability (bits 15 enable, 14 function mask). */
void msix_control(struct msix *msix, uint16_t control);

/*
 * Trapped accesses; off relative to table / PBA, of any size. Only aligned dwords and qwords inside
 * the table have an effect, others read all-ones (PCIe 6.0 §7.7.2.2 leaves them undefined).
 */
uint64_t msix_table_read(void *msix, uint64_t off, unsigned size);
void msix_table_write(void *msix, uint64_t off, unsigned size, uint64_t value);
uint64_t msix_pba_read(void *msix, uint64_t off, unsigned size);

#endif
