/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c
// with: fake/fake_sysfs.c fake/host_tree.c fake/journal_host.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "fake/fake_sysfs.h"
#include "fake/journal_host.h"

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
	assert_int_equal(recover_demo(), -EBUSY);
	assert_int_equal(do_all(), 0);
	assert_int_equal(journal_undo(&journal, &err), 0);
	journal_close(&journal);
	assert_nothing_left();
}

static void only_sane_names_become_directories(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",     ".",   "..",          "a/b",
		"../x", "a b", "claims:lock", "0123456789012345678901234567890123456789012345678"
	};
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
	assert_int_equal(recover_demo(), -ENOENT);
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
	assert_int_equal(recover_demo(), 0);
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

static void a_device_that_left_the_host_is_claimed_no_more(void **state)
{
	(void)state;
	struct plan_claim claims[4];
	static struct plan plan;
	struct pci_dev second = { .bdf = { .bus = 2, .dev = 0x10 } };
	unsigned n;
	plan_of_nvme(&plan);
	plan.device[plan.n_devices++].dev = &second;
	open_demo();
	struct bdf left = plan.device[0].dev->bdf;
	assert_int_equal(journal_forget(&journal, left, &err), 0); /* nothing claimed yet */
	assert_int_equal(journal_claim(&journal, &plan, &err), 0);
	assert_int_equal(journal_forget(&journal, left, &err), 0);
	assert_int_equal(journal_claims(&tree.host, claims, 4, &n), 0);
	assert_int_equal(n, 1);
	assert_true(bdf_equal(claims[0].bdf, second.bdf));
	assert_int_equal(mkdir(tempdir_path(&tree.dir, "run/bulkhead/demo/devices.new"), 0700), 0);
	assert_int_equal(journal_forget(&journal, second.bdf, &err), -EISDIR);
	assert_non_null(strstr(err.text, "demo/devices"));
	assert_int_equal(rmdir(tempdir_path(&tree.dir, "run/bulkhead/demo/devices.new")), 0);
	journal_close(&journal);
	assert_nothing_left();
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
	assert_int_equal(recover_demo(), 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, journal_setup, journal_teardown)
		T(a_running_profile_is_not_run_twice_nor_recovered),
		T(only_sane_names_become_directories),
		T(an_unusable_run_directory_is_named),
		T(stale_runs_are_listed_and_living_ones_are_not),
		T(a_device_belongs_to_one_run_at_a_time),
		T(a_device_that_left_the_host_is_claimed_no_more),
		T(the_claims_of_a_killed_run_last_until_it_is_recovered),
		T(a_run_killed_before_its_first_change_claims_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
