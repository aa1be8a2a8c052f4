/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvm/hyperv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "kvm/uapi.h"

#define BIT(n) (UINT32_C(1) << (n))

/* TLFS 2.4: leaves. The interface signature makes KVM turn its implementation on. */
#define LEAF_VENDOR 0x40000000u
#define LEAF_INTERFACE 0x40000001u
#define LEAF_VERSION 0x40000002u
#define LEAF_FEATURES 0x40000003u
#define LEAF_HINTS 0x40000004u
#define LEAF_LIMITS 0x40000005u
#define INTERFACE_HV1 0x31237648u /* "Hv#1" */
#define VERSION_BUILD 0x3839u     /* what KVM says too: the functions are those of Server 2016 */
#define VERSION_NUMBER 0x000A0000u /* 10.0 */
#define MAX_VPS 255u
#define MAX_LPS 64u

/* TLFS 2.4.4: of leaf 3 EAX; comes with every other. */
#define RIGHT_HYPERCALL BIT(5)
#define RIGHT_SYNIC BIT(2)
#define RIGHT_STIMER BIT(3)
#define RIGHT_APIC BIT(4)
#define RIGHT_TSC BIT(9)
#define RIGHT_REENLIGHTENMENT BIT(13)
#define RIGHT_TSC_INVARIANT BIT(15)
#define HINT_APIC_MSRS BIT(3) /* leaf 4 EAX: use them; worse than none where the APIC is virtual */

/* Attempts before a guest says that it spins: what KVM reports, from Server 2016. */
#define SPIN_OF_WINDOWS 0xFFFu

#define ROW(feature, key, ...) [feature] = { .name = key, __VA_ARGS__ }
#define BOTH .in_windows = true, .in_gpu = true
const struct hv_row hv_rows[HV_FEATURES] = {
	ROW(HV_RELAXED, "relaxed", .eax4 = BIT(5), BOTH, .cap = KVM_CAP_HYPERV),
	ROW(HV_VAPIC, "vapic", .eax3 = RIGHT_APIC, BOTH, .cap = KVM_CAP_HYPERV_VAPIC),
	ROW(HV_TIME, "time", .eax3 = BIT(1) | RIGHT_TSC, BOTH, .cap = KVM_CAP_HYPERV_TIME),
	ROW(HV_VPINDEX, "vpindex", .eax3 = BIT(6), BOTH, .cap = KVM_CAP_HYPERV_VP_INDEX),
	ROW(HV_RUNTIME, "runtime", .eax3 = BIT(0), BOTH, .cap = KVM_CAP_HYPERV),
	ROW(HV_SYNIC, "synic", .eax3 = RIGHT_SYNIC, BOTH, .needs = HV_BIT(HV_VPINDEX),
	    .cap = KVM_CAP_HYPERV_SYNIC2),
	ROW(HV_STIMER, "stimer", .eax3 = RIGHT_STIMER, BOTH,
	    .needs = HV_BIT(HV_SYNIC) | HV_BIT(HV_TIME), .cap = KVM_CAP_HYPERV_SYNIC2),
	ROW(HV_STIMER_DIRECT, "stimer_direct", .edx3 = BIT(19), BOTH, .needs = HV_BIT(HV_STIMER),
	    .cap = KVM_CAP_HYPERV_SYNIC2),
	ROW(HV_FREQUENCIES, "frequencies", .eax3 = BIT(11), .edx3 = BIT(8), BOTH,
	    .cap = KVM_CAP_HYPERV),
	ROW(HV_TLBFLUSH, "tlbflush", .eax4 = BIT(2) | BIT(11), BOTH,
	    .needs = HV_BIT(HV_VPINDEX), .cap = KVM_CAP_HYPERV_TLBFLUSH),
	ROW(HV_IPI, "ipi", .eax4 = BIT(10) | BIT(11), BOTH, .needs = HV_BIT(HV_VPINDEX),
	    .cap = KVM_CAP_HYPERV_SEND_IPI),
	ROW(HV_XMM_INPUT, "xmm_input", .edx3 = BIT(4), BOTH, .cap = KVM_CAP_HYPERV),
	/* The SynIC's automatic EOI turns posted interrupts off, which assigned devices want. */
	ROW(HV_NO_AUTOEOI, "no_autoeoi", .eax4 = BIT(9), .in_gpu = true, .cap = KVM_CAP_HYPERV),
	ROW(HV_TSC_INVARIANT, "tsc_invariant", .eax3 = RIGHT_TSC_INVARIANT, .cap = KVM_CAP_HYPERV),
	ROW(HV_REENLIGHTENMENT, "reenlightenment", .eax3 = RIGHT_REENLIGHTENMENT,
	    .cap = KVM_CAP_HYPERV),
	ROW(HV_NO_CORESHARING, "no_coresharing", .eax4 = BIT(18), .cap = KVM_CAP_HYPERV),
	ROW(HV_RESET, "reset", .eax3 = BIT(7), .cap = KVM_CAP_HYPERV),
	ROW(HV_CRASH, "crash", .edx3 = BIT(10), .cap = KVM_CAP_HYPERV),
};

