/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c sriov/netadm.c kvm/uapi.c
// with: fake/fake_sysfs.c fake/fake_sriov.c fake/fake_netadm.c fake/host_tree.c fake/fake_kvm.c fake/fake_kvm_vcpu.c
#include "take.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/bytes.h"
#include "fake/bzimage.h"
#include "fake/fake_kvm.h"
#include "fake/fake_netadm.h"
#include "fake/fake_sriov.h"
#include "fake/fake_sysfs.h"
#include "sriov/vf.h"
#include "vf_change.h"

static const struct bdf igb = { 0, 2, 0, 0 };
static struct host_tree tree;
static struct err err;
static char *before;

/* A run of a profile, as far as the host is concerned. */
struct run {
	struct profile profile;
	struct prepared prepared;
	struct journal journal;
};
static struct run run, other;

static void all_well(void)
{
	fake_sysfs = (struct fake_sysfs){ .numvfs = fake_sriov_numvfs };
	fake_sriov = (struct fake_sriov){ .dead = -1, .lost = -1 };
	fake_netadm = (struct fake_netadm){ .open = fake_netadm.open };
	fake_kvm_reset();
	fake_kvm.cpuid[0] = (struct kvm_cpuid_entry2){ .function = 0, .eax = 0xd };
	err = (struct err){ 0 };
}

/* driverless VFs are what `bulkhead vf create` leaves. */
static int setup_pool(void **state)
{
	(void)state;
	fake_netadm.open = 0;
	all_well();
	host_tree_make(&tree, FAKE_PF "driver vfio-pci\n");
	assert_int_equal(bzimage_write(&tree.dir), 0);
	if (vf_change_count(&tree.host, igb, 2, &err))
		fail_msg("%s", err.text);
	before = host_tree_state(&tree);
	return 0;
}

static int setup_none(void **state)
{
	(void)state;
	fake_netadm.open = 0;
	all_well();
	host_tree_make(&tree, FAKE_PF "driver vfio-pci\n");
	assert_int_equal(bzimage_write(&tree.dir), 0);
	before = host_tree_state(&tree);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(before);
	host_tree_remove(&tree);
	return fake_netadm.open;
}

/* As `bulkhead run` begins: everything up to the journal. */
static void begin(struct run *r, const char *name, const char *devices)
{
	char text[2048], path[PATH_MAX], file[64];
	snprintf(text, sizeof(text),
		 "name = \"%s\"; memory = \"512M\"; boot = { kernel = \"bzImage\"; };\n"
		 "devices = ( %s );\n",
		 name, devices);
	snprintf(file, sizeof(file), "%s.cfg", name);
	assert_int_equal(tempdir_write(&tree.dir, file, text, strlen(text)), 0);
	snprintf(path, sizeof(path), "%s/%s", tree.dir.path, file);
	if (profile_load(&r->profile, path, NULL, 0, &err) ||
	    prepare(&r->prepared, &r->profile, tree.dir.path, &err) ||
	    journal_open(&r->journal, &r->prepared.host, name, &err))
		fail_msg("%s", err.text);
}

static int never_mind(void *ctx, struct err *ignored)
{
	(void)ctx;
	(void)ignored;
	return 0;
}

static int take(struct run *r)
{
	return take_devices(&r->prepared, &r->profile, &r->journal, never_mind, NULL, &err);
}

static void assert_taken(struct run *r)
{
	if (take(r))
		fail_msg("%s", err.text);
}

static void end(struct run *r)
{
	struct err why = { 0 };
	if (journal_undo(&r->journal, &why))
		fail_msg("%s", why.text);
	journal_close(&r->journal);
	prepare_fini(&r->prepared);
	profile_fini(&r->profile);
}

static void assert_as_before(void)
{
	char *after = host_tree_state(&tree);
	assert_string_equal(after, before);
	free(after);
}

static void assert_refused(struct run *r, int code, const char *words)
{
	int answer = take(r);
	if (answer != code || !strstr(err.text, words))
		fail_msg("%d, %s", answer, err.text);
}

