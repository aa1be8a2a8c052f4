/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers as a whole: the state in which a kernel is entered, and what a report says of them.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "kvm/msrs.h"
#include "kvm/uapi.h"
#include "kvm/vcpu.h"

/* SDM vol. 3 §2.5, §2.2.1 */
#define CR0_PE (UINT64_C(1) << 0)
#define CR0_ET (UINT64_C(1) << 4)
#define CR0_NE (UINT64_C(1) << 5)
#define CR0_PG (UINT64_C(1) << 31)
#define CR4_PAE (UINT64_C(1) << 5)
#define EFER_LME (UINT64_C(1) << 8)
#define EFER_LMA (UINT64_C(1) << 10)
#define RFLAGS_FIXED UINT64_C(2) /* bit 1 reads as one; interrupts off */

/* Selectors of the Linux boot protocol, Documentation/x86/boot.rst §1.15: __BOOT_CS, __BOOT_DS */
#define BOOT_CS 0x10
#define BOOT_DS 0x18

/* MTRRs on (bit 11), default type write-back (6), fixed ranges off; SDM vol. 3 §12.11.2.1 */
#define MTRR_ON_WRITE_BACK 0x806

#define RIP_BYTES 16
#define STACK_WORDS 32 /* of 8 bytes */

static struct kvm_segment flat(uint16_t selector, uint8_t type, bool code64)
{
	return (struct kvm_segment){
		.selector = selector,
		.limit = 0xFFFFFFFF,
		.type = type,
		.present = 1,
		.s = 1,
		.g = 1,
		.l = code64,
		.db = !code64,
	};
}

static int set_entry_sregs(struct vcpu *bsp, const struct vcpu_entry64 *entry, struct err *err)
{
	struct kvm_sregs sregs;
	int r = kvm_get_sregs(bsp->fd, &sregs);
	if (r < 0)
		return err_errno(err, r, "vCPU %u: KVM_GET_SREGS", bsp->id);
	struct kvm_segment data = flat(BOOT_DS, 0x3, false); /* read/write, accessed */
	sregs.cs = flat(BOOT_CS, 0xB, true);                 /* execute/read, accessed */
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.gdt.base = entry->gdt_gpa;
	sregs.gdt.limit = entry->gdt_limit;
	sregs.idt.base = 0;
	sregs.idt.limit = 0;
	sregs.cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_PG;
	sregs.cr3 = entry->cr3;
	sregs.cr4 = CR4_PAE;
	sregs.efer = EFER_LME | EFER_LMA;
	r = kvm_set_sregs(bsp->fd, &sregs);
	return r < 0 ? err_errno(err, r, "vCPU %u: KVM_SET_SREGS", bsp->id) : 0;
}

/*
 * With MTRRs off all memory is uncacheable by the book, and KVM follows the book while a device
 * without snooping is assigned (before Linux 6.12). A KVM without this register has no such rule.
 */
static int turn_mtrrs_on(struct vcpus *vcpus, struct err *err)
{
	autofree struct kvm_msrs *msrs = calloc(1, sizeof(*msrs) + sizeof(msrs->entries[0]));
	if (!msrs)
		return err_errno(err, -ENOMEM, "vCPU entry");
	msrs->nmsrs = 1;
	msrs->entries[0] =
		(struct kvm_msr_entry){ .index = MSR_MTRR_DEF_TYPE, .data = MTRR_ON_WRITE_BACK };
	for (unsigned i = 0; i < vcpus->n; i++) {
		int r = kvm_set_msrs(vcpus->at[i].fd, msrs);
		if (r < 0)
			return err_errno(err, r, "vCPU %u: KVM_SET_MSRS", i);
	}
	return 0;
}

