/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/fwcfg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/log.h"

/* QEMU docs/specs/fw_cfg.rst; offsets from the first port. */
enum port { PORT_SELECT = 0, PORT_DATA = 1, PORT_DMA_HIGH = 4, PORT_DMA_LOW = 8 };

static const uint8_t dma_signature[8] = "QEMU CFG";

/* Bits of a DMA descriptor's control field; the key is in its upper half. */
enum control {
	DMA_ERROR = 0x01,
	DMA_READ = 0x02,
	DMA_SKIP = 0x04,
	DMA_SELECT = 0x08,
	DMA_WRITE = 0x10,
};

#define DIR_ENTRY 64 /* u32 size, u16 key, u16 0, name; all big-endian */
#define DIR_MAX (4 + DIR_ENTRY * FWCFG_MAX_ITEMS)

/* How far beyond an item's end a DMA read may go. Firmware reads what the directory says. */
#define BEYOND_MAX (64 * KIB)

/* --- items --- */

static struct fwcfg_item *find_key(struct fwcfg *fwcfg, uint16_t key)
{
	for (unsigned i = 0; i < fwcfg->n_items; i++)
		if (fwcfg->item[i].key == key)
			return &fwcfg->item[i];
	return NULL;
}

static struct fwcfg_item *find_name(struct fwcfg *fwcfg, const char *name)
{
	for (unsigned i = 0; i < fwcfg->n_items; i++)
		if (fwcfg->item[i].name[0] && !strcmp(fwcfg->item[i].name, name))
			return &fwcfg->item[i];
	return NULL;
}

static void drop_data(struct fwcfg_item *item)
{
	free(item->data);
	item->data = NULL;
	item->len = 0;
}

/* A copy of `data`, or zeroes where that is NULL. */
static int give_copy(struct fwcfg_item *item, const void *data, size_t len)
{
	uint8_t *copy = calloc(1, len ? len : 1);
	if (!copy)
		return -ENOMEM;
	if (data && len)
		memcpy(copy, data, len);
	drop_data(item);
	item->data = copy;
	item->len = len;
	return 0;
}

/* Files in the order of their keys, which is the one they were added in. */
static int write_directory(struct fwcfg *fwcfg)
{
	uint8_t dir[DIR_MAX] = { 0 }, *at = dir + 4;
	uint32_t n = 0;
	for (unsigned i = 0; i < fwcfg->n_items; i++) {
		const struct fwcfg_item *item = &fwcfg->item[i];
		if (!item->name[0])
			continue;
		be_put(at, 4, item->len);
		be_put(at + 4, 2, item->key);
		memcpy(at + 8, item->name, FWCFG_NAME_MAX);
		at += DIR_ENTRY;
		n++;
	}
	be_put(dir, 4, n);
	return give_copy(find_key(fwcfg, FWCFG_FILE_DIR), dir, (size_t)(at - dir));
}

static int check_new(struct fwcfg *fwcfg, uint16_t key, size_t len)
{
	if (key >= FWCFG_FILE_FIRST + FWCFG_MAX_ITEMS || len > UINT32_MAX)
		return -EINVAL;
	if (find_key(fwcfg, key))
		return -EEXIST;
	return fwcfg->n_items == FWCFG_MAX_ITEMS ? -ENOSPC : 0;
}

static int add_item(struct fwcfg *fwcfg, uint16_t key, const void *data, size_t len,
		    struct err *err)
{
	struct fwcfg_item item = { .key = key };
	int r = check_new(fwcfg, key, len);
	if (!r)
		r = give_copy(&item, data, len);
	if (r)
		return err_errno(err, r, "firmware configuration: item 0x%02x", key);
	fwcfg->item[fwcfg->n_items++] = item;
	return 0;
}