/* --- what KVM has ----------------------------------------------------------------------------- */

static const struct kvm_cpuid_entry2 *find(const struct cpuid *cpuid, uint32_t function)
{
	for (uint32_t i = 0; i < cpuid->n && i < CPUID_MAX_ENTRIES; i++)
		if (cpuid->entries[i].function == function)
			return &cpuid->entries[i];
	return NULL;
}

uint32_t hv_offered(const struct cpuid *leaves)
{
	static const struct kvm_cpuid_entry2 none = { 0 };
	const struct kvm_cpuid_entry2 *features = find(leaves, LEAF_FEATURES);
	const struct kvm_cpuid_entry2 *hints = find(leaves, LEAF_HINTS);
	uint32_t has = 0;
	features = features ? features : &none;
	hints = hints ? hints : &none;
	if (!(features->eax & RIGHT_HYPERCALL))
		return 0;
	for (unsigned i = 0; i < HV_FEATURES; i++) {
		const struct hv_row *row = &hv_rows[i];
		if (!(row->eax3 & ~features->eax) && !(row->edx3 & ~features->edx) &&
		    !(row->eax4 & ~hints->eax))
			has |= HV_BIT(i);
	}
	return has;
}

static bool has_cap(int kvm_fd, int cap)
{
	return kvm_check_extension(kvm_fd, cap) > 0;
}

int hv_read_offer(int kvm_fd, struct hv_offer *ret_offer, struct err *err)
{
	if (!has_cap(kvm_fd, KVM_CAP_SYS_HYPERV_CPUID)) {
		err_set(err, -EOPNOTSUPP, "this KVM does not implement the Hyper-V interface");
		err_hint(err, "a kernel of 5.11 or later has it, built with CONFIG_KVM_HYPERV");
		return -EOPNOTSUPP;
	}
	autofree struct cpuid *leaves = calloc(1, sizeof(*leaves));
	if (!leaves)
		return err_errno(err, -ENOMEM, "CPUID table");
	leaves->n = CPUID_MAX_ENTRIES;
	int r = kvm_supported_hv_cpuid(kvm_fd, cpuid_kvm(leaves));
	if (r < 0)
		return err_errno(err, r, "KVM_GET_SUPPORTED_HV_CPUID");
	uint32_t has = hv_offered(leaves);
	for (unsigned i = 0; i < HV_FEATURES; i++)
		if (has & HV_BIT(i) && !has_cap(kvm_fd, hv_rows[i].cap))
			has &= ~HV_BIT(i);
	*ret_offer = (struct hv_offer){ has, has && has_cap(kvm_fd, KVM_CAP_HYPERV_SPIN) };
	return 0;
}

/* --- what the guest gets ---------------------------------------------------------------------- */

/* `set` and everything its members stand on. Needs go down the table at most HV_FEATURES deep. */
static uint32_t with_needs(uint32_t set)
{
	for (uint32_t before = 0; before != set;) {
		before = set;
		for (unsigned i = 0; i < HV_FEATURES; i++)
			if (set & HV_BIT(i))
				set |= hv_rows[i].needs;
	}
	return set;
}

