/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two flash chips below 4 GiB that UEFI firmware runs from: code, which cannot be written, and
 * above all the variable store, a CFI chip with Intel's command set (JEDEC JEP137, command set 1)
 * as far as firmware uses it. Both are read-only KVM memory slots, so that reading and running from
 * them needs no exit; writes are commands. While the chip shows its status or ids in place of its
 * content the store's slot is taken away, and comes back with "read array".
 *
 * Each chip change goes to `save` in the order the guest made it, before the next one can be made:
 * firmware that survives a power cut survives the end of this process at any moment.
 */
#ifndef BULKHEAD_HW_FLASH_H
#define BULKHEAD_HW_FLASH_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/bus.h"
#include "kvm/memslot.h"

#define FLASH_BLOCK 4096 /* what one erase clears */
#define FLASH_SIZE_MAX (UINT64_C(16) << 20) /* of both together */

struct flash_image {
	void *hva; /* page aligned, borrowed */
	size_t size; /* multiple of FLASH_BLOCK */
};

enum flash_mode {
	FLASH_ARRAY,   /* reads show the content; the only mode with a slot */
	FLASH_STATUS,
	FLASH_ID,
	FLASH_QUERY,
	FLASH_PROGRAM, /* the next write is data */
	FLASH_ERASE,   /* the next write confirms, or not */
};

struct flash {
	pthread_mutex_t lock; /* guards mode, status, the store's content; before slots */
	struct memslots *slots; /* borrowed */
	struct flash_image code, store;
	/*
	 * Makes `len` bytes at `off` of the store durable against the end of this process. -errno
	 * fails the guest's command, with the content as it was.
	 */
	int (*save)(void *ctx, uint64_t off, const void *data, size_t len);
	void *ctx;
	enum flash_mode mode;
	uint8_t status;
	bool settled; /* the slots are as mode wants them */
	uint64_t bursts, changes; /* slots taken away; bytes programmed and blocks erased */
};

/*
 * The code ends at 4 GiB, the store lies right below it. The slots are there when this returns.
 * -errno of memslots_publish.
 */
int flash_init(struct flash *flash, struct memslots *slots, const struct flash_image *code,
	       const struct flash_image *store,
	       int (*save)(void *ctx, uint64_t off, const void *data, size_t len), void *ctx,
	       struct err *err);
/* Takes the slots away. Accepts one that is all zeroes, or whose init failed. */
void flash_fini(struct flash *flash);
/* Power-on: shows its content, status clear. */
int flash_reset(struct flash *flash, struct err *err);

/* Where the chips are in guest memory. */
uint64_t flash_code_gpa(const struct flash *flash);
uint64_t flash_store_gpa(const struct flash *flash);

extern const struct bus_ops flash_ops; /* the whole store, ctx = struct flash */

#endif
