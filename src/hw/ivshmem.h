/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PCI function whose BAR is memory shared with another process of the host: 1af4:1110 revision 1
 * without interrupts (QEMU docs/specs/ivshmem-spec.rst), which Looking Glass and others have
 * drivers for. Its memory is a slot of KVM: the guest's accesses never come here.
 */
#ifndef BULKHEAD_HW_IVSHMEM_H
#define BULKHEAD_HW_IVSHMEM_H

#include "pci/func.h"

#define IVSHMEM_REGISTERS_BAR 0
#define IVSHMEM_REGISTERS_SIZE 256
#define IVSHMEM_MEMORY_BAR 2 /* and 3: 64 bits, prefetchable */

struct ivshmem {
	struct pci_func func;
};

/*
 * `memory` is a shared mapping of `size` bytes (a power of two, pages), borrowed. The function's
 * bus is the caller's to add. -EINVAL.
 */
int ivshmem_init(struct ivshmem *ivshmem, void *memory, uint64_t size);

#endif
