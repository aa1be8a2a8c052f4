/* SPDX-License-Identifier: GPL-2.0-or-later */
// with: fake/host_tree.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "core/sysfs.h"
#include "fake/host_tree.h"

static void a_tree_below_a_directory_is_a_host(void **state)
{
	(void)state;
	struct host_tree tree;
	char text[64];
	host_tree_make(&tree, "sys/kernel/thing = 7\\n\n");
	assert_true(file_read(tree.host.sys, "kernel/thing", text, sizeof(text)) == 1);
	assert_string_equal(text, "7");
	assert_true(file_read(tree.host.proc, "meminfo", text, sizeof(text)) > 0);
	host_tree_remove(&tree);
}

static void the_real_host_opens_too(void **state)
{
	(void)state;
	struct host host;
	struct err err = { 0 };
	assert_int_equal(host_open(&host, "", &err), 0);
	assert_string_equal(host.sys_path, "/sys");
	assert_string_equal(host.run_path, "/run/bulkhead");
	host_close(&host);
}

static void a_missing_directory_is_named_and_nothing_stays_open(void **state)
{
	(void)state;
	static const char *const parts[] = { "sys", "proc", "dev" };
	for (unsigned missing = 0; missing < 3; missing++) {
		struct tempdir dir;
		struct host host;
		struct err err = { 0 };
		assert_int_equal(tempdir_make(&dir), 0);
		for (unsigned i = 0; i < 3; i++)
			if (i != missing)
				assert_return_code(mkdirat(dir.fd, parts[i], 0755), errno);
		assert_int_equal(host_open(&host, dir.path, &err), -ENOENT);
		assert_non_null(strstr(err.text, parts[missing]));
		assert_int_equal(host.sys, -1);
		assert_int_equal(host.proc, -1);
		assert_int_equal(host.dev, -1);
		host_close(&host);
		tempdir_remove(&dir);
	}
}

static void a_root_whose_name_is_too_long_is_refused(void **state)
{
	(void)state;
	char root[400];
	struct host host;
	struct err err = { 0 };
	memset(root, 'a', sizeof(root) - 1);
	root[sizeof(root) - 1] = 0;
	assert_int_equal(host_open(&host, root, &err), -ENAMETOOLONG);
}

static void the_run_directory_is_made_only_when_asked_for(void **state)
{
	(void)state;
	struct host_tree tree;
	struct err err = { 0 };
	struct stat st;
	host_tree_make(&tree, "");
	assert_int_equal(host_open_run(&tree.host, false, &err), -ENOENT);
	assert_false(host_tree_has(&tree, "run/bulkhead"));
	int fd = host_open_run(&tree.host, true, &err);
	assert_return_code(fd, -fd);
	assert_return_code(fstat(fd, &st), errno);
	assert_int_equal(st.st_mode & 0777, 0700);
	close(fd);
	fd = host_open_run(&tree.host, true, &err);
	assert_return_code(fd, -fd);
	close(fd);
	host_tree_remove(&tree);
}

static void sysfs_gives_back_what_the_kernel_answers(void **state)
{
	(void)state;
	struct host_tree tree;
	host_tree_make(&tree, "sys/bus/pci/rescan = 0\\n\n");
	assert_int_equal(sysfs_write(&tree.host, "bus/pci/rescan", "1"), 0);
	assert_string_equal(host_tree_read(&tree, "sys/bus/pci/rescan"), "1");
	assert_int_equal(sysfs_write(&tree.host, "bus/pci/absent", "1"), -ENOENT);
	assert_int_equal(sysfs_write(&tree.host, "bus/pci", "1"), -EISDIR);
	host_tree_remove(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_below_a_directory_is_a_host),
		cmocka_unit_test(the_real_host_opens_too),
		cmocka_unit_test(a_missing_directory_is_named_and_nothing_stays_open),
		cmocka_unit_test(a_root_whose_name_is_too_long_is_refused),
		cmocka_unit_test(the_run_directory_is_made_only_when_asked_for),
		cmocka_unit_test(sysfs_gives_back_what_the_kernel_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
