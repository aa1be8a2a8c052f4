/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvm/vcpu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
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
	int r = 0;
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
	vcpus->at = NULL;
	vcpus->n = 0;
	pthread_cond_destroy(&vcpus->changed);
	pthread_mutex_destroy(&vcpus->lock);
}

int vcpus_reset(struct vcpus *vcpus, struct err *err)
{
	for (unsigned i = 0; i < vcpus->n; i++) {
		int r = vcpu_state_restore(vcpus->at[i].fd, vcpus->at[i].fresh, err);
		if (r) {
			err_prefix(err, "vCPU %u", i);
			return r;
		}
	}
	return 0;
}
