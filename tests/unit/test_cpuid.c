/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvm/cpuid.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "fake/cpuid_guests.h"
#include "kvm/cpuid_policy.h"

static const struct host {
	const char *name;
	const struct kvm_cpuid_entry2 *leaves, *guest;
	size_t n, n_guest;
	bool amd;
	unsigned phys_bits;
} hosts[] = {
	{ "intel", host_intel, guest_intel, ARRAY_LEN(host_intel), ARRAY_LEN(guest_intel), false,
	  52 },
	{ "amd", host_amd, guest_amd, ARRAY_LEN(host_amd), ARRAY_LEN(guest_amd), true, 48 },
	{ "epyc", host_epyc, guest_epyc, ARRAY_LEN(host_epyc), ARRAY_LEN(guest_epyc), true, 40 },
};

static const unsigned vcpu_counts[] = { 1, 2, 3, 4, 8 };
static const unsigned id_bits[] = { 0, 1, 2, 2, 3 };
static const unsigned id_space[] = { 1, 2, 4, 4, 8 };

static struct cpuid supported, guest;

static void load(const struct kvm_cpuid_entry2 *leaves, size_t n)
{
	memset(&supported, 0, sizeof(supported));
	memcpy(supported.entries, leaves, n * sizeof(leaves[0]));
	supported.n = (uint32_t)n;
}

static int build(unsigned vcpus)
{
	const struct cpuid_config config = { .vcpus = vcpus, .tsc_deadline = true };
	return cpuid_build(&guest, &supported, &config, NULL);
}

static void build_for(const struct host *host, unsigned vcpus)
{
	load(host->leaves, host->n);
	assert_int_equal(build(vcpus), 0);
}

static struct kvm_cpuid_entry2 *leaf(uint32_t function, uint32_t index)
{
	struct kvm_cpuid_entry2 *entry = cpuid_find(&guest, function, index);
	assert_non_null(entry);
	return entry;
}

static void assert_same_leaf(const struct kvm_cpuid_entry2 *is, const struct kvm_cpuid_entry2 *want)
{
	if (is->eax != want->eax || is->ebx != want->ebx || is->ecx != want->ecx ||
	    is->edx != want->edx)
		fail_msg("leaf 0x%x.%u is %08x %08x %08x %08x, not %08x %08x %08x %08x",
			 want->function, want->index, is->eax, is->ebx, is->ecx, is->edx, want->eax,
			 want->ebx, want->ecx, want->edx);
}

static void a_guest_of_four_sees_each_leaf_as_reviewed(void **state)
{
	(void)state;
	for (size_t h = 0; h < ARRAY_LEN(hosts); h++) {
		build_for(&hosts[h], 4);
		assert_int_equal(guest.n, hosts[h].n_guest);
		for (size_t i = 0; i < hosts[h].n_guest; i++) {
			const struct kvm_cpuid_entry2 *want = &hosts[h].guest[i];
			assert_same_leaf(leaf(want->function, want->index), want);
		}
	}
}

static void leaf_1_counts_the_processors_of_the_package(void **state)
{
	(void)state;
	for (size_t h = 0; h < ARRAY_LEN(hosts); h++) {
		for (size_t i = 0; i < ARRAY_LEN(vcpu_counts); i++) {
			unsigned n = vcpu_counts[i];
			build_for(&hosts[h], n);
			assert_int_equal(leaf(1, 0)->ebx >> 16, hosts[h].amd ? n : id_space[i]);
			assert_int_equal(leaf(1, 0)->ebx & 0xFFFF, 0x0800); /* CLFLUSH 64 bytes */
			assert_int_equal(leaf(1, 0)->edx >> 28 & 1, n > 1);
		}
	}
}

static void extended_topology_has_a_thread_and_a_core_level(void **state)
{
	(void)state;
	for (size_t h = 0; h < ARRAY_LEN(hosts); h++) {
		for (size_t i = 0; i < ARRAY_LEN(vcpu_counts); i++) {
			build_for(&hosts[h], vcpu_counts[i]);
			const uint32_t leaves[] = { 0xB, 0x1F };
			for (size_t l = 0; l < (hosts[h].amd ? 1 : 2); l++) {
				assert_int_equal(leaf(leaves[l], 0)->eax, 0);
				assert_int_equal(leaf(leaves[l], 0)->ebx, 1);
				assert_int_equal(leaf(leaves[l], 0)->ecx, 0x100);
				assert_int_equal(leaf(leaves[l], 1)->eax, id_bits[i]);
				assert_int_equal(leaf(leaves[l], 1)->ebx, vcpu_counts[i]);
				assert_int_equal(leaf(leaves[l], 1)->ecx, 0x201);
				assert_int_equal(leaf(leaves[l], 2)->ecx, 2);
			}
		}
	}
}

