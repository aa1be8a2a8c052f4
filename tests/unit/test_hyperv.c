/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/uapi.c
// with: fake/fake_kvm.c fake/fake_kvm_vcpu.c
#include "kvm/hyperv.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "fake/cpuid_hosts.h"
#include "fake/fake_kvm.h"
#include "kvm/vcpu.h"

#define ALL (HV_BIT(HV_FEATURES) - 1)

/* What KVM of Linux 6.12 says on a host whose threads may share cores, and of 5.15, by their source. */
static const struct kvm_cpuid_entry2 kvm_612[] = {
	LEAF(0x40000000, 0, 0x40000082, 0x756E694C, 0x564B2078, 0x7648204D), /* "Linux KVM Hv" */
	LEAF(0x40000001, 0, 0x31237648, 0, 0, 0),
	LEAF(0x40000002, 0, 0x00003839, 0x000A0000, 0, 0),
	LEAF(0x40000003, 0, 0x0000AAFF, 0x00101830, 0, 0x00084D12),
	LEAF(0x40000004, 0, 0x00000E2C, 0x00000FFF, 0, 0),
	LEAF(0x40000005, 0, 0x00000400, 0x00000040, 0, 0),
	LEAF(0x4000000A, 0, 0x000A0000, 0, 0, 0),
	LEAF(0x40000080, 0, 0, 0x756E694C, 0x564B2078, 0x7648204D),
	LEAF(0x40000081, 0, 0x31235356, 0, 0, 0),
	LEAF(0x40000082, 0, 0x00000002, 0, 0, 0),
};
static const struct kvm_cpuid_entry2 kvm_515[] = {
	LEAF(0x40000000, 0, 0x40000082, 0x756E694C, 0x564B2078, 0x7648204D),
	LEAF(0x40000001, 0, 0x31237648, 0, 0, 0),
	LEAF(0x40000003, 0, 0x00002AFF, 0x00000030, 0, 0x00080D00),
	LEAF(0x40000004, 0, 0x00000E2C, 0x00000FFF, 0, 0),
};

static struct cpuid cpuid;

static void load(const struct kvm_cpuid_entry2 *leaves, size_t n)
{
	memset(&cpuid, 0, sizeof(cpuid));
	memcpy(cpuid.entries, leaves, n * sizeof(leaves[0]));
	cpuid.n = (uint32_t)n;
}

static const struct kvm_cpuid_entry2 *leaf(uint32_t function)
{
	const struct kvm_cpuid_entry2 *entry = cpuid_find(&cpuid, function, 0);
	assert_non_null(entry);
	return entry;
}

static struct hv_wishes wishes_of(enum hv_preset preset)
{
	return (struct hv_wishes){ .preset = preset };
}

static struct hv_choice choose(const struct hv_wishes *wishes, uint32_t has)
{
	const struct hv_offer offer = { has, true };
	return hv_choose(wishes, &offer);
}

static void assert_fine(const struct hv_choice *choice)
{
	assert_int_equal(choice->dropped | choice->refused | choice->denied, 0);
	assert_false(choice->spin_refused);
}

/* --- what KVM has --- */

static void what_a_kernel_reports_is_what_it_offers(void **state)
{
	(void)state;
	load(kvm_612, ARRAY_LEN(kvm_612));
	assert_int_equal(hv_offered(&cpuid), ALL & ~HV_BIT(HV_NO_CORESHARING));
	load(kvm_515, ARRAY_LEN(kvm_515));
	assert_int_equal(hv_offered(&cpuid),
			 ALL & ~(HV_BIT(HV_NO_CORESHARING) | HV_BIT(HV_XMM_INPUT) |
				 HV_BIT(HV_TSC_INVARIANT)));
}

static void without_the_leaves_or_the_hypercall_nothing_is_offered(void **state)
{
	(void)state;
	load(kvm_612, 3);
	assert_int_equal(hv_offered(&cpuid), 0);
	load(kvm_612, ARRAY_LEN(kvm_612));
	cpuid.entries[3].eax &= ~UINT32_C(0x20);
	assert_int_equal(hv_offered(&cpuid), 0);
	load(kvm_612, 4); /* no recommendations: what is made of rights alone is left */
	assert_true(hv_offered(&cpuid) & HV_BIT(HV_TIME));
	assert_false(hv_offered(&cpuid) & HV_BIT(HV_RELAXED));
}

