/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware configuration device: how the machine tells UEFI firmware (and drivers that know it)
 * what there is. Items have a 16-bit key; named files are items from key 0x20 on with a directory.
 * Interface: QEMU docs/specs/fw_cfg.rst; ports 0x510, 0x511 and the DMA address at 0x514.
 */
#ifndef BULKHEAD_HW_FWCFG_H
#define BULKHEAD_HW_FWCFG_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/bus.h"
#include "core/gmem.h"

#define FWCFG_MAX_ITEMS 64
#define FWCFG_NAME_MAX 56	     /* with the NUL */
#define FWCFG_WRITABLE_MAX 4096 /* bytes of a file that the guest may write */

/* Keys that have no name (selector values). */
enum fwcfg_key {
	FWCFG_SIGNATURE = 0x00,
	FWCFG_ID = 0x01,
	FWCFG_CPUS = 0x05,
	FWCFG_KERNEL_SIZE = 0x08,
	FWCFG_INITRD_SIZE = 0x0B,
	FWCFG_BOOT_MENU = 0x0E,
	FWCFG_KERNEL_DATA = 0x11,
	FWCFG_INITRD_DATA = 0x12,
	FWCFG_CMDLINE_SIZE = 0x14,
	FWCFG_CMDLINE_DATA = 0x15,
	FWCFG_SETUP_SIZE = 0x17,
	FWCFG_SETUP_DATA = 0x18,
	FWCFG_FILE_DIR = 0x19,
	FWCFG_FILE_FIRST = 0x20,
};

struct fwcfg_item {
	uint16_t key;
	char name[FWCFG_NAME_MAX]; /* "" for one of enum fwcfg_key */
	uint8_t *data;             /* owned; NULL of a file of the host */
	size_t len;
	/* A file of the host, NULL = none: `len` bytes of it from `start` on. */
	const char *what;
	int fd; /* borrowed */
	uint64_t start;
	bool told; /* that it could not be read */
	bool writable;
	/* Both on a vCPU thread, with no lock of ours held. NULL = nothing to do. */
	void (*selected)(void *ctx); /* before the first byte is read; may call fwcfg_replace */
	void (*wrote)(void *ctx, const uint8_t *data, size_t len); /* after the guest's write */
	void *ctx;
};

struct fwcfg {
	pthread_mutex_t lock; /* guards all below; a leaf but for gmem */
	const struct gmem *gmem; /* borrowed, for DMA */
	struct fwcfg_item item[FWCFG_MAX_ITEMS];
	unsigned n_items;
	uint16_t selected;
	uint64_t offset;
	uint64_t dma_addr;
};

/* With an empty directory. -ENOMEM. fwcfg_fini and fwcfg_reset accept one that is all zeroes. */
int fwcfg_init(struct fwcfg *fwcfg, const struct gmem *gmem, struct err *err);
void fwcfg_fini(struct fwcfg *fwcfg);
/* Selection and offset to power-on; files that the guest wrote are zero again (no hook is called). */
void fwcfg_reset(struct fwcfg *fwcfg);

/*
 * Set-up, before the guest runs. The bytes are copied (NULL = zeroes). -ENOSPC, -ENAMETOOLONG (an
 * empty name too), -EEXIST, -EINVAL (a key that is a file's, more than 4 GiB), -ENOMEM.
 */
int fwcfg_add(struct fwcfg *fwcfg, uint16_t key, const void *data, size_t len, struct err *err);
int fwcfg_add_u16(struct fwcfg *fwcfg, uint16_t key, uint16_t value, struct err *err);
int fwcfg_add_u32(struct fwcfg *fwcfg, uint16_t key, uint32_t value, struct err *err);
/*
 * `len` bytes of a regular file of the host from `start` on, which go from the page cache straight
 * into guest memory when they are asked for. The descriptor must outlive the device. A file that is
 * cut meanwhile fails the guest's DMA and is reported once, with `what` (borrowed) it is.
 */
int fwcfg_add_host_file(struct fwcfg *fwcfg, uint16_t key, int fd, uint64_t start, size_t len,
			const char *what, struct err *err);
int fwcfg_add_file(struct fwcfg *fwcfg, const char *name, const void *data, size_t len,
		   struct err *err);
/*
 * `selected` is called each time the guest selects the file, and may replace the content of any.
 * Firmware has looked up the file's own size in the directory by then: `len` must stay.
 */
int fwcfg_add_lazy(struct fwcfg *fwcfg, const char *name, size_t len,
		   void (*selected)(void *ctx), void *ctx, struct err *err);
/* A file of `len` (at most FWCFG_WRITABLE_MAX) zero bytes that the guest may write. */
int fwcfg_add_writable(struct fwcfg *fwcfg, const char *name, size_t len,
		       void (*wrote)(void *ctx, const uint8_t *data, size_t len), void *ctx,
		       struct err *err);

/*
 * New content of a file at any time; the size in the directory changes with it. -ENOENT, -ENOMEM,
 * -EINVAL for a file that the guest writes.
 */
int fwcfg_replace(struct fwcfg *fwcfg, const char *name, const void *data, size_t len);

extern const struct bus_ops fwcfg_ops; /* 12 ports from 0x510 */

#endif
