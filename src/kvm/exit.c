/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvm/exit.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/range.h"
#include "base/text.h"
#include "kvm/uapi.h"

#define REPORT_MAX 2048
#define NOTES_MAX 32 /* log lines a vCPU's guest may cause until it is reset */

/* TLFS appendix A and B */
#define HV_POST_MESSAGE 0x5C
#define HV_SIGNAL_EVENT 0x5D
#define HV_STATUS_INVALID_CODE 2
#define HV_STATUS_NO_CONNECTION 18
#define HV_CRASH_P0 0x40000100u /* five of them */

const char *const exit_kind_names[EXIT_KINDS] = {
	[EXIT_KIND_PIO] = "pio",     [EXIT_KIND_MMIO] = "mmio", [EXIT_KIND_INTR] = "intr",
	[EXIT_KIND_HALT] = "halt",   [EXIT_KIND_MSR] = "msr",   [EXIT_KIND_EOI] = "eoi",
	[EXIT_KIND_HYPERV] = "hyperv", [EXIT_KIND_OTHER] = "other",
};

void vcpu_count(struct vcpu *vcpu, enum exit_kind kind)
{
	/* One writer, so no read-modify-write is needed; atomic only for readers elsewhere. */
	uint64_t n = atomic_load_explicit(&vcpu->exits[kind], memory_order_relaxed);
	atomic_store_explicit(&vcpu->exits[kind], n + 1, memory_order_relaxed);
}

/* Posts a request whose report is `what` and the registers. */
static void give_up(struct vcpu *vcpu, enum vcpu_request request, const char *what)
{
	char registers[REPORT_MAX - 256], report[REPORT_MAX];
	vcpu_describe(vcpu, registers, sizeof(registers));
	snprintf(report, sizeof(report), "vCPU %u: %.200s\n%s", vcpu->id, what, registers);
	vcpus_raise(vcpu->all, request, report);
}

static void port_element(struct bus *pio, const struct kvm_run *run, uint8_t *data)
{
	unsigned size = run->io.size;
	if (run->io.direction == KVM_EXIT_IO_OUT)
		bus_write(pio, run->io.port, size, le_get(data, size));
	else
		le_put(data, size, bus_read(pio, run->io.port, size));
}

static void on_io(struct vcpu *vcpu)
{
	/* The run area is shared with the kernel alone; the check is against our own mistakes. */
	struct kvm_run *run = vcpu->run;
	uint32_t size = run->io.size, count = run->io.count;
	uint64_t offset = run->io.data_offset, area = (uint64_t)vcpu->all->vm->run_size;
	vcpu_count(vcpu, EXIT_KIND_PIO);
	if (!is_pow2(size) || size > 4 || !inside(offset, (uint64_t)size * count, area)) {
		give_up(vcpu, VCPU_REQUEST_FAILED, "port access with data outside kvm_run");
		return;
	}
	uint8_t *data = (uint8_t *)run + offset;
	for (uint32_t i = 0; i < count; i++)
		port_element(vcpu->all->pio, run, data + (size_t)i * size);
}

static void mmio_piece(struct bus *mmio, struct kvm_run *run, unsigned at, unsigned size)
{
	uint64_t gpa = run->mmio.phys_addr + at;
	if (run->mmio.is_write)
		bus_write(mmio, gpa, size, le_get(run->mmio.data + at, size));
	else
		le_put(run->mmio.data + at, size, bus_read(mmio, gpa, size));
}

/* The largest of 4, 2, 1 that `left` bytes hold and that does not make `gpa` unaligned. */
static unsigned piece_size(uint64_t gpa, unsigned left)
{
	unsigned size = 4;
	while (size > left || gpa % size)
		size /= 2;
	return size;
}

static void on_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	unsigned len = run->mmio.len;
	vcpu_count(vcpu, EXIT_KIND_MMIO);
	if (!len || len > sizeof(run->mmio.data)) {
		give_up(vcpu, VCPU_REQUEST_FAILED, "MMIO access of an impossible size");
		return;
	}
	if (is_pow2(len)) {
		mmio_piece(vcpu->all->mmio, run, 0, len);
		return;
	}
	/* What is left of an access that crosses a page: models only know powers of two. */
	for (unsigned at = 0; at < len;) {
		unsigned size = piece_size(run->mmio.phys_addr + at, len - at);
		mmio_piece(vcpu->all->mmio, run, at, size);
		at += size;
	}
}

static void on_hlt(struct vcpu *vcpu)
{
	/* With its own LAPIC KVM sleeps in the kernel; should it exit, it sleeps on re-entry. */
	vcpu_count(vcpu, EXIT_KIND_HALT);
}

