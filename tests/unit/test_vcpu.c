/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/uapi.c
// with: fake/fake_kvm.c fake/fake_kvm_vcpu.c
#include "kvm/vcpu.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "fake/fake_kvm.h"

#define N 3
#define SIGNATURE 0x00A20F12

static struct vm vm;
static struct vcpus vcpus;
static struct cpuid cpuid;

static int setup(void **state)
{
	(void)state;
	static const struct kvm_cpuid_entry2 leaves[] = {
		{ .function = 0, .eax = 0xB },
		{ .function = 1, .eax = SIGNATURE, .ebx = 0x00040800 },
		{ .function = 0xB, .index = 0, .ebx = 1 },
	};
	fake_kvm_reset();
	memcpy(cpuid.entries, leaves, sizeof(leaves));
	cpuid.n = ARRAY_LEN(leaves);
	return vm_init(&vm, 3, NULL);
}

static int teardown(void **state)
{
	(void)state;
	vm_fini(&vm);
	return 0;
}

static int make(unsigned n)
{
	return vcpus_init(&vcpus, &vm, n, &cpuid, NULL);
}

static void each_vcpu_has_its_id_in_cpuid(void **state)
{
	(void)state;
	assert_int_equal(make(N), 0);
	for (unsigned i = 0; i < N; i++) {
		assert_int_equal(vcpus.at[i].id, i);
		assert_int_equal(fake_kvm_cpuid(i, 1, 0)->ebx, 0x00040800 | i << 24);
		assert_int_equal(fake_kvm_cpuid(i, 0xB, 0)->edx, i);
	}
	vcpus_fini(&vcpus);
}

static void cpuid_is_set_before_registers_are_read(void **state)
{
	(void)state;
	assert_int_equal(make(1), 0);
	assert_true(fake_kvm_find("set_cpuid2", 0) < fake_kvm_find("get_regs", 0));
	assert_true(fake_kvm_find("set_cpuid2", 0) < fake_kvm_find("set_msrs", 0));
	vcpus_fini(&vcpus);
}

static void too_many_vcpus_or_none_are_refused(void **state)
{
	(void)state;
	struct err err = { 0 };
	assert_int_equal(vcpus_init(&vcpus, &vm, 0, &cpuid, &err), -EINVAL);
	assert_int_equal(vcpus_init(&vcpus, &vm, FAKE_KVM_VCPUS + 1, &cpuid, &err), -EINVAL);
	assert_non_null(strstr(err.text, "9 vCPUs"));
	vcpus_fini(&vcpus); /* nothing there: harmless */
}

static void a_failure_of_any_call_leaves_nothing_open_and_names_the_vcpu(void **state)
{
	(void)state;
	unsigned before = fake_kvm_open_fds(), from = fake_kvm.n_calls;
	assert_int_equal(make(2), 0);
	vcpus_fini(&vcpus);
	unsigned calls = fake_kvm.n_calls - from - 2; /* unmapping cannot fail */
	unsigned tolerated = 0;
	for (unsigned n = 1; n <= calls; n++) {
		struct err err = { 0 };
		fake_kvm.n_vcpus = 0;
		fake_kvm_fail_clear();
		fake_kvm_fail(NULL, n, ENOMEM);
		int r = vcpus_init(&vcpus, &vm, 2, &cpuid, &err);
		assert_non_null(fake_kvm_failed());
		if (r) {
			assert_int_equal(r, -ENOMEM);
			assert_non_null(strstr(err.text, "vCPU "));
		} else {
			/* Without its word a host counts as one too old to enforce anything. */
			assert_string_equal(fake_kvm_failed(), "check_extension");
			tolerated++;
			vcpus_fini(&vcpus);
		}
		assert_int_equal(fake_kvm_open_fds(), before);
	}
	assert_int_equal(tolerated, 2);
}

/* Overwrites everything a guest could. */
static void scribble(unsigned i)
{
	struct fake_kvm_vcpu *v = &fake_kvm.vcpus[i];
	memset(&v->regs, 0x11, sizeof(v->regs));
	memset(&v->sregs, 0x22, sizeof(v->sregs));
	memset(&v->xcrs, 0x33, sizeof(v->xcrs));
	memset(&v->debugregs, 0x44, sizeof(v->debugregs));
	memset(&v->lapic, 0x55, sizeof(v->lapic));
	memset(&v->events, 0x66, sizeof(v->events));
	memset(v->xsave, 0x77, sizeof(v->xsave));
	v->mp_state.mp_state = KVM_MP_STATE_HALTED;
	for (unsigned m = 0; m < fake_kvm.n_msrs; m++)
		v->msrs[m].value = 0x8888;
}

