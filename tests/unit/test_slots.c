/* SPDX-License-Identifier: GPL-2.0-or-later */
// with: fake/plan_host.c fake/host_tree.c
#include "slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/layout.h"
#include "fake/host_tree.h"
#include "fake/plan_host.h"

static char name_of[40][16], path_of[8][24];

/* A host of twenty devices; what the profile wants of them is each test's. */
static int host_of_twenty(void **state)
{
	plan_setup(state);
	for (unsigned i = 1; i <= 20; i++) {
		snprintf(name_of[i], sizeof(name_of[i]), "0000:%02x:00.0", i);
		add_dev(name_of[i], (int)i, "igb");
	}
	return 0;
}

/* A run with exactly these devices, in this order; what it dealt is there for the next one. */
static void run_with(const unsigned *devices)
{
	plan_fini(&plan);
	memset(&profile.device, 0, sizeof(profile.device));
	profile.n_devices = 0;
	for (; *devices; devices++)
		want(name_of[*devices], GROUP_REFUSE);
	assert_accepted();
	dealt = plan.slots;
}
#define RUN(...) run_with((const unsigned[]){ __VA_ARGS__, 0 })

/* Where host device `n` sits in the guest. */
static unsigned slot(unsigned n)
{
	for (unsigned i = 0; i < plan.n_devices; i++)
		if (plan.device[i].dev->bdf.bus == n)
			return plan.port[plan.device[i].port].slot;
	fail_msg("device %u is not in the guest", n);
	return 0;
}

/* --- edits --- */

static void a_first_run_deals_in_order(void **state)
{
	(void)state;
	RUN(3, 1, 2);
	assert_int_equal(slot(3), 1);
	assert_int_equal(slot(1), 2);
	assert_int_equal(slot(2), 3);
	assert_true(plan.slots_are_new);
}

static void the_same_profile_again_has_nothing_to_keep(void **state)
{
	(void)state;
	RUN(3, 1, 2);
	RUN(3, 1, 2);
	assert_false(plan.slots_are_new);
	assert_int_equal(slot(2), 3);
}

static void removing_the_first_moves_no_other(void **state)
{
	(void)state;
	RUN(1, 2, 3);
	RUN(2, 3);
	assert_int_equal(slot(2), 2);
	assert_int_equal(slot(3), 3);
	assert_int_equal(plan.device[0].guest.bus, 2);
	assert_int_equal(plan.port[0].windows.secondary, 2);
	assert_false(plan.slots_are_new);
}

static void one_added_in_the_middle_gets_a_new_slot(void **state)
{
	(void)state;
	RUN(1, 2, 3);
	RUN(1, 9, 2, 3);
	assert_int_equal(slot(1), 1);
	assert_int_equal(slot(2), 2);
	assert_int_equal(slot(3), 3);
	assert_int_equal(slot(9), 4);
	assert_true(plan.slots_are_new);
}

static void reordering_moves_nothing(void **state)
{
	(void)state;
	RUN(1, 2, 3);
	RUN(3, 2, 1);
	assert_int_equal(slot(1), 1);
	assert_int_equal(slot(2), 2);
	assert_int_equal(slot(3), 3);
}

static void one_that_comes_back_finds_its_slot_free(void **state)
{
	(void)state;
	RUN(1, 2, 3);
	RUN(1, 3);
	RUN(1, 3, 4);
	assert_int_equal(slot(4), 4);
	RUN(4, 1, 3, 2);
	assert_int_equal(slot(2), 2);
}

static void when_slots_run_out_those_of_the_absent_are_dealt_again(void **state)
{
	(void)state;
	memset(&dealt, 0, sizeof(dealt));
	for (unsigned i = SLOT_FIRST; i <= SLOT_LAST; i++) {
		char owner[16];
		snprintf(owner, sizeof(owner), "gone %u", i);
		assert_int_equal(slots_set(&dealt, owner, i), 0);
	}
	assert_int_equal(slots_set(&dealt, name_of[5], 7), 0);
	RUN(4, 5);
	assert_int_equal(slot(5), 7);
	assert_int_equal(slot(4), 1);
	assert_int_equal(slots_of(&plan.slots, "gone 1"), 0);
	assert_int_equal(slots_of(&plan.slots, "gone 2"), 2);
	assert_int_equal(slots_of(&plan.slots, name_of[4]), 1);
}

