/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said of the hosts in tests/fixtures, word by word. The expected texts are in
 * tests/fixtures/expected; UPDATE_EXPECTED=1 writes them anew, for a person to read the difference.
 */
// replaces: core/sysfs.c kvm/uapi.c
// with: fake/fake_sysfs.c fake/host_tree.c fake/fake_kvm.c fake/fake_kvm_vcpu.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "cmd.h"
#include "fake/bzimage.h"
#include "fake/capture.h"
#include "fake/fake_kvm.h"
#include "fake/tempdir.h"

#define FIXTURES "tests/fixtures/"

static struct tempdir dir;
static struct capture capture;

static int setup(void **state)
{
	(void)state;
	fake_kvm_reset();
	fake_kvm.cpuid[0] = (struct kvm_cpuid_entry2){ .function = 0, .eax = 0xd };
	assert_int_equal(tempdir_make(&dir), 0);
	assert_int_equal(bzimage_write(&dir), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tempdir_remove(&dir);
	return 0;
}

static const char *host_path(const char *host)
{
	static char path[64];
	snprintf(path, sizeof(path), FIXTURES "%s.snapshot", host);
	return path;
}

static void as_expected(const char *name)
{
	char path[96];
	autofree void *expected = NULL;
	size_t size;
	snprintf(path, sizeof(path), FIXTURES "expected/%s", name);
	if (getenv("UPDATE_EXPECTED")) {
		FILE *f = fopen(path, "we");
		assert_non_null(f);
		fputs(capture.out, f);
		assert_int_equal(fclose(f), 0);
	}
	assert_int_equal(file_load(path, CAPTURE_MAX, &expected, &size), 0);
	if (size != strlen(capture.out) || memcmp(expected, capture.out, size) != 0)
		fail_msg("%s differs; it is now:\n%s%s", path, capture.out, capture.err);
}

static int run(int (*command)(int argc, char **argv), const char *host, const char *operand)
{
	char *argv[] = { (char *)"command", (char *)"--sysfs", (char *)host_path(host),
			 (char *)operand, NULL };
	capture_begin(&capture);
	int status = command(operand ? 4 : 3, argv);
	capture_end(&capture);
	return status;
}

static void show(const char *host, const char *device, const char *expected)
{
	assert_int_equal(run(cmd_devices, host, device), CLI_OK);
	assert_string_equal(capture.err, "");
	as_expected(expected);
}

/* A profile that users start from, on the host it was written for. */
static void check_shipped(const char *host, const char *profile)
{
	assert_int_equal(run(cmd_check, host, profile), CLI_OK);
	assert_string_equal(capture.err, "");
}

static void check_with(const char *host, const char *devices, const char *more, int status,
		       const char *expected)
{
	char text[2048];
	snprintf(text, sizeof(text),
		 "name = \"%s\"; vcpus = 4; memory = \"4G\";\n"
		 "boot = { kernel = \"bzImage\"; };\ndevices = ( %s );\n%s",
		 host, devices, more);
	assert_int_equal(tempdir_write(&dir, "guest.cfg", text, strlen(text)), 0);
	assert_int_equal(run(cmd_check, host, tempdir_path(&dir, "guest.cfg")), status);
	assert_string_equal(capture.err, "");
	as_expected(expected);
}

static void check(const char *host, const char *devices, int status, const char *expected)
{
	check_with(host, devices, "", status, expected);
}

static void profiles_that_users_start_from_run_where_they_are_meant_for(void **state)
{
	(void)state;
	check_shipped("desktop", "profiles/windows-gpu.cfg");
	assert_non_null(strstr(capture.out, "01:00.3")); /* all four functions of the card */
	check_shipped("desktop", "profiles/linux-desktop.cfg");
	assert_non_null(strstr(capture.out, "held      0000:00:14.2"));
	check_shipped("desktop", "profiles/installer.cfg");
	/* profiles/nfv-router.cfg asks the kernel for VFs, which only a real one can answer. */
}

static void the_hosts_are_what_their_generator_makes(void **state)
{
	(void)state;
	static const char *const hosts[] = { "desktop", "nfv", "laptop" };
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		char command[160];
		snprintf(command, sizeof(command),
			 FIXTURES "make %s | cmp -s - " FIXTURES "%s.snapshot", hosts[i], hosts[i]);
		assert_int_equal(system(command), 0);
	}
}

