/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c
// with: fake/fake_sysfs.c fake/host_tree.c
#include <errno.h>
#include <linux/pci_regs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "cmd.h"
#include "fake/capture.h"
#include "fake/fake_sysfs.h"
#include "fake/host_tree.h"
#include "fake/option_rom.h"
#include "journal.h"
#include "rom_read.h"

#define GPU_IDS 0x1c0310de
#define GPU "sys/devices/pci0000:00/0000:01:00.0"

static const struct bdf gpu = { 0, 1, 0, 0 }, nic = { 0, 2, 0, 0 };
static struct host_tree tree;
static struct rom_source source;
static struct err err;
static struct capture said;

static void put_config(uint16_t command)
{
	uint8_t cfg[256] = { 0 };
	le_put(cfg, 4, GPU_IDS);
	le_put(cfg + PCI_COMMAND, 2, command);
	le_put(cfg + PCI_CLASS_REVISION, 4, 0x030000a1);
	assert_int_equal(tempdir_write(&tree.dir, GPU "/config", cfg, sizeof(cfg)), 0);
}

static uint16_t command_now(void)
{
	uint8_t cfg[8];
	FILE *in = fopen(tempdir_path(&tree.dir, GPU "/config"), "r");
	assert_non_null(in);
	assert_int_equal(fread(cfg, 1, sizeof(cfg), in), sizeof(cfg));
	fclose(in);
	return le16_get(cfg + PCI_COMMAND);
}

static int begin(void **state)
{
	(void)state;
	uint8_t rom[512];
	host_tree_make(&tree,
		       "pci 0000:01:00.0 10de:1c03 class=030000 group=1 bar0=m32:16M rom=64K\n"
		       "pci 0000:02:00.0 8086:10d3 class=020000 group=2 bar0=m32:128K\n" GPU
		       "/power/control = auto\n");
	option_rom_make(rom, GPU_IDS);
	put_config(0);
	assert_int_equal(tempdir_write(&tree.dir, GPU "/fake_rom", rom, sizeof(rom)), 0);
	assert_int_equal(tempdir_write(&tree.dir, GPU "/rom", "", 0), 0);
	fake_sysfs = (struct fake_sysfs){ 0 };
	err = (struct err){ 0 };
	return 0;
}

static int end(void **state)
{
	(void)state;
	rom_source_fini(&source);
	host_tree_remove(&tree);
	return 0;
}

/* Nothing that reading took is left: power policy, decoding, the kernel's switch, the journal. */
static void assert_all_put_back(uint16_t command)
{
	struct stat st;
	assert_int_equal(command_now(), command);
	assert_string_equal(host_tree_read(&tree, GPU "/power/control"), "auto");
	assert_return_code(stat(tempdir_path(&tree.dir, GPU "/rom"), &st), errno);
	assert_int_equal(st.st_size, 0);
	assert_false(journal_is_there(&tree.host, journal_name_for("rom-", gpu).s));
}

static void a_sleeping_device_is_woken_read_and_left_as_it_was(void **state)
{
	(void)state;
	assert_int_equal(rom_read_device(&tree.host, gpu, &source, &err), 0);
	assert_int_equal(source.size, 512);
	assert_int_equal(le16_get(source.data), 0xaa55);
	assert_int_equal(source.owner.vendor, 0x10de);
	assert_true(source.owner.is_display);
	assert_all_put_back(0);
}

