/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What --set may say, and what it may not. */
#include "fake/profile_fixture.h"

static void set_changes_an_option_of_each_type(void **state)
{
	struct fixture *f = *state;
	static const char *const sets[] = {
		"vcpus=3",    "memory=64M",  "name=other",     "boot.cmdline=a=b \"c\"",
		"force=true", "reboot=stop", "boot.initrd=/x", "boot.initrd=",
	};
	assert_int_equal(load_bytes(f, MINIMAL, strlen(MINIMAL), sets, ARRAY_LEN(sets)), 0);
	assert_int_equal(f->profile.vcpus, 3);
	assert_int_equal(f->profile.memory, 64 * MIB);
	assert_string_equal(f->profile.name, "other");
	assert_string_equal(f->profile.boot.cmdline, "a=b \"c\"");
	assert_true(f->profile.force);
	assert_int_equal(f->profile.reboot, REBOOT_STOP);
	assert_null(f->profile.boot.initrd);
}

static void set_reaches_into_the_device_list_and_adds_to_it(void **state)
{
	struct fixture *f = *state;
	static const char text[] = MINIMAL "devices = ({ pci = \"01:00.0\"; rom = \"/r\"; });";
	static const char *const sets[] = { "devices[0].rom=off", "devices[0].pci=8086:10ca",
					    "devices[+].pci=02:00.0", "devices[1].group=hold" };
	assert_int_equal(load_bytes(f, text, strlen(text), sets, ARRAY_LEN(sets)), 0);
	assert_int_equal(f->profile.n_devices, 2);
	assert_string_equal(f->profile.device[0].rom, "off");
	assert_true(f->profile.device[0].by_id);
	assert_int_equal(f->profile.device[1].bdf.bus, 2);
	assert_int_equal(f->profile.device[1].group, GROUP_HOLD);
	assert_int_equal(f->profile.device[1].line, 0);
	assert_null(f->profile.device[1].rom);
}

static void set_can_give_what_the_file_leaves_out(void **state)
{
	struct fixture *f = *state;
	static const char *const sets[] = { "name=a", "boot.kernel=/k" };
	assert_int_equal(load_bytes(f, "", 0, sets, 2), 0);
	assert_string_equal(f->profile.boot.kernel, "/k");
}

static void a_relative_name_given_with_set_is_taken_from_here(void **state)
{
	struct fixture *f = *state;
	char here[PATH_MAX], expected[PATH_MAX + 8];
	assert_int_equal(load_with(f, "boot.kernel=k2"), 0);
	assert_non_null(realpath(".", here));
	snprintf(expected, sizeof(expected), "%s/k2", here);
	assert_string_equal(f->profile.boot.kernel, expected);
}

static void set_refuses_what_the_file_may_not_say(void **state)
{
	struct fixture *f = *state;
	set_refused(f, "vcpus=65", "--set: vcpus: 65 is out of range: 1 to 64");
	set_refused(f, "vcpus=two", "--set: vcpus: expected a number, found \"two\"");
	set_refused(f, "vcpus=-1", "--set: vcpus: expected a number, found \"-1\"");
	set_refused(f, "vcpus=18446744073709551617",
		    "--set: vcpus: expected a number, found \"18446744073709551617\"");
	set_refused(f, "vcpus=18446744073709551615",
		    "--set: vcpus: 9223372036854775807 is out of range: 1 to 64");
	set_refused(f, "force=yes", "--set: force: expected true or false, found \"yes\"");
	set_refused(f, "firmware.code=",
		    "--set: firmware.code: expected a file name, found an empty text");
	set_refused(f, "boot.kernal=x",
		    "--set: boot.kernal: unknown key; did you mean \"kernel\"?");
	set_refused(f, "devices[+].gruop=hold",
		    "--set: devices[0].gruop: unknown key; did you mean \"group\"?");
	set_refused(f, "devices[+].group=hold",
		    "--set: devices[0].pci: missing; "
		    "give a text such as \"0000:01:00.0\", or the PF of a VF as `vf`");
	set_refused(f, "devices[0].pci=01:00.0",
		    "--set: devices: no element \"0\", it has 0; devices[+] adds one");
}