static void intel_caches_are_private_but_for_the_third_level(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vcpu_counts); i++) {
		build_for(&hosts[0], vcpu_counts[i]);
		for (uint32_t sub = 0; sub < 4; sub++) {
			uint32_t eax = leaf(4, sub)->eax;
			assert_int_equal(eax >> 26, id_space[i] - 1);
			assert_int_equal(eax >> 14 & 0xFFF, sub == 3 ? id_space[i] - 1 : 0);
			assert_int_equal(eax & 0x3FFF, host_intel[3 + sub].eax & 0x3FFF);
			assert_int_equal(leaf(4, sub)->ebx, host_intel[3 + sub].ebx);
		}
	}
}

static void amd_caches_cores_and_ids_agree(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vcpu_counts); i++) {
		unsigned n = vcpu_counts[i];
		build_for(&hosts[1], n);
		for (uint32_t sub = 0; sub < 4; sub++)
			assert_int_equal(leaf(0x8000001D, sub)->eax >> 14, sub == 3 ? n - 1 : 0);
		assert_int_equal(leaf(0x80000008, 0)->ecx, (n - 1) | id_bits[i] << 12);
		assert_int_equal(leaf(0x80000001, 0)->ecx >> 1 & 1, n > 1); /* CmpLegacy */
	}
}

static void without_topoext_its_leaves_are_not_there(void **state)
{
	(void)state;
	build_for(&hosts[2], 4);
	assert_false(leaf(0x80000001, 0)->ecx >> 22 & 1);
	assert_null(cpuid_find(&guest, 0x8000001D, 0));
	assert_null(cpuid_find(&guest, 0x8000001E, 0));
	assert_int_equal(leaf(0x80000008, 0)->ecx, 0x2003);
}

static void each_vcpu_finds_its_own_id_in_every_leaf_that_has_one(void **state)
{
	(void)state;
	for (size_t h = 0; h < ARRAY_LEN(hosts); h++) {
		build_for(&hosts[h], 8);
		for (unsigned id = 0; id < 8; id++) {
			cpuid_for_vcpu(&guest, id);
			assert_int_equal(leaf(1, 0)->ebx >> 24, id);
			assert_int_equal(leaf(1, 0)->ebx >> 16 & 0xFF, 8);
			for (uint32_t sub = 0; sub < 3; sub++)
				assert_int_equal(leaf(0xB, sub)->edx, id);
			if (!hosts[h].amd)
				assert_int_equal(leaf(0x1F, 1)->edx, id);
			if (h == 1) {
				assert_int_equal(leaf(0x8000001E, 0)->eax, id);
				assert_int_equal(leaf(0x8000001E, 0)->ebx, id);
				assert_int_equal(leaf(0x8000001E, 0)->ecx, 0);
			}
		}
	}
}

static void large_counts_stay_inside_their_fields(void **state)
{
	(void)state;
	build_for(&hosts[0], 255);
	assert_int_equal(leaf(1, 0)->ebx >> 16, 255);
	assert_int_equal(leaf(4, 3)->eax >> 26, 63);
	assert_int_equal(leaf(4, 3)->eax >> 14 & 0xFFF, 255);
	assert_int_equal(leaf(0xB, 1)->eax, 8);
	build_for(&hosts[1], 255);
	assert_int_equal(leaf(0x80000008, 0)->ecx, 254 | 8 << 12);
	assert_int_equal(leaf(0x8000001D, 3)->eax >> 14 & 0xFFF, 254);
}

static uint32_t reg_of(const struct kvm_cpuid_entry2 *entry, enum cpuid_reg reg)
{
	const uint32_t all[] = { entry->eax, entry->ebx, entry->ecx, entry->edx };
	return all[reg];
}

