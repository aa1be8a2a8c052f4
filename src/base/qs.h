/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quiescent-state reclaim: readers use a published pointer without a lock; a writer frees what it
 * replaced once every reader has been outside its read section since. vCPU threads are readers
 * ("online" only between two KVM_RUNs); the bus map is what they read.
 */
#ifndef BULKHEAD_BASE_QS_H
#define BULKHEAD_BASE_QS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct qs_reader {
	_Atomic uint64_t seen; /* 0 = offline, else the epoch at which it came online; own thread writes */
	struct qs_reader *next; /* owned by the qs lock */
};

struct qs_retired {
	struct qs_retired *next;
	uint64_t epoch;
	void *object;
	void (*release)(void *object);
};

struct qs {
	_Atomic uint64_t epoch;     /* starts at 1; grows with each retire */
	pthread_mutex_t lock;       /* guards readers and retired; last in the lock order */
	struct qs_reader *readers;  /* registered threads; storage is theirs */
	struct qs_retired *retired; /* newest first */
};

int qs_init(struct qs *qs);
/* All readers must be offline; frees everything still retired. */
void qs_fini(struct qs *qs);

void qs_register(struct qs *qs, struct qs_reader *reader);
void qs_unregister(struct qs *qs, struct qs_reader *reader);

static inline void qs_online(struct qs *qs, struct qs_reader *reader)
{
	/* seq_cst: the store must be visible before the reader loads any published pointer. */
	atomic_store(&reader->seen, atomic_load(&qs->epoch));
}

static inline void qs_offline(struct qs_reader *reader)
{
	atomic_store_explicit(&reader->seen, 0, memory_order_release);
}

/*
 * Hands `object` over, to be released once no reader can still see it. It must be unpublished
 * already. Never blocks; without memory the object is leaked rather than freed too early (-ENOMEM).
 * Releases what has become free on the way.
 */
int qs_retire(struct qs *qs, void *object, void (*release)(void *object));

/* Releases what no reader can see any more; returns how many objects are still waiting. */
unsigned qs_reclaim(struct qs *qs);

#endif
