/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c kvm/uapi.c
// with: fake/fake_sysfs.c fake/host_tree.c fake/fake_kvm.c fake/fake_kvm_vcpu.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/file.h"
#include "cmd.h"
#include "fake/capture.h"
#include "fake/fake_kvm.h"
#include "fake/fake_sysfs.h"
#include "fake/host_tree.h"
#include "fingerprint.h"

static const char server[] =
	"driver nvme\n"
	"pci 0000:01:00.0 1b36:0010 class=010802 group=1 driver=nvme msix=33 pin=1 bar0=m64:16K "
	"reset=flr\n"
	"proc/sys/kernel/hostname = annas-box\\n\n"
	"proc/sys/kernel/osrelease = 6.1.0-18-amd64\\n\n"
	"proc/cmdline = BOOT_IMAGE=/vmlinuz root=UUID=3c1b0a3e-1b7f-4f0d-9d0c-0123456789ab "
	"intel_iommu=on luks_password=hunter2\\n\n"
	"sys/class/dmi/id/product_serial = PF0ABC12\\n\n"
	"sys/class/dmi/id/product_name = A Board of PF0ABC12\\n\n"
	"dev/kmsg = 6,1,1500000,-;vfio-pci 0000:01:00.0: enabling device on annas-box\\n "
	"SUBSYSTEM=pci\\n6,2,2500000,-;usb 1-1: a mouse\\n4,3,3500001,-;DMAR: fault at "
	"52:54:00:0b:00:01 \x1b[2J\\n6,4,1,-;e1000e 0000:01:00.0: something\\n\n";

/* What must not be found anywhere in an archive. */
static const char *const private[] = {
	"annas-box",
	"anna",
	"PF0ABC12",
	"S64DNX0R",
	"52:54:00:0b:00:01",
	"hunter2",
	"3c1b0a3e-1b7f-4f0d-9d0c-0123456789ab",
	"192.168.178.23",
};

static struct host_tree tree;
static struct capture capture;
static char *archive;
static size_t archive_size;

static void write_profile(const char *text)
{
	assert_int_equal(tempdir_write(&tree.dir, "demo.cfg", text, strlen(text)), 0);
}

