/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

void *vec_grow(void **at, size_t *n, size_t *cap, size_t size)
{
	if (*n == *cap) {
		size_t wider = *cap ? *cap * 2 : 8;
		void *moved = reallocarray(*at, wider, size);
		if (!moved)
			return NULL;
		*at = moved;
		*cap = wider;
	}
	void *element = (char *)*at + *n * size;
	memset(element, 0, size);
	(*n)++;
	return element;
}
