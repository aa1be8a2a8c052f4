/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The threads of a disk, and what they do for a request. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/range.h"
#include "core/disk.h"

#define BATCH 64                 /* buffers of one system call */
#define BOUNCE (256 * (size_t)KIB) /* for buffers that O_DIRECT does not take */
#define STACK (128 * (size_t)KIB)

/* --- one request --- */

/* Where in the request's buffers the next byte is. */
struct cursor {
	const struct disk_request *request;
	uint64_t done; /* bytes of the request */
	unsigned index;
	size_t skip; /* bytes of iov[index] */
};

static void advance(struct cursor *c, size_t n)
{
	c->done += n;
	while (n) {
		size_t left = c->request->iov[c->index].iov_len - c->skip;
		size_t step = (size_t)min_u64(left, n);
		c->skip += step;
		n -= step;
		if (c->skip == c->request->iov[c->index].iov_len) {
			c->index++;
			c->skip = 0;
		}
	}
}

/* Buffers from the cursor on, at most BATCH and never more than the request's length. */
static int gather(const struct cursor *c, struct iovec *batch)
{
	uint64_t left = c->request->len - c->done;
	int n = 0;
	size_t skip = c->skip;
	for (unsigned i = c->index; i < c->request->n_iov && n < BATCH && left; i++) {
		const struct iovec *from = &c->request->iov[i];
		size_t len = (size_t)min_u64(from->iov_len - skip, left);
		batch[n].iov_base = (char *)from->iov_base + skip;
		batch[n].iov_len = len;
		left -= len;
		skip = 0;
		n += len != 0;
	}
	return n;
}

static bool is_aligned(const struct iovec *batch, int n)
{
	for (int i = 0; i < n; i++)
		if ((uintptr_t)batch[i].iov_base % DISK_SECTOR || batch[i].iov_len % DISK_SECTOR)
			return false;
	return true;
}

static ssize_t transfer(const struct disk *disk, const struct disk_request *request,
			const struct iovec *iov, int n, uint64_t at)
{
	int flags = request->stable || disk->cache == DISK_WRITETHROUGH ? RWF_DSYNC : 0;
	ssize_t got = request->op == DISK_READ ? preadv(disk->fd, iov, n, (off_t)at)
					       : pwritev2(disk->fd, iov, n, (off_t)at, flags);
	if (got < 0)
		return -errno;
	return got ? got : -EIO; /* the file was cut short behind our back */
}

/* All of the request's buffers by way of one that is aligned. */
static int transfer_bounced(const struct disk *disk, struct cursor *c, struct iovec *batch)
{
	autofree void *bounce = aligned_alloc(PAGE_4K, BOUNCE);
	if (!bounce)
		return -ENOMEM;
	while (c->done < c->request->len) {
		size_t len = (size_t)min_u64(c->request->len - c->done, BOUNCE), at = 0;
		bool is_read = c->request->op == DISK_READ;
		struct cursor copy = *c;
		if (is_read) {
			const struct iovec one = { bounce, len };
			ssize_t got = transfer(disk, c->request, &one, 1, c->request->offset + c->done);
			if (got < 0 || got % DISK_SECTOR)
				return got < 0 ? (int)got : -EIO;
			len = (size_t)got;
		}
		while (at < len) {
			if (!gather(&copy, batch))
				return -EINVAL;
			size_t step = (size_t)min_u64(batch[0].iov_len, len - at);
			memcpy(is_read ? batch[0].iov_base : (char *)bounce + at,
			       is_read ? (char *)bounce + at : batch[0].iov_base, step);
			advance(&copy, step);
			at += step;
		}
		if (!is_read) {
			const struct iovec one = { bounce, len };
			ssize_t put = transfer(disk, c->request, &one, 1, c->request->offset + c->done);
			if (put < 0 || put % DISK_SECTOR)
				return put < 0 ? (int)put : -EIO;
			len = (size_t)put;
		}
		advance(c, len);
	}
	return 0;
}

static int read_write(const struct disk *disk, const struct disk_request *request)
{
	struct cursor c = { .request = request };
	struct iovec batch[BATCH];
	while (c.done < request->len) {
		int n = gather(&c, batch);
		if (!n)
			return -EINVAL;
		if (disk->cache == DISK_DIRECT && !is_aligned(batch, n))
			return transfer_bounced(disk, &c, batch);
		ssize_t got = transfer(disk, request, batch, n, request->offset + c.done);
		if (got == -EINTR)
			continue;
		if (got < 0)
			return (int)got;
		advance(&c, (size_t)got);
	}
	return 0;
}

/* A hint of the guest: where the storage cannot do it, nothing is lost. */
static int discard(struct disk *disk, const struct disk_request *request)
{
	pthread_mutex_lock(&disk->lock);
	bool skip = disk->no_discard;
	pthread_mutex_unlock(&disk->lock);
	if (skip || !fallocate(disk->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			       (off_t)request->offset, (off_t)request->len))
		return 0;
	if (errno != EOPNOTSUPP && errno != ENOSYS)
		return -errno;
	pthread_mutex_lock(&disk->lock);
	disk->no_discard = true;
	pthread_mutex_unlock(&disk->lock);
	return 0;
}

