/* SPDX-License-Identifier: GPL-2.0-or-later */
// with: fake/host_tree.c
#include "good.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "fake/host_tree.h"
#include "fingerprint.h"

static const char host_text[] =
	"driver nvme\n"
	"pci 0000:01:00.0 1b36:0010 class=010802 group=1 driver=nvme msix=33 bar0=m64:16K "
	"bar2=io:32 reset=flr\n"
	"pci 0000:01:00.1 1b36:0011 class=010802 group=1 driver=nvme\n"
	"proc/sys/kernel/osrelease = 6.1.0-13-amd64\\n\n"
	"proc/cmdline = BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet intel_iommu=on "
	"iommu=pt isolcpus=2-3\\n\n"
	"proc/cpuinfo = processor\t: 0\\nmodel name\t: A Processor 3000\\nmicrocode\t: 0x2f\\n\n"
	"sys/class/dmi/id/bios_version = F20\\n\n"
	"sys/module/kvm/parameters/nx_huge_pages = auto\\n\n"
	"sys/module/vfio_iommu_type1/parameters/dma_entry_limit = 65535\\n\n"
	"sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts = N\\n\n";

static struct host_tree tree;
static struct pci_dev dev;
static struct plan plan;
static struct profile profile;
static struct err err;
static char *said;
static size_t said_size;

static int begin(void **state)
{
	(void)state;
	static char name[] = "demo";
	host_tree_make(&tree, host_text);
	memset(&profile, 0, sizeof(profile));
	memset(&plan, 0, sizeof(plan));
	profile.name = name;
	profile.vcpus = 2;
	plan.profile = &profile;
	plan.device[0].dev = &dev;
	plan.n_devices = 1;
	dev.bdf = (struct bdf){ .bus = 1 };
	err = (struct err){ 0 };
	return 0;
}

static int end(void **state)
{
	(void)state;
	free(said);
	said = NULL;
	host_tree_remove(&tree);
	return 0;
}

/* What a failed start prints now. */
static const char *differences(void)
{
	free(said);
	said = NULL;
	FILE *out = open_memstream(&said, &said_size);
	good_print_differences(&tree.host, &profile, out);
	fclose(out);
	return said;
}

static void assert_says(const char *line)
{
	if (!strstr(differences(), line))
		print_error("no '%s' in:\n%s", line, said);
	assert_non_null(strstr(said, line));
}

static void store(void)
{
	assert_int_equal(good_store(&tree.host, &plan, &err), 0);
}

static void without_a_good_start_there_is_nothing_to_say(void **state)
{
	(void)state;
	assert_string_equal(differences(), "");
	assert_false(host_tree_has(&tree, "var/lib/bulkhead"));
}

static void an_unchanged_host_is_said_to_be_unchanged(void **state)
{
	(void)state;
	store();
	assert_true(host_tree_has(&tree, "var/lib/bulkhead/demo/good.json"));
	assert_false(host_tree_has(&tree, "var/lib/bulkhead/demo/good.json.new"));
	assert_says("nothing that is recorded has changed since the last good start (2");
}

static void what_has_changed_is_named_with_both_values(void **state)
{
	(void)state;
	store();
	host_tree_add(&tree,
		      "proc/sys/kernel/osrelease = 6.1.0-18-amd64\\n\n"
		      "proc/cpuinfo = model name\t: A Processor 3000\\nmicrocode\t: 0x33\\n\n"
		      "sys/class/dmi/id/bios_version = F21\\n\n"
		      "sys/module/kvm/parameters/nx_huge_pages = force\\n\n");
	assert_says("changed since the last good start (2");
	assert_says("\n  kernel: 6.1.0-18-amd64; was 6.1.0-13-amd64\n");
	assert_says("\n  firmware version: F21; was F20\n");
	assert_says("\n  microcode: 0x33; was 0x2f\n");
	assert_says("\n  option kvm.nx_huge_pages: force; was auto\n");
	assert_null(strstr(said, "processor"));
}

