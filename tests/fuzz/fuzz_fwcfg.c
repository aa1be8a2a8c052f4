/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile guest at the firmware configuration device: each record of the input is one access, a
 * descriptor in memory, or a reset. A model of the items says what may be read, and the guest's
 * writes may change the writable file alone.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "hw/fwcfg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RAM_SIZE 0x40000
#define FIXED 100
#define LAZY 48
#define WRITABLE 28

struct rig {
	struct gmem gmem;
	struct fwcfg fwcfg;
	uint8_t fixed[FIXED];
	int file; /* of the host, with the same bytes */
	unsigned made, wrote;
};

static void make(void *ctx)
{
	struct rig *rig = ctx;
	uint8_t text[LAZY];
	memset(text, (int)++rig->made, sizeof(text));
	if (fwcfg_replace(&rig->fwcfg, "lazy", text, sizeof(text)) ||
	    fwcfg_replace(&rig->fwcfg, "other", text, rig->made % sizeof(text)))
		abort();
}

static void wrote(void *ctx, const uint8_t *bytes, size_t len)
{
	struct rig *rig = ctx;
	rig->wrote += bytes[0] + 1u;
	if (len != WRITABLE)
		abort();
}

static void rig_up(struct rig *rig)
{
	static const struct range ram[] = { { 0, 0x20000 }, { 0x30000, RAM_SIZE - 0x20000 } };
	struct fwcfg *fwcfg = &rig->fwcfg;
	memset(rig->fixed, 0xA5, sizeof(rig->fixed));
	rig->file = memfd_create("kernel", MFD_CLOEXEC);
	if (pwrite(rig->file, rig->fixed, FIXED, 0) != FIXED)
		abort();
	if (gmem_init(&rig->gmem, ram, 2, NULL) || fwcfg_init(fwcfg, &rig->gmem, NULL) ||
	    fwcfg_add(fwcfg, FWCFG_SIGNATURE, "QEMU", 4, NULL) ||
	    fwcfg_add_u32(fwcfg, FWCFG_ID, 3, NULL) ||
	    fwcfg_add_host_file(fwcfg, FWCFG_KERNEL_DATA, rig->file, 0, FIXED, "kernel", NULL) ||
	    fwcfg_add_file(fwcfg, "fixed", rig->fixed, FIXED, NULL) ||
	    fwcfg_add_file(fwcfg, "other", NULL, 0, NULL) ||
	    fwcfg_add_lazy(fwcfg, "lazy", LAZY, make, rig, NULL) ||
	    fwcfg_add_writable(fwcfg, "writable", WRITABLE, wrote, rig, NULL))
		abort();
}

static void rig_down(struct rig *rig)
{
	uint8_t now[FIXED + 1];
	if (pread(rig->file, now, sizeof(now), 0) != FIXED || memcmp(now, rig->fixed, FIXED))
		abort();
	close(rig->file);
	fwcfg_fini(&rig->fwcfg);
	gmem_fini(&rig->gmem);
}

/* A descriptor of which every field comes from the input, pulled towards what hits something. */
static void dma(struct rig *rig, const uint8_t *r)
{
	uint32_t key = r[1] < 0x30 ? r[1] : r[1] * 257u;
	uint32_t len = r[2] & 0x80 ? le32_get(r + 2) : r[2];
	uint64_t gpa = r[4] & 0x80 ? le32_get(r + 4) * (uint64_t)r[3] << 8 : le32_get(r + 3) & 0x3FFFF;
	uint32_t words[4] = { htobe32(key << 16 | (r[0] & 0x1F)), htobe32(len),
			      htobe32((uint32_t)(gpa >> 32)), htobe32((uint32_t)gpa) };
	uint32_t at = r[7] * 16u;
	gmem_write(&rig->gmem, at, words, sizeof(words));
	fwcfg_ops.write(&rig->fwcfg, 4, 4, htobe32(r[7] == 0xFF ? r[6] : 0));
	fwcfg_ops.write(&rig->fwcfg, 8, 4, htobe32(at));
}

static void access_port(struct rig *rig, const uint8_t *r)
{
	static const uint8_t sizes[] = { 1, 2, 4, 1 };
	unsigned size = sizes[r[1] & 3], off = r[2] % 12;
	if (off + size > 12)
		off = 12 - size;
	if (r[1] & 4) {
		if (fwcfg_ops.read(&rig->fwcfg, off, size) & ~all_ones(size))
			abort();
	} else {
		fwcfg_ops.write(&rig->fwcfg, off, size, le32_get(r + 3));
	}
}

/* What must hold whatever the guest does. */
static void check(const struct rig *rig)
{
	const struct fwcfg *fwcfg = &rig->fwcfg;
	for (unsigned i = 0; i < FIXED; i++)
		if (rig->fixed[i] != 0xA5)
			abort();
	for (unsigned i = 0; i < fwcfg->n_items; i++) {
		const struct fwcfg_item *item = &fwcfg->item[i];
		if (!strcmp(item->name, "fixed") && memcmp(item->data, rig->fixed, FIXED))
			abort();
		if (item->key == fwcfg->selected && fwcfg->offset > FIXED + 64 * 12)
			abort();
	}
}

#define RECORD 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	if (!rig)
		return 0;
	rig_up(rig);
	for (size_t at = 0; at + RECORD <= size; at += RECORD) {
		const uint8_t *r = data + at;
		if (r[0] >= 0xF8)
			fwcfg_reset(&rig->fwcfg);
		else if (r[0] & 0x80)
			access_port(rig, r);
		else
			dma(rig, r);
		check(rig);
	}
	rig_down(rig);
	free(rig);
	return 0;
}
