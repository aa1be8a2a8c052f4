/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/opt.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/parse.h"

#define TEXT_LIMIT 4095 /* bytes of any text whose row names no bound */

static void *field(const struct opt *row, void *object)
{
	return (char *)object + row->offset;
}

const struct opt *opt_find(const struct opt_table *table, const char *key, size_t len)
{
	for (size_t i = 0; i < table->n; i++)
		if (strlen(table->rows[i].key) == len && !memcmp(table->rows[i].key, key, len))
			return &table->rows[i];
	return NULL;
}

/* --- storing, one function per type --- */

static int store_bool(const struct opt *row, void *object, const struct opt_value *value,
		      const struct opt_at *at, struct err *err)
{
	if (value->form != OPT_IS_BOOL)
		return opt_wrong_type(row, at, value, err);
	*(bool *)field(row, object) = value->number != 0;
	return 0;
}

static int store_int(const struct opt *row, void *object, const struct opt_value *value,
		     const struct opt_at *at, struct err *err)
{
	if (row->none && value->form == OPT_IS_TEXT && !strcmp(value->text, row->none)) {
		*(unsigned *)field(row, object) = OPT_NONE;
		return 0;
	}
	if (value->form != OPT_IS_INT)
		return opt_wrong_type(row, at, value, err);
	if (value->number < 0 || (uint64_t)value->number < row->min ||
	    (uint64_t)value->number > row->max)
		return opt_error(at, err, -ERANGE, "%lld is out of range: %llu to %llu%s%s",
				 (long long)value->number, (unsigned long long)row->min,
				 (unsigned long long)row->max, row->unit ? " " : "",
				 row->unit ? row->unit : "");
	*(unsigned *)field(row, object) = (unsigned)value->number;
	return 0;
}

static int store_size(const struct opt *row, void *object, const struct opt_value *value,
		      const struct opt_at *at, struct err *err)
{
	uint64_t bytes;
	if (value->form != OPT_IS_TEXT)
		return opt_wrong_type(row, at, value, err);
	int r = parse_size(value->text, &bytes);
	if (r == -EINVAL)
		return opt_wrong_type(row, at, value, err);
	if (r || bytes < row->min || bytes > row->max)
		return opt_error(at, err, -ERANGE, "%s is out of range: %s to %s",
				 opt_quote(value->text).s, size_text(row->min).s,
				 size_text(row->max).s);
	if (row->multiple && bytes % row->multiple)
		return opt_error(at, err, -ERANGE, "%s is not a multiple of %s",
				 opt_quote(value->text).s, size_text(row->multiple).s);
	*(uint64_t *)field(row, object) = bytes;
	return 0;
}

static size_t count_words(const char *const *words)
{
	size_t n = 0;
	while (words && words[n])
		n++;
	return n;
}

static bool has_word(const char *const *words, const char *text)
{
	for (; words && *words; words++)
		if (!strcmp(*words, text))
			return true;
	return false;
}

static int store_enum(const struct opt *row, void *object, const struct opt_value *value,
		      const struct opt_at *at, struct err *err)
{
	const char *text = value->form == OPT_IS_TEXT ? value->text
			   : value->form != OPT_IS_BOOL ? NULL
			   : value->number		? "on"
							: "off";
	if (text) {
		for (unsigned i = 0; row->names[i]; i++) {
			if (!strcmp(row->names[i], text)) {
				memcpy(field(row, object), &i, sizeof(i));
				return 0;
			}
		}
	}
	int r = opt_wrong_type(row, at, value, err);
	const char *near = value->form != OPT_IS_TEXT
				   ? NULL
				   : near_match(value->text, row->names, count_words(row->names));
	if (near)
		err_hint(err, "did you mean \"%s\"?", near);
	return r;
}