static uint32_t preset_of(const struct hv_wishes *wishes)
{
	uint32_t set = 0;
	for (unsigned i = 0; i < HV_FEATURES; i++)
		if ((wishes->preset == HV_PRESET_WINDOWS && hv_rows[i].in_windows) ||
		    (wishes->preset == HV_PRESET_WINDOWS_GPU && hv_rows[i].in_gpu))
			set |= HV_BIT(i);
	return set;
}

static uint32_t wished(const struct hv_wishes *wishes, enum hv_wish what)
{
	uint32_t set = 0;
	for (unsigned i = 0; i < HV_FEATURES; i++)
		if (wishes->wish[i] == what)
			set |= HV_BIT(i);
	return set;
}

/* Those of `set` that are, or stand on, what is in `bad`. */
static uint32_t touched_by(uint32_t set, uint32_t bad)
{
	uint32_t hit = 0;
	for (unsigned i = 0; i < HV_FEATURES; i++)
		if (set & HV_BIT(i) && with_needs(HV_BIT(i)) & bad)
			hit |= HV_BIT(i);
	return hit;
}

static void choose_spin(const struct hv_wishes *wishes, bool has_spin, struct hv_choice *choice)
{
	bool asked = wishes->spin != HV_SPIN_AS_PRESET && wishes->spin != HV_SPIN_NEVER;
	choice->spin = wishes->spin;
	if (wishes->spin == HV_SPIN_AS_PRESET)
		choice->spin = wishes->preset == HV_PRESET_WINDOWS && has_spin ? SPIN_OF_WINDOWS
									       : HV_SPIN_NEVER;
	choice->spin_refused = asked && !has_spin;
}

struct hv_choice hv_choose(const struct hv_wishes *wishes, const struct hv_offer *offer)
{
	struct hv_choice choice = { 0 };
	uint32_t on = wished(wishes, HV_ON), off = wished(wishes, HV_OFF);
	uint32_t preset = preset_of(wishes);
	preset &= ~(touched_by(preset, off) | on);
	choice.denied = touched_by(on, off);
	choice.refused = touched_by(on, ~offer->has & ~off);
	choice.dropped = touched_by(preset, ~offer->has);
	choice.on = with_needs(on & ~choice.denied & ~choice.refused) | (preset & ~choice.dropped);
	choose_spin(wishes, offer->spin, &choice);
	return choice;
}

struct hv_names hv_names(uint32_t set)
{
	struct hv_names names = { "" };
	struct text text = text_in(names.s, sizeof(names.s));
	for (unsigned i = 0; i < HV_FEATURES; i++) {
		if (!(set & HV_BIT(i)))
			continue;
		text_put(&text, "%s%s", set & (HV_BIT(i) - 1) ? ", " : "", hv_rows[i].name);
	}
	return names;
}

/* --- CPUID ------------------------------------------------------------------------------------ */

/* The twelve bytes of the vendor's name, which leaf 0x40000000 spreads over EBX, ECX and EDX. */
static struct kvm_cpuid_entry2 vendor_leaf(const char *vendor)
{
	char name[12] = { 0 };
	struct kvm_cpuid_entry2 leaf = { .function = LEAF_VENDOR, .eax = LEAF_LIMITS };
	memcpy(name, vendor, strnlen(vendor, sizeof(name)));
	leaf.ebx = (uint32_t)le_get(name, 4);
	leaf.ecx = (uint32_t)le_get(name + 4, 4);
	leaf.edx = (uint32_t)le_get(name + 8, 4);
	return leaf;
}

static void add_bits(uint32_t on, struct kvm_cpuid_entry2 *features, struct kvm_cpuid_entry2 *hints)
{
	features->eax = RIGHT_HYPERCALL;
	for (unsigned i = 0; i < HV_FEATURES; i++) {
		if (!(on & HV_BIT(i)))
			continue;
		features->eax |= hv_rows[i].eax3;
		features->edx |= hv_rows[i].edx3;
		hints->eax |= hv_rows[i].eax4;
	}
	if (on & HV_BIT(HV_VAPIC) && !(on & HV_BIT(HV_NO_AUTOEOI)))
		hints->eax |= HINT_APIC_MSRS;
}

