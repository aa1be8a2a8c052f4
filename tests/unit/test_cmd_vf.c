/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c sriov/netadm.c
// with: fake/fake_sysfs.c fake/fake_sriov.c fake/fake_netadm.c fake/host_tree.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "cmd.h"
#include "fake/capture.h"
#include "fake/fake_netadm.h"
#include "fake/fake_sriov.h"
#include "fake/fake_sysfs.h"
#include "journal.h"
#include "json.h"
#include "sriov/settings.h"

static struct host_tree tree;
static struct capture said;

static void all_well(void)
{
	fake_sysfs = (struct fake_sysfs){ .numvfs = fake_sriov_numvfs };
	fake_sriov = (struct fake_sriov){ .dead = -1, .lost = -1 };
	fake_netadm = (struct fake_netadm){ .open = fake_netadm.open };
}

static int setup(void **state)
{
	(void)state;
	fake_netadm.open = 0;
	all_well();
	host_tree_make(&tree, FAKE_PF);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_tree_remove(&tree);
	return fake_netadm.open;
}

/* `line` is what follows `bulkhead`. */
static int command(const char *line)
{
	char copy[256], *save = NULL, *argv[32];
	int argc = 0;
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	argv[argc++] = (char *)"--host";
	argv[argc++] = tree.dir.path;
	argv[argc] = NULL;
	return strcmp(argv[0], "recover") ? cmd_vf(argc, argv) : cmd_recover(argc, argv);
}

static int run(const char *line)
{
	capture_begin(&said);
	int status = command(line);
	capture_end(&said);
	return status;
}

static void assert_done(const char *line)
{
	if (run(line) != CLI_OK)
		fail_msg("%s: %s", line, said.err);
}

static void assert_refused(const char *line, const char *answer)
{
	int status = run(line);
	if (status != CLI_FAILED || !strstr(said.err, answer))
		fail_msg("%s: %d, %s", line, status, said.err);
}

static void assert_says(const char *words)
{
	if (!strstr(said.out, words))
		fail_msg("no '%s' in: %s%s", words, said.out, said.err);
}

static const char *settings_of(unsigned vf)
{
	char path[96];
	snprintf(path, sizeof(path), PF_DIR "/fake_vf%u", vf);
	return host_tree_read(&tree, path);
}

static void assert_no_journal(void)
{
	assert_false(host_tree_has(&tree, "run/bulkhead/vf-0000-02-00.0"));
}

static void assert_as(const char *before)
{
	char *after = host_tree_state(&tree);
	assert_string_equal(after, before);
	assert_no_journal();
	free(after);
}

/* --- what it is for --- */

static void vfs_are_made_without_a_driver_and_with_a_stable_mac(void **state)
{
	(void)state;
	char first[64];
	assert_done("vf create enp2s0f0 4");
	assert_string_equal(host_tree_read(&tree, PF_DIR "/sriov_numvfs"), "4");
	assert_string_equal(host_tree_read(&tree, PF_DIR "/sriov_drivers_autoprobe"), "1");
	assert_false(host_tree_has(&tree, VF_DIR(0) "/driver"));
	assert_null(strstr(settings_of(3), "_000000000000_"));
	snprintf(first, sizeof(first), "%s", settings_of(0));
	assert_string_not_equal(first + 2, settings_of(1) + 2);
	assert_done("vf remove enp2s0f0");
	assert_false(host_tree_has(&tree, VF_DIR(0)));
	assert_done("vf create 8086:10c9 1");
	assert_string_equal(settings_of(0), first);
	assert_no_journal();
}

static void removing_leaves_everything_as_before_creating(void **state)
{
	(void)state;
	char *before = host_tree_state(&tree);
	assert_done("vf create enp2s0f0 4");
	assert_done("vf set enp2s0f0 2 vlan=100 trust=on max_rate=300");
	assert_done("vf remove enp2s0f0");
	char *after = host_tree_state(&tree);
	assert_string_equal(after, before);
	assert_done("vf remove enp2s0f0");
	assert_no_journal();
	free(before);
	free(after);
}