static int check_text(const struct opt *row, const char *text, const struct opt_at *at,
		      struct err *err)
{
	size_t n = strlen(text), max = row->max ? row->max : TEXT_LIMIT;
	if (n < row->min && !n)
		return opt_error(at, err, -EINVAL, "expected %s, found an empty text",
				 opt_expects(row, false).s);
	if (n < row->min || n > max)
		return opt_error(at, err, -ERANGE, "%zu bytes are out of range: %llu to %zu", n,
				 (unsigned long long)row->min, max);
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return opt_error(at, err, -EINVAL, "control character %#04x in the text",
					 (unsigned char)*c);
	return 0;
}

/* A copy of `text`; a relative file name is completed with the source's directory. */
static int copy_text(const struct opt *row, const char *text, const struct opt_at *at,
		     char **ret_copy, struct err *err)
{
	bool relative = row->type == OPT_PATH && text[0] != '/' && !has_word(row->words, text);
	autofree char *copy = NULL;
	if (!relative)
		copy = strdup(text);
	else if (asprintf(&copy, "%s%s%s", at->dir, !strcmp(at->dir, "/") ? "" : "/", text) < 0)
		copy = NULL;
	if (!copy)
		return opt_error(at, err, -ENOMEM, "out of memory");
	if (row->type == OPT_PATH && strlen(copy) >= PATH_MAX)
		return opt_error(at, err, -ENAMETOOLONG, "the file name is longer than %d bytes",
				 PATH_MAX - 1);
	*ret_copy = take_ptr(&copy);
	return 0;
}

static int store_text(const struct opt *row, void *object, const struct opt_value *value,
		      const struct opt_at *at, struct err *err)
{
	char **to = field(row, object), *copy = NULL;
	if (value->form != OPT_IS_TEXT)
		return opt_wrong_type(row, at, value, err);
	if (!row->none || strcmp(row->none, value->text) != 0) {
		int r = check_text(row, value->text, at, err);
		if (r)
			return r;
		r = copy_text(row, value->text, at, &copy, err);
		if (r)
			return r;
	}
	if (row->accept) {
		struct err why = { 0 };
		int r = row->accept(object, value->text, &why);
		if (r) {
			free(copy);
			return opt_error(at, err, r, "%s", why.text);
		}
	}
	free(*to);
	*to = copy;
	return 0;
}

int opt_store(const struct opt *row, void *object, const struct opt_value *value,
	      const struct opt_at *at, struct err *err)
{
	static int (*const store[OPT_TYPES])(const struct opt *, void *, const struct opt_value *,
					     const struct opt_at *, struct err *) = {
		[OPT_TEXT] = store_text, [OPT_PATH] = store_text, [OPT_BOOL] = store_bool,
		[OPT_INT] = store_int,   [OPT_SIZE] = store_size, [OPT_ENUM] = store_enum,
	};
	if (!store[row->type])
		return opt_wrong_type(row, at, value, err);
	return store[row->type](row, object, value, at, err);
}

struct opt_value opt_value_of(const struct opt *row, const char *text)
{
	struct opt_value value = { .form = OPT_IS_TEXT, .text = text };
	uint64_t number;
	if (row->type == OPT_BOOL && (!strcmp(text, "true") || !strcmp(text, "false"))) {
		value.form = OPT_IS_BOOL;
		value.number = text[0] == 't';
	} else if (row->type == OPT_INT && !parse_u64(text, &number)) {
		value.form = OPT_IS_INT;
		value.number = (int64_t)min_u64(number, INT64_MAX);
	}
	return value;
}

/* --- whole objects --- */

unsigned opt_count(const struct opt *row, const void *object)
{
	return *(const unsigned *)(const void *)((const char *)object + row->count_offset);
}

void *opt_element(const struct opt *row, void *object, unsigned index)
{
	return (char *)field(row, object) + index * row->stride;
}