int vcpu_enter64(struct vcpu *bsp, const struct vcpu_entry64 *entry, struct err *err)
{
	struct kvm_regs regs = {
		.rip = entry->rip,
		.rsp = entry->rsp,
		.rsi = entry->rsi,
		.rflags = RFLAGS_FIXED,
	};
	int r = set_entry_sregs(bsp, entry, err);
	if (r)
		return r;
	r = kvm_set_regs(bsp->fd, &regs);
	if (r < 0)
		return err_errno(err, r, "vCPU %u: KVM_SET_REGS", bsp->id);
	return turn_mtrrs_on(bsp->all, err);
}

static void put_segment(struct text *text, const char *name, const struct kvm_segment *s)
{
	text_put(text, "%s %04x base %llx limit %x%s%s", name, s->selector,
		 (unsigned long long)s->base, s->limit, s->l ? " 64-bit" : "",
		 s->db ? " 32-bit" : "");
}

static void put_general(struct text *text, const struct kvm_regs *r)
{
	const struct {
		const char *name;
		uint64_t value;
	} all[] = {
		{ "rax", r->rax }, { "rbx", r->rbx },    { "rcx", r->rcx }, { "rdx", r->rdx },
		{ "rsi", r->rsi }, { "rdi", r->rdi },    { "rsp", r->rsp }, { "rbp", r->rbp },
		{ "r8 ", r->r8 },  { "r9 ", r->r9 },     { "r10", r->r10 }, { "r11", r->r11 },
		{ "r12", r->r12 }, { "r13", r->r13 },    { "r14", r->r14 }, { "r15", r->r15 },
		{ "rip", r->rip }, { "rfl", r->rflags },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		text_put(text, "%s %016llx%s", all[i].name, (unsigned long long)all[i].value,
			 i % 4 == 3 ? "\n" : "  ");
	text_put(text, "\n");
}

static void put_system(struct text *text, const struct kvm_sregs *s)
{
	text_put(text, "cr0 %llx  cr2 %llx  cr3 %llx  cr4 %llx  efer %llx\n",
		 (unsigned long long)s->cr0, (unsigned long long)s->cr2, (unsigned long long)s->cr3,
		 (unsigned long long)s->cr4, (unsigned long long)s->efer);
	put_segment(text, "cs", &s->cs);
	text_put(text, "\n");
	put_segment(text, "ss", &s->ss);
	text_put(text, "\ngdt %llx limit %x  idt %llx limit %x\n", (unsigned long long)s->gdt.base,
		 s->gdt.limit, (unsigned long long)s->idt.base, s->idt.limit);
}

/* The LAPIC's registers lie 16 bytes apart; SDM vol. 3 table 11-1 */
#define LAPIC_TPR 0x80
#define LAPIC_ISR 0x100
#define LAPIC_IRR 0x200
#define LAPIC_LVT_TIMER 0x320
#define LAPIC_TIMER_COUNT 0x380
#define LAPIC_WORDS 8 /* of 32 vectors each, in ISR and IRR */

#define MSR_TSC 0x10
#define MSR_TSC_DEADLINE 0x6E0

static uint32_t lapic_word(const struct kvm_lapic_state *lapic, unsigned at)
{
	return (uint32_t)le_get((const uint8_t *)lapic->regs + at, 4);
}

static void put_vectors(struct text *text, const char *name, const struct kvm_lapic_state *lapic,
			unsigned at)
{
	text_put(text, "  %s", name);
	bool any = false;
	for (unsigned vector = 0; vector < 32 * LAPIC_WORDS; vector++) {
		if (!(lapic_word(lapic, at + vector / 32 * 16) >> vector % 32 & 1))
			continue;
		text_put(text, " %x", vector);
		any = true;
	}
	text_put(text, any ? "" : " none");
}

/* Cycles until the deadline timer fires, as KVM keeps it; nothing when it has no such timer. */
static void put_deadline(struct text *text, int vcpu_fd)
{
	_Alignas(struct kvm_msrs) uint8_t space[sizeof(struct kvm_msrs) +
						2 * sizeof(struct kvm_msr_entry)] = { 0 };
	struct kvm_msrs *msrs = (struct kvm_msrs *)space;
	msrs->nmsrs = 2;
	msrs->entries[0].index = MSR_TSC;
	msrs->entries[1].index = MSR_TSC_DEADLINE;
	if (kvm_get_msrs(vcpu_fd, msrs) != 2)
		return;
	if (!msrs->entries[1].data)
		text_put(text, ", no deadline");
	else
		text_put(text, ", deadline in %lld cycles",
			 (long long)(msrs->entries[1].data - msrs->entries[0].data));
}

/* What decides whether a halted processor wakes: its run state, interrupts waiting, its timer. */
static void put_waiting(struct text *text, int vcpu_fd)
{
	static const char *const states[] = { "runnable", "not started", "got INIT", "halted",
					      "got SIPI" };
	struct kvm_mp_state mp = { .mp_state = UINT32_MAX };
	struct kvm_lapic_state lapic;
	if (kvm_get_mp_state(vcpu_fd, &mp) < 0 || kvm_get_lapic(vcpu_fd, &lapic) < 0)
		return;
	text_put(text, "%s; tpr %x", mp.mp_state < ARRAY_LEN(states) ? states[mp.mp_state] : "?",
		 lapic_word(&lapic, LAPIC_TPR));
	put_vectors(text, "in service", &lapic, LAPIC_ISR);
	put_vectors(text, "requested", &lapic, LAPIC_IRR);
	text_put(text, "  timer %x, count %x", lapic_word(&lapic, LAPIC_LVT_TIMER),
		 lapic_word(&lapic, LAPIC_TIMER_COUNT));
	put_deadline(text, vcpu_fd);
	text_put(text, "\n");
}

static int read_linear(struct vcpu *vcpu, uint64_t linear, uint8_t *ret_byte)
{
	struct kvm_translation t = { .linear_address = linear };
	if (kvm_translate(vcpu->fd, &t) < 0 || !t.valid || !vcpu->all->gmem)
		return -EFAULT;
	return gmem_read(vcpu->all->gmem, t.physical_address, ret_byte, 1);
}

static void put_bytes(struct text *text, struct vcpu *vcpu, uint64_t linear)
{
	text_put(text, "at rip:");
	for (unsigned i = 0; i < RIP_BYTES; i++) {
		uint8_t byte;
		if (read_linear(vcpu, linear + i, &byte)) {
			text_put(text, i ? " …" : " not in RAM");
			break;
		}
		text_put(text, " %02x", byte);
	}
	text_put(text, "\n");
}

/* The words on top of the stack, as far as they are in RAM: return addresses are among them. */
static void put_stack(struct text *text, struct vcpu *vcpu, uint64_t linear)
{
	text_put(text, "at rsp:");
	for (unsigned i = 0; i < STACK_WORDS; i++) {
		uint8_t word[8];
		for (unsigned b = 0; b < sizeof(word); b++)
			if (read_linear(vcpu, linear + i * sizeof(word) + b, &word[b])) {
				text_put(text, i ? " …\n" : " not in RAM\n");
				return;
			}
		text_put(text, "%s%llx", i % 8 ? " " : "\n  ", (unsigned long long)le_get(word, 8));
	}
	text_put(text, "\n");
}

void vcpu_describe(struct vcpu *vcpu, char *buf, size_t size)
{
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	if (!size)
		return;
	struct text text = text_in(buf, size);
	if (kvm_get_regs(vcpu->fd, &regs) < 0 || kvm_get_sregs(vcpu->fd, &sregs) < 0) {
		text_put(&text, "registers cannot be read\n");
		return;
	}
	put_general(&text, &regs);
	put_system(&text, &sregs);
	put_waiting(&text, vcpu->fd);
	put_bytes(&text, vcpu, sregs.cs.base + regs.rip);
	put_stack(&text, vcpu, sregs.ss.base + regs.rsp);
}
