/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/ramfb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

#define HIGH UINT64_C(0x100000000)
#define XR24 0x34325258
static const struct range ram[] = { { 0, 0x400000 }, { HIGH, 0x400000 } };

struct fixture {
	struct gmem gmem;
	struct fwcfg fwcfg;
	struct ramfb ramfb;
	struct err err;
};

struct wish {
	uint64_t gpa;
	uint32_t fourcc, flags, width, height, stride;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_int_equal(gmem_init(&f->gmem, ram, 2, NULL), 0);
	assert_int_equal(fwcfg_init(&f->fwcfg, &f->gmem, &f->err), 0);
	ramfb_init(&f->ramfb, &f->gmem);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	ramfb_fini(&f->ramfb);
	fwcfg_fini(&f->fwcfg);
	gmem_fini(&f->gmem);
	free(f);
	return 0;
}

static bool wish(struct fixture *f, struct wish w)
{
	uint8_t b[RAMFB_FILE_SIZE];
	struct ramfb_mode mode;
	be_put(b, 8, w.gpa);
	be_put(b + 8, 4, w.fourcc ? w.fourcc : XR24);
	be_put(b + 12, 4, w.flags);
	be_put(b + 16, 4, w.width);
	be_put(b + 20, 4, w.height);
	be_put(b + 24, 4, w.stride);
	ramfb_wrote(&f->ramfb, b, sizeof(b));
	return ramfb_mode(&f->ramfb, &mode);
}

