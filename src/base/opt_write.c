/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings written back as a file, and the rows as a manual. */
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/opt.h"
#include "base/parse.h"

static void indent(FILE *out, unsigned depth)
{
	while (depth--)
		fputc('\t', out);
}

/* The inverse of libconfig's scanner; control characters never get this far (opt_store). */
static void write_text(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void write_value(const struct opt *row, const void *object, FILE *out)
{
	const void *field = (const char *)object + row->offset;
	const char *text;
	unsigned index;
	switch (row->type) {
	case OPT_TEXT:
	case OPT_PATH:
		text = *(char *const *)field;
		write_text(text ? text : row->none ? row->none : "", out);
		break;
	case OPT_BOOL:
		fputs(*(const bool *)field ? "true" : "false", out);
		break;
	case OPT_INT:
		if (row->none && *(const unsigned *)field == OPT_NONE)
			write_text(row->none, out);
		else
			fprintf(out, "%u", *(const unsigned *)field);
		break;
	case OPT_SIZE:
		write_text(size_text(*(const uint64_t *)field).s, out);
		break;
	case OPT_ENUM:
		memcpy(&index, field, sizeof(index));
		write_text(row->names[index], out);
		break;
	default:
		break;
	}
}

static void write_table(const struct opt_table *table, const void *object, FILE *out,
			unsigned depth);

static void write_list(const struct opt *row, const void *object, FILE *out, unsigned depth)
{
	unsigned n = opt_count(row, object);
	fputs("(\n", out);
	for (unsigned i = 0; i < n; i++) {
		indent(out, depth + 1);
		fputs("{\n", out);
		write_table(row->table, (const char *)object + row->offset + i * row->stride, out,
			    depth + 2);
		indent(out, depth + 1);
		fputs(i + 1 < n ? "},\n" : "}\n", out);
	}
	indent(out, depth);
	fputc(')', out);
}

static void write_row(const struct opt *row, const void *object, FILE *out, unsigned depth)
{
	indent(out, depth);
	fprintf(out, "%s = ", row->key);
	if (row->type == OPT_GROUP) {
		fputs("{\n", out);
		write_table(row->table, object, out, depth + 1);
		indent(out, depth);
		fputc('}', out);
	} else if (row->type == OPT_LIST) {
		write_list(row, object, out, depth);
	} else {
		write_value(row, object, out);
	}
	fputs(";\n", out);
}

static void write_table(const struct opt_table *table, const void *object, FILE *out,
			unsigned depth)
{
	for (size_t i = 0; i < table->n; i++)
		write_row(&table->rows[i], object, out, depth);
}

int opt_write(const struct opt_table *table, const void *object, FILE *out)
{
	write_table(table, object, out, 0);
	return fflush(out) || ferror(out) ? -EIO : 0;
}

/* --- the manual --- */

typedef void visit_row(const struct opt *row, const char *path, FILE *out);

/* Every row but the groups themselves, with its path as `--set` takes it (index N in a list). */
static void visit(const struct opt_table *table, const char *prefix, visit_row *visitor, FILE *out)
{
	char path[128];
	for (size_t i = 0; i < table->n; i++) {
		const struct opt *row = &table->rows[i];
		snprintf(path, sizeof(path), "%s%s", prefix, row->key);
		if (row->type != OPT_GROUP)
			visitor(row, path, out);
		if (!row->table)
			continue;
		snprintf(path, sizeof(path), "%s%s%s.", prefix, row->key,
			 row->type == OPT_LIST ? "[N]" : "");
		visit(row->table, path, visitor, out);
	}
}

static struct opt_phrase fallback_text(const struct opt *row)
{
	struct opt_phrase p;
	bool quoted = row->type != OPT_BOOL && row->type != OPT_INT;
	quoted |= row->none && row->fallback && !strcmp(row->none, row->fallback);
	if (row->type == OPT_LIST)
		snprintf(p.s, sizeof(p.s), "`()`");
	else if (!row->fallback)
		snprintf(p.s, sizeof(p.s), "must be given");
	else if (quoted)
		snprintf(p.s, sizeof(p.s), "`\"%s\"`", row->fallback);
	else
		snprintf(p.s, sizeof(p.s), "`%s`", row->fallback);
	return p;
}

static void write_summary(const struct opt *row, const char *path, FILE *out)
{
	fprintf(out, "| `%s` | %s | %s |\n", path, fallback_text(row).s, row->brief);
}

static void write_section(const struct opt *row, const char *path, FILE *out)
{
	fprintf(out, "\n### `%s`\n\n", path);
	fprintf(out, "Takes %s.  \n", opt_expects(row, true).s);
	if (row->type == OPT_LIST)
		fprintf(out, "At most %llu elements.\n", (unsigned long long)row->max);
	else
		fprintf(out, "Default: %s.\n", fallback_text(row).s);
	fprintf(out, "\n%s.\n", row->brief);
	if (row->detail)
		fprintf(out, "%s\n", row->detail);
}

void opt_write_reference(const struct opt_table *table, FILE *out)
{
	fputs("| Option | Default | Meaning |\n|---|---|---|\n", out);
	visit(table, "", write_summary, out);
	visit(table, "", write_section, out);
}
