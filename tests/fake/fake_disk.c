/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/fake_disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/range.h"

struct fake_disk fake_disk;

int disk_start(struct disk *disk, struct err *err)
{
	(void)err;
	disk->started = true;
	return 0;
}

int disk_submit(struct disk *disk, struct disk_request *request)
{
	bool changes = request->op == DISK_WRITE || request->op == DISK_DISCARD;
	if (changes && disk->read_only)
		return -EROFS;
	if (request->op != DISK_FLUSH &&
	    (!request->len || request->offset % DISK_SECTOR || request->len % DISK_SECTOR ||
	     !inside(request->offset, request->len, disk->size)))
		return -EINVAL;
	if (fake_disk.n == FAKE_DISK_QUEUE)
		abort();
	fake_disk.queue[fake_disk.n++] = request;
	return 0;
}

static void copy(const struct disk_request *request)
{
	uint8_t *at = fake_disk.data + request->offset;
	uint64_t n = 0;
	for (unsigned i = 0; i < request->n_iov; i++) {
		const struct iovec *iov = &request->iov[i];
		n += iov->iov_len;
		if (n > request->len)
			abort();
		if (request->op == DISK_READ)
			memcpy(iov->iov_base, at, iov->iov_len);
		else
			memcpy(at, iov->iov_base, iov->iov_len);
		at += iov->iov_len;
	}
	if (n != request->len)
		abort();
}

static void carry_out(const struct disk_request *request)
{
	switch (request->op) {
	case DISK_READ:
		fake_disk.reads++;
		copy(request);
		break;
	case DISK_WRITE:
		fake_disk.writes++;
		fake_disk.stable += request->stable;
		copy(request);
		break;
	case DISK_FLUSH:
		fake_disk.flushes++;
		break;
	case DISK_DISCARD:
		fake_disk.discards++;
		memset(fake_disk.data + request->offset, 0, request->len);
		break;
	}
}

void fake_disk_run(unsigned i)
{
	if (i >= fake_disk.n)
		abort();
	struct disk_request *request = fake_disk.queue[i];
	memmove(&fake_disk.queue[i], &fake_disk.queue[i + 1],
		(fake_disk.n - i - 1) * sizeof(fake_disk.queue[0]));
	fake_disk.n--;
	if (!fake_disk.fail)
		carry_out(request);
	request->done(request, fake_disk.fail);
}

void fake_disk_run_all(void)
{
	while (fake_disk.n)
		fake_disk_run(0);
}

void disk_drain(struct disk *disk)
{
	(void)disk;
	fake_disk_run_all();
}

void disk_close(struct disk *disk)
{
	(void)disk;
	fake_disk_run_all();
}
