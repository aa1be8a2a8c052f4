/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvm/memslot.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/range.h"
#include "kvm/uapi.h"

static const char *const owner_names[SLOT_OWNERS] = { "RAM", "firmware", "the board", "PCI" };

/* One want on its way to becoming a slot. */
struct candidate {
	struct slot_want map;
	bool left_out; /* something with more right is there */
	bool present;  /* KVM has exactly this already */
};

int memslots_init(struct memslots *slots, int vm_fd, uint32_t max)
{
	memset(slots, 0, sizeof(*slots));
	slots->vm_fd = vm_fd;
	slots->max = max;
	return -pthread_mutex_init(&slots->lock, NULL);
}

void memslots_fini(struct memslots *slots)
{
	free(slots->slots);
	slots->slots = NULL;
	slots->n = 0;
	pthread_mutex_destroy(&slots->lock);
}

static bool is_valid(const struct slot_want *want)
{
	return want->size && !((want->gpa | want->size | (uintptr_t)want->hva) % PAGE_4K) &&
	       want->size - 1 <= UINT64_MAX - want->gpa;
}

static bool overlaps(const struct slot_want *a, const struct slot_want *b)
{
	return range_overlaps((struct range){ a->gpa, a->size }, (struct range){ b->gpa, b->size });
}

static bool same(const struct slot_want *a, const struct slot_want *b)
{
	return a->gpa == b->gpa && a->size == b->size && a->hva == b->hva && a->flags == b->flags;
}

static int set_slot(struct memslots *slots, uint32_t id, const struct slot_want *map, uint64_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = id,
		.flags = map->flags,
		.guest_phys_addr = map->gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)map->hva,
	};
	return kvm_set_memory_region(slots->vm_fd, &region);
}

static int failed(struct err *err, int r, enum slot_owner owner, const struct slot_want *map)
{
	return err_errno(err, r, "memory slot for %s at 0x%llx, 0x%llx bytes", owner_names[owner],
			 (unsigned long long)map->gpa, (unsigned long long)map->size);
}

/* The first error of a publish is the one reported; the work goes on. */
static void keep_first(int *first, int r)
{
	if (!*first)
		*first = r;
}

static bool loses(const struct memslots *slots, enum slot_owner owner, const struct candidate *all,
		  size_t i)
{
	for (uint32_t id = 0; id < slots->n; id++)
		if (slots->slots[id].owner < owner && overlaps(&slots->slots[id].map, &all[i].map))
			return true;
	for (size_t earlier = 0; earlier < i; earlier++)
		if (!all[earlier].left_out && overlaps(&all[earlier].map, &all[i].map))
			return true;
	return false;
}

/* Whether a slot may stay; an own one that is wanted as it is also marks its candidate. */
static bool stays(const struct slot *slot, enum slot_owner owner, struct candidate *all, size_t n)
{
	if (slot->owner < owner)
		return true;
	for (size_t i = 0; i < n; i++) {
		if (all[i].left_out || !overlaps(&slot->map, &all[i].map))
			continue;
		all[i].present = slot->owner == owner && same(&slot->map, &all[i].map);
		return all[i].present;
	}
	return slot->owner > owner;
}

static int delete_stale(struct memslots *slots, enum slot_owner owner, struct candidate *all,
			size_t n, struct err *err)
{
	int first = 0;
	for (uint32_t id = 0; id < slots->n; id++) {
		struct slot *slot = &slots->slots[id];
		if (!slot->map.size || stays(slot, owner, all, n))
			continue;
		int r = set_slot(slots, id, &slot->map, 0);
		if (r < 0)
			keep_first(&first, first ? r : failed(err, r, slot->owner, &slot->map));
		else
			slot->map.size = 0;
	}
	return first;
}

/* A free slot id; grows the table up to KVM's limit. */
static int free_id(struct memslots *slots, uint32_t *ret_id)
{
	uint32_t id = 0;
	while (id < slots->n && slots->slots[id].map.size)
		id++;
	if (id >= slots->max)
		return -ENOSPC;
	if (id == slots->n) {
		struct slot *wider = reallocarray(slots->slots, id + 1, sizeof(*wider));
		if (!wider)
			return -ENOMEM;
		wider[id] = (struct slot){ 0 };
		slots->slots = wider;
		slots->n++;
	}
	*ret_id = id;
	return 0;
}

static int add(struct memslots *slots, enum slot_owner owner, const struct slot_want *map)
{
	uint32_t id;
	int r = free_id(slots, &id);
	if (r)
		return r;
	r = set_slot(slots, id, map, map->size);
	if (r < 0)
		return r;
	slots->slots[id] = (struct slot){ *map, owner };
	return 0;
}

static int add_new(struct memslots *slots, enum slot_owner owner, const struct candidate *all,
		   size_t n, struct err *err)
{
	int first = 0;
	for (size_t i = 0; i < n; i++) {
		if (all[i].left_out || all[i].present)
			continue;
		int r = add(slots, owner, &all[i].map);
		if (r)
			keep_first(&first, first ? r : failed(err, r, owner, &all[i].map));
	}
	return first;
}

/* The lock is held. */
static int publish(struct memslots *slots, enum slot_owner owner, struct candidate *all, size_t n,
		   struct err *err)
{
	for (size_t i = 0; i < n; i++)
		all[i].left_out = loses(slots, owner, all, i);
	int r = delete_stale(slots, owner, all, n, err);
	int added = add_new(slots, owner, all, n, r ? NULL : err);
	return r ? r : added;
}

int memslots_publish(struct memslots *slots, enum slot_owner owner, const struct slot_want *want,
		     size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (!is_valid(&want[i]))
			return failed(err, -EINVAL, owner, &want[i]);
	autofree struct candidate *all = calloc(n ? n : 1, sizeof(*all));
	if (!all)
		return err_errno(err, -ENOMEM, "memory slots for %s", owner_names[owner]);
	for (size_t i = 0; i < n; i++)
		all[i].map = want[i];
	pthread_mutex_lock(&slots->lock);
	int r = publish(slots, owner, all, n, err);
	pthread_mutex_unlock(&slots->lock);
	return r;
}
