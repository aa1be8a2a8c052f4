/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/uapi.c
// with: fake/fake_kvm.c fake/fake_kvm_vcpu.c
#include "kvm/exit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "fake/capture.h"
#include "fake/exit_bench.h"

static void a_triple_fault_is_reported_with_registers_and_code(void **state)
{
	struct bench *b = *state;
	static const uint8_t code[] = { 0x0F, 0x0B, 0xF4 };
	fake_kvm.vcpus[0].regs.rip = 0x100010;
	fake_kvm.vcpus[0].regs.r13 = 0xABCDEF;
	fake_kvm.vcpus[0].sregs.cs.base = 0;
	fake_kvm.vcpus[0].sregs.cr2 = 0xDEADB000;
	assert_int_equal(gmem_write(&b->gmem, 0x100010, code, sizeof(code)), 0);
	b->vcpu->run->exit_reason = KVM_EXIT_SHUTDOWN;
	vcpu_on_exit(b->vcpu);
	assert_int_equal(b->requests, 1);
	assert_int_equal(b->request, VCPU_REQUEST_TRIPLE_FAULT);
	assert_non_null(strstr(b->report, "vCPU 0: triple fault"));
	assert_non_null(strstr(b->report, "rip 0000000000100010"));
	assert_non_null(strstr(b->report, "r13 0000000000abcdef"));
	assert_non_null(strstr(b->report, "cr2 deadb000"));
	assert_non_null(strstr(b->report, "at rip: 0f 0b f4 00"));
	assert_true(b->vcpus.pause);
}

static void code_at_the_end_of_ram_is_shown_as_far_as_it_goes(void **state)
{
	struct bench *b = *state;
	char text[2048];
	fake_kvm.vcpus[0].sregs.cs.base = 0;
	fake_kvm.vcpus[0].regs.rip = 2 * MIB - 2;
	vcpu_describe(b->vcpu, text, sizeof(text));
	assert_non_null(strstr(text, "at rip: 00 00 …\n"));
	fake_kvm.vcpus[0].regs.rip = 0xF0000000;
	vcpu_describe(b->vcpu, text, sizeof(text));
	assert_non_null(strstr(text, "at rip: not in RAM\n"));
	fake_kvm.translate_offset = UINT64_MAX; /* nothing is mapped */
	fake_kvm.vcpus[0].regs.rip = 0x1000;
	vcpu_describe(b->vcpu, text, sizeof(text));
	assert_non_null(strstr(text, "at rip: not in RAM\n"));
}

static void a_description_says_what_a_halted_processor_waits_for(void **state)
{
	struct bench *b = *state;
	struct kvm_lapic_state *lapic = &fake_kvm.vcpus[0].lapic;
	char text[2048];
	fake_kvm.vcpus[0].mp_state.mp_state = KVM_MP_STATE_HALTED;
	lapic->regs[0x80] = 0x20;
	lapic->regs[0x100 + 0x70 + 1] = 0x20; /* vector 0xed is in service */
	lapic->regs[0x200 + 0x10] = 0x2;      /* vector 0x21 is requested */
	lapic->regs[0x320] = 0xEC;
	vcpu_describe(b->vcpu, text, sizeof(text));
	assert_non_null(strstr(text, "halted; tpr 20  in service ed  requested 21  timer ec"));
	memset(lapic->regs, 0, sizeof(lapic->regs));
	vcpu_describe(b->vcpu, text, sizeof(text));
	assert_non_null(strstr(text, "halted; tpr 0  in service none  requested none  timer 0"));
	fake_kvm.vcpus[0].mp_state.mp_state = 99;
	vcpu_describe(b->vcpu, text, sizeof(text));
	assert_non_null(strstr(text, "?; tpr 0"));
	fake_kvm_fail("get_lapic", 1, EIO);
	vcpu_describe(b->vcpu, text, sizeof(text));
	assert_null(strstr(text, "tpr"));
	assert_non_null(strstr(text, "at rip:"));
}

