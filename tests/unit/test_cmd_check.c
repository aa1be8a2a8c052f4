/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c kvm/uapi.c
// with: fake/fake_sysfs.c fake/host_tree.c fake/fake_kvm.c fake/fake_kvm_vcpu.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <linux/kvm.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "cmd.h"
#include "fake/bzimage.h"
#include "fake/capture.h"
#include "fake/fake_kvm.h"
#include "fake/fake_sysfs.h"
#include "fake/host_tree.h"
#include "prepare.h"
#include "quarantine.h"

static const char server[] =
	"driver nvme\n"
	"pci 0000:01:00.0 1b36:0010 class=010802 group=1 driver=nvme msix=33 pin=1 bar0=m64:16K "
	"reset=flr\n"
	"pci 0000:02:00.0 8086:10d3 class=020000 group=2 driver=e1000e msix=5 bar0=m32:128K "
	"reset=flr\n"
	"pci 0000:02:00.1 8086:10d3 class=020000 group=2 driver=e1000e reset=flr\n";

static struct host_tree tree;
static struct capture capture;

static void write_profile(const char *devices)
{
	char text[2048];
	snprintf(text, sizeof(text),
		 "name = \"demo\"; vcpus = 2; memory = \"512M\";\n"
		 "boot = { kernel = \"bzImage\"; };\ndevices = ( %s );\n",
		 devices);
	assert_int_equal(tempdir_write(&tree.dir, "demo.cfg", text, strlen(text)), 0);
}

