/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the fake that is per vCPU. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake/fake_kvm.h"
#include "kvm/uapi.h"

static struct fake_kvm_msr *find_msr(struct fake_kvm_vcpu *vcpu, uint32_t index)
{
	for (unsigned i = 0; i < fake_kvm.n_msrs; i++)
		if (vcpu->msrs[i].index == index)
			return &vcpu->msrs[i];
	return NULL;
}

struct fake_kvm_msr *fake_kvm_msr(unsigned vcpu, uint32_t index)
{
	return find_msr(&fake_kvm.vcpus[vcpu], index);
}

const struct kvm_cpuid_entry2 *fake_kvm_cpuid(unsigned vcpu, uint32_t function, uint32_t index)
{
	const struct fake_kvm_vcpu *v = &fake_kvm.vcpus[vcpu];
	for (unsigned i = 0; i < v->n_cpuid; i++)
		if (v->cpuid[i].function == function && v->cpuid[i].index == index)
			return &v->cpuid[i];
	return NULL;
}

static struct fake_kvm_vcpu *vcpu_of(int fd)
{
	for (unsigned i = 0; i < fake_kvm.n_vcpus; i++)
		if (fake_kvm.vcpus[i].fd == fd)
			return &fake_kvm.vcpus[i];
	abort(); /* a call on what is no vCPU is a bug in the test or the code */
}

/* What a write of registers does: KVM would overwrite them when it completes the last exit. */
static struct fake_kvm_vcpu *vcpu_to_set(int fd)
{
	struct fake_kvm_vcpu *vcpu = vcpu_of(fd);
	fake_kvm.unfinished += vcpu->exited;
	return vcpu;
}

int kvm_create_vcpu(int vm_fd, uint64_t id)
{
	NOTE("create_vcpu", vm_fd, id);
	if (fake_kvm.n_vcpus == FAKE_KVM_VCPUS)
		return -EINVAL;
	struct fake_kvm_vcpu *vcpu = &fake_kvm.vcpus[fake_kvm.n_vcpus];
	memset(vcpu, 0, sizeof(*vcpu));
	vcpu->fd = fake_kvm_new_fd();
	if (vcpu->fd < 0)
		return vcpu->fd;
	vcpu->regs.rip = 0xFFF0;
	vcpu->regs.rflags = 2;
	vcpu->sregs.cs.selector = 0xF000;
	vcpu->sregs.cs.base = 0xFFFF0000;
	vcpu->sregs.cr0 = 0x60000010;
	vcpu->sregs.apic_base = 0xFEE00800;
	vcpu->xcrs.nr_xcrs = 1;
	vcpu->xcrs.xcrs[0].value = 1;
	vcpu->mp_state.mp_state = id ? KVM_MP_STATE_UNINITIALIZED : KVM_MP_STATE_RUNNABLE;
	memcpy(vcpu->msrs, fake_kvm.msrs, sizeof(vcpu->msrs));
	fake_kvm.n_vcpus++;
	return vcpu->fd;
}

void *kvm_map_run(int vcpu_fd, int size)
{
	int r = fake_kvm_note("map_run", vcpu_fd, (uint64_t)size);
	if (r) {
		errno = -r;
		return NULL;
	}
	return vcpu_of(vcpu_fd)->run = calloc(1, (size_t)size);
}

void kvm_unmap_run(void *run, int size)
{
	fake_kvm_note("unmap_run", -1, (uint64_t)size);
	free(run);
}

/* Until a signal handler of this thread asks for an exit. */
static int stay(const volatile struct kvm_run *run)
{
	while (!run->immediate_exit)
		usleep(100);
	return -EINTR;
}

int kvm_run(int vcpu_fd)
{
	struct fake_kvm_vcpu *vcpu = vcpu_of(vcpu_fd);
	NOTE("run", vcpu_fd, (uint64_t)(vcpu - fake_kvm.vcpus));
	if (vcpu->exited && vcpu->pieces_left) {
		vcpu->pieces_left--;
		return 0;
	}
	vcpu->exited = false;
	if (*(volatile uint8_t *)&vcpu->run->immediate_exit)
		return -EINTR;
	int r = FAKE_KVM_STAY;
	if (fake_kvm.on_run)
		r = fake_kvm.on_run(fake_kvm.on_run_ctx, (unsigned)(vcpu - fake_kvm.vcpus),
				    vcpu->run);
	if (r == FAKE_KVM_STAY)
		return stay(vcpu->run);
	vcpu->exited = r >= 0;
	vcpu->pieces_left = fake_kvm.pieces;
	return r;
}

int kvm_set_cpuid2(int vcpu_fd, const struct kvm_cpuid2 *cpuid)
{
	NOTE("set_cpuid2", vcpu_fd, cpuid->nent);
	struct fake_kvm_vcpu *vcpu = vcpu_of(vcpu_fd);
	if (cpuid->nent > 256)
		return -E2BIG;
	memcpy(vcpu->cpuid, cpuid->entries, cpuid->nent * sizeof(vcpu->cpuid[0]));
	vcpu->n_cpuid = cpuid->nent;
	return 0;
}

int kvm_get_regs(int vcpu_fd, struct kvm_regs *regs)
{
	NOTE("get_regs", vcpu_fd, 0);
	*regs = vcpu_of(vcpu_fd)->regs;
	return 0;
}

