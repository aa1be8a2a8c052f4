/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvm/vm.h"

#include <cpuid.h>
#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/compat.h"
#include "core/layout.h"
#include "kvm/caps.h"
#include "kvm/uapi.h"

#define CREATE_TRIES 100

static const uint32_t chip_ids[] = {
	KVM_IRQCHIP_PIC_MASTER,
	KVM_IRQCHIP_PIC_SLAVE,
	KVM_IRQCHIP_IOAPIC,
};

struct vm_chips {
	struct kvm_irqchip irqchips[ARRAY_LEN(chip_ids)];
	struct kvm_pit_state2 pit;
};

/* KVM_CREATE_VM registers an MMU notifier and gives up with EINTR when a signal is pending. */
static int create_vm(int kvm_fd)
{
	int r = -EINTR;
	for (int i = 0; r == -EINTR && i < CREATE_TRIES; i++)
		r = kvm_create_vm(kvm_fd);
	return r;
}

static int snapshot_chips(struct vm *vm, struct err *err)
{
	vm->fresh = calloc(1, sizeof(*vm->fresh));
	if (!vm->fresh)
		return err_errno(err, -ENOMEM, "interrupt controllers");
	for (size_t i = 0; i < ARRAY_LEN(chip_ids); i++) {
		vm->fresh->irqchips[i].chip_id = chip_ids[i];
		int r = kvm_get_irqchip(vm->vm_fd, &vm->fresh->irqchips[i]);
		if (r < 0)
			return err_errno(err, r, "KVM_GET_IRQCHIP %u", chip_ids[i]);
	}
	int r = kvm_get_pit2(vm->vm_fd, &vm->fresh->pit);
	return r < 0 ? err_errno(err, r, "KVM_GET_PIT2") : 0;
}

int vm_reset_chips(struct vm *vm, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(chip_ids); i++) {
		int r = kvm_set_irqchip(vm->vm_fd, &vm->fresh->irqchips[i]);
		if (r < 0)
			return err_errno(err, r, "KVM_SET_IRQCHIP %u", chip_ids[i]);
	}
	int r = kvm_set_pit2(vm->vm_fd, &vm->fresh->pit);
	return r < 0 ? err_errno(err, r, "KVM_SET_PIT2") : 0;
}

/* What a capability counts; 0 when KVM does not answer. */
static unsigned cap_value(int fd, int cap)
{
	int r = kvm_check_extension(fd, cap);
	return r > 0 ? (unsigned)r : 0;
}

/*
 * Both are refinements and a host without them still runs guests: an MSR that KVM does not know
 * then faults in the guest, and the PMU is hidden by CPUID alone.
 */
static void enable_optional(struct vm *vm)
{
	if (cap_value(vm->vm_fd, KVM_CAP_X86_USER_SPACE_MSR))
		kvm_enable_cap(vm->vm_fd, KVM_CAP_X86_USER_SPACE_MSR, KVM_MSR_EXIT_REASON_UNKNOWN);
	if (cap_value(vm->vm_fd, KVM_CAP_PMU_CAPABILITY) & KVM_PMU_CAP_DISABLE)
		kvm_enable_cap(vm->vm_fd, KVM_CAP_PMU_CAPABILITY, KVM_PMU_CAP_DISABLE);
}

static int create_chips(struct vm *vm, struct err *err)
{
	/* The identity map's place counts only before the first vCPU (KVM api.rst §4.40). */
	int r = kvm_set_identity_map_addr(vm->vm_fd, KVM_IDENTITY_MAP_GPA);
	if (r < 0)
		return err_errno(err, r, "KVM_SET_IDENTITY_MAP_ADDR");
	r = kvm_set_tss_addr(vm->vm_fd, KVM_TSS_GPA);
	if (r < 0)
		return err_errno(err, r, "KVM_SET_TSS_ADDR");
	r = kvm_create_irqchip(vm->vm_fd);
	if (r < 0)
		return err_errno(err, r, "KVM_CREATE_IRQCHIP");
	/* The speaker flag makes KVM answer port 0x61, by which kernels calibrate their TSC. */
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	r = kvm_create_pit2(vm->vm_fd, &pit);
	return r < 0 ? err_errno(err, r, "KVM_CREATE_PIT2") : 0;
}

static unsigned vcpu_limit(int kvm_fd)
{
	unsigned max = cap_value(kvm_fd, KVM_CAP_MAX_VCPUS);
	if (!max) /* KVM api.rst §4.4: then the recommended number, and 4 without it */
		max = cap_value(kvm_fd, KVM_CAP_NR_VCPUS);
	if (!max)
		max = 4;
	return (unsigned)min_u64(max, VM_MAX_VCPUS);
}

