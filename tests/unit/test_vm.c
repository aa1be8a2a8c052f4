/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/uapi.c
// with: fake/fake_kvm.c fake/fake_kvm_vcpu.c
#include "kvm/vm.h"

#include <cpuid.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/layout.h"
#include "fake/fake_kvm.h"
#include "kvm/caps.h"

#define DEV_FD 88

/* The leaves without which no table is built. */
static void add_cpuid(void)
{
	static const struct kvm_cpuid_entry2 leaves[] = {
		{ .function = 0,
		  .eax = 0xD,
		  .ebx = 0x756E6547,
		  .ecx = 0x6C65746E,
		  .edx = 0x49656E69 },
		{ .function = 1, .eax = 0x306C3 },
		{ .function = 0x80000000, .eax = 0x80000008 },
		{ .function = 0x80000001, .edx = 1u << 29 },
		{ .function = 0x80000008, .eax = 0x3027 },
	};
	memcpy(fake_kvm.cpuid, leaves, sizeof(leaves));
	fake_kvm.n_cpuid = sizeof(leaves) / sizeof(leaves[0]);
}

static int setup(void **state)
{
	static struct vm vm;
	fake_kvm_reset();
	add_cpuid();
	*state = &vm;
	return 0;
}

static void a_host_with_everything_passes_and_nothing_stays_open(void **state)
{
	(void)state;
	unsigned before = fake_kvm_open_fds();
	struct err err = { 0 };
	assert_int_equal(vm_check_host(DEV_FD, &err), 0);
	assert_int_equal(fake_kvm_open_fds(), before);
	assert_int_equal(fake_kvm_count("create_vm"), 0);
}

static void each_missing_capability_is_named_with_its_use(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_required_caps; i++) {
		struct err err = { 0 };
		unsigned before = fake_kvm_open_fds();
		fake_kvm_reset();
		fake_kvm.caps[required_caps[i].cap] = 0;
		assert_int_equal(vm_check_host(DEV_FD, &err), -EOPNOTSUPP);
		assert_non_null(strstr(err.text, required_caps[i].name));
		assert_non_null(strstr(err.text, required_caps[i].why));
		assert_int_equal(fake_kvm_open_fds(), before);
	}
}

static void all_missing_capabilities_are_named_at_once(void **state)
{
	(void)state;
	struct err err = { 0 };
	memset(fake_kvm.caps, 0, sizeof(fake_kvm.caps));
	assert_int_equal(vm_check_host(DEV_FD, &err), -EOPNOTSUPP);
	for (size_t i = 0; i < n_required_caps; i++)
		assert_non_null(strstr(err.text, required_caps[i].name));
	assert_non_null(strstr(err.text, "newer host kernel"));
}

static void too_few_slots_or_routes_count_as_missing(void **state)
{
	(void)state;
	struct err err = { 0 };
	fake_kvm.caps[KVM_CAP_NR_MEMSLOTS] = 32;
	fake_kvm.caps[KVM_CAP_IRQ_ROUTING] = 64;
	assert_int_equal(vm_check_host(DEV_FD, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "KVM_CAP_NR_MEMSLOTS"));
	assert_non_null(strstr(err.text, "KVM_CAP_IRQ_ROUTING"));
}

static void a_capability_that_cannot_be_asked_for_is_missing(void **state)
{
	(void)state;
	struct err err = { 0 };
	fake_kvm_fail("check_extension", 1, EIO);
	assert_int_equal(vm_check_host(DEV_FD, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, required_caps[0].name));
}

