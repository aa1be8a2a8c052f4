/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `hypervisor` changes of a guest's CPUID, on each host of cpuid_hosts.h: every leaf is compared
 * with the reviewed table of cpuid_guests.h, which is the one of a KVM guest.
 */
#include "kvm/cpuid.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "fake/cpuid_guests.h"
#include "kvm/hyperv.h"

#define HYPERVISOR_BIT (UINT32_C(1) << 31)

static const struct host {
	const struct kvm_cpuid_entry2 *leaves, *guest;
	size_t n, n_guest;
} hosts[] = {
	{ host_intel, guest_intel, ARRAY_LEN(host_intel), ARRAY_LEN(guest_intel) },
	{ host_amd, guest_amd, ARRAY_LEN(host_amd), ARRAY_LEN(guest_amd) },
	{ host_epyc, guest_epyc, ARRAY_LEN(host_epyc), ARRAY_LEN(guest_epyc) },
};

static const struct kvm_cpuid_entry2 hyperv_leaves[] = {
	LEAF(0x40000000, 0, 0x40000005, 0x7263694D, 0x666F736F, 0x76482074),
	LEAF(0x40000001, 0, 0x31237648, 0, 0, 0),
	LEAF(0x40000002, 0, 0x00003839, 0x000A0000, 0, 0),
	LEAF(0x40000003, 0, 0x00000262, 0, 0, 0),
	LEAF(0x40000004, 0, 0x00000020, 0xFFFFFFFF, 0, 0),
	LEAF(0x40000005, 0, 0x000000FF, 0x00000040, 0, 0),
};
static const struct hv_choice some = {
	.on = HV_BIT(HV_TIME) | HV_BIT(HV_VPINDEX) | HV_BIT(HV_RELAXED), .spin = HV_SPIN_NEVER
};

static struct cpuid guest;

static int build(const struct host *host, enum hypervisor hypervisor, const struct hv_choice *hyperv)
{
	static struct cpuid supported;
	const struct cpuid_config config = {
		.vcpus = 4, .tsc_deadline = true, .hypervisor = hypervisor, .hyperv = hyperv
	};
	memset(&supported, 0, sizeof(supported));
	memcpy(supported.entries, host->leaves, host->n * sizeof(host->leaves[0]));
	supported.n = (uint32_t)host->n;
	return cpuid_build(&guest, &supported, &config, NULL);
}

static bool is_of_hypervisor(uint32_t function)
{
	return function >= 0x40000000 && function < 0x50000000;
}

static void assert_leaf(const struct kvm_cpuid_entry2 *want)
{
	const struct kvm_cpuid_entry2 *is = cpuid_find(&guest, want->function, want->index);
	assert_non_null(is);
	assert_int_equal(is->eax, want->eax);
	assert_int_equal(is->ebx, want->ebx);
	assert_int_equal(is->ecx, want->ecx);
	assert_int_equal(is->edx, want->edx);
}

/* Every leaf below and above the hypervisors' range; returns how many. */
static uint32_t assert_the_processor_is_as_reviewed(const struct host *host, bool hypervisor_bit)
{
	uint32_t n = 0;
	for (size_t i = 0; i < host->n_guest; i++) {
		struct kvm_cpuid_entry2 want = host->guest[i];
		if (is_of_hypervisor(want.function))
			continue;
		if (want.function == 1 && !hypervisor_bit)
			want.ecx &= ~HYPERVISOR_BIT;
		assert_leaf(&want);
		n++;
	}
	return n;
}

static void none_takes_one_bit_and_the_whole_range_and_nothing_else(void **state)
{
	(void)state;
	for (size_t h = 0; h < ARRAY_LEN(hosts); h++) {
		assert_int_equal(build(&hosts[h], HYPERVISOR_NONE, NULL), 0);
		assert_int_equal(assert_the_processor_is_as_reviewed(&hosts[h], false), guest.n);
		/* Nor does a choice that should not be there bring anything back. */
		assert_int_equal(build(&hosts[h], HYPERVISOR_NONE, &some), 0);
		assert_int_equal(assert_the_processor_is_as_reviewed(&hosts[h], false), guest.n);
	}
}

