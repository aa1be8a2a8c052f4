/* SPDX-License-Identifier: GPL-2.0-or-later */
// with: fake/host_tree.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>

#include "base/bytes.h"
#include "device_config.h"
#include "fake/host_tree.h"
#include "identity.h"

#define CONFIG(bdf) "sys/devices/pci0000:00/" bdf "/config"

static const struct bdf nic = { 0, 1, 0, 0 }, twin = { 0, 2, 0, 0 }, other = { 0, 3, 0, 0 },
			nowhere = { 0, 9, 0, 0 };

static const char devices[] = "pci 0000:01:00.0 8086:10d3 class=020000 group=1\n"
			      "pci 0000:02:00.0 8086:10d3 class=020000 group=2\n"
			      "pci 0000:03:00.0 1b36:0010 class=010802 group=3\n";

static struct host_tree tree;
static struct err err;

/* An extended configuration space with one capability, a serial number that ends in `last`. */
static void give_serial(const char *path, uint8_t last)
{
	uint8_t cfg[4096] = { 0x86, 0x80, 0xd3, 0x10 };
	le_put(cfg + 0x100, 4, 0x00010003);
	for (unsigned i = 0; i < 8; i++)
		cfg[0x104 + i] = (uint8_t)(0xc0 - i);
	cfg[0x104] = last;
	assert_int_equal(tempdir_write(&tree.dir, path, cfg, sizeof(cfg)), 0);
}

static int setup(void **state)
{
	(void)state;
	err = (struct err){ 0 };
	host_tree_make(&tree, devices);
	give_serial(CONFIG("0000:01:00.0"), 1);
	give_serial(CONFIG("0000:02:00.0"), 2);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_tree_remove(&tree);
	return 0;
}

static void a_device_shows_who_it_is(void **state)
{
	(void)state;
	struct identity found;
	assert_int_equal(identity_read(&tree.host, nic, &found), 0);
	assert_string_equal(found.ids, "8086:10d3");
	assert_string_equal(found.subsystem, "8086:0001");
	assert_string_equal(found.serial, "b9-ba-bb-bc-bd-be-bf-01");
	assert_string_equal(found.slot, "0000:00/00.0");
	assert_int_equal(identity_read(&tree.host, other, &found), 0);
	assert_string_equal(found.serial, "");
	assert_int_equal(identity_read(&tree.host, nowhere, &found), -ENODEV);
}

static void the_slot_is_the_way_there_without_bus_numbers(void **state)
{
	(void)state;
	struct identity found;
	host_tree_add(&tree, "sys/bus/pci/devices/0001:42:00.1 -> "
			     "../../../devices/pci0001:40/0001:40:03.1/0001:41:1f.0/0001:42:00.1\n"
			     "sys/devices/pci0001:40/0001:40:03.1/0001:41:1f.0/0001:42:00.1/\n");
	assert_int_equal(identity_read(&tree.host, (struct bdf){ 1, 0x42, 0, 1 }, &found), 0);
	assert_string_equal(found.slot, "0001:40/03.1/1f.0/00.1");
	assert_string_equal(found.ids, "");
}

static int check(struct bdf bdf, struct identity want)
{
	err = (struct err){ 0 };
	return identity_check(&tree.host, bdf, &want, &err);
}

static void assert_says(const char *words)
{
	if (!strstr(err.text, words))
		fail_msg("no '%s' in: %s", words, err.text);
}

static void the_one_that_is_meant_is_accepted_by_any_of_its_marks(void **state)
{
	(void)state;
	assert_int_equal(check(nic, (struct identity){ .ids = "8086:10D3" }), 0);
	assert_int_equal(check(nic, (struct identity){ .subsystem = "8086:0001" }), 0);
	assert_int_equal(check(nic, (struct identity){ .serial = "B9-ba-bb-bc-bd-be-bf-01" }), 0);
	assert_int_equal(check(nic, (struct identity){ .slot = "0000:00/00.0" }), 0);
	assert_int_equal(check(nic, (struct identity){ .ids = "" }), 0);
}

static void twins_are_told_apart_by_serial_and_found_again(void **state)
{
	(void)state;
	const struct identity want = { .ids = "8086:10d3", .serial = "b9-ba-bb-bc-bd-be-bf-01" };
	assert_int_equal(check(twin, want), -ESTALE);
	assert_says("0000:02:00.0 is another device: serial b9-ba-bb-bc-bd-be-bf-02, not");
	assert_says("it is at 0000:01:00.0 now: set pci = \"0000:01:00.0\"");
	assert_int_equal(check(other, (struct identity){ .serial = "b9-ba-bb-bc-bd-be-bf-01" }), -ESTALE);
	assert_says("shows no serial number");
	assert_int_equal(check(nowhere, want), -ENODEV);
	assert_says("it is at 0000:01:00.0 now");
}

