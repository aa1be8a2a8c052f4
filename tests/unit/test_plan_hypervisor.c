/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/uapi.c
// with: fake/plan_host.c fake/fake_kvm.c fake/fake_kvm_vcpu.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "fake/capture.h"
#include "fake/fake_kvm.h"
#include "fake/plan_host.h"

#define ALL (HV_BIT(HV_FEATURES) - 1)

static const struct host host = { .dev = 3 };

static void offer(uint32_t features, uint32_t hints, uint32_t misc)
{
	fake_kvm_reset();
	fake_kvm.n_hv_cpuid = 2;
	fake_kvm.hv_cpuid[0] = (struct kvm_cpuid_entry2){ .function = 0x40000003, .eax = features,
							  .edx = misc };
	fake_kvm.hv_cpuid[1] = (struct kvm_cpuid_entry2){ .function = 0x40000004, .eax = hints };
}

static void check(void)
{
	make();
	assert_int_equal(plan_check_hypervisor(&plan, &host), 0);
}

static void a_guest_of_kvm_costs_no_look_at_hyperv(void **state)
{
	(void)state;
	fake_kvm_reset();
	check();
	assert_int_equal(plan.hyperv.on, 0);
	assert_int_equal(fake_kvm.n_calls, 0);
	assert_int_equal(plan.warnings.n + plan.refusals.n, 0);
}

static void hyperv_starts_from_the_windows_preset(void **state)
{
	(void)state;
	profile.hypervisor = HYPERVISOR_HYPERV;
	offer(UINT32_MAX, UINT32_MAX, UINT32_MAX);
	check();
	assert_true(plan.hyperv.on & HV_BIT(HV_STIMER));
	assert_false(plan.hyperv.on & HV_BIT(HV_NO_AUTOEOI));
	assert_int_equal(plan.warnings.n + plan.refusals.n, 0);
}

static void what_a_preset_does_not_get_is_noted_and_no_reason_to_refuse(void **state)
{
	(void)state;
	profile.hypervisor = HYPERVISOR_HYPERV;
	offer(UINT32_MAX, ~(UINT32_C(1) << 10), UINT32_MAX);
	check();
	assert_int_equal(plan.refusals.n, 0);
	assert_warning("preset \"windows\": the guest goes without ipi");
	assert_false(plan.hyperv.on & HV_BIT(HV_IPI));
}

static void what_is_named_and_missing_is_refused_by_name(void **state)
{
	(void)state;
	profile.hyperv.wish[HV_IPI] = HV_ON;
	offer(UINT32_MAX, ~(UINT32_C(1) << 10), UINT32_MAX);
	check();
	assert_only_refusal(-EOPNOTSUPP, "by name: ipi", "turn it off", NULL);
}

static void what_needs_something_that_is_off_is_refused(void **state)
{
	(void)state;
	profile.hyperv.wish[HV_IPI] = HV_ON;
	profile.hyperv.wish[HV_VPINDEX] = HV_OFF;
	offer(UINT32_MAX, UINT32_MAX, UINT32_MAX);
	check();
	assert_only_refusal(-EINVAL, "turns on ipi", "keep one of the two", NULL);
}

static void spinlocks_that_kvm_would_not_hear_of_are_refused(void **state)
{
	(void)state;
	profile.hypervisor = HYPERVISOR_HYPERV;
	profile.hyperv.spin = 8191;
	offer(UINT32_MAX, UINT32_MAX, UINT32_MAX);
	fake_kvm.caps[KVM_CAP_HYPERV_SPIN] = 0;
	check();
	assert_only_refusal(-EOPNOTSUPP, "hyperv.spinlocks", NULL);
}

static void a_kvm_without_the_interface_is_refused_with_the_remedy(void **state)
{
	(void)state;
	profile.hypervisor = HYPERVISOR_HYPERV;
	offer(0, 0, 0);
	fake_kvm.caps[KVM_CAP_SYS_HYPERV_CPUID] = 0;
	check();
	assert_only_refusal(-EOPNOTSUPP, "Hyper-V interface", "CONFIG_KVM_HYPERV", NULL);
	plan_fini(&plan);
	offer(0, 0, 0);
	check();
	assert_only_refusal(-EOPNOTSUPP, "nothing of the Hyper-V interface", NULL);
}

static void a_kvm_that_cannot_be_opened_is_refused_once_and_elsewhere(void **state)
{
	(void)state;
	profile.hypervisor = HYPERVISOR_HYPERV;
	offer(UINT32_MAX, UINT32_MAX, UINT32_MAX);
	fake_kvm_fail("open", 1, ENOENT);
	check();
	assert_int_equal(plan.refusals.n, 0);
}

static void a_host_in_a_file_is_taken_to_have_all_of_it(void **state)
{
	(void)state;
	const struct host replayed = { .dev = 3, .replayed = true };
	profile.hypervisor = HYPERVISOR_HYPERV;
	fake_kvm_reset();
	make();
	assert_int_equal(plan_check_hypervisor(&plan, &replayed), 0);
	assert_int_equal(fake_kvm.n_calls, 0);
	assert_true(plan.hyperv.on & HV_BIT(HV_TIME));
}

static void a_vendor_of_an_interface_that_is_not_there_is_noted(void **state)
{
	(void)state;
	static char vendor[] = "ACME";
	profile.vm_identity.hv_vendor_id = vendor;
	check();
	assert_warning("hv_vendor_id does nothing");
}

static const char *printed(void)
{
	static struct capture capture;
	capture_begin(&capture);
	plan_print(&plan, stdout, false);
	capture_end(&capture);
	return capture.out;
}

static void check_shows_what_the_guest_finds(void **state)
{
	(void)state;
	static char vendor[] = "ACME";
	check();
	assert_non_null(strstr(printed(), "hypervisor  KVM\n"));
	plan_fini(&plan);
	profile.hypervisor = HYPERVISOR_NONE;
	check();
	assert_non_null(strstr(printed(), "hypervisor  none\n"));
	plan_fini(&plan);
	profile.hypervisor = HYPERVISOR_KVM;
	profile.hyperv.wish[HV_TIME] = HV_ON;
	profile.vm_identity.hv_vendor_id = vendor;
	offer(UINT32_MAX, UINT32_MAX, UINT32_MAX);
	check();
	assert_non_null(strstr(printed(), "hypervisor  KVM and Hyper-V (\"ACME\"): time\n"));
	plan_fini(&plan);
	profile.hypervisor = HYPERVISOR_HYPERV;
	check();
	assert_non_null(strstr(printed(), "hypervisor  Hyper-V (\"ACME\"): relaxed, vapic, time,"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, plan_setup, plan_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_guest_of_kvm_costs_no_look_at_hyperv),
		TEST(hyperv_starts_from_the_windows_preset),
		TEST(what_a_preset_does_not_get_is_noted_and_no_reason_to_refuse),
		TEST(what_is_named_and_missing_is_refused_by_name),
		TEST(what_needs_something_that_is_off_is_refused),
		TEST(spinlocks_that_kvm_would_not_hear_of_are_refused),
		TEST(a_kvm_without_the_interface_is_refused_with_the_remedy),
		TEST(a_kvm_that_cannot_be_opened_is_refused_once_and_elsewhere),
		TEST(a_host_in_a_file_is_taken_to_have_all_of_it),
		TEST(a_vendor_of_an_interface_that_is_not_there_is_noted),
		TEST(check_shows_what_the_guest_finds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