static int setup(void **state)
{
	(void)state;
	fake_sysfs = (struct fake_sysfs){ 0 };
	fake_kvm_reset();
	host_tree_make(&tree, server);
	write_profile(
		"name = \"demo\"; vcpus = 2; memory = \"512M\";\n"
		"# serial = S64DNX0R of anna, 192.168.178.23\n"
		"boot = { kernel = \"/home/anna/bzImage\"; cmdline = \"password=hunter2\"; };\n"
		"devices = ( { pci = \"0000:01:00.0\"; } );\n");
	setenv("SUDO_USER", "anna", 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(archive);
	archive = NULL;
	host_tree_remove(&tree);
	return 0;
}

static int report(void)
{
	char profile[128], output[128];
	char *argv[] = { (char *)"report",   (char *)"--host", tree.dir.path,
			 (char *)"--output", output,           profile };
	snprintf(profile, sizeof(profile), "%s/demo.cfg", tree.dir.path);
	snprintf(output, sizeof(output), "%s/out.tar", tree.dir.path);
	capture_begin(&capture);
	int status = cmd_report(ARRAY_LEN(argv), argv);
	capture_end(&capture);
	assert_int_equal(fake_sysfs.writes, 0);
	void *data = NULL;
	free(archive);
	archive = NULL;
	if (!file_load(output, 64 * MIB, &data, &archive_size))
		archive = data;
	return status;
}

/* The file of the archive, terminated; NULL when it is not in there. Caller frees. */
static char *member(const char *name)
{
	char path[128];
	snprintf(path, sizeof(path), "bulkhead-report-demo/%s", name);
	for (size_t at = 0; at + 512 <= archive_size && archive[at];) {
		size_t size = strtoul(archive + at + 124, NULL, 8);
		assert_true(at + 512 + size <= archive_size);
		if (!strcmp(archive + at, path))
			return strndup(archive + at + 512, size);
		at += 512 + align_up(size, 512);
	}
	return NULL;
}

static void assert_has(const char *name, const char *words)
{
	char *text = member(name);
	if (!text || !strstr(text, words))
		fail_msg("no '%s' in %s:\n%s", words, name, text ? text : "which is not there");
	free(text);
}

static void assert_lacks(const char *name, const char *words)
{
	char *text = member(name);
	assert_non_null(text);
	assert_null(strstr(text, words));
	free(text);
}

static void the_archive_has_what_decides_whether_a_profile_runs(void **state)
{
	(void)state;
	assert_int_equal(report(), CLI_OK);
	assert_has("README", "stand for what was there");
	assert_has("versions", BULKHEAD_VERSION);
	assert_has("versions", "6.1.0-18-amd64");
	assert_has("profile.cfg", "devices = ( { pci = \"0000:01:00.0\"; } );");
	assert_has("options", "stop_timeout");
	assert_has("plan", "cannot run");
	assert_has("plan.json", "\"refusals\"");
	assert_has("devices", "0000:01:00.0");
	assert_has("devices.json", "\"0000:01:00.0\"");
	assert_has("host", "IOMMU");
	assert_has("host.snapshot", "bulkhead-snapshot 1\n");
	assert_has("fingerprint", "1b36:0010");
	assert_has("kernel.log", "[    1.500000] vfio-pci 0000:01:00.0: enabling device");
	assert_has("kernel.log", "[    3.500001] DMAR: fault");
	assert_has("kernel.log", "e1000e 0000:01:00.0");
	assert_lacks("kernel.log", "mouse");
	assert_lacks("kernel.log", "SUBSYSTEM");
	assert_lacks("kernel.log", "\x1b");
}

static void nothing_in_it_tells_whose_machine_it_is(void **state)
{
	(void)state;
	assert_int_equal(report(), CLI_OK);
	for (size_t i = 0; i < ARRAY_LEN(private); i++)
		if (memmem(archive, archive_size, private[i], strlen(private[i])))
			fail_msg("the archive holds '%s'", private[i]);
	assert_has("profile.cfg", "\"/home/USER-1/bzImage\"; cmdline = \"password=HIDDEN\"");
	assert_has("kernel.log", "enabling device on HOSTNAME");
	assert_has("kernel.log", "fault at MAC-1");
	assert_has("versions", "A Board of SERIAL-1");
}

static void what_is_in_it_is_printed_with_what_was_left_out(void **state)
{
	(void)state;
	assert_int_equal(report(), CLI_OK);
	assert_non_null(strstr(capture.out, "out.tar, for a bug report:\n"));
	assert_non_null(strstr(capture.out, "  profile.cfg "));
	assert_non_null(strstr(capture.out, "  journal          left out: No such file"));
	assert_non_null(strstr(capture.out, "  good             left out: No such file"));
	assert_non_null(strstr(capture.out, "Read it before you send it."));
	assert_has("README", "  journal          left out: No such file");
}

static void the_last_good_start_and_the_differences_are_in_it(void **state)
{
	(void)state;
	host_tree_add(&tree,
		      "var/lib/bulkhead/demo/good.json = { \"version\": 1, \"recorded\": "
		      "\"2026-01-01 12:00:00\", \"host\": { \"kernel\": \"6.1.0-13-amd64\" }, "
		      "\"devices\": {} }\\n\n"
		      "run/bulkhead/demo/journal = a record of annas-box\\n\n");
	assert_int_equal(report(), CLI_OK);
	assert_has("good", "6.1.0-13-amd64");
	assert_has("differences", "kernel: 6.1.0-18-amd64; was 6.1.0-13-amd64\n");
	assert_has("journal", "a record of HOSTNAME");
}

static void a_profile_that_cannot_be_read_is_worth_a_report_too(void **state)
{
	(void)state;
	write_profile("name = \"demo\"; vcpus = ;\n");
	assert_int_equal(report(), CLI_OK);
	assert_non_null(strstr(capture.err, "demo.cfg:1"));
	assert_has("profile.cfg", "vcpus = ;");
	assert_has("plan", "the profile cannot be read");
	assert_has("devices", "0000:01:00.0");
	assert_null(member("options"));
}

static void a_file_that_exists_is_not_written_over(void **state)
{
	(void)state;
	assert_int_equal(tempdir_write(&tree.dir, "out.tar", "mine", 4), 0);
	assert_int_equal(report(), CLI_FAILED);
	assert_int_equal(archive_size, 4);
	assert_non_null(strstr(capture.err, "--output"));
}

static void others_cannot_read_it(void **state)
{
	(void)state;
	struct stat st;
	assert_int_equal(report(), CLI_OK);
	assert_int_equal(stat(tempdir_path(&tree.dir, "out.tar"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(the_archive_has_what_decides_whether_a_profile_runs),
		T(nothing_in_it_tells_whose_machine_it_is),
		T(what_is_in_it_is_printed_with_what_was_left_out),
		T(the_last_good_start_and_the_differences_are_in_it),
		T(a_profile_that_cannot_be_read_is_worth_a_report_too),
		T(a_file_that_exists_is_not_written_over),
		T(others_cannot_read_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
