/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvm/cpuid.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "kvm/cpuid_policy.h"
#include "kvm/cpuid_topology.h"
#include "kvm/hyperv.h"

#define LEAF_EXTENDED 0x80000000u
#define LEAF_CENTAUR 0xC0000000u
#define LEAF_KVM 0x40000000u /* signature; features in the next, linux/kvm_para.h */

/* Where KVM's leaves go when Hyper-V's have their place; guests look at each 0x100 (kvm_para.h). */
#define LEAF_KVM_BESIDE 0x40000100u

#define ECX_TSC_DEADLINE (UINT32_C(1) << 24) /* of leaf 1 */
#define ECX_HYPERVISOR (UINT32_C(1) << 31)   /* of leaf 1 */
#define VENDOR_OF_HYPERV "Microsoft Hv"

#define PHYS_BITS_MIN 36
#define XSAVE_LEGACY_SIZE 576 /* FXSAVE image and XSAVE header, SDM vol. 1 §13.4 */

struct kvm_cpuid_entry2 *cpuid_find(struct cpuid *cpuid, uint32_t function, uint32_t index)
{
	for (uint32_t i = 0; i < cpuid->n; i++)
		if (cpuid->entries[i].function == function && cpuid->entries[i].index == index)
			return &cpuid->entries[i];
	return NULL;
}

static uint32_t *reg_of(struct kvm_cpuid_entry2 *entry, enum cpuid_reg reg)
{
	switch (reg) {
	case CPUID_EAX:
		return &entry->eax;
	case CPUID_EBX:
		return &entry->ebx;
	case CPUID_ECX:
		return &entry->ecx;
	default:
		return &entry->edx;
	}
}

/* Keeps the entries for which `keep` says so, in order. */
static void filter(struct cpuid *cpuid, bool (*keep)(struct cpuid *, struct kvm_cpuid_entry2 *))
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < cpuid->n; i++)
		if (keep(cpuid, &cpuid->entries[i]))
			cpuid->entries[n++] = cpuid->entries[i];
	cpuid->n = n;
}

static bool is_shown(struct cpuid *cpuid, struct kvm_cpuid_entry2 *entry)
{
	(void)cpuid;
	for (size_t i = 0; i < n_cpuid_hidden; i++)
		if (cpuid_hidden[i].function == entry->function)
			return false;
	/* Of the hypervisor range only KVM's two leaves are described by what is in them. */
	if (entry->function >= LEAF_KVM && entry->function < LEAF_EXTENDED)
		return entry->function < LEAF_KVM + 2;
	return entry->function < LEAF_CENTAUR;
}

/* A leaf that is not in the table reads as zeros too, so such entries only cost look-ups. */
static bool is_telling(struct cpuid *cpuid, struct kvm_cpuid_entry2 *entry)
{
	(void)cpuid;
	return entry->eax || entry->ebx || entry->ecx || entry->edx;
}

static enum cpuid_vendor vendor_of(struct cpuid *cpuid)
{
	uint32_t ebx = cpuid_find(cpuid, 0, 0)->ebx;
	/* "Auth"enticAMD and "Hygo"nGenuine share the layout; all others follow Intel's. */
	return ebx == 0x68747541 || ebx == 0x6F677948 ? CPUID_AMD : CPUID_INTEL;
}

static void apply_rules(struct cpuid *cpuid)
{
	enum cpuid_vendor vendor = vendor_of(cpuid);
	for (size_t i = 0; i < n_cpuid_rules; i++) {
		const struct cpuid_rule *rule = &cpuid_rules[i];
		struct kvm_cpuid_entry2 *entry = cpuid_find(cpuid, rule->function, rule->index);
		if (!entry || (rule->vendor != CPUID_ANY && rule->vendor != vendor))
			continue;
		uint32_t *reg = reg_of(entry, rule->reg);
		*reg = (*reg & ~rule->clear) | rule->set;
	}
}

/* Sub-leaf i >= 2 of 0xD describes state component i, of XCR0 or (ECX bit 0) of IA32_XSS. */
static bool has_state(struct cpuid *cpuid, struct kvm_cpuid_entry2 *entry)
{
	if (entry->function != 0xD || entry->index < 2)
		return true;
	struct kvm_cpuid_entry2 *user = cpuid_find(cpuid, 0xD, 0);
	struct kvm_cpuid_entry2 *supervisor = cpuid_find(cpuid, 0xD, 1);
	uint64_t mask = 0;
	if (entry->ecx & 1)
		mask = supervisor ? supervisor->ecx | (uint64_t)supervisor->edx << 32 : 0;
	else
		mask = user ? user->eax | (uint64_t)user->edx << 32 : 0;
	return entry->index < 64 && (mask >> entry->index & 1);
}

/* The area is as large as its last component reaches; EBX follows XCR0 at run time, in KVM. */
static void size_xsave(struct cpuid *cpuid)
{
	struct kvm_cpuid_entry2 *user = cpuid_find(cpuid, 0xD, 0);
	uint32_t size = XSAVE_LEGACY_SIZE;
	if (!user)
		return;
	for (uint32_t i = 0; i < cpuid->n; i++) {
		const struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];
		if (entry->function == 0xD && entry->index >= 2 && !(entry->ecx & 1))
			size = (uint32_t)max_u64(size, (uint64_t)entry->ebx + entry->eax);
	}
	user->ebx = XSAVE_LEGACY_SIZE;
	user->ecx = size;
}