int opt_add_element(const struct opt *row, void *object, const struct opt_at *at,
		    void **ret_element, struct err *err)
{
	unsigned *n = (unsigned *)(void *)((char *)object + row->count_offset);
	if (*n >= row->max)
		return opt_error(at, err, -ERANGE, "more than %llu elements",
				 (unsigned long long)row->max);
	void *element = opt_element(row, object, *n);
	memset(element, 0, row->stride);
	*(unsigned *)(void *)((char *)element + row->line_offset) = at->line;
	(*n)++; /* before the defaults, so that opt_fini sees a half-made element */
	int r = opt_defaults(row->table, element, err);
	if (!r)
		*ret_element = element;
	return r;
}

int opt_defaults(const struct opt_table *table, void *object, struct err *err)
{
	struct opt_at at = { .source = "default", .dir = "/" };
	for (size_t i = 0; i < table->n; i++) {
		const struct opt *row = &table->rows[i];
		int r = 0;
		if (row->type == OPT_GROUP) {
			r = opt_defaults(row->table, object, err);
		} else if (row->fallback) {
			struct opt_value value = opt_value_of(row, row->fallback);
			size_t old = opt_enter(&at, row->key, strlen(row->key));
			r = opt_store(row, object, &value, &at, err);
			opt_leave(&at, old);
		}
		if (r)
			return r;
	}
	return 0;
}

static void fini_field(const struct opt *row, void *object)
{
	if (row->type == OPT_TEXT || row->type == OPT_PATH) {
		char **text = field(row, object);
		free(*text);
		*text = NULL;
	} else if (row->type == OPT_GROUP) {
		opt_fini(row->table, object);
	} else if (row->type == OPT_LIST) {
		for (unsigned i = 0; i < opt_count(row, object); i++)
			opt_fini(row->table, opt_element(row, object, i));
		*(unsigned *)(void *)((char *)object + row->count_offset) = 0;
	}
}

void opt_fini(const struct opt_table *table, void *object)
{
	for (size_t i = 0; i < table->n; i++)
		fini_field(&table->rows[i], object);
}

static int check_row(const struct opt *row, const void *object, struct opt_at *at, struct err *err)
{
	const char *const *text = (const void *)((const char *)object + row->offset);
	if ((row->type != OPT_TEXT && row->type != OPT_PATH) || row->fallback || *text)
		return 0;
	int r = opt_error(at, err, -EINVAL, "missing, it has no default");
	err_hint(err, "give %s", opt_expects(row, true).s);
	return r;
}

static int check_table(const struct opt_table *table, const void *object, struct opt_at *at,
		       struct err *err);

static int check_list(const struct opt *row, const void *object, struct opt_at *at, struct err *err)
{
	int r = 0;
	for (unsigned i = 0; !r && i < opt_count(row, object); i++) {
		const char *element = (const char *)object + row->offset + i * row->stride;
		size_t old = opt_enter_element(at, i);
		const char *file = at->source;
		at->line = *(const unsigned *)(const void *)(element + row->line_offset);
		at->source =
			at->line ? file : "--set"; /* an element without a line is from there */
		r = check_table(row->table, element, at, err);
		at->source = file;
		at->line = 0;
		opt_leave(at, old);
	}
	return r;
}

static int check_table(const struct opt_table *table, const void *object, struct opt_at *at,
		       struct err *err)
{
	int r = 0;
	for (size_t i = 0; !r && i < table->n; i++) {
		const struct opt *row = &table->rows[i];
		size_t old = opt_enter(at, row->key, strlen(row->key));
		if (row->type == OPT_GROUP)
			r = check_table(row->table, object, at, err);
		else if (row->type == OPT_LIST)
			r = check_list(row, object, at, err);
		else
			r = check_row(row, object, at, err);
		opt_leave(at, old);
	}
	return r;
}

int opt_check_required(const struct opt_table *table, const void *object, const char *source,
		       struct err *err)
{
	struct opt_at at = { .source = source, .dir = "/" };
	return check_table(table, object, &at, err);
}