static void each_way_dev_kvm_can_fail_has_its_own_next_step(void **state)
{
	(void)state;
	static const struct {
		int error;
		const char *step;
	} ways[] = {
		{ ENOENT, "load kvm_intel or kvm_amd" },
		{ ENODEV, "VT-x or AMD-V in the firmware" },
		{ ENXIO, "load kvm_intel or kvm_amd" },
		{ EACCES, "group kvm" },
		{ EPERM, "run as root" },
		{ EBUSY, "another hypervisor" },
	};
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct err err = { 0 };
		fake_kvm_reset();
		fake_kvm_fail("open", 1, ways[i].error);
		assert_int_equal(vm_check_host(DEV_FD, &err), -ways[i].error);
		assert_non_null(strstr(err.text, "/dev/kvm: "));
		assert_non_null(strstr(err.text, ways[i].step));
	}
}

static void another_api_version_is_refused(void **state)
{
	(void)state;
	struct err err = { 0 };
	unsigned before = fake_kvm_open_fds();
	fake_kvm.version = 13;
	assert_int_equal(vm_check_host(DEV_FD, &err), -EPROTO);
	assert_non_null(strstr(err.text, "API version 13"));
	fake_kvm_fail("api_version", 1, ENOTTY);
	assert_int_equal(vm_check_host(DEV_FD, &err), -ENOTTY);
	assert_int_equal(fake_kvm_open_fds(), before);
}

static void a_vm_has_its_chips_routes_and_reserved_pages(void **state)
{
	struct vm *vm = *state;
	assert_int_equal(vm_init(vm, DEV_FD, NULL), 0);
	assert_int_equal(fake_kvm.tss_gpa, KVM_TSS_GPA);
	assert_int_equal(fake_kvm.identity_gpa, KVM_IDENTITY_MAP_GPA);
	assert_int_equal(fake_kvm_count("create_irqchip"), 1);
	assert_true(fake_kvm_find("create_irqchip", 0) < fake_kvm_find("create_pit2", 0));
	assert_true(fake_kvm_find("create_pit2", 0) < fake_kvm_find("set_gsi_routing", 0));
	assert_int_equal(fake_kvm.n_routes, 38);
	assert_int_equal(vm->irqs.max_gsi, 4096);
	assert_int_equal(vm->slots.max, 512);
	assert_int_equal(vm->run_size, FAKE_KVM_RUN_SIZE);
	assert_int_equal(vm->max_vcpus, FAKE_KVM_VCPUS);
	vm_fini(vm);
}

static bool is_enabled(uint64_t cap, uint64_t arg)
{
	for (unsigned i = 0; i < fake_kvm.n_enabled; i++)
		if (fake_kvm.enabled[i][0] == cap && fake_kvm.enabled[i][1] == arg)
			return true;
	return false;
}

static void unknown_msrs_come_to_us_and_the_pmu_is_off(void **state)
{
	struct vm *vm = *state;
	assert_int_equal(vm_init(vm, DEV_FD, NULL), 0);
	assert_true(is_enabled(KVM_CAP_X86_USER_SPACE_MSR, KVM_MSR_EXIT_REASON_UNKNOWN));
	assert_true(is_enabled(KVM_CAP_PMU_CAPABILITY, KVM_PMU_CAP_DISABLE));
	vm_fini(vm);
}

static void an_older_kvm_without_those_two_will_do(void **state)
{
	struct vm *vm = *state;
	fake_kvm.caps[KVM_CAP_X86_USER_SPACE_MSR] = 0;
	fake_kvm.caps[KVM_CAP_PMU_CAPABILITY] = 0;
	assert_int_equal(vm_init(vm, DEV_FD, NULL), 0);
	assert_int_equal(fake_kvm.n_enabled, 0);
	vm_fini(vm);
	fake_kvm_reset();
	fake_kvm_fail("enable_cap", 1, EINVAL);
	fake_kvm_fail("enable_cap", 2, EINVAL);
	assert_int_equal(vm_init(vm, DEV_FD, NULL), 0);
	vm_fini(vm);
}

static void a_signal_during_creation_is_outlived(void **state)
{
	struct vm *vm = *state;
	fake_kvm_fail("create_vm", 1, EINTR);
	fake_kvm_fail("create_vm", 2, EINTR);
	assert_int_equal(vm_init(vm, DEV_FD, NULL), 0);
	assert_int_equal(fake_kvm_count("create_vm"), 3);
	vm_fini(vm);
}