static void offer_kvm_612(void)
{
	fake_kvm_reset();
	memcpy(fake_kvm.hv_cpuid, kvm_612, sizeof(kvm_612));
	fake_kvm.n_hv_cpuid = ARRAY_LEN(kvm_612);
}

static void a_capability_that_is_missing_takes_its_feature_along(void **state)
{
	(void)state;
	struct hv_offer offer;
	offer_kvm_612();
	assert_int_equal(hv_read_offer(3, &offer, NULL), 0);
	assert_int_equal(offer.has, ALL & ~HV_BIT(HV_NO_CORESHARING));
	assert_true(offer.spin);
	fake_kvm.caps[KVM_CAP_HYPERV_SEND_IPI] = 0;
	fake_kvm.caps[KVM_CAP_HYPERV_SPIN] = 0;
	assert_int_equal(hv_read_offer(3, &offer, NULL), 0);
	assert_int_equal(offer.has, ALL & ~(HV_BIT(HV_NO_CORESHARING) | HV_BIT(HV_IPI)));
	assert_false(offer.spin);
}

static void a_kvm_without_hyperv_says_what_it_would_take(void **state)
{
	(void)state;
	struct hv_offer offer;
	struct err err = { 0 };
	offer_kvm_612();
	fake_kvm.caps[KVM_CAP_SYS_HYPERV_CPUID] = 0;
	assert_int_equal(hv_read_offer(3, &offer, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "does not implement the Hyper-V interface"));
	assert_non_null(strstr(err.text, "CONFIG_KVM_HYPERV"));
	offer_kvm_612();
	fake_kvm_fail("supported_hv_cpuid", 1, E2BIG);
	assert_int_equal(hv_read_offer(3, &offer, &err), -E2BIG);
	assert_non_null(strstr(err.text, "KVM_GET_SUPPORTED_HV_CPUID"));
}

/* --- what is chosen --- */

static void off_gives_nothing(void **state)
{
	(void)state;
	struct hv_wishes wishes = wishes_of(HV_PRESET_OFF);
	struct hv_choice choice = choose(&wishes, ALL);
	assert_int_equal(choice.on, 0);
	assert_int_equal(choice.spin, HV_SPIN_NEVER);
	assert_fine(&choice);
}

static void both_presets_have_clock_timers_and_their_foundations(void **state)
{
	(void)state;
	const uint32_t essential = HV_BIT(HV_TIME) | HV_BIT(HV_STIMER) | HV_BIT(HV_STIMER_DIRECT) |
				   HV_BIT(HV_SYNIC) | HV_BIT(HV_VPINDEX) | HV_BIT(HV_RELAXED);
	for (enum hv_preset preset = HV_PRESET_WINDOWS; preset <= HV_PRESET_WINDOWS_GPU; preset++) {
		struct hv_wishes wishes = wishes_of(preset);
		struct hv_choice choice = choose(&wishes, ALL);
		assert_int_equal(choice.on & essential, essential);
		assert_false(choice.on & (HV_BIT(HV_RESET) | HV_BIT(HV_CRASH)));
		assert_fine(&choice);
	}
}

static void the_preset_for_a_gpu_keeps_posted_interrupts_and_never_gives_up_its_cpu(void **state)
{
	(void)state;
	struct hv_wishes desktop = wishes_of(HV_PRESET_WINDOWS), gpu = wishes_of(HV_PRESET_WINDOWS_GPU);
	assert_false(choose(&desktop, ALL).on & HV_BIT(HV_NO_AUTOEOI));
	assert_true(choose(&gpu, ALL).on & HV_BIT(HV_NO_AUTOEOI));
	assert_int_equal(choose(&desktop, ALL).spin, 0xFFF);
	assert_int_equal(choose(&gpu, ALL).spin, HV_SPIN_NEVER);
}

static void a_preset_drops_what_kvm_lacks_with_all_that_stands_on_it(void **state)
{
	(void)state;
	struct hv_wishes wishes = wishes_of(HV_PRESET_WINDOWS);
	struct hv_choice choice = choose(&wishes, ALL & ~HV_BIT(HV_SYNIC));
	assert_int_equal(choice.dropped,
			 HV_BIT(HV_SYNIC) | HV_BIT(HV_STIMER) | HV_BIT(HV_STIMER_DIRECT));
	assert_false(choice.on & choice.dropped);
	assert_true(choice.on & HV_BIT(HV_TIME));
	assert_int_equal(choice.refused, 0);
	assert_string_equal(hv_names(choice.dropped).s, "synic, stimer, stimer_direct");
}

