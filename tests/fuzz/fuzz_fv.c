/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Firmware images from anywhere: the input as a file, and the input as changes to a good store (a
 * guest writes the store as it likes). What is accepted has sizes that hold.
 */
#include <stdlib.h>
#include <string.h>

#include "boot/fv.h"
#include "fake/fv_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(const uint8_t *image, size_t size)
{
	struct err err = { 0 };
	int store = fv_check_store("store", image, size, &err);
	if ((store < 0) != (err.text[0] != 0))
		abort();
	if (fv_store_has_keys(image, size) && size < 4096)
		abort();
	err = (struct err){ 0 };
	int code = fv_check_code("code", image, size, &err);
	if ((code < 0) != (err.text[0] != 0) || (!code && !fv_store_size(size)))
		abort();
}

/* As changes: offset[2], value */
static void change_store(const uint8_t *data, size_t size)
{
	const size_t whole = 0x8000;
	uint8_t *image = fv_image_store(whole);
	size_t at = fv_image_add(image, 0, "Boot0000", &fv_image_global_guid, "abc", 3);
	fv_image_add(image, at, "PK", &fv_image_global_guid, "key", 3);
	for (size_t i = 0; i + 3 <= size; i += 3)
		image[le16_get(data + i) % whole] = data[i + 2];
	look_at(image, whole);
	free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1); /* to be caught reading behind its end */
	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	look_at(copy, size);
	free(copy);
	change_store(data, size);
	return 0;
}