static void a_reset_brings_back_every_register(void **state)
{
	(void)state;
	static struct fake_kvm_vcpu fresh[N];
	assert_int_equal(make(N), 0);
	for (unsigned i = 0; i < N; i++) {
		fresh[i] = fake_kvm.vcpus[i];
		scribble(i);
	}
	assert_int_equal(vcpus_reset(&vcpus, NULL), 0);
	for (unsigned i = 0; i < N; i++) {
		const struct fake_kvm_vcpu *now = &fake_kvm.vcpus[i];
		assert_int_equal(now->regs.rip, 0xFFF0);
		assert_int_equal(now->regs.rdx, SIGNATURE);
		assert_int_equal(now->regs.rax, 0);
		assert_memory_equal(&now->sregs, &fresh[i].sregs, sizeof(now->sregs));
		assert_memory_equal(&now->xcrs, &fresh[i].xcrs, sizeof(now->xcrs));
		assert_memory_equal(&now->debugregs, &fresh[i].debugregs, sizeof(now->debugregs));
		assert_memory_equal(&now->lapic, &fresh[i].lapic, sizeof(now->lapic));
		assert_memory_equal(&now->events, &fresh[i].events, sizeof(now->events));
		assert_memory_equal(now->xsave, fresh[i].xsave, sizeof(now->xsave));
		assert_memory_equal(now->msrs, fresh[0].msrs, sizeof(now->msrs));
	}
	vcpus_fini(&vcpus);
}

static void after_a_reset_the_first_vcpu_runs_and_the_others_wait(void **state)
{
	(void)state;
	assert_int_equal(make(N), 0);
	for (unsigned i = 0; i < N; i++)
		scribble(i);
	assert_int_equal(vcpus_reset(&vcpus, NULL), 0);
	assert_int_equal(fake_kvm.vcpus[0].mp_state.mp_state, KVM_MP_STATE_RUNNABLE);
	assert_int_equal(fake_kvm.vcpus[1].mp_state.mp_state, KVM_MP_STATE_UNINITIALIZED);
	assert_int_equal(fake_kvm.vcpus[2].mp_state.mp_state, KVM_MP_STATE_UNINITIALIZED);
	vcpus_fini(&vcpus);
}

