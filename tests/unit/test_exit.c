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
#include "base/log.h"
#include "fake/capture.h"
#include "fake/exit_bench.h"

#define DATA_OFFSET 4096

static uint8_t *port_data(struct bench *b)
{
	return (uint8_t *)b->vcpu->run + DATA_OFFSET;
}

static void port_exit(struct bench *b, uint8_t direction, uint8_t size, uint32_t n)
{
	struct kvm_run *run = b->vcpu->run;
	run->exit_reason = KVM_EXIT_IO;
	run->io.direction = direction;
	run->io.size = size;
	run->io.port = 0x3F0;
	run->io.count = n;
	run->io.data_offset = DATA_OFFSET;
	vcpu_on_exit(b->vcpu);
}

static void mmio_exit(struct bench *b, uint64_t gpa, uint32_t len, bool write)
{
	struct kvm_run *run = b->vcpu->run;
	run->exit_reason = KVM_EXIT_MMIO;
	run->mmio.phys_addr = gpa;
	run->mmio.len = len;
	run->mmio.is_write = write;
	vcpu_on_exit(b->vcpu);
}

static void assert_access(struct bench *b, unsigned i, bool write, uint64_t off, unsigned size,
			  uint64_t value)
{
	assert_true(i < b->n_log);
	assert_int_equal(b->log[i].write, write);
	assert_int_equal(b->log[i].off, off);
	assert_int_equal(b->log[i].size, size);
	assert_int_equal(b->log[i].value, value);
}

static void a_port_write_reaches_its_device(void **state)
{
	struct bench *b = *state;
	le_put(port_data(b), 2, 0xBEEF);
	port_exit(b, KVM_EXIT_IO_OUT, 2, 1);
	assert_int_equal(b->n_log, 1);
	assert_access(b, 0, true, 0xF0, 2, 0xBEEF);
	assert_int_equal(count(b, EXIT_KIND_PIO), 1);
	assert_false(b->vcpus.pause);
}

static void a_port_read_fills_the_run_area_and_no_more(void **state)
{
	struct bench *b = *state;
	b->answer = 0x11223344;
	memset(port_data(b), 0xAA, 8);
	port_exit(b, KVM_EXIT_IO_IN, 1, 1);
	assert_int_equal(le_get(port_data(b), 4), 0xAAAAAA44);
}

static void a_string_access_takes_one_element_after_the_other(void **state)
{
	struct bench *b = *state;
	for (unsigned i = 0; i < 16; i++)
		le_put(port_data(b) + i * 4, 4, 0x1000 + i);
	port_exit(b, KVM_EXIT_IO_OUT, 4, 16);
	assert_int_equal(b->n_log, 16);
	for (unsigned i = 0; i < 16; i++)
		assert_access(b, i, true, 0xF0, 4, 0x1000 + i);
	b->answer = 0x20;
	port_exit(b, KVM_EXIT_IO_IN, 2, 8);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(le_get(port_data(b) + i * 2, 2), 0x20 + i);
	assert_int_equal(count(b, EXIT_KIND_PIO), 2);
}

static void a_port_nobody_has_reads_all_ones(void **state)
{
	struct bench *b = *state;
	struct kvm_run *run = b->vcpu->run;
	run->exit_reason = KVM_EXIT_IO;
	run->io.direction = KVM_EXIT_IO_IN;
	run->io.size = 4;
	run->io.count = 1;
	run->io.port = 0xFFFE; /* and reaches past the last port */
	run->io.data_offset = DATA_OFFSET;
	vcpu_on_exit(b->vcpu);
	assert_int_equal(le_get(port_data(b), 4), 0xFFFFFFFF);
	assert_int_equal(b->requests, 0);
}