static void of_a_long_command_line_only_the_words_are_named(void **state)
{
	(void)state;
	store();
	host_tree_add(&tree, "proc/cmdline = BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro quiet "
			     "iommu=strict isolcpus=2-3 intel_iommu=off\\n\n");
	assert_says("\n  kernel command line: lost intel_iommu=on iommu=pt; "
		    "new iommu=strict intel_iommu=off\n");
	host_tree_add(&tree, "proc/cmdline = BOOT_IMAGE=/vmlinuz root=/dev/sda1 quiet ro "
			     "intel_iommu=on iommu=pt isolcpus=2-3\\n\n");
	assert_says("the same words in another order");
}

static void a_device_that_moved_away_is_missed(void **state)
{
	(void)state;
	store();
	char path[128];
	snprintf(path, sizeof(path), "sys/bus/pci/devices/0000:01:00.0");
	assert_int_equal(unlink(tempdir_path(&tree.dir, path)), 0);
	assert_says("\n  device 0000:01:00.0: is not there; was 1b36:0010 revision ");
}

static void another_device_at_its_address_is_told_by_ids_bars_and_group(void **state)
{
	(void)state;
	store();
	host_tree_add(&tree, "sys/bus/pci/devices/0000:01:00.0/device = 0x0099\\n\n"
			     "sys/bus/pci/devices/0000:01:00.0/resource = "
			     "0x00000000fe000000 0x00000000fe00ffff 0x0000000000140204\\n\n");
	assert_int_equal(unlink(tempdir_path(&tree.dir, "sys/kernel/iommu_groups/1/devices/"
							"0000:01:00.1")),
			 0);
	assert_says("device 0000:01:00.0 identity: 1b36:0099 revision ");
	assert_says("device 0000:01:00.0 BARs: 0:64K:memory64; was 0:16K:memory64 2:32:I/O");
	assert_says("device 0000:01:00.0 group: 0000:01:00.0; was 0000:01:00.0 0000:01:00.1");
}

static void capabilities_are_listed_however_the_device_links_them(void **state)
{
	(void)state;
	static uint8_t cfg[4096] = { 0x36, 0x1b, 0x10, 0x00, 0x07, 0x00, 0x10, 0x00 };
	cfg[0x34] = 0x40;
	memcpy(cfg + 0x40, "\x01\x50", 2);
	memcpy(cfg + 0x50, "\x11\x40", 2);          /* back to the first */
	memcpy(cfg + 0x100, "\x01\x00\x02\x20", 4); /* AER, next at 0x200 */
	memcpy(cfg + 0x200, "\x03\x00\x01\x10", 4); /* serial number, back to the first */
	assert_int_equal(tempdir_write(&tree.dir, "sys/bus/pci/devices/0000:01:00.0/config", cfg,
				       sizeof(cfg)),
			 0);
	store();
	const char *good = host_tree_read(&tree, "var/lib/bulkhead/demo/good.json");
	assert_non_null(strstr(good, "\"capabilities\": \"01@40 11@50 0001@100 0003@200"));
	memset(cfg, 0xff, sizeof(cfg));
	assert_int_equal(tempdir_write(&tree.dir, "sys/bus/pci/devices/0000:01:00.0/config", cfg,
				       sizeof(cfg)),
			 0);
	assert_says("device 0000:01:00.0 capabilities: lost 01@40 11@50 0001@100 0003@200");
	assert_non_null(strstr(said, "new it does not answer"));
}

static void an_edited_profile_is_named_without_its_text(void **state)
{
	(void)state;
	store();
	profile.vcpus = 3;
	assert_says("\n  profile: it was edited, or --set is another\n");
}

static void a_module_that_is_not_loaded_has_no_options_to_differ(void **state)
{
	(void)state;
	store();
	assert_int_equal(unlink(tempdir_path(&tree.dir, "sys/module/vfio_iommu_type1/parameters/"
							"dma_entry_limit")),
			 0);
	assert_says("nothing that is recorded");
}

static void what_bulkhead_sets_itself_is_not_recorded(void **state)
{
	(void)state;
	host_tree_add(&tree,
		      "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts = Y\\n\n");
	store();
	assert_null(
		strstr(host_tree_read(&tree, "var/lib/bulkhead/demo/good.json"), "allow_unsafe"));
}

static void write_record(const char *text)
{
	assert_int_equal(tempdir_write(&tree.dir, "var/lib/bulkhead/demo/good.json", text,
				       strlen(text)),
			 0);
}

