/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of a snapshot to its entries. Every byte of it may be an enemy's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/parse.h"
#include "snapshot.h"

#define LINE_MAX_BYTES 8192
#define ROW 16

struct parser {
	const char *at, *end;
	unsigned line_number;
	char line[LINE_MAX_BYTES]; /* the present one, terminated */
	size_t entries;
	const struct snapshot_sink *sink;
	struct err *err;
	uint8_t *data; /* SNAPSHOT_TEXT_MAX bytes: of the present file */
	size_t n;
};

static int bad(const struct parser *p, const char *what)
{
	return err_set(p->err, -EBADMSG, "line %u: %s", p->line_number, what);
}

/* What can do no harm on a terminal. */
static bool harmless(const char *text)
{
	for (; *text; text++)
		if ((*text < ' ' && *text != '\t') || *text > '~')
			return false;
	return true;
}

/* 1 = p->line is the next one, 0 = there is none. */
static int next_line(struct parser *p)
{
	if (p->at == p->end)
		return 0;
	p->line_number++;
	const char *newline = memchr(p->at, '\n', (size_t)(p->end - p->at));
	if (!newline)
		return bad(p, "does not end: the file was cut");
	size_t len = (size_t)(newline - p->at);
	if (len >= sizeof(p->line))
		return bad(p, "too long");
	memcpy(p->line, p->at, len);
	p->line[len] = 0;
	p->at = newline + 1;
	if (strlen(p->line) != len || !harmless(p->line))
		return bad(p, "has characters that no snapshot has");
	return 1;
}

/* Names between slashes, neither empty nor `.` nor `..`: how many, 0 when it is not so. */
static unsigned components(const char *path)
{
	unsigned n = 0;
	for (;;) {
		size_t len = strcspn(path, "/");
		if (!len || (len <= 2 && !strncmp(path, "..", len)))
			return 0;
		n++;
		if (!path[len])
			return n;
		path += len + 1;
	}
}

static bool good_path(const char *path)
{
	return strlen(path) <= SNAPSHOT_PATH_MAX && !path[strcspn(path, " \t")] && components(path);
}

/* Up to the root of the tree at most, and then only down. */
static bool good_target(const char *path, const char *target)
{
	unsigned up = 0;
	if (strlen(target) > SNAPSHOT_PATH_MAX || target[strcspn(target, " \t")])
		return false;
	while (!strncmp(target, "../", 3)) {
		target += 3;
		up++;
	}
	return up < components(path) && components(target);
}

static int put_dir(struct parser *p, char *path)
{
	path[strlen(path) - 1] = 0;
	return good_path(path) ? p->sink->dir(p->sink->ctx, path) : bad(p, "not a path");
}

static int put_link(struct parser *p, const char *path, const char *target)
{
	if (!good_path(path))
		return bad(p, "not a path");
	if (!good_target(path, target))
		return bad(p, "a link that leaves the tree");
	return p->sink->link(p->sink->ctx, path, target);
}

static int add_bytes(struct parser *p, const char *bytes, size_t n)
{
	if (n > SNAPSHOT_TEXT_MAX - p->n)
		return bad(p, "the file is too large");
	memcpy(p->data + p->n, bytes, n);
	p->n += n;
	return 0;
}

static int put_file(struct parser *p, const char *path)
{
	return p->sink->file(p->sink->ctx, path, p->data, p->n);
}

static int put_text(struct parser *p, const char *path, const char *text)
{
	if (!good_path(path))
		return bad(p, "not a path");
	p->n = 0;
	int r = add_bytes(p, text, strlen(text));
	if (!r)
		r = add_bytes(p, "\n", *text ? 1 : 0);
	return r ? r : put_file(p, path);
}

static bool more_rows(const struct parser *p)
{
	return p->at < p->end && *p->at == '\t';
}

