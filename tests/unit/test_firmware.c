/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake/fv_image.h"
#include "fake/tempdir.h"

static struct tempdir dir;
static char code[128], vars[128], template[128], text[512];
static struct profile profile;
static struct host host;
static struct err err;

static void put(const char *name, uint8_t *image, size_t size)
{
	assert_int_equal(tempdir_write(&dir, name, image, size), 0);
	free(image);
}

static int begin(void **state)
{
	static char name[] = "demo";
	(void)state;
	if (tempdir_make(&dir))
		return -1;
	snprintf(code, sizeof(code), "%s/OVMF_CODE_4M.fd", dir.path);
	put("OVMF_CODE_4M.fd", fv_image_code(FV_IMAGE_CODE_4M), FV_IMAGE_CODE_4M);
	put("OVMF_VARS_4M.fd", fv_image_store(FV_IMAGE_STORE_4M), FV_IMAGE_STORE_4M);
	put("OVMF_VARS.fd", fv_image_store(FV_IMAGE_STORE_2M), FV_IMAGE_STORE_2M);
	profile = (struct profile){ .name = name, .firmware = { FIRMWARE_UEFI, .code = code } };
	host = (struct host){ .sys = -1 };
	snprintf(host.state_path, sizeof(host.state_path), "%s/state", dir.path);
	err = (struct err){ 0 };
	return 0;
}

static int end(void **state)
{
	(void)state;
	tempdir_remove(&dir);
	return 0;
}

static void refused_with(int expected, const char *said)
{
	err = (struct err){ 0 };
	assert_int_equal(firmware_check(&profile, &host, &err), expected);
	assert_string_equal(err.text, said);
}

/* "%s" of the test's own directory. */
static const char *in_dir(const char *fmt)
{
	snprintf(text, sizeof(text), fmt, dir.path);
	return text;
}

static void without_firmware_no_file_is_looked_at(void **state)
{
	(void)state;
	static char nowhere[] = "/nonexistent";
	profile.firmware.type = FIRMWARE_NONE;
	profile.firmware.code = nowhere;
	assert_int_equal(firmware_check(&profile, &host, &err), 0);
}

static void a_good_pair_passes_and_leaves_no_trace(void **state)
{
	(void)state;
	assert_int_equal(firmware_check(&profile, &host, &err), 0);
	assert_int_not_equal(access(host.state_path, F_OK), 0);
}

static void the_store_is_the_vms_own_and_its_template_lies_beside_the_code(void **state)
{
	(void)state;
	struct firmware_files files;
	assert_int_equal(firmware_find_store(&files, &profile, &host, FV_IMAGE_CODE_4M, &err), 0);
	assert_string_equal(files.want.path, in_dir("%s/state/demo/vars.fd"));
	assert_string_equal(files.want.template, in_dir("%s/OVMF_VARS_4M.fd"));
	profile.firmware.secure_boot = true;
	assert_int_equal(firmware_find_store(&files, &profile, &host, FV_IMAGE_CODE_4M, &err), 0);
	assert_string_equal(files.want.template, in_dir("%s/OVMF_VARS_4M.ms.fd"));
	assert_int_equal(firmware_find_store(&files, &profile, &host, FV_IMAGE_CODE_2M, &err), 0);
	assert_string_equal(files.want.template, in_dir("%s/OVMF_VARS.ms.fd"));
	profile.firmware.vars = vars;
	profile.firmware.template = template;
	assert_int_equal(firmware_find_store(&files, &profile, &host, FV_IMAGE_CODE_4M, &err), 0);
	assert_ptr_equal(files.want.path, vars);
	assert_ptr_equal(files.want.template, template);
}

static void code_that_is_not_there_names_the_package(void **state)
{
	(void)state;
	static char nowhere[] = "/nonexistent/OVMF_CODE_4M.fd";
	profile.firmware.code = nowhere;
	refused_with(-ENOENT, "firmware.code: /nonexistent/OVMF_CODE_4M.fd: No such file or directory; "
			      "install the package ovmf");
}

static void code_that_needs_smm_is_named_also_behind_a_link(void **state)
{
	(void)state;
	put("OVMF_CODE_4M.secboot.fd", fv_image_code(FV_IMAGE_CODE_4M), FV_IMAGE_CODE_4M);
	snprintf(code, sizeof(code), "%s/OVMF_CODE_4M.ms.fd", dir.path);
	assert_int_equal(symlink("OVMF_CODE_4M.secboot.fd", code), 0);
	refused_with(-ENOTSUP,
		     in_dir("%s/OVMF_CODE_4M.ms.fd: is built to need SMM, which this machine does not "
			    "have (it is OVMF_CODE_4M.secboot.fd); use OVMF_CODE_4M.fd, which has Secure "
			    "Boot too"));
}

static void code_that_is_none_is_refused(void **state)
{
	(void)state;
	put("OVMF_CODE_4M.fd", fv_image_store(FV_IMAGE_STORE_4M), FV_IMAGE_STORE_4M);
	assert_int_equal(firmware_check(&profile, &host, &err), -ENOEXEC);
	put("OVMF_CODE_4M.fd", fv_image_store(4096), 0);
	assert_int_equal(firmware_check(&profile, &host, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "is no file of a firmware image's size"));
	profile.firmware.code = dir.path;
	assert_int_equal(firmware_check(&profile, &host, &err), -ENOEXEC);
}

static void sizes_that_do_not_match_are_refused(void **state)
{
	(void)state;
	snprintf(template, sizeof(template), "%s/OVMF_VARS.fd", dir.path);
	profile.firmware.template = template;
	assert_int_equal(firmware_check(&profile, &host, &err), -EINVAL);
	assert_non_null(strstr(err.text, "OVMF_VARS.fd has 131072 bytes"));
	assert_non_null(strstr(err.text, "needs a variable store of 540672"));
}

static void the_code_is_read_whole_and_its_own(void **state)
{
	(void)state;
	void *image;
	uint64_t size;
	assert_int_equal(firmware_load_code(&profile, &image, &size, &err), 0);
	assert_int_equal(size, FV_IMAGE_CODE_4M);
	assert_int_equal((uintptr_t)image % 4096, 0);
	assert_int_equal(truncate(code, 0), 0);
	assert_memory_equal((char *)image + 40, "_FVH", 4);
	munmap(image, size);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(without_firmware_no_file_is_looked_at),
		TEST(a_good_pair_passes_and_leaves_no_trace),
		TEST(the_store_is_the_vms_own_and_its_template_lies_beside_the_code),
		TEST(code_that_is_not_there_names_the_package),
		TEST(code_that_needs_smm_is_named_also_behind_a_link),
		TEST(code_that_is_none_is_refused),
		TEST(sizes_that_do_not_match_are_refused),
		TEST(the_code_is_read_whole_and_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