/* What add_file takes beside the name: everything but key and name. */
static int add_file(struct fwcfg *fwcfg, const char *name, const void *data,
		    const struct fwcfg_item *like, struct err *err)
{
	uint16_t key = FWCFG_FILE_FIRST;
	for (unsigned i = 0; i < fwcfg->n_items; i++)
		key = (uint16_t)(key + (fwcfg->item[i].name[0] != '\0'));
	int r = 0;
	if (!name[0] || strlen(name) >= FWCFG_NAME_MAX)
		r = -ENAMETOOLONG;
	else if (find_name(fwcfg, name))
		r = -EEXIST;
	if (r)
		return err_errno(err, r, "firmware configuration: file `%s`", name);
	r = add_item(fwcfg, key, data, like->len, err);
	if (r) {
		err_prefix(err, "file `%s`", name);
		return r;
	}
	struct fwcfg_item *item = &fwcfg->item[fwcfg->n_items - 1];
	memcpy(item->name, name, strlen(name) + 1);
	item->writable = like->writable;
	item->selected = like->selected;
	item->wrote = like->wrote;
	item->ctx = like->ctx;
	r = write_directory(fwcfg);
	return r ? err_errno(err, r, "firmware configuration: directory") : 0;
}

/* --- set-up --- */

int fwcfg_init(struct fwcfg *fwcfg, const struct gmem *gmem, struct err *err)
{
	*fwcfg = (struct fwcfg){ .gmem = gmem };
	pthread_mutex_init(&fwcfg->lock, NULL);
	static const uint8_t empty[4] = { 0 };
	return add_item(fwcfg, FWCFG_FILE_DIR, empty, sizeof(empty), err);
}

void fwcfg_fini(struct fwcfg *fwcfg)
{
	if (!fwcfg->gmem)
		return;
	while (fwcfg->n_items)
		drop_data(&fwcfg->item[--fwcfg->n_items]);
	pthread_mutex_destroy(&fwcfg->lock);
	fwcfg->gmem = NULL;
}

void fwcfg_reset(struct fwcfg *fwcfg)
{
	if (!fwcfg->gmem)
		return;
	pthread_mutex_lock(&fwcfg->lock);
	fwcfg->selected = 0;
	fwcfg->offset = 0;
	fwcfg->dma_addr = 0;
	for (unsigned i = 0; i < fwcfg->n_items; i++)
		if (fwcfg->item[i].writable)
			memset(fwcfg->item[i].data, 0, fwcfg->item[i].len);
	pthread_mutex_unlock(&fwcfg->lock);
}

int fwcfg_add(struct fwcfg *fwcfg, uint16_t key, const void *data, size_t len, struct err *err)
{
	if (key >= FWCFG_FILE_FIRST)
		return err_set(err, -EINVAL, "firmware configuration: key 0x%02x is a file's", key);
	return add_item(fwcfg, key, data, len, err);
}

int fwcfg_add_u16(struct fwcfg *fwcfg, uint16_t key, uint16_t value, struct err *err)
{
	uint8_t bytes[2];
	le_put(bytes, sizeof(bytes), value);
	return fwcfg_add(fwcfg, key, bytes, sizeof(bytes), err);
}

int fwcfg_add_u32(struct fwcfg *fwcfg, uint16_t key, uint32_t value, struct err *err)
{
	uint8_t bytes[4];
	le_put(bytes, sizeof(bytes), value);
	return fwcfg_add(fwcfg, key, bytes, sizeof(bytes), err);
}

int fwcfg_add_host_file(struct fwcfg *fwcfg, uint16_t key, int fd, uint64_t start, size_t len,
			const char *what, struct err *err)
{
	int r = key >= FWCFG_FILE_FIRST ? -EINVAL : check_new(fwcfg, key, len);
	if (r)
		return err_errno(err, r, "firmware configuration: item 0x%02x", key);
	fwcfg->item[fwcfg->n_items++] = (struct fwcfg_item){
		.key = key, .what = what, .fd = fd, .start = start, .len = len
	};
	return 0;
}

int fwcfg_add_file(struct fwcfg *fwcfg, const char *name, const void *data, size_t len,
		   struct err *err)
{
	return add_file(fwcfg, name, data, &(struct fwcfg_item){ .len = len }, err);
}

int fwcfg_add_lazy(struct fwcfg *fwcfg, const char *name, size_t len,
		   void (*selected)(void *ctx), void *ctx, struct err *err)
{
	const struct fwcfg_item like = { .len = len, .selected = selected, .ctx = ctx };
	return add_file(fwcfg, name, NULL, &like, err);
}