static void a_machine_taken_by_another_hypervisor_is_explained(void **state)
{
	struct err err = { 0 };
	fake_kvm_fail("create_vm", 1, EBUSY);
	assert_int_equal(vm_init(*state, DEV_FD, &err), -EBUSY);
	assert_non_null(strstr(err.text, "VirtualBox"));
	fake_kvm_fail("create_vm", 1, EOPNOTSUPP);
	assert_int_equal(vm_init(*state, DEV_FD, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "firmware"));
}

static void a_run_area_too_small_to_be_true_is_refused(void **state)
{
	struct err err = { 0 };
	fake_kvm.run_size = 100;
	assert_int_equal(vm_init(*state, DEV_FD, &err), -EPROTO);
	assert_non_null(strstr(err.text, "KVM_GET_VCPU_MMAP_SIZE"));
}

/* Calls whose failure is an answer: no such capability, or not worth failing for. */
static bool may_fail(const char *name)
{
	return !strcmp(name, "check_extension") || !strcmp(name, "enable_cap");
}

static void a_failure_of_any_call_leaves_nothing_open_and_says_what(void **state)
{
	struct vm *vm = *state;
	unsigned before = fake_kvm_open_fds(), refused = 0;
	assert_int_equal(vm_init(vm, DEV_FD, NULL), 0);
	vm_fini(vm);
	unsigned calls = fake_kvm.n_calls;
	for (unsigned n = 1; n <= calls; n++) {
		struct err err = { 0 };
		fake_kvm_reset();
		fake_kvm_fail(NULL, n, ENOMEM);
		int r = vm_init(vm, DEV_FD, &err);
		assert_non_null(fake_kvm_failed());
		if (r && !may_fail(fake_kvm_failed())) {
			assert_int_equal(r, -ENOMEM);
			refused++;
		} else if (!r) {
			assert_true(may_fail(fake_kvm_failed()));
			vm_fini(vm);
		}
		assert_true(!r == !err.text[0]);
		assert_int_equal(fake_kvm_open_fds(), before);
	}
	assert_true(refused >= 13);
}

static void chips_go_back_to_what_they_were_at_creation(void **state)
{
	struct vm *vm = *state;
	fake_kvm.chips[2].chip.ioapic.redirtbl[4].fields.mask = 1;
	fake_kvm.pit.channels[0].count = 65536;
	assert_int_equal(vm_init(vm, DEV_FD, NULL), 0);
	fake_kvm.chips[2].chip.ioapic.redirtbl[4].fields.mask = 0;
	fake_kvm.chips[0].chip.pic.imr = 0xFB;
	fake_kvm.pit.channels[0].count = 1193;
	assert_int_equal(vm_reset_chips(vm, NULL), 0);
	assert_int_equal(fake_kvm.chips[2].chip.ioapic.redirtbl[4].fields.mask, 1);
	assert_int_equal(fake_kvm.chips[0].chip.pic.imr, 0);
	assert_int_equal(fake_kvm.pit.channels[0].count, 65536);
	vm_fini(vm);
}

static void a_chip_that_cannot_be_reset_is_named(void **state)
{
	struct vm *vm = *state;
	struct err err = { 0 };
	assert_int_equal(vm_init(vm, DEV_FD, NULL), 0);
	fake_kvm_fail("set_irqchip", 3, EINVAL);
	assert_int_equal(vm_reset_chips(vm, &err), -EINVAL);
	assert_non_null(strstr(err.text, "KVM_SET_IRQCHIP 2"));
	fake_kvm_fail("set_pit2", 1, EINVAL);
	assert_int_equal(vm_reset_chips(vm, &err), -EINVAL);
	assert_non_null(strstr(err.text, "KVM_SET_PIT2"));
	vm_fini(vm);
}