/* A host that claims every bit there is: what the rules take must be gone, what they give there. */
static void every_rule_holds_on_a_host_that_claims_everything(void **state)
{
	(void)state;
	static const uint32_t vendors[] = { 0x756E6547, 0x68747541 };
	for (int v = 0; v < 2; v++) {
		load(host_amd, ARRAY_LEN(host_amd));
		for (uint32_t i = 0; i < supported.n; i++) {
			struct kvm_cpuid_entry2 *e = &supported.entries[i];
			if (e->function && e->function != 0x80000000 && e->function != 0x80000008)
				e->eax = e->ebx = e->ecx = e->edx = UINT32_MAX;
		}
		supported.entries[0].ebx = vendors[v];
		assert_int_equal(build(4), 0);
		for (size_t i = 0; i < n_cpuid_rules; i++) {
			const struct cpuid_rule *rule = &cpuid_rules[i];
			struct kvm_cpuid_entry2 *e =
				cpuid_find(&guest, rule->function, rule->index);
			bool applies = rule->vendor == CPUID_ANY ||
				       (rule->vendor == CPUID_AMD) == (v == 1);
			uint32_t deadline =
				rule->function == 1 && rule->reg == CPUID_ECX ? 1u << 24 : 0;
			if (!e || (rule->function == 0xD && rule->index == 0))
				continue;
			uint32_t is = reg_of(e, rule->reg);
			if (applies)
				assert_int_equal(is & rule->clear & ~deadline, 0);
			else
				assert_int_equal(is & rule->clear, rule->clear);
			assert_int_equal(is & rule->set, rule->set);
		}
	}
}

static void every_rule_and_every_hidden_leaf_has_its_reason_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_cpuid_rules; i++) {
		assert_true(strlen(cpuid_rules[i].why) > 10);
		assert_int_equal(cpuid_rules[i].clear & cpuid_rules[i].set, 0);
		for (size_t j = 0; j < i; j++)
			if (cpuid_rules[i].function == cpuid_rules[j].function &&
			    cpuid_rules[i].index == cpuid_rules[j].index &&
			    cpuid_rules[i].reg == cpuid_rules[j].reg)
				assert_int_equal((cpuid_rules[i].clear | cpuid_rules[i].set) &
							 (cpuid_rules[j].clear |
							  cpuid_rules[j].set),
						 0);
	}
	for (size_t i = 0; i < n_cpuid_hidden; i++)
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(cpuid_hidden[i].function, cpuid_hidden[j].function);
}

static void hidden_leaves_are_never_in_the_table(void **state)
{
	(void)state;
	for (size_t h = 0; h < ARRAY_LEN(hosts); h++) {
		load(hosts[h].leaves, hosts[h].n);
		for (size_t i = 0; i < n_cpuid_hidden; i++)
			supported.entries[supported.n++] =
				(struct kvm_cpuid_entry2)LEAF(cpuid_hidden[i].function, 0, 1, 2, 3,
							      4);
		assert_int_equal(build(2), 0);
		for (size_t i = 0; i < n_cpuid_hidden; i++)
			assert_null(cpuid_find(&guest, cpuid_hidden[i].function, 0));
	}
}

static void leaves_are_unique_and_inside_the_maxima(void **state)
{
	(void)state;
	for (size_t h = 0; h < ARRAY_LEN(hosts); h++) {
		build_for(&hosts[h], 3);
		uint32_t basic = leaf(0, 0)->eax, extended = leaf(0x80000000, 0)->eax;
		assert_non_null(cpuid_find(&guest, basic, 0));
		assert_non_null(cpuid_find(&guest, extended, 0));
		for (uint32_t i = 0; i < guest.n; i++) {
			const struct kvm_cpuid_entry2 *e = &guest.entries[i];
			if (e->function >= 0x80000000)
				assert_true(e->function <= extended);
			else if (e->function < 0x40000000)
				assert_true(e->function <= basic);
			for (uint32_t j = 0; j < i; j++)
				assert_false(e->function == guest.entries[j].function &&
					     e->index == guest.entries[j].index);
		}
	}
}

static void state_components_that_are_gone_take_their_leaves_and_space_along(void **state)
{
	(void)state;
	build_for(&hosts[0], 1);
	assert_null(cpuid_find(&guest, 0xD, 17)); /* AMX tiles */
	assert_null(cpuid_find(&guest, 0xD, 18));
	assert_null(cpuid_find(&guest, 0xD, 8)); /* trace, a supervisor state */
	assert_non_null(cpuid_find(&guest, 0xD, 11));
	assert_int_equal(leaf(0xD, 0)->ecx, 0xA80 + 8); /* the last one left is PKRU */
}