static void a_picture_is_copied_row_by_row(void **state)
{
	struct fixture *f = *state;
	struct ramfb_mode mode;
	uint8_t row[8], want[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	assert_true(wish(f, (struct wish){ 0x1000, XR24, 0, 2, 3, 16 }));
	assert_true(ramfb_mode(&f->ramfb, &mode));
	assert_int_equal(mode.width, 2);
	assert_int_equal(mode.height, 3);
	assert_int_equal(gmem_write(&f->gmem, 0x1000 + 2 * 16, want, 8), 0);
	assert_int_equal(ramfb_row(&f->ramfb, &mode, 2, row), 0);
	assert_memory_equal(row, want, 8);
}

static void nothing_is_shown_before_the_guest_says_so(void **state)
{
	struct fixture *f = *state;
	struct ramfb_mode mode;
	assert_false(ramfb_mode(&f->ramfb, &mode));
}

static void rows_without_a_stride_follow_each_other(void **state)
{
	struct fixture *f = *state;
	struct ramfb_mode mode;
	assert_true(wish(f, (struct wish){ 0x1000, XR24, 0, 640, 480, 0 }));
	assert_true(ramfb_mode(&f->ramfb, &mode));
	assert_int_equal(mode.stride, 2560);
}

static void a_picture_may_end_where_ram_does(void **state)
{
	struct fixture *f = *state;
	assert_true(wish(f, (struct wish){ 0x400000 - 800 * 4, XR24, 0, 800, 1, 3200 }));
	assert_false(wish(f, (struct wish){ 0x400000 - 800 * 4 + 4, XR24, 0, 800, 1, 3200 }));
	/* The gap behind the last row is nobody's. */
	assert_true(wish(f, (struct wish){ 0x400000 - 4096 - 40, XR24, 0, 10, 2, 4096 }));
	assert_true(wish(f, (struct wish){ HIGH, XR24, 0, 1024, 1024, 4096 }));
	assert_false(wish(f, (struct wish){ HIGH + 1, XR24, 0, 1024, 1024, 4096 }));
}

static void a_picture_outside_ram_is_none(void **state)
{
	struct fixture *f = *state;
	assert_false(wish(f, (struct wish){ 0x80000000, XR24, 0, 16, 16, 64 }));
	assert_false(wish(f, (struct wish){ UINT64_MAX - 63, XR24, 0, 16, 1, 64 }));
	assert_false(wish(f, (struct wish){ UINT64_MAX, XR24, 0, 8192, 2048, 32768 }));
	assert_true(ramfb_refused(&f->ramfb));
}

static void sizes_that_overflow_or_are_absurd_are_none(void **state)
{
	struct fixture *f = *state;
	assert_false(wish(f, (struct wish){ 0x1000, XR24, 0, 0, 16, 64 }));
	assert_false(wish(f, (struct wish){ 0x1000, XR24, 0, 16, 0, 64 }));
	assert_false(wish(f, (struct wish){ 0x1000, XR24, 0, 0x40000001, 1, 4 }));
	assert_false(wish(f, (struct wish){ 0x1000, XR24, 0, 0x40000000, 1, 0 }));
	assert_false(wish(f, (struct wish){ 0x1000, XR24, 0, 16, UINT32_MAX, 64 }));
	assert_false(wish(f, (struct wish){ 0x1000, XR24, 0, 16, 8192, UINT32_MAX & ~3u }));
	assert_false(wish(f, (struct wish){ 0x1000, XR24, 0, 8193, 1, 8193 * 4 }));
}

static void a_stride_shorter_than_a_row_is_none(void **state)
{
	struct fixture *f = *state;
	assert_false(wish(f, (struct wish){ 0x1000, XR24, 0, 16, 16, 60 }));
	assert_false(wish(f, (struct wish){ 0x1000, XR24, 0, 16, 16, 66 }));
}

static void other_formats_and_flags_are_none(void **state)
{
	struct fixture *f = *state;
	assert_true(wish(f, (struct wish){ 0x1000, 0x34325241, 0, 16, 16, 64 }));
	assert_false(wish(f, (struct wish){ 0x1000, 0x36314752, 0, 16, 16, 64 }));
	assert_false(wish(f, (struct wish){ 0x1000, XR24, 1, 16, 16, 64 }));
}

static void a_bad_wish_ends_the_picture_there_was(void **state)
{
	struct fixture *f = *state;
	assert_true(wish(f, (struct wish){ 0x1000, XR24, 0, 16, 16, 64 }));
	assert_false(wish(f, (struct wish){ 0, XR24, 0, 0, 0, 0 }));
	assert_false(ramfb_refused(&f->ramfb)); /* that is how a guest says: none */
}

static void half_a_wish_is_ignored(void **state)
{
	struct fixture *f = *state;
	uint8_t b[RAMFB_FILE_SIZE + 1] = { 0 };
	struct ramfb_mode mode;
	assert_true(wish(f, (struct wish){ 0x1000, XR24, 0, 16, 16, 64 }));
	ramfb_wrote(&f->ramfb, b, RAMFB_FILE_SIZE - 1);
	ramfb_wrote(&f->ramfb, b, RAMFB_FILE_SIZE + 1);
	assert_true(ramfb_mode(&f->ramfb, &mode));
}

static void reset_ends_the_picture(void **state)
{
	struct fixture *f = *state;
	struct ramfb_mode mode;
	assert_true(wish(f, (struct wish){ 0x1000, XR24, 0, 16, 16, 64 }));
	ramfb_reset(&f->ramfb);
	assert_false(ramfb_mode(&f->ramfb, &mode));
}

/* As firmware does it: finds the file in the directory and writes it by DMA. */
static void firmware_says_it_through_the_configuration_device(void **state)
{
	struct fixture *f = *state;
	uint8_t entry[64], b[RAMFB_FILE_SIZE] = { 0 }, dma[16];
	struct ramfb_mode mode;
	assert_int_equal(ramfb_offer(&f->ramfb, &f->fwcfg, &f->err), 0);
	fwcfg_ops.write(&f->fwcfg, 0, 2, FWCFG_FILE_DIR);
	for (unsigned i = 0; i < 4; i++)
		fwcfg_ops.read(&f->fwcfg, 1, 1);
	for (unsigned i = 0; i < 64; i++)
		entry[i] = (uint8_t)fwcfg_ops.read(&f->fwcfg, 1, 1);
	assert_string_equal((char *)entry + 8, "etc/ramfb");
	be_put(b, 8, 0x2000);
	be_put(b + 8, 4, XR24);
	be_put(b + 16, 4, 32);
	be_put(b + 20, 4, 16);
	be_put(b + 24, 4, 128);
	assert_int_equal(gmem_write(&f->gmem, 0x9000, b, sizeof(b)), 0);
	be_put(dma, 4, (uint32_t)(entry[4] << 8 | entry[5]) << 16 | 0x18); /* select, write */
	be_put(dma + 4, 4, sizeof(b));
	be_put(dma + 8, 8, 0x9000);
	assert_int_equal(gmem_write(&f->gmem, 0x8000, dma, sizeof(dma)), 0);
	uint8_t low[4];
	be_put(low, 4, 0x8000);
	fwcfg_ops.write(&f->fwcfg, 4, 4, 0);
	fwcfg_ops.write(&f->fwcfg, 8, 4, le32_get(low));
	assert_true(ramfb_mode(&f->ramfb, &mode));
	assert_int_equal(mode.gpa, 0x2000);
	assert_int_equal(mode.height, 16);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_picture_is_copied_row_by_row),
		T(nothing_is_shown_before_the_guest_says_so),
		T(rows_without_a_stride_follow_each_other),
		T(a_picture_may_end_where_ram_does),
		T(a_picture_outside_ram_is_none),
		T(sizes_that_overflow_or_are_absurd_are_none),
		T(a_stride_shorter_than_a_row_is_none),
		T(other_formats_and_flags_are_none),
		T(a_bad_wish_ends_the_picture_there_was),
		T(half_a_wish_is_ignored),
		T(reset_ends_the_picture),
		T(firmware_says_it_through_the_configuration_device),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