static const char *settings_of(unsigned vf)
{
	char path[96];
	snprintf(path, sizeof(path), PF_DIR "/fake_vf%u", vf);
	return host_tree_read(&tree, path);
}

static unsigned index_of(const struct run *r)
{
	return r->prepared.vfs.at[0].index;
}

/* --- from a pool --- */

static void a_vf_of_the_pool_is_set_bound_and_given_back(void **state)
{
	(void)state;
	begin(&run, "demo",
	      "{ vf = \"enp2s0f0\"; index = 1; mac = \"52:54:00:0b:01:01\"; vlan = 100; qos = 3; "
	      "trust = true; spoofchk = false; max_rate = 500; }");
	assert_taken(&run);
	assert_string_equal(settings_of(1), "1_5254000b0101_100_3_0_0_500_0_0_1");
	assert_string_equal(host_tree_link(&tree, VF_DIR(2) "/driver"), "vfio-pci");
	assert_string_equal(host_tree_link(&tree, VF_DIR(0) "/driver"), "");
	end(&run);
	assert_as_before();
}

static void what_the_guest_changes_is_put_back(void **state)
{
	(void)state;
	struct vf_settings guests = { 0 };
	struct pf pf;
	begin(&run, "demo", "{ vf = \"enp2s0f0\"; }");
	assert_taken(&run);
	vf_put_mac(&guests, (struct mac){ { 2, 0, 0, 0, 0, 9 } });
	assert_int_equal(pf_read(&tree.host, igb, &pf, &err), 0);
	assert_int_equal(vf_apply(&tree.host, &pf, 0, &guests, &err), 0);
	end(&run);
	assert_as_before();
}

static void two_runs_get_two_vfs_and_a_third_hears_who_has_them(void **state)
{
	(void)state;
	struct run third = { 0 };
	begin(&run, "one", "{ vf = \"enp2s0f0\"; }");
	begin(&other, "two", "{ vf = \"8086:10c9\"; index = \"any\"; }");
	begin(&third, "three", "{ vf = \"02:00.0\"; }");
	/* All three were planned before any of them took anything. */
	assert_int_equal(index_of(&run), index_of(&other));
	assert_taken(&run);
	assert_taken(&other);
	assert_int_equal(index_of(&run), 0);
	assert_int_equal(index_of(&other), 1);
	assert_refused(&third, -EBUSY, "none of its 2 VFs is free: VF 0 (0000:02:10.0): profile 'one'");
	assert_non_null(strstr(err.text, "profile 'two' has it; bulkhead stop two"));
	end(&third);
	end(&run);
	end(&other);
	assert_as_before();
}

/* Processes, not calls in a row: what keeps them apart has to work between them. */
static void runs_that_start_at_once_never_share_a_vf(void **state)
{
	(void)state;
	enum { RUNS = 6 };
	pid_t pid[RUNS];
	int lucky = 0, go[2], done[2];
	assert_return_code(pipe(go), errno);
	assert_return_code(pipe(done), errno);
	for (int i = 0; i < RUNS; i++) {
		pid[i] = fork();
		if (pid[i])
			continue;
		char name[16], c;
		struct run mine = { 0 };
		close(done[1]);
		snprintf(name, sizeof(name), "run%d", i);
		begin(&mine, name, "{ vf = \"enp2s0f0\"; }");
		int r = read(go[0], &c, 1) == 1 ? take(&mine) : -EIO;
		/* Held until all have tried. */
		if (!r && read(done[0], &c, 1))
			_exit(2);
		_exit(r == 0 ? 0 : r == -EBUSY ? 1 : 2);
	}
	close(done[0]);
	assert_int_equal(write(go[1], "123456", RUNS), RUNS);
	for (int losers = 0; losers < RUNS - 2; losers++) {
		int status;
		assert_true(waitpid(-1, &status, 0) > 0);
		assert_int_equal(WEXITSTATUS(status), 1);
	}
	close(done[1]);
	for (int status; waitpid(-1, &status, 0) > 0; lucky++)
		assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(lucky, 2);
	close(go[0]);
	close(go[1]);
}

