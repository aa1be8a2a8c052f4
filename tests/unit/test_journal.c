/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c
// with: fake/fake_sysfs.c fake/host_tree.c fake/journal_host.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/bytes.h"
#include "fake/fake_sysfs.h"
#include "fake/journal_host.h"

/* --- a run's own undo --- */

static void a_run_changes_the_host_and_gives_it_back(void **state)
{
	(void)state;
	open_demo();
	assert_int_equal(do_all(), 0);
	assert_string_equal(host_tree_link(&tree, "sys/bus/pci/devices/0000:01:00.0/driver"),
			    "vfio-pci");
	assert_string_equal(host_tree_read(&tree, UNSAFE), "Y");
	assert_int_equal(journal_undo(&journal, &err), 0);
	assert_as_before();
	journal_close(&journal);
	assert_nothing_left();
}

static void what_is_so_already_is_not_recorded(void **state)
{
	(void)state;
	host_tree_add(&tree, UNSAFE " = Y\\n\n");
	open_demo();
	assert_int_equal(journal_do(&journal, &actions[0], &err), 0);
	assert_int_equal(journal.sequence, 1);
	assert_int_equal(fake_sysfs.writes, 0);
	journal_close(&journal);
	assert_string_equal(host_tree_read(&tree, UNSAFE), "Y");
}

static void a_device_without_a_power_setting_needs_none(void **state)
{
	(void)state;
	assert_return_code(unlink(tempdir_path(&tree.dir,
					       "sys/bus/pci/devices/0000:01:00.0/power/control")),
			   errno);
	open_demo();
	assert_int_equal(journal_do(&journal, &actions[1], &err), 0);
	assert_int_equal(journal.sequence, 1);
	journal_close(&journal);
}

static void the_type1_module_is_loaded_for_its_parameter(void **state)
{
	(void)state;
	assert_return_code(unlink(tempdir_path(&tree.dir, UNSAFE)), errno);
	open_demo();
	assert_int_equal(journal_do(&journal, &actions[0], &err), -ENOENT);
	assert_non_null(strstr(err.text, "vfio_iommu_type1"));
	journal_close(&journal);
}

static void every_write_that_fails_undoes_its_change_and_is_struck_out(void **state)
{
	(void)state;
	for (int at = 1;; at++) {
		fake_sysfs = (struct fake_sysfs){ .fail_at = at, .fail_with = -EIO };
		open_demo();
		int r = do_all();
		bool reached = fake_sysfs.writes >= at;
		fake_sysfs.fail_at = 0;
		assert_int_equal(r, reached ? -EIO : 0);
		assert_int_equal(journal_undo(&journal, &err), 0);
		journal_close(&journal);
		assert_nothing_left();
		if (!reached)
			break;
		assert_in_range(at, 1, 100);
	}
}

static void undo_goes_on_after_a_failure_and_keeps_what_it_could_not_undo(void **state)
{
	(void)state;
	open_demo();
	assert_int_equal(do_all(), 0);
	fake_sysfs.shy = "nvme";
	assert_int_equal(journal_undo(&journal, &err), -EINVAL);
	assert_non_null(strstr(err.text, "0000:01:00.0"));
	journal_close(&journal);
	assert_string_equal(host_tree_link(&tree, "sys/bus/pci/devices/0000:02:10.0/driver"),
			    "igbvf");
	assert_true(host_tree_has(&tree, "run/bulkhead/demo/journal"));
	/* Once the driver works again, recover finishes the job. */
	fake_sysfs.shy = NULL;
	assert_int_equal(recover_demo(), 0);
	assert_nothing_left();
}

static void a_driver_that_hangs_costs_one_wait_and_its_device_is_left_for_recovery(void **state)
{
	(void)state;
	open_demo();
	fake_sysfs.hangs = "igbvf";
	assert_int_equal(do_all(), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "waits in fake_remove"));
	assert_non_null(strstr(err.text, "bulkhead recover demo"));
	assert_int_equal(journal_undo(&journal, &err), 0);
	assert_int_equal(fake_sysfs.waits, 1);
	journal_close(&journal);
	/* The other devices are back, and so is the host's own switch. */
	assert_string_equal(host_tree_link(&tree, "sys/bus/pci/devices/0000:01:00.0/driver"),
			    "nvme");
	assert_string_equal(host_tree_read(&tree, UNSAFE), "N");
	/* While it hangs, recovery waits for it once and says so. */
	assert_int_equal(recover_demo(), -ETIMEDOUT);
	assert_int_equal(fake_sysfs.waits, 2);
	fake_sysfs.hung[0] = 0;
	fake_sysfs.hangs = NULL;
	assert_int_equal(recover_demo(), 0);
	assert_nothing_left();
}

