/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/qs.h"

#include <errno.h>
#include <stdlib.h>

int qs_init(struct qs *qs)
{
	*qs = (struct qs){ .epoch = 1 };
	return -pthread_mutex_init(&qs->lock, NULL);
}

void qs_fini(struct qs *qs)
{
	qs_reclaim(qs);
	pthread_mutex_destroy(&qs->lock);
}

void qs_register(struct qs *qs, struct qs_reader *reader)
{
	atomic_store(&reader->seen, 0);
	pthread_mutex_lock(&qs->lock);
	reader->next = qs->readers;
	qs->readers = reader;
	pthread_mutex_unlock(&qs->lock);
}

void qs_unregister(struct qs *qs, struct qs_reader *reader)
{
	qs_offline(reader);
	pthread_mutex_lock(&qs->lock);
	for (struct qs_reader **at = &qs->readers; *at; at = &(*at)->next) {
		if (*at == reader) {
			*at = reader->next;
			break;
		}
	}
	pthread_mutex_unlock(&qs->lock);
}

/* The oldest epoch a reader may still be in; the lock is held. */
static uint64_t oldest_reader(struct qs *qs)
{
	uint64_t oldest = UINT64_MAX;
	for (struct qs_reader *reader = qs->readers; reader; reader = reader->next) {
		uint64_t seen = atomic_load(&reader->seen);
		if (seen && seen < oldest)
			oldest = seen;
	}
	return oldest;
}

int qs_retire(struct qs *qs, void *object, void (*release)(void *object))
{
	struct qs_retired *entry = malloc(sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	pthread_mutex_lock(&qs->lock);
	/* A reader that comes online after this cannot find the object: its epoch is larger. */
	*entry = (struct qs_retired){ qs->retired, atomic_fetch_add(&qs->epoch, 1), object, release };
	qs->retired = entry;
	pthread_mutex_unlock(&qs->lock);
	qs_reclaim(qs);
	return 0;
}

unsigned qs_reclaim(struct qs *qs)
{
	struct qs_retired *free_now = NULL;
	unsigned waiting = 0;
	pthread_mutex_lock(&qs->lock);
	uint64_t oldest = oldest_reader(qs);
	for (struct qs_retired **at = &qs->retired; *at;) {
		struct qs_retired *entry = *at;
		if (entry->epoch < oldest) {
			*at = entry->next;
			entry->next = free_now;
			free_now = entry;
		} else {
			waiting++;
			at = &entry->next;
		}
	}
	pthread_mutex_unlock(&qs->lock);
	while (free_now) {
		struct qs_retired *entry = free_now;
		free_now = entry->next;
		entry->release(entry->object);
		free(entry);
	}
	return waiting;
}
