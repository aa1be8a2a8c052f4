/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/fv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "fake/fv_image.h"

static struct err err;
static uint8_t *store, *code;

static int begin(void **state)
{
	(void)state;
	err = (struct err){ 0 };
	store = fv_image_store(FV_IMAGE_STORE_4M);
	code = fv_image_code(FV_IMAGE_CODE_4M);
	return 0;
}

static int end(void **state)
{
	(void)state;
	free(store);
	free(code);
	return 0;
}

static void store_is(int expected, const char *text)
{
	err = (struct err){ 0 };
	assert_int_equal(fv_check_store("vars.fd", store, FV_IMAGE_STORE_4M, &err), expected);
	if (expected)
		assert_string_equal(err.text, text);
}

static void code_is(size_t size, int expected, const char *text)
{
	err = (struct err){ 0 };
	assert_int_equal(fv_check_code("code.fd", code, size, &err), expected);
	if (expected)
		assert_string_equal(err.text, text);
}

static void an_empty_store_is_good_and_has_no_keys(void **state)
{
	(void)state;
	store_is(0, NULL);
	assert_false(fv_store_has_keys(store, FV_IMAGE_STORE_4M));
}

static void a_platform_key_is_found_behind_other_variables(void **state)
{
	(void)state;
	size_t at = fv_image_add(store, 0, "Boot0000", &fv_image_global_guid, "abc", 3);
	at = fv_image_add(store, at, "PK", &fv_image_global_guid, "key", 3);
	fv_image_add(store, at, "Timeout", &fv_image_global_guid, "xy", 2);
	store_is(0, NULL);
	assert_true(fv_store_has_keys(store, FV_IMAGE_STORE_4M));
}

static void a_key_that_was_deleted_or_is_somebody_elses_does_not_count(void **state)
{
	(void)state;
	static const uint8_t other[16] = { 1, 2, 3 };
	size_t pk = fv_image_add(store, 0, "PK", &fv_image_global_guid, "key", 3);
	fv_image_add(store, pk, "PK", &other, "key", 3);
	store[fv_image_first() + 2] = 0x3C; /* deleted, VariableFormat.h */
	assert_false(fv_store_has_keys(store, FV_IMAGE_STORE_4M));
	store_is(0, NULL);
}

static void a_header_that_was_being_written_is_passed_over(void **state)
{
	(void)state;
	size_t at = fv_image_add(store, 0, "Boot0000", &fv_image_global_guid, "abc", 3);
	le_put(store + fv_image_first() + at, 2, 0x55AA); /* and the rest is erased flash */
	store_is(0, NULL);
}

static void what_a_header_says_is_checked(void **state)
{
	(void)state;
	store[49] ^= 0x80;
	store_is(-EUCLEAN, "vars.fd: is damaged: the length of its header is impossible");
	store[49] ^= 0x80;
	store[52] ^= 1;
	store_is(-EUCLEAN, "vars.fd: is damaged: its header's checksum is wrong");
	store[52] ^= 1;
	le_put(store + 32, 8, FV_IMAGE_STORE_4M / 2);
	fv_image_seal(store);
	store_is(-EUCLEAN,
		 "vars.fd: is damaged: it says that it has 270336 bytes, and has 540672");
	le_put(store + 32, 8, FV_IMAGE_STORE_4M);
	le_put(store + 60, 4, 65536);
	fv_image_seal(store);
	store_is(-ENOEXEC, "vars.fd: is a variable store for flash with blocks of 65536 bytes, of "
			   "another machine");
}

static void what_the_list_says_is_checked(void **state)
{
	(void)state;
	uint8_t *list = store + fv_image_first() - 28;
	le_put(list + 16, 4, FV_IMAGE_STORE_4M);
	store_is(-EUCLEAN, "vars.fd: is damaged: the size of its variable list is impossible");
	le_put(list + 16, 4, 0x3FFB8);
	list[21] = 0;
	store_is(-EUCLEAN, "vars.fd: is damaged: its variable list is not marked as whole");
	list[21] = 0xFE;
	list[0] ^= 1;
	store_is(-EUCLEAN, "vars.fd: is damaged: there is no variable store in it");
	list[0] ^= 1;
	fv_image_add(store, 0, "Boot0000", &fv_image_global_guid, "abc", 3);
	le_put(store + fv_image_first() + 40, 4, 0x40000);
	store_is(-EUCLEAN, "vars.fd: is damaged: a variable in it is longer than the list");
}

static void a_store_without_authenticated_variables_is_named(void **state)
{
	(void)state;
	static const uint8_t plain[16] = { 0x16, 0x36, 0xcf, 0xdd, 0x75, 0x32, 0x64, 0x41,
					   0x98, 0xb6, 0xfe, 0x85, 0x70, 0x7f, 0xfe, 0x7d };
	memcpy(store + fv_image_first() - 28, plain, 16);
	store_is(-ENOEXEC, "vars.fd: is the store of a firmware without Secure Boot, in a format that "
			   "the others do not read; start with a new one");
}