static void address_bits_are_the_hosts_unless_fewer_are_asked_for(void **state)
{
	(void)state;
	for (size_t h = 0; h < ARRAY_LEN(hosts); h++) {
		struct cpuid_config config = { .vcpus = 1 };
		load(hosts[h].leaves, hosts[h].n);
		cpuid_find(&supported, 0x80000008, 0)->eax |= 48 << 16; /* of a nested guest */
		uint32_t linear = cpuid_find(&supported, 0x80000008, 0)->eax & 0xFF00;
		assert_int_equal(cpuid_build(&guest, &supported, &config, NULL), 0);
		assert_int_equal(leaf(0x80000008, 0)->eax, hosts[h].phys_bits | linear);
		config.phys_bits = 39;
		assert_int_equal(cpuid_build(&guest, &supported, &config, NULL), 0);
		assert_int_equal(leaf(0x80000008, 0)->eax, 39 | linear);
	}
}

static void address_bits_the_host_does_not_have_are_refused(void **state)
{
	(void)state;
	static const unsigned bad[] = { 1, 35, 41, 64 };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = { 0 };
		const struct cpuid_config config = { .vcpus = 1, .phys_bits = bad[i] };
		load(host_epyc, ARRAY_LEN(host_epyc));
		assert_int_equal(cpuid_build(&guest, &supported, &config, &err), -EINVAL);
		assert_non_null(strstr(err.text, "this host has 40"));
	}
}

static void the_deadline_timer_is_as_the_capability_says(void **state)
{
	(void)state;
	struct cpuid_config config = { .vcpus = 1, .tsc_deadline = false };
	load(host_intel, ARRAY_LEN(host_intel));
	cpuid_find(&supported, 1, 0)->ecx |= 1u << 24;
	assert_int_equal(cpuid_build(&guest, &supported, &config, NULL), 0);
	assert_false(leaf(1, 0)->ecx >> 24 & 1);
	config.tsc_deadline = true;
	assert_int_equal(cpuid_build(&guest, &supported, &config, NULL), 0);
	assert_true(leaf(1, 0)->ecx >> 24 & 1);
}

static void only_amd_guests_lose_arch_capabilities(void **state)
{
	(void)state;
	build_for(&hosts[0], 1);
	assert_true(leaf(7, 0)->edx >> 29 & 1);
	build_for(&hosts[1], 1);
	assert_false(leaf(7, 0)->edx >> 29 & 1);
	load(host_amd, ARRAY_LEN(host_amd));
	supported.entries[0].ebx = 0x6F677948; /* Hygon */
	assert_int_equal(build(2), 0);
	assert_false(leaf(7, 0)->edx >> 29 & 1);
	assert_int_equal(leaf(0x80000008, 0)->ecx, 0x1001);
}

static void a_host_with_few_leaves_gets_no_extended_topology(void **state)
{
	(void)state;
	load(host_intel, 5); /* up to leaf 4 */
	supported.entries[0].eax = 4;
	static const struct kvm_cpuid_entry2 rest[] = { LEAF(0x80000000, 0, 0x80000008, 0, 0, 0),
							LEAF(0x80000001, 0, 0, 0, 0, 1u << 29),
							LEAF(0x80000008, 0, 0x3024, 0, 0, 0) };
	memcpy(&supported.entries[supported.n], rest, sizeof(rest));
	supported.n += ARRAY_LEN(rest);
	assert_int_equal(build(2), 0);
	assert_int_equal(leaf(0, 0)->eax, 4);
	assert_null(cpuid_find(&guest, 0xB, 0));
	assert_null(cpuid_find(&guest, 0x1F, 0));
	assert_int_equal(leaf(1, 0)->edx >> 28 & 1, 1);
}

static void only_kvms_two_leaves_of_the_hypervisor_range_are_shown(void **state)
{
	(void)state;
	load(host_amd, ARRAY_LEN(host_amd));
	const uint32_t others[] = { 0x40000002, 0x40000010, 0x40000100, 0xC0000001 };
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		supported.entries[supported.n++] =
			(struct kvm_cpuid_entry2)LEAF(others[i], 0, 1, 1, 1, 1);
	cpuid_find(&supported, 0x40000000, 0)->eax = 0x40000010;
	assert_int_equal(build(1), 0);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_null(cpuid_find(&guest, others[i], 0));
	assert_int_equal(leaf(0x40000000, 0)->eax, 0x40000001);
	assert_int_equal(leaf(0x80000000, 0)->eax, 0x80000021);
}

