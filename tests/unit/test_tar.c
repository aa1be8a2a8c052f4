/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/tar.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *made;
static size_t made_size;

static FILE *begin_archive(void)
{
	free(made);
	made = NULL;
	return open_memstream(&made, &made_size);
}

static void a_file_is_a_header_and_whole_blocks(void **state)
{
	(void)state;
	FILE *out = begin_archive();
	assert_int_equal(tar_add(out, "a/b", "hello", 5, 0x12345), 0);
	assert_int_equal(tar_add(out, "empty", "", 0, 0), 0);
	assert_int_equal(tar_end(out), 0);
	fclose(out);
	assert_int_equal(made_size, 512 + 512 + 512 + 1024);
	assert_string_equal(made, "a/b");
	assert_string_equal(made + 100, "0000644");
	assert_string_equal(made + 124, "00000000005");
	assert_string_equal(made + 136, "00000221505");
	assert_memory_equal(made + 257, "ustar\00000", 8);
	assert_memory_equal(made + 512, "hello\0\0\0", 8);
	assert_string_equal(made + 1024, "empty");
	free(made);
	made = NULL;
}

static void the_checksum_is_the_sum_of_the_header_with_blanks_in_its_place(void **state)
{
	(void)state;
	FILE *out = begin_archive();
	assert_int_equal(tar_add(out, "x", "y", 1, 1), 0);
	fclose(out);
	unsigned sum = 8 * ' ', wanted = (unsigned)strtoul(made + 148, NULL, 8);
	for (unsigned i = 0; i < 512; i++)
		if (i < 148 || i >= 156)
			sum += (unsigned char)made[i];
	assert_int_equal(sum, wanted);
	free(made);
	made = NULL;
}

static void a_program_that_reads_archives_reads_it(void **state)
{
	(void)state;
	char path[] = "/tmp/bulkhead-test-XXXXXX", command[256], line[64] = "";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	FILE *out = fdopen(fd, "w");
	assert_int_equal(tar_add(out, "dir/file", "content of it\n", 14, 1), 0);
	assert_int_equal(tar_end(out), 0);
	fclose(out);
	snprintf(command, sizeof(command), "tar xOf %s dir/file", path);
	FILE *tar = popen(command, "r");
	assert_non_null(tar);
	assert_non_null(fgets(line, sizeof(line), tar));
	assert_int_equal(pclose(tar), 0);
	assert_string_equal(line, "content of it\n");
	remove(path);
}

static void names_that_do_not_fit_are_refused(void **state)
{
	(void)state;
	char name[102];
	memset(name, 'n', sizeof(name));
	name[100] = 0;
	FILE *out = begin_archive();
	assert_int_equal(tar_add(out, name, "", 0, 0), -ENAMETOOLONG);
	assert_int_equal(tar_add(out, "", "", 0, 0), -ENAMETOOLONG);
	name[TAR_NAME_MAX] = 0;
	assert_int_equal(tar_add(out, name, "", 0, 0), 0);
	assert_int_equal(tar_add(out, "big", "", (size_t)1 << 33, 0), -EFBIG);
	fclose(out);
	free(made);
	made = NULL;
}

static void a_full_disk_is_told(void **state)
{
	(void)state;
	FILE *out = fopen("/dev/full", "w");
	assert_non_null(out);
	setvbuf(out, NULL, _IONBF, 0);
	assert_int_equal(tar_add(out, "x", "y", 1, 0), -EIO);
	assert_int_equal(tar_end(out), -EIO);
	fclose(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_a_header_and_whole_blocks),
		cmocka_unit_test(the_checksum_is_the_sum_of_the_header_with_blanks_in_its_place),
		cmocka_unit_test(a_program_that_reads_archives_reads_it),
		cmocka_unit_test(names_that_do_not_fit_are_refused),
		cmocka_unit_test(a_full_disk_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