static int open_vm(struct vm *vm, int dev_dirfd, struct err *err)
{
	int r = caps_open_kvm(dev_dirfd, err);
	if (r < 0)
		return r;
	vm->kvm_fd = r;
	vm->max_vcpus = vcpu_limit(vm->kvm_fd);
	r = kvm_run_size(vm->kvm_fd);
	if (r < (int)sizeof(struct kvm_run))
		return err_errno(err, r < 0 ? r : -EPROTO, "KVM_GET_VCPU_MMAP_SIZE");
	vm->run_size = r;
	r = create_vm(vm->kvm_fd);
	if (r < 0)
		return caps_create_failed(r, err);
	vm->vm_fd = r;
	return 0;
}

static int build(struct vm *vm, int dev_dirfd, struct err *err)
{
	int r = open_vm(vm, dev_dirfd, err);
	if (r)
		return r;
	r = create_chips(vm, err);
	if (r)
		return r;
	enable_optional(vm);
	r = memslots_init(&vm->slots, vm->vm_fd, cap_value(vm->kvm_fd, KVM_CAP_NR_MEMSLOTS));
	if (r)
		return err_errno(err, r, "memory slots");
	r = irqs_init(&vm->irqs, vm->vm_fd, cap_value(vm->kvm_fd, KVM_CAP_IRQ_ROUTING), err);
	return r ? r : snapshot_chips(vm, err);
}

int vm_init(struct vm *vm, int dev_dirfd, struct err *err)
{
	memset(vm, 0, sizeof(*vm));
	vm->kvm_fd = vm->vm_fd = vm->vfio_fd = -1;
	int r = build(vm, dev_dirfd, err);
	if (r)
		vm_fini(vm);
	return r;
}

void vm_fini(struct vm *vm)
{
	free(vm->fresh);
	vm->fresh = NULL;
	irqs_fini(&vm->irqs);
	memslots_fini(&vm->slots);
	close_fd(&vm->vfio_fd);
	close_fd(&vm->vm_fd);
	close_fd(&vm->kvm_fd);
}

/*
 * The name of the processor (Intel SDM vol. 2A, CPUID, leaves 0x80000002 to 4): KVM supports the
 * leaves and gives zeroes. Guests show it to people, so it is the host's.
 */
static void name_processor(struct cpuid *supported)
{
	for (uint32_t leaf = 0x80000002; leaf <= 0x80000004; leaf++) {
		struct kvm_cpuid_entry2 *entry = cpuid_find(supported, leaf, 0);
		if (!entry && supported->n < CPUID_MAX_ENTRIES) {
			entry = &supported->entries[supported->n++];
			*entry = (struct kvm_cpuid_entry2){ .function = leaf };
		}
		if (entry && !(entry->eax | entry->ebx | entry->ecx | entry->edx))
			__get_cpuid(leaf, &entry->eax, &entry->ebx, &entry->ecx, &entry->edx);
	}
}

int vm_cpuid(struct vm *vm, const struct cpuid_config *wanted, struct cpuid *ret_cpuid,
	     struct err *err)
{
	if (!wanted->vcpus || wanted->vcpus > vm->max_vcpus)
		return err_set(err, -EINVAL, "%u vCPUs: KVM here runs 1 to %u", wanted->vcpus,
			       vm->max_vcpus);
	struct cpuid_config config = *wanted;
	config.tsc_deadline = cap_value(vm->kvm_fd, KVM_CAP_TSC_DEADLINE_TIMER);
	autofree struct cpuid *supported = calloc(1, sizeof(*supported));
	if (!supported)
		return err_errno(err, -ENOMEM, "CPUID table");
	supported->n = CPUID_MAX_ENTRIES;
	int r = kvm_supported_cpuid(vm->kvm_fd, cpuid_kvm(supported));
	if (r < 0)
		return err_errno(err, r, "KVM_GET_SUPPORTED_CPUID");
	name_processor(supported);
	return cpuid_build(ret_cpuid, supported, &config, err);
}

static int vfio_device(struct vm *vm)
{
	if (vm->vfio_fd < 0)
		vm->vfio_fd = kvm_create_device(vm->vm_fd, KVM_DEV_TYPE_VFIO);
	return vm->vfio_fd;
}

int vm_vfio_add(struct vm *vm, int vfio_fd, struct err *err)
{
	int32_t fd = vfio_fd;
	int device = vfio_device(vm);
	if (device < 0) {
		vm->vfio_fd = -1;
		return err_errno(err, device, "KVM-VFIO device: KVM_CREATE_DEVICE");
	}
	int r = kvm_device_attr(device, KVM_DEV_VFIO_FILE, KVM_DEV_VFIO_FILE_ADD, &fd);
	return r < 0 ? err_errno(err, r, "KVM-VFIO device: adding fd %d", vfio_fd) : 0;
}

void vm_vfio_remove(struct vm *vm, int vfio_fd)
{
	int32_t fd = vfio_fd;
	if (vm->vfio_fd >= 0)
		kvm_device_attr(vm->vfio_fd, KVM_DEV_VFIO_FILE, KVM_DEV_VFIO_FILE_DEL, &fd);
}