int hv_add_leaves(struct cpuid *cpuid, const struct hv_choice *choice, const char *vendor)
{
	struct kvm_cpuid_entry2 leaves[] = {
		vendor_leaf(vendor),
		{ .function = LEAF_INTERFACE, .eax = INTERFACE_HV1 },
		{ .function = LEAF_VERSION, .eax = VERSION_BUILD, .ebx = VERSION_NUMBER },
		{ .function = LEAF_FEATURES },
		{ .function = LEAF_HINTS, .ebx = choice->spin },
		{ .function = LEAF_LIMITS, .eax = MAX_VPS, .ebx = MAX_LPS },
	};
	if (cpuid->n + ARRAY_LEN(leaves) > CPUID_MAX_ENTRIES)
		return -ENOSPC;
	add_bits(choice->on, &leaves[3], &leaves[4]);
	memcpy(&cpuid->entries[cpuid->n], leaves, sizeof(leaves));
	cpuid->n += (uint32_t)ARRAY_LEN(leaves);
	return 0;
}

bool hv_is_on(const struct cpuid *cpuid)
{
	const struct kvm_cpuid_entry2 *leaf = find(cpuid, LEAF_INTERFACE);
	return leaf && leaf->eax == INTERFACE_HV1;
}

static uint32_t rights(const struct cpuid *cpuid)
{
	const struct kvm_cpuid_entry2 *leaf = hv_is_on(cpuid) ? find(cpuid, LEAF_FEATURES) : NULL;
	return leaf ? leaf->eax : 0;
}

bool hv_has_synic(const struct cpuid *cpuid)
{
	return rights(cpuid) & RIGHT_SYNIC;
}

/* --- registers (TLFS appendix C) -------------------------------------------------------------- */

/* In this order: what may still write to memory stops first. */
static const struct {
	uint32_t first, n;
	uint64_t value;
	uint32_t right; /* exists with this bit of leaf 3 EAX */
} power_on[] = {
	{ 0x400000B0, 8, 0, RIGHT_STIMER },          /* STIMER0_CONFIG to STIMER3_COUNT */
	{ 0x40000083, 1, 0, RIGHT_SYNIC },           /* SIMP: the message page */
	{ 0x40000082, 1, 0, RIGHT_SYNIC },           /* SIEFP: the event page */
	{ 0x40000090, 16, 1 << 16, RIGHT_SYNIC },    /* SINT0 to 15: masked */
	{ 0x40000080, 1, 1, RIGHT_SYNIC },           /* SCONTROL: on, as KVM starts it */
	{ 0x40000106, 3, 0, RIGHT_REENLIGHTENMENT }, /* its control, and emulation of the TSC */
	{ 0x40000118, 1, 0, RIGHT_TSC_INVARIANT },
	{ 0x40000073, 1, 0, RIGHT_APIC },     /* VP_ASSIST_PAGE */
	{ 0x40000021, 1, 0, RIGHT_TSC },      /* REFERENCE_TSC: the page */
	{ 0x40000001, 1, 0, RIGHT_HYPERCALL }, /* the page with the call */
	{ 0x40000000, 1, 0, RIGHT_HYPERCALL }, /* GUEST_OS_ID */
};

int hv_power_on(const struct cpuid *cpuid, struct kvm_msrs **ret)
{
	uint32_t most = 0, has = rights(cpuid);
	*ret = NULL;
	if (!has)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(power_on); i++)
		most += power_on[i].n;
	struct kvm_msrs *msrs = calloc(1, sizeof(*msrs) + most * sizeof(msrs->entries[0]));
	if (!msrs)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_LEN(power_on); i++)
		for (uint32_t n = 0; has & power_on[i].right && n < power_on[i].n; n++)
			msrs->entries[msrs->nmsrs++] = (struct kvm_msr_entry){
				.index = power_on[i].first + n, .data = power_on[i].value
			};
	*ret = msrs;
	return 0;
}