static void set_says_how_a_path_looks(void **state)
{
	struct fixture *f = *state;
	const char *hint = "; a path looks like boot.cmdline, devices[0].rom or devices[+].pci";
	static const char *const wrong[][2] = {
		{ "=1", "--set: cannot read the path at \"\"" },
		{ ".a=1", "--set: cannot read the path at \".a\"" },
		{ "boot.=1", "--set: boot: cannot read the path at \"\"" },
		{ "vcpus.x=1", "--set: vcpus: cannot read the path at \".x\"" },
		{ "vcpus[0]=1", "--set: vcpus: cannot read the path at \"[0]\"" },
		{ "devices.pci=1", "--set: devices: cannot read the path at \".pci\"" },
		{ "devices[0.pci=1", "--set: devices: cannot read the path at \"[0.pci\"" },
		{ "devices[x].pci=1", "--set: devices: cannot read the path at \"x\"" },
		{ "devices[].pci=1", "--set: devices: cannot read the path at \"\"" },
		{ "devices[-1].pci=1", "--set: devices: cannot read the path at \"-1\"" },
		{ "devices[+]x=1", "--set: devices[0]: cannot read the path at \"x\"" },
		{ "devices[+][+]=1", "--set: devices[0]: cannot read the path at \"[+]\"" },
	};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		char message[256];
		snprintf(message, sizeof(message), "%s%s", wrong[i][1], hint);
		set_refused(f, wrong[i][0], message);
	}
	set_refused(f, "vcpus", "--set: expected PATH=VALUE, found \"vcpus\"");
	set_refused(f, "boot=1",
		    "--set: boot: is a group; set one of its keys, such as boot.kernel");
	set_refused(f, "devices=1",
		    "--set: devices: is a list; name an element, devices[0] or devices[+]");
	set_refused(f, "devices[+]=1",
		    "--set: devices[0]: is a group; set one of its keys, such as devices[0].pci");
}

static void set_cannot_add_more_devices_than_fit(void **state)
{
	struct fixture *f = *state;
	const char *sets[PROFILE_MAX_DEVICES + 1];
	char texts[PROFILE_MAX_DEVICES + 1][40];
	for (unsigned i = 0; i < ARRAY_LEN(sets); i++) {
		snprintf(texts[i], sizeof(texts[i]), "devices[+].pci=%02x:00.0", i);
		sets[i] = texts[i];
	}
	assert_int_equal(load_bytes(f, MINIMAL, strlen(MINIMAL), sets, PROFILE_MAX_DEVICES), 0);
	assert_int_equal(load_bytes(f, MINIMAL, strlen(MINIMAL), sets, ARRAY_LEN(sets)), -ERANGE);
	assert_string_equal(f->text, "--set: devices: more than 64 elements");
}

static void a_duplicate_made_by_set_is_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const sets[] = { "devices[+].pci=01:00.0", "devices[+].pci=01:00.0" };
	assert_int_equal(load_bytes(f, MINIMAL, strlen(MINIMAL), sets, 2), -EEXIST);
	assert_string_equal(f->text, "--set: devices[1].pci: 01:00.0 is already devices[0]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(set_changes_an_option_of_each_type),
		TEST(set_reaches_into_the_device_list_and_adds_to_it),
		TEST(set_can_give_what_the_file_leaves_out),
		TEST(a_relative_name_given_with_set_is_taken_from_here),
		TEST(set_refuses_what_the_file_may_not_say),
		TEST(set_says_how_a_path_looks),
		TEST(set_cannot_add_more_devices_than_fit),
		TEST(a_duplicate_made_by_set_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
