/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/flash.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/range.h"
#include "core/layout.h"

/* Commands of the Intel set, and the status register (Intel 28F640J3 datasheet §4). */
enum command {
	CMD_PROGRAM = 0x10,
	CMD_ERASE = 0x20,
	CMD_PROGRAM_2 = 0x40,
	CMD_CLEAR_STATUS = 0x50,
	CMD_READ_STATUS = 0x70,
	CMD_READ_ID = 0x90,
	CMD_QUERY = 0x98,
	CMD_CONFIRM = 0xD0,
	CMD_READ_ARRAY = 0xFF,
};
#define STATUS_READY 0x80
#define STATUS_ERASE_FAILED 0x20
#define STATUS_PROGRAM_FAILED 0x10

#define MANUFACTURER 0x89 /* Intel */
#define DEVICE 0x18

uint64_t flash_code_gpa(const struct flash *flash)
{
	return HIGH_RAM_BASE - flash->code.size;
}

uint64_t flash_store_gpa(const struct flash *flash)
{
	return flash_code_gpa(flash) - flash->store.size;
}

/* --- slots --- */

static int publish(struct flash *flash, struct err *err)
{
	const struct slot_want want[] = {
		{ flash_code_gpa(flash), flash->code.size, flash->code.hva, KVM_MEM_READONLY },
		{ flash_store_gpa(flash), flash->store.size, flash->store.hva, KVM_MEM_READONLY },
	};
	int r = memslots_publish(flash->slots, SLOT_FIRMWARE, want,
				 flash->mode == FLASH_ARRAY ? 2 : 1, err);
	flash->settled = !r;
	return r;
}

/* After a failure the handlers below serve what they can; the next command tries again. */
static void enter(struct flash *flash, enum flash_mode mode)
{
	bool had_slot = flash->mode == FLASH_ARRAY, has_slot = mode == FLASH_ARRAY;
	bool was_settled = flash->settled;
	struct err err = { 0 };
	flash->mode = mode;
	if (had_slot == has_slot && flash->settled)
		return;
	flash->bursts += had_slot && !has_slot;
	if (publish(flash, &err) && was_settled)
		log_warn("firmware variables: %s", err.text);
}

int flash_init(struct flash *flash, struct memslots *slots, const struct flash_image *code,
	       const struct flash_image *store,
	       int (*save)(void *ctx, uint64_t off, const void *data, size_t len), void *ctx,
	       struct err *err)
{
	*flash = (struct flash){
		.slots = slots, .code = *code, .store = *store, .save = save, .ctx = ctx
	};
	pthread_mutex_init(&flash->lock, NULL);
	int r = publish(flash, err);
	if (r)
		flash_fini(flash);
	return r;
}

void flash_fini(struct flash *flash)
{
	if (!flash->slots)
		return;
	memslots_publish(flash->slots, SLOT_FIRMWARE, NULL, 0, NULL);
	pthread_mutex_destroy(&flash->lock);
	flash->slots = NULL;
}

int flash_reset(struct flash *flash, struct err *err)
{
	if (!flash->slots)
		return 0;
	pthread_mutex_lock(&flash->lock);
	flash->mode = FLASH_ARRAY;
	flash->status = 0;
	int r = publish(flash, err);
	pthread_mutex_unlock(&flash->lock);
	return r;
}

/* --- changes --- */

/* The file first: what the guest can see is never ahead of what is kept. */
static void change(struct flash *flash, uint64_t off, const void *data, size_t len, uint8_t failed)
{
	flash->status |= STATUS_READY;
	int r = flash->save(flash->ctx, off, data, len);
	if (r) {
		flash->status |= failed;
		return;
	}
	memcpy((char *)flash->store.hva + off, data, len);
	flash->changes++;
}

static void program(struct flash *flash, uint64_t off, unsigned size, uint64_t value)
{
	uint8_t bytes[8];
	le_put(bytes, size, value);
	change(flash, off, bytes, size, STATUS_PROGRAM_FAILED);
	enter(flash, FLASH_STATUS);
}