static void a_leaf_that_every_host_has_is_missed_by_name(void **state)
{
	(void)state;
	static const uint32_t needed[] = { 0, 1, 0x80000000, 0x80000001, 0x80000008 };
	const struct cpuid_config config = { .vcpus = 1 };
	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		struct err err = { 0 };
		char text[16];
		load(host_intel, ARRAY_LEN(host_intel));
		cpuid_find(&supported, needed[i], 0)->function = 0x77777777;
		assert_int_equal(cpuid_build(&guest, &supported, &config, &err), -EPROTO);
		snprintf(text, sizeof(text), "0x%x", needed[i]);
		assert_non_null(strstr(err.text, text));
	}
}

static void impossible_counts_are_refused(void **state)
{
	(void)state;
	struct err err = { 0 };
	struct cpuid_config config = { .vcpus = 0 };
	load(host_intel, ARRAY_LEN(host_intel));
	assert_int_equal(cpuid_build(&guest, &supported, &config, &err), -EINVAL);
	config.vcpus = 256;
	assert_int_equal(cpuid_build(&guest, &supported, &config, &err), -EINVAL);
	assert_non_null(strstr(err.text, "256 vCPUs"));
	config.vcpus = 1;
	supported.n = CPUID_MAX_ENTRIES + 1;
	assert_int_equal(cpuid_build(&guest, &supported, &config, &err), -EPROTO);
}

static void a_full_table_is_refused_and_not_overrun(void **state)
{
	(void)state;
	static const struct kvm_cpuid_entry2 few[] = {
		LEAF(0x0, 0, 0xB, 0x68747541, 0, 0),      LEAF(0x1, 0, 1, 0, 0, 0),
		LEAF(0x80000000, 0, 0x80000021, 0, 0, 0), LEAF(0x80000001, 0, 1, 0, 0, 0),
		LEAF(0x80000008, 0, 0x3030, 0, 0, 0),
	};
	for (uint32_t room = 0; room <= 3; room++) { /* leaf 0xB takes three */
		struct err err = { 0 };
		const struct cpuid_config config = { .vcpus = 2 };
		load(few, ARRAY_LEN(few));
		while (supported.n < CPUID_MAX_ENTRIES - room) {
			uint32_t index = supported.n;
			supported.entries[supported.n++] =
				(struct kvm_cpuid_entry2)LEAF(0x80000021, index, 1, 1, 1, 1);
		}
		assert_int_equal(cpuid_build(&guest, &supported, &config, &err),
				 room < 3 ? -ENOSPC : 0);
		assert_int_equal(!err.text[0], room == 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_of_four_sees_each_leaf_as_reviewed),
		cmocka_unit_test(leaf_1_counts_the_processors_of_the_package),
		cmocka_unit_test(extended_topology_has_a_thread_and_a_core_level),
		cmocka_unit_test(intel_caches_are_private_but_for_the_third_level),
		cmocka_unit_test(amd_caches_cores_and_ids_agree),
		cmocka_unit_test(without_topoext_its_leaves_are_not_there),
		cmocka_unit_test(each_vcpu_finds_its_own_id_in_every_leaf_that_has_one),
		cmocka_unit_test(large_counts_stay_inside_their_fields),
		cmocka_unit_test(every_rule_holds_on_a_host_that_claims_everything),
		cmocka_unit_test(every_rule_and_every_hidden_leaf_has_its_reason_once),
		cmocka_unit_test(hidden_leaves_are_never_in_the_table),
		cmocka_unit_test(leaves_are_unique_and_inside_the_maxima),
		cmocka_unit_test(state_components_that_are_gone_take_their_leaves_and_space_along),
		cmocka_unit_test(address_bits_are_the_hosts_unless_fewer_are_asked_for),
		cmocka_unit_test(address_bits_the_host_does_not_have_are_refused),
		cmocka_unit_test(the_deadline_timer_is_as_the_capability_says),
		cmocka_unit_test(only_amd_guests_lose_arch_capabilities),
		cmocka_unit_test(a_host_with_few_leaves_gets_no_extended_topology),
		cmocka_unit_test(only_kvms_two_leaves_of_the_hypervisor_range_are_shown),
		cmocka_unit_test(a_leaf_that_every_host_has_is_missed_by_name),
		cmocka_unit_test(impossible_counts_are_refused),
		cmocka_unit_test(a_full_table_is_refused_and_not_overrun),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