static void registers_go_back_in_the_order_kvm_needs(void **state)
{
	(void)state;
	static const char *const order[] = { "set_sregs", "set_lapic", "set_msrs", "set_events",
					     "set_mp_state" };
	assert_int_equal(make(1), 0);
	unsigned from = fake_kvm.n_calls;
	assert_int_equal(vcpus_reset(&vcpus, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		int at = fake_kvm_find(order[i], from);
		assert_true(at >= (int)from);
		from = (unsigned)at + 1;
	}
	assert_int_equal(from, fake_kvm.n_calls); /* the run state is the last call of all */
	vcpus_fini(&vcpus);
}

static void kvm_stops_writing_guest_memory_at_reset(void **state)
{
	(void)state;
	static const uint32_t writers[] = { 0x4B564D00, 0x4B564D01, 0x4B564D02, 0x4B564D03,
					    0x4B564D04 };
	assert_int_equal(make(2), 0);
	for (size_t i = 0; i < ARRAY_LEN(writers); i++)
		fake_kvm_msr(1, writers[i])->value = 0x100001;
	assert_int_equal(vcpus_reset(&vcpus, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(writers); i++)
		assert_int_equal(fake_kvm_msr(1, writers[i])->value, 0);
	vcpus_fini(&vcpus);
}

static void mtrrs_that_kvm_does_not_list_are_reset_too(void **state)
{
	(void)state;
	assert_int_equal(make(1), 0);
	fake_kvm_msr(0, 0x2FF)->value = 0xC06;
	fake_kvm_msr(0, 0x200)->value = 0x80000000;
	fake_kvm_msr(0, 0x250)->value = UINT64_C(0x0606060606060606);
	assert_int_equal(vcpus_reset(&vcpus, NULL), 0);
	assert_int_equal(fake_kvm_msr(0, 0x2FF)->value, 0);
	assert_int_equal(fake_kvm_msr(0, 0x200)->value, 0);
	assert_int_equal(fake_kvm_msr(0, 0x250)->value, 0);
	vcpus_fini(&vcpus);
}

static void an_msr_that_cannot_be_read_or_written_is_left_alone(void **state)
{
	(void)state;
	fake_kvm_add_msr(0x345, 7)->readable = false;
	fake_kvm_add_msr(0x10A, 8)->writable = false;
	fake_kvm_add_msr(0xC0010015, 9);
	assert_int_equal(make(2), 0);
	scribble(1);
	assert_int_equal(vcpus_reset(&vcpus, NULL), 0);
	assert_int_equal(fake_kvm_msr(1, 0x345)->value, 0x8888);
	assert_int_equal(fake_kvm_msr(1, 0x10A)->value, 0x8888);
	assert_int_equal(fake_kvm_msr(1, 0xC0010015)->value, 9);
	vcpus_fini(&vcpus);
}

static void an_msr_refused_only_at_reset_does_not_stop_the_others(void **state)
{
	(void)state;
	fake_kvm_add_msr(0xC0010015, 9);
	assert_int_equal(make(1), 0);
	scribble(0);
	fake_kvm_msr(0, 0x175)->writable = false;
	assert_int_equal(vcpus_reset(&vcpus, NULL), 0);
	assert_int_equal(fake_kvm_msr(0, 0x174)->value, 0);
	assert_int_equal(fake_kvm_msr(0, 0x175)->value, 0x8888);
	assert_int_equal(fake_kvm_msr(0, 0x176)->value, 0);
	assert_int_equal(fake_kvm_msr(0, 0xC0010015)->value, 9);
	vcpus_fini(&vcpus);
}

static void hyper_v_registers_are_never_touched(void **state)
{
	(void)state;
	fake_kvm_add_msr(0x40000000, 1);
	fake_kvm_add_msr(0x40000021, 1);
	fake_kvm_add_msr(0x400001FF, 1);
	assert_int_equal(make(1), 0);
	scribble(0);
	assert_int_equal(vcpus_reset(&vcpus, NULL), 0);
	assert_int_equal(fake_kvm_msr(0, 0x40000000)->value, 0x8888);
	assert_int_equal(fake_kvm_msr(0, 0x40000021)->value, 0x8888);
	assert_int_equal(fake_kvm_msr(0, 0x400001FF)->value, 0x8888);
	vcpus_fini(&vcpus);
}

static void the_tsc_is_joined_and_fast_strings_are_on(void **state)
{
	(void)state;
	fake_kvm.msrs[0].value = 123456789; /* 0x10, running since creation */
	assert_int_equal(make(2), 0);
	scribble(1);
	assert_int_equal(vcpus_reset(&vcpus, NULL), 0);
	assert_int_equal(fake_kvm_msr(1, 0x10)->value, 0);
	assert_int_equal(fake_kvm_msr(1, 0x1A0)->value, 0x1801);
	vcpus_fini(&vcpus);
}

/* KVM takes fewer than 256 at once; the fake too. */
static void a_long_list_goes_in_batches(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 400; i++) {
		struct fake_kvm_msr *msr = fake_kvm_add_msr(0xC0020000 + i, i);
		msr->readable = i % 7 != 0;
		msr->writable = i % 5 != 0;
	}
	assert_int_equal(make(2), 0);
	scribble(0);
	scribble(1);
	assert_int_equal(vcpus_reset(&vcpus, NULL), 0);
	for (uint32_t i = 0; i < 400; i++) {
		bool kept = i % 7 && i % 5;
		assert_int_equal(fake_kvm_msr(0, 0xC0020000 + i)->value, kept ? i : 0x8888);
		assert_int_equal(fake_kvm_msr(1, 0xC0020000 + i)->value, kept ? i : 0x8888);
	}
	vcpus_fini(&vcpus);
}

static void a_reset_that_fails_names_vcpu_and_call(void **state)
{
	(void)state;
	static const struct {
		const char *call, *text;
	} steps[] = {
		{ "set_sregs", "KVM_SET_SREGS" },         { "set_regs", "KVM_SET_REGS" },
		{ "set_xcrs", "KVM_SET_XCRS" },           { "set_xsave", "KVM_SET_XSAVE" },
		{ "set_debugregs", "KVM_SET_DEBUGREGS" }, { "set_lapic", "KVM_SET_LAPIC" },
		{ "set_msrs", "KVM_SET_MSRS" },           { "set_events", "KVM_SET_VCPU_EVENTS" },
		{ "set_mp_state", "KVM_SET_MP_STATE" },
	};
	assert_int_equal(make(2), 0);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct err err = { 0 };
		fake_kvm_fail_clear();
		fake_kvm_fail(steps[i].call, 2, EINVAL);
		assert_int_equal(vcpus_reset(&vcpus, &err), -EINVAL);
		assert_non_null(strstr(err.text, "vCPU 1: "));
		assert_non_null(strstr(err.text, steps[i].text));
	}
	vcpus_fini(&vcpus);
}

