/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Table-driven settings: one row per option says its key, type, bounds, default, where its value
 * lives in a C struct and what it means. The row drives reading a libconfig file, `--set
 * path=value`, error texts, writing the settings back and the reference in the manual. Knows
 * nothing of any particular option; profile_options.c has a table.
 *
 * The file is hostile input: opt_load bounds its size, nesting and number of settings and refuses
 * includes before libconfig sees it.
 */
#ifndef BULKHEAD_BASE_OPT_H
#define BULKHEAD_BASE_OPT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

#define OPT_FILE_MAX (1u << 20) /* bytes of a settings file */
#define OPT_DEPTH_MAX 16        /* brackets open at a time */
#define OPT_NONE UINT_MAX       /* of an OPT_INT: its `none` */
#define OPT_SETTINGS_MAX 8192   /* assignments in a file: libconfig's look-up is quadratic */

enum opt_type {
	OPT_TEXT,  /* char *, owned; printable, `min` to `max` bytes */
	OPT_PATH,  /* as OPT_TEXT; a relative one is taken from the source's directory */
	OPT_BOOL,  /* bool */
	OPT_INT,   /* unsigned; `min` to `max`, or OPT_NONE */
	OPT_SIZE,  /* uint64_t, bytes; `min` to `max`, a multiple of `multiple` */
	OPT_ENUM,  /* an enum; its value is the index into `names`; true is "on", false "off" */
	OPT_GROUP, /* the rows of `table`, in the same struct */
	OPT_LIST,  /* an array of structs at `offset`, `table` for each; at most `max` */
	OPT_TYPES
};

struct opt;
struct opt_table {
	const struct opt *rows;
	size_t n;
};

struct opt {
	const char *key; /* the last part of its path */
	enum opt_type type;
	size_t offset;        /* of the field; of the array for OPT_LIST */
	const char *fallback; /* default, as --set takes it; NULL: a text that must be given */
	const char *none;     /* text stored as NULL, or as OPT_NONE; may be NULL */
	uint64_t min, max, multiple;
	const char *unit;              /* OPT_INT: "seconds"; NULL = a count */
	const char *const *names;      /* OPT_ENUM, NULL-terminated */
	const char *const *words;      /* OPT_PATH: texts that are no file names; may be NULL */
	const struct opt_table *table; /* OPT_GROUP, OPT_LIST */
	size_t stride, count_offset;   /* OPT_LIST: size of an element; `unsigned` count */
	size_t line_offset;            /* OPT_LIST: `unsigned` in the element; its line, 0 = none */
	/* Checks a text further and fills fields derived from it; the error needs no path. */
	int (*accept)(void *object, const char *text, struct err *err);
	const char *example; /* OPT_TEXT, OPT_SIZE: a value for messages and manual */
	const char *brief;   /* one sentence without its full stop */
	const char *detail;  /* further sentences, or NULL */
};

/* Where a value came from: the head of messages, and the base of relative file names. */
struct opt_at {
	const char *source; /* a file's name or "--set" */
	unsigned line;      /* 0 = none */
	const char *dir;    /* absolute */
	char path[160];     /* "devices[1].group"; cut when longer */
};

/* Gives every field of `object` (zeroed) its default; required texts stay NULL. -ENOMEM. */
int opt_defaults(const struct opt_table *table, void *object, struct err *err);
/* Frees what the fields own, and leaves them NULL and the lists empty. Accepts half-filled ones. */
void opt_fini(const struct opt_table *table, void *object);

/*
 * Reads the file over what `object` has (defaults first). -errno of the file, -EFBIG, -EINVAL,
 * -ERANGE, each with FILE:LINE, the key and what was expected. A failed load leaves `object` to be
 * given to opt_fini.
 */
int opt_load(const struct opt_table *table, void *object, const char *file, const char *dir,
	     struct err *err);
/* The same from memory; `text` has `size` bytes and one NUL behind them. */
int opt_load_text(const struct opt_table *table, void *object, struct opt_at *at, const char *text,
		  size_t size, struct err *err);

/*
 * One `path=value`: "vcpus=4", "boot.cmdline=quiet", "devices[0].rom=off"; `devices[+].pci=…` adds
 * an element. Errors as above, with `--set PATH` for the place.
 */
int opt_set(const struct opt_table *table, void *object, const char *assignment, const char *dir,
	    struct err *err);

/* Fails with the first required text that is still missing. `source` is the file's name. */
int opt_check_required(const struct opt_table *table, const void *object, const char *source,
		       struct err *err);

/* All settings as a file that opt_load reads back to the same values. -EIO when `out` fails. */
int opt_write(const struct opt_table *table, const void *object, FILE *out);

/* The reference in Markdown: a table of all options, then a section for each. */
void opt_write_reference(const struct opt_table *table, FILE *out);

/* --- for the files of opt ----------------------------------------------------------------------*/

enum opt_form {
	OPT_IS_TEXT,
	OPT_IS_BOOL,
	OPT_IS_INT,
	OPT_IS_FLOAT,
	OPT_IS_GROUP,
	OPT_IS_LIST,
	OPT_IS_ARRAY
};

struct opt_value { /* as found in a source, before the row judges it */
	enum opt_form form;
	const char *text; /* OPT_IS_TEXT; borrowed */
	int64_t number;   /* OPT_IS_BOOL, OPT_IS_INT */
};

struct opt_phrase {
	char s[256];
};
/* What a row takes, as words: `a size such as "1G"`; with_bounds adds "32M to 16T". */
struct opt_phrase opt_expects(const struct opt *row, bool with_bounds);
/* `text` in quotes, cut to a line's length, without control characters. */
struct opt_phrase opt_quote(const char *text);

/* "SOURCE:LINE: PATH: " and the text; returns `code`. */
int opt_error(const struct opt_at *at, struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int opt_unknown_key(const struct opt_table *table, const struct opt_at *at, const char *key,
		    struct err *err);
int opt_wrong_type(const struct opt *row, const struct opt_at *at, const struct opt_value *value,
		   struct err *err);

/* The row with this key (`len` bytes of it), or NULL. */
const struct opt *opt_find(const struct opt_table *table, const char *key, size_t len);
/* Appends ".key" (or "key" to an empty path) or "[index]"; returns the old length for opt_leave. */
size_t opt_enter(struct opt_at *at, const char *key, size_t len);
size_t opt_enter_element(struct opt_at *at, unsigned index);
void opt_leave(struct opt_at *at, size_t old_length);

/* Checks `value` and puts it into the row's field of `object`; unchanged on failure. */
int opt_store(const struct opt *row, void *object, const struct opt_value *value,
	      const struct opt_at *at, struct err *err);
/* A text as the row's type reads it; what does not parse stays a text for opt_store to refuse. */
struct opt_value opt_value_of(const struct opt *row, const char *text);
/* A new element of a list with its defaults. -ERANGE when the list is full, -ENOMEM. */
int opt_add_element(const struct opt *row, void *object, const struct opt_at *at,
		    void **ret_element, struct err *err);
/* Element `index` of a list, and how many there are. */
void *opt_element(const struct opt *row, void *object, unsigned index);
unsigned opt_count(const struct opt *row, const void *object);

/* Refuses a file that is not to be given to libconfig (opt_scan.c). -EINVAL with FILE:LINE. */
int opt_scan(const char *text, size_t size, struct opt_at *at, struct err *err);

#endif
