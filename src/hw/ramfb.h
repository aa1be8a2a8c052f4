/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A framebuffer in the guest's own memory: the firmware says where it is by writing a firmware
 * configuration file, and who wants the picture copies it from there. Nothing of it is mapped, and
 * the guest pays nothing for drawing.
 * Format: QEMU hw/display/ramfb.c's `etc/ramfb`, 28 bytes, big-endian.
 */
#ifndef BULKHEAD_HW_RAMFB_H
#define BULKHEAD_HW_RAMFB_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/gmem.h"
#include "hw/fwcfg.h"

#define RAMFB_FILE "etc/ramfb"
#define RAMFB_FILE_SIZE 28
#define RAMFB_MAX_SIDE 8192                  /* pixels */
#define RAMFB_MAX_BYTES (UINT64_C(64) << 20) /* a picture of 4096x4096 */

struct ramfb_mode {
	uint64_t gpa;
	uint32_t width, height; /* pixels of 4 bytes: blue, green, red, unused */
	uint32_t stride;        /* bytes from a row to the next, at least 4 * width */
};

struct ramfb {
	pthread_mutex_t lock;    /* guards all below; a leaf */
	const struct gmem *gmem; /* borrowed */
	struct ramfb_mode mode;
	bool shown;   /* `mode` is one */
	bool refused; /* what the guest wrote last is none, and no wish for none either */
};

void ramfb_init(struct ramfb *ramfb, const struct gmem *gmem);
void ramfb_fini(struct ramfb *ramfb);
void ramfb_reset(struct ramfb *ramfb);

/* Adds the file through which the guest says where the picture is. Errors of fwcfg_add_writable. */
int ramfb_offer(struct ramfb *ramfb, struct fwcfg *fwcfg, struct err *err);

/* The guest's wish; anything but a picture that lies in its RAM ends the one there was. */
void ramfb_wrote(void *ramfb, const uint8_t *data, size_t len);

/* Any thread. False without a picture. */
bool ramfb_mode(struct ramfb *ramfb, struct ramfb_mode *ret_mode);
/* Any thread. Whether there is none because what the guest wished for last cannot be shown. */
bool ramfb_refused(struct ramfb *ramfb);

/*
 * Copies row `y` of a mode that ramfb_mode gave, 4 * width bytes. -EFAULT when the guest's memory
 * does not have it, which no mode given allows.
 */
int ramfb_row(const struct ramfb *ramfb, const struct ramfb_mode *mode, uint32_t y, void *ret_row);

#endif
