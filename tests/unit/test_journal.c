/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c
// with: fake/fake_sysfs.c fake/host_tree.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/bytes.h"
#include "fake/fake_sysfs.h"
#include "fake/host_tree.h"
#include "journal.h"
#include "journal_record.h"

#define UNSAFE "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"

static const char devices[] =
	"driver nvme\n"
	"driver igbvf\n"
	"pci 0000:01:00.0 1b36:0010 class=010802 group=1 driver=nvme power=auto\n"
	"pci 0000:02:10.0 8086:10ca class=020000 group=2 driver=igbvf override=igbvf power=on\n"
	"pci 0000:03:00.0 1234:11e8 class=ff0000 group=3 power=auto\n" UNSAFE " = N\\n\n";

static const struct action actions[] = {
	{ .kind = ACTION_UNSAFE_INTERRUPTS },
	{ .kind = ACTION_POWER_ON, .bdf = { 0, 1, 0, 0 } },
	{ .kind = ACTION_BIND_VFIO, .bdf = { 0, 1, 0, 0 } },
	{ .kind = ACTION_POWER_ON, .bdf = { 0, 2, 0x10, 0 } },
	{ .kind = ACTION_BIND_VFIO, .bdf = { 0, 2, 0x10, 0 } },
	{ .kind = ACTION_POWER_ON, .bdf = { 0, 3, 0, 0 } },
	{ .kind = ACTION_BIND_VFIO, .bdf = { 0, 3, 0, 0 } },
};

static struct host_tree tree;
static struct journal journal;
static struct err err;
static char *before;

static int setup(void **state)
{
	(void)state;
	fake_sysfs = (struct fake_sysfs){ 0 };
	err = (struct err){ 0 };
	host_tree_make(&tree, devices);
	before = host_tree_state(&tree);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(before);
	host_tree_remove(&tree);
	return 0;
}

static void assert_as_before(void)
{
	char *now = host_tree_state(&tree);
	assert_string_equal(now, before);
	free(now);
}

static void assert_nothing_left(void)
{
	assert_false(host_tree_has(&tree, "run/bulkhead/demo"));
	assert_as_before();
}

static int do_all(void)
{
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		int r = journal_do(&journal, &actions[i], &err);
		if (r)
			return r;
	}
	return 0;
}

static void open_demo(void)
{
	if (journal_open(&journal, &tree.host, "demo", &err))
		fail_msg("%s", err.text);
}

/* A run in a child that ends as `how` makes it end; returns its exit status. */
static int in_child(void (*how)(int arg), int arg)
{
	pid_t pid = fork();
	if (!pid) {
		how(arg);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void whole_run(int unused)
{
	(void)unused;
	if (journal_open(&journal, &tree.host, "demo", &err) || do_all() ||
	    journal_undo(&journal, &err))
		_exit(1);
	journal_close(&journal);
}

static void run_until_killed(int unused)
{
	(void)unused;
	open_demo();
	_exit(do_all() ? 1 : FAKE_DEATH);
}

static int recover(void)
{
	return journal_recover(&tree.host, "demo", NULL, NULL, &err);
}

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
	assert_return_code(
		unlink(tempdir_path(&tree.dir, "sys/bus/pci/devices/0000:01:00.0/power/control")),
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
	assert_string_equal(host_tree_link(&tree, "sys/bus/pci/devices/0000:02:10.0/driver"), "igbvf");
	assert_true(host_tree_has(&tree, "run/bulkhead/demo/journal"));
	/* Once the driver works again, recover finishes the job. */
	fake_sysfs.shy = NULL;
	assert_int_equal(recover(), 0);
	assert_nothing_left();
}

static void a_device_that_vanished_has_nothing_to_be_undone(void **state)
{
	(void)state;
	open_demo();
	assert_int_equal(journal_do(&journal, &actions[1], &err), 0);
	assert_int_equal(journal_do(&journal, &actions[2], &err), 0);
	assert_return_code(unlink(tempdir_path(&tree.dir, "sys/bus/pci/devices/0000:01:00.0")), errno);
	assert_int_equal(journal_undo(&journal, &err), 0);
	journal_close(&journal);
	assert_false(host_tree_has(&tree, "run/bulkhead/demo"));
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
	assert_int_equal(recover(), 0);
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
		assert_int_equal(recover(), 0);
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
			assert_int_equal(recover(), 0);
			assert_nothing_left();
			at++;
		}
		assert_true(at > 20);
	}
}

