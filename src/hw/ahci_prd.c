/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's PRD table. Each entry is read once, when its turn comes, and has at least two bytes, so
 * no walk is longer than the data that is asked for.
 */
#include <errno.h>

#include "base/bytes.h"
#include "hw/ahci.h"
#include "hw/ahci_regs.h"

/* 1: prd->gpa and ->len have something; 0: the table has ended. */
static int next(struct ahci_prd *prd, const struct gmem *gmem)
{
	uint8_t entry[PRD_SIZE];
	if (prd->len)
		return 1;
	if (!prd->left)
		return 0;
	if (gmem_read(gmem, prd->table, entry, sizeof(entry)))
		return -EFAULT;
	prd->table += PRD_SIZE;
	prd->left--;
	/* An even number of bytes at an even address: the lowest bits are not the guest's. */
	prd->gpa = le64_get(entry) & ~UINT64_C(1);
	prd->len = (le32_get(entry + 12) & PRD_BYTES & ~1u) + 2;
	return 1;
}

static void consume(struct ahci_prd *prd, uint64_t n)
{
	prd->gpa += n;
	prd->len -= n;
}

int64_t ahci_prd_gather(struct ahci_prd *prd, const struct gmem *gmem, uint64_t len,
			struct iovec *iov, unsigned *ret_n)
{
	uint64_t done = 0;
	unsigned n = 0;
	int r = 1;
	while (done < len && n < AHCI_IOV && (r = next(prd, gmem)) > 0) {
		uint64_t part = min_u64(prd->len, len - done);
		int got = gmem_iov(gmem, prd->gpa, part, iov + n, AHCI_IOV - n);
		if (got == -ENOSPC && n)
			break; /* room for it next time */
		if (got < 0)
			return -EFAULT;
		n += (unsigned)got;
		done += part;
		consume(prd, part);
	}
	*ret_n = n;
	return r < 0 ? r : (int64_t)done;
}

int64_t ahci_prd_copy(struct ahci_prd *prd, const struct gmem *gmem, void *buffer, uint64_t len,
		      bool to_guest)
{
	uint8_t *at = buffer;
	uint64_t done = 0;
	int r = 1;
	while (done < len && (r = next(prd, gmem)) > 0) {
		uint64_t part = min_u64(prd->len, len - done);
		r = to_guest ? gmem_write(gmem, prd->gpa, at + done, part)
			     : gmem_read(gmem, prd->gpa, at + done, part);
		if (r)
			return -EFAULT;
		done += part;
		consume(prd, part);
	}
	return r < 0 ? r : (int64_t)done;
}