static void functions_of_one_card_are_found_by_any_of_them(void **state)
{
	(void)state;
	add_dev("0000:30:00.0", 30, "nouveau");
	add_dev("0000:30:00.1", 30, "snd_hda_intel");
	RUN(1);
	want("0000:30:00.0", GROUP_REFUSE);
	want("0000:30:00.1", GROUP_REFUSE);
	plan_fini(&plan);
	assert_accepted();
	dealt = plan.slots;
	assert_int_equal(slots_of(&dealt, "0000:30:00.0"), 2);
	assert_int_equal(slots_of(&dealt, "0000:30:00.1"), 2);
	/* The card's first entry goes, another device comes before it: it stays where it is. */
	plan_fini(&plan);
	profile.n_devices = 0;
	memset(&profile.device, 0, sizeof(profile.device));
	want(name_of[2], GROUP_REFUSE);
	want("0000:30:00.1", GROUP_TAKE);
	assert_accepted();
	assert_int_equal(plan.port[plan.device[1].port].slot, 2);
	assert_int_equal(slot(2), 3);
}

static void entries_by_the_same_identifier_are_told_apart(void **state)
{
	(void)state;
	static char any[] = "enp1s0f0";
	add_dev("0000:40:10.0", 40, "")->is_vf = true;
	for (unsigned i = 0; i < 2; i++) {
		struct profile_device *wanted = want(name_of[1 + i], GROUP_REFUSE);
		wanted->pci = any; /* what an entry is called is its text */
	}
	assert_accepted();
	assert_int_equal(plan.slots.n, 2);
	assert_int_equal(slots_of(&plan.slots, "enp1s0f0"), 1);
	assert_int_equal(slots_of(&plan.slots, "enp1s0f0 #2"), 2);
}

static void random_edits_never_move_who_stays(void **state)
{
	(void)state;
	unsigned at[21] = { 0 };
	srand(7);
	for (unsigned round = 0; round < 300; round++) {
		unsigned devices[21], n = 0;
		for (unsigned i = 1; i <= 20; i++)
			if (rand() % 3)
				devices[n++] = i;
		for (unsigned i = n; i > 1; i--) {
			unsigned j = (unsigned)rand() % i, kept = devices[i - 1];
			devices[i - 1] = devices[j];
			devices[j] = kept;
		}
		devices[n] = 0;
		run_with(devices);
		uint32_t used = 0;
		for (unsigned i = 0; i < n; i++) {
			unsigned now = slot(devices[i]);
			assert_false(used >> now & 1);
			used |= UINT32_C(1) << now;
			if (at[devices[i]])
				assert_int_equal(now, at[devices[i]]);
			at[devices[i]] = now;
		}
	}
}

static void a_record_of_a_slot_that_is_not_there_is_passed_over(void **state)
{
	(void)state;
	assert_int_equal(slots_set(&dealt, name_of[1], 31), 0);
	RUN(1);
	assert_int_equal(slot(1), 1);
}

static void slots_that_are_not_known_are_a_note(void **state)
{
	(void)state;
	const struct plan_facts facts = { .inv = &inv, .slots_unknown = "slots: Permission denied" };
	want(name_of[1], GROUP_REFUSE);
	assert_int_equal(plan_make(&plan, &profile, &facts), 0);
	assert_int_equal(plan.refusals.n, 0);
	assert_warning("may be others than before: slots: Permission denied");
}

/* --- disks --- */

/* As run_with, of disks; paths are numbered. */
static void disks_with(const unsigned *disks)
{
	plan_fini(&plan);
	memset(&profile.disk, 0, sizeof(profile.disk));
	profile.n_disks = 0;
	for (; *disks; disks++) {
		snprintf(path_of[*disks], sizeof(path_of[0]), "/image%u", *disks);
		profile.disk[profile.n_disks++].path = path_of[*disks];
	}
	assert_accepted();
	dealt = plan.slots;
}
#define DISKS(...) disks_with((const unsigned[]){ __VA_ARGS__, 0 })