static void settings_are_set_and_listed(void **state)
{
	(void)state;
	assert_done("vf create enp2s0f0 2");
	assert_done("vf set 02:00.0 1 mac=52:54:00:0b:01:01 vlan=100 qos=3 proto=802.1ad trust=on "
		    "spoofchk=off link_state=enable max_rate=500");
	assert_string_equal(settings_of(1), "1_5254000b0101_100_3_1_0_500_0_1_1");
	assert_says("0000:02:00.0 enp2s0f0 (igb): 2 of 7 VFs\n");
	assert_says("52:54:00:0b:01:01  100 qos 3 802.1ad  on     off       enable  max 500 Mb/s");
	assert_done("vf list");
	assert_says("0000:02:10.2");
	assert_no_journal();
}

static void growing_and_shrinking_keeps_what_the_others_had(void **state)
{
	(void)state;
	assert_done("vf create enp2s0f0 2");
	assert_done("vf set enp2s0f0 1 mac=52:54:00:0b:01:01 vlan=7");
	host_tree_add(&tree, VF_DIR(2) "/driver -> ../../../bus/pci/drivers/igbvf\n");
	assert_done("vf create enp2s0f0 4");
	assert_string_equal(settings_of(1), "1_5254000b0101_7_0_0_0_0_1_0_0");
	assert_string_equal(host_tree_link(&tree, VF_DIR(2) "/driver"), "igbvf");
	assert_false(host_tree_has(&tree, VF_DIR(0) "/driver"));
	assert_done("vf create enp2s0f0 2");
	assert_string_equal(settings_of(1), "1_5254000b0101_7_0_0_0_0_1_0_0");
	assert_string_equal(host_tree_link(&tree, VF_DIR(2) "/driver"), "igbvf");
	int writes = fake_sysfs.writes;
	assert_done("vf create enp2s0f0 2");
	assert_int_equal(fake_sysfs.writes, writes);
}

static json_t *listed(const char *line)
{
	assert_done(line);
	json_t *json = json_loads(said.out, 0, NULL);
	assert_true(json_is_array(json));
	return json;
}

static void the_list_is_json_too(void **state)
{
	(void)state;
	const char *address, *mac, *link;
	int total, vlan, is_trusted;
	assert_done("vf create enp2s0f0 2");
	assert_done("vf set enp2s0f0 1 vlan=9 trust=on mac=52:54:00:0b:01:01");
	json_t *json = listed("vf list --json");
	json_t *vf = json_array_get(json_object_get(json_array_get(json, 0), "vfs"), 1);
	assert_int_equal(json_unpack(vf, "{s:s, s:s, s:i, s:b, s:s, s:n, s:n}", "address", &address,
				     "mac", &mac, "vlan", &vlan, "trust", &is_trusted, "link_state",
				     &link, "driver", "held_by"),
			 0);
	assert_string_equal(address, "0000:02:10.2");
	assert_string_equal(mac, "52:54:00:0b:01:01");
	assert_int_equal(vlan, 9);
	assert_true(is_trusted);
	assert_string_equal(link, "auto");
	assert_int_equal(json_unpack(json_array_get(json, 0), "{s:i}", "total", &total), 0);
	assert_int_equal(total, 7);
	json_decref(json);
}

static void what_cannot_be_known_is_not_made_up(void **state)
{
	(void)state;
	assert_done("vf create enp2s0f0 1");
	fake_netadm = (struct fake_netadm){ .fail_at = 1, .fail_with = -ENOENT };
	assert_done("vf list enp2s0f0");
	assert_says(" ?    ?");
	assert_says("settings are unknown: fake rtnetlink");
	host_tree_add(&tree, PF_DIR "/net/enp2s0f0/flags = 0x1002\\n\n");
	assert_done("vf list enp2s0f0");
	assert_says("down, so its VFs have no link: ip link set enp2s0f0 up");
}

static void a_host_without_sriov_says_so(void **state)
{
	(void)state;
	unlinkat(tree.dir.fd, PF_DIR "/sriov_totalvfs", 0);
	assert_done("vf list");
	assert_says("no device with SR-IOV");
	assert_done("vf list --json");
	assert_string_equal(said.out, "[]\n");
}