static void port_data_outside_the_run_area_is_never_touched(void **state)
{
	struct bench *b = *state;
	struct kvm_run *run = b->vcpu->run;
	static const struct {
		uint64_t offset;
		uint32_t count;
		uint8_t size;
	} bad[] = {
		{ FAKE_KVM_RUN_SIZE, 1, 1 },    { FAKE_KVM_RUN_SIZE - 3, 1, 4 },
		{ DATA_OFFSET, 0xFFFFFFFF, 4 }, { UINT64_MAX - 1, 1, 4 },
		{ DATA_OFFSET, 1, 3 },          { DATA_OFFSET, 1, 8 },
		{ DATA_OFFSET, 1, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		b->requests = 0;
		run->exit_reason = KVM_EXIT_IO;
		run->io.direction = KVM_EXIT_IO_IN;
		run->io.port = 0x3F0;
		run->io.size = bad[i].size;
		run->io.count = bad[i].count;
		run->io.data_offset = bad[i].offset;
		vcpu_on_exit(b->vcpu);
		assert_failed(b, "outside kvm_run");
		vcpus_resume(&b->vcpus);
	}
	assert_int_equal(b->n_log, 0);
}

static void mmio_of_a_power_of_two_is_one_access(void **state)
{
	struct bench *b = *state;
	for (unsigned size = 1, i = 0; size <= 8; size *= 2, i++) {
		le_put(b->vcpu->run->mmio.data, 8, UINT64_C(0x8877665544332211));
		mmio_exit(b, 0xC0000010, size, true);
		assert_access(b, i, true, 0x10, size,
			      UINT64_C(0x8877665544332211) & all_ones(size));
	}
	b->answer = UINT64_C(0xA1B2C3D4E5F60718);
	mmio_exit(b, 0xC0000020, 8, false);
	assert_int_equal(le_get(b->vcpu->run->mmio.data, 8), UINT64_C(0xA1B2C3D4E5F60718));
	assert_int_equal(count(b, EXIT_KIND_MMIO), 5);
}

static void an_odd_size_is_split_into_aligned_pieces(void **state)
{
	struct bench *b = *state;
	le_put(b->vcpu->run->mmio.data, 8, UINT64_C(0x8877665544332211));
	mmio_exit(b, 0xC0000001, 7, true);
	assert_int_equal(b->n_log, 3);
	assert_access(b, 0, true, 1, 1, 0x11);
	assert_access(b, 1, true, 2, 2, 0x3322);
	assert_access(b, 2, true, 4, 4, 0x77665544);
}

static void an_odd_read_is_put_together_from_its_pieces(void **state)
{
	struct bench *b = *state;
	memset(b->vcpu->run->mmio.data, 0xEE, 8);
	b->answer = 0x41;
	mmio_exit(b, 0xC0000000, 3, false); /* 2 bytes of 0x41, 1 byte of 0x42 */
	assert_int_equal(le_get(b->vcpu->run->mmio.data, 4), 0xEE420041);
	assert_int_equal(b->n_log, 2);
}

static void pieces_of_every_odd_size_cover_the_access_once(void **state)
{
	struct bench *b = *state;
	for (unsigned len = 3; len <= 7; len++) {
		for (unsigned at = 0; at < 8; at++) {
			uint64_t covered = 0;
			if (is_pow2(len))
				continue;
			b->n_log = 0;
			mmio_exit(b, 0xC0000100 + at, len, true);
			for (unsigned i = 0; i < b->n_log; i++) {
				uint64_t bits = (UINT64_C(1) << b->log[i].size) - 1;
				bits <<= b->log[i].off - 0x100 - at;
				assert_int_equal(covered & bits, 0);
				assert_int_equal(b->log[i].off % b->log[i].size, 0);
				covered |= bits;
			}
			assert_int_equal(covered, (UINT64_C(1) << len) - 1);
		}
	}
}

static void mmio_nobody_answers_reads_all_ones(void **state)
{
	struct bench *b = *state;
	memset(b->vcpu->run->mmio.data, 0, 8);
	mmio_exit(b, 0xFED40000, 4, false);
	assert_int_equal(le_get(b->vcpu->run->mmio.data, 8), 0xFFFFFFFF);
	mmio_exit(b, UINT64_MAX - 2, 7, true);
	assert_int_equal(b->requests, 0);
}

static void an_impossible_mmio_size_is_a_failure(void **state)
{
	struct bench *b = *state;
	static const uint32_t bad[] = { 0, 9, 0xFFFFFFFF };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		b->requests = 0;
		mmio_exit(b, 0xC0000000, bad[i], false);
		assert_failed(b, "impossible size");
		vcpus_resume(&b->vcpus);
	}
	assert_int_equal(b->n_log, 0);
}

static void unknown_msrs_read_zero_and_swallow_writes(void **state)
{
	struct bench *b = *state;
	struct kvm_run *run = b->vcpu->run;
	run->exit_reason = KVM_EXIT_X86_RDMSR;
	run->msr.error = 1;
	run->msr.data = 0xDEAD;
	run->msr.index = 0x12345;
	vcpu_on_exit(b->vcpu);
	assert_int_equal(run->msr.error, 0);
	assert_int_equal(run->msr.data, 0);
	run->exit_reason = KVM_EXIT_X86_WRMSR;
	run->msr.error = 1;
	vcpu_on_exit(b->vcpu);
	assert_int_equal(run->msr.error, 0);
	assert_int_equal(count(b, EXIT_KIND_MSR), 2);
	assert_int_equal(b->requests, 0);
}

static void registers_that_no_processor_has_fault(void **state)
{
	struct bench *b = *state;
	struct kvm_run *run = b->vcpu->run;
	static const uint32_t indices[] = { 0x40000000, 0x400002FF, 0x4B564D00, 0x4B564DFF };
	static const uint32_t beside[] = { 0x3FFFFFFF, 0x40000300, 0x4B564CFF, 0x4B564E00 };
	for (size_t i = 0; i < ARRAY_LEN(indices) * 2; i++) {
		run->exit_reason = i % 2 ? KVM_EXIT_X86_RDMSR : KVM_EXIT_X86_WRMSR;
		run->msr.index = indices[i / 2];
		run->msr.error = 0;
		vcpu_on_exit(b->vcpu);
		assert_int_equal(run->msr.error, 1);
		run->msr.index = beside[i / 2];
		vcpu_on_exit(b->vcpu);
		assert_int_equal(run->msr.error, 0);
	}
}