static void vfio_files_are_told_to_one_device_made_at_need(void **state)
{
	struct vm *vm = *state;
	assert_int_equal(vm_init(vm, DEV_FD, NULL), 0);
	assert_int_equal(fake_kvm_count("create_device"), 0);
	assert_int_equal(vm_vfio_add(vm, 40, NULL), 0);
	assert_int_equal(vm_vfio_add(vm, 41, NULL), 0);
	assert_int_equal(fake_kvm_count("create_device"), 1);
	assert_int_equal(fake_kvm.n_vfio, 2);
	vm_vfio_remove(vm, 40);
	assert_int_equal(fake_kvm.n_vfio, 1);
	assert_int_equal(fake_kvm.vfio_fds[0], 41);
	vm_vfio_remove(vm, 99); /* never added: KVM refuses, nothing changes */
	assert_int_equal(fake_kvm.n_vfio, 1);
	vm_fini(vm);
}

static void vfio_failures_are_reported(void **state)
{
	struct vm *vm = *state;
	struct err err = { 0 };
	unsigned before = fake_kvm_open_fds();
	assert_int_equal(vm_init(vm, DEV_FD, NULL), 0);
	vm_vfio_remove(vm, 40);
	assert_int_equal(fake_kvm_count("device_attr"), 0);
	fake_kvm_fail("create_device", 1, ENODEV);
	assert_int_equal(vm_vfio_add(vm, 40, &err), -ENODEV);
	assert_non_null(strstr(err.text, "KVM_CREATE_DEVICE"));
	fake_kvm_fail("device_attr", 1, EINVAL);
	assert_int_equal(vm_vfio_add(vm, 40, &err), -EINVAL);
	assert_non_null(strstr(err.text, "fd 40"));
	assert_int_equal(vm_vfio_add(vm, 40, &err), 0);
	vm_fini(vm);
	assert_int_equal(fake_kvm_open_fds(), before);
}

static void the_processor_has_the_hosts_name_where_kvm_gives_none(void **state)
{
	struct vm *vm = *state;
	static struct cpuid cpuid;
	struct err err = { 0 };
	const struct cpuid_config config = { .vcpus = 1 };
	unsigned a, b, c, d;
	if (!__get_cpuid(0x80000002, &a, &b, &c, &d) || !(a | b | c | d))
		skip(); /* a host without a name of its own */
	fake_kvm.cpuid[fake_kvm.n_cpuid++] = (struct kvm_cpuid_entry2){ .function = 0x80000002 };
	assert_int_equal(vm_init(vm, DEV_FD, NULL), 0);
	assert_int_equal(vm_cpuid(vm, &config, &cpuid, &err), 0);
	assert_int_equal(cpuid_find(&cpuid, 0x80000002, 0)->eax, a);
	assert_int_equal(cpuid_find(&cpuid, 0x80000002, 0)->edx, d);
	fake_kvm.cpuid[fake_kvm.n_cpuid - 1].ebx = 0x21212121; /* a KVM that knows better */
	assert_int_equal(vm_cpuid(vm, &config, &cpuid, &err), 0);
	assert_int_equal(cpuid_find(&cpuid, 0x80000002, 0)->eax, 0);
	assert_int_equal(cpuid_find(&cpuid, 0x80000002, 0)->ebx, 0x21212121);
	vm_fini(vm);
}

static int cpuid_of(struct vm *vm, struct cpuid *cpuid, unsigned vcpus, struct err *err)
{
	const struct cpuid_config config = { .vcpus = vcpus };
	return vm_cpuid(vm, &config, cpuid, err);
}

