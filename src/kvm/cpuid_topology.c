/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvm/cpuid_topology.h"

#include <errno.h>

#include "base/bytes.h"

#define EDX_HTT (UINT32_C(1) << 28)       /* leaf 1: more than one logical processor */
#define ECX_CMP_LEGACY (UINT32_C(1) << 1) /* 0x80000001, AMD: those are cores, not threads */
#define ECX_TOPOEXT (UINT32_C(1) << 22)   /* 0x80000001, AMD: 0x8000001D and 1E are there */

/* Sub-leaves of 0xB and 0x1F: level types, SDM vol. 2A CPUID table 3-8 */
#define LEVEL_SMT (UINT32_C(1) << 8)
#define LEVEL_CORE (UINT32_C(2) << 8)

/* APIC ids are dealt from 0 without gaps, so this many bits hold them. */
static unsigned id_bits(unsigned vcpus)
{
	return (unsigned)__builtin_ctzll(pow2_ceil(vcpus));
}

/* The entry, made when it is not there; NULL when the table is full. */
static struct kvm_cpuid_entry2 *entry_at(struct cpuid *cpuid, uint32_t function, uint32_t index)
{
	struct kvm_cpuid_entry2 *entry = cpuid_find(cpuid, function, index);
	if (entry || cpuid->n == CPUID_MAX_ENTRIES)
		return entry;
	entry = &cpuid->entries[cpuid->n++];
	*entry = (struct kvm_cpuid_entry2){ .function = function, .index = index };
	return entry;
}

static void remove_leaf(struct cpuid *cpuid, uint32_t function)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < cpuid->n; i++)
		if (cpuid->entries[i].function != function)
			cpuid->entries[n++] = cpuid->entries[i];
	cpuid->n = n;
}

static void set_package(struct cpuid *cpuid, unsigned vcpus, bool amd)
{
	struct kvm_cpuid_entry2 *entry = cpuid_find(cpuid, 1, 0);
	/* Intel counts the ids that could be, a power of two; AMD counts processors. */
	uint32_t count = amd ? vcpus : (uint32_t)min_u64(pow2_ceil(vcpus), 255);
	entry->ebx = (entry->ebx & 0xFFFF) | count << 16;
	entry->edx &= ~EDX_HTT;
	if (vcpus > 1)
		entry->edx |= EDX_HTT;
}

/*
 * Leaf 4 and AMD's 0x8000001D have one layout: EAX 4:0 type, 7:5 level, 25:14 sharing - 1, and on
 * Intel 31:26 cores - 1. `ids` is how many the shared cache is shared by.
 */
static void set_caches(struct cpuid *cpuid, uint32_t leaf, uint32_t ids, uint32_t cores)
{
	for (uint32_t i = 0; i < cpuid->n; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];
		if (entry->function != leaf || !(entry->eax & 0x1F))
			continue;
		uint32_t sharing = (entry->eax >> 5 & 7) >= 3 ? ids : 1;
		entry->eax = (entry->eax & 0x3FFF) | (sharing - 1) << 14 | (cores - 1) << 26;
	}
}

static int set_levels(struct cpuid *cpuid, uint32_t leaf, unsigned vcpus)
{
	remove_leaf(cpuid, leaf);
	struct kvm_cpuid_entry2 *smt = entry_at(cpuid, leaf, 0);
	struct kvm_cpuid_entry2 *core = entry_at(cpuid, leaf, 1);
	struct kvm_cpuid_entry2 *end = entry_at(cpuid, leaf, 2);
	if (!smt || !core || !end)
		return -ENOSPC;
	smt->flags = core->flags = end->flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
	smt->ebx = 1;
	smt->ecx = LEVEL_SMT;
	core->eax = id_bits(vcpus);
	core->ebx = vcpus;
	core->ecx = LEVEL_CORE | 1;
	end->ecx = 2;
	return 0;
}

/* x2APIC topology where the host's leaves go that far; 0x1F only where the host itself uses it. */
static int set_all_levels(struct cpuid *cpuid, unsigned vcpus)
{
	struct kvm_cpuid_entry2 *wide = cpuid_find(cpuid, 0x1F, 0);
	bool has_wide = wide && wide->ebx;
	remove_leaf(cpuid, 0x1F);
	if (cpuid_find(cpuid, 0, 0)->eax < 0xB) {
		remove_leaf(cpuid, 0xB);
		return 0;
	}
	int r = set_levels(cpuid, 0xB, vcpus);
	return !r && has_wide ? set_levels(cpuid, 0x1F, vcpus) : r;
}

static int set_amd(struct cpuid *cpuid, unsigned vcpus)
{
	struct kvm_cpuid_entry2 *features = cpuid_find(cpuid, 0x80000001, 0);
	features->ecx &= ~ECX_CMP_LEGACY;
	if (vcpus > 1)
		features->ecx |= ECX_CMP_LEGACY;
	cpuid_find(cpuid, 0x80000008, 0)->ecx = (vcpus - 1) | id_bits(vcpus) << 12;
	bool extended = features->ecx & ECX_TOPOEXT;
	remove_leaf(cpuid, 0x8000001E);
	if (!extended) {
		remove_leaf(cpuid, 0x8000001D);
		return 0;
	}
	set_caches(cpuid, 0x8000001D, vcpus, 1);
	/* Ids of core and thread are filled in per vCPU; one node, one thread a core: all zero. */
	return entry_at(cpuid, 0x8000001E, 0) ? 0 : -ENOSPC;
}

int cpuid_set_topology(struct cpuid *cpuid, unsigned vcpus, bool amd, struct err *err)
{
	/* The fields of leaf 4 are 12 and 6 bits wide, and count ids: powers of two. */
	uint32_t ids = (uint32_t)pow2_ceil(vcpus);
	set_package(cpuid, vcpus, amd);
	set_caches(cpuid, 4, ids, (uint32_t)min_u64(ids, 64));
	int r = set_all_levels(cpuid, vcpus);
	if (!r && amd)
		r = set_amd(cpuid, vcpus);
	return r ? err_errno(err, r, "CPUID table of %u leaves", cpuid->n) : 0;
}

void cpuid_for_vcpu(struct cpuid *guest, unsigned vcpu_id)
{
	for (uint32_t i = 0; i < guest->n; i++) {
		struct kvm_cpuid_entry2 *entry = &guest->entries[i];
		switch (entry->function) {
		case 0x1:
			entry->ebx = (entry->ebx & 0x00FFFFFF) | vcpu_id << 24;
			break;
		case 0xB:
		case 0x1F:
			entry->edx = vcpu_id;
			break;
		case 0x8000001E:
			entry->eax = vcpu_id;
			entry->ebx = vcpu_id & 0xFF;
			break;
		}
	}
}