static void recover_dying_after_write(int at)
{
	fake_sysfs = (struct fake_sysfs){ .die_after = at };
	if (recover())
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
		assert_int_equal(recover(), 0);
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
	assert_int_equal(recover(), -ENOENT);
	open_demo();
	journal_close(&journal);
	assert_int_equal(recover(), -ENOENT);
	assert_non_null(strstr(err.text, "'demo'"));
}

/* --- who holds a profile --- */

static void a_running_profile_is_not_run_twice_nor_recovered(void **state)
{
	(void)state;
	struct journal second;
	char pid[32];
	open_demo();
	snprintf(pid, sizeof(pid), "pid %d", getpid());
	assert_int_equal(journal_open(&second, &tree.host, "demo", &err), -EBUSY);
	assert_non_null(strstr(err.text, pid));
	journal_close(&second);
	assert_int_equal(recover(), -EBUSY);
	assert_int_equal(do_all(), 0);
	assert_int_equal(journal_undo(&journal, &err), 0);
	journal_close(&journal);
	assert_nothing_left();
}

static void only_sane_names_become_directories(void **state)
{
	(void)state;
	static const char *const bad[] = { "", ".", "..", "a/b", "../x", "a b", "claims:lock",
					   "0123456789012345678901234567890123456789012345678" };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(journal_open(&journal, &tree.host, bad[i], &err), -EINVAL);
		assert_int_equal(journal_recover(&tree.host, bad[i], NULL, NULL, &err), -EINVAL);
	}
	assert_false(host_tree_has(&tree, "run/bulkhead"));
}

static void an_unusable_run_directory_is_named(void **state)
{
	(void)state;
	assert_return_code(rmdir(tempdir_path(&tree.dir, "run")), errno);
	assert_int_equal(journal_open(&journal, &tree.host, "demo", &err), -ENOENT);
	assert_non_null(strstr(err.text, "run/bulkhead"));
	assert_int_equal(recover(), -ENOENT);
}

static int count_name(void *ctx, const char *name)
{
	assert_string_equal(name, "demo");
	++*(int *)ctx;
	return 0;
}