static void decoding_that_was_on_stays_on(void **state)
{
	(void)state;
	put_config(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_equal(rom_read_device(&tree.host, gpu, &source, &err), 0);
	assert_all_put_back(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void whatever_write_fails_all_is_put_back(void **state)
{
	(void)state;
	assert_int_equal(rom_read_device(&tree.host, gpu, &source, &err), 0);
	int writes = fake_sysfs.writes;
	assert_true(writes >= 6);
	for (int i = 1; i <= writes / 2; i++) {
		rom_source_fini(&source);
		fake_sysfs = (struct fake_sysfs){ .fail_at = i, .fail_with = -EPERM };
		assert_int_equal(rom_read_device(&tree.host, gpu, &source, &err), -EPERM);
		assert_null(source.data);
		assert_all_put_back(0);
	}
}

static void wherever_it_is_killed_a_recovery_puts_it_back(void **state)
{
	(void)state;
	for (int i = 1;; i++) {
		int status;
		pid_t pid = fork();
		if (!pid) {
			fake_sysfs = (struct fake_sysfs){ .die_after = i };
			rom_read_device(&tree.host, gpu, &source, &err);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WEXITSTATUS(status))
			break;
		assert_int_equal(journal_recover(&tree.host, journal_name_for("rom-", gpu).s, NULL,
						 NULL, &err),
				 0);
		assert_all_put_back(0);
		assert_true(i < 20);
	}
}

static void a_device_without_a_rom_is_named(void **state)
{
	(void)state;
	assert_int_equal(rom_read_device(&tree.host, nic, &source, &err), -ENOENT);
	assert_string_equal(err.text, "0000:02:00.0 has no option ROM");
	assert_int_equal(rom_read_device(&tree.host, (struct bdf){ 0, 9, 0, 0 }, &source, &err),
			 -ENODEV);
}

static void a_rom_that_the_kernel_finds_nothing_in_is_explained(void **state)
{
	(void)state;
	assert_int_equal(tempdir_write(&tree.dir, GPU "/fake_rom", "", 0), 0);
	assert_int_equal(rom_read_device(&tree.host, gpu, &source, &err), -ENODATA);
	assert_non_null(strstr(err.text, "finds no valid image"));
	assert_all_put_back(0);
}

static void a_device_that_does_not_answer_is_not_written_to(void **state)
{
	(void)state;
	uint8_t dead[256];
	memset(dead, 0xff, sizeof(dead));
	assert_int_equal(tempdir_write(&tree.dir, GPU "/config", dead, sizeof(dead)), 0);
	assert_int_equal(rom_read_device(&tree.host, gpu, &source, &err), -EIO);
	assert_non_null(strstr(err.text, "does not answer"));
}

static void a_device_that_a_profile_has_is_left_alone(void **state)
{
	(void)state;
	struct journal other;
	assert_int_equal(journal_open(&other, &tree.host, "desk", &err), 0);
	host_tree_add(&tree, "run/bulkhead/desk/devices = 0000:01:00.0\\n\n");
	assert_int_equal(rom_read_device(&tree.host, gpu, &source, &err), -EBUSY);
	assert_non_null(strstr(err.text, "desk"));
	assert_int_equal(fake_sysfs.writes, 0);
	journal_close(&other);
}

static void one_that_is_being_read_or_was_when_it_was_killed_is_left_alone(void **state)
{
	(void)state;
	struct journal other;
	int status;
	assert_int_equal(journal_open(&other, &tree.host, "rom-0000-01-00.0", &err), 0);
	assert_int_equal(rom_read_device(&tree.host, gpu, &source, &err), -EBUSY);
	assert_string_equal(err.text,
			    "0000:01:00.0: another bulkhead is just reading its option ROM");
	journal_close(&other);
	pid_t pid = fork();
	if (!pid) {
		fake_sysfs = (struct fake_sysfs){ .die_after = 1 };
		rom_read_device(&tree.host, gpu, &source, &err);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WEXITSTATUS(status));
	assert_int_equal(rom_read_device(&tree.host, gpu, &source, &err), -EUCLEAN);
	assert_string_equal(err.text, "0000:01:00.0: a reading of its option ROM was killed; "
				      "bulkhead recover rom-0000-01-00.0");
}

/* --- the command --- */

static int call(const char *a, const char *b, const char *c, const char *d)
{
	char *argv[8] = { (char *)"rom", (char *)"--host", tree.dir.path };
	const char *more[] = { a, b, c, d };
	int n = 3;
	for (unsigned i = 0; i < ARRAY_LEN(more); i++)
		if (more[i])
			argv[n++] = (char *)more[i];
	capture_begin(&said);
	int status = cmd_rom(n, argv);
	capture_end(&said);
	return status;
}

static void a_good_rom_is_listed_and_checked(void **state)
{
	(void)state;
	assert_int_equal(call("01:00.0", "list", NULL, NULL), CLI_OK);
	assert_non_null(strstr(said.out, "10de:1c03  x86 BIOS, last"));
	assert_non_null(strstr(said.out, "no picture before the guest's own driver runs"));
	assert_int_equal(call("10de:1c03", "check", NULL, NULL), CLI_OK);
	assert_non_null(strstr(said.out, "good:"));
}

static void a_dump_is_written_once_and_checked(void **state)
{
	(void)state;
	char path[256];
	snprintf(path, sizeof(path), "%s/gpu.rom", tree.dir.path);
	assert_int_equal(call("01:00.0", "dump", path, NULL), CLI_OK);
	assert_int_equal(call("01:00.0", "check", path, NULL), CLI_OK);
	assert_int_equal(call(path, "check", "--json", NULL), CLI_OK);
	assert_non_null(strstr(said.out, "\"good\": true"));
	assert_int_equal(call("01:00.0", "dump", path, NULL), CLI_FAILED);
	assert_non_null(strstr(said.err, "File exists"));
	/* The same file for another device. */
	assert_int_equal(call("02:00.0", "check", path, NULL), CLI_FAILED);
	assert_non_null(strstr(said.out, "it is for 10de:1c03, the device is 8086:10d3"));
}

static void a_bad_rom_fails_the_check_but_not_the_list(void **state)
{
	(void)state;
	uint8_t rom[512];
	option_rom_make(rom, GPU_IDS);
	rom[100]++;
	assert_int_equal(tempdir_write(&tree.dir, GPU "/fake_rom", rom, sizeof(rom)), 0);
	assert_int_equal(call("01:00.0", "list", NULL, NULL), CLI_OK);
	assert_int_equal(call("01:00.0", "check", NULL, NULL), CLI_FAILED);
	assert_non_null(strstr(said.out, "wrong: image 1: wrong checksum"));
}

static void what_makes_no_sense_is_a_usage_error(void **state)
{
	(void)state;
	assert_int_equal(call("01:00.0", "dump", NULL, NULL), CLI_USAGE);
	assert_int_equal(call("a.rom", "dump", "b.rom", NULL), CLI_USAGE);
	assert_int_equal(call("a.rom", "check", "b.rom", NULL), CLI_USAGE);
	assert_int_equal(call("01:00.0", "burn", NULL, NULL), CLI_USAGE);
	assert_int_equal(call("/nonexistent.rom", "check", NULL, NULL), CLI_FAILED);
	assert_non_null(strstr(said.err, "ROM /nonexistent.rom: No such file"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(a_sleeping_device_is_woken_read_and_left_as_it_was),
		T(decoding_that_was_on_stays_on),
		T(whatever_write_fails_all_is_put_back),
		T(wherever_it_is_killed_a_recovery_puts_it_back),
		T(a_device_without_a_rom_is_named),
		T(a_rom_that_the_kernel_finds_nothing_in_is_explained),
		T(a_device_that_does_not_answer_is_not_written_to),
		T(a_device_that_a_profile_has_is_left_alone),
		T(one_that_is_being_read_or_was_when_it_was_killed_is_left_alone),
		T(a_good_rom_is_listed_and_checked),
		T(a_dump_is_written_once_and_checked),
		T(a_bad_rom_fails_the_check_but_not_the_list),
		T(what_makes_no_sense_is_a_usage_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
