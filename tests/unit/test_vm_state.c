/* SPDX-License-Identifier: GPL-2.0-or-later */
// with: fake/host_tree.c
#include "vm_state.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "fake/host_tree.h"

static struct host_tree tree;
static struct err err;

static int begin(void **state)
{
	(void)state;
	host_tree_make(&tree, "proc/cmdline = quiet\\n\n");
	err = (struct err){ 0 };
	return 0;
}

static int end(void **state)
{
	(void)state;
	host_tree_remove(&tree);
	return 0;
}

static void a_directory_is_made_for_the_owner_alone(void **state)
{
	(void)state;
	struct vm_state vm;
	struct stat st;
	assert_int_equal(vm_state_open(&vm, &tree.host, "demo", &err), 0);
	assert_int_equal(fstat(vm.dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_non_null(strstr(vm.path, "var/lib/bulkhead/demo"));
	vm_state_close(&vm);
	vm_state_close(&vm);
}

static void who_only_reads_makes_nothing(void **state)
{
	(void)state;
	assert_int_equal(vm_state_dir(&tree.host, "demo", false, &err), -ENOENT);
	assert_true(access(tree.host.state_path, F_OK) < 0);
}

static void a_second_run_is_told_who_has_the_first_and_comes_after_it(void **state)
{
	(void)state;
	struct vm_state first, second;
	char expected[64];
	snprintf(expected, sizeof(expected), "in use by another run, process %d; stop that first",
		 (int)getpid());
	assert_int_equal(vm_state_open(&first, &tree.host, "demo", &err), 0);
	assert_int_equal(vm_state_open(&second, &tree.host, "demo", &err), -EBUSY);
	assert_non_null(strstr(err.text, expected));
	vm_state_close(&second); /* of one that failed */
	vm_state_close(&first);
	assert_int_equal(vm_state_open(&second, &tree.host, "demo", &err), 0);
	vm_state_close(&second);
}

static void a_name_that_leads_elsewhere_is_refused(void **state)
{
	(void)state;
	struct vm_state vm;
	assert_int_equal(vm_state_open(&vm, &tree.host, "../x", &err), -EINVAL);
	assert_int_equal(vm_state_open(&vm, &tree.host, "a/b", &err), -EINVAL);
	assert_int_equal(vm_state_open(&vm, &tree.host, "", &err), -EINVAL);
}

static void a_link_in_place_of_the_directory_or_the_lock_is_not_followed(void **state)
{
	(void)state;
	struct vm_state vm;
	autoclose int base = host_open_state(&tree.host, true, &err);
	assert_true(base >= 0);
	assert_int_equal(symlinkat("/tmp", base, "demo"), 0);
	assert_int_equal(vm_state_open(&vm, &tree.host, "demo", &err), -ENOTDIR);
	assert_int_equal(mkdirat(base, "other", 0700), 0);
	assert_int_equal(symlinkat("/dev/null", base, "other/lock"), 0);
	assert_int_equal(vm_state_open(&vm, &tree.host, "other", &err), -ELOOP);
	assert_non_null(strstr(err.text, "other/lock"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_directory_is_made_for_the_owner_alone),
		TEST(who_only_reads_makes_nothing),
		TEST(a_second_run_is_told_who_has_the_first_and_comes_after_it),
		TEST(a_name_that_leads_elsewhere_is_refused),
		TEST(a_link_in_place_of_the_directory_or_the_lock_is_not_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
