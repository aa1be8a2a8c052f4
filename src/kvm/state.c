/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvm/state.h"

#include <errno.h>
#include <stdlib.h>

#include "kvm/msrs.h"
#include "kvm/uapi.h"

/* Leaves the calling function with a text that names the KVM call, when it failed. */
#define TRY(call, name)                                                                            \
	do {                                                                                       \
		int r_ = (call);                                                                   \
		if (r_ < 0)                                                                        \
			return err_errno(err, r_, "%s", name);                                     \
	} while (0)

static int save_registers(int fd, struct vcpu_state *state, struct err *err)
{
	TRY(kvm_get_regs(fd, &state->regs), "KVM_GET_REGS");
	TRY(kvm_get_sregs(fd, &state->sregs), "KVM_GET_SREGS");
	TRY(kvm_get_xsave(fd, &state->xsave), "KVM_GET_XSAVE");
	TRY(kvm_get_xcrs(fd, &state->xcrs), "KVM_GET_XCRS");
	TRY(kvm_get_debugregs(fd, &state->debugregs), "KVM_GET_DEBUGREGS");
	TRY(kvm_get_lapic(fd, &state->lapic), "KVM_GET_LAPIC");
	TRY(kvm_get_events(fd, &state->events), "KVM_GET_VCPU_EVENTS");
	TRY(kvm_get_mp_state(fd, &state->mp_state), "KVM_GET_MP_STATE");
	return 0;
}

static int save_msrs(int kvm_fd, int vcpu_fd, const struct vcpu_state *pattern,
		     struct vcpu_state *state, struct err *err)
{
	if (pattern) {
		state->msrs = msrs_copy(pattern->msrs);
		return state->msrs ? 0 : err_errno(err, -ENOMEM, "MSR list");
	}
	int r = msrs_list(kvm_fd, &state->msrs, err);
	if (r)
		return r;
	TRY(msrs_read(vcpu_fd, state->msrs), "KVM_GET_MSRS");
	TRY(msrs_keep_writable(vcpu_fd, state->msrs), "KVM_SET_MSRS");
	return 0;
}

int vcpu_state_save(int kvm_fd, int vcpu_fd, const struct vcpu_state *pattern,
		    struct vcpu_state **ret_state, struct err *err)
{
	struct vcpu_state *state = calloc(1, sizeof(*state));
	if (!state)
		return err_errno(err, -ENOMEM, "vCPU state");
	int r = save_registers(vcpu_fd, state, err);
	if (!r)
		r = save_msrs(kvm_fd, vcpu_fd, pattern, state, err);
	if (r) {
		vcpu_state_free(state);
		return r;
	}
	*ret_state = state;
	return 0;
}

void vcpu_state_free(struct vcpu_state *state)
{
	if (state)
		free(state->msrs);
	free(state);
}

/*
 * The order is KVM's: the APIC base (in sregs) decides the layout of the LAPIC page; the LAPIC's
 * timer mode decides what the TSC-deadline MSR means; events before the run state, which goes last
 * because it makes the rest count. MSRs turn off what KVM writes into guest memory by itself
 * (clock, steal time, async page faults).
 */
int vcpu_state_restore(int vcpu_fd, const struct vcpu_state *state, struct err *err)
{
	TRY(kvm_set_sregs(vcpu_fd, &state->sregs), "KVM_SET_SREGS");
	TRY(kvm_set_regs(vcpu_fd, &state->regs), "KVM_SET_REGS");
	TRY(kvm_set_xcrs(vcpu_fd, &state->xcrs), "KVM_SET_XCRS");
	TRY(kvm_set_xsave(vcpu_fd, &state->xsave), "KVM_SET_XSAVE");
	TRY(kvm_set_debugregs(vcpu_fd, &state->debugregs), "KVM_SET_DEBUGREGS");
	TRY(kvm_set_lapic(vcpu_fd, &state->lapic), "KVM_SET_LAPIC");
	TRY(msrs_write(vcpu_fd, state->msrs), "KVM_SET_MSRS");
	TRY(kvm_set_events(vcpu_fd, &state->events), "KVM_SET_VCPU_EVENTS");
	TRY(kvm_set_mp_state(vcpu_fd, &state->mp_state), "KVM_SET_MP_STATE");
	return 0;
}
