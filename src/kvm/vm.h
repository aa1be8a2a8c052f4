/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One KVM virtual machine: the fds, the in-kernel interrupt controllers and timer, and the tables
 * derived from our state (memory slots, GSI routes).
 */
#ifndef BULKHEAD_KVM_VM_H
#define BULKHEAD_KVM_VM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "kvm/cpuid.h"
#include "kvm/irq.h"
#include "kvm/memslot.h"

/* APIC ids stay below the 8-bit broadcast id 255, which MSIs without remapping need too. */
#define VM_MAX_VCPUS 255

struct vm_chips; /* snapshot of PIC, IOAPIC and PIT right after creation */

struct vm {
	int kvm_fd, vm_fd;
	int vfio_fd; /* KVM-VFIO device, -1 until the first vm_vfio_add */
	int run_size;
	unsigned max_vcpus; /* at most VM_MAX_VCPUS */
	struct memslots slots;
	struct irqs irqs;
	struct vm_chips *fresh;
};

/*
 * Names every missing capability at once ("KVM lacks KVM_CAP_IRQFD_RESAMPLE (…)"). For `check` too:
 * opens /dev/kvm of `dev_dirfd` and closes it again. 0 or -errno with the text.
 */
int vm_check_host(int dev_dirfd, struct err *err);

/*
 * Creates the VM with irqchip and PIT, routes set. On failure everything is closed. The texts of
 * vm_check_host, and of KVM_CREATE_VM (EBUSY: another hypervisor).
 */
int vm_init(struct vm *vm, int dev_dirfd, struct err *err);
/* vCPUs are gone already. Accepts what a failed vm_init leaves. */
void vm_fini(struct vm *vm);

/*
 * The CPUID of a guest (vcpus 1..max_vcpus), made by cpuid_build from what this KVM supports; the
 * configuration's tsc_deadline is found out here.
 */
int vm_cpuid(struct vm *vm, const struct cpuid_config *config, struct cpuid *ret_cpuid,
	     struct err *err);

/* PIC, IOAPIC and PIT back to their state at creation; vCPUs must be paused. */
int vm_reset_chips(struct vm *vm, struct err *err);

/* Tells KVM of a VFIO group or device fd (KVM_DEV_VFIO_FILE_ADD/DEL): coherency, posted interrupts.
 */
int vm_vfio_add(struct vm *vm, int vfio_fd, struct err *err);
void vm_vfio_remove(struct vm *vm, int vfio_fd);

#endif
