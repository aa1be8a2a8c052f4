/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a picture as a PNG file (ISO/IEC 15948): true colour, 8 bits, compressed by zlib.
 */
#ifndef BULKHEAD_PNG_H
#define BULKHEAD_PNG_H

#include <stdint.h>

#include "base/err.h"

#define PNG_MAX_SIDE 16384 /* pixels */

struct picture {
	uint32_t width, height; /* 1..PNG_MAX_SIDE */
	const uint8_t *pixels;  /* rows of 4 * width bytes: blue, green, red, unused */
};

/* Makes or replaces the file; a failed one is not left behind. -EINVAL, -ENOENT (zlib), -errno. */
int png_write(const struct picture *picture, const char *path, struct err *err);

#endif