static unsigned port(unsigned disk)
{
	for (unsigned i = 0; i < profile.n_disks; i++)
		if (profile.disk[i].path == path_of[disk])
			return plan.disk_port[i];
	fail_msg("disk %u is not in the profile", disk);
	return 0;
}

static void disks_keep_their_ports_over_edits(void **state)
{
	(void)state;
	DISKS(1, 2, 3);
	assert_int_equal(port(1), 0);
	assert_int_equal(port(3), 2);
	assert_true(plan.slots_are_new);
	DISKS(3, 2);
	assert_int_equal(port(2), 1);
	assert_int_equal(port(3), 2);
	assert_false(plan.slots_are_new);
	DISKS(4, 2, 3);
	assert_int_equal(port(4), 3);
	assert_int_equal(port(2), 1);
	DISKS(2, 1);
	assert_int_equal(port(1), 0);
}

static void when_ports_run_out_those_of_absent_disks_are_dealt_again(void **state)
{
	(void)state;
	DISKS(1, 2, 3, 4, 5, 6);
	DISKS(7, 6, 2);
	assert_int_equal(port(6), 5);
	assert_int_equal(port(2), 1);
	assert_int_equal(port(7), 0);
	DISKS(1, 2, 6, 7);
	assert_int_equal(port(1), 2); /* its own has gone to another */
	assert_int_equal(port(7), 0);
}

static void one_image_may_be_at_two_ports(void **state)
{
	(void)state;
	DISKS(1, 1);
	assert_int_equal(plan.disk_port[0], 0);
	assert_int_equal(plan.disk_port[1], 1);
	DISKS(2, 1, 1);
	assert_int_equal(plan.disk_port[1], 0);
	assert_int_equal(plan.disk_port[2], 1);
	assert_int_equal(plan.disk_port[0], 2);
}

static void devices_and_disks_do_not_take_each_others_slots(void **state)
{
	(void)state;
	want(name_of[3], GROUP_REFUSE);
	DISKS(1, 2);
	assert_int_equal(slot(3), 1);
	assert_int_equal(plan.slots.n, 3);
	struct slots before = dealt;
	DISKS(1, 2);
	assert_false(plan.slots_are_new);
	assert_memory_equal(&before, &plan.slots, sizeof(before));
}

/* --- the file --- */

static void assert_bad(const char *text, const char *word)
{
	struct slots slots;
	struct err err = { 0 };
	assert_int_equal(slots_parse(&slots, text, strlen(text), &err), -EINVAL);
	if (!strstr(err.text, word))
		fail_msg("no '%s' in: %s", word, err.text);
}

static void lines_are_read_and_comments_passed_over(void **state)
{
	(void)state;
	static const char text[] = "# for people\n3 0000:01:00.0\n\n28 VF 2 of enp2s0f0\n3 x";
	struct slots slots;
	assert_int_equal(slots_parse(&slots, text, strlen(text), NULL), 0);
	assert_int_equal(slots.n, 3);
	assert_int_equal(slots_of(&slots, "0000:01:00.0"), 3);
	assert_int_equal(slots_of(&slots, "VF 2 of enp2s0f0"), 28);
	assert_int_equal(slots_of(&slots, "x"), 3);
	assert_int_equal(slots_of(&slots, "y"), 0);
	assert_int_equal(slots_parse(&slots, "", 0, NULL), 0);
	assert_int_equal(slots.n, 0);
}

static void each_fault_is_named_with_its_line(void **state)
{
	(void)state;
	assert_bad("1 a\n0 b\n", "line 2: does not begin with a slot, 1 to 28");
	assert_bad("29 a\n", "line 1: does not begin");
	assert_bad("9999999999 a\n", "line 1: does not begin");
	assert_bad("a\n", "does not begin");
	assert_bad("sata 6 a\n", "or \"sata\" and a port, 0 to 5");
	assert_bad("sata a\n", "does not begin");
	assert_bad("sata 1 \n", "names no entry");
	assert_bad("sata 1 a\nsata 2 a\n", "line 2: 'sata a' has a slot already");
	assert_bad("7", "does not begin");
	assert_bad("7 \n", "names no entry");
	assert_bad("7 a\tb\n", "names no entry");
	assert_bad("1 a\n2 a\n", "line 2: 'a' has a slot already");
	char text[SLOT_HOLDER_SIZE + 8] = "1 ";
	memset(text + 2, 'x', SLOT_HOLDER_SIZE);
	assert_bad(text, "names no entry");
}