static void a_pf_without_an_interface_has_vfs_without_settings(void **state)
{
	(void)state;
	unlinkat(tree.dir.fd, PF_DIR "/net/enp2s0f0/ifindex", 0);
	unlinkat(tree.dir.fd, PF_DIR "/net/enp2s0f0/flags", 0);
	unlinkat(tree.dir.fd, PF_DIR "/net/enp2s0f0/carrier", 0);
	unlinkat(tree.dir.fd, PF_DIR "/net/enp2s0f0/address", 0);
	unlinkat(tree.dir.fd, PF_DIR "/net/enp2s0f0", AT_REMOVEDIR);
	assert_done("vf create 02:00.0 2");
	assert_done("vf create 02:00.0 3");
	assert_int_equal(fake_netadm.calls, 0);
	assert_refused("vf set 02:00.0 0 vlan=1",
		       "no network interface, so its VFs have no settings");
	assert_done("vf remove 02:00.0");
}

/* --- refusals --- */

static void wrong_lines_are_wrong_usage(void **state)
{
	(void)state;
	static const struct {
		const char *line, *answer;
	} cases[] = {
		{ "vf", "ACTION is missing" },
		{ "vf make", "expected list, create, set or remove" },
		{ "vf create", "vf create: PF is missing" },
		{ "vf create enp2s0f0", "vf create: COUNT is missing" },
		{ "vf create enp2s0f0 4 5", "vf create: one argument too many, '5'" },
		{ "vf set enp2s0f0", "vf set: INDEX is missing" },
		{ "vf set enp2s0f0 1", "vf set: KEY=VALUE is missing" },
		{ "vf list enp2s0f0 1", "vf list: one argument too many, '1'" },
		{ "vf remove enp2s0f0 1", "vf remove: one argument too many, '1'" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int status = run(cases[i].line);
		if (status != CLI_USAGE || !strstr(said.err, cases[i].answer))
			fail_msg("%s: %d, %s", cases[i].line, status, said.err);
	}
}

static void what_cannot_be_is_refused_before_anything_is_changed(void **state)
{
	(void)state;
	assert_done("vf create enp2s0f0 2");
	int writes = fake_sysfs.writes, sets = fake_netadm.sets;
	assert_refused("vf create enp2s0f0 8", "8 is more than the 7 VFs it can have");
	assert_refused("vf create enp2s0f0 0", "expected a number of VFs, 1 to 7");
	assert_refused("vf create enp2s0f0 some", "expected a number of VFs, 1 to 7");
	assert_refused("vf set enp2s0f0 2 vlan=1", "it has no VF 2: there are 2, counted from 0");
	assert_refused("vf set enp2s0f0 x vlan=1", "x: expected the number of a VF");
	assert_refused("vf set enp2s0f0 0 vlan=1 vln=2", "did you mean vlan?");
	assert_refused("vf set enp2s0f0 0 vlan=5000", "0 to 4095");
	assert_refused("vf list eth0", "eth0: no network interface");
	assert_int_equal(fake_sysfs.writes, writes);
	assert_int_equal(fake_netadm.sets, sets);
	assert_no_journal();
}

/* The count stays, and so does everything else, while `holder` is what the refusal says. */
static void assert_held(const char *holder)
{
	char *before = host_tree_state(&tree);
	assert_refused("vf create enp2s0f0 4", holder);
	assert_non_null(strstr(said.err, "VF 1 (0000:02:10.2) is held"));
	assert_refused("vf remove enp2s0f0", holder);
	char *after = host_tree_state(&tree);
	assert_string_equal(after, before);
	assert_no_journal();
	free(before);
	free(after);
	assert_done("vf list");
	assert_says(holder);
}

static void a_vf_that_a_process_has_open_keeps_the_count(void **state)
{
	(void)state;
	assert_done("vf create enp2s0f0 2");
	host_tree_add(&tree, VF_DIR(2) "/driver -> ../../../bus/pci/drivers/vfio-pci\n"
				       "proc/777/comm = vmm\\n\nproc/777/fd/9 -> /dev/vfio/21\n");
	assert_held("vmm (pid 777) has it open");
	assert_done("vf set enp2s0f0 1 vlan=5"); /* which disturbs nobody */
}

static void a_vf_whose_interface_is_up_keeps_the_count(void **state)
{
	(void)state;
	assert_done("vf create enp2s0f0 2");
	host_tree_add(&tree, VF_DIR(2) "/net/eth7/flags = 0x1003\\n\n");
	assert_held("its interface eth7 is up");
}

static void a_vf_of_a_running_profile_keeps_the_count(void **state)
{
	(void)state;
	struct journal journal;
	struct err err = { 0 };
	assert_done("vf create enp2s0f0 2");
	assert_int_equal(journal_open(&journal, &tree.host, "web", &err), 0);
	host_tree_add(&tree, "run/bulkhead/web/devices = 0000:02:10.2\\n\n");
	assert_held("profile 'web' has it; bulkhead stop web");
	journal_close(&journal);
	assert_done("vf remove enp2s0f0");
}

static void a_vf_of_a_killed_profile_keeps_the_count(void **state)
{
	(void)state;
	assert_done("vf create enp2s0f0 2");
	/* A journal that nobody can read counts as changes that are still to be undone. */
	host_tree_add(&tree, "run/bulkhead/web/devices = 0000:02:10.2\\n\n"
			     "run/bulkhead/web/journal = damaged\\n\n");
	assert_held("profile 'web' was killed while it had it; bulkhead recover web");
}

static void a_vf_that_is_taken_after_the_first_look_is_seen_by_the_second(void **state)
{
	(void)state;
	int status;
	char *before;
	assert_done("vf create enp2s0f0 2");
	before = host_tree_state(&tree);
	setenv("BULKHEAD_STOP_AT", "change vf-count 0000:02:00.0", 1);
	fflush(stdout);
	pid_t pid = fork();
	if (!pid)
		_exit(run("vf remove enp2s0f0") == CLI_FAILED &&
		      strstr(said.err, "profile 'web'") && strstr(said.err, "as it was before"));
	unsetenv("BULKHEAD_STOP_AT");
	assert_return_code(waitpid(pid, &status, WUNTRACED), errno);
	assert_true(WIFSTOPPED(status));
	host_tree_add(&tree, "run/bulkhead/web/devices = 0000:02:10.2\\n\n"
			     "run/bulkhead/web/journal = damaged\\n\n");
	kill(pid, SIGCONT);
	assert_return_code(waitpid(pid, &status, 0), errno);
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_as(before);
	free(before);
}

/* While a run claims its devices, a change of the number waits. */
static void a_change_waits_for_a_run_that_is_claiming(void **state)
{
	(void)state;
	int lock_fd = -1, status;
	struct err err = { 0 };
	assert_done("vf create enp2s0f0 2");
	assert_int_equal(journal_lock_claims(&tree.host, &lock_fd, &err), 0);
	fflush(stdout);
	pid_t pid = fork();
	if (!pid) {
		close(lock_fd);
		_exit(run("vf remove enp2s0f0"));
	}
	usleep(100000);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_string_equal(host_tree_read(&tree, PF_DIR "/sriov_numvfs"), "2");
	close(lock_fd);
	assert_return_code(waitpid(pid, &status, 0), errno);
	assert_int_equal(WEXITSTATUS(status), CLI_OK);
	assert_string_equal(host_tree_read(&tree, PF_DIR "/sriov_numvfs"), "0");
}

/* --- failures --- */

/* What is tried, from which state. */
static const struct {
	const char *line;
	const char *const before[3];
} changes[] = {
	{ "vf create enp2s0f0 3", { NULL } },
	{ "vf create enp2s0f0 3",
	  { "vf create enp2s0f0 2", "vf set enp2s0f0 1 vlan=7 trust=on max_rate=100", NULL } },
	{ "vf remove enp2s0f0",
	  { "vf create enp2s0f0 2", "vf set enp2s0f0 1 vlan=7 trust=on max_rate=100", NULL } },
	{ "vf set enp2s0f0 1 mac=52:54:00:0b:01:01 vlan=9 trust=off max_rate=50",
	  { "vf create enp2s0f0 2", "vf set enp2s0f0 1 vlan=7 trust=on max_rate=100", NULL } },
};
#define N_CHANGES (sizeof(changes) / sizeof(*changes))

static char *prepare(unsigned change)
{
	host_tree_remove(&tree);
	all_well();
	host_tree_make(&tree, FAKE_PF);
	for (size_t i = 0; changes[change].before[i]; i++)
		assert_done(changes[change].before[i]);
	if (*changes[change].before)
		host_tree_add(&tree, VF_DIR(2) "/driver -> ../../../bus/pci/drivers/igbvf\n");
	all_well();
	return host_tree_state(&tree);
}

/* One call of `counter` after another fails: all is as before, or it was not needed. */
static void fails_at_each(int *fail_at, int *fail_with, const int *counter)
{
	for (unsigned change = 0; change < N_CHANGES; change++)
		for (int i = 1, n = i; i <= n; i++) {
			char *before = prepare(change);
			*fail_at = i;
			*fail_with = -ENOSPC;
			int status = run(changes[change].line);
			n = *counter;
			if (status == CLI_FAILED && !strstr(said.err, "as it was before"))
				fail_msg("%s: %s", changes[change].line, said.err);
			if (status == CLI_FAILED)
				assert_as(before);
			assert_no_journal();
			free(before);
		}
}

static void a_write_that_fails_puts_everything_back(void **state)
{
	(void)state;
	fails_at_each(&fake_sysfs.fail_at, &fake_sysfs.fail_with, &fake_sysfs.writes);
}

static void a_netlink_call_that_fails_puts_everything_back(void **state)
{
	(void)state;
	fails_at_each(&fake_netadm.fail_at, &fake_netadm.fail_with, &fake_netadm.calls);
}

static void a_setting_that_does_not_stick_takes_the_others_back(void **state)
{
	(void)state;
	char *before = prepare(3);
	fake_netadm.deaf = VF_BIT(VF_TRUST);
	assert_refused(changes[3].line,
		       "VF 1: trust=off did not stick: the driver says trust=on; all "
		       "is as it was before");
	assert_as(before);
	free(before);
}

static void what_cannot_be_put_back_is_said_and_recovered_later(void **state)
{
	(void)state;
	char *before = prepare(1);
	fake_sriov.fewer = 1; /* too few for the change, and for the way back */
	assert_refused("vf create enp2s0f0 5", "putting back what was before failed too");
	assert_non_null(strstr(said.err, "bulkhead recover vf-0000-02-00.0"));
	assert_refused("vf set enp2s0f0 0 vlan=1", "was killed amid its change");
	fake_sriov.fewer = 0;
	assert_done("recover");
	assert_as(before);
	free(before);
}

/* --- kills --- */

static int in_child(const char *line)
{
	fflush(stdout);
	pid_t pid = fork();
	if (!pid) {
		capture_begin(&said);
		_exit(command(line));
	}
	int status;
	assert_return_code(waitpid(pid, &status, WUNTRACED), errno);
	if (!WIFSTOPPED(status))
		return WEXITSTATUS(status);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return FAKE_DEATH;
}

/* After a kill the change is wholly made or, recovered, wholly undone; never something between. */
static void assert_recovers(const char *before, const char *complete)
{
	all_well();
	assert_done("recover");
	char *after = host_tree_state(&tree);
	if (strcmp(after, before) != 0 && strcmp(after, complete) != 0)
		fail_msg("neither before nor after: %s", after);
	assert_no_journal();
	free(after);
}

static void kills_at_each(int *die_at)
{
	int kills = 0;
	for (unsigned change = 0; change < N_CHANGES; change++) {
		free(prepare(change));
		assert_done(changes[change].line);
		char *complete = host_tree_state(&tree);
		for (int i = 1, status = FAKE_DEATH; status == FAKE_DEATH; i++) {
			char *before = prepare(change);
			*die_at = i;
			status = in_child(changes[change].line);
			kills += status == FAKE_DEATH;
			assert_recovers(before, complete);
			free(before);
		}
		free(complete);
	}
	assert_true(kills > 2 * (int)N_CHANGES);
}

static void a_change_killed_before_any_write_is_recovered(void **state)
{
	(void)state;
	kills_at_each(&fake_sysfs.die_at);
}

static void a_change_killed_after_any_write_is_recovered(void **state)
{
	(void)state;
	kills_at_each(&fake_sysfs.die_after);
}

static void a_change_killed_at_any_netlink_call_is_recovered(void **state)
{
	(void)state;
	kills_at_each(&fake_netadm.die_at);
}

static void a_change_killed_at_any_step_of_its_journal_is_recovered(void **state)
{
	(void)state;
	for (unsigned change = 0; change < N_CHANGES; change++) {
		free(prepare(change));
		assert_done(changes[change].line);
		char *complete = host_tree_state(&tree);
		for (int i = 1, status = FAKE_DEATH; status == FAKE_DEATH; i++) {
			char step[16];
			char *before = prepare(change);
			snprintf(step, sizeof(step), "%d", i);
			setenv("BULKHEAD_STOP_AT", step, 1);
			status = in_child(changes[change].line);
			unsetenv("BULKHEAD_STOP_AT");
			assert_true(i > 1 || status == FAKE_DEATH);
			assert_recovers(before, complete);
			free(before);
		}
		free(complete);
	}
}

static void a_second_change_waits_for_nobody_and_is_refused(void **state)
{
	(void)state;
	int status;
	assert_done("vf create enp2s0f0 2");
	setenv("BULKHEAD_STOP_AT", "1", 1);
	fflush(stdout);
	pid_t pid = fork();
	if (!pid) {
		capture_begin(&said);
		_exit(command("vf set enp2s0f0 0 vlan=5"));
	}
	unsetenv("BULKHEAD_STOP_AT");
	assert_return_code(waitpid(pid, &status, WUNTRACED), errno);
	assert_true(WIFSTOPPED(status));
	assert_refused("vf remove enp2s0f0", "just being changed by another bulkhead vf");
	assert_done("recover"); /* leaves the living one alone */
	kill(pid, SIGCONT);
	assert_return_code(waitpid(pid, &status, 0), errno);
	assert_int_equal(WEXITSTATUS(status), CLI_OK);
	assert_non_null(strstr(settings_of(0), "_5_0_0_0_0_1_0_0"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vfs_are_made_without_a_driver_and_with_a_stable_mac),
		TEST(removing_leaves_everything_as_before_creating),
		TEST(settings_are_set_and_listed),
		TEST(growing_and_shrinking_keeps_what_the_others_had),
		TEST(the_list_is_json_too),
		TEST(what_cannot_be_known_is_not_made_up),
		TEST(a_host_without_sriov_says_so),
		TEST(a_pf_without_an_interface_has_vfs_without_settings),
		TEST(wrong_lines_are_wrong_usage),
		TEST(what_cannot_be_is_refused_before_anything_is_changed),
		TEST(a_vf_that_a_process_has_open_keeps_the_count),
		TEST(a_vf_whose_interface_is_up_keeps_the_count),
		TEST(a_vf_of_a_running_profile_keeps_the_count),
		TEST(a_vf_of_a_killed_profile_keeps_the_count),
		TEST(a_vf_that_is_taken_after_the_first_look_is_seen_by_the_second),
		TEST(a_change_waits_for_a_run_that_is_claiming),
		TEST(a_write_that_fails_puts_everything_back),
		TEST(a_netlink_call_that_fails_puts_everything_back),
		TEST(a_setting_that_does_not_stick_takes_the_others_back),
		TEST(what_cannot_be_put_back_is_said_and_recovered_later),
		TEST(a_change_killed_before_any_write_is_recovered),
		TEST(a_change_killed_after_any_write_is_recovered),
		TEST(a_change_killed_at_any_netlink_call_is_recovered),
		TEST(a_change_killed_at_any_step_of_its_journal_is_recovered),
		TEST(a_second_change_waits_for_nobody_and_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