static void a_damaged_record_is_said_to_be_damaged_and_is_replaced(void **state)
{
	static const char *const damaged[] = {
		"",
		"{",
		"[]",
		"null",
		"{ \"version\": 2, \"host\": {}, \"devices\": {} }",
		"{ \"version\": 1, \"host\": { \"kernel\": 6 }, \"devices\": {} }",
		"{ \"version\": 1, \"host\": {}, \"devices\": { \"0000:01:00.0\": \"x\" } }",
		"{ \"version\": 1, \"host\": {}, \"devices\": { \"x\": { \"identity\": [] } } }",
		"{ \"version\": 1, \"host\": {}, \"host\": {}, \"devices\": {} }",
	};
	(void)state;
	store();
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		write_record(damaged[i]);
		assert_says("is damaged; the next good start replaces it");
	}
	store();
	assert_says("nothing that is recorded");
}

static void a_record_cut_anywhere_is_damaged(void **state)
{
	(void)state;
	char whole[16384];
	store();
	snprintf(whole, sizeof(whole), "%s",
		 host_tree_read(&tree, "var/lib/bulkhead/demo/good.json"));
	size_t n = strlen(whole);
	assert_true(n > 200);
	json_t *json;
	for (size_t cut = 0; cut + 1 < n; cut++)
		assert_int_equal(fingerprint_parse(whole, cut, &json), -EBADMSG);
	assert_int_equal(fingerprint_parse(whole, n, &json), 0);
	json_decref(json);
}

static void what_a_record_says_cannot_steer_a_terminal(void **state)
{
	(void)state;
	store();
	write_record("{ \"version\": 1, \"recorded\": \"\\u001b[2J\", "
		     "\"host\": { \"kernel\": \"\\u001b]0;x\\u0007\" }, "
		     "\"devices\": { \"\\u001b[1m\": {} } }");
	assert_says("kernel: 6.1.0-13-amd64; was ?]0;x?");
	assert_null(strchr(said, '\033'));
	assert_non_null(strstr(said, "device ?[1m: is not there"));
}

static void where_nothing_can_be_stored_the_reason_is_given(void **state)
{
	(void)state;
	assert_int_equal(tempdir_write(&tree.dir, "var", "", 0), 0);
	assert_int_equal(good_store(&tree.host, &plan, &err), -ENOTDIR);
	assert_non_null(strstr(err.text, "var/lib/bulkhead"));
	assert_says("no comparison with the last good start: ");
}

static void a_record_is_no_way_out_of_its_directory(void **state)
{
	(void)state;
	static char names[][16] = { "", ".", "..", "a/b", ".hidden" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		profile.name = names[i];
		assert_int_equal(good_store(&tree.host, &plan, &err), -EINVAL);
		assert_string_equal(differences(), "");
	}
}

static void an_old_record_stays_when_the_new_one_cannot_be_written(void **state)
{
	(void)state;
	store();
	assert_int_equal(mkdir(tempdir_path(&tree.dir, "var/lib/bulkhead/demo/good.json.new"),
			       0700),
			 0);
	profile.vcpus = 7;
	assert_int_equal(good_store(&tree.host, &plan, &err), -EISDIR);
	assert_non_null(strstr(err.text, "demo/good.json"));
	profile.vcpus = 2;
	assert_says("nothing that is recorded");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		T(without_a_good_start_there_is_nothing_to_say),
		T(an_unchanged_host_is_said_to_be_unchanged),
		T(what_has_changed_is_named_with_both_values),
		T(of_a_long_command_line_only_the_words_are_named),
		T(a_device_that_moved_away_is_missed),
		T(another_device_at_its_address_is_told_by_ids_bars_and_group),
		T(capabilities_are_listed_however_the_device_links_them),
		T(an_edited_profile_is_named_without_its_text),
		T(a_module_that_is_not_loaded_has_no_options_to_differ),
		T(what_bulkhead_sets_itself_is_not_recorded),
		T(a_damaged_record_is_said_to_be_damaged_and_is_replaced),
		T(a_record_cut_anywhere_is_damaged),
		T(what_a_record_says_cannot_steer_a_terminal),
		T(where_nothing_can_be_stored_the_reason_is_given),
		T(a_record_is_no_way_out_of_its_directory),
		T(an_old_record_stays_when_the_new_one_cannot_be_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