static int set_address_bits(struct cpuid *cpuid, unsigned phys_bits, struct err *err)
{
	struct kvm_cpuid_entry2 *entry = cpuid_find(cpuid, 0x80000008, 0);
	unsigned host = entry->eax & 0xFF;
	if (!phys_bits)
		phys_bits = host;
	if (phys_bits < PHYS_BITS_MIN || phys_bits > host)
		return err_set(err, -EINVAL,
			       "%u guest address bits: this host has %u, at least %u are needed",
			       phys_bits, host, PHYS_BITS_MIN);
	/* Bits 23:16 would be a nested guest's; 15:8 are the virtual address bits. */
	entry->eax = (entry->eax & 0xFF00) | phys_bits;
	return 0;
}

static bool is_of_machine(struct cpuid *cpuid, struct kvm_cpuid_entry2 *entry)
{
	(void)cpuid;
	return entry->function < LEAF_KVM || entry->function >= LEAF_EXTENDED;
}

/* KVM's two leaves at `base`, the first of which names the second. */
static void set_kvm_leaves(struct cpuid *cpuid, uint32_t base)
{
	for (uint32_t i = 0; i < cpuid->n; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];
		if (is_of_machine(cpuid, entry))
			continue;
		if (entry->function == LEAF_KVM)
			entry->eax = base + 1;
		entry->function += base - LEAF_KVM;
	}
}

/* The one switch over everything by which a guest knows what it runs on. */
static int set_hypervisor(struct cpuid *cpuid, const struct cpuid_config *config, struct err *err)
{
	bool hyperv = config->hyperv && config->hyperv->on && config->hypervisor != HYPERVISOR_NONE;
	if (config->hypervisor == HYPERVISOR_NONE)
		cpuid_find(cpuid, 1, 0)->ecx &= ~ECX_HYPERVISOR;
	if (config->hypervisor == HYPERVISOR_KVM)
		set_kvm_leaves(cpuid, hyperv ? LEAF_KVM_BESIDE : LEAF_KVM);
	else
		filter(cpuid, is_of_machine);
	if (!hyperv)
		return 0;
	int r = hv_add_leaves(cpuid, config->hyperv,
			      config->hv_vendor ? config->hv_vendor : VENDOR_OF_HYPERV);
	return r ? err_errno(err, r, "CPUID table of %u leaves", cpuid->n) : 0;
}

/* EAX of leaves 0, 0x80000000 and of each leaf with sub-leaves names the last one there is. */
static void set_maxima(struct cpuid *cpuid)
{
	uint32_t basic = 0, extended = LEAF_EXTENDED, seven = 0;
	for (uint32_t i = 0; i < cpuid->n; i++) {
		const struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];
		if (entry->function >= LEAF_EXTENDED)
			extended = (uint32_t)max_u64(extended, entry->function);
		else if (entry->function < LEAF_KVM)
			basic = (uint32_t)max_u64(basic, entry->function);
		if (entry->function == 7)
			seven = (uint32_t)max_u64(seven, entry->index);
	}
	cpuid_find(cpuid, 0, 0)->eax = basic;
	cpuid_find(cpuid, LEAF_EXTENDED, 0)->eax = extended;
	struct kvm_cpuid_entry2 *features = cpuid_find(cpuid, 7, 0);
	if (features)
		features->eax = seven;
}

static int check(struct cpuid *cpuid, const struct cpuid_config *config, struct err *err)
{
	static const uint32_t needed[] = { 0, 1, LEAF_EXTENDED, 0x80000001, 0x80000008 };
	if (!config->vcpus || config->vcpus > 255)
		return err_set(err, -EINVAL, "%u vCPUs: 1 to 255 are possible", config->vcpus);
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (!cpuid_find(cpuid, needed[i], 0))
			return err_set(err, -EPROTO, "KVM_GET_SUPPORTED_CPUID gives no leaf 0x%x",
				       needed[i]);
	return 0;
}

int cpuid_build(struct cpuid *guest, const struct cpuid *supported,
		const struct cpuid_config *config, struct err *err)
{
	if (supported->n > CPUID_MAX_ENTRIES)
		return err_set(err, -EPROTO, "KVM_GET_SUPPORTED_CPUID gives %u leaves",
			       supported->n);
	memcpy(guest, supported, sizeof(*guest));
	guest->padding = 0;
	int r = check(guest, config, err);
	if (r)
		return r;
	filter(guest, is_shown);
	apply_rules(guest);
	if (config->tsc_deadline)
		cpuid_find(guest, 1, 0)->ecx |= ECX_TSC_DEADLINE;
	filter(guest, has_state);
	size_xsave(guest);
	filter(guest, is_telling);
	r = set_hypervisor(guest, config, err);
	if (!r)
		r = set_address_bits(guest, config->phys_bits, err);
	if (!r)
		r = cpuid_set_topology(guest, config->vcpus, vendor_of(guest) == CPUID_AMD, err);
	if (!r)
		set_maxima(guest);
	return r;
}