static void on_intr(struct vcpu *vcpu)
{
	vcpu_count(vcpu, EXIT_KIND_INTR);
}

static void on_eoi(struct vcpu *vcpu)
{
	/* Level interrupts are re-armed by resample irqfds in the kernel; nobody waits here. */
	vcpu_count(vcpu, EXIT_KIND_EOI);
}

static void on_other(struct vcpu *vcpu)
{
	vcpu_count(vcpu, EXIT_KIND_OTHER);
}

/* A guest can cause these as often as it likes, the log has room for so many of each life of it. */
static bool may_note(struct vcpu *vcpu)
{
	if (vcpu->notes > NOTES_MAX)
		return false;
	if (vcpu->notes++ < NOTES_MAX)
		return true;
	log_info("vCPU %u: more of the kind is not noted", vcpu->id);
	return false;
}

/*
 * A register KVM does not know. Real processors of the model the guest sees may have it, and some
 * guests do not survive a fault here; reading 0 is what an idle one would say. What no processor has
 * faults as it does there: in the range reserved for hypervisors (SDM vol. 4 §2.1), and the one that
 * KVM took for itself, a guest looks for what it was not offered.
 */
static bool no_processor_has(uint32_t msr)
{
	return (msr >= 0x40000000 && msr <= 0x400002FF) || (msr >= 0x4B564D00 && msr <= 0x4B564DFF);
}

static void on_rdmsr(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	bool fault = no_processor_has(run->msr.index);
	vcpu_count(vcpu, EXIT_KIND_MSR);
	run->msr.error = fault;
	run->msr.data = 0;
	if (may_note(vcpu))
		log_info("vCPU %u reads unknown MSR 0x%x: %s", vcpu->id, run->msr.index,
			 fault ? "faults" : "0");
}

static void on_wrmsr(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	bool fault = no_processor_has(run->msr.index);
	vcpu_count(vcpu, EXIT_KIND_MSR);
	run->msr.error = fault;
	if (may_note(vcpu))
		log_info("vCPU %u writes 0x%llx to unknown MSR 0x%x: %s", vcpu->id,
			 (unsigned long long)run->msr.data, run->msr.index,
			 fault ? "faults" : "ignored");
}

/*
 * There is no VMBus behind the interface: KVM keeps the state of the synthetic interrupt controller
 * itself, and messages to connections find none (TLFS 11.11).
 */
static void on_hyperv(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	vcpu_count(vcpu, EXIT_KIND_HYPERV);
	if (run->hyperv.type == KVM_EXIT_HYPERV_SYNDBG) {
		run->hyperv.u.syndbg.status = HV_STATUS_INVALID_CODE;
	} else if (run->hyperv.type == KVM_EXIT_HYPERV_HCALL) {
		uint64_t code = run->hyperv.u.hcall.input & 0xFFFF;
		bool to_connection = code == HV_POST_MESSAGE || code == HV_SIGNAL_EVENT;
		run->hyperv.u.hcall.result =
			to_connection ? HV_STATUS_NO_CONNECTION : HV_STATUS_INVALID_CODE;
	}
}

static void on_shutdown(struct vcpu *vcpu)
{
	vcpu_count(vcpu, EXIT_KIND_OTHER);
	give_up(vcpu, VCPU_REQUEST_TRIPLE_FAULT, "triple fault");
}

/* The guest tells of its crash and goes on: it writes its dump, and reboots by itself. */
static void note_crash(struct vcpu *vcpu)
{
	_Alignas(struct kvm_msrs) uint8_t space[sizeof(struct kvm_msrs) +
						5 * sizeof(struct kvm_msr_entry)] = { 0 };
	struct kvm_msrs *msrs = (struct kvm_msrs *)space;
	char values[120];
	struct text text = text_in(values, sizeof(values));
	msrs->nmsrs = 5;
	for (uint32_t i = 0; i < 5; i++)
		msrs->entries[i].index = HV_CRASH_P0 + i;
	int n = kvm_get_msrs(vcpu->fd, msrs);
	for (int i = 0; i < n && i < 5; i++)
		text_put(&text, " 0x%llx", (unsigned long long)msrs->entries[i].data);
	if (may_note(vcpu))
		log_warn("vCPU %u: the guest reports that it has crashed:%s", vcpu->id,
			 n > 0 ? values : " no parameters");
}

static void on_system_event(struct vcpu *vcpu)
{
	vcpu_count(vcpu, EXIT_KIND_OTHER);
	switch (vcpu->run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		vcpus_raise(vcpu->all, VCPU_REQUEST_SHUTDOWN, "");
		break;
	case KVM_SYSTEM_EVENT_RESET:
		vcpus_raise(vcpu->all, VCPU_REQUEST_RESET, "");
		break;
	case KVM_SYSTEM_EVENT_CRASH:
		note_crash(vcpu);
		break;
	default: {
		char what[64];
		snprintf(what, sizeof(what), "unknown system event %u",
			 vcpu->run->system_event.type);
		give_up(vcpu, VCPU_REQUEST_FAILED, what);
	}
	}
}

