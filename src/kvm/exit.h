/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One function per KVM exit reason, in a table indexed by the reason. Whether the vCPU enters the
 * guest again is not decided here but by the pause flag (kvm/vcpu.h): an exit that must not go on
 * raises a request, which sets it.
 */
#ifndef BULKHEAD_KVM_EXIT_H
#define BULKHEAD_KVM_EXIT_H

#include "kvm/vcpu.h"

/* Handles and counts the exit that vcpu->run describes. Inside a qs read section. */
void vcpu_on_exit(struct vcpu *vcpu);

/* Adds one to an exit counter of the calling vCPU thread's own vCPU. */
void vcpu_count(struct vcpu *vcpu, enum exit_kind kind);

#endif
