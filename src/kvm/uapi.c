/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvm/uapi.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* The kernel only reads arguments of the set calls, so dropping const here is sound. */
static int call(int fd, unsigned long request, const void *arg)
{
	int r = ioctl(fd, request, arg);
	return r < 0 ? -errno : r;
}

static int call_value(int fd, unsigned long request, uint64_t value)
{
	int r = ioctl(fd, request, value);
	return r < 0 ? -errno : r;
}

int kvm_open(int dev_dirfd)
{
	int fd = openat(dev_dirfd, "kvm", O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int kvm_api_version(int kvm_fd)
{
	return call_value(kvm_fd, KVM_GET_API_VERSION, 0);
}

int kvm_check_extension(int fd, int cap)
{
	return call_value(fd, KVM_CHECK_EXTENSION, (uint64_t)cap);
}

int kvm_create_vm(int kvm_fd)
{
	return call_value(kvm_fd, KVM_CREATE_VM, 0);
}

int kvm_run_size(int kvm_fd)
{
	return call_value(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
}

int kvm_supported_cpuid(int kvm_fd, struct kvm_cpuid2 *cpuid)
{
	return call(kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid);
}

int kvm_supported_hv_cpuid(int kvm_fd, struct kvm_cpuid2 *cpuid)
{
	return call(kvm_fd, KVM_GET_SUPPORTED_HV_CPUID, cpuid);
}

int kvm_msr_index_list(int kvm_fd, struct kvm_msr_list *list)
{
	return call(kvm_fd, KVM_GET_MSR_INDEX_LIST, list);
}

int kvm_set_tss_addr(int vm_fd, uint64_t gpa)
{
	return call_value(vm_fd, KVM_SET_TSS_ADDR, gpa);
}

int kvm_set_identity_map_addr(int vm_fd, uint64_t gpa)
{
	return call(vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &gpa);
}

int kvm_create_irqchip(int vm_fd)
{
	return call_value(vm_fd, KVM_CREATE_IRQCHIP, 0);
}

int kvm_create_pit2(int vm_fd, const struct kvm_pit_config *config)
{
	return call(vm_fd, KVM_CREATE_PIT2, config);
}

int kvm_get_irqchip(int vm_fd, struct kvm_irqchip *chip)
{
	return call(vm_fd, KVM_GET_IRQCHIP, chip);
}

int kvm_set_irqchip(int vm_fd, const struct kvm_irqchip *chip)
{
	return call(vm_fd, KVM_SET_IRQCHIP, chip);
}

int kvm_get_pit2(int vm_fd, struct kvm_pit_state2 *state)
{
	return call(vm_fd, KVM_GET_PIT2, state);
}

int kvm_set_pit2(int vm_fd, const struct kvm_pit_state2 *state)
{
	return call(vm_fd, KVM_SET_PIT2, state);
}

int kvm_set_memory_region(int vm_fd, const struct kvm_userspace_memory_region *region)
{
	return call(vm_fd, KVM_SET_USER_MEMORY_REGION, region);
}

int kvm_set_gsi_routing(int vm_fd, const struct kvm_irq_routing *routing)
{
	return call(vm_fd, KVM_SET_GSI_ROUTING, routing);
}

int kvm_irqfd(int vm_fd, const struct kvm_irqfd *irqfd)
{
	return call(vm_fd, KVM_IRQFD, irqfd);
}

int kvm_ioeventfd(int vm_fd, const struct kvm_ioeventfd *ioeventfd)
{
	return call(vm_fd, KVM_IOEVENTFD, ioeventfd);
}

int kvm_irq_line(int vm_fd, uint32_t gsi, int level)
{
	struct kvm_irq_level line = { .irq = gsi, .level = (uint32_t)level };
	return call(vm_fd, KVM_IRQ_LINE, &line);
}

int kvm_create_device(int vm_fd, uint32_t type)
{
	struct kvm_create_device create = { .type = type };
	int r = call(vm_fd, KVM_CREATE_DEVICE, &create);
	return r < 0 ? r : (int)create.fd;
}

int kvm_device_attr(int device_fd, uint32_t group, uint64_t attr, const void *value)
{
	struct kvm_device_attr set = { .group = group, .attr = attr, .addr = (uintptr_t)value };
	return call(device_fd, KVM_SET_DEVICE_ATTR, &set);
}

int kvm_enable_cap(int fd, uint32_t cap, uint64_t arg0)
{
	struct kvm_enable_cap enable = { .cap = cap, .args = { arg0 } };
	return call(fd, KVM_ENABLE_CAP, &enable);
}

int kvm_create_vcpu(int vm_fd, uint64_t id)
{
	return call_value(vm_fd, KVM_CREATE_VCPU, id);
}

void *kvm_map_run(int vcpu_fd, int size)
{
	void *run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu_fd, 0);
	return run == MAP_FAILED ? NULL : run;
}

void kvm_unmap_run(void *run, int size)
{
	munmap(run, (size_t)size);
}

int kvm_run(int vcpu_fd)
{
	return call_value(vcpu_fd, KVM_RUN, 0);
}

int kvm_set_cpuid2(int vcpu_fd, const struct kvm_cpuid2 *cpuid)
{
	return call(vcpu_fd, KVM_SET_CPUID2, cpuid);
}

int kvm_get_regs(int vcpu_fd, struct kvm_regs *regs)
{
	return call(vcpu_fd, KVM_GET_REGS, regs);
}

int kvm_set_regs(int vcpu_fd, const struct kvm_regs *regs)
{
	return call(vcpu_fd, KVM_SET_REGS, regs);
}

int kvm_get_sregs(int vcpu_fd, struct kvm_sregs *sregs)
{
	return call(vcpu_fd, KVM_GET_SREGS, sregs);
}

int kvm_set_sregs(int vcpu_fd, const struct kvm_sregs *sregs)
{
	return call(vcpu_fd, KVM_SET_SREGS, sregs);
}

int kvm_get_xsave(int vcpu_fd, struct kvm_xsave *xsave)
{
	return call(vcpu_fd, KVM_GET_XSAVE, xsave);
}

int kvm_set_xsave(int vcpu_fd, const struct kvm_xsave *xsave)
{
	return call(vcpu_fd, KVM_SET_XSAVE, xsave);
}

int kvm_get_xcrs(int vcpu_fd, struct kvm_xcrs *xcrs)
{
	return call(vcpu_fd, KVM_GET_XCRS, xcrs);
}

int kvm_set_xcrs(int vcpu_fd, const struct kvm_xcrs *xcrs)
{
	return call(vcpu_fd, KVM_SET_XCRS, xcrs);
}

int kvm_get_debugregs(int vcpu_fd, struct kvm_debugregs *regs)
{
	return call(vcpu_fd, KVM_GET_DEBUGREGS, regs);
}

int kvm_set_debugregs(int vcpu_fd, const struct kvm_debugregs *regs)
{
	return call(vcpu_fd, KVM_SET_DEBUGREGS, regs);
}

int kvm_get_lapic(int vcpu_fd, struct kvm_lapic_state *lapic)
{
	return call(vcpu_fd, KVM_GET_LAPIC, lapic);
}

int kvm_set_lapic(int vcpu_fd, const struct kvm_lapic_state *lapic)
{
	return call(vcpu_fd, KVM_SET_LAPIC, lapic);
}

int kvm_get_events(int vcpu_fd, struct kvm_vcpu_events *events)
{
	return call(vcpu_fd, KVM_GET_VCPU_EVENTS, events);
}

int kvm_set_events(int vcpu_fd, const struct kvm_vcpu_events *events)
{
	return call(vcpu_fd, KVM_SET_VCPU_EVENTS, events);
}

int kvm_get_mp_state(int vcpu_fd, struct kvm_mp_state *state)
{
	return call(vcpu_fd, KVM_GET_MP_STATE, state);
}

int kvm_set_mp_state(int vcpu_fd, const struct kvm_mp_state *state)
{
	return call(vcpu_fd, KVM_SET_MP_STATE, state);
}

int kvm_get_msrs(int vcpu_fd, struct kvm_msrs *msrs)
{
	return call(vcpu_fd, KVM_GET_MSRS, msrs);
}

int kvm_set_msrs(int vcpu_fd, const struct kvm_msrs *msrs)
{
	return call(vcpu_fd, KVM_SET_MSRS, msrs);
}

int kvm_translate(int vcpu_fd, struct kvm_translation *translation)
{
	return call(vcpu_fd, KVM_TRANSLATE, translation);
}
