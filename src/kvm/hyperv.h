/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Hyper-V interface that KVM implements: which enlightenments there are, what each needs of KVM
 * and of others, which ones a guest gets, and the CPUID leaves and registers that follow. Windows
 * knows only this interface; without it it keeps time by polling emulated hardware.
 *
 * Source of leaves, bits and registers: Microsoft's Hypervisor Top Level Functional Specification
 * (TLFS) 6.0b, chapters 2 (feature discovery), 11 (synthetic interrupts) and 12 (timers).
 */
#ifndef BULKHEAD_KVM_HYPERV_H
#define BULKHEAD_KVM_HYPERV_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "kvm/cpuid.h"

enum hv_feature {
	HV_RELAXED,
	HV_VAPIC,
	HV_TIME,
	HV_VPINDEX,
	HV_RUNTIME,
	HV_SYNIC,
	HV_STIMER,
	HV_STIMER_DIRECT,
	HV_FREQUENCIES,
	HV_TLBFLUSH,
	HV_IPI,
	HV_XMM_INPUT,
	HV_NO_AUTOEOI,
	HV_TSC_INVARIANT,
	HV_REENLIGHTENMENT,
	HV_NO_CORESHARING,
	HV_RESET,
	HV_CRASH,
	HV_FEATURES
};
#define HV_BIT(feature) (UINT32_C(1) << (feature))

enum hv_preset { /* as a profile names them */
	HV_PRESET_AUTO, /* `windows` with the Hyper-V interface alone, else `off` */
	HV_PRESET_WINDOWS,
	HV_PRESET_WINDOWS_GPU,
	HV_PRESET_OFF,
};
enum hv_wish { HV_AS_PRESET, HV_ON, HV_OFF };

/* A guest that spins on a lock this often tells the hypervisor; never is a value of the TLFS too. */
#define HV_SPIN_AS_PRESET 0u
#define HV_SPIN_NEVER UINT32_MAX

struct hv_row {
	const char *name;         /* as a profile has it */
	uint32_t eax3, edx3, eax4; /* bits of leaves 0x40000003 and 4 that it is made of */
	uint32_t needs;           /* HV_BITs without which it is of no use */
	bool in_windows, in_gpu;  /* presets */
	int cap;                  /* KVM_CAP_* it stands on beside those bits */
};
extern const struct hv_row hv_rows[HV_FEATURES];

struct hv_wishes { /* what a profile says; `preset` is not HV_PRESET_AUTO any more */
	enum hv_preset preset;
	enum hv_wish wish[HV_FEATURES];
	uint32_t spin; /* retries, HV_SPIN_NEVER or HV_SPIN_AS_PRESET */
};

struct hv_offer {    /* what this KVM has */
	uint32_t has; /* HV_BITs */
	bool spin;    /* takes the notice of a spinning guest */
};

struct hv_choice {
	uint32_t on;      /* HV_BITs the guest gets; 0 = no Hyper-V interface at all */
	uint32_t spin;    /* HV_SPIN_NEVER or a number of retries */
	uint32_t dropped; /* in the preset, but KVM lacks it, or what it needs */
	uint32_t refused; /* asked for by name, but KVM lacks it, or what it needs */
	uint32_t denied;  /* asked for by name, but what it needs was turned off by name */
	bool spin_refused;
};

/*
 * What is chosen: the preset, plus what is on, minus what is off; what one needs comes along unless
 * it is off. Pure. A choice with refused, denied or spin_refused is not to be used.
 */
struct hv_choice hv_choose(const struct hv_wishes *wishes, const struct hv_offer *offer);

/* "relaxed, time" for a set of HV_BITs, cut to fit. */
struct hv_names {
	char s[320];
};
struct hv_names hv_names(uint32_t set);

/*
 * Asks KVM (an fd of /dev/kvm). -EOPNOTSUPP when it was built without, or is too old to say;
 * -errno of the call.
 */
int hv_read_offer(int kvm_fd, struct hv_offer *ret_offer, struct err *err);
/* The pure half of it: from the leaves of KVM_GET_SUPPORTED_HV_CPUID. */
uint32_t hv_offered(const struct cpuid *leaves);

/*
 * Adds leaves 0x40000000 to 5. `vendor` is 1 to 12 characters. -ENOSPC when the table is full.
 */
int hv_add_leaves(struct cpuid *cpuid, const struct hv_choice *choice, const char *vendor);

/* What the guest's table promises, read back from it. */
bool hv_is_on(const struct cpuid *cpuid);
bool hv_has_synic(const struct cpuid *cpuid);

/*
 * The Hyper-V registers of the guest's table at power-on, to be written (msrs_write) at each reset:
 * until then KVM goes on writing to the pages that the last life of the guest gave it. Caller frees.
 * -ENOMEM; *ret is NULL when the table has no Hyper-V interface.
 */
int hv_power_on(const struct cpuid *cpuid, struct kvm_msrs **ret);

#endif