static void the_devices_of_a_desktop(void **state)
{
	(void)state;
	show("desktop", NULL, "desktop-devices");
}

static void the_devices_of_a_server(void **state)
{
	(void)state;
	show("nfv", NULL, "nfv-devices");
}

static void the_devices_of_a_laptop(void **state)
{
	(void)state;
	show("laptop", NULL, "laptop-devices");
}

static void a_card_below_a_port_without_acs(void **state)
{
	(void)state;
	show("desktop", "0000:01:00.0", "desktop-card");
}

static void two_slots_in_one_group(void **state)
{
	(void)state;
	show("desktop", "0000:05:00.0", "desktop-shared-slot");
}

static void a_port_that_the_kernel_knows(void **state)
{
	(void)state;
	show("desktop", "0000:03:00.0", "desktop-quirk");
}

static void a_bridge_to_conventional_pci(void **state)
{
	(void)state;
	show("desktop", "0000:08:01.0", "desktop-conventional");
}

static void functions_that_are_not_kept_apart(void **state)
{
	(void)state;
	show("nfv", "0000:04:00.1", "nfv-functions");
}

static void a_physical_function_and_its_vf(void **state)
{
	(void)state;
	show("nfv", "0000:17:00.0", "nfv-pf");
	show("nfv", "0000:17:01.0", "nfv-vf");
}

static void a_card_that_sleeps(void **state)
{
	(void)state;
	show("laptop", "0000:01:00.0", "laptop-asleep");
}

static void what_the_hosts_can_do(void **state)
{
	(void)state;
	static const char *const hosts[] = { "desktop", "nfv", "laptop" };
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		char expected[32];
		snprintf(expected, sizeof(expected), "%s-host", hosts[i]);
		assert_int_equal(run(cmd_host, hosts[i], NULL), CLI_OK);
		as_expected(expected);
	}
}

static void a_guest_with_the_whole_card(void **state)
{
	(void)state;
	check("desktop", "{ pci = \"0000:01:00.0\"; group = \"take\"; }", CLI_OK,
	      "desktop-check-card");
}

static void a_guest_with_the_processors_graphics(void **state)
{
	(void)state;
	check_with("desktop",
		   "{ pci = \"0000:00:02.0\"; igd_stolen = \"32M\"; }, { pci = \"0000:03:00.0\"; }",
		   "force = true;", CLI_OK, "desktop-check-graphics");
}

static void a_guest_that_wants_too_much(void **state)
{
	(void)state;
	check("desktop",
	      "{ pci = \"0000:01:00.0\"; }, { pci = \"0000:03:00.0\"; }, "
	      "{ pci = \"0000:05:00.0\"; }, { pci = \"0000:00:02.0\"; }, "
	      "{ pci = \"0000:00:17.0\"; }",
	      CLI_FAILED, "desktop-check-refused");
}

static void a_guest_with_a_vf_of_each_socket(void **state)
{
	(void)state;
	check("nfv", "{ pci = \"0000:17:01.0\"; }, { pci = \"0000:ca:01.1\"; }", CLI_OK,
	      "nfv-check");
}

static void a_guest_with_the_sleeping_card(void **state)
{
	(void)state;
	check("laptop", "{ pci = \"0000:01:00.0\"; group = \"take\"; }", CLI_FAILED,
	      "laptop-check");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(the_hosts_are_what_their_generator_makes),
		T(profiles_that_users_start_from_run_where_they_are_meant_for),
		T(the_devices_of_a_desktop),
		T(the_devices_of_a_server),
		T(the_devices_of_a_laptop),
		T(a_card_below_a_port_without_acs),
		T(two_slots_in_one_group),
		T(a_port_that_the_kernel_knows),
		T(a_bridge_to_conventional_pci),
		T(functions_that_are_not_kept_apart),
		T(a_physical_function_and_its_vf),
		T(a_card_that_sleeps),
		T(what_the_hosts_can_do),
		T(a_guest_with_the_whole_card),
		T(a_guest_with_the_processors_graphics),
		T(a_guest_that_wants_too_much),
		T(a_guest_with_a_vf_of_each_socket),
		T(a_guest_with_the_sleeping_card),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
