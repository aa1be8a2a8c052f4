/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/fwcfg.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "fake/capture.h"

static const struct range ram[] = { { 0, 0x40000 } };

#define DESCRIPTOR 0x1000
#define BUFFER 0x2000
#define READ 0x02
#define SKIP 0x04
#define SELECT 0x08
#define WRITE 0x10

struct fixture {
	struct gmem gmem;
	struct fwcfg fwcfg;
	struct err err;
	unsigned hooks;
	size_t wrote_len;
	uint8_t wrote[FWCFG_WRITABLE_MAX];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_int_equal(gmem_init(&f->gmem, ram, 1, NULL), 0);
	assert_int_equal(fwcfg_init(&f->fwcfg, &f->gmem, &f->err), 0);
	assert_int_equal(fwcfg_add(&f->fwcfg, FWCFG_SIGNATURE, "QEMU", 4, &f->err), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	fwcfg_fini(&f->fwcfg);
	gmem_fini(&f->gmem);
	free(f);
	return 0;
}

static void choose(struct fixture *f, uint16_t key)
{
	fwcfg_ops.write(&f->fwcfg, 0, 2, key);
}

static uint8_t byte(struct fixture *f)
{
	return (uint8_t)fwcfg_ops.read(&f->fwcfg, 1, 1);
}

static uint32_t be(struct fixture *f, unsigned n)
{
	uint32_t v = 0;
	while (n--)
		v = v << 8 | byte(f);
	return v;
}

/* Looks a file up as firmware does. False when the directory has no such name. */
static bool lookup(struct fixture *f, const char *name, uint16_t *ret_key, uint32_t *ret_len)
{
	choose(f, FWCFG_FILE_DIR);
	uint32_t n = be(f, 4);
	while (n--) {
		char entry[FWCFG_NAME_MAX];
		uint32_t len = be(f, 4);
		uint16_t key = (uint16_t)be(f, 2);
		assert_int_equal(be(f, 2), 0);
		for (unsigned i = 0; i < FWCFG_NAME_MAX; i++)
			entry[i] = (char)byte(f);
		assert_int_equal(entry[FWCFG_NAME_MAX - 1], 0);
		if (strcmp(entry, name))
			continue;
		*ret_key = key;
		*ret_len = len;
		return true;
	}
	return false;
}

static uint16_t key_of(struct fixture *f, const char *name)
{
	uint16_t key = 0;
	uint32_t len;
	assert_true(lookup(f, name, &key, &len));
	return key;
}

/* Runs one descriptor; the control field afterwards. */
static uint32_t dma(struct fixture *f, uint32_t control, uint32_t len, uint64_t gpa)
{
	uint32_t words[] = { htobe32(control), htobe32(len), htobe32((uint32_t)(gpa >> 32)),
			     htobe32((uint32_t)gpa) };
	assert_int_equal(gmem_write(&f->gmem, DESCRIPTOR, words, sizeof(words)), 0);
	fwcfg_ops.write(&f->fwcfg, 4, 4, 0);
	fwcfg_ops.write(&f->fwcfg, 8, 4, htobe32(DESCRIPTOR));
	assert_int_equal(gmem_read(&f->gmem, DESCRIPTOR, words, 4), 0);
	return be32toh(words[0]);
}

static void buffer_is(struct fixture *f, const void *want, size_t n)
{
	uint8_t got[64];
	assert_true(n <= sizeof(got));
	assert_int_equal(gmem_read(&f->gmem, BUFFER, got, n), 0);
	assert_memory_equal(got, want, n);
}

static void the_signature_reads_byte_by_byte_and_zero_beyond_its_end(void **state)
{
	struct fixture *f = *state;
	choose(f, FWCFG_SIGNATURE);
	assert_int_equal(be(f, 4), 0x51454D55);
	assert_int_equal(byte(f), 0);
	assert_int_equal(byte(f), 0);
	choose(f, FWCFG_SIGNATURE); /* selecting starts over */
	assert_int_equal(byte(f), 'Q');
}

static void a_key_nobody_has_reads_zero(void **state)
{
	struct fixture *f = *state;
	choose(f, 0x4321);
	assert_int_equal(byte(f), 0);
}

static void numbers_are_little_endian(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(fwcfg_add_u16(&f->fwcfg, FWCFG_CPUS, 0x0102, &f->err), 0);
	assert_int_equal(fwcfg_add_u32(&f->fwcfg, FWCFG_ID, 3, &f->err), 0);
	choose(f, FWCFG_CPUS);
	assert_int_equal(be(f, 3), 0x020100);
	choose(f, FWCFG_ID);
	assert_int_equal(be(f, 4), 0x03000000);
}

static void only_a_word_selects_and_only_a_byte_reads(void **state)
{
	struct fixture *f = *state;
	choose(f, FWCFG_SIGNATURE);
	fwcfg_ops.write(&f->fwcfg, 0, 1, 0x19);
	fwcfg_ops.write(&f->fwcfg, 0, 4, 0x19);
	fwcfg_ops.write(&f->fwcfg, 1, 1, 0x19); /* the data port is not written */
	assert_int_equal(fwcfg_ops.read(&f->fwcfg, 1, 2), 0);
	assert_int_equal(fwcfg_ops.read(&f->fwcfg, 0, 2), 0);
	assert_int_equal(byte(f), 'Q');
}

static void the_dma_register_says_who_it_is(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(be32toh((uint32_t)fwcfg_ops.read(&f->fwcfg, 4, 4)), 0x51454D55);
	assert_int_equal(be32toh((uint32_t)fwcfg_ops.read(&f->fwcfg, 8, 4)), 0x20434647);
	assert_int_equal(fwcfg_ops.read(&f->fwcfg, 5, 1), 'E');
	assert_int_equal(fwcfg_ops.read(&f->fwcfg, 2, 4), 0);
	assert_int_equal(fwcfg_ops.read(&f->fwcfg, 10, 4), 0);
}

static void files_have_keys_from_0x20_and_a_directory(void **state)
{
	struct fixture *f = *state;
	uint16_t key;
	uint32_t len;
	assert_false(lookup(f, "etc/e820", &key, &len));
	assert_int_equal(fwcfg_add_file(&f->fwcfg, "etc/e820", "abcde", 5, &f->err), 0);
	assert_int_equal(fwcfg_add_file(&f->fwcfg, "bootorder", "", 0, &f->err), 0);
	assert_int_equal(fwcfg_add_u16(&f->fwcfg, FWCFG_CPUS, 1, &f->err), 0);
	assert_int_equal(fwcfg_add_file(&f->fwcfg, "etc/system-states", "xyz", 3, &f->err), 0);
	assert_true(lookup(f, "etc/e820", &key, &len));
	assert_int_equal(key, 0x20);
	assert_int_equal(len, 5);
	assert_true(lookup(f, "bootorder", &key, &len));
	assert_int_equal(key, 0x21);
	assert_int_equal(len, 0);
	assert_true(lookup(f, "etc/system-states", &key, &len));
	assert_int_equal(key, 0x22);
	choose(f, key);
	assert_int_equal(be(f, 4), 0x78797A00);
}

static void a_taken_key_or_name_is_refused(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(fwcfg_add(&f->fwcfg, FWCFG_SIGNATURE, "X", 1, &f->err), -EEXIST);
	assert_non_null(strstr(f->err.text, "item 0x00"));
	assert_int_equal(fwcfg_add_host_file(&f->fwcfg, FWCFG_SIGNATURE, 0, 0, 1, "X", &f->err),
			 -EEXIST);
	assert_int_equal(fwcfg_add_file(&f->fwcfg, "bootorder", "", 0, &f->err), 0);
	assert_int_equal(fwcfg_add_file(&f->fwcfg, "bootorder", "", 0, &f->err), -EEXIST);
	assert_non_null(strstr(f->err.text, "file `bootorder`"));
}

static void a_file_key_cannot_be_added_as_a_plain_item(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(fwcfg_add(&f->fwcfg, FWCFG_FILE_FIRST, "X", 1, &f->err), -EINVAL);
	assert_int_equal(fwcfg_add_host_file(&f->fwcfg, FWCFG_FILE_FIRST, 0, 0, 1, "X", &f->err),
			 -EINVAL);
}

static void names_that_do_not_fit_the_directory_are_refused(void **state)
{
	struct fixture *f = *state;
	char name[FWCFG_NAME_MAX + 1] = { 0 };
	assert_int_equal(fwcfg_add_file(&f->fwcfg, "", "", 0, &f->err), -ENAMETOOLONG);
	memset(name, 'n', FWCFG_NAME_MAX);
	assert_int_equal(fwcfg_add_file(&f->fwcfg, name, "", 0, &f->err), -ENAMETOOLONG);
	name[FWCFG_NAME_MAX - 1] = '\0';
	assert_int_equal(fwcfg_add_file(&f->fwcfg, name, "", 0, &f->err), 0);
	assert_int_equal(key_of(f, name), 0x20);
}

static void items_beyond_the_last_are_refused(void **state)
{
	struct fixture *f = *state;
	char name[16];
	int r = 0;
	unsigned n;
	for (n = 0; !r && n <= FWCFG_MAX_ITEMS; n++) {
		snprintf(name, sizeof(name), "file%u", n);
		r = fwcfg_add_file(&f->fwcfg, name, "", 0, &f->err);
	}
	assert_int_equal(r, -ENOSPC);
	assert_int_equal(f->fwcfg.n_items, FWCFG_MAX_ITEMS);
	snprintf(name, sizeof(name), "file%u", n - 2);
	key_of(f, name); /* the last one is in the directory */
}

static void dma_selects_and_reads_in_one_go(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(fwcfg_add_file(&f->fwcfg, "f", "0123456789", 10, &f->err), 0);
	assert_int_equal(dma(f, SELECT | READ | 0x20u << 16, 4, BUFFER), 0);
	buffer_is(f, "0123", 4);
	assert_int_equal(dma(f, SKIP, 2, 0), 0);
	assert_int_equal(dma(f, READ, 3, BUFFER), 0);
	buffer_is(f, "678", 3);
	assert_int_equal(byte(f), '9'); /* the data port goes on from there */
}

static void dma_beyond_the_end_reads_zero(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(gmem_write(&f->gmem, BUFFER, "########", 8), 0);
	assert_int_equal(dma(f, SELECT | READ, 6, BUFFER), 0);
	buffer_is(f, "QEMU\0\0##", 8);
	assert_int_equal(dma(f, SKIP, UINT32_MAX, 0), 0);
	assert_int_equal(dma(f, READ, 2, BUFFER), 0);
	buffer_is(f, "\0\0MU", 4);
}

static void dma_far_beyond_the_end_fails(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(dma(f, SELECT | READ, 0x10000 + 4, BUFFER), 0);
	assert_int_equal(dma(f, SELECT | READ, 0x10000 + 5, BUFFER), 1);
	assert_int_equal(dma(f, SELECT | READ, UINT32_MAX, BUFFER), 1);
}

static void dma_outside_memory_fails_and_says_so(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(dma(f, SELECT | READ, 4, 0x40000), 1);
	assert_int_equal(dma(f, SELECT | READ, 4, UINT64_MAX - 1), 1);
	assert_int_equal(dma(f, SELECT | READ | 0x7777u << 16, 0x2000, 0x3F000), 1);
	assert_int_equal(dma(f, SELECT | READ, 4, BUFFER), 0); /* and works the next time */
}

static void a_descriptor_outside_memory_is_ignored(void **state)
{
	struct fixture *f = *state;
	choose(f, FWCFG_SIGNATURE);
	fwcfg_ops.write(&f->fwcfg, 4, 4, htobe32(0xFFFFFFFF));
	fwcfg_ops.write(&f->fwcfg, 8, 4, htobe32(0xFFFFFFFF));
	assert_int_equal(f->fwcfg.dma_addr, 0);
	assert_int_equal(byte(f), 'Q');
}

static void the_high_half_of_the_address_counts(void **state)
{
	struct fixture *f = *state;
	uint32_t words[] = { htobe32(SELECT | READ), htobe32(4), 0, htobe32(BUFFER) };
	assert_int_equal(gmem_write(&f->gmem, DESCRIPTOR, words, sizeof(words)), 0);
	fwcfg_ops.write(&f->fwcfg, 4, 4, htobe32(1)); /* 4 GiB and more: no memory there */
	fwcfg_ops.write(&f->fwcfg, 8, 4, htobe32(DESCRIPTOR));
	assert_int_equal(gmem_read(&f->gmem, DESCRIPTOR, words, 4), 0);
	assert_int_equal(be32toh(words[0]), SELECT | READ);
}

static void keep(void *ctx, const uint8_t *data, size_t len)
{
	struct fixture *f = ctx;
	f->hooks++;
	f->wrote_len = len;
	memcpy(f->wrote, data, len);
	choose(f, FWCFG_SIGNATURE); /* no lock may be held here */
}

static void a_writable_file_hears_of_what_was_written(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(fwcfg_add_writable(&f->fwcfg, "etc/ramfb", 8, keep, f, &f->err), 0);
	uint32_t key = (uint32_t)key_of(f, "etc/ramfb") << 16;
	assert_int_equal(gmem_write(&f->gmem, BUFFER, "abcd", 4), 0);
	assert_int_equal(dma(f, key | SELECT | SKIP, 4, 0), 0);
	assert_int_equal(dma(f, WRITE, 4, BUFFER), 0);
	assert_int_equal(f->hooks, 1);
	assert_int_equal(f->wrote_len, 8);
	assert_memory_equal(f->wrote, "\0\0\0\0abcd", 8);
	assert_int_equal(dma(f, key | SELECT | READ, 8, BUFFER), 0);
	buffer_is(f, "\0\0\0\0abcd", 8);
}

static void writes_elsewhere_or_too_long_fail(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(fwcfg_add_writable(&f->fwcfg, "w", 8, keep, f, &f->err), 0);
	assert_int_equal(fwcfg_add_file(&f->fwcfg, "r", "01234567", 8, &f->err), 0);
	uint32_t w = (uint32_t)key_of(f, "w") << 16, r = (uint32_t)key_of(f, "r") << 16;
	assert_int_equal(dma(f, w | SELECT | WRITE, 9, BUFFER), 1);
	assert_int_equal(dma(f, w | SELECT | WRITE, 8, 0x40000), 1);
	assert_int_equal(dma(f, r | SELECT | WRITE, 4, BUFFER), 1);
	assert_int_equal(dma(f, 0x7777u << 16 | SELECT | WRITE, 1, BUFFER), 1);
	assert_int_equal(f->hooks, 0);
	choose(f, (uint16_t)(r >> 16));
	assert_int_equal(byte(f), '0');
}

static void a_writable_file_has_a_largest_size(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(
		fwcfg_add_writable(&f->fwcfg, "w", FWCFG_WRITABLE_MAX + 1, keep, f, &f->err),
		-EINVAL);
	assert_non_null(strstr(f->err.text, "at most 4096"));
	assert_int_equal(fwcfg_add_writable(&f->fwcfg, "w", FWCFG_WRITABLE_MAX, NULL, f, &f->err),
			 0);
	uint32_t w = (uint32_t)key_of(f, "w") << 16;
	assert_int_equal(dma(f, w | SELECT | WRITE, FWCFG_WRITABLE_MAX, BUFFER), 0);
}

static void finish(void *ctx)
{
	struct fixture *f = ctx;
	char text[16];
	snprintf(text, sizeof(text), "made %u", ++f->hooks);
	assert_int_equal(fwcfg_replace(&f->fwcfg, "lazy", text, 6), 0);
	assert_int_equal(fwcfg_replace(&f->fwcfg, "other", text, f->hooks), 0);
}

static void a_lazy_file_is_made_when_it_is_selected(void **state)
{
	struct fixture *f = *state;
	uint16_t key;
	uint32_t len;
	assert_int_equal(fwcfg_add_lazy(&f->fwcfg, "lazy", 6, finish, f, &f->err), 0);
	assert_int_equal(fwcfg_add_file(&f->fwcfg, "other", "", 0, &f->err), 0);
	assert_true(lookup(f, "lazy", &key, &len));
	assert_int_equal(len, 6);
	assert_int_equal(f->hooks, 0);
	assert_int_equal(dma(f, (uint32_t)key << 16 | SELECT | READ, 6, BUFFER), 0);
	buffer_is(f, "made 1", 6);
	choose(f, key);
	assert_int_equal(f->hooks, 2);
	assert_int_equal(be(f, 4), 0x6D616465);
	assert_true(lookup(f, "other", &key, &len)); /* its size in the directory has changed */
	assert_int_equal(len, 2);
}

static void replacing_names_only_files_that_are_ours(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(fwcfg_replace(&f->fwcfg, "none", "x", 1), -ENOENT);
	assert_int_equal(fwcfg_add_writable(&f->fwcfg, "w", 8, keep, f, &f->err), 0);
	assert_int_equal(fwcfg_replace(&f->fwcfg, "w", "x", 1), -EINVAL);
}

static void a_file_that_shrinks_while_it_is_read_ends_there(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(fwcfg_add_file(&f->fwcfg, "f", "0123456789", 10, &f->err), 0);
	assert_int_equal(dma(f, 0x20u << 16 | SELECT | SKIP, 8, 0), 0);
	assert_int_equal(fwcfg_replace(&f->fwcfg, "f", "01", 2), 0);
	assert_int_equal(byte(f), 0);
	assert_int_equal(dma(f, READ, 2, BUFFER), 0);
	buffer_is(f, "\0\0", 2);
	assert_int_equal(dma(f, SKIP, 2, 0), 0);
}

/* A kernel of these bytes from byte 2 on. */
static int add_kernel(struct fixture *f, const char *bytes)
{
	int fd = memfd_create("kernel", MFD_CLOEXEC);
	assert_int_equal(pwrite(fd, bytes, strlen(bytes), 2), strlen(bytes));
	assert_int_equal(fwcfg_add_host_file(&f->fwcfg, FWCFG_KERNEL_DATA, fd, 2, strlen(bytes),
					     "kernel", &f->err),
			 0);
	return fd;
}

static void a_file_of_the_host_is_read_where_it_is(void **state)
{
	struct fixture *f = *state;
	int fd = add_kernel(f, "abcdef");
	assert_int_equal(dma(f, (uint32_t)FWCFG_KERNEL_DATA << 16 | SELECT | READ, 4, BUFFER), 0);
	buffer_is(f, (const uint8_t *)"abcd", 4);
	assert_int_equal(byte(f), 'e');
	assert_int_equal(dma(f, READ, 3, BUFFER), 0); /* beyond the end it reads zero */
	buffer_is(f, (const uint8_t *)"f\0\0d", 4);
	assert_int_equal(dma(f, (uint32_t)FWCFG_KERNEL_DATA << 16 | SELECT | WRITE, 1, BUFFER), 1);
	assert_int_equal(dma(f, (uint32_t)FWCFG_KERNEL_DATA << 16 | SELECT | READ, 4, 0x40000 - 2),
			 1);
	close(fd);
}

static void a_file_of_the_host_that_is_cut_fails_the_guest_alone(void **state)
{
	struct fixture *f = *state;
	struct capture said;
	int fd = add_kernel(f, "abcdef");
	assert_int_equal(ftruncate(fd, 4), 0);
	capture_begin(&said);
	assert_int_equal(dma(f, (uint32_t)FWCFG_KERNEL_DATA << 16 | SELECT | READ, 6, BUFFER), 1);
	assert_int_equal(dma(f, (uint32_t)FWCFG_KERNEL_DATA << 16 | SELECT | READ, 6, BUFFER), 1);
	assert_int_equal(dma(f, (uint32_t)FWCFG_KERNEL_DATA << 16 | SELECT | READ, 2, BUFFER), 0);
	buffer_is(f, (const uint8_t *)"ab", 2);
	assert_int_equal(byte(f), 0);
	capture_end(&said);
	const char *word = strstr(said.err, "kernel: cannot read all of it");
	assert_non_null(word);
	assert_null(strstr(word + 10, "cannot read")); /* said once */
	close(fd);
}

static void a_reset_forgets_what_the_guest_did(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(fwcfg_add_writable(&f->fwcfg, "w", 4, NULL, NULL, &f->err), 0);
	uint16_t key = key_of(f, "w");
	assert_int_equal(gmem_write(&f->gmem, BUFFER, "abcd", 4), 0);
	assert_int_equal(dma(f, (uint32_t)key << 16 | SELECT | WRITE, 4, BUFFER), 0);
	fwcfg_ops.write(&f->fwcfg, 4, 4, htobe32(1));
	fwcfg_reset(&f->fwcfg);
	assert_int_equal(byte(f), 'Q'); /* item 0, from its start */
	assert_int_equal(f->fwcfg.dma_addr, 0);
	choose(f, key);
	assert_int_equal(be(f, 4), 0);
}

static void resetting_and_taking_down_what_never_came_up_is_harmless(void **state)
{
	(void)state;
	struct fwcfg fwcfg = { 0 };
	fwcfg_reset(&fwcfg);
	fwcfg_fini(&fwcfg);
	assert_null(fwcfg.gmem);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_signature_reads_byte_by_byte_and_zero_beyond_its_end),
		TEST(a_key_nobody_has_reads_zero),
		TEST(numbers_are_little_endian),
		TEST(only_a_word_selects_and_only_a_byte_reads),
		TEST(the_dma_register_says_who_it_is),
		TEST(files_have_keys_from_0x20_and_a_directory),
		TEST(a_taken_key_or_name_is_refused),
		TEST(a_file_key_cannot_be_added_as_a_plain_item),
		TEST(names_that_do_not_fit_the_directory_are_refused),
		TEST(items_beyond_the_last_are_refused),
		TEST(dma_selects_and_reads_in_one_go),
		TEST(dma_beyond_the_end_reads_zero),
		TEST(dma_far_beyond_the_end_fails),
		TEST(dma_outside_memory_fails_and_says_so),
		TEST(a_descriptor_outside_memory_is_ignored),
		TEST(the_high_half_of_the_address_counts),
		TEST(a_writable_file_hears_of_what_was_written),
		TEST(writes_elsewhere_or_too_long_fail),
		TEST(a_writable_file_has_a_largest_size),
		TEST(a_lazy_file_is_made_when_it_is_selected),
		TEST(replacing_names_only_files_that_are_ours),
		TEST(a_file_that_shrinks_while_it_is_read_ends_there),
		TEST(a_file_of_the_host_is_read_where_it_is),
		TEST(a_file_of_the_host_that_is_cut_fails_the_guest_alone),
		TEST(a_reset_forgets_what_the_guest_did),
		TEST(resetting_and_taking_down_what_never_came_up_is_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
