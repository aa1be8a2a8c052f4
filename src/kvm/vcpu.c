/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvm/vcpu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "kvm/hyperv.h"
#include "kvm/msrs.h"
#include "kvm/state.h"
#include "kvm/uapi.h"

static int set_cpuid(struct vcpu *vcpu, const struct cpuid *cpuid, struct err *err)
{
	autofree struct cpuid *own = malloc(sizeof(*own));
	if (!own)
		return err_errno(err, -ENOMEM, "CPUID table");
	memcpy(own, cpuid, sizeof(*own));
	cpuid_for_vcpu(own, vcpu->id);
	int r = kvm_set_cpuid2(vcpu->fd, cpuid_kvm(own));
	return r < 0 ? err_errno(err, r, "KVM_SET_CPUID2 with %u entries", own->n) : 0;
}

/*
 * What KVM takes as a capability of each vCPU. The two that enforce make what CPUID does not show
 * fault as it would elsewhere; a host too old for them only shows a guest that looks for it more than
 * it was told of.
 */
static int set_interfaces(struct vcpu *vcpu, const struct cpuid *cpuid, struct err *err)
{
	const struct {
		uint32_t cap;
		const char *name;
		uint64_t arg;
		bool wanted, must;
	} caps[] = {
		{ KVM_CAP_ENFORCE_PV_FEATURE_CPUID, "ENFORCE_PV_FEATURE_CPUID", 1, true, false },
		{ KVM_CAP_HYPERV_ENFORCE_CPUID, "HYPERV_ENFORCE_CPUID", 1, hv_is_on(cpuid), false },
		{ KVM_CAP_HYPERV_SYNIC2, "HYPERV_SYNIC2", 0, hv_has_synic(cpuid), true },
	};
	for (size_t i = 0; i < ARRAY_LEN(caps); i++) {
		if (!caps[i].wanted)
			continue;
		if (!caps[i].must &&
		    kvm_check_extension(vcpu->all->vm->kvm_fd, (int)caps[i].cap) <= 0)
			continue;
		int r = kvm_enable_cap(vcpu->fd, caps[i].cap, caps[i].arg);
		if (r < 0)
			return err_errno(err, r, "KVM_ENABLE_CAP %s", caps[i].name);
	}
	return 0;
}

/* At reset EDX holds the processor signature (SDM vol. 3 §10.1.2), and firmware may look at it. */
static uint32_t signature(const struct cpuid *cpuid)
{
	for (uint32_t i = 0; i < cpuid->n; i++)
		if (cpuid->entries[i].function == 1)
			return cpuid->entries[i].eax;
	return 0;
}

static int save_fresh(struct vcpu *vcpu, const struct cpuid *cpuid, struct err *err)
{
	const struct vcpu_state *pattern = vcpu->id ? vcpu->all->at[0].fresh : NULL;
	int r = vcpu_state_save(vcpu->all->vm->kvm_fd, vcpu->fd, pattern, &vcpu->fresh, err);
	if (r)
		return r;
	vcpu->fresh->regs.rdx = signature(cpuid);
	vcpu->fresh->mp_state.mp_state =
		vcpu->id ? KVM_MP_STATE_UNINITIALIZED : KVM_MP_STATE_RUNNABLE;
	return 0;
}

static int create(struct vcpu *vcpu, const struct cpuid *cpuid, struct err *err)
{
	struct vm *vm = vcpu->all->vm;
	vcpu->fd = kvm_create_vcpu(vm->vm_fd, vcpu->id);
	if (vcpu->fd < 0)
		return err_errno(err, vcpu->fd, "KVM_CREATE_VCPU");
	vcpu->run = kvm_map_run(vcpu->fd, vm->run_size);
	if (!vcpu->run)
		return err_errno(err, -errno, "mapping kvm_run");
	int r = set_cpuid(vcpu, cpuid, err);
	if (!r)
		r = set_interfaces(vcpu, cpuid, err);
	return r ? r : save_fresh(vcpu, cpuid, err);
}

int vcpus_init(struct vcpus *vcpus, struct vm *vm, unsigned n, const struct cpuid *cpuid,
	       struct err *err)
{
	memset(vcpus, 0, sizeof(*vcpus));
	pthread_mutex_init(&vcpus->lock, NULL);
	pthread_cond_init(&vcpus->changed, NULL);
	vcpus->vm = vm;
	if (!n || n > vm->max_vcpus)
		return err_set(err, -EINVAL, "%u vCPUs: KVM here runs 1 to %u", n, vm->max_vcpus);
	vcpus->at = calloc(n, sizeof(vcpus->at[0]));
	if (!vcpus->at)
		return err_errno(err, -ENOMEM, "vCPUs");
	int r = hv_power_on(cpuid, &vcpus->hyperv);
	if (r)
		err_errno(err, r, "Hyper-V registers");
	for (unsigned i = 0; !r && i < n; i++) {
		struct vcpu *vcpu = &vcpus->at[i];
		vcpu->id = i;
		vcpu->all = vcpus;
		vcpus->n++;
		r = create(vcpu, cpuid, err);
		if (r)
			err_prefix(err, "vCPU %u", i);
	}
	if (r)
		vcpus_fini(vcpus);
	return r;
}

void vcpus_fini(struct vcpus *vcpus)
{
	if (!vcpus->at)
		return;
	vcpus_stop(vcpus);
	for (unsigned i = 0; i < vcpus->n; i++) {
		struct vcpu *vcpu = &vcpus->at[i];
		if (vcpu->run)
			kvm_unmap_run(vcpu->run, vcpus->vm->run_size);
		close_fd(&vcpu->fd);
		vcpu_state_free(vcpu->fresh);
	}
	free(vcpus->at);
	free(vcpus->hyperv);
	vcpus->at = NULL;
	vcpus->hyperv = NULL;
	vcpus->n = 0;
	pthread_cond_destroy(&vcpus->changed);
	pthread_mutex_destroy(&vcpus->lock);
}

static int reset(struct vcpu *vcpu, struct err *err)
{
	int r = vcpu->all->hyperv ? msrs_write(vcpu->fd, vcpu->all->hyperv) : 0;
	if (r)
		return err_errno(err, r, "KVM_SET_MSRS of Hyper-V");
	vcpu->notes = 0;
	return vcpu_state_restore(vcpu->fd, vcpu->fresh, err);
}

int vcpus_reset(struct vcpus *vcpus, struct err *err)
{
	for (unsigned i = 0; i < vcpus->n; i++) {
		int r = reset(&vcpus->at[i], err);
		if (r) {
			err_prefix(err, "vCPU %u", i);
			return r;
		}
	}
	return 0;
}
