/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 16
#define GAP 2

const char *shade_on(enum shade shade, bool colour)
{
	static const char *const codes[] = {
		/* ECMA-48 SGR */
		[SHADE_NONE] = "",         [SHADE_STRONG] = "\033[1m", [SHADE_GOOD] = "\033[32m",
		[SHADE_WARN] = "\033[33m", [SHADE_BAD] = "\033[31m",   [SHADE_DIM] = "\033[2m",
	};
	return colour ? codes[shade] : "";
}

const char *shade_off(enum shade shade, bool colour)
{
	return colour && shade != SHADE_NONE ? "\033[0m" : "";
}

void table_cell(struct table *table, enum shade shade, const char *fmt, ...)
{
	char *text;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	struct table_cell *cell = n < 0 ? NULL : vec_push(&table->cells);
	if (!cell) {
		if (n >= 0)
			free(text);
		table->no_memory = true;
		return;
	}
	*cell = (struct table_cell){ text, shade, table->column };
	if (table->column < COLUMNS_MAX - 1)
		table->column++;
}

void table_end_row(struct table *table)
{
	table->column = 0;
}

static bool ends_row(const struct table *table, size_t i)
{
	return i + 1 == table->cells.n || !table->cells.at[i + 1].column;
}

/* The last cell of a row is never padded, so it does not make its column wide. */
static void measure(const struct table *table, size_t widths[COLUMNS_MAX])
{
	for (size_t i = 0; i < table->cells.n; i++) {
		const struct table_cell *cell = &table->cells.at[i];
		size_t len = strlen(cell->text);
		if (!ends_row(table, i) && len > widths[cell->column])
			widths[cell->column] = len;
	}
}

static int cut(const struct table *table, const struct table_cell *cell,
	       const size_t widths[COLUMNS_MAX])
{
	size_t used = table->indent ? strlen(table->indent) : 0, len = strlen(cell->text);
	for (unsigned c = 0; c < cell->column; c++)
		used += widths[c] + GAP;
	if (!table->width || used + 10 >= table->width || len <= table->width - used)
		return (int)len;
	return (int)(table->width - used);
}

static void print_cell(const struct table *table, size_t i, const size_t widths[COLUMNS_MAX],
		       FILE *out, bool colour)
{
	const struct table_cell *cell = &table->cells.at[i];
	if (!cell->column && table->indent)
		fputs(table->indent, out);
	bool last = ends_row(table, i);
	fprintf(out, "%s%.*s%s", shade_on(cell->shade, colour), cut(table, cell, widths),
		cell->text, shade_off(cell->shade, colour));
	if (last)
		fputc('\n', out);
	else
		fprintf(out, "%*s", (int)(widths[cell->column] - strlen(cell->text) + GAP), "");
}

int table_print(struct table *table, FILE *out, bool colour)
{
	size_t widths[COLUMNS_MAX] = { 0 };
	int r = table->no_memory ? -ENOMEM : 0;
	measure(table, widths);
	for (size_t i = 0; i < table->cells.n; i++) {
		if (!r)
			print_cell(table, i, widths, out, colour);
	}
	for (size_t i = 0; i < table->cells.n; i++)
		free(table->cells.at[i].text);
	vec_free(&table->cells);
	table->column = 0;
	table->no_memory = false;
	return r;
}