static void the_same_mac_twice_is_refused(void **state)
{
	(void)state;
	struct vf_settings now;
	struct pf pf;
	char entry[128];
	assert_int_equal(pf_read(&tree.host, igb, &pf, &err), 0);
	assert_int_equal(vf_read(&tree.host, &pf, 1, &now, &err), 0);
	snprintf(entry, sizeof(entry), "{ vf = \"enp2s0f0\"; index = 0; mac = \"%s\"; }",
		 mac_text(now.mac).s);
	begin(&run, "demo", entry);
	assert_refused(&run, -EEXIST, "VF 0: VF 1 has the MAC");
	end(&run);
	begin(&run, "demo", "{ vf = \"enp2s0f0\"; mac = \"52:54:00:0b:00:01\"; }");
	assert_refused(&run, -EEXIST, "enp2s0f0 has the MAC 52:54:00:0b:00:01 already");
	end(&run);
	begin(&run, "demo",
	      "{ vf = \"enp2s0f0\"; mac = \"52:54:00:0b:07:07\"; }, "
	      "{ vf = \"enp2s0f0\"; mac = \"52:54:00:0b:07:07\"; }");
	assert_refused(&run, -EEXIST, "devices[0] has the MAC");
	end(&run);
	assert_as_before();
}

static void a_setting_that_the_driver_refuses_gives_everything_back(void **state)
{
	(void)state;
	begin(&run, "demo", "{ vf = \"enp2s0f0\"; vlan = 7; min_rate = 10; }");
	assert_refused(&run, -EINVAL, "VF 0: min_rate=10: igb refused it");
	end(&run);
	assert_as_before();
}

static void as_many_devices_as_a_host_may_give_away_are_no_hindrance(void **state)
{
	(void)state;
	struct journal crowd = { 0 };
	char text[400 * 16] = "";
	assert_int_equal(journal_open(&crowd, &tree.host, "other", &err), 0);
	for (unsigned i = 0; i < 400; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\n",
			 bdf_text((struct bdf){ 1, (uint8_t)(i / 8), (uint8_t)(i % 8), 0 }).s);
	assert_int_equal(tempdir_write(&tree.dir, "run/bulkhead/other/devices", text, strlen(text)),
			 0);
	begin(&run, "demo", "{ vf = \"enp2s0f0\"; }");
	assert_taken(&run);
	end(&run);
	journal_close(&crowd);
	assert_as_before();
}

static void a_change_by_hand_that_is_not_over_is_not_cut_into(void **state)
{
	(void)state;
	struct journal hand = { 0 };
	int status;
	assert_int_equal(journal_open(&hand, &tree.host, "vf-0000-02-00.0", &err), 0);
	begin(&run, "demo", "{ vf = \"enp2s0f0\"; }");
	assert_refused(&run, -EBUSY, "just being changed by another bulkhead vf");
	end(&run);
	journal_close(&hand);
	pid_t pid = fork();
	if (!pid) {
		fake_sysfs.die_at = fake_sysfs.writes + 2;
		_exit(vf_change_count(&tree.host, igb, 4, &err) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), FAKE_DEATH);
	begin(&run, "demo", "{ vf = \"enp2s0f0\"; }");
	assert_refused(&run, -EUCLEAN, "killed amid its change; bulkhead recover vf-0000-02-00.0");
	end(&run);
	if (journal_recover(&tree.host, "vf-0000-02-00.0", NULL, NULL, &err))
		fail_msg("%s", err.text);
	assert_as_before();
}

/* --- made for the run --- */