static void a_device_that_vanished_has_nothing_to_be_undone(void **state)
{
	(void)state;
	open_demo();
	assert_int_equal(journal_do(&journal, &actions[1], &err), 0);
	assert_int_equal(journal_do(&journal, &actions[2], &err), 0);
	assert_return_code(unlink(tempdir_path(&tree.dir, "sys/bus/pci/devices/0000:01:00.0")),
			   errno);
	assert_int_equal(journal_undo(&journal, &err), 0);
	journal_close(&journal);
	assert_false(host_tree_has(&tree, "run/bulkhead/demo"));
}

static void what_comes_to_the_address_of_a_device_that_left_is_left_alone(void **state)
{
	(void)state;
	struct bdf left = { .bus = 1 }, other = { .bus = 0x77 };
	open_demo();
	assert_int_equal(do_all(), 0);
	assert_int_equal(journal_forget(&journal, other, &err), 0);
	assert_int_equal(journal_forget(&journal, left, &err), 0);
	int writes = fake_sysfs.writes;
	assert_int_equal(journal_forget(&journal, left, &err), 0);
	assert_int_equal(fake_sysfs.writes, writes);
	assert_int_equal(journal_undo(&journal, &err), 0);
	journal_close(&journal);
	/* Another device sits there now, which somebody gave to vfio-pci; the rest is as before. */
	assert_string_equal(host_tree_link(&tree, "sys/bus/pci/devices/0000:01:00.0/driver"),
			    "vfio-pci");
	assert_string_equal(host_tree_link(&tree, "sys/bus/pci/devices/0000:02:10.0/driver"),
			    "igbvf");
	assert_string_equal(host_tree_read(&tree, UNSAFE), "N");
	assert_false(host_tree_has(&tree, "run/bulkhead/demo/journal"));
}

static void a_journal_that_cannot_be_written_says_so_when_a_device_leaves(void **state)
{
	(void)state;
	open_demo();
	assert_int_equal(do_all(), 0);
	journal.broken = true;
	assert_int_equal(journal_forget(&journal, (struct bdf){ .bus = 1 }, &err), -EIO);
	assert_non_null(strstr(err.text, "demo/journal"));
	journal.broken = false;
	assert_int_equal(journal_undo(&journal, &err), 0);
	journal_close(&journal);
	assert_nothing_left();
}

static void an_action_on_no_device_changes_nothing(void **state)
{
	(void)state;
	const struct action none = { .kind = ACTION_BIND_VFIO, .bdf = { 0, 9, 0, 0 } };
	open_demo();
	assert_int_equal(journal_do(&journal, &none, &err), -ENODEV);
	assert_int_equal(journal.sequence, 1);
	journal_close(&journal);
	assert_nothing_left();
}

/* --- killed runs --- */

static void a_killed_run_is_recovered(void **state)
{
	(void)state;
	assert_int_equal(in_child(run_until_killed, 0), FAKE_DEATH);
	assert_int_equal(journal_open(&journal, &tree.host, "demo", &err), -EUCLEAN);
	assert_non_null(strstr(err.text, "left 7 changes"));
	assert_non_null(strstr(err.text, "bulkhead recover demo"));
	assert_int_equal(recover_demo(), 0);
	assert_nothing_left();
	open_demo();
	journal_close(&journal);
}

static void die_at_step(void *ctx, const char *step)
{
	if (atoi(step) == *(int *)ctx)
		_exit(FAKE_DEATH);
}

static void run_dying_at_step(int at)
{
	if (journal_open(&journal, &tree.host, "demo", &err))
		_exit(1);
	journal.step = die_at_step;
	journal.step_ctx = &at;
	if (do_all() || journal_undo(&journal, &err))
		_exit(1);
	journal_close(&journal);
}

static void killed_at_any_step_the_host_is_recovered(void **state)
{
	(void)state;
	int at = 1;
	while (in_child(run_dying_at_step, at) == FAKE_DEATH) {
		assert_int_equal(recover_demo(), 0);
		assert_nothing_left();
		at++;
	}
	/* Three steps for each change and two for its undoing. */
	assert_int_equal(at - 1, 5 * ARRAY_LEN(actions));
	assert_nothing_left();
}

static void run_dying_before_write(int at)
{
	fake_sysfs = (struct fake_sysfs){ .die_at = at };
	whole_run(0);
}

static void run_dying_after_write(int at)
{
	fake_sysfs = (struct fake_sysfs){ .die_after = at };
	whole_run(0);
}

