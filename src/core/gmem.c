/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/gmem.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bytes.h"

#ifndef MADV_POPULATE_WRITE /* Linux 5.14; linux/mman.h */
#define MADV_POPULATE_WRITE 23
#endif

#define POPULATE_THREADS_MAX 16
/*
 * A call holds the address space's lock, and who maps or grows the heap meanwhile waits for it: so
 * no more than one huge page at a time.
 */
#define POPULATE_PIECE (2 * MIB)

/* hva and gpa agree modulo 1 GiB, so that nested page tables can use the largest leaves. */
static int map_aligned(struct gmem *gmem, uint64_t size)
{
	uint64_t span = size + GIB;
	uint8_t *raw =
		mmap(NULL, span, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (raw == MAP_FAILED)
		return -errno;
	uint8_t *at = raw + (align_up((uintptr_t)raw, GIB) - (uintptr_t)raw);
	if (at > raw)
		munmap(raw, (size_t)(at - raw));
	if (raw + span > at + size)
		munmap(at + size, (size_t)(raw + span - (at + size)));
	if (mprotect(at, size, PROT_READ | PROT_WRITE)) {
		int r = -errno;
		munmap(at, size);
		return r;
	}
	gmem->base = at;
	gmem->size = size;
	return 0;
}

static int check_ranges(const struct range *ram, unsigned n, uint64_t *ret_size)
{
	uint64_t sum = 0, next = 0;
	if (!n || n > GMEM_MAX_REGIONS)
		return -EINVAL;
	for (unsigned i = 0; i < n; i++) {
		if (!ram[i].size || (ram[i].start | ram[i].size) % PAGE_4K || ram[i].start < next ||
		    !inside(ram[i].start, ram[i].size, UINT64_C(1) << 52))
			return -EINVAL;
		next = ram[i].start + ram[i].size;
		sum += ram[i].size;
	}
	*ret_size = sum;
	return 0;
}

int gmem_reserve(struct gmem *gmem, uint64_t size, struct err *err)
{
	memset(gmem, 0, sizeof(*gmem));
	int r = map_aligned(gmem, size);
	if (r)
		return err_errno(err, r, "guest memory: cannot map %llu MiB",
				 (unsigned long long)(size / MIB));
	/* Hints: without huge pages or with an old kernel the guest still runs. */
	madvise(gmem->base, size, MADV_HUGEPAGE);
	madvise(gmem->base, size, MADV_DONTFORK);
	madvise(gmem->base, size, MADV_DONTDUMP);
	return 0;
}

int gmem_lay(struct gmem *gmem, const struct range *ram, unsigned n, struct err *err)
{
	uint64_t size;
	int r = check_ranges(ram, n, &size);
	if (r)
		return err_set(err, r, "guest memory: %u ranges that are not ascending pages", n);
	if (size != gmem->size)
		return err_set(err, -EINVAL, "guest memory: %llu MiB of ranges, %llu MiB reserved",
			       (unsigned long long)(size / MIB),
			       (unsigned long long)(gmem->size / MIB));
	uint8_t *hva = gmem->base;
	for (unsigned i = 0; i < n; i++) {
		gmem->regions[i] = (struct gmem_region){ ram[i].start, ram[i].size, hva };
		hva += ram[i].size;
	}
	gmem->n = n;
	return 0;
}

int gmem_init(struct gmem *gmem, const struct range *ram, unsigned n, struct err *err)
{
	uint64_t size;
	memset(gmem, 0, sizeof(*gmem));
	int r = check_ranges(ram, n, &size);
	if (r)
		return err_set(err, r, "guest memory: %u ranges that are not ascending pages", n);
	r = gmem_reserve(gmem, size, err);
	return r ? r : gmem_lay(gmem, ram, n, err);
}

/* Who has time takes the next piece: what a page costs depends on where the host finds it. */
struct populate {
	uint8_t *at;
	uint64_t size;
	_Atomic uint64_t next; /* offset of what nobody has taken; beyond size at the end */
	atomic_int result;     /* of the first piece that failed */
	atomic_bool cancelled;
	unsigned n;
	pthread_t thread[POPULATE_THREADS_MAX];
};

static void populate_cancel(struct gmem *gmem)
{
	if (gmem->populate)
		atomic_store(&gmem->populate->cancelled, true);
}

void gmem_fini(struct gmem *gmem)
{
	populate_cancel(gmem);
	gmem_populate_wait(gmem, NULL);
	if (gmem->base)
		munmap(gmem->base, gmem->size);
	memset(gmem, 0, sizeof(*gmem));
}

static int populate_piece(uint8_t *at, uint64_t size)
{
	if (!madvise(at, size, MADV_POPULATE_WRITE))
		return 0;
	if (errno != EINVAL)
		return -errno;
	/* Kernel before 5.14: a write that changes nothing, for the caller may be loading
	 * meanwhile. */
	for (uint64_t off = 0; off < size; off += PAGE_4K)
		__atomic_fetch_or(at + off, 0, __ATOMIC_RELAXED);
	return 0;
}

static void *populate_pieces(void *arg)
{
	struct populate *p = arg;
	while (!atomic_load(&p->cancelled)) {
		uint64_t off = atomic_fetch_add(&p->next, POPULATE_PIECE);
		if (off >= p->size)
			break;
		int expected = 0,
		    r = populate_piece(p->at + off, min_u64(POPULATE_PIECE, p->size - off));
		if (r) {
			atomic_compare_exchange_strong(&p->result, &expected, r);
			atomic_store(&p->cancelled, true);
		}
	}
	return NULL;
}

static int populate_thread(struct populate *p)
{
	int r = pthread_create(&p->thread[p->n], NULL, populate_pieces, p);
	p->n += !r;
	return -r;
}

int gmem_populate_start(struct gmem *gmem, unsigned threads, struct err *err)
{
	struct populate *populate = calloc(1, sizeof(*populate));
	if (!populate)
		return err_errno(err, -ENOMEM, "guest memory");
	populate->at = gmem->base;
	populate->size = gmem->size;
	int r = populate_thread(populate);
	if (r) {
		free(populate);
		return err_errno(err, r, "guest memory: thread");
	}
	gmem->populate = populate;
	/* More are a matter of time only. */
	uint64_t most = min_u64(POPULATE_THREADS_MAX, gmem->size / POPULATE_PIECE);
	while (populate->n < min_u64(threads, most) && !populate_thread(populate))
		;
	return 0;
}

int gmem_populate_wait(struct gmem *gmem, struct err *err)
{
	struct populate *populate = gmem->populate;
	if (!populate)
		return 0;
	populate_pieces(populate);
	for (unsigned i = 0; i < populate->n; i++)
		pthread_join(populate->thread[i], NULL);
	int r = atomic_load(&populate->result);
	gmem->populate = NULL;
	free(populate);
	if (r)
		return err_errno(err, r, "guest memory: cannot fill %llu MiB",
				 (unsigned long long)(gmem->size / MIB));
	return 0;
}

void *gmem_hva(const struct gmem *gmem, uint64_t gpa, uint64_t len)
{
	for (unsigned i = 0; i < gmem->n; i++) {
		const struct gmem_region *r = &gmem->regions[i];
		if (range_contains((struct range){ r->gpa, r->size }, gpa, len))
			return r->hva + (gpa - r->gpa);
	}
	return NULL;
}

/* Length of the piece at `gpa` that lies in one region, 0 when it is no RAM. */
static size_t piece(const struct gmem *gmem, uint64_t gpa, size_t len, uint8_t **ret_hva)
{
	for (unsigned i = 0; i < gmem->n; i++) {
		const struct gmem_region *r = &gmem->regions[i];
		if (gpa >= r->gpa && gpa - r->gpa < r->size) {
			*ret_hva = r->hva + (gpa - r->gpa);
			return (size_t)min_u64(len, r->size - (gpa - r->gpa));
		}
	}
	return 0;
}

/* A copy is all or nothing: the range is walked once before the first byte moves. */
static int covered(const struct gmem *gmem, uint64_t gpa, size_t len)
{
	uint8_t *hva;
	if (len && len - 1 > UINT64_MAX - gpa)
		return -EFAULT;
	while (len) {
		size_t n = piece(gmem, gpa, len, &hva);
		if (!n)
			return -EFAULT;
		gpa += n;
		len -= n;
	}
	return 0;
}

int gmem_read(const struct gmem *gmem, uint64_t gpa, void *to, size_t len)
{
	uint8_t *hva, *out = to;
	if (covered(gmem, gpa, len))
		return -EFAULT;
	while (len) {
		size_t n = piece(gmem, gpa, len, &hva);
		memcpy(out, hva, n);
		out += n;
		gpa += n;
		len -= n;
	}
	return 0;
}

int gmem_write(const struct gmem *gmem, uint64_t gpa, const void *from, size_t len)
{
	uint8_t *hva;
	const uint8_t *in = from;
	if (covered(gmem, gpa, len))
		return -EFAULT;
	while (len) {
		size_t n = piece(gmem, gpa, len, &hva);
		memcpy(hva, in, n);
		in += n;
		gpa += n;
		len -= n;
	}
	return 0;
}

int gmem_iov(const struct gmem *gmem, uint64_t gpa, uint64_t len, struct iovec *ret, unsigned max)
{
	unsigned n = 0;
	if (!len || covered(gmem, gpa, len))
		return -EFAULT;
	while (len) {
		uint8_t *hva;
		size_t size = piece(gmem, gpa, len, &hva);
		if (n == max)
			return -ENOSPC;
		ret[n++] = (struct iovec){ hva, size };
		gpa += size;
		len -= size;
	}
	return (int)n;
}
