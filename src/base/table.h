/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Aligned columns for people. Cells are added from left to right, rows from top to bottom; each
 * column gets the width of its widest cell. The last cell of a row takes what it needs.
 */
#ifndef BULKHEAD_BASE_TABLE_H
#define BULKHEAD_BASE_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/vec.h"

enum shade { SHADE_NONE, SHADE_STRONG, SHADE_GOOD, SHADE_WARN, SHADE_BAD, SHADE_DIM };

struct table_cell {
	char *text; /* owned */
	enum shade shade;
	unsigned column;
};

struct table {
	const char *indent; /* before each row; NULL = none */
	unsigned width;     /* the last column is cut so that rows stay within; 0 = never */
	vec(struct table_cell) cells; /* column 0 starts a row */
	unsigned column;              /* of the next cell */
	bool no_memory;               /* table_print says so */
};

/* Appends a cell to the present row. */
void table_cell(struct table *table, enum shade shade, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The next cell starts a new row. */
void table_end_row(struct table *table);

/* -ENOMEM when a cell could not be kept, and then nothing is printed. Frees the cells. */
int table_print(struct table *table, FILE *out, bool colour);

/* The escape sequence that starts `shade`, and the one that ends any; "" without colour. */
const char *shade_on(enum shade shade, bool colour);
const char *shade_off(enum shade shade, bool colour);

#endif
