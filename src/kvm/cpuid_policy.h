/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two tables behind kvm/cpuid.c: bits that are taken from or given to the guest, and leaves
 * that it does not see at all, each with its reason. Bit numbers: Intel SDM vol. 2A CPUID, AMD APM
 * vol. 3 appendix E.
 */
#ifndef BULKHEAD_KVM_CPUID_POLICY_H
#define BULKHEAD_KVM_CPUID_POLICY_H

#include <stddef.h>
#include <stdint.h>

enum cpuid_reg { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };
enum cpuid_vendor { CPUID_ANY, CPUID_INTEL, CPUID_AMD };

struct cpuid_rule {
	uint32_t function, index;
	enum cpuid_reg reg;
	uint32_t clear, set;
	enum cpuid_vendor vendor; /* CPUID_ANY = on every host */
	const char *why;
};
extern const struct cpuid_rule cpuid_rules[];
extern const size_t n_cpuid_rules;

struct cpuid_hidden {
	uint32_t function;
	const char *why;
};
extern const struct cpuid_hidden cpuid_hidden[];
extern const size_t n_cpuid_hidden;

#endif
