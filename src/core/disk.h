/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk image of the host, a raw file or a block device, as the controllers of a guest use it:
 * opened, checked and locked once, then asked for reads and writes that never make a vCPU wait.
 * AHCI and virtio-blk are in front of it; it knows nothing of guests, only of iovecs.
 *
 * Threads: disk_submit may be called from any. A request is carried out by one of the disk's own
 * threads, which also calls its `done`; requests that are in progress at the same time may end in
 * any order.
 */
#ifndef BULKHEAD_CORE_DISK_H
#define BULKHEAD_CORE_DISK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"

#define DISK_SECTOR 512   /* what offsets and lengths are multiples of */
#define DISK_THREADS 4    /* of one disk, started as they are needed */
#define CD_SECTOR 2048    /* ECMA-119 §6.1.2 */

enum disk_cache {
	DISK_WRITEBACK,    /* the host's page cache; a flush of the guest is an fdatasync */
	DISK_WRITETHROUGH, /* the same, and each write is on stable storage before it is done */
	DISK_DIRECT,       /* past the page cache (O_DIRECT); a flush is an fdatasync */
};

enum disk_op { DISK_READ, DISK_WRITE, DISK_FLUSH, DISK_DISCARD };

/* Storage is the caller's and must stay until `done`. */
struct disk_request {
	enum disk_op op;
	bool stable;            /* DISK_WRITE: on stable storage before it is done */
	uint64_t offset, len;   /* bytes, multiples of DISK_SECTOR; not of a flush */
	const struct iovec *iov; /* DISK_READ, DISK_WRITE: `len` bytes in all */
	unsigned n_iov;
	/*
	 * 0 or -errno of the host. Called on a thread of the disk, without a lock; the request is the
	 * caller's again and may be submitted once more from here.
	 */
	void (*done)(struct disk_request *request, int result);
	struct disk_request *next; /* the disk's, while it is queued */
};

struct disk_config {
	const char *path;
	bool read_only;
	bool cdrom; /* read-only; an image of a CD or DVD: must be whole as far as it can tell */
	enum disk_cache cache;
};

struct disk {
	int fd;          /* owned; -1 = closed */
	const char *path; /* borrowed, for messages */
	uint64_t size;   /* bytes; multiple of DISK_SECTOR, of CD_SECTOR when it is a CD */
	bool read_only;
	enum disk_cache cache;
	bool started;

	pthread_mutex_t lock; /* guards all below; innermost, not held during I/O or `done` */
	pthread_cond_t work, idle;
	pthread_t thread[DISK_THREADS];
	unsigned n_threads, n_waiting, n_queued;
	unsigned outstanding; /* submitted, and `done` has not returned */
	struct disk_request *queue, **queue_tail;
	bool stop, no_discard, warned;
};

/*
 * Opens the image, checks that a guest can use it, and locks it for as long as it is open: one
 * writer or any number of readers, machines of other programs that lock images (QEMU) included.
 * Nothing runs yet, so `check` can do it too. -EBUSY when somebody else has it, -EINVAL for what is
 * no disk image, -errno of the host; each with the path, the cause and the next step.
 */
int disk_open(struct disk *disk, const struct disk_config *config, struct err *err);

/* Starts the first thread; more follow when requests wait. -errno with a text. */
int disk_start(struct disk *disk, struct err *err);

/*
 * Queues the request. -EINVAL when it is no multiple of sectors or reaches beyond the end, -EROFS
 * when it changes a disk that is read-only; `done` is not called then.
 */
int disk_submit(struct disk *disk, struct disk_request *request);

/* Returns when nothing is outstanding. Whoever submits has stopped to do so. */
void disk_drain(struct disk *disk);

/* Drains, ends the threads, unlocks and closes. Accepts a zeroed or half-built one. */
void disk_close(struct disk *disk);

#endif
