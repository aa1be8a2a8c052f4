/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/memslot.c
// with: fake/fake_memslot.c
/*
 * A hostile guest at the variable store's flash chip: records of the input are accesses, resets, and
 * a disk or a KVM that fails. Whatever happens, the file and what the guest sees are the same, and
 * the store has a slot only while it shows its content.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "fake/fake_memslot.h"
#include "hw/flash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CODE_SIZE 0x7000
#define STORE_SIZE 0x9000

static _Alignas(4096) uint8_t code[CODE_SIZE], store[STORE_SIZE];
static uint8_t saved[STORE_SIZE];
static int disk_fails;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static int save(void *ctx, uint64_t off, const void *data, size_t len)
{
	(void)ctx;
	require(off <= STORE_SIZE && len <= STORE_SIZE - off);
	if (disk_fails)
		return -EIO;
	memcpy(saved + off, data, len);
	return 0;
}

static void check(const struct flash *flash)
{
	const struct slot_want *slot = fake_memslot_at(flash_store_gpa(flash));
	require(!memcmp(store, saved, STORE_SIZE));
	require(!slot || (slot->hva == store && slot->size == STORE_SIZE && slot->flags));
	/* A slot that could not be taken away is KVM's failure. */
	require(!slot || flash->mode == FLASH_ARRAY || !flash->settled);
	require(!(flash->status & ~0xB0));
}

/* kind and size, offset[3], value[4] */
#define RECORD 8

static void step(struct flash *flash, const uint8_t *r)
{
	unsigned size = 1u << (r[0] & 3);
	uint64_t off = le32_get(r + 1) & 0xFFFF;
	switch (r[0] >> 2 & 7) {
	case 0:
		require(!(flash_ops.read(flash, off, size) & ~all_ones(size)));
		break;
	case 1:
		disk_fails = r[1] & 1;
		break;
	case 2:
		fake_memslot.fail = r[1] & 1 ? -ENOMEM : 0;
		break;
	case 3:
		fake_memslot.fail = 0;
		require(!flash_reset(flash, NULL));
		break;
	default:
		flash_ops.write(flash, off, size, (uint64_t)le32_get(r + 4) * 0x100000001);
	}
	check(flash);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memslots slots = { 0 };
	struct flash flash;
	const struct flash_image c = { code, CODE_SIZE }, s = { store, STORE_SIZE };
	log_set_level(LOG_ERROR);
	fake_memslot_init();
	disk_fails = 0;
	memset(store, 0xA5, STORE_SIZE);
	memcpy(saved, store, STORE_SIZE);
	require(!flash_init(&flash, &slots, &c, &s, save, NULL, NULL));
	for (size_t at = 0; at + RECORD <= size; at += RECORD)
		step(&flash, data + at);
	fake_memslot.fail = 0;
	require(!flash_reset(&flash, NULL));
	require(fake_memslot_at(flash_store_gpa(&flash)) && !flash.status);
	flash_fini(&flash);
	require(!fake_memslot.n);
	return 0;
}