int fwcfg_add_writable(struct fwcfg *fwcfg, const char *name, size_t len,
		       void (*wrote)(void *ctx, const uint8_t *data, size_t len), void *ctx,
		       struct err *err)
{
	const struct fwcfg_item like = {
		.len = len, .writable = true, .wrote = wrote, .ctx = ctx
	};
	if (len > FWCFG_WRITABLE_MAX)
		return err_set(err, -EINVAL,
			       "firmware configuration: file `%s`: %zu bytes to write, at most %d",
			       name, len, FWCFG_WRITABLE_MAX);
	return add_file(fwcfg, name, NULL, &like, err);
}

int fwcfg_replace(struct fwcfg *fwcfg, const char *name, const void *data, size_t len)
{
	pthread_mutex_lock(&fwcfg->lock);
	struct fwcfg_item *item = find_name(fwcfg, name);
	int r = !item ? -ENOENT : len > UINT32_MAX || item->writable ? -EINVAL : 0;
	if (!r)
		r = give_copy(item, data, len);
	if (!r)
		r = write_directory(fwcfg);
	pthread_mutex_unlock(&fwcfg->lock);
	return r;
}

/* --- what the guest does; the lock is held but where a hook is called --- */

static void select_item(struct fwcfg *fwcfg, uint16_t key)
{
	const struct fwcfg_item *item = find_key(fwcfg, key);
	if (item && item->selected) {
		void (*selected)(void *ctx) = item->selected;
		void *ctx = item->ctx;
		pthread_mutex_unlock(&fwcfg->lock);
		selected(ctx);
		pthread_mutex_lock(&fwcfg->lock);
	}
	fwcfg->selected = key;
	fwcfg->offset = 0;
}

/* Bytes of a file of the host. Not by a mapping: one whose file is cut is a signal to die. */
static bool read_file(struct fwcfg_item *item, uint64_t offset, void *to, size_t len)
{
	int r = file_pread_all(item->fd, to, len, (off_t)(item->start + offset));
	if (r && !item->told)
		log_warn("%s: cannot read all of it for the guest's firmware: %s", item->what,
			 r == -EIO ? "was the file changed since the start?" : strerror(-r));
	item->told |= r != 0;
	return !r;
}

static bool copy_file(const struct fwcfg *fwcfg, struct fwcfg_item *item, uint64_t gpa,
		      uint64_t len)
{
	struct iovec to[GMEM_MAX_REGIONS];
	uint64_t offset = fwcfg->offset;
	int n = gmem_iov(fwcfg->gmem, gpa, len, to, GMEM_MAX_REGIONS);
	for (int i = 0; i < n; offset += to[i++].iov_len)
		if (!read_file(item, offset, to[i].iov_base, to[i].iov_len))
			return false;
	return n > 0;
}

static uint8_t next_byte(struct fwcfg *fwcfg)
{
	struct fwcfg_item *item = find_key(fwcfg, fwcfg->selected);
	uint8_t byte = 0;
	if (!item || fwcfg->offset >= item->len)
		return 0;
	if (item->what)
		read_file(item, fwcfg->offset, &byte, 1);
	else
		byte = item->data[fwcfg->offset];
	fwcfg->offset++;
	return byte;
}

/* How much of the selected item is left from the offset on. */
static uint64_t left(const struct fwcfg *fwcfg, const struct fwcfg_item *item)
{
	return item && fwcfg->offset < item->len ? item->len - fwcfg->offset : 0;
}

static bool copy_item(const struct fwcfg *fwcfg, struct fwcfg_item *item, uint64_t gpa,
		      uint64_t len)
{
	if (item->what)
		return copy_file(fwcfg, item, gpa, len);
	return !gmem_write(fwcfg->gmem, gpa, item->data + fwcfg->offset, len);
}

