/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvm/cpuid_policy.h"

#include "base/bytes.h"

#define BIT(n) (UINT32_C(1) << (n))
#define CLEAR(function, index, reg, bits, why)                                                     \
	{                                                                                          \
		function, index, CPUID_##reg, bits, 0, CPUID_ANY, why                              \
	}
#define SET(function, index, reg, bits, why)                                                       \
	{                                                                                          \
		function, index, CPUID_##reg, 0, bits, CPUID_ANY, why                              \
	}

const struct cpuid_rule cpuid_rules[] = {
	/* features of leaf 1 */
	CLEAR(0x1, 0, ECX, BIT(2) | BIT(4), "debug store: no PMU for the guest"),
	CLEAR(0x1, 0, ECX, BIT(3), "MONITOR: MWAIT would exit or hold the host's core"),
	CLEAR(0x1, 0, ECX, BIT(5) | BIT(6), "VMX, SMX: no nested virtualisation"),
	CLEAR(0x1, 0, ECX, BIT(7) | BIT(8), "SpeedStep, TM2: the host governs frequency"),
	CLEAR(0x1, 0, ECX, BIT(11) | BIT(14) | BIT(18), "SDBG, xTPR, DCA: of the real chipset"),
	CLEAR(0x1, 0, ECX, BIT(15), "PDCM: no PMU for the guest"),
	SET(0x1, 0, ECX, BIT(21), "x2APIC: the in-kernel LAPIC has it, and MSR access is cheaper"),
	CLEAR(0x1, 0, ECX, BIT(24), "TSC deadline: only KVM's capability tells (set below)"),
	CLEAR(0x1, 0, ECX, BIT(27), "OSXSAVE: KVM mirrors the guest's CR4"),
	SET(0x1, 0, ECX, BIT(31), "hypervisor: without it guests use no paravirtual clock"),
	CLEAR(0x1, 0, EDX, BIT(18), "processor serial number: the host's identity"),
	CLEAR(0x1, 0, EDX, BIT(21), "debug store: no PMU for the guest"),
	CLEAR(0x1, 0, EDX, BIT(22) | BIT(29) | BIT(31), "thermal monitor, PBE: the host's sensors"),

	/* leaf 6 */
	CLEAR(0x6, 0, EAX, ~BIT(2), "power management is the host's; the APIC timer (ARAT) stays"),
	CLEAR(0x6, 0, EBX, ~UINT32_C(0), "thermal thresholds are the host's"),
	CLEAR(0x6, 0, ECX, ~UINT32_C(0), "frequency feedback and hardware feedback are the host's"),
	CLEAR(0x6, 0, EDX, ~UINT32_C(0), "hardware feedback tables are the host's"),

	/* features of leaf 7 */
	CLEAR(0x7, 0, EBX, BIT(2), "SGX: enclave memory is not virtualised here"),
	CLEAR(0x7, 0, EBX, BIT(4) | BIT(11), "TSX: asynchronous abort leaks across guests (TAA)"),
	CLEAR(0x7, 0, EBX, BIT(12) | BIT(15),
	      "RDT: cache monitoring and allocation are the host's"),
	CLEAR(0x7, 0, EBX, BIT(14), "MPX: KVM has dropped it"),
	CLEAR(0x7, 0, EBX, BIT(25), "processor trace: no PMU for the guest"),
	SET(0x7, 0, EBX, BIT(6) | BIT(13),
	    "FPU data pointer only on exceptions, FCS and FDS zero: the safe claim, since KVM "
	    "cannot bring the old behaviour back (KVM errata.rst)"),
	CLEAR(0x7, 0, ECX, BIT(4), "OSPKE: KVM mirrors the guest's CR4"),
	CLEAR(0x7, 0, ECX, BIT(5), "WAITPKG: would hold the host's core"),
	CLEAR(0x7, 0, ECX, BIT(13) | BIT(23), "TME, key locker: keys are the host's"),
	CLEAR(0x7, 0, ECX, UINT32_C(0x1F) << 17, "MAWAU: part of MPX"),
	CLEAR(0x7, 0, ECX, BIT(29), "ENQCMD: needs PASID state we do not give"),
	CLEAR(0x7, 0, ECX, BIT(30), "SGX launch control: no SGX"),
	CLEAR(0x7, 0, EDX, BIT(1), "SGX attestation: no SGX"),
	CLEAR(0x7, 0, EDX, BIT(5), "user interrupts: not virtualised by KVM"),
	CLEAR(0x7, 0, EDX, BIT(15), "hybrid: our vCPUs are alike"),
	CLEAR(0x7, 0, EDX, BIT(16), "TSX load tracking: no TSX"),
	CLEAR(0x7, 0, EDX, BIT(18), "PCONFIG: keys are the host's"),
	CLEAR(0x7, 0, EDX, BIT(19), "architectural LBR: no PMU for the guest"),
	CLEAR(0x7, 0, EDX, BIT(22) | BIT(24) | BIT(25),
	      "AMX: needs a permission and a register area that reset would have to restore"),
	{ 0x7, 0, CPUID_EDX, BIT(29), 0, CPUID_AMD,
	  "ARCH_CAPABILITIES: no AMD processor has the MSR, and Windows trips over it" },
	CLEAR(0x7, 1, EAX, BIT(8), "perfmon leaf 0x23: no PMU for the guest"),
	CLEAR(0x7, 1, EAX, BIT(21), "AMX-FP16: no AMX"),
	CLEAR(0x7, 1, EAX, BIT(22), "HRESET: the history is the host's"),
	CLEAR(0x7, 1, EDX, BIT(8), "AMX-COMPLEX: no AMX"),

	/* state components; sizes and sub-leaves follow in cpuid.c */
	CLEAR(0xD, 0, EAX, BIT(3) | BIT(4), "MPX state: no MPX"),
	CLEAR(0xD, 0, EAX, BIT(17) | BIT(18), "AMX state: no AMX"),
	CLEAR(0xD, 1, EAX, BIT(4), "XFD: only AMX uses it"),
	CLEAR(0xD, 1, ECX, BIT(8) | BIT(15), "trace and LBR state: no PMU for the guest"),
	CLEAR(0xD, 1, ECX, BIT(10) | BIT(13) | BIT(14) | BIT(16),
	      "PASID, HDC, user interrupt and HWP state: not virtualised by KVM"),

	/* extended features */
	CLEAR(0x80000001, 0, ECX, BIT(2) | BIT(3) | BIT(12),
	      "SVM, extended APIC space, SKINIT: no nested virtualisation"),
	CLEAR(0x80000001, 0, ECX, BIT(10) | BIT(15), "IBS, LWP: no PMU for the guest"),
	CLEAR(0x80000001, 0, ECX, BIT(13) | BIT(19), "watchdog and node id MSRs are the host's"),
	CLEAR(0x80000001, 0, ECX, BIT(23) | BIT(24) | BIT(27) | BIT(28),
	      "performance counters: no PMU for the guest"),
	CLEAR(0x80000001, 0, ECX, BIT(29), "MONITORX: would hold the host's core"),
	CLEAR(0x80000007, 0, EDX, ~BIT(8),
	      "power management is the host's; the invariant TSC stays, since a guest with "
	      "assigned devices is not migrated"),

	/* KVM's own */
	CLEAR(0x40000001, 0, EAX, BIT(15), "extended MSI destination: our routes carry 8-bit ids"),
	CLEAR(0x40000001, 0, EAX, BIT(16) | BIT(17), "memory sharing, migration: not offered"),
};
const size_t n_cpuid_rules = ARRAY_LEN(cpuid_rules);

