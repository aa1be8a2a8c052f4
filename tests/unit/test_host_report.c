/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c
// with: fake/fake_sysfs.c fake/host_tree.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "cmd.h"
#include "fake/capture.h"
#include "fake/host_tree.h"
#include "host_report.h"

static const char intel[] =
	"proc/cpuinfo = processor\t: 0\\nvendor_id\t: GenuineIntel\\nflags\t\t: fpu vmx lm\\n"
	"vmx flags\t: ept vpid ept_1gb\\naddress sizes\t: 46 bits physical, 48 bits virtual\\n\\n"
	"processor\t: 1\\nflags\t\t: other\\n\n"
	"sys/module/kvm_intel/parameters/ept = Y\\n\n"
	"sys/module/kvm_intel/parameters/vpid = N\\n\n"
	"sys/module/kvm_intel/parameters/enable_apicv = Y\\n\n";
static const char amd[] =
	"proc/cpuinfo = vendor_id\t: AuthenticAMD\\nflags\t\t: fpu svm pdpe1gb\\n\n"
	"sys/module/kvm_amd/parameters/npt = 1\\n\n"
	"sys/module/kvm_amd/parameters/avic = 0\\n\n";
static const char groups[] = "pci 0000:01:00.0 8086:10c9 class=020000 group=1 driver=igb\n"
			     "pci 0000:02:00.0 8086:10c9 class=020000 group=2 driver=igb\n";
static const char dmar[] = "sys/class/iommu/dmar0 -> ../../devices/virtual/iommu/dmar0\n"
			   "sys/class/iommu/dmar1 -> ../../devices/virtual/iommu/dmar1\n"
			   "sys/devices/virtual/iommu/dmar0/intel-iommu/cap = 8000000c00000000\\n\n"
			   "sys/devices/virtual/iommu/dmar0/intel-iommu/ecap = 8\\n\n"
			   "sys/devices/virtual/iommu/dmar1/intel-iommu/cap = 0800000c00000000\\n\n"
			   "sys/devices/virtual/iommu/dmar1/intel-iommu/ecap = 8\\n\n";

static struct host_tree tree;
static struct inventory inv;
static struct host_report report;