static int carry_out(struct disk *disk, const struct disk_request *request)
{
	switch (request->op) {
	case DISK_READ:
	case DISK_WRITE:
		return read_write(disk, request);
	case DISK_FLUSH:
		return disk->read_only || !fdatasync(disk->fd) ? 0 : -errno;
	case DISK_DISCARD:
		return discard(disk, request);
	}
	return -EINVAL;
}

/* Once: a guest may go on for ever with a disk that fails. */
static void warn_once(struct disk *disk, const struct disk_request *request, int result)
{
	static const char *const words[] = { [DISK_READ] = "read",
					     [DISK_WRITE] = "write",
					     [DISK_FLUSH] = "flush",
					     [DISK_DISCARD] = "discard" };
	pthread_mutex_lock(&disk->lock);
	bool first = !disk->warned;
	disk->warned = true;
	pthread_mutex_unlock(&disk->lock);
	if (first)
		log_warn("disk %s: %s at byte %llu: %s; the guest sees an error of its disk, further "
			 "ones are not reported",
			 disk->path, words[request->op], (unsigned long long)request->offset,
			 strerror(-result));
}

/* --- threads --- */

/* NULL when the thread is to end. Lock held. */
static struct disk_request *next_request(struct disk *disk)
{
	while (!disk->queue && !disk->stop) {
		disk->n_waiting++;
		pthread_cond_wait(&disk->work, &disk->lock);
		disk->n_waiting--;
	}
	struct disk_request *request = disk->queue;
	if (request) {
		disk->n_queued--;
		disk->queue = request->next;
		if (!disk->queue)
			disk->queue_tail = &disk->queue;
	}
	return request;
}

static void *serve(void *ctx)
{
	struct disk *disk = ctx;
	struct disk_request *request;
	pthread_mutex_lock(&disk->lock);
	while ((request = next_request(disk))) {
		pthread_mutex_unlock(&disk->lock);
		int result = carry_out(disk, request);
		if (result)
			warn_once(disk, request, result);
		request->done(request, result);
		pthread_mutex_lock(&disk->lock);
		if (!--disk->outstanding)
			pthread_cond_broadcast(&disk->idle);
	}
	pthread_mutex_unlock(&disk->lock);
	return NULL;
}

/* Signals are the main thread's, and the vCPUs'. Lock held, or not started yet. */
static int add_thread(struct disk *disk)
{
	sigset_t all, old;
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	int r = -pthread_create(&disk->thread[disk->n_threads], &attr, serve, disk);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (r)
		return r;
	pthread_setname_np(disk->thread[disk->n_threads], "disk");
	disk->n_threads++;
	return 0;
}

int disk_start(struct disk *disk, struct err *err)
{
	int r = add_thread(disk);
	if (r)
		return err_errno(err, r, "disk %s: no thread for it", disk->path);
	disk->started = true;
	return 0;
}

static bool changes(const struct disk_request *request)
{
	return request->op == DISK_WRITE || request->op == DISK_DISCARD;
}

static int check(const struct disk *disk, const struct disk_request *request)
{
	if (changes(request) && disk->read_only)
		return -EROFS;
	if (request->op == DISK_FLUSH)
		return 0;
	return request->len && request->offset % DISK_SECTOR == 0 && request->len % DISK_SECTOR == 0 &&
			       inside(request->offset, request->len, disk->size)
		       ? 0
		       : -EINVAL;
}

int disk_submit(struct disk *disk, struct disk_request *request)
{
	int r = check(disk, request);
	if (r)
		return r;
	request->next = NULL;
	pthread_mutex_lock(&disk->lock);
	*disk->queue_tail = request;
	disk->queue_tail = &request->next;
	disk->outstanding++;
	disk->n_queued++;
	/* Without one more thread it waits for those there are. */
	if (disk->n_queued > disk->n_waiting && disk->n_threads < DISK_THREADS)
		add_thread(disk);
	pthread_cond_signal(&disk->work);
	pthread_mutex_unlock(&disk->lock);
	return 0;
}

void disk_drain(struct disk *disk)
{
	if (!disk->started)
		return;
	pthread_mutex_lock(&disk->lock);
	while (disk->outstanding)
		pthread_cond_wait(&disk->idle, &disk->lock);
	pthread_mutex_unlock(&disk->lock);
}

void disk_close(struct disk *disk)
{
	if (!disk->path)
		return;
	disk_drain(disk);
	pthread_mutex_lock(&disk->lock);
	disk->stop = true;
	pthread_cond_broadcast(&disk->work);
	pthread_mutex_unlock(&disk->lock);
	for (unsigned i = 0; i < disk->n_threads; i++)
		pthread_join(disk->thread[i], NULL);
	pthread_cond_destroy(&disk->work);
	pthread_cond_destroy(&disk->idle);
	pthread_mutex_destroy(&disk->lock);
	close_fd(&disk->fd);
	*disk = (struct disk){ .fd = -1 };
}