static void erase(struct flash *flash, uint64_t off, uint8_t command)
{
	uint8_t blank[FLASH_BLOCK];
	if (command == CMD_CONFIRM) {
		memset(blank, 0xFF, sizeof(blank));
		change(flash, align_down(off, FLASH_BLOCK), blank, sizeof(blank),
		       STATUS_ERASE_FAILED);
	} else {
		/* Both bits: a wrong sequence of commands. */
		flash->status |= STATUS_READY | STATUS_ERASE_FAILED | STATUS_PROGRAM_FAILED;
	}
	enter(flash, FLASH_STATUS);
}

/*
 * Firmware tells flash from RAM and ROM by what it reads after CLEAR_STATUS (the content) and then
 * READ_STATUS: exactly 0, although a real chip would say that it is ready.
 */
static void obey(struct flash *flash, uint8_t command)
{
	switch (command) {
	case CMD_PROGRAM:
	case CMD_PROGRAM_2:
		enter(flash, FLASH_PROGRAM);
		break;
	case CMD_ERASE:
		enter(flash, FLASH_ERASE);
		break;
	case CMD_READ_STATUS:
		enter(flash, FLASH_STATUS);
		break;
	case CMD_READ_ID:
		enter(flash, FLASH_ID);
		break;
	case CMD_QUERY:
		enter(flash, FLASH_QUERY);
		break;
	case CMD_CLEAR_STATUS:
		flash->status = 0;
		enter(flash, FLASH_ARRAY);
		break;
	default: /* CMD_READ_ARRAY, and what this chip does not know */
		enter(flash, FLASH_ARRAY);
	}
}

/* --- what the guest reads --- */

/* CFI table (JEP137 §2): "QRY", command set 1, size, one region of equal blocks. */
static uint8_t query_byte(const struct flash *flash, uint64_t off)
{
	uint32_t blocks = (uint32_t)(flash->store.size / FLASH_BLOCK) - 1;
	switch (off) {
	case 0x10:
		return 'Q';
	case 0x11:
		return 'R';
	case 0x12:
		return 'Y';
	case 0x13:
		return 1; /* Intel's */
	case 0x15:
		return 0x31; /* its own table, which says nothing */
	case 0x27: /* 2^n bytes */
		return (uint8_t)__builtin_ctzll(pow2_ceil(flash->store.size));
	case 0x2C:
		return 1;
	case 0x2D:
		return (uint8_t)blocks;
	case 0x2E:
		return (uint8_t)(blocks >> 8);
	case 0x2F:
		return FLASH_BLOCK / 256;
	case 0x31:
		return 'P';
	case 0x32:
		return 'R';
	case 0x33:
		return 'I';
	default:
		return 0;
	}
}

static uint8_t read_byte(const struct flash *flash, uint64_t off)
{
	switch (flash->mode) {
	case FLASH_ARRAY:
		return ((const uint8_t *)flash->store.hva)[off];
	case FLASH_ID:
		return off % FLASH_BLOCK == 0 ? MANUFACTURER : off % FLASH_BLOCK == 1 ? DEVICE : 0;
	case FLASH_QUERY:
		return query_byte(flash, off % FLASH_BLOCK);
	default:
		return flash->status;
	}
}

static uint64_t flash_read(void *ctx, uint64_t off, unsigned size)
{
	struct flash *flash = ctx;
	uint64_t value = 0;
	if (!inside(off, size, flash->store.size))
		return all_ones(size);
	pthread_mutex_lock(&flash->lock);
	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)read_byte(flash, off + i) << (8 * i);
	pthread_mutex_unlock(&flash->lock);
	return value;
}

static void flash_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct flash *flash = ctx;
	if (!inside(off, size, flash->store.size))
		return;
	pthread_mutex_lock(&flash->lock);
	if (flash->mode == FLASH_PROGRAM)
		program(flash, off, size, value);
	else if (flash->mode == FLASH_ERASE)
		erase(flash, off, (uint8_t)value);
	else
		obey(flash, (uint8_t)value);
	pthread_mutex_unlock(&flash->lock);
}

const struct bus_ops flash_ops = { .read = flash_read, .write = flash_write };
