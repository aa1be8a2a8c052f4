/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growable array: `vec(struct range) holes = {0}`. Elements are at `.at[0 .. n)`. Control plane
 * only; nothing a guest drives may push.
 */
#ifndef BULKHEAD_BASE_VEC_H
#define BULKHEAD_BASE_VEC_H

#include <stddef.h>

#define vec(type)                                                                                  \
	struct {                                                                                   \
		type *at;                                                                          \
		size_t n, cap;                                                                     \
	}

/* Grows *at to hold one more element of `size` bytes and returns it zeroed; NULL without memory. */
void *vec_grow(void **at, size_t *n, size_t *cap, size_t size);

/* Pointer to a new zeroed element at the end, or NULL without memory. */
#define vec_push(v)                                                                                \
	((__typeof__((v)->at))vec_grow((void **)&(v)->at, &(v)->n, &(v)->cap, sizeof(*(v)->at)))

#define vec_free(v)                                                                                \
	do {                                                                                       \
		free((v)->at);                                                                     \
		(v)->at = NULL;                                                                    \
		(v)->n = (v)->cap = 0;                                                             \
	} while (0)

#endif
