/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What CPUID the guest sees: the host's features as KVM supports them, minus what we cannot give,
 * with topology and cache leaves made coherent for our vCPU count. A policy table, one row per
 * rule, each with its reason. Pure on its inputs, so fixtures of Intel and AMD hosts test it.
 */
#ifndef BULKHEAD_KVM_CPUID_H
#define BULKHEAD_KVM_CPUID_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CPUID_MAX_ENTRIES 256

/* A kvm_cpuid2 with room for all entries; the layout is KVM's, which cpuid_kvm relies on. */
struct cpuid {
	uint32_t n;
	uint32_t padding;
	struct kvm_cpuid_entry2 entries[CPUID_MAX_ENTRIES];
};
_Static_assert(offsetof(struct cpuid, entries) == offsetof(struct kvm_cpuid2, entries),
	       "struct cpuid must look like struct kvm_cpuid2");

static inline struct kvm_cpuid2 *cpuid_kvm(struct cpuid *cpuid)
{
	return (struct kvm_cpuid2 *)cpuid;
}

/* Whom the guest finds itself on: which hypervisor's interface it is offered. */
enum hypervisor {
	HYPERVISOR_KVM,    /* KVM's, and Hyper-V's before it when `hyperv` is given */
	HYPERVISOR_HYPERV, /* Hyper-V's alone */
	HYPERVISOR_NONE,   /* none, as on a processor of its own */
};

struct hv_choice;

struct cpuid_config {
	unsigned vcpus;     /* 1..255; one socket, one thread per core */
	unsigned phys_bits; /* guest physical address bits, 36..host's; 0 = the host's */
	bool tsc_deadline;  /* KVM_CAP_TSC_DEADLINE_TIMER */
	enum hypervisor hypervisor;
	const struct hv_choice *hyperv; /* kvm/hyperv.h; NULL or nothing on = not offered */
	const char *hv_vendor;          /* 1 to 12 characters; NULL = Microsoft's */
};

/*
 * The guest's table but for what differs per vCPU. `supported` is KVM_GET_SUPPORTED_CPUID's.
 * -EINVAL (config out of range), -EPROTO (a leaf that every 64-bit host has is missing).
 */
int cpuid_build(struct cpuid *guest, const struct cpuid *supported,
		const struct cpuid_config *config, struct err *err);

/* Fills in the APIC id (= vCPU id, 0..254) of one vCPU: leaves 1, 0xB, 0x1F, 0x8000001E. */
void cpuid_for_vcpu(struct cpuid *guest, unsigned vcpu_id);

/* The entry of a leaf and sub-leaf, or NULL. */
struct kvm_cpuid_entry2 *cpuid_find(struct cpuid *cpuid, uint32_t function, uint32_t index);

#endif