static void what_is_asked_for_by_name_is_refused_when_kvm_lacks_it(void **state)
{
	(void)state;
	struct hv_wishes wishes = wishes_of(HV_PRESET_WINDOWS);
	wishes.wish[HV_STIMER] = HV_ON;
	struct hv_choice choice = choose(&wishes, ALL & ~HV_BIT(HV_SYNIC));
	assert_int_equal(choice.refused, HV_BIT(HV_STIMER));
	assert_int_equal(choice.dropped, HV_BIT(HV_SYNIC) | HV_BIT(HV_STIMER_DIRECT));
	wishes.wish[HV_NO_CORESHARING] = HV_ON;
	choice = choose(&wishes, 0);
	assert_int_equal(choice.refused, HV_BIT(HV_STIMER) | HV_BIT(HV_NO_CORESHARING));
	assert_int_equal(choice.on, 0);
}

static void one_by_one_brings_along_what_it_needs(void **state)
{
	(void)state;
	struct hv_wishes wishes = wishes_of(HV_PRESET_OFF);
	wishes.wish[HV_STIMER_DIRECT] = HV_ON;
	struct hv_choice choice = choose(&wishes, ALL);
	assert_int_equal(choice.on, HV_BIT(HV_STIMER_DIRECT) | HV_BIT(HV_STIMER) | HV_BIT(HV_SYNIC) |
					    HV_BIT(HV_VPINDEX) | HV_BIT(HV_TIME));
	assert_fine(&choice);
}

static void what_is_off_takes_out_of_a_preset_what_stands_on_it(void **state)
{
	(void)state;
	struct hv_wishes wishes = wishes_of(HV_PRESET_WINDOWS);
	wishes.wish[HV_TIME] = HV_OFF;
	struct hv_choice choice = choose(&wishes, ALL);
	assert_false(choice.on &
		     (HV_BIT(HV_TIME) | HV_BIT(HV_STIMER) | HV_BIT(HV_STIMER_DIRECT)));
	assert_true(choice.on & HV_BIT(HV_SYNIC));
	assert_fine(&choice);
}

static void on_and_off_at_odds_are_denied(void **state)
{
	(void)state;
	struct hv_wishes wishes = wishes_of(HV_PRESET_OFF);
	wishes.wish[HV_STIMER] = HV_ON;
	wishes.wish[HV_VPINDEX] = HV_OFF;
	struct hv_choice choice = choose(&wishes, ALL);
	assert_int_equal(choice.denied, HV_BIT(HV_STIMER));
	assert_int_equal(choice.refused, 0);
	assert_int_equal(choice.on, 0);
}

static void retries_of_a_spinning_guest_are_the_presets_or_ones_own(void **state)
{
	(void)state;
	struct hv_wishes wishes = wishes_of(HV_PRESET_WINDOWS_GPU);
	const struct hv_offer without = { ALL, false };
	wishes.spin = 8191;
	assert_int_equal(choose(&wishes, ALL).spin, 8191);
	assert_true(hv_choose(&wishes, &without).spin_refused);
	wishes.spin = HV_SPIN_NEVER;
	assert_false(hv_choose(&wishes, &without).spin_refused);
	wishes = wishes_of(HV_PRESET_WINDOWS);
	assert_int_equal(hv_choose(&wishes, &without).spin, HV_SPIN_NEVER);
	assert_false(hv_choose(&wishes, &without).spin_refused);
}

static void every_set_of_wishes_ends_in_a_set_that_holds_together(void **state)
{
	(void)state;
	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		struct hv_wishes wishes = wishes_of(HV_PRESET_WINDOWS + rand() % 3);
		uint32_t has = (uint32_t)rand() | (uint32_t)rand();
		for (unsigned i = 0; i < HV_FEATURES; i++)
			wishes.wish[i] = (enum hv_wish)(rand() % 3);
		struct hv_choice choice = choose(&wishes, has & ALL);
		assert_int_equal(choice.on & ~has, 0);
		for (unsigned i = 0; i < HV_FEATURES; i++) {
			if (!(choice.on & HV_BIT(i)))
				continue;
			assert_int_equal(hv_rows[i].needs & ~choice.on, 0);
			assert_int_not_equal(wishes.wish[i], HV_OFF);
		}
		for (unsigned i = 0; i < HV_FEATURES; i++)
			if (wishes.wish[i] == HV_ON)
				assert_true((choice.on | choice.refused | choice.denied) & HV_BIT(i));
	}
}

