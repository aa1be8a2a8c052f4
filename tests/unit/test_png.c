/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Read back with zlib itself, as ISO/IEC 15948 describes the file. */
#include "png.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/library.h"

#define FUNCTIONS(F) F(uncompress) F(crc32)
static const char *const names[] = { FUNCTIONS(LIBRARY_NAME) };
static const struct library zlib = { "libz.so.1", "zlib1g", "this test", names, 2 };
static struct {
	FUNCTIONS(LIBRARY_FIELD)
} fn;

static char dir[64], path[80];

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/test-png-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/out.png", dir);
	return library_load(&zlib, &fn, NULL);
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The chunk at `at`, checked; its data's length, and where the next one is. */
static size_t chunk(const uint8_t *at, const char *type, const uint8_t **ret_next)
{
	uint32_t n = be32(at);
	assert_memory_equal(at + 4, type, 4);
	assert_int_equal(be32(at + 8 + n), fn.crc32(0, at + 4, n + 4));
	*ret_next = at + 12 + n;
	return n;
}

static void what_is_written_reads_back(void **state)
{
	static const uint8_t pixels[] = { 1, 2, 3, 9, 4, 5, 6, 9, 7, 8, 9, 9, 10, 11, 12, 9 };
	static const uint8_t want[] = { 0, 3, 2, 1, 6, 5, 4, 0, 9, 8, 7, 12, 11, 10 };
	const struct picture picture = { 2, 2, pixels };
	struct err err = { 0 };
	void *file;
	size_t size;
	(void)state;
	assert_int_equal(png_write(&picture, path, &err), 0);
	assert_int_equal(file_load(path, 4096, &file, &size), 0);
	const uint8_t *at = file, *next;
	assert_memory_equal(at, "\x89PNG\r\n\x1A\n", 8);
	at += 8;
	assert_int_equal(chunk(at, "IHDR", &next), 13);
	assert_memory_equal(at + 8, "\0\0\0\2\0\0\0\2\10\2\0\0\0", 13);
	at = next;
	uint8_t rows[64];
	uLongf n = sizeof(rows);
	size_t packed = chunk(at, "IDAT", &next);
	assert_int_equal(fn.uncompress(rows, &n, at + 8, packed), Z_OK);
	assert_int_equal(n, sizeof(want));
	assert_memory_equal(rows, want, n);
	assert_int_equal(chunk(next, "IEND", &next), 0);
	assert_ptr_equal(next, (uint8_t *)file + size);
	free(file);
}

static void a_picture_without_pixels_is_refused(void **state)
{
	const struct picture wrong[] = { { 0, 1, NULL },
					 { 1, 0, NULL },
					 { PNG_MAX_SIDE + 1, 1, NULL } };
	struct err err = { 0 };
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(png_write(&wrong[i], path, &err), -EINVAL);
		assert_non_null(strstr(err.text, "no picture is"));
	}
	assert_int_equal(access(path, F_OK), -1);
}

static void a_file_that_cannot_be_made_is_named(void **state)
{
	const struct picture picture = { 1, 1, (const uint8_t *)"1234" };
	struct err err = { 0 };
	(void)state;
	assert_int_equal(png_write(&picture, "/tmp/no/such/folder.png", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/tmp/no/such/folder.png"));
}

static void a_full_disk_leaves_no_half_file(void **state)
{
	const struct picture picture = { 1, 1, (const uint8_t *)"1234" };
	struct err err = { 0 };
	(void)state;
	assert_int_equal(symlink("/dev/full", path), 0);
	assert_int_equal(png_write(&picture, path, &err), -ENOSPC);
	assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_written_reads_back, setup, teardown),
		cmocka_unit_test_setup_teardown(a_picture_without_pixels_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_file_that_cannot_be_made_is_named, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_full_disk_leaves_no_half_file, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