static int setup(void **state)
{
	(void)state;
	fake_sysfs = (struct fake_sysfs){ 0 };
	fake_kvm_reset();
	fake_kvm.cpuid[0] = (struct kvm_cpuid_entry2){ .function = 0, .eax = 0xd };
	host_tree_make(&tree, server);
	assert_int_equal(bzimage_write(&tree.dir), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_tree_remove(&tree);
	return 0;
}

static int check(const char *a, const char *b)
{
	char profile[128];
	char *argv[8] = { (char *)"check", (char *)"--host", tree.dir.path, profile };
	int argc = 4;
	snprintf(profile, sizeof(profile), "%s/demo.cfg", tree.dir.path);
	if (a)
		argv[argc++] = (char *)a;
	if (b)
		argv[argc++] = (char *)b;
	char *before = host_tree_state(&tree);
	capture_begin(&capture);
	int status = cmd_check(argc, argv);
	capture_end(&capture);
	/* Whatever the answer is, nothing was changed for it. */
	char *after = host_tree_state(&tree);
	assert_string_equal(after, before);
	assert_int_equal(fake_sysfs.writes, 0);
	assert_false(host_tree_has(&tree, "run/bulkhead"));
	free(before);
	free(after);
	return status;
}

static void assert_says(const char *words)
{
	if (!strstr(capture.out, words))
		fail_msg("no '%s' in:\n%s%s", words, capture.out, capture.err);
}

static void a_good_profile_shows_its_plan(void **state)
{
	(void)state;
	write_profile("{ pci = \"0000:01:00.0\"; }, { pci = \"0000:02:00.0\"; group = \"hold\"; }");
	assert_int_equal(check(NULL, NULL), CLI_OK);
	assert_says("profile 'demo': 2 vCPUs, 512M of memory, 3 devices, IOMMU back end type1");
	assert_says("  1  keep 0000:01:00.0 out of D3cold");
	assert_says("  2  keep 0000:01:00.0 powered on");
	assert_says("  3  bind 0000:01:00.0 to vfio-pci (from nvme)");
	assert_says("  9  bind 0000:02:00.1 to vfio-pci (from e1000e)");
	assert_says("  01:00.0  0000:01:00.0  INTx on");
	assert_says("BAR 0");
	assert_says("16K 64-bit");
	assert_says("  held     0000:02:00.1");
	assert_says("512M");
	assert_says("38");
	assert_null(strstr(capture.out, "cannot run"));
	assert_null(strchr(capture.out, '\033'));
}

static void assert_lines_fit(void)
{
	for (const char *line = capture.out; *line; line += strspn(line, "\n")) {
		assert_in_range(strcspn(line, "\n"), 0, 100);
		line += strcspn(line, "\n");
	}
}

static void slots_are_those_dealt_before_and_a_damaged_record_is_refused(void **state)
{
	(void)state;
	write_profile("{ pci = \"0000:01:00.0\"; }");
	host_tree_add(&tree, "var/lib/bulkhead/demo/slots = # of the guest\\n9 0000:01:00.0\\n\n");
	assert_int_equal(check(NULL, NULL), CLI_OK);
	assert_says("  09:00.0  0000:01:00.0");
	host_tree_add(&tree, "var/lib/bulkhead/demo/slots = nonsense\\n\n");
	assert_int_equal(check(NULL, NULL), CLI_FAILED);
	assert_says("demo/slots: line 1:");
	assert_says("remove it to have all slots dealt anew");
}

static void the_hypervisor_of_a_plan_is_wrapped_too(void **state)
{
	(void)state;
	write_profile("{ pci = \"0000:01:00.0\"; }");
	fake_kvm.n_hv_cpuid = 2;
	fake_kvm.hv_cpuid[0] = (struct kvm_cpuid_entry2){ 0x40000003, 0, 0, ~0u, ~0u, ~0u, ~0u, { 0 } };
	fake_kvm.hv_cpuid[1] = (struct kvm_cpuid_entry2){ 0x40000004, 0, 0, ~0u, ~0u, ~0u, ~0u, { 0 } };
	assert_int_equal(check("--set", "hypervisor=hyperv"), CLI_OK);
	assert_says("\n  hypervisor  Hyper-V (\"Microsoft Hv\"): relaxed, vapic, time,");
	assert_lines_fit();
}

static void a_tpm_is_in_the_plan_and_needs_its_program(void **state)
{
	(void)state;
	char *path = strdup(getenv("PATH"));
	write_profile("{ pci = \"0000:01:00.0\"; }");
	assert_int_equal(check(NULL, NULL), CLI_OK);
	assert_null(strstr(capture.out, "TPM"));
	assert_int_equal(check("--set", "tpm=true"), CLI_OK);
	assert_says("TPM         2.0, a process of swtpm");
	setenv("PATH", tree.dir.path, 1);
	int status = check("--set", "tpm=true");
	setenv("PATH", path, 1);
	free(path);
	assert_int_equal(status, CLI_FAILED);
	assert_says("install the package swtpm");
}

static void no_line_of_a_plan_is_wider_than_a_page(void **state)
{
	(void)state;
	write_profile("{ pci = \"0000:01:00.0\"; }, { pci = \"0000:02:00.0\"; }, "
		      "{ pci = \"8086:10d3\"; }");
	assert_int_equal(check(NULL, NULL), CLI_FAILED);
	assert_lines_fit();
}

static void every_reason_is_shown_at_once_and_no_plan(void **state)
{
	(void)state;
	write_profile("{ pci = \"0000:02:00.0\"; }, { pci = \"0000:77:00.0\"; }");
	fake_kvm_fail("open", 1, ENOENT);
	assert_int_equal(check("--set", "boot.kernel=/nonexistent"), CLI_FAILED);
	assert_says("It cannot run, for these reasons");
	assert_says("0000:02:00.1 (e1000e)");
	assert_says("0000:77:00.0");
	assert_says("/dev/kvm");
	assert_says("/nonexistent");
	assert_null(strstr(capture.out, "Changes to the host"));
}

static void whoever_has_a_device_open_is_named_unless_it_is_taken_by_force(void **state)
{
	(void)state;
	host_tree_add(&tree, "sys/devices/pci0000:00/0000:01:00.0/nvme/nvme0/dev = 240:0\\n\n"
			     "proc/77/comm = smartd\\n\nproc/77/fd/3 -> /dev/nvme0\n");
	write_profile("{ pci = \"0000:01:00.0\"; }");
	assert_int_equal(check(NULL, NULL), CLI_FAILED);
	assert_says("0000:01:00.0 is in use: smartd (pid 77) has it open (/dev/nvme0)");
	assert_says("force = true");
	assert_int_equal(check("--set", "force=true"), CLI_OK);
	assert_says("smartd (pid 77)");
}

static void a_device_that_is_not_the_one_meant_is_refused_with_where_that_is(void **state)
{
	(void)state;
	write_profile("{ pci = \"0000:01:00.0\"; identity = { ids = \"8086:10d3\"; "
		      "slot = \"0000:00/02.0\"; }; }");
	assert_int_equal(check(NULL, NULL), CLI_FAILED);
	assert_says("0000:01:00.0 is another device: ids 1b36:0010, not 8086:10d3");
	write_profile("{ pci = \"0000:01:00.0\"; identity = { ids = \"1B36:0010\"; }; }");
	assert_int_equal(check(NULL, NULL), CLI_OK);
	write_profile("{ pci = \"0000:77:00.0\"; identity = { ids = \"1b36:0010\"; }; }");
	assert_int_equal(check(NULL, NULL), CLI_FAILED);
	assert_says("it is at 0000:01:00.0 now");
}

static void a_device_that_does_not_answer_is_refused_as_one_in_quarantine_is(void **state)
{
	(void)state;
	uint8_t dead[256];
	struct err err = { 0 };
	memset(dead, 0xff, sizeof(dead));
	write_profile("{ pci = \"0000:01:00.0\"; }");
	assert_int_equal(tempdir_write(&tree.dir, "sys/devices/pci0000:00/0000:01:00.0/config", dead,
				       sizeof(dead)),
			 0);
	assert_int_equal(check(NULL, NULL), CLI_FAILED);
	assert_says("0000:01:00.0 does not answer");
	assert_says("bulkhead reset 0000:01:00.0");
	assert_int_equal(quarantine_put(&tree.host, (struct bdf){ 0, 1, 0, 0 }, "it died", &err), 0);
	struct prepared prepared;
	struct profile profile;
	assert_int_equal(profile_load(&profile, tempdir_path(&tree.dir, "demo.cfg"), NULL, 0, &err),
			 0);
	assert_int_equal(prepare(&prepared, &profile, tree.dir.path, &err), 0);
	assert_int_equal(prepared.plan.refusals.n, 1);
	assert_non_null(strstr(prepared.plan.refusals.at[0].text, "in quarantine: it died"));
	prepare_fini(&prepared);
	profile_fini(&profile);
}

static void prepare_demo(int (*how)(struct prepared *, const struct profile *, const char *,
				    struct err *),
			 struct prepared *prepared, struct profile *profile)
{
	assert_int_equal(profile_load(profile, tempdir_path(&tree.dir, "demo.cfg"), NULL, 0, NULL),
			 0);
	assert_int_equal(how(prepared, profile, tree.dir.path, NULL), 0);
}

static void a_start_fills_memory_for_devices_and_a_check_does_not(void **state)
{
	(void)state;
	struct prepared prepared;
	struct profile profile;
	write_profile("{ pci = \"0000:01:00.0\"; }");
	prepare_demo(prepare, &prepared, &profile);
	assert_null(prepared.ram.base);
	prepare_fini(&prepared);
	profile_fini(&profile);
	prepare_demo(prepare_to_run, &prepared, &profile);
	assert_int_equal(prepared.ram.size, 512 * MIB);
	assert_int_equal(prepared.plan.refusals.n, 0);
	prepare_fini(&prepared);
	assert_null(prepared.ram.base);
	profile_fini(&profile);
	write_profile("");
	prepare_demo(prepare_to_run, &prepared, &profile);
	assert_null(prepared.ram.base); /* nothing of it will be pinned */
	prepare_fini(&prepared);
	profile_fini(&profile);
}

static void the_plan_is_told_of_the_memory_there_was_before_it_was_filled(void **state)
{
	(void)state;
	struct prepared prepared;
	struct profile profile;
	write_profile("{ pci = \"0000:01:00.0\"; }");
	prepare_demo(prepare_to_run, &prepared, &profile);
	/* As after filling: hardly any is left, and that is the guest's own doing. */
	static const char less[] = "MemTotal: 16777216 kB\nMemFree: 1 kB\nMemAvailable: 1 kB\n";
	tempdir_write(&tree.dir, "proc/meminfo", less, sizeof(less) - 1);
	assert_int_equal(prepare_again(&prepared, &profile, "demo", NULL), 0);
	assert_int_equal(prepared.plan.refusals.n, 0);
	prepare_fini(&prepared);
	profile_fini(&profile);
	prepare_demo(prepare_to_run, &prepared, &profile);
	assert_null(prepared.ram.base); /* more than there is: not begun, and refused */
	assert_int_equal(prepared.plan.refusals.n, 1);
	prepare_fini(&prepared);
	profile_fini(&profile);
}

static void json_says_the_same(void **state)
{
	(void)state;
	write_profile("{ pci = \"0000:01:00.0\"; }");
	assert_int_equal(check("--json", NULL), CLI_OK);
	json_t *plan = json_loads(capture.out, 0, NULL);
	assert_non_null(plan);
	assert_true(json_is_true(json_object_get(plan, "ok")));
	assert_int_equal(json_array_size(json_object_get(plan, "actions")), 3);
	json_t *device = json_array_get(json_object_get(plan, "devices"), 0);
	assert_string_equal(json_string_value(json_object_get(device, "guest")), "0000:01:00.0");
	json_t *bar = json_array_get(json_object_get(device, "bars"), 0);
	assert_int_equal(json_integer_value(json_object_get(bar, "size")), 16384);
	assert_int_equal(json_integer_value(
				 json_object_get(json_object_get(plan, "costs"), "pinned_bytes")),
			 512 * MIB);
	json_decref(plan);
}

static void json_of_a_refusal_has_reasons_and_fails(void **state)
{
	(void)state;
	write_profile("{ pci = \"0000:02:00.0\"; }");
	assert_int_equal(check("--json", NULL), CLI_FAILED);
	json_t *plan = json_loads(capture.out, 0, NULL);
	assert_true(json_is_false(json_object_get(plan, "ok")));
	json_t *reason = json_array_get(json_object_get(plan, "refusals"), 0);
	assert_non_null(strstr(json_string_value(json_object_get(reason, "text")), "0000:02:00.1"));
	assert_int_equal(json_integer_value(json_object_get(reason, "errno")), EBUSY);
	json_decref(plan);
}

static void a_missing_capability_of_kvm_is_named(void **state)
{
	(void)state;
	write_profile("");
	fake_kvm.caps[KVM_CAP_IRQFD_RESAMPLE] = 0;
	assert_int_equal(check(NULL, NULL), CLI_FAILED);
	assert_says("KVM_CAP_IRQFD_RESAMPLE");
}

static void a_back_end_can_be_asked_for(void **state)
{
	(void)state;
	write_profile("{ pci = \"0000:01:00.0\"; }");
	assert_int_equal(check("--iommu", "iommufd"), CLI_FAILED);
	assert_says("iommufd");
	assert_int_equal(check("--iommu", "type1"), CLI_OK);
}

static void a_rom_file_that_is_none_is_refused(void **state)
{
	(void)state;
	write_profile("{ pci = \"0000:01:00.0\"; rom = \"bzImage\"; }");
	assert_int_equal(check(NULL, NULL), CLI_FAILED);
	assert_says("55 AA");
}

static void a_profile_with_an_error_is_not_planned(void **state)
{
	(void)state;
	write_profile("{ pci = 7; }");
	assert_int_not_equal(check(NULL, NULL), CLI_OK);
	assert_non_null(strstr(capture.err, "demo.cfg"));
	assert_string_equal(capture.out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_good_profile_shows_its_plan),
		T(no_line_of_a_plan_is_wider_than_a_page),
		T(slots_are_those_dealt_before_and_a_damaged_record_is_refused),
		T(the_hypervisor_of_a_plan_is_wrapped_too),
		T(a_tpm_is_in_the_plan_and_needs_its_program),
		T(every_reason_is_shown_at_once_and_no_plan),
		T(whoever_has_a_device_open_is_named_unless_it_is_taken_by_force),
		T(a_device_that_is_not_the_one_meant_is_refused_with_where_that_is),
		T(a_device_that_does_not_answer_is_refused_as_one_in_quarantine_is),
		T(a_start_fills_memory_for_devices_and_a_check_does_not),
		T(the_plan_is_told_of_the_memory_there_was_before_it_was_filled),
		T(json_says_the_same),
		T(json_of_a_refusal_has_reasons_and_fails),
		T(a_missing_capability_of_kvm_is_named),
		T(a_back_end_can_be_asked_for),
		T(a_rom_file_that_is_none_is_refused),
		T(a_profile_with_an_error_is_not_planned),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
