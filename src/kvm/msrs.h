/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of a vCPU's state that lies in model-specific registers: which of them exist for this
 * KVM, what they hold at power-on, and writing that back.
 */
#ifndef BULKHEAD_KVM_MSRS_H
#define BULKHEAD_KVM_MSRS_H

#include <linux/kvm.h>

#include "base/err.h"

/* IA32_MTRR_DEF_TYPE, SDM vol. 4 table 2-2 */
#define MSR_MTRR_DEF_TYPE 0x2FF

/* Candidates from KVM's own list and our table. Caller frees. -ENOMEM, -errno of KVM. */
int msrs_list(int kvm_fd, struct kvm_msrs **ret_msrs, struct err *err);

/* A copy of the indices, to be read on another vCPU. NULL without memory. */
struct kvm_msrs *msrs_copy(const struct kvm_msrs *msrs);

/* Reads the values; those KVM refuses are taken off the list. */
int msrs_read(int vcpu_fd, struct kvm_msrs *msrs);

/* Writes the values as they are at power-on and takes off the list what KVM refuses to write. */
int msrs_keep_writable(int vcpu_fd, struct kvm_msrs *msrs);

/* Writes all values. One that KVM refuses now is logged and passed over: the rest matter more. */
int msrs_write(int vcpu_fd, const struct kvm_msrs *msrs);

#endif