static void more_vcpus_than_kvm_runs_are_refused(void **state)
{
	struct vm *vm = *state;
	struct err err = { 0 };
	static struct cpuid cpuid;
	assert_int_equal(vm_init(vm, DEV_FD, NULL), 0);
	assert_int_equal(cpuid_of(vm, &cpuid, FAKE_KVM_VCPUS, &err), 0);
	assert_int_equal(cpuid_of(vm, &cpuid, FAKE_KVM_VCPUS + 1, &err), -EINVAL);
	assert_non_null(strstr(err.text, "1 to 8"));
	assert_int_equal(cpuid_of(vm, &cpuid, 0, &err), -EINVAL);
	fake_kvm_fail("supported_cpuid", 1, E2BIG);
	assert_int_equal(cpuid_of(vm, &cpuid, 1, &err), -E2BIG);
	assert_non_null(strstr(err.text, "KVM_GET_SUPPORTED_CPUID"));
	vm_fini(vm);
}

static void the_deadline_timer_follows_the_capability(void **state)
{
	struct vm *vm = *state;
	static struct cpuid cpuid;
	assert_int_equal(vm_init(vm, DEV_FD, NULL), 0);
	assert_int_equal(cpuid_of(vm, &cpuid, 1, NULL), 0);
	assert_true(cpuid_find(&cpuid, 1, 0)->ecx >> 24 & 1);
	fake_kvm.caps[KVM_CAP_TSC_DEADLINE_TIMER] = 0;
	assert_int_equal(cpuid_of(vm, &cpuid, 1, NULL), 0);
	assert_false(cpuid_find(&cpuid, 1, 0)->ecx >> 24 & 1);
	vm_fini(vm);
}

static void the_vcpu_limit_stays_below_the_broadcast_id(void **state)
{
	struct vm *vm = *state;
	static const int limits[][3] = {
		{ 1024, 2, 255 }, { 64, 2, 64 }, { 0, 16, 16 }, { 0, 0, 4 }
	};
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		fake_kvm_reset();
		fake_kvm.caps[KVM_CAP_MAX_VCPUS] = limits[i][0];
		fake_kvm.caps[KVM_CAP_NR_VCPUS] = limits[i][1];
		assert_int_equal(vm_init(vm, DEV_FD, NULL), 0);
		assert_int_equal(vm->max_vcpus, limits[i][2]);
		vm_fini(vm);
	}
}

static void a_vm_may_be_taken_down_twice(void **state)
{
	struct vm *vm = *state;
	unsigned before = fake_kvm_open_fds();
	assert_int_equal(vm_init(vm, DEV_FD, NULL), 0);
	vm_fini(vm);
	vm_fini(vm);
	assert_int_equal(fake_kvm_open_fds(), before);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(a_host_with_everything_passes_and_nothing_stays_open),
		TEST(each_missing_capability_is_named_with_its_use),
		TEST(all_missing_capabilities_are_named_at_once),
		TEST(too_few_slots_or_routes_count_as_missing),
		TEST(a_capability_that_cannot_be_asked_for_is_missing),
		TEST(each_way_dev_kvm_can_fail_has_its_own_next_step),
		TEST(another_api_version_is_refused),
		TEST(a_vm_has_its_chips_routes_and_reserved_pages),
		TEST(unknown_msrs_come_to_us_and_the_pmu_is_off),
		TEST(an_older_kvm_without_those_two_will_do),
		TEST(a_signal_during_creation_is_outlived),
		TEST(a_machine_taken_by_another_hypervisor_is_explained),
		TEST(a_run_area_too_small_to_be_true_is_refused),
		TEST(a_failure_of_any_call_leaves_nothing_open_and_says_what),
		TEST(chips_go_back_to_what_they_were_at_creation),
		TEST(a_chip_that_cannot_be_reset_is_named),
		TEST(vfio_files_are_told_to_one_device_made_at_need),
		TEST(vfio_failures_are_reported),
		TEST(the_processor_has_the_hosts_name_where_kvm_gives_none),
		TEST(more_vcpus_than_kvm_runs_are_refused),
		TEST(the_deadline_timer_follows_the_capability),
		TEST(the_vcpu_limit_stays_below_the_broadcast_id),
		TEST(a_vm_may_be_taken_down_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
