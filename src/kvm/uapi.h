/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One typed function per KVM system call. Nothing else in the program talks to /dev/kvm; unit
 * tests link tests/fake/fake_kvm.c in place of uapi.c and make any of them fail. All return 0 or a
 * non-negative result, or -errno. Sources: linux/kvm.h, Documentation/virt/kvm/api.rst.
 */
#ifndef BULKHEAD_KVM_UAPI_H
#define BULKHEAD_KVM_UAPI_H

#include <linux/kvm.h>
#include <stdint.h>

int kvm_open(int dev_dirfd); /* fd of /dev/kvm */
int kvm_api_version(int kvm_fd);
int kvm_check_extension(int fd, int cap); /* of /dev/kvm or a VM */
int kvm_create_vm(int kvm_fd);
int kvm_run_size(int kvm_fd); /* bytes of the shared kvm_run area */
int kvm_supported_cpuid(int kvm_fd, struct kvm_cpuid2 *cpuid);
/* Of /dev/kvm, KVM_CAP_SYS_HYPERV_CPUID: the leaves of all of Hyper-V that KVM has. */
int kvm_supported_hv_cpuid(int kvm_fd, struct kvm_cpuid2 *cpuid);
int kvm_msr_index_list(int kvm_fd, struct kvm_msr_list *list);

int kvm_set_tss_addr(int vm_fd, uint64_t gpa);
int kvm_set_identity_map_addr(int vm_fd, uint64_t gpa);
int kvm_create_irqchip(int vm_fd);
int kvm_create_pit2(int vm_fd, const struct kvm_pit_config *config);
int kvm_get_irqchip(int vm_fd, struct kvm_irqchip *chip);
int kvm_set_irqchip(int vm_fd, const struct kvm_irqchip *chip);
int kvm_get_pit2(int vm_fd, struct kvm_pit_state2 *state);
int kvm_set_pit2(int vm_fd, const struct kvm_pit_state2 *state);
int kvm_set_memory_region(int vm_fd, const struct kvm_userspace_memory_region *region);
int kvm_set_gsi_routing(int vm_fd, const struct kvm_irq_routing *routing);
int kvm_irqfd(int vm_fd, const struct kvm_irqfd *irqfd);
int kvm_ioeventfd(int vm_fd, const struct kvm_ioeventfd *ioeventfd);
int kvm_irq_line(int vm_fd, uint32_t gsi, int level);
int kvm_create_device(int vm_fd, uint32_t type); /* fd */
int kvm_device_attr(int device_fd, uint32_t group, uint64_t attr, const void *value);
int kvm_enable_cap(int fd, uint32_t cap, uint64_t arg0);

int kvm_create_vcpu(int vm_fd, uint64_t id); /* fd */
void *kvm_map_run(int vcpu_fd, int size);    /* struct kvm_run *; NULL with errno */
void kvm_unmap_run(void *run, int size);
int kvm_run(int vcpu_fd); /* -EINTR when kicked, -EAGAIN for an unstarted AP */
int kvm_set_cpuid2(int vcpu_fd, const struct kvm_cpuid2 *cpuid);
int kvm_get_regs(int vcpu_fd, struct kvm_regs *regs);
int kvm_set_regs(int vcpu_fd, const struct kvm_regs *regs);
int kvm_get_sregs(int vcpu_fd, struct kvm_sregs *sregs);
int kvm_set_sregs(int vcpu_fd, const struct kvm_sregs *sregs);
/* The 4 KiB form: enough while no dynamically enabled state (AMX) is asked for. */
int kvm_get_xsave(int vcpu_fd, struct kvm_xsave *xsave);
int kvm_set_xsave(int vcpu_fd, const struct kvm_xsave *xsave);
int kvm_get_xcrs(int vcpu_fd, struct kvm_xcrs *xcrs);
int kvm_set_xcrs(int vcpu_fd, const struct kvm_xcrs *xcrs);
int kvm_get_debugregs(int vcpu_fd, struct kvm_debugregs *regs);
int kvm_set_debugregs(int vcpu_fd, const struct kvm_debugregs *regs);
int kvm_get_lapic(int vcpu_fd, struct kvm_lapic_state *lapic);
int kvm_set_lapic(int vcpu_fd, const struct kvm_lapic_state *lapic);
int kvm_get_events(int vcpu_fd, struct kvm_vcpu_events *events);
int kvm_set_events(int vcpu_fd, const struct kvm_vcpu_events *events);
int kvm_get_mp_state(int vcpu_fd, struct kvm_mp_state *state);
int kvm_set_mp_state(int vcpu_fd, const struct kvm_mp_state *state);
int kvm_get_msrs(int vcpu_fd, struct kvm_msrs *msrs);                /* count read */
int kvm_set_msrs(int vcpu_fd, const struct kvm_msrs *msrs);          /* count written */
int kvm_translate(int vcpu_fd, struct kvm_translation *translation); /* linear to physical */

#endif
