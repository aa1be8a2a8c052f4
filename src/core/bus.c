/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/range.h"
#include "base/vec.h"

struct bus_map {
	size_t n;
	struct bus_region regions[]; /* sorted by base, without overlap */
};

typedef vec(struct bus_region) region_vec;

int bus_init(struct bus *bus, struct qs *qs)
{
	memset(bus, 0, sizeof(*bus));
	bus->qs = qs;
	pthread_mutex_init(&bus->lock, NULL);
	return bus_publish(bus, BUS_FIXED, NULL, 0);
}

void bus_fini(struct bus *bus)
{
	free(atomic_exchange(&bus->map, NULL));
	for (int i = 0; i < BUS_OWNERS; i++)
		free(bus->owned[i].at);
	pthread_mutex_destroy(&bus->lock);
}

/* The part [start, last] of `r` as a region of its own. */
static int push_part(region_vec *to, const struct bus_region *r, uint64_t start, uint64_t last)
{
	struct bus_region *part = vec_push(to);
	if (!part)
		return -ENOMEM;
	*part = *r;
	part->base = start;
	part->size = last - start + 1;
	part->ctx_off += start - r->base;
	return 0;
}

/* Adds to `to` what of `r` none of the first `n_upper` regions there covers. */
static int push_uncovered(region_vec *to, const struct bus_region *r, size_t n_upper)
{
	uint64_t at = r->base, last = r->base + r->size - 1;
	for (;;) {
		/* The first covering region at or after `at`; the list is short and this is set-up. */
		const struct bus_region *cover = NULL;
		for (size_t i = 0; i < n_upper; i++) {
			struct bus_region *u = &to->at[i];
			if (u->base <= last && u->base + u->size - 1 >= at &&
			    (!cover || u->base < cover->base))
				cover = u;
		}
		if (!cover)
			return push_part(to, r, at, last);
		uint64_t cover_base = cover->base, cover_last = cover->base + cover->size - 1;
		if (cover_base > at) {
			int e = push_part(to, r, at, cover_base - 1);
			if (e)
				return e;
		}
		if (cover_last >= last)
			return 0;
		at = cover_last + 1;
	}
}

static int by_base(const void *a, const void *b)
{
	const struct bus_region *x = a, *y = b;
	return x->base < y->base ? -1 : x->base > y->base;
}

static struct bus_map *build_map(struct bus *bus)
{
	region_vec all = { 0 };
	struct bus_map *map = NULL;
	for (int owner = 0; owner < BUS_OWNERS; owner++) {
		for (size_t i = 0; i < bus->owned[owner].n; i++) {
			if (push_uncovered(&all, &bus->owned[owner].at[i], all.n))
				goto out;
		}
	}
	map = malloc(sizeof(*map) + all.n * sizeof(all.at[0]));
	if (!map)
		goto out;
	map->n = all.n;
	if (all.n) {
		qsort(all.at, all.n, sizeof(all.at[0]), by_base);
		memcpy(map->regions, all.at, all.n * sizeof(all.at[0]));
	}
out:
	vec_free(&all);
	return map;
}

int bus_publish(struct bus *bus, enum bus_owner owner, const struct bus_region *regions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!regions[i].size || regions[i].size - 1 > UINT64_MAX - regions[i].base)
			return -EINVAL;
	struct bus_region *copy = calloc(n ? n : 1, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	if (n)
		memcpy(copy, regions, n * sizeof(*copy));

	pthread_mutex_lock(&bus->lock);
	struct bus_region *old = bus->owned[owner].at;
	size_t old_n = bus->owned[owner].n;
	bus->owned[owner].at = copy;
	bus->owned[owner].n = n;
	struct bus_map *map = build_map(bus);
	if (!map) {
		bus->owned[owner].at = old;
		bus->owned[owner].n = old_n;
		old = copy;
	}
	struct bus_map *old_map = map ? atomic_exchange(&bus->map, map) : NULL;
	pthread_mutex_unlock(&bus->lock);

	free(old);
	if (old_map)
		qs_retire(bus->qs, old_map, free);
	return map ? 0 : -ENOMEM;
}

static const struct bus_region *find(struct bus *bus, uint64_t addr, unsigned size)
{
	const struct bus_map *map = atomic_load(&bus->map);
	size_t low = 0, high = map->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (map->regions[mid].base <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	const struct bus_region *r = &map->regions[low - 1];
	return inside(addr - r->base, size, r->size) ? r : NULL;
}

uint64_t bus_read(struct bus *bus, uint64_t addr, unsigned size)
{
	const struct bus_region *r = find(bus, addr, size);
	if (!r || !r->ops->read)
		return all_ones(size);
	return r->ops->read(r->ctx, addr - r->base + r->ctx_off, size) & all_ones(size);
}

void bus_write(struct bus *bus, uint64_t addr, unsigned size, uint64_t value)
{
	const struct bus_region *r = find(bus, addr, size);
	if (r && r->ops->write)
		r->ops->write(r->ctx, addr - r->base + r->ctx_off, size, value & all_ones(size));
}