static void stale_runs_are_listed_and_living_ones_are_not(void **state)
{
	(void)state;
	int n = 0;
	assert_int_equal(journal_stale(&tree.host, count_name, &n), 0);
	assert_int_equal(n, 0);
	open_demo();
	assert_int_equal(journal_stale(&tree.host, count_name, &n), 0);
	assert_int_equal(n, 0);
	journal_close(&journal);
	assert_int_equal(in_child(run_until_killed, 0), FAKE_DEATH);
	assert_int_equal(journal_stale(&tree.host, count_name, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(recover(), 0);
}

/* --- claims --- */

static const struct pci_dev nvme = { .bdf = { 0, 1, 0, 0 } };

static void plan_of_nvme(struct plan *plan)
{
	memset(plan, 0, sizeof(*plan));
	plan->device[0].dev = &nvme;
	plan->n_devices = 1;
}

static void a_device_belongs_to_one_run_at_a_time(void **state)
{
	(void)state;
	static struct plan plan;
	struct journal other;
	struct plan_claim claims[4];
	unsigned n;
	plan_of_nvme(&plan);
	open_demo();
	assert_int_equal(journal_open(&other, &tree.host, "other", &err), 0);
	assert_int_equal(journal_claim(&journal, &plan, &err), 0);
	assert_int_equal(journal_claim(&journal, &plan, &err), 0);
	assert_int_equal(journal_claim(&other, &plan, &err), -EBUSY);
	assert_non_null(strstr(err.text, "0000:01:00.0"));
	assert_non_null(strstr(err.text, "'demo'"));
	assert_int_equal(journal_claims(&tree.host, claims, 4, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(claims[0].owner, "demo");
	assert_false(claims[0].stale);
	assert_int_equal(journal_claims(&tree.host, claims, 0, &n), -ENOSPC);
	journal_close(&journal);
	assert_int_equal(journal_claim(&other, &plan, &err), 0);
	journal_close(&other);
	assert_int_equal(journal_claims(&tree.host, claims, 4, &n), 0);
	assert_int_equal(n, 0);
}

static void run_with_claim_until_killed(int with_changes)
{
	static struct plan plan;
	plan_of_nvme(&plan);
	open_demo();
	if (journal_claim(&journal, &plan, &err) || (with_changes && do_all()))
		_exit(1);
	_exit(FAKE_DEATH);
}

static void the_claims_of_a_killed_run_last_until_it_is_recovered(void **state)
{
	(void)state;
	struct plan_claim claims[4];
	unsigned n;
	assert_int_equal(in_child(run_with_claim_until_killed, 1), FAKE_DEATH);
	assert_int_equal(journal_claims(&tree.host, claims, 4, &n), 0);
	assert_int_equal(n, 1);
	assert_true(claims[0].stale);
	assert_int_equal(recover(), 0);
	assert_int_equal(journal_claims(&tree.host, claims, 4, &n), 0);
	assert_int_equal(n, 0);
}

static void a_run_killed_before_its_first_change_claims_nothing(void **state)
{
	(void)state;
	struct plan_claim claims[4];
	unsigned n;
	assert_int_equal(in_child(run_with_claim_until_killed, 0), FAKE_DEATH);
	assert_int_equal(journal_claims(&tree.host, claims, 4, &n), 0);
	assert_int_equal(n, 0);
	open_demo();
	journal_close(&journal);
	assert_nothing_left();
}

/* --- damaged journals --- */

static size_t load_journal(char *buf, size_t size)
{
	int fd = open(tempdir_path(&tree.dir, "run/bulkhead/demo/journal"), O_RDONLY);
	assert_return_code(fd, errno);
	ssize_t n = read(fd, buf, size);
	close(fd);
	assert_in_range(n, 1, size - 1);
	return (size_t)n;
}

static void count_undone(void *ctx, const struct action *action)
{
	(void)action;
	++*(unsigned *)ctx;
}

static unsigned whole_actions(const char *text, size_t size)
{
	unsigned lines = 0;
	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	return lines ? lines - 1 : 0; /* the first is the header */
}

static void a_journal_cut_at_any_byte_is_replayed_up_to_its_last_whole_record(void **state)
{
	(void)state;
	char text[8192];
	assert_int_equal(in_child(run_until_killed, 0), FAKE_DEATH);
	size_t size = load_journal(text, sizeof(text));
	for (size_t cut = 0; cut <= size; cut++) {
		unsigned undone = 0;
		mkdir(tempdir_path(&tree.dir, "run/bulkhead/demo"), 0700);
		assert_int_equal(tempdir_write(&tree.dir, "run/bulkhead/demo/journal", text, cut), 0);
		assert_int_equal(journal_recover(&tree.host, "demo", count_undone, &undone, &err), 0);
		assert_int_equal(undone, whole_actions(text, cut));
		assert_false(host_tree_has(&tree, "run/bulkhead/demo"));
	}
	assert_as_before();
}

static void a_journal_with_any_byte_changed_is_refused_whole(void **state)
{
	(void)state;
	char text[8192];
	assert_int_equal(in_child(run_until_killed, 0), FAKE_DEATH);
	size_t size = load_journal(text, sizeof(text));
	char *changed = host_tree_state(&tree);
	for (size_t at = 0; at < size - 1; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			struct journal_log log;
			text[at] ^= (char)(1u << bit);
			assert_int_equal(journal_log_read(&log, text, size, &err), -EBADMSG);
			journal_log_fini(&log);
			text[at] ^= (char)(1u << bit);
		}
	text[size / 2] ^= 1;
	assert_int_equal(tempdir_write(&tree.dir, "run/bulkhead/demo/journal", text, size), 0);
	assert_int_equal(recover(), -EBADMSG);
	assert_non_null(strstr(err.text, "is damaged"));
	assert_non_null(strstr(err.text, "run/bulkhead/demo/journal"));
	char *now = host_tree_state(&tree);
	assert_string_equal(now, changed);
	free(now);
	free(changed);
	/* And nothing new is started over it. */
	assert_int_equal(journal_open(&journal, &tree.host, "demo", &err), -EUCLEAN);
}

static void records_out_of_order_or_twice_are_refused(void **state)
{
	(void)state;
	struct record records[] = {
		{ .sequence = 0, .kind = RECORD_HEADER },
		{ .sequence = 1, .kind = RECORD_ACTION, .action = actions[2] },
		{ .sequence = 2, .kind = RECORD_UNDONE, .undone = 1 },
		{ .sequence = 3, .kind = RECORD_UNDONE, .undone = 1 },
	};
	const struct {
		unsigned order[4], n;
		int r;
	} cases[] = {
		{ { 0, 1, 2 }, 3, 0 },	       { { 0, 1 }, 2, 0 },	      { { 0 }, 1, 0 },
		{ { 1 }, 1, -EBADMSG },	       { { 0, 2 }, 2, -EBADMSG },     { { 0, 1, 1 }, 3, -EBADMSG },
		{ { 0, 1, 2, 3 }, 4, -EBADMSG }, { { 0, 0 }, 2, -EBADMSG },
	};
	for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
		char text[4 * RECORD_MAX];
		size_t size = 0;
		struct journal_log log;
		for (unsigned i = 0; i < cases[c].n; i++)
			size += record_format(&records[cases[c].order[i]], text + size);
		assert_int_equal(journal_log_read(&log, text, size, &err), cases[c].r);
		journal_log_fini(&log);
	}
}

static void any_name_survives_the_way_into_a_record_and_back(void **state)
{
	(void)state;
	static const char *const names[] = { "", "-", "a b", "100%", "snd_hda_intel", "\xc3\xa4\n\x01",
					     "012345678901234567890123456789012345678901234567890123456789012" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char line[RECORD_MAX];
		struct record record = { .sequence = 4294967295u, .kind = RECORD_ACTION }, back;
		record.action = actions[2];
		record.action.bdf.domain = 0xffffffff;
		snprintf(record.action.old_driver, NAME_MAX_SHORT, "%s", names[i]);
		snprintf(record.action.old_override, NAME_MAX_SHORT, "%s", names[i]);
		snprintf(record.action.old_value, NAME_MAX_SHORT, "%s", names[i]);
		size_t n = record_format(&record, line);
		assert_int_equal(line[n - 1], '\n');
		line[n - 1] = 0;
		assert_int_equal(record_parse(line, &back), 0);
		assert_string_equal(back.action.old_driver, names[i]);
		assert_string_equal(back.action.old_override, names[i]);
		assert_string_equal(back.action.old_value, names[i]);
		assert_int_equal(back.action.bdf.domain, 0xffffffff);
	}
}

static void an_oversized_journal_is_not_read(void **state)
{
	(void)state;
	assert_int_equal(in_child(run_until_killed, 0), FAKE_DEATH);
	assert_return_code(
		truncate(tempdir_path(&tree.dir, "run/bulkhead/demo/journal"), JOURNAL_SIZE_MAX + 1),
		errno);
	assert_int_equal(recover(), -EFBIG);
}

static void run_on_a_full_disk(int room)
{
	signal(SIGXFSZ, SIG_IGN);
	open_demo();
	const struct rlimit limit = { (rlim_t)(journal.size + room), RLIM_INFINITY };
	if (setrlimit(RLIMIT_FSIZE, &limit) || do_all() != (room ? -ENOSPC : -EFBIG))
		_exit(1);
	/* The torn record is gone, so the journal goes on once there is room. */
	const struct rlimit free_again = { RLIM_INFINITY, RLIM_INFINITY };
	if (setrlimit(RLIMIT_FSIZE, &free_again) || do_all() || journal_undo(&journal, &err))
		_exit(2);
	journal_close(&journal);
}

static void a_record_that_cannot_be_written_means_no_change(void **state)
{
	(void)state;
	assert_int_equal(in_child(run_on_a_full_disk, 0), 0);
	assert_nothing_left();
	assert_int_equal(in_child(run_on_a_full_disk, 20), 0);
	assert_nothing_left();
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
	assert_int_equal(recover(), 0);
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
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_run_changes_the_host_and_gives_it_back),
		T(what_is_so_already_is_not_recorded),
		T(a_device_without_a_power_setting_needs_none),
		T(the_type1_module_is_loaded_for_its_parameter),
		T(every_write_that_fails_undoes_its_change_and_is_struck_out),
		T(undo_goes_on_after_a_failure_and_keeps_what_it_could_not_undo),
		T(a_device_that_vanished_has_nothing_to_be_undone),
		T(an_action_on_no_device_changes_nothing),
		T(a_killed_run_is_recovered),
		T(killed_at_any_step_the_host_is_recovered),
		T(killed_around_any_write_the_host_is_recovered),
		T(a_recovery_killed_at_any_write_is_finished_by_the_next),
		T(recovery_goes_backwards_and_says_what_it_undid),
		T(there_may_be_nothing_to_recover),
		T(a_running_profile_is_not_run_twice_nor_recovered),
		T(only_sane_names_become_directories),
		T(an_unusable_run_directory_is_named),
		T(stale_runs_are_listed_and_living_ones_are_not),
		T(a_device_belongs_to_one_run_at_a_time),
		T(the_claims_of_a_killed_run_last_until_it_is_recovered),
		T(a_run_killed_before_its_first_change_claims_nothing),
		T(a_journal_cut_at_any_byte_is_replayed_up_to_its_last_whole_record),
		T(a_journal_with_any_byte_changed_is_refused_whole),
		T(records_out_of_order_or_twice_are_refused),
		T(any_name_survives_the_way_into_a_record_and_back),
		T(an_oversized_journal_is_not_read),
		T(a_record_that_cannot_be_written_means_no_change),
		T(the_process_stops_where_the_environment_says),
		T(without_the_variable_nothing_stops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