static void more_lines_than_there_is_room_for_are_refused(void **state)
{
	(void)state;
	char text[8192];
	size_t n = 0;
	for (unsigned i = 0; i <= SLOTS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "1 owner %u\n", i);
	assert_bad(text, "line 129: is one too many");
}

static struct host_tree tree;

static int with_tree(void **state)
{
	host_of_twenty(state);
	host_tree_make(&tree, "");
	return 0;
}

static int without_tree(void **state)
{
	host_tree_remove(&tree);
	return plan_teardown(state);
}

static void what_is_kept_is_read_back(void **state)
{
	(void)state;
	struct slots slots;
	assert_int_equal(slots_load(&slots, &tree.host, "demo", NULL), 0);
	assert_int_equal(slots.n, 0);
	profile.disk[0].path = path_of[0];
	profile.n_disks = 1;
	RUN(5, 3);
	assert_int_equal(slots_store(&plan.slots, &tree.host, "demo", NULL), 0);
	assert_int_equal(slots_load(&slots, &tree.host, "demo", NULL), 0);
	assert_int_equal(slots.n, 3);
	for (unsigned i = 0; i < slots.n; i++)
		assert_int_equal(slots_of(&slots, plan.slots.at[i].owner.s), plan.slots.at[i].slot);
	assert_int_equal(slots_of(&slots, name_of[5]), 1);
	assert_int_equal(slots_of(&slots, name_of[3]), 2);
}

static void a_damaged_file_is_named_with_the_remedy_and_left_alone(void **state)
{
	(void)state;
	static const char text[] = "1 a\nrubbish\n";
	char path[600];
	struct slots slots;
	struct err err = { 0 };
	RUN(5);
	assert_int_equal(slots_store(&plan.slots, &tree.host, "demo", NULL), 0);
	snprintf(path, sizeof(path), "%s/demo/slots", tree.host.state_path);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(slots_load(&slots, &tree.host, "demo", &err), -EINVAL);
	assert_non_null(strstr(err.text, "demo/slots: line 2: "));
	assert_non_null(strstr(err.text, "remove it to have all slots dealt anew"));
	assert_int_equal(chmod(path, 0600), 0);
	struct stat now;
	assert_int_equal(stat(path, &now), 0);
	assert_int_equal(now.st_size, sizeof(text) - 1);
	/* A directory of that name is no file. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_true(slots_load(&slots, &tree.host, "demo", &err) < 0);
	assert_true(slots_store(&plan.slots, &tree.host, "demo", &err) < 0);
	assert_non_null(strstr(err.text, "demo/slots"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, host_of_twenty, plan_teardown)
#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, with_tree, without_tree)
	const struct CMUnitTest tests[] = {
		TEST(a_first_run_deals_in_order),
		TEST(the_same_profile_again_has_nothing_to_keep),
		TEST(removing_the_first_moves_no_other),
		TEST(one_added_in_the_middle_gets_a_new_slot),
		TEST(reordering_moves_nothing),
		TEST(one_that_comes_back_finds_its_slot_free),
		TEST(when_slots_run_out_those_of_the_absent_are_dealt_again),
		TEST(functions_of_one_card_are_found_by_any_of_them),
		TEST(entries_by_the_same_identifier_are_told_apart),
		TEST(random_edits_never_move_who_stays),
		TEST(a_record_of_a_slot_that_is_not_there_is_passed_over),
		TEST(slots_that_are_not_known_are_a_note),
		TEST(disks_keep_their_ports_over_edits),
		TEST(when_ports_run_out_those_of_absent_disks_are_dealt_again),
		TEST(one_image_may_be_at_two_ports),
		TEST(devices_and_disks_do_not_take_each_others_slots),
		TEST(lines_are_read_and_comments_passed_over),
		TEST(each_fault_is_named_with_its_line),
		TEST(more_lines_than_there_is_room_for_are_refused),
		FILE_TEST(what_is_kept_is_read_back),
		FILE_TEST(a_damaged_file_is_named_with_the_remedy_and_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
