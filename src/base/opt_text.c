/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What opt says: where, what was expected, what was found. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/bytes.h"
#include "base/opt.h"
#include "base/parse.h"

int opt_error(const struct opt_at *at, struct err *err, int code, const char *fmt, ...)
{
	struct err what = { 0 };
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(what.text, sizeof(what.text), fmt, ap);
	va_end(ap);
	/* An overlong file name must not push the cause out of the text: its end says most. */
	size_t n = strlen(at->source);
	const char *source = n > 200 ? at->source + n - 200 : at->source;
	char line[16] = "";
	if (at->line)
		snprintf(line, sizeof(line), ":%u", at->line);
	return err_set(err, code, "%s%s%s%s: %s", source, line, at->path[0] ? ": " : "", at->path,
		       what.text);
}

size_t opt_enter(struct opt_at *at, const char *key, size_t len)
{
	size_t old = strlen(at->path);
	snprintf(at->path + old, sizeof(at->path) - old, "%s%.*s", old ? "." : "",
		 (int)min_u64(len, sizeof(at->path)), key);
	return old;
}

size_t opt_enter_element(struct opt_at *at, unsigned index)
{
	size_t old = strlen(at->path);
	snprintf(at->path + old, sizeof(at->path) - old, "[%u]", index);
	return old;
}

void opt_leave(struct opt_at *at, size_t old_length)
{
	at->path[old_length] = 0;
}

int opt_unknown_key(const struct opt_table *table, const struct opt_at *at, const char *key,
		    struct err *err)
{
	const char *keys[32];
	size_t n = 0;
	for (size_t i = 0; i < table->n && n < ARRAY_LEN(keys); i++)
		keys[n++] = table->rows[i].key;
	const char *near = near_match(key, keys, n);
	int r = opt_error(at, err, -EINVAL, "unknown key");
	if (near)
		err_hint(err, "did you mean \"%s\"?", near);
	return r;
}

struct opt_phrase opt_quote(const char *text)
{
	struct opt_phrase p;
	size_t max = 60, n = 0;
	p.s[n++] = '"';
	for (size_t i = 0; i < max && text[i]; i++) {
		unsigned char c = (unsigned char)text[i];
		p.s[n++] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
	}
	snprintf(p.s + n, sizeof(p.s) - n, "%s\"", strlen(text) > max ? "..." : "");
	return p;
}

static void append(struct opt_phrase *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void append(struct opt_phrase *p, const char *fmt, ...)
{
	size_t n = strlen(p->s);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(p->s + n, sizeof(p->s) - n, fmt, ap);
	va_end(ap);
}

/* `"a", "b" or "c"` */
static void append_choice(struct opt_phrase *p, const char *const *names)
{
	for (size_t i = 0; names[i]; i++)
		append(p, "%s\"%s\"", !i ? "" : names[i + 1] ? ", " : " or ", names[i]);
}

static void append_path(struct opt_phrase *p, const struct opt *row)
{
	append(p, "a file name");
	if (row->words) {
		append(p, ", ");
		append_choice(p, row->words);
	}
}

static void append_int(struct opt_phrase *p, const struct opt *row, bool with_bounds)
{
	append(p, "a number");
	if (row->unit)
		append(p, " of %s", row->unit);
	if (with_bounds)
		append(p, ", %llu to %llu", (unsigned long long)row->min,
		       (unsigned long long)row->max);
	if (row->none)
		append(p, "%s or \"%s\"", with_bounds ? "," : "", row->none);
}

static void append_size(struct opt_phrase *p, const struct opt *row, bool with_bounds)
{
	append(p, "a size such as \"%s\"", row->example);
	if (with_bounds)
		append(p, ", %s to %s", size_text(row->min).s, size_text(row->max).s);
	if (with_bounds && row->multiple)
		append(p, ", a multiple of %s", size_text(row->multiple).s);
}

struct opt_phrase opt_expects(const struct opt *row, bool with_bounds)
{
	struct opt_phrase p = { "" };
	switch (row->type) {
	case OPT_TEXT:
		append(&p, "a text such as \"%s\"", row->example);
		break;
	case OPT_PATH:
		append_path(&p, row);
		break;
	case OPT_BOOL:
		append(&p, "true or false");
		break;
	case OPT_INT:
		append_int(&p, row, with_bounds);
		break;
	case OPT_SIZE:
		append_size(&p, row, with_bounds);
		break;
	case OPT_ENUM:
		append_choice(&p, row->names);
		break;
	case OPT_GROUP:
		append(&p, "a group { ... }");
		break;
	case OPT_LIST:
		append(&p, "a list of groups ( { ... }, { ... } )");
		break;
	case OPT_TYPES:
		break;
	}
	return p;
}

static struct opt_phrase found(const struct opt_value *value)
{
	static const char *const nouns[] = {
		[OPT_IS_FLOAT] = "a fraction",
		[OPT_IS_GROUP] = "a group",
		[OPT_IS_LIST] = "a list",
		[OPT_IS_ARRAY] = "an array",
	};
	struct opt_phrase p;
	if (value->form == OPT_IS_TEXT)
		return opt_quote(value->text);
	if (value->form == OPT_IS_BOOL)
		snprintf(p.s, sizeof(p.s), "%s", value->number ? "true" : "false");
	else if (value->form == OPT_IS_INT)
		snprintf(p.s, sizeof(p.s), "the number %lld", (long long)value->number);
	else
		snprintf(p.s, sizeof(p.s), "%s", nouns[value->form]);
	return p;
}

int opt_wrong_type(const struct opt *row, const struct opt_at *at, const struct opt_value *value,
		   struct err *err)
{
	int r = opt_error(at, err, -EINVAL, "expected %s, found %s", opt_expects(row, false).s,
			  found(value).s);
	if (row->type == OPT_SIZE && value->form == OPT_IS_INT && value->number > 0) {
		uint64_t n = (uint64_t)value->number;
		/* A bare number is bytes to some and MiB to others; neither is guessed. */
		err_hint(err, "write it with its unit, \"%s\"", size_text(n < MIB ? n * MIB : n).s);
	}
	return r;
}