static int put_lines(struct parser *p, const char *path)
{
	p->n = 0;
	while (more_rows(p)) {
		int r = next_line(p);
		if (r < 0)
			return r;
		r = add_bytes(p, p->line + 1, strlen(p->line + 1));
		if (!r)
			r = add_bytes(p, "\n", 1);
		if (r)
			return r;
	}
	return put_file(p, path);
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* Blank and two digits, up to ROW times; how many, 0 when it is something else. */
static unsigned hex_bytes(const char *text, uint8_t ret[ROW])
{
	unsigned n = 0;
	for (; *text; text += 3) {
		int high = *text == ' ' ? hex_digit(text[1]) : -1;
		int low = high >= 0 ? hex_digit(text[2]) : -1;
		if (low < 0 || n == ROW)
			return 0;
		ret[n++] = (uint8_t)(high << 4 | low);
	}
	return n;
}

/* `TAB offset bytes`, the offset of three digits and a multiple of 16. */
static int read_row(struct parser *p)
{
	uint8_t row[ROW];
	int r = next_line(p);
	if (r < 0)
		return r;
	size_t at = 0;
	for (unsigned i = 1; i <= 3; i++) {
		int digit = hex_digit(p->line[i]);
		if (digit < 0)
			return bad(p, "not a row of bytes");
		at = at << 4 | (unsigned)digit;
	}
	unsigned n = hex_bytes(p->line + 4, row);
	if (!n || at % ROW || at + n > p->n)
		return bad(p, "not a row of bytes");
	memcpy(p->data + at, row, n);
	return 0;
}

static int put_bytes(struct parser *p, const char *path, const char *size_text)
{
	uint64_t size;
	if (parse_u64(size_text, &size) || size > SNAPSHOT_DATA_MAX)
		return bad(p, "not a size, or a file too large");
	p->n = size;
	memset(p->data, 0, size);
	while (more_rows(p)) {
		int r = read_row(p);
		if (r)
			return r;
	}
	return put_file(p, path);
}

/* `path` is a copy: rows overwrite the line. */
static int put_rows(struct parser *p, const char *how)
{
	char path[SNAPSHOT_PATH_MAX + 1];
	if (!good_path(p->line))
		return bad(p, "not a path");
	memcpy(path, p->line, strlen(p->line) + 1);
	return *how == ':' ? put_lines(p, path) : put_bytes(p, path, how + 2);
}

static int parse_entry(struct parser *p)
{
	char *blank = strchr(p->line, ' ');
	size_t len = strlen(p->line);
	if (++p->entries > SNAPSHOT_ENTRIES_MAX)
		return bad(p, "too many entries");
	if (!blank)
		return len && p->line[len - 1] == '/' ? put_dir(p, p->line)
						      : bad(p, "not an entry");
	*blank++ = 0;
	if (!strncmp(blank, "-> ", 3))
		return put_link(p, p->line, blank + 3);
	if (!strncmp(blank, "= ", 2))
		return put_text(p, p->line, blank + 2);
	if (!strcmp(blank, ":") || !strncmp(blank, "@ ", 2))
		return put_rows(p, blank);
	return bad(p, "not an entry");
}

static int parse_end(struct parser *p)
{
	uint64_t n;
	if (parse_u64(p->line + strlen("end "), &n) || n != p->entries)
		return bad(p, "the number of entries is another");
	return p->at == p->end ? 0 : bad(p, "something follows the end");
}

static int parse_all(struct parser *p)
{
	int r = next_line(p);
	if (r < 0)
		return r;
	if (!r || strcmp(p->line, SNAPSHOT_MAGIC) != 0)
		return bad(p, "not a bulkhead snapshot of this version");
	while ((r = next_line(p)) > 0) {
		if (!strncmp(p->line, "end ", 4))
			return parse_end(p);
		r = parse_entry(p);
		if (r)
			return r;
	}
	return r ? r : bad(p, "the file was cut: it has no end");
}

int snapshot_parse(const char *text, size_t size, const struct snapshot_sink *sink, struct err *err)
{
	autofree struct parser *p = calloc(1, sizeof(*p));
	autofree uint8_t *data = malloc(SNAPSHOT_TEXT_MAX);
	if (!p || !data)
		return err_errno(err, -ENOMEM, "snapshot");
	p->at = text;
	p->end = text + size;
	p->sink = sink;
	p->err = err;
	p->data = data;
	return parse_all(p);
}
