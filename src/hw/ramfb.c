/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/ramfb.h"

#include <string.h>

#include "base/bytes.h"

#define FOURCC_XRGB8888 0x34325258 /* drm/drm_fourcc.h: XR24 */
#define FOURCC_ARGB8888 0x34325241 /* AR24; a screen has nothing behind it to shine through */
#define PIXEL 4

enum {
	AT_ADDRESS = 0,
	AT_FOURCC = 8,
	AT_FLAGS = 12,
	AT_WIDTH = 16,
	AT_HEIGHT = 20,
	AT_STRIDE = 24
};

static bool is_inside(const struct gmem *gmem, uint64_t gpa, uint64_t bytes)
{
	for (unsigned i = 0; i < gmem->n; i++) {
		const struct gmem_region *ram = &gmem->regions[i];
		if (gpa >= ram->gpa && bytes <= ram->size && gpa - ram->gpa <= ram->size - bytes)
			return true;
	}
	return false;
}

/* Sizes first: what is computed from them below cannot overflow then. */
static bool is_picture(const struct ramfb *ramfb, const struct ramfb_mode *mode)
{
	if (!mode->width || !mode->height || mode->width > RAMFB_MAX_SIDE ||
	    mode->height > RAMFB_MAX_SIDE)
		return false;
	if (mode->stride < mode->width * PIXEL || mode->stride % PIXEL)
		return false;
	uint64_t bytes = (uint64_t)mode->stride * (mode->height - 1) + mode->width * PIXEL;
	return bytes <= RAMFB_MAX_BYTES && is_inside(ramfb->gmem, mode->gpa, bytes);
}

void ramfb_init(struct ramfb *ramfb, const struct gmem *gmem)
{
	*ramfb = (struct ramfb){ .gmem = gmem };
	pthread_mutex_init(&ramfb->lock, NULL);
}

void ramfb_fini(struct ramfb *ramfb)
{
	if (ramfb->gmem)
		pthread_mutex_destroy(&ramfb->lock);
	ramfb->gmem = NULL;
}

void ramfb_reset(struct ramfb *ramfb)
{
	if (!ramfb->gmem)
		return;
	pthread_mutex_lock(&ramfb->lock);
	ramfb->shown = ramfb->refused = false;
	pthread_mutex_unlock(&ramfb->lock);
}

int ramfb_offer(struct ramfb *ramfb, struct fwcfg *fwcfg, struct err *err)
{
	return fwcfg_add_writable(fwcfg, RAMFB_FILE, RAMFB_FILE_SIZE, ramfb_wrote, ramfb, err);
}

void ramfb_wrote(void *ctx, const uint8_t *data, size_t len)
{
	struct ramfb *ramfb = ctx;
	if (len != RAMFB_FILE_SIZE)
		return;
	const struct ramfb_mode mode = {
		.gpa = be_get(data + AT_ADDRESS, 8),
		.width = be32_get(data + AT_WIDTH),
		.height = be32_get(data + AT_HEIGHT),
		/* 0 = rows without a gap; the product is checked before it is used for more. */
		.stride = be32_get(data + AT_STRIDE) ? be32_get(data + AT_STRIDE)
						     : be32_get(data + AT_WIDTH) * PIXEL,
	};
	uint32_t fourcc = be32_get(data + AT_FOURCC);
	bool known = fourcc == FOURCC_XRGB8888 || fourcc == FOURCC_ARGB8888;
	pthread_mutex_lock(&ramfb->lock);
	ramfb->shown = known && !be32_get(data + AT_FLAGS) && is_picture(ramfb, &mode);
	ramfb->refused = !ramfb->shown && mode.gpa;
	ramfb->mode = ramfb->shown ? mode : (struct ramfb_mode){ 0 };
	pthread_mutex_unlock(&ramfb->lock);
}

bool ramfb_mode(struct ramfb *ramfb, struct ramfb_mode *ret_mode)
{
	pthread_mutex_lock(&ramfb->lock);
	bool shown = ramfb->shown;
	if (shown)
		*ret_mode = ramfb->mode;
	pthread_mutex_unlock(&ramfb->lock);
	return shown;
}

bool ramfb_refused(struct ramfb *ramfb)
{
	pthread_mutex_lock(&ramfb->lock);
	bool refused = ramfb->refused;
	pthread_mutex_unlock(&ramfb->lock);
	return refused;
}

int ramfb_row(const struct ramfb *ramfb, const struct ramfb_mode *mode, uint32_t y, void *ret_row)
{
	return gmem_read(ramfb->gmem, mode->gpa + (uint64_t)y * mode->stride, ret_row,
			 (size_t)mode->width * PIXEL);
}
