/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM in memory, in place of src/kvm/uapi.c (link fake_kvm.c and fake_kvm_vcpu.c): every call is
 * counted and logged in order, any call can be made to fail, and a test scripts what KVM_RUN does.
 * Where KVM has rules that our code must keep (no overlapping slots, one irqfd per eventfd, a
 * bounded routing table, stopping at the first MSR refused), the fake keeps them too. File
 * descriptors are real ones, so that leaks show.
 */
#ifndef BULKHEAD_TESTS_FAKE_KVM_H
#define BULKHEAD_TESTS_FAKE_KVM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_KVM_SLOTS 64
#define FAKE_KVM_ROUTES 4096
#define FAKE_KVM_IRQFDS 64
#define FAKE_KVM_VCPUS 8
#define FAKE_KVM_MSRS 512
#define FAKE_KVM_CALLS 8192
#define FAKE_KVM_RUN_SIZE 12288

/* on_run returns this to stay "in the guest" until the vCPU is kicked. */
#define FAKE_KVM_STAY 1000

struct fake_kvm_call {
	const char *name; /* the function without "kvm_" */
	int fd;
	uint64_t arg; /* capability, id, address, … */
};

struct fake_kvm_msr {
	uint32_t index;
	uint64_t value;
	bool listed, readable, writable;
};

struct fake_kvm_vcpu {
	int fd;
	struct kvm_run *run;
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_xcrs xcrs;
	struct kvm_debugregs debugregs;
	struct kvm_lapic_state lapic;
	struct kvm_vcpu_events events;
	struct kvm_mp_state mp_state;
	struct fake_kvm_msr msrs[FAKE_KVM_MSRS];
	struct kvm_cpuid_entry2 cpuid[256];
	unsigned n_cpuid;
	uint8_t xsave[4096];
	bool exited; /* the last exit is not completed by another kvm_run */
	unsigned pieces_left;
};

struct fake_kvm {
	/* what the kernel is; set before use */
	int version, run_size;
	int caps[512];
	struct fake_kvm_msr msrs[FAKE_KVM_MSRS]; /* of a new vCPU */
	unsigned n_msrs;
	struct kvm_cpuid_entry2 cpuid[300];
	unsigned n_cpuid;
	struct kvm_cpuid_entry2 hv_cpuid[16];
	unsigned n_hv_cpuid;
	int (*on_run)(void *ctx, unsigned vcpu, struct kvm_run *run);
	void *on_run_ctx;
	/*
	 * An exit takes this many more to finish, whatever immediate_exit says, as a repeated
	 * string instruction does: the next kvm_runs return the same exit again.
	 */
	unsigned pieces;
	/* KVM_TRANSLATE: physical = linear - offset; invalid below the offset */
	uint64_t translate_offset;

	/* what was made of it */
	struct kvm_userspace_memory_region slots[FAKE_KVM_SLOTS];
	struct kvm_irq_routing_entry routes[FAKE_KVM_ROUTES];
	unsigned n_routes;
	struct kvm_irqfd irqfds[FAKE_KVM_IRQFDS];
	unsigned n_irqfds;
	int lines[24];
	struct kvm_irqchip chips[3];
	struct kvm_pit_state2 pit;
	int vfio_fds[16];
	unsigned n_vfio;
	uint64_t tss_gpa, identity_gpa;
	uint64_t enabled[64][2]; /* capability and first argument */
	unsigned n_enabled;
	struct fake_kvm_vcpu vcpus[FAKE_KVM_VCPUS];
	unsigned n_vcpus;
	unsigned unfinished; /* registers written while an exit was not completed */

	struct fake_kvm_call calls[FAKE_KVM_CALLS];
	unsigned n_calls;
};
extern struct fake_kvm fake_kvm;

/* A KVM with everything, and nothing made yet. */
void fake_kvm_reset(void);

/* The nth call (1 = next) of the function `name`, or of any when NULL, returns -error. */
void fake_kvm_fail(const char *name, unsigned nth, int error);
void fake_kvm_fail_clear(void);
/* The call that failed last, or NULL. */
const char *fake_kvm_failed(void);

unsigned fake_kvm_count(const char *name);
/* Index of the first call of `name` at or after `from`, or -1. */
int fake_kvm_find(const char *name, unsigned from);

struct fake_kvm_msr *fake_kvm_add_msr(uint32_t index, uint64_t value);
struct fake_kvm_msr *fake_kvm_msr(unsigned vcpu, uint32_t index);
const struct kvm_cpuid_entry2 *fake_kvm_cpuid(unsigned vcpu, uint32_t function, uint32_t index);
unsigned fake_kvm_slots_used(void);

/*
 * For the fake itself: logs a call and gives the error it is to return; a descriptor to hand out.
 * NOTE leaves the calling function when its call is to fail.
 */
int fake_kvm_note(const char *name, int fd, uint64_t arg);
int fake_kvm_new_fd(void);
#define NOTE(name, fd, arg)                                                                        \
	do {                                                                                       \
		int r_ = fake_kvm_note(name, fd, arg);                                             \
		if (r_)                                                                            \
			return r_;                                                                 \
	} while (0)

/* Open descriptors of this process. */
unsigned fake_kvm_open_fds(void);

#endif