static int setup(void **state)
{
	(void)state;
	host_tree_make(&tree, "sys/kernel/irq/9/chip_name = IR-IO-APIC\\n\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_report_fini(&report);
	inventory_fini(&inv);
	host_tree_remove(&tree);
	return 0;
}

static void make(void)
{
	struct err err = { 0 };
	if (inventory_read(&inv, &tree.host, &err))
		fail_msg("%s", err.text);
	assert_int_equal(host_report_make(&report, &tree.host, &inv), 0);
}

static const struct fact *fact(const char *section, const char *name)
{
	for (size_t i = 0; i < report.facts.n; i++)
		if (!strcmp(report.facts.at[i].section, section) &&
		    !strcmp(report.facts.at[i].name, name))
			return &report.facts.at[i];
	return NULL;
}

static void assert_fact(const char *section, const char *name, enum fact_state state,
			const char *value, const char *remedy)
{
	const struct fact *f = fact(section, name);
	if (!f)
		fail_msg("no fact '%s'", name);
	else if (f->state != state || !strstr(f->value, value) || !strstr(f->remedy, remedy) ||
		 (!*remedy && *f->remedy))
		fail_msg("%s: %d '%s' '%s'", name, f->state, f->value, f->remedy);
}

static void an_intel_processor_tells_what_it_can(void **state)
{
	(void)state;
	host_tree_add(&tree, intel);
	make();
	assert_fact("KVM", "/dev/kvm", FACT_GOOD, "VT-x", "");
	assert_fact("KVM", "nested paging (EPT)", FACT_GOOD, "on", "");
	assert_fact("KVM", "VPID", FACT_WEAK, "off", "kvm_intel with vpid=1");
	assert_fact("KVM", "APIC virtualisation (APICv)", FACT_GOOD, "on", "");
	assert_fact("KVM", "large pages", FACT_GOOD, "1G", "");
}

static void an_amd_processor_too(void **state)
{
	(void)state;
	host_tree_add(&tree, amd);
	make();
	assert_fact("KVM", "nested paging (NPT)", FACT_GOOD, "on", "");
	assert_fact("KVM", "APIC virtualisation (AVIC)", FACT_WEAK, "off", "kvm_amd with avic=1");
	assert_fact("KVM", "large pages", FACT_GOOD, "2M and 1G", "");
	assert_null(fact("KVM", "VPID"));
}

static void without_kvm_the_remedy_is_where_it_is_missing(void **state)
{
	(void)state;
	unlinkat(tree.host.dev, "kvm", 0);
	host_tree_add(&tree, intel);
	make();
	assert_fact("KVM", "/dev/kvm", FACT_MISSING, "missing", "modprobe kvm_intel");
	teardown(NULL);
	setup(NULL);
	unlinkat(tree.host.dev, "kvm", 0);
	host_tree_add(&tree, "proc/cpuinfo = vendor_id\t: AuthenticAMD\\nflags\t\t: svmlock\\n\n");
	make();
	assert_fact("KVM", "/dev/kvm", FACT_MISSING, "missing", "AMD-V (SVM) on in the firmware");
}

static void units_are_as_good_as_the_weakest(void **state)
{
	(void)state;
	host_tree_add(&tree, intel);
	host_tree_add(&tree, groups);
	host_tree_add(&tree, dmar);
	make();
	assert_fact("IOMMU", "IOMMU", FACT_GOOD, "2 VT-d units", "");
	assert_fact("IOMMU", "groups", FACT_PLAIN, "2 with", "");
	assert_fact("IOMMU", "interrupt remapping", FACT_GOOD, "on", "");
	assert_fact("IOMMU", "posted interrupts", FACT_WEAK, "the IOMMU cannot", "");
	assert_fact("IOMMU", "large pages", FACT_GOOD, "2M and 1G", "");
	assert_fact("IOMMU", "reserved regions", FACT_GOOD, "none", "");
}

static void without_an_iommu_the_reason_is_found(void **state)
{
	(void)state;
	static const struct {
		const char *text, *remedy;
	} cases[] = {
		{ "proc/cmdline = quiet intel_iommu=off\\n\n", "told so" },
		{ "proc/cmdline = quiet\\n\nsys/firmware/acpi/tables/DMAR = \n", "intel_iommu=on" },
		{ "proc/cmdline = quiet\\n\nsys/firmware/acpi/tables/IVRS = \n", "AMD-Vi" },
		{ "proc/cmdline = quiet my_intel_iommu=off\\n\n", "firmware's set-up" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		teardown(NULL);
		setup(NULL);
		host_tree_add(&tree, cases[i].text);
		make();
		assert_fact("IOMMU", "IOMMU", FACT_MISSING, "none", cases[i].remedy);
		assert_null(fact("IOMMU", "posted interrupts"));
	}
}

static void interrupts_that_are_not_remapped_are_missing_or_weak(void **state)
{
	(void)state;
	host_tree_add(&tree, groups);
	host_tree_add(&tree, dmar);
	host_tree_add(&tree, "sys/kernel/irq/9/chip_name = IO-APIC\\n\n"
			     "sys/devices/virtual/iommu/dmar1/intel-iommu/ecap = 0\\n\n");
	make();
	assert_fact("IOMMU", "interrupt remapping", FACT_MISSING, "off", "allow_unsafe_interrupts");
	teardown(NULL);
	setup(NULL);
	host_tree_add(&tree, groups);
	host_tree_add(&tree,
		      "sys/kernel/irq/9/chip_name = IO-APIC\\n\n"
		      "proc/cmdline = intremap=off\\n\n"
		      "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts = Y\\n\n");
	make();
	assert_fact("IOMMU", "interrupt remapping", FACT_WEAK, "do without", "take intremap=");
}

static void firmware_memory_names_its_devices(void **state)
{
	(void)state;
	host_tree_add(&tree, groups);
	host_tree_add(&tree,
		      "sys/kernel/iommu_groups/2/reserved_regions = 0x1000 0x1fff direct\\n\n");
	make();
	assert_fact("IOMMU", "reserved regions", FACT_WEAK, "memory for 0000:02:00.0",
		    "cannot be assigned");
}

static void memory_says_what_a_guest_can_have(void **state)
{
	(void)state;
	host_tree_add(&tree,
		      "proc/self/limits = Max locked memory         8388608              8388608   "
		      "           bytes     \\n\n"
		      "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages = 10\\n\n"
		      "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages = 7\\n\n"
		      "sys/kernel/mm/transparent_hugepage/enabled = always madvise [never]\\n\n");
	make();
	assert_fact("memory", "lockable (memlock)", FACT_WEAK, "8M", "LimitMEMLOCK");
	assert_fact("memory", "huge pages of 2M", FACT_GOOD, "7 free of 10", "");
	assert_fact("memory", "huge pages of 1G", FACT_PLAIN, "none", "");
	assert_fact("memory", "transparent huge pages", FACT_WEAK, "never", "echo madvise");
	assert_fact("memory", "size", FACT_PLAIN, "16G", "");
}

static void the_command_prints_facts_and_remedies_and_json(void **state)
{
	(void)state;
	static struct capture capture;
	host_tree_add(&tree, intel);
	make(); /* for teardown */
	char *argv[] = { (char *)"host", (char *)"--host", tree.dir.path, (char *)"--json", NULL };
	capture_begin(&capture);
	assert_int_equal(cmd_host(3, argv), CLI_OK);
	capture_end(&capture);
	assert_non_null(strstr(capture.out, "What can be done"));
	assert_non_null(strstr(capture.out, "! IOMMU: "));
	assert_null(strchr(capture.out, '\033'));
	capture_begin(&capture);
	assert_int_equal(cmd_host(4, argv), CLI_OK);
	capture_end(&capture);
	json_t *list = json_loads(capture.out, 0, NULL);
	assert_int_equal(json_array_size(list), report.facts.n);
	json_t *first = json_array_get(list, 0);
	assert_string_equal(json_string_value(json_object_get(first, "state")), "good");
	assert_true(json_is_null(json_object_get(first, "remedy")));
	json_decref(list);
	argv[2] = (char *)"/nonexistent";
	capture_begin(&capture);
	assert_int_equal(cmd_host(3, argv), CLI_FAILED);
	capture_end(&capture);
	assert_non_null(strstr(capture.err, "/nonexistent/sys"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(an_intel_processor_tells_what_it_can),
		T(an_amd_processor_too),
		T(without_kvm_the_remedy_is_where_it_is_missing),
		T(units_are_as_good_as_the_weakest),
		T(without_an_iommu_the_reason_is_found),
		T(interrupts_that_are_not_remapped_are_missing_or_weak),
		T(firmware_memory_names_its_devices),
		T(memory_says_what_a_guest_can_have),
		T(the_command_prints_facts_and_remedies_and_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
