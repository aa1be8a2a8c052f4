/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vCPU and its thread. The thread alternates between KVM_RUN and the exit table (kvm/exit.c);
 * between the two it is a reader of the bus. It never resets or removes anything itself: it posts a
 * request (power off, reset, failure) and parks until the main loop says go.
 *
 * Pause: vcpus_pause() returns once every thread is outside KVM_RUN and outside handlers, with the
 * I/O of its last exit completed, so that registers may be read, replaced or reset.
 *
 * No kick is lost. A kick is: set `hold`, then send the signal; its handler sets immediate_exit in
 * the kvm_run of the thread it runs on. The thread does, in this order: clear immediate_exit, look
 * at `hold`, enter KVM_RUN. A signal before the clear is harmless, because `hold` was set before it
 * was sent and is looked at after. A signal after the clear leaves immediate_exit set, and KVM_RUN
 * returns at once; one that arrives inside KVM_RUN interrupts it. Only the thread itself and its
 * own signal handler ever write immediate_exit.
 */
#ifndef BULKHEAD_KVM_VCPU_H
#define BULKHEAD_KVM_VCPU_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/qs.h"
#include "core/bus.h"
#include "core/gmem.h"
#include "kvm/cpuid.h"
#include "kvm/vm.h"

/* What a vCPU asks of the main loop, through vcpus.request. */
enum vcpu_request {
	VCPU_REQUEST_RESET,        /* KVM_SYSTEM_EVENT_RESET */
	VCPU_REQUEST_SHUTDOWN,     /* KVM_SYSTEM_EVENT_SHUTDOWN */
	VCPU_REQUEST_TRIPLE_FAULT, /* registers are in `report` */
	VCPU_REQUEST_FAILED,       /* KVM internal error, emulation failure; report has details */
};

/* What is counted, for status and for the proof that a steady state has no exits. */
enum exit_kind {
	EXIT_KIND_PIO,
	EXIT_KIND_MMIO,
	EXIT_KIND_INTR, /* kicked, or a signal */
	EXIT_KIND_HALT,
	EXIT_KIND_MSR, /* a register KVM does not know: reads 0, writes are ignored */
	EXIT_KIND_EOI,
	EXIT_KIND_HYPERV, /* its synthetic interrupt controller or a hypercall */
	EXIT_KIND_OTHER,
	EXIT_KINDS,
};
extern const char *const exit_kind_names[EXIT_KINDS];

struct vcpu_state; /* registers at creation, restored by vcpus_reset */

struct vcpu {
	unsigned id;         /* = APIC id */
	int fd;              /* owned */
	struct kvm_run *run; /* shared with KVM; own thread only while that runs */
	struct vcpus *all;
	pthread_t thread;
	bool started;    /* thread is to be joined */
	bool io_pending; /* own thread: KVM finishes the last exit at the next KVM_RUN */
	unsigned faults; /* own thread: KVM_RUNs in a row that ended in -EFAULT */
	unsigned notes;  /* own thread: log lines that the guest caused, which are bounded */
	struct qs_reader reader;
	struct vcpu_state *fresh;           /* owned */
	_Atomic uint64_t exits[EXIT_KINDS]; /* written by the own thread only; read by any */
};

struct vcpus {
	struct vm *vm; /* borrowed */
	struct kvm_msrs *hyperv; /* its registers at power-on; owned, NULL = the guest has none */

	/* Borrowed; the owner sets these between vcpus_init and vcpus_start. */
	struct bus *mmio, *pio;
	struct qs *qs;
	const struct gmem *gmem; /* for the bytes at RIP in reports; may be NULL */
	/*
	 * Called on a vCPU thread which parks afterwards; `report` lives only as long as the call.
	 * Once one is made no other follows until vcpus_resume. It must not wait for the main loop.
	 */
	void (*request)(void *ctx, enum vcpu_request what, const char *report);
	void *request_ctx;

	pthread_mutex_t lock; /* guards the next six; a leaf: nothing is locked under it */
	pthread_cond_t changed;
	bool pause, quit;
	bool requested;   /* a request is with the main loop */
	unsigned parked;  /* threads waiting in pause */
	unsigned running; /* threads started and not joined */
	atomic_bool hold; /* pause || quit; written under the lock, read without */
	unsigned n;
	struct vcpu *at; /* n of them, owned */
};

/*
 * Creates n vCPUs (1..vm->max_vcpus, not running) with the given CPUID table (vm_cpuid for this n)
 * and remembers their state at reset. Clears the whole struct first. On failure nothing is left.
 */
int vcpus_init(struct vcpus *vcpus, struct vm *vm, unsigned n, const struct cpuid *cpuid,
	       struct err *err);
/* Stops threads if there are any. Accepts what a failed vcpus_init leaves, and a second call. */
void vcpus_fini(struct vcpus *vcpus);

/*
 * Starts the threads, paused; vcpus_resume lets them run. Signal SIGRTMIN is the kick, and the only
 * one a vCPU thread takes: the others stay with the main loop. -errno of pthread_create, and then
 * no thread is left.
 */
int vcpus_start(struct vcpus *vcpus, struct err *err);

/* Main thread only (never a vCPU). Pausing twice is pausing once. */
void vcpus_pause(struct vcpus *vcpus);
void vcpus_resume(struct vcpus *vcpus);
/* Threads end and are joined; they may be paused or running. */
void vcpus_stop(struct vcpus *vcpus);

/*
 * A vCPU thread calls this from a handler to keep itself (and soon all) out of the guest until the
 * main loop has acted: sets the pause flag without waiting. Call it before posting to the main
 * loop, whose vcpus_resume could otherwise come first.
 */
void vcpus_request_pause(struct vcpus *vcpus);

/*
 * Pauses as above, then hands `what` to the main loop once. For exits and device models; vCPU
 * threads only. `report` is copied by the receiver, "" for none.
 */
void vcpus_raise(struct vcpus *vcpus, enum vcpu_request what, const char *report);

/*
 * All vCPUs to their state at creation: BSP runnable, APs waiting for SIPI. Paused only. -errno
 * with the vCPU and the KVM call; the guest cannot go on then.
 */
int vcpus_reset(struct vcpus *vcpus, struct err *err);

/* The bootstrap processor enters at `rip` in 64-bit mode (boot/linux.c prepares the tables). */
struct vcpu_entry64 {
	uint64_t rip, rsp, rsi; /* rsi = boot_params */
	uint64_t cr3;           /* identity page tables */
	uint64_t gdt_gpa;       /* 4 entries: null, null, code64 (0x10), data (0x18) */
	uint16_t gdt_limit;
};
/*
 * Sets up the BSP, and does for all vCPUs what firmware would have: turns MTRRs on with write-back
 * as the default type, because the kernel keeps what it finds. Paused only, after vcpus_reset.
 */
int vcpu_enter64(struct vcpu *bsp, const struct vcpu_entry64 *entry, struct err *err);

/* Registers, what its LAPIC waits for and the bytes at RIP as text of several lines. Own thread, or paused. */
void vcpu_describe(struct vcpu *vcpu, char *buf, size_t size);

#endif
