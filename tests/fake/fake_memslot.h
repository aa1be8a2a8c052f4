/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stands in for kvm/memslot.c: remembers what PCI published last, and the one slot of the board. */
#ifndef BULKHEAD_FAKE_MEMSLOT_H
#define BULKHEAD_FAKE_MEMSLOT_H

#include "kvm/memslot.h"

#define FAKE_SLOTS 512

struct fake_memslot {
	int fail;           /* 0, or the negative errno to return (nothing is changed then) */
	unsigned publishes; /* calls, failed ones included */
	struct slot_want want[FAKE_SLOTS];
	size_t n;
	struct slot_want board; /* size 0 = none */
	/* Called before a publication takes effect. NULL = not. */
	void (*look)(const struct slot_want *want, size_t n);
};
extern struct fake_memslot fake_memslot;

void fake_memslot_init(void);
/* The slot that holds `gpa`, NULL = none. */
const struct slot_want *fake_memslot_at(uint64_t gpa);

#endif
