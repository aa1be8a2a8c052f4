/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A profile written into a folder of its own and loaded, for the tests of profiles. */
#ifndef BULKHEAD_TESTS_PROFILE_FIXTURE_H
#define BULKHEAD_TESTS_PROFILE_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/opt.h"
#include "fake/tempdir.h"
#include "profile.h"
#include "profile_options.h"

struct fixture {
	struct tempdir dir;
	struct profile profile;
	struct err err;
	char text[ERR_TEXT_MAX]; /* of err, without the directory's name in front */
};

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	*state = f;
	return !f || tempdir_make(&f->dir);
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	profile_fini(&f->profile);
	tempdir_remove(&f->dir);
	free(f);
	return 0;
}

static inline int load_bytes(struct fixture *f, const void *data, size_t size,
			     const char *const *sets, unsigned n)
{
	profile_fini(&f->profile);
	memset(&f->err, 0, sizeof(f->err));
	assert_int_equal(tempdir_write(&f->dir, "demo.cfg", data, size), 0);
	const char *path = tempdir_path(&f->dir, "demo.cfg");
	int r = profile_load(&f->profile, path, sets, n, &f->err);
	size_t skip = strlen(f->dir.path) + 1;
	bool own = !strncmp(f->err.text, f->dir.path, skip - 1);
	snprintf(f->text, sizeof(f->text), "%s", f->err.text + (own ? skip : 0));
	return r;
}

static inline int load(struct fixture *f, const char *text)
{
	return load_bytes(f, text, strlen(text), NULL, 0);
}

#define MINIMAL "name = \"a\"; boot = { kernel = \"/k\"; };\n"

static inline int load_with(struct fixture *f, const char *set)
{
	return load_bytes(f, MINIMAL, strlen(MINIMAL), &set, 1);
}

static inline void refused(struct fixture *f, const char *text, int code, const char *message)
{
	int r = load(f, text);
	assert_string_equal(f->text, message);
	assert_int_equal(r, code);
	assert_int_equal(f->err.code, code);
	assert_null(f->profile.path); /* nothing is left to free */
}

static inline void set_refused(struct fixture *f, const char *set, const char *message)
{
	assert_true(load_with(f, set) < 0);
	assert_string_equal(f->text, message);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
