/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "png.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/library.h"

#define FUNCTIONS(F) F(compressBound) F(compress2) F(crc32)
static const char *const names[] = { FUNCTIONS(LIBRARY_NAME) };
static const struct library zlib = {
	"libz.so.1", "zlib1g", "writing a PNG file", names, ARRAY_LEN(names),
};
struct functions {
	FUNCTIONS(LIBRARY_FIELD)
};

#define PIXEL 4
#define SAMPLES 3
#define LEVEL 6
#define HEADER_SIZE 13
enum { DEPTH = 8, COLOUR_RGB = 2, FILTER_NONE = 0 };

static const uint8_t signature[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n' };

static void put_chunk(const struct functions *fn, FILE *out, const char *type, const uint8_t *data,
		      size_t size)
{
	uint8_t number[4];
	be_put(number, 4, (uint32_t)size);
	fwrite(number, sizeof(number), 1, out);
	fwrite(type, 4, 1, out);
	if (size)
		fwrite(data, size, 1, out);
	uLong crc = fn->crc32(0, (const Bytef *)type, 4);
	if (size)
		crc = fn->crc32(crc, data, (uInt)size);
	be_put(number, 4, (uint32_t)crc);
	fwrite(number, sizeof(number), 1, out);
}

/* Rows with their filter's number in front; NULL without memory. */
static uint8_t *to_rows(const struct picture *picture, size_t *ret_size)
{
	size_t row = 1 + (size_t)picture->width * SAMPLES;
	uint8_t *rows = malloc(row * picture->height), *to = rows;
	const uint8_t *from = picture->pixels;
	for (uint32_t y = 0; rows && y < picture->height; y++) {
		*to++ = FILTER_NONE;
		for (uint32_t x = 0; x < picture->width; x++, from += PIXEL, to += SAMPLES) {
			to[0] = from[2];
			to[1] = from[1];
			to[2] = from[0];
		}
	}
	*ret_size = row * picture->height;
	return rows;
}

static uint8_t *compress_rows(const struct functions *fn, const struct picture *picture,
			      uLongf *ret_size)
{
	size_t size;
	autofree uint8_t *rows = to_rows(picture, &size);
	if (!rows)
		return NULL;
	*ret_size = fn->compressBound(size);
	uint8_t *packed = malloc(*ret_size);
	if (packed && fn->compress2(packed, ret_size, rows, size, LEVEL) != Z_OK) {
		free(packed);
		packed = NULL;
	}
	return packed;
}

static void put_file(const struct functions *fn, FILE *out, const struct picture *picture,
		     const uint8_t *packed, size_t size)
{
	uint8_t header[HEADER_SIZE] = { [8] = DEPTH, [9] = COLOUR_RGB };
	be_put(header, 4, picture->width);
	be_put(header + 4, 4, picture->height);
	fwrite(signature, sizeof(signature), 1, out);
	put_chunk(fn, out, "IHDR", header, sizeof(header));
	put_chunk(fn, out, "IDAT", packed, size);
	put_chunk(fn, out, "IEND", NULL, 0);
}

int png_write(const struct picture *picture, const char *path, struct err *err)
{
	struct functions fn;
	uLongf size = 0;
	if (!picture->width || !picture->height || picture->width > PNG_MAX_SIDE ||
	    picture->height > PNG_MAX_SIDE)
		return err_set(err, -EINVAL, "%s: no picture is %u by %u pixels", path,
			       picture->width, picture->height);
	int r = library_load(&zlib, &fn, err);
	if (r)
		return r;
	autofree uint8_t *packed = compress_rows(&fn, picture, &size);
	if (!packed)
		return err_errno(err, -ENOMEM, "%s", path);
	FILE *out = fopen(path, "we");
	if (!out)
		return err_errno(err, -errno, "%s", path);
	put_file(&fn, out, picture, packed, size);
	bool failed = ferror(out);
	if (fclose(out) || failed) {
		r = errno ? -errno : -EIO;
		unlink(path);
		return err_errno(err, r, "%s", path);
	}
	return 0;
}