/* --- leaves --- */

static void the_leaves_of_the_windows_preset_are_as_reviewed(void **state)
{
	(void)state;
	static const struct kvm_cpuid_entry2 want[] = {
		LEAF(0x40000000, 0, 0x40000005, 0x7263694D, 0x666F736F, 0x76482074),
		LEAF(0x40000001, 0, 0x31237648, 0, 0, 0),
		LEAF(0x40000002, 0, 0x00003839, 0x000A0000, 0, 0),
		LEAF(0x40000003, 0, 0x00000A7F, 0, 0, 0x00080110),
		LEAF(0x40000004, 0, 0x00000C2C, 0x00000FFF, 0, 0),
		LEAF(0x40000005, 0, 0x000000FF, 0x00000040, 0, 0),
	};
	struct hv_wishes wishes = wishes_of(HV_PRESET_WINDOWS);
	struct hv_choice choice = choose(&wishes, ALL);
	cpuid.n = 0;
	assert_int_equal(hv_add_leaves(&cpuid, &choice, "Microsoft Hv"), 0);
	assert_int_equal(cpuid.n, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_memory_equal(&cpuid.entries[i], &want[i], sizeof(want[i]));
}

static void the_preset_for_a_gpu_recommends_no_registers_of_the_apic(void **state)
{
	(void)state;
	struct hv_wishes wishes = wishes_of(HV_PRESET_WINDOWS_GPU);
	struct hv_choice choice = choose(&wishes, ALL);
	cpuid.n = 0;
	assert_int_equal(hv_add_leaves(&cpuid, &choice, "0123456789ab"), 0);
	assert_int_equal(leaf(0x40000003)->eax, 0x00000A7F);
	assert_int_equal(leaf(0x40000004)->eax, 0x00000E24);
	assert_int_equal(leaf(0x40000004)->ebx, 0xFFFFFFFF);
	assert_int_equal(leaf(0x40000000)->ebx, 0x33323130);
	assert_int_equal(leaf(0x40000000)->edx, 0x62613938);
}

static void a_short_vendor_is_padded_and_a_long_one_cut(void **state)
{
	(void)state;
	const struct hv_choice choice = { .on = HV_BIT(HV_RELAXED) };
	cpuid.n = 0;
	assert_int_equal(hv_add_leaves(&cpuid, &choice, "abc"), 0);
	assert_int_equal(leaf(0x40000000)->ebx, 0x00636261);
	assert_int_equal(leaf(0x40000000)->ecx | leaf(0x40000000)->edx, 0);
	cpuid.n = 0;
	assert_int_equal(hv_add_leaves(&cpuid, &choice, "0123456789abcdef"), 0);
	assert_int_equal(leaf(0x40000000)->edx, 0x62613938);
}

static void a_full_table_takes_no_leaves(void **state)
{
	(void)state;
	const struct hv_choice choice = { .on = 1 };
	cpuid.n = CPUID_MAX_ENTRIES - 5;
	assert_int_equal(hv_add_leaves(&cpuid, &choice, "x"), -ENOSPC);
	assert_int_equal(cpuid.n, CPUID_MAX_ENTRIES - 5);
	cpuid.n = CPUID_MAX_ENTRIES - 6;
	assert_int_equal(hv_add_leaves(&cpuid, &choice, "x"), 0);
}

/* --- vCPUs --- */

static void table_of(uint32_t on)
{
	static const struct kvm_cpuid_entry2 basic[] = { LEAF(0, 0, 1, 0, 0, 0),
							 LEAF(1, 0, 0x800F12, 0, 0, 0) };
	const struct hv_choice choice = { .on = on };
	load(basic, ARRAY_LEN(basic));
	if (on)
		assert_int_equal(hv_add_leaves(&cpuid, &choice, "Microsoft Hv"), 0);
}

static unsigned times_enabled(uint64_t cap)
{
	unsigned n = 0;
	for (unsigned i = 0; i < fake_kvm.n_enabled; i++)
		n += fake_kvm.enabled[i][0] == cap;
	return n;
}

static int make(struct vm *vm, struct vcpus *vcpus, struct err *err)
{
	int r = vm_init(vm, 3, err);
	return r ? r : vcpus_init(vcpus, vm, 2, &cpuid, err);
}

static void the_synthetic_interrupt_controller_is_enabled_on_each_vcpu_that_is_told_of_it(void **state)
{
	(void)state;
	struct vm vm;
	struct vcpus vcpus;
	fake_kvm_reset();
	table_of(HV_BIT(HV_SYNIC) | HV_BIT(HV_VPINDEX));
	assert_int_equal(make(&vm, &vcpus, NULL), 0);
	assert_int_equal(times_enabled(KVM_CAP_HYPERV_SYNIC2), 2);
	assert_int_equal(times_enabled(KVM_CAP_HYPERV_ENFORCE_CPUID), 2);
	assert_int_equal(times_enabled(KVM_CAP_ENFORCE_PV_FEATURE_CPUID), 2);
	vcpus_fini(&vcpus);
	vm_fini(&vm);
}

static void a_guest_without_hyperv_costs_no_state_of_it(void **state)
{
	(void)state;
	struct vm vm;
	struct vcpus vcpus;
	fake_kvm_reset();
	table_of(0);
	assert_int_equal(make(&vm, &vcpus, NULL), 0);
	assert_int_equal(times_enabled(KVM_CAP_HYPERV_SYNIC2), 0);
	assert_int_equal(times_enabled(KVM_CAP_HYPERV_ENFORCE_CPUID), 0);
	assert_int_equal(times_enabled(KVM_CAP_ENFORCE_PV_FEATURE_CPUID), 2);
	assert_null(vcpus.hyperv);
	vcpus_fini(&vcpus);
	vm_fini(&vm);
}

static void a_host_that_cannot_enforce_still_runs_guests(void **state)
{
	(void)state;
	struct vm vm;
	struct vcpus vcpus;
	fake_kvm_reset();
	fake_kvm.caps[KVM_CAP_ENFORCE_PV_FEATURE_CPUID] = 0;
	fake_kvm.caps[KVM_CAP_HYPERV_ENFORCE_CPUID] = 0;
	table_of(HV_BIT(HV_RELAXED));
	assert_int_equal(make(&vm, &vcpus, NULL), 0);
	assert_int_equal(times_enabled(KVM_CAP_ENFORCE_PV_FEATURE_CPUID), 0);
	vcpus_fini(&vcpus);
	vm_fini(&vm);
}

static void a_capability_that_kvm_refuses_is_named(void **state)
{
	(void)state;
	static const char *const names[] = { "ENFORCE_PV_FEATURE_CPUID", "HYPERV_ENFORCE_CPUID",
					     "HYPERV_SYNIC2" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct vm vm;
		struct vcpus vcpus;
		struct err err = { 0 };
		fake_kvm_reset();
		unsigned before = fake_kvm_open_fds();
		table_of(HV_BIT(HV_SYNIC));
		assert_int_equal(vm_init(&vm, 3, NULL), 0);
		fake_kvm_fail("enable_cap", (unsigned)i + 1, EINVAL);
		assert_int_equal(vcpus_init(&vcpus, &vm, 2, &cpuid, &err), -EINVAL);
		assert_non_null(strstr(err.text, "vCPU 0"));
		assert_non_null(strstr(err.text, names[i]));
		vm_fini(&vm);
		assert_int_equal(fake_kvm_open_fds(), before);
	}
}

static void power_on_lists_registers_of_what_is_there_and_no_others(void **state)
{
	(void)state;
	struct kvm_msrs *msrs = NULL;
	table_of(0);
	assert_int_equal(hv_power_on(&cpuid, &msrs), 0);
	assert_null(msrs);
	table_of(HV_BIT(HV_RELAXED));
	assert_int_equal(hv_power_on(&cpuid, &msrs), 0);
	assert_int_equal(msrs->nmsrs, 2); /* the hypercall page before the identity it hangs on */
	assert_int_equal(msrs->entries[0].index, 0x40000001);
	assert_int_equal(msrs->entries[1].index, 0x40000000);
	free(msrs);
	table_of(HV_BIT(HV_SYNIC) | HV_BIT(HV_TIME) | HV_BIT(HV_STIMER));
	assert_int_equal(hv_power_on(&cpuid, &msrs), 0);
	assert_int_equal(msrs->nmsrs, 8 + 2 + 16 + 1 + 1 + 2);
	assert_int_equal(msrs->entries[0].index, 0x400000B0); /* timers stop first */
	free(msrs);
}

static void a_reset_takes_the_guests_pages_from_kvm(void **state)
{
	(void)state;
	static const uint32_t pages[] = { 0x40000001, 0x40000021, 0x40000082, 0x40000083,
					  0x40000073 };
	struct vm vm;
	struct vcpus vcpus;
	fake_kvm_reset();
	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		fake_kvm_add_msr(pages[i], 0);
	fake_kvm_add_msr(0x40000090, 0x10000); /* an interrupt source */
	table_of(HV_BIT(HV_SYNIC) | HV_BIT(HV_TIME) | HV_BIT(HV_VAPIC));
	assert_int_equal(make(&vm, &vcpus, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		fake_kvm_msr(1, pages[i])->value = 0x12345001;
	fake_kvm_msr(1, 0x40000090)->value = 0x2F;
	assert_int_equal(vcpus_reset(&vcpus, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		assert_int_equal(fake_kvm_msr(1, pages[i])->value, 0);
	assert_int_equal(fake_kvm_msr(1, 0x40000090)->value, 0x10000);
	vcpus_fini(&vcpus);
	vm_fini(&vm);
}

static void a_reset_that_kvm_refuses_says_so(void **state)
{
	(void)state;
	struct vm vm;
	struct vcpus vcpus;
	struct err err = { 0 };
	fake_kvm_reset();
	table_of(HV_BIT(HV_TIME));
	assert_int_equal(make(&vm, &vcpus, NULL), 0);
	fake_kvm_fail("set_msrs", 1, EFAULT);
	assert_int_equal(vcpus_reset(&vcpus, &err), -EFAULT);
	assert_non_null(strstr(err.text, "KVM_SET_MSRS of Hyper-V"));
	vcpus_fini(&vcpus);
	vm_fini(&vm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_kernel_reports_is_what_it_offers),
		cmocka_unit_test(without_the_leaves_or_the_hypercall_nothing_is_offered),
		cmocka_unit_test(a_capability_that_is_missing_takes_its_feature_along),
		cmocka_unit_test(a_kvm_without_hyperv_says_what_it_would_take),
		cmocka_unit_test(off_gives_nothing),
		cmocka_unit_test(both_presets_have_clock_timers_and_their_foundations),
		cmocka_unit_test(
			the_preset_for_a_gpu_keeps_posted_interrupts_and_never_gives_up_its_cpu),
		cmocka_unit_test(a_preset_drops_what_kvm_lacks_with_all_that_stands_on_it),
		cmocka_unit_test(what_is_asked_for_by_name_is_refused_when_kvm_lacks_it),
		cmocka_unit_test(one_by_one_brings_along_what_it_needs),
		cmocka_unit_test(what_is_off_takes_out_of_a_preset_what_stands_on_it),
		cmocka_unit_test(on_and_off_at_odds_are_denied),
		cmocka_unit_test(retries_of_a_spinning_guest_are_the_presets_or_ones_own),
		cmocka_unit_test(every_set_of_wishes_ends_in_a_set_that_holds_together),
		cmocka_unit_test(the_leaves_of_the_windows_preset_are_as_reviewed),
		cmocka_unit_test(the_preset_for_a_gpu_recommends_no_registers_of_the_apic),
		cmocka_unit_test(a_short_vendor_is_padded_and_a_long_one_cut),
		cmocka_unit_test(a_full_table_takes_no_leaves),
		cmocka_unit_test(
			the_synthetic_interrupt_controller_is_enabled_on_each_vcpu_that_is_told_of_it),
		cmocka_unit_test(a_guest_without_hyperv_costs_no_state_of_it),
		cmocka_unit_test(a_host_that_cannot_enforce_still_runs_guests),
		cmocka_unit_test(a_capability_that_kvm_refuses_is_named),
		cmocka_unit_test(power_on_lists_registers_of_what_is_there_and_no_others),
		cmocka_unit_test(a_reset_takes_the_guests_pages_from_kvm),
		cmocka_unit_test(a_reset_that_kvm_refuses_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