/* Killed while it copied the tidied list down: the lower half is half erased. */
static void a_store_that_firmware_will_repair_is_good(void **state)
{
	(void)state;
	memcpy(store + FV_IMAGE_STORE_4M / 2, store, 4096);
	memset(store, 0xFF, 4096);
	store_is(0, NULL);
	store[FV_IMAGE_STORE_4M / 2 + 50] ^= 1;
	store_is(-ENOEXEC, "vars.fd: is no variable store, but something else");
}

static void other_files_are_called_what_they_are(void **state)
{
	(void)state;
	memcpy(store, "QFI\xfb", 4);
	memset(store + 16, 0, 100);
	store_is(-ENOEXEC, "vars.fd: is no variable store, but a qcow2 disk image; convert it with "
			   "qemu-img convert -O raw");
	memcpy(code, "\x7f" "ELF", 4);
	memset(code + 16, 0, 100);
	code_is(FV_IMAGE_CODE_4M, -ENOEXEC, "code.fd: is no firmware image, but an ELF program");
	assert_int_equal(fv_check_store("x", store, 10, &err), -ENOEXEC);
	assert_int_equal(fv_check_code("x", code, 0, &err), -ENOEXEC);
}

static void code_is_told_from_a_store_and_from_both_in_one(void **state)
{
	(void)state;
	code_is(FV_IMAGE_CODE_4M, 0, NULL);
	assert_int_equal(fv_check_code("vars.fd", store, FV_IMAGE_STORE_4M, &err), -ENOEXEC);
	assert_string_equal(err.text, "vars.fd: is a variable store, not the firmware's code; "
				      "OVMF_CODE_4M.fd is that");
	uint8_t *both = calloc(1, 4 * MIB);
	assert_non_null(both);
	memcpy(both, store, FV_IMAGE_STORE_4M);
	assert_int_equal(fv_check_code("OVMF.fd", both, 4 * MIB, &err), -ENOEXEC);
	assert_string_equal(err.text, "OVMF.fd: holds code and variables in one file; give the code "
				      "alone (OVMF_CODE_4M.fd)");
	free(both);
	assert_int_equal(fv_check_store("code.fd", code, FV_IMAGE_CODE_4M, &err), -ENOEXEC);
	assert_string_equal(err.text, "code.fd: is no variable store, but another firmware volume");
}

static void code_that_is_cut_off_or_has_no_reset_vector_is_refused(void **state)
{
	(void)state;
	code_is(FV_IMAGE_CODE_4M - 100, -ENOEXEC,
		"code.fd: does not end with what an x86 processor starts at; it is cut off, or for "
		"another processor");
	memset(code + FV_IMAGE_CODE_4M - 16, 0xFF, 16);
	code_is(FV_IMAGE_CODE_4M, -ENOEXEC,
		"code.fd: does not end with what an x86 processor starts at; it is cut off, or for "
		"another processor");
}

static void code_and_store_of_different_builds_are_refused_with_both_sizes(void **state)
{
	(void)state;
	assert_int_equal(fv_check_pair("c", 0x37C000, "v", 0x84000, &err), 0);
	assert_int_equal(fv_check_pair("c", 0x1E0000, "v", 0x20000, &err), 0);
	assert_int_equal(fv_check_pair("c", 0x37C000, "v", 0x20000, &err), -EINVAL);
	assert_string_equal(err.text,
			    "v has 131072 bytes, but c (3653632 bytes) needs a variable store of "
			    "540672: they were not built together; a 4M store goes with 4M code, a 2M "
			    "one with 2M code");
	assert_int_equal(fv_store_size(0), 0);
	assert_int_equal(fv_store_size(4 * MIB), 0);
	assert_int_equal(fv_store_size(FV_IMAGE_MAX + 1), 0);
	assert_int_equal(fv_store_size(UINT64_MAX), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(an_empty_store_is_good_and_has_no_keys),
		TEST(a_platform_key_is_found_behind_other_variables),
		TEST(a_key_that_was_deleted_or_is_somebody_elses_does_not_count),
		TEST(a_header_that_was_being_written_is_passed_over),
		TEST(what_a_header_says_is_checked),
		TEST(what_the_list_says_is_checked),
		TEST(a_store_without_authenticated_variables_is_named),
		TEST(a_store_that_firmware_will_repair_is_good),
		TEST(other_files_are_called_what_they_are),
		TEST(code_is_told_from_a_store_and_from_both_in_one),
		TEST(code_that_is_cut_off_or_has_no_reset_vector_is_refused),
		TEST(code_and_store_of_different_builds_are_refused_with_both_sizes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
