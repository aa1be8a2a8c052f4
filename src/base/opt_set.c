/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `path=value` as the command line has it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/opt.h"
#include "base/parse.h"

struct target { /* what the path has led to so far */
	const struct opt_table *table;
	const struct opt *row;
	void *object;
};

static int bad_path(const struct opt_at *at, const char *rest, struct err *err)
{
	opt_error(at, err, -EINVAL, "cannot read the path at %s", opt_quote(rest).s);
	err_hint(err, "a path looks like boot.cmdline, devices[0].rom or devices[+].pci");
	return -EINVAL;
}

static int find_element(struct target *t, const char *index_text, struct opt_at *at,
			struct err *err)
{
	unsigned n = opt_count(t->row, t->object);
	uint64_t index = n;
	if (!strcmp(index_text, "+")) {
		int r = opt_add_element(t->row, t->object, at, &t->object, err);
		if (r)
			return r;
	} else {
		if (parse_u64(index_text, &index))
			return bad_path(at, index_text, err);
		if (index >= n) {
			int r = opt_error(at, err, -ERANGE, "no element %s, it has %u",
					  opt_quote(index_text).s, n);
			err_hint(err, "%s[+] adds one", t->row->key);
			return r;
		}
		t->object = opt_element(t->row, t->object, (unsigned)index);
	}
	opt_enter_element(at, (unsigned)index);
	return 0;
}

/* `[index]` at *rest; moves *rest behind it. */
static int step_into_list(struct target *t, char **rest, struct opt_at *at, struct err *err)
{
	char *close = **rest == '[' ? strchr(*rest, ']') : NULL;
	if (!**rest)
		return opt_error(at, err, -EINVAL, "is a list; name an element, %s[0] or %s[+]",
				 t->row->key, t->row->key);
	if (!close)
		return bad_path(at, *rest, err);
	*close = 0;
	int r = find_element(t, *rest + 1, at, err);
	*rest = close + 1;
	return r;
}

/* `path` is cut up on the way. */
static int walk(struct target *t, char *path, struct opt_at *at, struct err *err)
{
	for (;;) {
		size_t len = strcspn(path, ".[");
		char *rest = path + len;
		if (!len)
			return bad_path(at, path, err);
		opt_enter(at, path, len);
		t->row = opt_find(t->table, path, len);
		if (!t->row) {
			*rest = 0;
			opt_unknown_key(t->table, at, path, err);
			return -EINVAL;
		}
		int r = t->row->type == OPT_LIST ? step_into_list(t, &rest, at, err) : 0;
		if (r)
			return r;
		if (!*rest)
			return 0;
		if (*rest != '.' || !t->row->table)
			return bad_path(at, rest, err);
		t->table = t->row->table;
		path = rest + 1;
	}
}

int opt_set(const struct opt_table *table, void *object, const char *assignment, const char *dir,
	    struct err *err)
{
	struct opt_at at = { .source = "--set", .dir = dir };
	const char *equals = strchr(assignment, '=');
	if (!equals)
		return opt_error(&at, err, -EINVAL, "expected PATH=VALUE, found %s",
				 opt_quote(assignment).s);
	autofree char *path = strndup(assignment, (size_t)(equals - assignment));
	if (!path)
		return opt_error(&at, err, -ENOMEM, "out of memory");
	struct target t = { .table = table, .object = object };
	int r = walk(&t, path, &at, err);
	if (r)
		return r;
	if (t.row->table)
		return opt_error(&at, err, -EINVAL,
				 "is a group; set one of its keys, such as %s.%s", at.path,
				 t.row->table->rows[0].key);
	struct opt_value value = opt_value_of(t.row, equals + 1);
	return opt_store(t.row, t.object, &value, &at, err);
}