static void the_kernel_is_entered_in_flat_64_bit_mode(void **state)
{
	(void)state;
	const struct vcpu_entry64 entry = {
		.rip = 0x1000200,
		.rsp = 0x8000,
		.rsi = 0x7000,
		.cr3 = 0x9000,
		.gdt_gpa = 0x500,
		.gdt_limit = 31,
	};
	assert_int_equal(make(1), 0);
	fake_kvm.vcpus[0].sregs.tr.type = 11;
	assert_int_equal(vcpu_enter64(&vcpus.at[0], &entry, NULL), 0);
	const struct kvm_regs *regs = &fake_kvm.vcpus[0].regs;
	const struct kvm_sregs *s = &fake_kvm.vcpus[0].sregs;
	assert_int_equal(regs->rip, 0x1000200);
	assert_int_equal(regs->rsp, 0x8000);
	assert_int_equal(regs->rsi, 0x7000);
	assert_int_equal(regs->rflags, 2); /* interrupts off, direction up */
	assert_int_equal(s->cr0 & 0xE0000001, 0x80000001);
	assert_int_equal(s->cr4, 1 << 5);
	assert_int_equal(s->efer, 0x500);
	assert_int_equal(s->cr3, 0x9000);
	assert_int_equal(s->gdt.base, 0x500);
	assert_int_equal(s->gdt.limit, 31);
	assert_int_equal(s->cs.selector, 0x10);
	assert_true(s->cs.l && !s->cs.db && s->cs.present && s->cs.type == 0xB);
	const struct kvm_segment *data[] = { &s->ds, &s->es, &s->fs, &s->gs, &s->ss };
	for (size_t i = 0; i < ARRAY_LEN(data); i++) {
		assert_int_equal(data[i]->selector, 0x18);
		assert_int_equal(data[i]->base, 0);
		assert_int_equal(data[i]->limit, 0xFFFFFFFF);
		assert_true(data[i]->type == 3 && data[i]->present && !data[i]->l);
	}
	assert_int_equal(s->tr.type, 11); /* what KVM gave stays: hardware insists on a task */
	vcpus_fini(&vcpus);
}

static void entering_turns_write_back_on_for_all_vcpus(void **state)
{
	(void)state;
	const struct vcpu_entry64 entry = { .rip = 0x1000200 };
	assert_int_equal(make(2), 0);
	assert_int_equal(vcpu_enter64(&vcpus.at[0], &entry, NULL), 0);
	assert_int_equal(fake_kvm_msr(0, 0x2FF)->value, 0x806);
	assert_int_equal(fake_kvm_msr(1, 0x2FF)->value, 0x806);
	assert_int_equal(fake_kvm.vcpus[1].regs.rip, 0xFFF0); /* but only the BSP starts there */
	vcpus_fini(&vcpus);
}

static void a_kvm_without_mtrrs_is_entered_all_the_same(void **state)
{
	(void)state;
	const struct vcpu_entry64 entry = { .rip = 0x1000200 };
	assert_int_equal(make(1), 0);
	fake_kvm_msr(0, 0x2FF)->writable = false;
	assert_int_equal(vcpu_enter64(&vcpus.at[0], &entry, NULL), 0);
	vcpus_fini(&vcpus);
}

static void a_failed_entry_names_the_call(void **state)
{
	(void)state;
	static const struct {
		const char *call, *text;
	} steps[] = { { "get_sregs", "KVM_GET_SREGS" },
		      { "set_sregs", "KVM_SET_SREGS" },
		      { "set_regs", "KVM_SET_REGS" },
		      { "set_msrs", "KVM_SET_MSRS" } };
	const struct vcpu_entry64 entry = { .rip = 0x1000200 };
	assert_int_equal(make(1), 0);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct err err = { 0 };
		fake_kvm_fail_clear();
		fake_kvm_fail(steps[i].call, 1, EINVAL);
		assert_int_equal(vcpu_enter64(&vcpus.at[0], &entry, &err), -EINVAL);
		assert_non_null(strstr(err.text, steps[i].text));
	}
	vcpus_fini(&vcpus);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(each_vcpu_has_its_id_in_cpuid),
		TEST(cpuid_is_set_before_registers_are_read),
		TEST(too_many_vcpus_or_none_are_refused),
		TEST(a_failure_of_any_call_leaves_nothing_open_and_names_the_vcpu),
		TEST(a_reset_brings_back_every_register),
		TEST(after_a_reset_the_first_vcpu_runs_and_the_others_wait),
		TEST(registers_go_back_in_the_order_kvm_needs),
		TEST(kvm_stops_writing_guest_memory_at_reset),
		TEST(mtrrs_that_kvm_does_not_list_are_reset_too),
		TEST(an_msr_that_cannot_be_read_or_written_is_left_alone),
		TEST(an_msr_refused_only_at_reset_does_not_stop_the_others),
		TEST(hyper_v_registers_are_never_touched),
		TEST(the_tsc_is_joined_and_fast_strings_are_on),
		TEST(a_long_list_goes_in_batches),
		TEST(a_reset_that_fails_names_vcpu_and_call),
		TEST(the_kernel_is_entered_in_flat_64_bit_mode),
		TEST(entering_turns_write_back_on_for_all_vcpus),
		TEST(a_kvm_without_mtrrs_is_entered_all_the_same),
		TEST(a_failed_entry_names_the_call),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