/* " (bytes 0f 01 …)" when KVM says what it could not emulate. */
static void put_instruction(struct text *text, const struct kvm_run *run)
{
	if (run->emulation_failure.ndata < 3 ||
	    !(run->emulation_failure.flags & KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES))
		return;
	size_t count = min_u64(run->emulation_failure.insn_size,
			       sizeof(run->emulation_failure.insn_bytes));
	text_put(text, " (bytes");
	for (size_t i = 0; i < count; i++)
		text_put(text, " %02x", run->emulation_failure.insn_bytes[i]);
	text_put(text, ")");
}

static void on_internal_error(struct vcpu *vcpu)
{
	static const char *const names[] = {
		[KVM_INTERNAL_ERROR_EMULATION] = "an instruction it cannot emulate",
		[KVM_INTERNAL_ERROR_SIMUL_EX] = "two exceptions at once",
		[KVM_INTERNAL_ERROR_DELIVERY_EV] = "an event it cannot deliver",
		[KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON] = "an exit it did not expect",
	};
	uint32_t suberror = vcpu->run->internal.suberror;
	bool known = suberror < ARRAY_LEN(names) && names[suberror];
	char what[200];
	struct text text = text_in(what, sizeof(what));
	vcpu_count(vcpu, EXIT_KIND_OTHER);
	text_put(&text, "KVM internal error %u, %s", suberror,
		 known ? names[suberror] : "unknown to us");
	if (suberror == KVM_INTERNAL_ERROR_EMULATION)
		put_instruction(&text, vcpu->run);
	give_up(vcpu, VCPU_REQUEST_FAILED, what);
}

static void on_fail_entry(struct vcpu *vcpu)
{
	char what[120];
	vcpu_count(vcpu, EXIT_KIND_OTHER);
	snprintf(what, sizeof(what), "the processor refused the guest's state, reason 0x%llx",
		 (unsigned long long)vcpu->run->fail_entry.hardware_entry_failure_reason);
	give_up(vcpu, VCPU_REQUEST_FAILED, what);
}

static void on_hardware_unknown(struct vcpu *vcpu)
{
	char what[120];
	vcpu_count(vcpu, EXIT_KIND_OTHER);
	snprintf(what, sizeof(what), "hardware exit that KVM does not know, reason 0x%llx",
		 (unsigned long long)vcpu->run->hw.hardware_exit_reason);
	give_up(vcpu, VCPU_REQUEST_FAILED, what);
}

static void on_unhandled(struct vcpu *vcpu)
{
	char what[64];
	vcpu_count(vcpu, EXIT_KIND_OTHER);
	snprintf(what, sizeof(what), "KVM exit reason %u, which nobody asked for",
		 vcpu->run->exit_reason);
	give_up(vcpu, VCPU_REQUEST_FAILED, what);
}

/* By KVM_EXIT_*, linux/kvm.h; a hole is on_unhandled. */
static void (*const on_exit_reason[])(struct vcpu *vcpu) = {
	[KVM_EXIT_UNKNOWN] = on_hardware_unknown,
	[KVM_EXIT_IO] = on_io,
	[KVM_EXIT_HLT] = on_hlt,
	[KVM_EXIT_MMIO] = on_mmio,
	[KVM_EXIT_IRQ_WINDOW_OPEN] = on_other,
	[KVM_EXIT_SHUTDOWN] = on_shutdown,
	[KVM_EXIT_FAIL_ENTRY] = on_fail_entry,
	[KVM_EXIT_INTR] = on_intr,
	[KVM_EXIT_SET_TPR] = on_other,
	[KVM_EXIT_INTERNAL_ERROR] = on_internal_error,
	[KVM_EXIT_SYSTEM_EVENT] = on_system_event,
	[KVM_EXIT_IOAPIC_EOI] = on_eoi,
	[KVM_EXIT_HYPERV] = on_hyperv,
	[KVM_EXIT_X86_RDMSR] = on_rdmsr,
	[KVM_EXIT_X86_WRMSR] = on_wrmsr,
};

void vcpu_on_exit(struct vcpu *vcpu)
{
	uint32_t reason = vcpu->run->exit_reason;
	if (reason < ARRAY_LEN(on_exit_reason) && on_exit_reason[reason])
		on_exit_reason[reason](vcpu);
	else
		on_unhandled(vcpu);
}
