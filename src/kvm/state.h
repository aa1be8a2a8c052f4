/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of a vCPU as KVM created it, kept so that a reboot can put all of them back: the
 * state at power-on is what KVM says it is, not a table of ours. Used by kvm/vcpu.c alone.
 */
#ifndef BULKHEAD_KVM_STATE_H
#define BULKHEAD_KVM_STATE_H

#include <linux/kvm.h>

#include "base/err.h"

struct vcpu_state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_xcrs xcrs;
	struct kvm_debugregs debugregs;
	struct kvm_lapic_state lapic;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp_state;
	struct kvm_msrs *msrs;  /* owned; only such as KVM lets us write back */
	struct kvm_xsave xsave; /* last: its type may grow */
};

/*
 * Reads everything of a vCPU that has its CPUID and never ran. The MSRs to keep are those of
 * `pattern` (another vCPU's state of the same VM) or, when NULL, found by asking KVM for its list
 * and trying each: what it refuses to read or to write back is left out. Caller frees with
 * vcpu_state_free.
 */
int vcpu_state_save(int kvm_fd, int vcpu_fd, const struct vcpu_state *pattern,
		    struct vcpu_state **ret_state, struct err *err);
void vcpu_state_free(struct vcpu_state *state);

/* Writes everything back, in an order that KVM accepts. The vCPU is outside KVM_RUN. */
int vcpu_state_restore(int vcpu_fd, const struct vcpu_state *state, struct err *err);

#endif