static void killed_around_any_write_the_host_is_recovered(void **state)
{
	(void)state;
	void (*const ways[])(int) = { run_dying_before_write, run_dying_after_write };
	for (size_t way = 0; way < ARRAY_LEN(ways); way++) {
		int at = 1;
		while (in_child(ways[way], at) == FAKE_DEATH) {
			assert_int_equal(recover_demo(), 0);
			assert_nothing_left();
			at++;
		}
		assert_true(at > 20);
	}
}

static void recover_dying_after_write(int at)
{
	fake_sysfs = (struct fake_sysfs){ .die_after = at };
	if (recover_demo())
		_exit(1);
}

static void a_recovery_killed_at_any_write_is_finished_by_the_next(void **state)
{
	(void)state;
	for (int at = 1;; at++) {
		assert_int_equal(in_child(run_until_killed, 0), FAKE_DEATH);
		int status = in_child(recover_dying_after_write, at);
		if (status != FAKE_DEATH)
			break;
		assert_int_equal(recover_demo(), 0);
		assert_nothing_left();
	}
	assert_nothing_left();
}

static void note_undone(void *ctx, const struct action *action)
{
	strcat(ctx, action_word(action->kind));
	strcat(ctx, " ");
}

static void recovery_goes_backwards_and_says_what_it_undid(void **state)
{
	(void)state;
	char said[256] = "";
	assert_int_equal(in_child(run_until_killed, 0), FAKE_DEATH);
	assert_int_equal(journal_recover(&tree.host, "demo", note_undone, said, &err), 0);
	assert_string_equal(said, "bind power bind power bind power unsafe-interrupts ");
}

static void there_may_be_nothing_to_recover(void **state)
{
	(void)state;
	assert_int_equal(recover_demo(), -ENOENT);
	open_demo();
	journal_close(&journal);
	assert_int_equal(recover_demo(), -ENOENT);
	assert_non_null(strstr(err.text, "'demo'"));
}

/* --- the test hook itself --- */

static void stops_at(const char *where, const char *expect_driver)
{
	setenv("BULKHEAD_STOP_AT", where, 1);
	pid_t pid = fork();
	if (!pid) {
		if (journal_open(&journal, &tree.host, "demo", &err))
			_exit(1);
		journal.step = journal_step_from_env;
		journal_step(&journal, "guest runs");
		_exit(do_all() || journal_undo(&journal, &err));
	}
	unsetenv("BULKHEAD_STOP_AT");
	int status;
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	assert_string_equal(host_tree_link(&tree, "sys/bus/pci/devices/0000:01:00.0/driver"),
			    expect_driver);
	assert_return_code(kill(pid, SIGKILL), errno);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(recover_demo(), 0);
	assert_nothing_left();
}

static void the_process_stops_where_the_environment_says(void **state)
{
	(void)state;
	stops_at("1", "nvme");
	stops_at("guest runs", "nvme");
	stops_at("change bind 0000:01:00.0", "nvme");
	stops_at("made bind 0000:01:00.0", "vfio-pci");
	stops_at("undone bind 0000:01:00.0", "nvme");
}

static void without_the_variable_nothing_stops(void **state)
{
	(void)state;
	unsetenv("BULKHEAD_STOP_AT");
	open_demo();
	journal.step = journal_step_from_env;
	assert_int_equal(do_all(), 0);
	assert_int_equal(journal_undo(&journal, &err), 0);
	journal_close(&journal);
	assert_nothing_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, journal_setup, journal_teardown)
		T(a_run_changes_the_host_and_gives_it_back),
		T(what_is_so_already_is_not_recorded),
		T(a_device_without_a_power_setting_needs_none),
		T(the_type1_module_is_loaded_for_its_parameter),
		T(every_write_that_fails_undoes_its_change_and_is_struck_out),
		T(undo_goes_on_after_a_failure_and_keeps_what_it_could_not_undo),
		T(a_driver_that_hangs_costs_one_wait_and_its_device_is_left_for_recovery),
		T(a_device_that_vanished_has_nothing_to_be_undone),
		T(what_comes_to_the_address_of_a_device_that_left_is_left_alone),
		T(a_journal_that_cannot_be_written_says_so_when_a_device_leaves),
		T(an_action_on_no_device_changes_nothing),
		T(a_killed_run_is_recovered),
		T(killed_at_any_step_the_host_is_recovered),
		T(killed_around_any_write_the_host_is_recovered),
		T(a_recovery_killed_at_any_write_is_finished_by_the_next),
		T(recovery_goes_backwards_and_says_what_it_undid),
		T(there_may_be_nothing_to_recover),
		T(the_process_stops_where_the_environment_says),
		T(without_the_variable_nothing_stops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
