/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Firmware images made from nothing: a variable store as OVMF's 4M build has it, and code. */
#ifndef BULKHEAD_FAKE_FV_IMAGE_H
#define BULKHEAD_FAKE_FV_IMAGE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#define FV_IMAGE_STORE_4M 0x84000
#define FV_IMAGE_CODE_4M 0x37C000
#define FV_IMAGE_STORE_2M 0x20000
#define FV_IMAGE_CODE_2M 0x1E0000

static const uint8_t fv_image_global_guid[16] = { 0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
						  0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c };

/* Makes the header's checksum right again. */
static inline void fv_image_seal(uint8_t *image)
{
	uint16_t sum = 0;
	le_put(image + 50, 2, 0);
	for (unsigned i = 0; i < 72; i += 2)
		sum = (uint16_t)(sum + le16_get(image + i));
	le_put(image + 50, 2, (uint16_t)-sum);
}

static inline void fv_image_volume(uint8_t *image, size_t size, const uint8_t guid[16])
{
	memset(image, 0, 72);
	memcpy(image + 16, guid, 16);
	le_put(image + 32, 8, size);
	memcpy(image + 40, "_FVH", 4);
	le_put(image + 44, 4, 0x4FEFF);
	le_put(image + 48, 2, 72);
	image[55] = 2;
	le_put(image + 56, 4, size / 4096);
	le_put(image + 60, 4, 4096);
	fv_image_seal(image);
}

/* Where the first variable is. */
static inline size_t fv_image_first(void)
{
	return 72 + 28;
}

/* The caller frees it. `size` as above, or any other. */
static inline uint8_t *fv_image_store(size_t size)
{
	static const uint8_t nv_data[16] = { 0x8d, 0x2b, 0xf1, 0xff, 0x96, 0x76, 0x8b, 0x4c,
					     0xa9, 0x85, 0x27, 0x47, 0x07, 0x5b, 0x4f, 0x50 };
	static const uint8_t auth[16] = { 0x78, 0x2c, 0xf3, 0xaa, 0x7b, 0x94, 0x9a, 0x43,
					  0xa1, 0x80, 0x2e, 0x14, 0x4e, 0xc3, 0x77, 0x92 };
	uint8_t *image = malloc(size);
	if (!image)
		abort();
	memset(image, 0xFF, size);
	fv_image_volume(image, size, nv_data);
	memcpy(image + 72, auth, 16);
	le_put(image + 88, 4, size / 2 - 0x2000 - 72);
	image[92] = 0x5A;
	image[93] = 0xFE;
	memset(image + 94, 0, 6);
	return image;
}

/* A variable `at` bytes behind the first place; returns where the next one goes. */
static inline size_t fv_image_add(uint8_t *image, size_t at, const char *name,
				  const uint8_t (*guid)[16], const void *data, size_t len)
{
	uint8_t *header = image + fv_image_first() + at;
	size_t name_size = 2 * (strlen(name) + 1);
	memset(header, 0, 60);
	le_put(header, 2, 0x55AA);
	header[2] = 0x3F;
	le_put(header + 4, 4, 7);
	le_put(header + 36, 4, name_size);
	le_put(header + 40, 4, len);
	memcpy(header + 44, *guid, 16);
	for (size_t i = 0; i <= strlen(name); i++)
		le_put(header + 60 + 2 * i, 2, (uint8_t)name[i]);
	memcpy(header + 60 + name_size, data, len);
	size_t next = fv_image_first() + at + 60 + name_size + len;
	return (size_t)align_up(next, 4) - fv_image_first();
}

/* The caller frees it. */
static inline uint8_t *fv_image_code(size_t size)
{
	static const uint8_t ffs2[16] = { 0x78, 0xe5, 0x8c, 0x8c, 0x3d, 0x8a, 0x1c, 0x4f,
					  0x99, 0x35, 0x89, 0x61, 0x85, 0xc3, 0x2d, 0xd3 };
	uint8_t *image = malloc(size);
	if (!image)
		abort();
	memset(image, 0xFF, size);
	fv_image_volume(image, size, ffs2);
	memcpy(image + size - 16, "\x90\x90\xe9\x00", 4);
	return image;
}

#endif