static void the_top_of_the_stack_is_shown_as_far_as_it_goes(void **state)
{
	struct bench *b = *state;
	static const uint64_t stack[] = { 0xFFFFFFFF81000010, 0x1234 };
	char text[4096];
	fake_kvm.vcpus[0].regs.rsp = 2 * MIB - sizeof(stack);
	assert_int_equal(gmem_write(&b->gmem, 2 * MIB - sizeof(stack), stack, sizeof(stack)), 0);
	vcpu_describe(b->vcpu, text, sizeof(text));
	assert_non_null(strstr(text, "at rsp:\n  ffffffff81000010 1234 …\n"));
	fake_kvm.vcpus[0].regs.rsp = 0xF0000000;
	vcpu_describe(b->vcpu, text, sizeof(text));
	assert_non_null(strstr(text, "at rsp: not in RAM\n"));
}

static void a_description_fits_any_buffer(void **state)
{
	struct bench *b = *state;
	char text[300];
	for (size_t size = 1; size < sizeof(text); size++) {
		memset(text, 'X', sizeof(text));
		vcpu_describe(b->vcpu, text, size);
		assert_true(strlen(text) < size);
		assert_int_equal(text[size], 'X');
	}
	fake_kvm_fail("get_sregs", 1, EIO);
	vcpu_describe(b->vcpu, text, sizeof(text));
	assert_string_equal(text, "registers cannot be read\n");
}

static void a_guest_that_reports_its_crash_goes_on_to_write_its_dump(void **state)
{
	struct bench *b = *state;
	static struct capture log;
	for (uint32_t i = 0; i < 5; i++)
		fake_kvm.vcpus[0].msrs[i] =
			(struct fake_kvm_msr){ 0x40000100 + i, 0xC0 + i, true, true, true };
	b->vcpu->run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
	b->vcpu->run->system_event.type = KVM_SYSTEM_EVENT_CRASH;
	capture_begin(&log);
	vcpu_on_exit(b->vcpu);
	capture_end(&log);
	assert_non_null(strstr(log.err, "has crashed: 0xc0 0xc1 0xc2 0xc3 0xc4"));
	assert_int_equal(b->requests, 0);
	assert_false(b->vcpus.pause);
}

static void a_crash_whose_parameters_cannot_be_read_is_reported_too(void **state)
{
	struct bench *b = *state;
	static struct capture log;
	b->vcpu->run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
	b->vcpu->run->system_event.type = KVM_SYSTEM_EVENT_CRASH;
	fake_kvm_fail("get_msrs", 1, EIO);
	capture_begin(&log);
	vcpu_on_exit(b->vcpu);
	capture_end(&log);
	assert_non_null(strstr(log.err, "crashed: no parameters"));
	assert_int_equal(b->requests, 0);
}

static void system_events_ask_for_what_they_say(void **state)
{
	struct bench *b = *state;
	static const struct {
		uint32_t type;
		enum vcpu_request request;
	} events[] = {
		{ KVM_SYSTEM_EVENT_SHUTDOWN, VCPU_REQUEST_SHUTDOWN },
		{ KVM_SYSTEM_EVENT_RESET, VCPU_REQUEST_RESET },
		{ 99, VCPU_REQUEST_FAILED },
	};
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		b->requests = 0;
		b->vcpu->run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
		b->vcpu->run->system_event.type = events[i].type;
		vcpu_on_exit(b->vcpu);
		assert_int_equal(b->requests, 1);
		assert_int_equal(b->request, events[i].request);
		assert_true(b->vcpus.pause);
		vcpus_resume(&b->vcpus);
	}
}

static void an_instruction_kvm_cannot_emulate_is_shown(void **state)
{
	struct bench *b = *state;
	struct kvm_run *run = b->vcpu->run;
	run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run->emulation_failure.suberror = KVM_INTERNAL_ERROR_EMULATION;
	run->emulation_failure.ndata = 3;
	run->emulation_failure.flags = KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES;
	run->emulation_failure.insn_size = 255; /* more than there can be */
	memset(run->emulation_failure.insn_bytes, 0x9B, 15);
	vcpu_on_exit(b->vcpu);
	assert_failed(b, "KVM internal error 1, an instruction it cannot emulate (bytes 9b 9b");
}