int kvm_set_regs(int vcpu_fd, const struct kvm_regs *regs)
{
	NOTE("set_regs", vcpu_fd, 0);
	vcpu_to_set(vcpu_fd)->regs = *regs;
	return 0;
}

int kvm_get_sregs(int vcpu_fd, struct kvm_sregs *sregs)
{
	NOTE("get_sregs", vcpu_fd, 0);
	*sregs = vcpu_of(vcpu_fd)->sregs;
	return 0;
}

int kvm_set_sregs(int vcpu_fd, const struct kvm_sregs *sregs)
{
	NOTE("set_sregs", vcpu_fd, 0);
	vcpu_to_set(vcpu_fd)->sregs = *sregs;
	return 0;
}

int kvm_get_xcrs(int vcpu_fd, struct kvm_xcrs *xcrs)
{
	NOTE("get_xcrs", vcpu_fd, 0);
	*xcrs = vcpu_of(vcpu_fd)->xcrs;
	return 0;
}

int kvm_set_xcrs(int vcpu_fd, const struct kvm_xcrs *xcrs)
{
	NOTE("set_xcrs", vcpu_fd, 0);
	vcpu_to_set(vcpu_fd)->xcrs = *xcrs;
	return 0;
}

int kvm_get_debugregs(int vcpu_fd, struct kvm_debugregs *debugregs)
{
	NOTE("get_debugregs", vcpu_fd, 0);
	*debugregs = vcpu_of(vcpu_fd)->debugregs;
	return 0;
}

int kvm_set_debugregs(int vcpu_fd, const struct kvm_debugregs *debugregs)
{
	NOTE("set_debugregs", vcpu_fd, 0);
	vcpu_to_set(vcpu_fd)->debugregs = *debugregs;
	return 0;
}

int kvm_get_lapic(int vcpu_fd, struct kvm_lapic_state *lapic)
{
	NOTE("get_lapic", vcpu_fd, 0);
	*lapic = vcpu_of(vcpu_fd)->lapic;
	return 0;
}

int kvm_set_lapic(int vcpu_fd, const struct kvm_lapic_state *lapic)
{
	NOTE("set_lapic", vcpu_fd, 0);
	vcpu_to_set(vcpu_fd)->lapic = *lapic;
	return 0;
}

int kvm_get_mp_state(int vcpu_fd, struct kvm_mp_state *mp_state)
{
	NOTE("get_mp_state", vcpu_fd, 0);
	*mp_state = vcpu_of(vcpu_fd)->mp_state;
	return 0;
}

int kvm_set_mp_state(int vcpu_fd, const struct kvm_mp_state *mp_state)
{
	NOTE("set_mp_state", vcpu_fd, 0);
	vcpu_to_set(vcpu_fd)->mp_state = *mp_state;
	return 0;
}

int kvm_get_events(int vcpu_fd, struct kvm_vcpu_events *events)
{
	NOTE("get_events", vcpu_fd, 0);
	*events = vcpu_of(vcpu_fd)->events;
	return 0;
}

int kvm_set_events(int vcpu_fd, const struct kvm_vcpu_events *events)
{
	NOTE("set_events", vcpu_fd, 0);
	vcpu_to_set(vcpu_fd)->events = *events;
	return 0;
}

int kvm_get_xsave(int vcpu_fd, struct kvm_xsave *xsave)
{
	NOTE("get_xsave", vcpu_fd, 0);
	memcpy(xsave->region, vcpu_of(vcpu_fd)->xsave, sizeof(xsave->region));
	return 0;
}

int kvm_set_xsave(int vcpu_fd, const struct kvm_xsave *xsave)
{
	NOTE("set_xsave", vcpu_fd, 0);
	memcpy(vcpu_to_set(vcpu_fd)->xsave, xsave->region, sizeof(xsave->region));
	return 0;
}

int kvm_get_msrs(int vcpu_fd, struct kvm_msrs *msrs)
{
	NOTE("get_msrs", vcpu_fd, msrs->nmsrs);
	if (msrs->nmsrs >= 256) /* MAX_IO_MSRS */
		return -E2BIG;
	uint32_t i = 0;
	for (; i < msrs->nmsrs; i++) {
		struct fake_kvm_msr *msr = find_msr(vcpu_of(vcpu_fd), msrs->entries[i].index);
		if (!msr || !msr->readable)
			break;
		msrs->entries[i].data = msr->value;
	}
	return (int)i;
}

int kvm_set_msrs(int vcpu_fd, const struct kvm_msrs *msrs)
{
	NOTE("set_msrs", vcpu_fd, msrs->nmsrs);
	if (msrs->nmsrs >= 256)
		return -E2BIG;
	uint32_t i = 0;
	for (; i < msrs->nmsrs; i++) {
		struct fake_kvm_msr *msr = find_msr(vcpu_to_set(vcpu_fd), msrs->entries[i].index);
		if (!msr || !msr->writable)
			break;
		msr->value = msrs->entries[i].data;
	}
	return (int)i;
}

int kvm_translate(int vcpu_fd, struct kvm_translation *translation)
{
	NOTE("translate", vcpu_fd, translation->linear_address);
	translation->valid = translation->linear_address >= fake_kvm.translate_offset;
	translation->physical_address = translation->linear_address - fake_kvm.translate_offset;
	return 0;
}