static void several_that_fit_are_all_named(void **state)
{
	(void)state;
	assert_int_equal(check(other, (struct identity){ .ids = "8086:10d3" }), -ESTALE);
	assert_says("it may be one of 0000:0");
	assert_says("0000:02:00.0");
}

static void one_that_moved_to_another_slot_is_found_by_its_other_marks(void **state)
{
	(void)state;
	const struct identity want = { .serial = "b9-ba-bb-bc-bd-be-bf-02",
				       .slot = "0000:00/1c.0/00.0" };
	assert_int_equal(check(twin, want), -ESTALE);
	assert_says("slot 0000:00/00.0, not 0000:00/1c.0/00.0");
	assert_says("it is at 0000:02:00.0 now");
}

static void one_that_is_nowhere_is_said_to_be(void **state)
{
	(void)state;
	assert_int_equal(check(nic, (struct identity){ .ids = "dead:beef" }), -ESTALE);
	assert_says("no device of this host is the one that is meant");
	assert_int_equal(check(nic, (struct identity){ .slot = "0000:00/1c.0/00.0" }), -ESTALE);
	assert_says("no device of this host is the one that is meant");
}

static void what_no_mark_looks_like_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *field, *good, *bad;
	} cases[] = {
		{ "ids", "8086:10d3", "8086" },
		{ "subsystem", "8086:0001", "intel" },
		{ "serial", "00-1b-21-ff-ff-a3-b4-c5", "00-1b-21-ff-ff-a3-b4" },
		{ "serial", "00-1B-21-FF-FF-A3-B4-C5", "00:1b:21:ff:ff:a3:b4:c5" },
		{ "serial", "00-1b-21-ff-ff-a3-b4-c5", "00-1b-21-ff-ff-a3-b4-c5-" },
		{ "slot", "0000:00/01.0/00.0", "0000:01:00.0" },
		{ "slot", "0000:00/01.0", "slot/1" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(identity_accept(cases[i].field, cases[i].good, &err), 0);
		assert_int_equal(identity_accept(cases[i].field, cases[i].bad, &err), -EINVAL);
		assert_says("expected ");
	}
}

static void a_serial_number_that_runs_off_the_end_is_none(void **state)
{
	(void)state;
	uint8_t cfg[0x108] = { 0x86, 0x80, 0xd3, 0x10 };
	struct identity found;
	le_put(cfg + 0x100, 4, 0x00010003);
	assert_int_equal(tempdir_write(&tree.dir, CONFIG("0000:01:00.0"), cfg, sizeof(cfg)), 0);
	assert_int_equal(identity_read(&tree.host, nic, &found), 0);
	assert_string_equal(found.serial, "");
}

static void a_device_that_is_all_ones_does_not_answer(void **state)
{
	(void)state;
	struct device_config config;
	uint8_t cfg[256];
	assert_int_equal(device_config_read(&tree.host, other, &config), 0);
	assert_int_equal(config.n, 256);
	assert_true(device_config_answers(&config));
	memset(cfg, 0xff, sizeof(cfg));
	assert_int_equal(tempdir_write(&tree.dir, CONFIG("0000:03:00.0"), cfg, sizeof(cfg)), 0);
	assert_int_equal(device_config_read(&tree.host, other, &config), 0);
	assert_false(device_config_answers(&config));
	/* A VF has no ids of its own, and answers all the same. */
	cfg[0x0b] = 2;
	assert_int_equal(tempdir_write(&tree.dir, CONFIG("0000:03:00.0"), cfg, sizeof(cfg)), 0);
	assert_int_equal(device_config_read(&tree.host, other, &config), 0);
	assert_true(device_config_answers(&config));
	assert_int_equal(tempdir_write(&tree.dir, CONFIG("0000:03:00.0"), cfg, 63), 0);
	assert_int_equal(device_config_read(&tree.host, other, &config), -EIO);
	assert_int_equal(device_config_read(&tree.host, nowhere, &config), -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_device_shows_who_it_is),
		T(the_slot_is_the_way_there_without_bus_numbers),
		T(the_one_that_is_meant_is_accepted_by_any_of_its_marks),
		T(twins_are_told_apart_by_serial_and_found_again),
		T(several_that_fit_are_all_named),
		T(one_that_moved_to_another_slot_is_found_by_its_other_marks),
		T(one_that_is_nowhere_is_said_to_be),
		T(what_no_mark_looks_like_is_refused),
		T(a_serial_number_that_runs_off_the_end_is_none),
		T(a_device_that_is_all_ones_does_not_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