/* What lies beyond the item's end reads zero, as at the data port. */
static bool dma_read(struct fwcfg *fwcfg, uint64_t gpa, uint32_t len)
{
	static const uint8_t zeroes[4096];
	struct fwcfg_item *item = find_key(fwcfg, fwcfg->selected);
	uint64_t n = min_u64(left(fwcfg, item), len);
	if (len - n > BEYOND_MAX)
		return false;
	if (n && !copy_item(fwcfg, item, gpa, n))
		return false;
	fwcfg->offset += n;
	for (uint64_t done = n; done < len; done += sizeof(zeroes))
		if (gmem_write(fwcfg->gmem, gpa + done, zeroes,
			       min_u64(sizeof(zeroes), len - done)))
			return false;
	return true;
}

/* The whole of the file goes to the hook, as a copy: another vCPU may be writing it again. */
static bool dma_write(struct fwcfg *fwcfg, uint64_t gpa, uint32_t len)
{
	struct fwcfg_item *item = find_key(fwcfg, fwcfg->selected);
	uint8_t copy[FWCFG_WRITABLE_MAX];
	if (!item || !item->writable || len > left(fwcfg, item))
		return false;
	if (len && gmem_read(fwcfg->gmem, gpa, item->data + fwcfg->offset, len))
		return false;
	fwcfg->offset += len;
	if (!item->wrote)
		return true;
	struct fwcfg_item seen = *item;
	memcpy(copy, seen.data, seen.len);
	pthread_mutex_unlock(&fwcfg->lock);
	seen.wrote(seen.ctx, copy, seen.len);
	pthread_mutex_lock(&fwcfg->lock);
	return true;
}

static bool dma_skip(struct fwcfg *fwcfg, uint32_t len)
{
	const struct fwcfg_item *item = find_key(fwcfg, fwcfg->selected);
	fwcfg->offset += min_u64(left(fwcfg, item), len);
	return true;
}

/* A descriptor: u32 control, u32 length, u64 address, big-endian. Done when this returns. */
static void dma_run(struct fwcfg *fwcfg)
{
	uint8_t descriptor[16];
	uint64_t at = fwcfg->dma_addr;
	fwcfg->dma_addr = 0;
	if (gmem_read(fwcfg->gmem, at, descriptor, sizeof(descriptor)))
		return;
	uint32_t control = (uint32_t)be_get(descriptor, 4);
	uint32_t len = (uint32_t)be_get(descriptor + 4, 4);
	uint64_t gpa = be_get(descriptor + 8, 8);
	bool good = true;
	if (control & DMA_SELECT)
		select_item(fwcfg, (uint16_t)(control >> 16));
	if (control & DMA_READ)
		good = dma_read(fwcfg, gpa, len);
	else if (control & DMA_WRITE)
		good = dma_write(fwcfg, gpa, len);
	else if (control & DMA_SKIP)
		good = dma_skip(fwcfg, len);
	uint8_t result[4];
	be_put(result, sizeof(result), good ? 0 : DMA_ERROR);
	gmem_write(fwcfg->gmem, at, result, sizeof(result));
}

static uint64_t fwcfg_read(void *ctx, uint64_t off, unsigned size)
{
	struct fwcfg *fwcfg = ctx;
	uint64_t value = 0;
	if (off == PORT_DATA && size == 1) {
		pthread_mutex_lock(&fwcfg->lock);
		value = next_byte(fwcfg);
		pthread_mutex_unlock(&fwcfg->lock);
	} else if (off >= PORT_DMA_HIGH && off + size <= PORT_DMA_HIGH + sizeof(dma_signature)) {
		value = le_get(dma_signature + (off - PORT_DMA_HIGH), size);
	}
	return value;
}

static void fwcfg_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct fwcfg *fwcfg = ctx;
	uint8_t bytes[8];
	le_put(bytes, sizeof(bytes), value);
	pthread_mutex_lock(&fwcfg->lock);
	if (off == PORT_SELECT && size == 2) {
		select_item(fwcfg, (uint16_t)value);
	} else if (off == PORT_DMA_HIGH && size == 4) {
		fwcfg->dma_addr = be_get(bytes, 4) << 32;
	} else if (off == PORT_DMA_LOW && size == 4) {
		fwcfg->dma_addr |= be_get(bytes, 4);
		dma_run(fwcfg);
	}
	pthread_mutex_unlock(&fwcfg->lock);
}

const struct bus_ops fwcfg_ops = { .read = fwcfg_read, .write = fwcfg_write };