const struct cpuid_hidden cpuid_hidden[] = {
	{ 0x3, "processor serial number" },
	{ 0x5, "MONITOR and MWAIT" },
	{ 0x9, "direct cache access" },
	{ 0xA, "performance monitoring" },
	{ 0xF, "RDT monitoring" },
	{ 0x10, "RDT allocation" },
	{ 0x12, "SGX" },
	{ 0x14, "processor trace" },
	{ 0x18, "TLB sharing among the host's threads" },
	{ 0x19, "key locker" },
	{ 0x1A, "hybrid core type" },
	{ 0x1B, "PCONFIG" },
	{ 0x1C, "architectural LBR" },
	{ 0x1D, "AMX tiles" },
	{ 0x1E, "AMX multiplier" },
	{ 0x20, "HRESET" },
	{ 0x23, "performance monitoring" },
	{ 0x8000000A, "SVM" },
	{ 0x8000001B, "IBS" },
	{ 0x8000001C, "LWP" },
	{ 0x8000001F, "SEV: memory encryption is not virtualised here" },
	{ 0x80000020, "platform QoS" },
	{ 0x80000022, "performance monitoring" },
	{ 0x80000023, "multi-key encryption" },
	{ 0x80000025, "SEV-SNP" },
	{ 0x80000026, "topology of the host; leaf 0xB has ours" },
};
const size_t n_cpuid_hidden = ARRAY_LEN(cpuid_hidden);