static void hyperv_alone_has_its_leaves_and_none_of_kvms(void **state)
{
	(void)state;
	for (size_t h = 0; h < ARRAY_LEN(hosts); h++) {
		assert_int_equal(build(&hosts[h], HYPERVISOR_HYPERV, &some), 0);
		uint32_t n = assert_the_processor_is_as_reviewed(&hosts[h], true);
		for (size_t i = 0; i < ARRAY_LEN(hyperv_leaves); i++)
			assert_leaf(&hyperv_leaves[i]);
		assert_int_equal(guest.n, n + ARRAY_LEN(hyperv_leaves));
	}
}

static void kvm_beside_hyperv_is_0x100_above(void **state)
{
	(void)state;
	for (size_t h = 0; h < ARRAY_LEN(hosts); h++) {
		assert_int_equal(build(&hosts[h], HYPERVISOR_KVM, &some), 0);
		uint32_t n = assert_the_processor_is_as_reviewed(&hosts[h], true);
		for (size_t i = 0; i < ARRAY_LEN(hyperv_leaves); i++)
			assert_leaf(&hyperv_leaves[i]);
		assert_leaf(&(struct kvm_cpuid_entry2)LEAF(0x40000100, 0, 0x40000101, 0x4B4D564B,
							   0x564B4D56, 0x0000004D));
		assert_leaf(&(struct kvm_cpuid_entry2)LEAF(0x40000101, 0, 0x01007EFB, 0, 0, 0));
		assert_int_equal(guest.n, n + ARRAY_LEN(hyperv_leaves) + 2);
	}
}

static void kvm_alone_is_as_reviewed_when_nothing_of_hyperv_is_on(void **state)
{
	(void)state;
	const struct hv_choice nothing = { .spin = HV_SPIN_NEVER };
	for (size_t h = 0; h < ARRAY_LEN(hosts); h++) {
		assert_int_equal(build(&hosts[h], HYPERVISOR_KVM, &nothing), 0);
		assert_int_equal(guest.n, hosts[h].n_guest);
		for (size_t i = 0; i < hosts[h].n_guest; i++)
			assert_leaf(&hosts[h].guest[i]);
	}
}

static void the_vendor_is_the_one_that_is_set(void **state)
{
	(void)state;
	static struct cpuid supported;
	const struct cpuid_config config = { .vcpus = 1, .hypervisor = HYPERVISOR_HYPERV,
					     .hyperv = &some, .hv_vendor = "Bulk" };
	memcpy(supported.entries, host_amd, sizeof(host_amd));
	supported.n = ARRAY_LEN(host_amd);
	assert_int_equal(cpuid_build(&guest, &supported, &config, NULL), 0);
	assert_int_equal(cpuid_find(&guest, 0x40000000, 0)->ebx, 0x6B6C7542);
	assert_int_equal(cpuid_find(&guest, 0x40000000, 0)->ecx, 0);
}

static void a_table_without_room_for_hyperv_is_refused(void **state)
{
	(void)state;
	static struct cpuid supported;
	struct err err = { 0 };
	const struct cpuid_config config = { .vcpus = 1, .hypervisor = HYPERVISOR_HYPERV,
					     .hyperv = &some };
	static const uint32_t needed[] = { 0, 1, 0x80000000, 0x80000001, 0x80000008 };
	supported.n = 0;
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		supported.entries[supported.n++] =
			(struct kvm_cpuid_entry2)LEAF(needed[i], 0, 48, 1, 1, 1);
	while (supported.n < CPUID_MAX_ENTRIES) {
		supported.entries[supported.n] =
			(struct kvm_cpuid_entry2)LEAF(0x80000100 + supported.n, 0, 1, 1, 1, 1);
		supported.n++;
	}
	assert_int_equal(cpuid_build(&guest, &supported, &config, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "CPUID table of"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_takes_one_bit_and_the_whole_range_and_nothing_else),
		cmocka_unit_test(hyperv_alone_has_its_leaves_and_none_of_kvms),
		cmocka_unit_test(kvm_beside_hyperv_is_0x100_above),
		cmocka_unit_test(kvm_alone_is_as_reviewed_when_nothing_of_hyperv_is_on),
		cmocka_unit_test(the_vendor_is_the_one_that_is_set),
		cmocka_unit_test(a_table_without_room_for_hyperv_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
