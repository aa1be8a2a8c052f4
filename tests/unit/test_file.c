/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "fake/tempdir.h"

static struct tempdir dir;

static int setup(void **state)
{
	(void)state;
	return tempdir_make(&dir);
}

static int teardown(void **state)
{
	(void)state;
	tempdir_remove(&dir);
	return 0;
}

static void put(const char *name, const char *text)
{
	assert_int_equal(tempdir_write(&dir, name, text, strlen(text)), 0);
}

static void reading_strips_one_newline(void **state)
{
	(void)state;
	char buf[16];
	put("a", "vfio-pci\n");
	assert_int_equal(file_read(dir.fd, "a", buf, sizeof(buf)), 8);
	assert_string_equal(buf, "vfio-pci");
	put("a", "x\n\n");
	assert_int_equal(file_read(dir.fd, "a", buf, sizeof(buf)), 2);
	assert_string_equal(buf, "x\n");
	put("a", "");
	assert_int_equal(file_read(dir.fd, "a", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
}

static void reading_stops_at_the_buffers_end(void **state)
{
	(void)state;
	char buf[5] = "....";
	put("a", "123456789");
	assert_int_equal(file_read(dir.fd, "a", buf, sizeof(buf)), 4);
	assert_string_equal(buf, "1234");
	assert_int_equal(file_read(dir.fd, "a", buf, 1), 0);
	assert_string_equal(buf, "");
}

static void reading_what_is_not_there_or_a_directory_fails(void **state)
{
	(void)state;
	char buf[8];
	assert_int_equal(file_read(dir.fd, "absent", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(file_read(dir.fd, ".", buf, sizeof(buf)), -EISDIR);
}

static void a_number_must_be_the_whole_file(void **state)
{
	(void)state;
	uint64_t v = 7;
	put("n", "0x8086\n");
	assert_int_equal(file_read_u64(dir.fd, "n", &v), 0);
	assert_int_equal(v, 0x8086);
	put("n", "12 apples\n");
	assert_int_equal(file_read_u64(dir.fd, "n", &v), -EINVAL);
	put("n", "-1\n"); /* sysfs says that of numa_node */
	assert_int_equal(file_read_u64(dir.fd, "n", &v), -EINVAL);
	assert_int_equal(file_read_u64(dir.fd, "absent", &v), -ENOENT);
	assert_int_equal(v, 0x8086);
}

static void writing_replaces_what_was_there(void **state)
{
	(void)state;
	char buf[16];
	put("w", "a longer text");
	assert_int_equal(file_write(dir.fd, "w", "short"), 0);
	assert_int_equal(file_read(dir.fd, "w", buf, sizeof(buf)), 5);
	assert_string_equal(buf, "short");
}

static void writing_never_creates_and_reports_what_the_kernel_says(void **state)
{
	(void)state;
	assert_int_equal(file_write(dir.fd, "absent", "x"), -ENOENT);
	assert_int_equal(faccessat(dir.fd, "absent", F_OK, 0), -1);
	assert_int_equal(file_write(dir.fd, ".", "x"), -EISDIR);
	assert_int_equal(file_write(AT_FDCWD, "/dev/full", "x"), -ENOSPC);
}

static void a_file_is_replaced_whole_or_not_at_all(void **state)
{
	(void)state;
	char buf[32];
	assert_int_equal(file_replace(dir.fd, "r", "first\n", 0600), 0);
	assert_int_equal(file_replace(dir.fd, "r", "2\n", 0600), 0);
	assert_int_equal(file_read(dir.fd, "r", buf, sizeof(buf)), 1);
	assert_string_equal(buf, "2");
	assert_int_equal(faccessat(dir.fd, "r.new", F_OK, 0), -1);
	assert_int_equal(mkdirat(dir.fd, "r.new", 0700), 0);
	assert_int_equal(file_replace(dir.fd, "r", "3\n", 0600), -EISDIR);
	assert_int_equal(unlinkat(dir.fd, "r.new", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("elsewhere", dir.fd, "r.new"), 0);
	assert_int_equal(file_replace(dir.fd, "r", "4\n", 0600), -ELOOP);
	assert_int_equal(faccessat(dir.fd, "elsewhere", F_OK, 0), -1);
	assert_int_equal(file_read(dir.fd, "r", buf, sizeof(buf)), 1);
	assert_string_equal(buf, "2");
	char name[300];
	memset(name, 'n', sizeof(name));
	name[253] = 0;
	assert_int_equal(file_replace(dir.fd, name, "5\n", 0600), -ENAMETOOLONG);
}

static void a_links_target_is_terminated_and_cut(void **state)
{
	(void)state;
	char buf[6];
	assert_int_equal(symlinkat("../a", dir.fd, "short"), 0);
	assert_int_equal(file_link(dir.fd, "short", buf, sizeof(buf)), 4);
	assert_string_equal(buf, "../a");
	assert_int_equal(symlinkat("../abcdef", dir.fd, "longer"), 0);
	assert_int_equal(file_link(dir.fd, "longer", buf, sizeof(buf)), 5);
	assert_string_equal(buf, "../ab");
	assert_int_equal(file_link(dir.fd, "absent", buf, sizeof(buf)), -ENOENT);
	assert_string_equal(buf, "");
}

static void a_links_last_component_is_its_name(void **state)
{
	(void)state;
	char buf[12];
	assert_int_equal(symlinkat("../../../bus/pci/drivers/nvme", dir.fd, "driver"), 0);
	assert_int_equal(file_link_name(dir.fd, "driver", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "nvme");
	assert_int_equal(symlinkat("plain", dir.fd, "p"), 0);
	assert_int_equal(file_link_name(dir.fd, "p", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "plain");
	assert_int_equal(symlinkat("x/snd_hda_intel", dir.fd, "long"), 0);
	assert_int_equal(file_link_name(dir.fd, "long", buf, sizeof(buf)), -ENAMETOOLONG);
	assert_string_equal(buf, "plain");
	assert_int_equal(file_link_name(dir.fd, "absent", buf, sizeof(buf)), -ENOENT);
	put("f", "");
	assert_int_equal(file_link_name(dir.fd, "f", buf, sizeof(buf)), -EINVAL);
}

static void directories_are_made_with_their_parents(void **state)
{
	(void)state;
	struct stat st;
	assert_int_equal(file_mkdirs(dir.fd, "a/b//c/"), 0);
	assert_int_equal(fstatat(dir.fd, "a/b/c", &st, 0), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(file_mkdirs(dir.fd, "a/b/c"), 0);
	assert_int_equal(file_mkdirs(dir.fd, "d"), 0);
	assert_int_equal(file_mkdirs(AT_FDCWD, "/"), 0);
	assert_int_equal(file_mkdirs(AT_FDCWD, tempdir_path(&dir, "absolute/path")), 0);
	assert_int_equal(fstatat(dir.fd, "absolute/path", &st, 0), 0);
}

static void a_file_in_the_way_of_a_directory_is_an_error(void **state)
{
	(void)state;
	char longer[PATH_MAX + 2];
	put("f", "");
	assert_int_equal(file_mkdirs(dir.fd, "f"), -ENOTDIR);
	assert_int_equal(file_mkdirs(dir.fd, "f/g"), -ENOTDIR);
	assert_int_equal(file_mkdirs(dir.fd, ""), -ENOENT);
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	assert_int_equal(file_mkdirs(dir.fd, longer), -ENAMETOOLONG);
}

static void loading_takes_a_whole_file_up_to_its_limit(void **state)
{
	(void)state;
	autofree void *data = NULL, *none = NULL;
	size_t size = 0;
	put("l", "12345");
	assert_int_equal(file_load(tempdir_path(&dir, "l"), 5, &data, &size), 0);
	assert_int_equal(size, 5);
	assert_memory_equal(data, "12345", 5);
	assert_int_equal(file_load(tempdir_path(&dir, "l"), 4, &none, &size), -EFBIG);
	assert_int_equal(file_load(tempdir_path(&dir, "absent"), 4, &none, &size), -ENOENT);
	assert_int_equal(file_load(dir.path, 4, &none, &size), -EINVAL);
	assert_null(none);
	assert_int_equal(size, 5);
	put("e", "");
	assert_int_equal(file_load(tempdir_path(&dir, "e"), 0, &none, &size), 0);
	assert_int_equal(size, 0);
}

/* Opening a pipe for reading waits for a writer, and there is none. */
static void a_pipe_is_refused_and_not_waited_for(void **state)
{
	(void)state;
	void *none = NULL;
	size_t size;
	assert_int_equal(mkfifo(tempdir_path(&dir, "pipe"), 0600), 0);
	alarm(10);
	assert_int_equal(file_load(tempdir_path(&dir, "pipe"), 4, &none, &size), -EINVAL);
	alarm(0);
	assert_int_equal(file_load("/dev/zero", 4, &none, &size), -EINVAL);
}

static void a_read_past_the_end_is_an_error(void **state)
{
	(void)state;
	char buf[8];
	put("p", "12345678");
	autoclose int fd = openat(dir.fd, "p", O_RDONLY | O_CLOEXEC);
	assert_int_equal(file_pread_all(fd, buf, 3, 5), 0);
	assert_memory_equal(buf, "678", 3);
	assert_int_equal(file_pread_all(fd, buf, 4, 5), -EIO);
	assert_int_equal(file_pread_all(fd, buf, 0, 100), 0);
	assert_int_equal(file_pread_all(-1, buf, 1, 0), -EBADF);
	assert_int_equal(file_pread_all(fd, buf, 1, -1), -EINVAL);
}

static void all_is_written_or_the_error_told(void **state)
{
	(void)state;
	char back[8] = { 0 };
	FILE *file = tmpfile();
	assert_non_null(file);
	assert_int_equal(file_pwrite_all(fileno(file), "56", 2, 4), 0);
	assert_int_equal(file_pwrite_all(fileno(file), "1234", 4, 0), 0);
	assert_int_equal(file_pread_all(fileno(file), back, 6, 0), 0);
	assert_string_equal(back, "123456");
	fclose(file);
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_int_equal(file_pwrite_all(full, "x", 1, 0), -ENOSPC);
	close(full);
	assert_int_equal(file_pwrite_all(-1, "x", 1, 0), -EBADF);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reading_strips_one_newline),
		TEST(reading_stops_at_the_buffers_end),
		TEST(reading_what_is_not_there_or_a_directory_fails),
		TEST(a_number_must_be_the_whole_file),
		TEST(writing_replaces_what_was_there),
		TEST(writing_never_creates_and_reports_what_the_kernel_says),
		TEST(a_file_is_replaced_whole_or_not_at_all),
		TEST(a_links_target_is_terminated_and_cut),
		TEST(a_links_last_component_is_its_name),
		TEST(directories_are_made_with_their_parents),
		TEST(a_file_in_the_way_of_a_directory_is_an_error),
		TEST(loading_takes_a_whole_file_up_to_its_limit),
		TEST(a_pipe_is_refused_and_not_waited_for),
		TEST(a_read_past_the_end_is_an_error),
		TEST(all_is_written_or_the_error_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