static void vfs_are_made_where_there_are_none(void **state)
{
	(void)state;
	begin(&run, "demo", "{ vf = \"enp2s0f0\"; index = 1; vlan = 100; }");
	assert_int_equal(run.prepared.plan.n_making, 2);
	assert_int_equal(run.prepared.plan.refusals.n, 0);
	assert_taken(&run);
	assert_string_equal(host_tree_read(&tree, PF_DIR "/sriov_numvfs"), "2");
	assert_string_equal(host_tree_read(&tree, PF_DIR "/sriov_drivers_autoprobe"), "0");
	assert_string_equal(host_tree_link(&tree, VF_DIR(2) "/driver"), "vfio-pci");
	/* A stable MAC, where the profile gives none. */
	struct mac mac;
	char start[32];
	assert_int_equal(mac_derive(&tree.host, igb, "", 1, &mac, &err), 0);
	snprintf(start, sizeof(start), "1_%02x%02x%02x%02x%02x%02x_100_", mac.b[0], mac.b[1],
		 mac.b[2], mac.b[3], mac.b[4], mac.b[5]);
	assert_memory_equal(settings_of(1), start, strlen(start));
	/* All VFs of that PF are the run's, the other one too. */
	begin(&other, "other", "{ vf = \"enp2s0f0\"; index = 0; }");
	assert_refused(&other, -EBUSY, "is held: profile 'demo' has it");
	end(&other);
	assert_int_equal(vf_change_count(&tree.host, igb, 4, &err), -EBUSY);
	end(&run);
	assert_as_before();
}

static void a_run_that_makes_vfs_keeps_another_from_making_them_too(void **state)
{
	(void)state;
	begin(&run, "one", "{ vf = \"enp2s0f0\"; }");
	begin(&other, "two", "{ vf = \"enp2s0f0\"; }");
	assert_taken(&run);
	assert_refused(&other, -EBUSY, "profile 'one' has it");
	end(&other);
	end(&run);
	assert_as_before();
}

static void a_pool_that_is_too_small_is_made_again_and_comes_back(void **state)
{
	(void)state;
	begin(&run, "demo", "{ vf = \"enp2s0f0\"; index = 3; }, { vf = \"enp2s0f0\"; }");
	assert_taken(&run);
	assert_string_equal(host_tree_read(&tree, PF_DIR "/sriov_numvfs"), "4");
	end(&run);
	assert_as_before();
}

static void a_pf_that_makes_fewer_gives_everything_back(void **state)
{
	(void)state;
	fake_sriov.fewer = 1;
	begin(&run, "demo", "{ vf = \"enp2s0f0\"; index = 1; }");
	assert_refused(&run, -EIO, "asked for 2 VFs, there are 1");
	end(&run);
	assert_as_before();
}

/* --- failures and kills at each step --- */

static const char made[] = "{ vf = \"enp2s0f0\"; index = 3; vlan = 9; }, { vf = \"enp2s0f0\"; }";

/* Fails each write in turn until the run gets through; each time all is given back. */
static void a_write_that_fails_gives_everything_back(void **state)
{
	(void)state;
	int r = -1;
	for (int n = 1; r; n++) {
		assert_in_range(n, 1, 60);
		begin(&run, "demo", made);
		fake_sysfs.writes = 0;
		fake_sysfs.fail_at = n;
		fake_sysfs.fail_with = -EIO;
		r = take(&run);
		fake_sysfs.fail_at = 0;
		end(&run);
		assert_as_before();
	}
}

static void a_netlink_call_that_fails_gives_everything_back(void **state)
{
	(void)state;
	int r = -1, failures = 0;
	for (int n = 1; n < 200; n++) {
		begin(&run, "demo", made);
		fake_netadm.calls = 0;
		fake_netadm.fail_at = n;
		fake_netadm.fail_with = -EIO;
		r = take(&run);
		bool came = fake_netadm.calls >= n;
		fake_netadm.fail_at = 0;
		failures += r != 0;
		end(&run);
		assert_as_before();
		if (!came)
			break;
	}
	assert_int_equal(r, 0);
	assert_in_range(failures, 4, 100);
}

static void die_at(int write)
{
	begin(&run, "demo", made);
	fake_sysfs.writes = 0;
	fake_sysfs.die_at = write;
	_exit(take(&run) ? 1 : 0);
}

