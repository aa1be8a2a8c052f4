/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address ranges as start and size, with overflow-safe questions. Every guest- or device-given
 * address passes through one of these before it is used.
 */
#ifndef BULKHEAD_BASE_RANGE_H
#define BULKHEAD_BASE_RANGE_H

#include <stdbool.h>
#include <stdint.h>

struct range {
	uint64_t start;
	uint64_t size; /* 0 = empty */
};

/* True when [off, off + len) lies inside [0, size); never overflows; len 0 is inside if off <= size. */
static inline bool inside(uint64_t off, uint64_t len, uint64_t size)
{
	return off <= size && len <= size - off;
}

/* Last byte of a non-empty range. */
static inline uint64_t range_last(struct range r)
{
	return r.start + r.size - 1;
}

static inline bool range_overlaps(struct range a, struct range b)
{
	return a.size && b.size && a.start <= range_last(b) && b.start <= range_last(a);
}

static inline bool range_contains(struct range outer, uint64_t at, uint64_t len)
{
	return at >= outer.start && inside(at - outer.start, len, outer.size);
}

#endif
