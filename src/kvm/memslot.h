/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM memory slots as a derived whole: an owner (RAM, a chip of the board, PCI) says what it wants mapped now, and the
 * difference to what KVM has is applied. Nobody adds or removes a slot by hand.
 */
#ifndef BULKHEAD_KVM_MEMSLOT_H
#define BULKHEAD_KVM_MEMSLOT_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum slot_owner { SLOT_RAM, SLOT_FIRMWARE, SLOT_BOARD, SLOT_PCI, SLOT_OWNERS };

struct slot_want {
	uint64_t gpa;   /* page aligned */
	uint64_t size;  /* page multiple, > 0 */
	void *hva;      /* page aligned */
	uint32_t flags; /* KVM_MEM_READONLY */
};

/* Index of the table = KVM slot id. */
struct slot {
	struct slot_want map; /* size 0 = free slot id */
	enum slot_owner owner;
};

struct memslots {
	int vm_fd;            /* borrowed */
	uint32_t max;         /* KVM_CAP_NR_MEMSLOTS */
	pthread_mutex_t lock; /* after irqs, before qs */
	struct slot *slots;   /* n of them; grown as needed up to max */
	uint32_t n;
};

int memslots_init(struct memslots *slots, int vm_fd, uint32_t max);
void memslots_fini(struct memslots *slots);

/*
 * Makes exactly `want` the slots of `owner`: unwanted ones are deleted first, unchanged ones are
 * not touched. A want that overlaps a slot of a lower owner, or an earlier want, is left out
 * silently: a guest may place a BAR anywhere, and RAM wins. Slots of a higher owner that are in the
 * way are deleted, and come back when that owner publishes again. On failure what could be mapped
 * stays mapped and the first error is returned: -EINVAL (unaligned, empty or wrapping; nothing is
 * changed), -ENOMEM, -ENOSPC (no slot left), -errno of KVM. Any thread.
 */
int memslots_publish(struct memslots *slots, enum slot_owner owner, const struct slot_want *want,
		     size_t n, struct err *err);

#endif