static void a_run_killed_before_any_write_is_recovered(void **state)
{
	(void)state;
	int status = FAKE_DEATH;
	for (int n = 1; status == FAKE_DEATH; n++) {
		assert_in_range(n, 1, 60);
		pid_t pid = fork();
		if (!pid)
			die_at(n);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		status = WEXITSTATUS(status);
		int r = journal_recover(&tree.host, "demo", NULL, NULL, &err);
		if (r)
			fail_msg("write %d: %s", n, err.text);
		assert_as_before();
	}
	assert_int_equal(status, 0);
}

static void die_at_step(void *ctx, const char *step)
{
	if (atoi(step) == *(const int *)ctx)
		_exit(FAKE_DEATH);
}

/* The whole life of a run, up to its last undoing. */
static void live_until(int step)
{
	begin(&run, "demo", made);
	run.journal.step = die_at_step;
	run.journal.step_ctx = &step;
	if (take(&run))
		_exit(1);
	end(&run);
	_exit(0);
}

static void a_run_killed_at_any_step_of_its_journal_is_recovered(void **state)
{
	(void)state;
	int status = FAKE_DEATH, n;
	for (n = 1; status == FAKE_DEATH; n++) {
		assert_in_range(n, 1, 200);
		pid_t pid = fork();
		if (!pid)
			live_until(n);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		status = WEXITSTATUS(status);
		int r = status ? journal_recover(&tree.host, "demo", NULL, NULL, &err) : 0;
		if (r)
			fail_msg("step %d: %s", n, err.text);
		assert_as_before();
	}
	assert_int_equal(status, 0);
	assert_in_range(n, 40, 200);
}

/* --- what went away meanwhile --- */

static void a_pf_that_is_gone_at_the_end_is_no_failure(void **state)
{
	(void)state;
	char path[PATH_MAX];
	begin(&run, "demo", "{ vf = \"enp2s0f0\"; vlan = 5; }");
	assert_taken(&run);
	static const char *const gone[] = { "0000:02:10.0", "0000:02:10.2", "0000:02:00.0" };
	for (size_t i = 0; i < ARRAY_LEN(gone); i++) {
		snprintf(path, sizeof(path), "bus/pci/devices/%s", gone[i]);
		assert_return_code(unlinkat(tree.host.sys, path, 0), errno);
	}
	end(&run);
}

static void a_vf_that_its_pf_lost_in_a_reset_is_no_failure(void **state)
{
	(void)state;
	begin(&run, "demo", "{ vf = \"enp2s0f0\"; index = 1; vlan = 5; }");
	assert_taken(&run);
	assert_int_equal(fake_sriov_numvfs(&tree.host, "0000:02:00.0", "0"), 0);
	end(&run);
	assert_string_equal(host_tree_read(&tree, PF_DIR "/sriov_numvfs"), "0");
}

#define POOL(name) cmocka_unit_test_setup_teardown(name, setup_pool, teardown)
#define NONE(name) cmocka_unit_test_setup_teardown(name, setup_none, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		POOL(a_vf_of_the_pool_is_set_bound_and_given_back),
		POOL(what_the_guest_changes_is_put_back),
		POOL(two_runs_get_two_vfs_and_a_third_hears_who_has_them),
		POOL(runs_that_start_at_once_never_share_a_vf),
		POOL(the_same_mac_twice_is_refused),
		POOL(a_setting_that_the_driver_refuses_gives_everything_back),
		POOL(as_many_devices_as_a_host_may_give_away_are_no_hindrance),
		POOL(a_change_by_hand_that_is_not_over_is_not_cut_into),
		NONE(vfs_are_made_where_there_are_none),
		NONE(a_run_that_makes_vfs_keeps_another_from_making_them_too),
		POOL(a_pool_that_is_too_small_is_made_again_and_comes_back),
		NONE(a_pf_that_makes_fewer_gives_everything_back),
		POOL(a_write_that_fails_gives_everything_back),
		POOL(a_netlink_call_that_fails_gives_everything_back),
		POOL(a_run_killed_before_any_write_is_recovered),
		POOL(a_run_killed_at_any_step_of_its_journal_is_recovered),
		POOL(a_pf_that_is_gone_at_the_end_is_no_failure),
		POOL(a_vf_that_its_pf_lost_in_a_reset_is_no_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
