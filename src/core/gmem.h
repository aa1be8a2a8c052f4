/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest RAM: where it is in the guest's address space and in ours. Device models reach it only
 * through range-checked copies; a raw pointer is for KVM slots, IOMMU maps and the boot loader.
 * Addresses: gpa = guest physical, hva = ours; with assigned devices iova = gpa.
 */
#ifndef BULKHEAD_CORE_GMEM_H
#define BULKHEAD_CORE_GMEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"
#include "base/range.h"

#define GMEM_MAX_REGIONS 32

struct gmem_region {
	uint64_t gpa;  /* page aligned */
	uint64_t size; /* page aligned, > 0 */
	uint8_t *hva;
};

struct gmem {
	void *base;        /* one mapping of all RAM, aligned to 1 GiB; owned */
	uint64_t size;     /* sum of the regions */
	unsigned n;
	struct gmem_region regions[GMEM_MAX_REGIONS]; /* ascending, disjoint */
	struct populate *populate; /* threads at work between start and wait; owned */
};

/*
 * Maps anonymous memory for the given guest ranges (ascending, disjoint, 4 KiB multiples, at most
 * GMEM_MAX_REGIONS) and asks for transparent huge pages. Nothing is touched yet. Excluded from core
 * dumps and fork. -ENOMEM, -EINVAL.
 */
int gmem_init(struct gmem *gmem, const struct range *ram, unsigned n, struct err *err);
/*
 * The same in two steps, for a caller that knows how much RAM there will be before it knows where:
 * the memory can be filled between them. -EINVAL from the second when the ranges' sum is not `size`.
 */
int gmem_reserve(struct gmem *gmem, uint64_t size, struct err *err);
int gmem_lay(struct gmem *gmem, const struct range *ram, unsigned n, struct err *err);
/* Also while it is being filled: the threads stop soon. */
void gmem_fini(struct gmem *gmem);

/*
 * Makes all pages present on up to `threads` threads (1..16), because clearing them is most of the
 * time it takes to pin a guest. The caller goes on meanwhile (opening devices mostly sleeps) and waits
 * before it pins. -EAGAIN… when no thread could be started.
 */
int gmem_populate_start(struct gmem *gmem, unsigned threads, struct err *err);
/* Helps and waits. 0 when nothing was started; -ENOMEM… of the first piece that failed. */
int gmem_populate_wait(struct gmem *gmem, struct err *err);

/* Copies; the whole range must be RAM of one region or several adjacent ones. -EFAULT otherwise. */
int gmem_read(const struct gmem *gmem, uint64_t gpa, void *to, size_t len);
int gmem_write(const struct gmem *gmem, uint64_t gpa, const void *from, size_t len);

/*
 * For I/O of the kernel straight into guest memory, which nobody here looks at: [gpa, gpa + len) as
 * buffers, 1 to GMEM_MAX_REGIONS of them, at most `max`. How many; -EFAULT when not all of it is RAM,
 * -ENOSPC when there is no room for them.
 */
int gmem_iov(const struct gmem *gmem, uint64_t gpa, uint64_t len, struct iovec *ret, unsigned max);

/* Our pointer to [gpa, gpa + len) inside one region, or NULL. For core/, boot/ and kernel maps. */
void *gmem_hva(const struct gmem *gmem, uint64_t gpa, uint64_t len);

#endif
