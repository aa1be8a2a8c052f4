/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest address dispatch: which model answers a port or MMIO access. A bus is an immutable sorted
 * array of regions behind one atomic pointer. vCPU threads look up without a lock; whoever changes
 * the layout publishes a whole new array and the old one is freed after a quiescent state. No lock
 * is held while a handler runs.
 */
#ifndef BULKHEAD_CORE_BUS_H
#define BULKHEAD_CORE_BUS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/qs.h"

/*
 * `off` is relative to the region, never an address. `size` is 1, 2, 4 or 8 (ports: 1, 2, 4), and
 * the whole access lies inside the region. NULL read = all-ones, NULL write = ignored.
 * Handlers run on any vCPU thread, several at once: a device has its own lock.
 */
struct bus_ops {
	uint64_t (*read)(void *ctx, uint64_t off, unsigned size);
	void (*write)(void *ctx, uint64_t off, unsigned size, uint64_t value);
};

struct bus_region {
	uint64_t base;
	uint64_t size; /* > 0 */
	const struct bus_ops *ops;
	void *ctx;        /* storage of the device, which outlives its regions */
	uint64_t ctx_off; /* added to the offset the handler sees (a region that is part of a BAR) */
};

/* Who a region belongs to; each owner replaces all of its own regions at once. */
enum bus_owner { BUS_FIXED, BUS_PCI, BUS_OWNERS };

struct bus_map;

struct bus {
	_Atomic(struct bus_map *) map; /* readers: inside a qs read section only */
	struct qs *qs;                 /* borrowed */
	pthread_mutex_t lock;          /* guards owned[]; taken only to publish */
	struct {
		struct bus_region *at;
		size_t n;
	} owned[BUS_OWNERS];
};

int bus_init(struct bus *bus, struct qs *qs);
void bus_fini(struct bus *bus);

/*
 * Replaces all regions of `owner` and publishes the result. Regions are copied. Of two regions
 * that overlap the one of the lower owner (then the one given first) wins where they do: a guest
 * may place a BAR over anything, and gets the platform device then. -ENOMEM, -EINVAL (a region that
 * is empty or wraps around).
 */
int bus_publish(struct bus *bus, enum bus_owner owner, const struct bus_region *regions, size_t n);

/* Inside a qs read section. A miss reads all-ones and drops writes; so does a straddling access. */
uint64_t bus_read(struct bus *bus, uint64_t addr, unsigned size);
void bus_write(struct bus *bus, uint64_t addr, unsigned size, uint64_t value);

#endif