static unsigned lines_of(const char *text)
{
	unsigned n = 0;
	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

static void what_a_guest_can_have_logged_is_bounded_until_it_is_reset(void **state)
{
	struct bench *b = *state;
	static struct capture log;
	b->vcpu->run->exit_reason = KVM_EXIT_X86_RDMSR;
	log_set_level(LOG_INFO);
	for (int life = 0; life < 2; life++) {
		unsigned lines = 0;
		for (unsigned i = 0; i < 1000; i++) {
			b->vcpu->run->msr.index = 0x10000 + i;
			capture_begin(&log);
			vcpu_on_exit(b->vcpu);
			capture_end(&log);
			lines += lines_of(log.err);
		}
		assert_true(lines >= 1 && lines <= 40);
		assert_true(b->vcpu->notes <= 40);
		assert_int_equal(vcpus_reset(&b->vcpus, NULL), 0);
		assert_int_equal(b->vcpu->notes, 0);
	}
	log_set_level(LOG_WARN);
}

static void hypercalls_that_kvm_hands_on_find_no_connection(void **state)
{
	struct bench *b = *state;
	struct kvm_run *run = b->vcpu->run;
	static const struct {
		uint64_t input, result;
	} calls[] = {
		{ 0x5C, 18 }, { 0x1005D, 18 }, { 0x8001, 2 }, { 0xFFFFFFFFFFFF0000, 2 },
	};
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		run->exit_reason = KVM_EXIT_HYPERV;
		run->hyperv.type = KVM_EXIT_HYPERV_HCALL;
		run->hyperv.u.hcall.input = calls[i].input;
		run->hyperv.u.hcall.result = 0xDEAD;
		vcpu_on_exit(b->vcpu);
		assert_int_equal(run->hyperv.u.hcall.result, calls[i].result);
	}
	run->hyperv.type = KVM_EXIT_HYPERV_SYNDBG;
	vcpu_on_exit(b->vcpu);
	assert_int_equal(run->hyperv.u.syndbg.status, 2);
	run->hyperv.type = KVM_EXIT_HYPERV_SYNIC; /* and one of a kind that is still to come */
	vcpu_on_exit(b->vcpu);
	run->hyperv.type = 99;
	vcpu_on_exit(b->vcpu);
	assert_int_equal(count(b, EXIT_KIND_HYPERV), 7);
	assert_int_equal(b->requests, 0);
	assert_false(b->vcpus.pause);
}

static void exits_without_work_are_counted_and_the_guest_goes_on(void **state)
{
	struct bench *b = *state;
	static const struct {
		uint32_t reason;
		enum exit_kind kind;
	} quiet[] = {
		{ KVM_EXIT_HLT, EXIT_KIND_HALT },
		{ KVM_EXIT_INTR, EXIT_KIND_INTR },
		{ KVM_EXIT_IOAPIC_EOI, EXIT_KIND_EOI },
		{ KVM_EXIT_IRQ_WINDOW_OPEN, EXIT_KIND_OTHER },
		{ KVM_EXIT_SET_TPR, EXIT_KIND_OTHER },
	};
	for (size_t i = 0; i < ARRAY_LEN(quiet); i++) {
		uint64_t before = count(b, quiet[i].kind);
		b->vcpu->run->exit_reason = quiet[i].reason;
		vcpu_on_exit(b->vcpu);
		assert_int_equal(count(b, quiet[i].kind), before + 1);
	}
	assert_int_equal(b->requests, 0);
	assert_false(b->vcpus.pause);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_port_write_reaches_its_device),
		TEST(a_port_read_fills_the_run_area_and_no_more),
		TEST(a_string_access_takes_one_element_after_the_other),
		TEST(a_port_nobody_has_reads_all_ones),
		TEST(port_data_outside_the_run_area_is_never_touched),
		TEST(mmio_of_a_power_of_two_is_one_access),
		TEST(an_odd_size_is_split_into_aligned_pieces),
		TEST(an_odd_read_is_put_together_from_its_pieces),
		TEST(pieces_of_every_odd_size_cover_the_access_once),
		TEST(mmio_nobody_answers_reads_all_ones),
		TEST(an_impossible_mmio_size_is_a_failure),
		TEST(unknown_msrs_read_zero_and_swallow_writes),
		TEST(registers_that_no_processor_has_fault),
		TEST(what_a_guest_can_have_logged_is_bounded_until_it_is_reset),
		TEST(hypercalls_that_kvm_hands_on_find_no_connection),
		TEST(exits_without_work_are_counted_and_the_guest_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
