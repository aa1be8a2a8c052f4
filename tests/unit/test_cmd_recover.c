/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c
// with: fake/fake_sysfs.c fake/host_tree.c fake/journal_host.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>

#include "cmd.h"
#include "fake/capture.h"
#include "fake/fake_sysfs.h"
#include "fake/journal_host.h"

static struct capture capture;

static int recover_command(const char *name)
{
	char *argv[] = { (char *)"recover", (char *)"--host", tree.dir.path, (char *)name, NULL };
	capture_begin(&capture);
	int status = cmd_recover(name ? 4 : 3, argv);
	capture_end(&capture);
	return status;
}

static void assert_says(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("no '%s' in: %s%s", words, capture.out, capture.err);
}

static void nothing_to_recover_is_no_failure(void **state)
{
	(void)state;
	assert_int_equal(recover_command(NULL), CLI_OK);
	assert_says(capture.out, "nothing to recover");
}

static void a_killed_run_is_undone_and_each_step_named(void **state)
{
	(void)state;
	assert_int_equal(in_child(run_until_killed, 0), FAKE_DEATH);
	assert_int_equal(recover_command(NULL), CLI_OK);
	assert_says(capture.out, "demo: undone: bind 0000:01:00.0 to vfio-pci (from nvme)");
	assert_says(capture.out, "demo: undone: set vfio_iommu_type1.allow_unsafe_interrupts");
	assert_says(capture.out, "demo: the host is as it was before");
	assert_nothing_left();
	assert_int_equal(recover_command(NULL), CLI_OK);
	assert_says(capture.out, "nothing to recover");
}

static void one_run_can_be_named(void **state)
{
	(void)state;
	assert_int_equal(in_child(run_until_killed, 0), FAKE_DEATH);
	assert_int_equal(recover_command("other"), CLI_FAILED);
	assert_says(capture.err, "'other'");
	assert_int_equal(recover_command("demo"), CLI_OK);
	assert_nothing_left();
}

static void a_living_run_is_left_alone(void **state)
{
	(void)state;
	open_demo();
	assert_int_equal(do_all(), 0);
	assert_int_equal(recover_command(NULL), CLI_OK);
	assert_says(capture.out, "nothing to recover");
	assert_int_equal(recover_command("demo"), CLI_FAILED);
	assert_says(capture.err, "running already");
	assert_int_equal(journal_undo(&journal, &err), 0);
	journal_close(&journal);
}

static void what_cannot_be_undone_is_reported_and_kept(void **state)
{
	(void)state;
	assert_int_equal(in_child(run_until_killed, 0), FAKE_DEATH);
	fake_sysfs.shy = "nvme";
	assert_int_equal(recover_command(NULL), CLI_FAILED);
	assert_says(capture.err, "0000:01:00.0");
	fake_sysfs.shy = NULL;
	assert_int_equal(recover_command(NULL), CLI_OK);
	assert_nothing_left();
}

static void a_damaged_journal_is_refused_while_others_are_recovered(void **state)
{
	(void)state;
	assert_int_equal(in_child(run_until_killed, 0), FAKE_DEATH);
	host_tree_add(&tree, "run/bulkhead/broken/journal = 0 nonsense\\n\n");
	assert_int_equal(recover_command(NULL), CLI_FAILED);
	assert_says(capture.err, "line 1 is damaged");
	assert_says(capture.out, "demo: the host is as it was before");
	assert_nothing_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, journal_setup, journal_teardown)
		T(nothing_to_recover_is_no_failure),
		T(a_killed_run_is_undone_and_each_step_named),
		T(one_run_can_be_named),
		T(a_living_run_is_left_alone),
		T(what_cannot_be_undone_is_reported_and_kept),
		T(a_damaged_journal_is_refused_while_others_are_recovered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