static void an_internal_error_without_bytes_is_still_named(void **state)
{
	struct bench *b = *state;
	struct kvm_run *run = b->vcpu->run;
	run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run->emulation_failure.suberror = KVM_INTERNAL_ERROR_EMULATION;
	run->emulation_failure.ndata = 0;
	run->emulation_failure.flags = KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES;
	vcpu_on_exit(b->vcpu);
	assert_failed(b, "cannot emulate\n");
	vcpus_resume(&b->vcpus);
	b->requests = 0;
	run->internal.suberror = KVM_INTERNAL_ERROR_DELIVERY_EV;
	vcpu_on_exit(b->vcpu);
	assert_failed(b, "an event it cannot deliver");
	vcpus_resume(&b->vcpus);
	b->requests = 0;
	run->internal.suberror = 77;
	vcpu_on_exit(b->vcpu);
	assert_failed(b, "KVM internal error 77");
}

static void a_refused_entry_and_unknown_exits_carry_their_numbers(void **state)
{
	struct bench *b = *state;
	struct kvm_run *run = b->vcpu->run;
	run->exit_reason = KVM_EXIT_FAIL_ENTRY;
	run->fail_entry.hardware_entry_failure_reason = 0x80000021;
	vcpu_on_exit(b->vcpu);
	assert_failed(b, "0x80000021");
	vcpus_resume(&b->vcpus);
	b->requests = 0;
	run->exit_reason = KVM_EXIT_UNKNOWN;
	run->hw.hardware_exit_reason = 0x4D;
	vcpu_on_exit(b->vcpu);
	assert_failed(b, "0x4d");
}

static void every_reason_without_a_handler_is_a_failure_with_its_number(void **state)
{
	struct bench *b = *state;
	static const uint32_t reasons[] = {
		KVM_EXIT_EXCEPTION, KVM_EXIT_DEBUG, KVM_EXIT_HYPERCALL, KVM_EXIT_NMI, 63, 1000,
		0xFFFFFFFF
	};
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		char text[32];
		b->requests = 0;
		b->vcpu->run->exit_reason = reasons[i];
		vcpu_on_exit(b->vcpu);
		snprintf(text, sizeof(text), "exit reason %u,", reasons[i]);
		assert_failed(b, text);
		vcpus_resume(&b->vcpus);
	}
	assert_int_equal(count(b, EXIT_KIND_OTHER), ARRAY_LEN(reasons));
}

static void a_second_request_waits_for_the_first_to_be_answered(void **state)
{
	struct bench *b = *state;
	b->vcpu->run->exit_reason = KVM_EXIT_SHUTDOWN;
	vcpu_on_exit(b->vcpu);
	vcpu_on_exit(b->vcpu);
	assert_int_equal(b->requests, 1);
	vcpus_resume(&b->vcpus);
	vcpu_on_exit(b->vcpu);
	assert_int_equal(b->requests, 2);
}

static void each_exit_kind_has_a_name(void **state)
{
	(void)state;
	for (int kind = 0; kind < EXIT_KINDS; kind++) {
		assert_non_null(exit_kind_names[kind]);
		for (int other = 0; other < kind; other++)
			assert_string_not_equal(exit_kind_names[kind], exit_kind_names[other]);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_triple_fault_is_reported_with_registers_and_code),
		TEST(code_at_the_end_of_ram_is_shown_as_far_as_it_goes),
		TEST(a_description_says_what_a_halted_processor_waits_for),
		TEST(the_top_of_the_stack_is_shown_as_far_as_it_goes),
		TEST(a_description_fits_any_buffer),
		TEST(a_guest_that_reports_its_crash_goes_on_to_write_its_dump),
		TEST(a_crash_whose_parameters_cannot_be_read_is_reported_too),
		TEST(system_events_ask_for_what_they_say),
		TEST(an_instruction_kvm_cannot_emulate_is_shown),
		TEST(an_internal_error_without_bytes_is_still_named),
		TEST(a_refused_entry_and_unknown_exits_carry_their_numbers),
		TEST(every_reason_without_a_handler_is_a_failure_with_its_number),
		TEST(a_second_request_waits_for_the_first_to_be_answered),
		TEST(each_exit_kind_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
