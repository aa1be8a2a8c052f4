/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/uapi.c
// with: fake/fake_kvm.c fake/fake_kvm_vcpu.c
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "fake/fake_kvm.h"
#include "kvm/vcpu.h"

#define N 3
#define DEADLINE_S 60 /* a lost kick hangs; then SIGALRM ends the test */

/* Threads and what their scripted guest does. */
static struct bench {
	struct vm vm;
	struct vcpus vcpus;
	struct qs qs;
	struct bus mmio, pio;
	int (*script)(struct bench *b, unsigned vcpu, struct kvm_run *run);
	atomic_uint entered, inside, handled;
	atomic_int left; /* exits a script still makes */
	atomic_uint requests;
	_Atomic(enum vcpu_request) request;
	char report[4096];
	atomic_bool signals_right;
} bench;

static int on_run(void *ctx, unsigned vcpu, struct kvm_run *run)
{
	struct bench *b = ctx;
	atomic_fetch_add(&b->entered, 1);
	return b->script ? b->script(b, vcpu, run) : FAKE_KVM_STAY;
}

static void on_port(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct bench *b = ctx;
	(void)size;
	atomic_fetch_add(&b->inside, 1);
	if (off == 1)
		vcpus_request_pause(&b->vcpus);
	if (off == 2)
		vcpus_raise(&b->vcpus, VCPU_REQUEST_RESET, "port");
	if (value)
		usleep((unsigned)value);
	atomic_fetch_sub(&b->inside, 1);
	atomic_fetch_add(&b->handled, 1);
}

static void on_request(void *ctx, enum vcpu_request what, const char *report)
{
	struct bench *b = ctx;
	atomic_store(&b->request, what);
	snprintf(b->report, sizeof(b->report), "%s", report);
	atomic_fetch_add(&b->requests, 1);
}

static int port_exit(struct kvm_run *run, uint16_t port, uint8_t value)
{
	run->exit_reason = KVM_EXIT_IO;
	run->io.direction = KVM_EXIT_IO_OUT;
	run->io.size = 1;
	run->io.port = port;
	run->io.count = 1;
	run->io.data_offset = 4096;
	*((uint8_t *)run + 4096) = value;
	return 0;
}

static int setup(void **state)
{
	static const struct bus_ops ops = { NULL, on_port };
	static struct cpuid cpuid;
	struct bench *b = &bench;
	memset(b, 0, sizeof(*b));
	fake_kvm_reset();
	*state = b;
	alarm(DEADLINE_S);
	const struct bus_region ports = { 0x80, 16, &ops, b, 0 };
	if (vm_init(&b->vm, 3, NULL) || vcpus_init(&b->vcpus, &b->vm, N, &cpuid, NULL) ||
	    qs_init(&b->qs) || bus_init(&b->mmio, &b->qs) || bus_init(&b->pio, &b->qs) ||
	    bus_publish(&b->pio, BUS_FIXED, &ports, 1))
		return -1;
	b->vcpus.mmio = &b->mmio;
	b->vcpus.pio = &b->pio;
	b->vcpus.qs = &b->qs;
	b->vcpus.request = on_request;
	b->vcpus.request_ctx = b;
	fake_kvm.on_run = on_run;
	fake_kvm.on_run_ctx = b;
	return vcpus_start(&b->vcpus, NULL);
}

static int teardown(void **state)
{
	struct bench *b = *state;
	vcpus_fini(&b->vcpus);
	bus_fini(&b->mmio);
	bus_fini(&b->pio);
	qs_fini(&b->qs);
	vm_fini(&b->vm);
	alarm(0);
	return 0;
}

static void wait_until(atomic_uint *counter, unsigned at_least)
{
	while (atomic_load(counter) < at_least)
		usleep(200);
}

static uint64_t count(struct bench *b, unsigned vcpu, enum exit_kind kind)
{
	return atomic_load(&b->vcpus.at[vcpu].exits[kind]);
}

static void threads_start_paused_and_run_when_resumed(void **state)
{
	struct bench *b = *state;
	vcpus_pause(&b->vcpus);
	assert_int_equal(atomic_load(&b->entered), 0);
	vcpus_resume(&b->vcpus);
	wait_until(&b->entered, N);
}

static int busy_port(struct bench *b, unsigned vcpu, struct kvm_run *run)
{
	(void)b;
	return port_exit(run, 0x80, (uint8_t)(vcpu * 30));
}

static void paused_means_outside_the_guest_and_outside_handlers(void **state)
{
	struct bench *b = *state;
	b->script = busy_port;
	vcpus_resume(&b->vcpus);
	for (int i = 0; i < 50; i++) {
		wait_until(&b->handled, atomic_load(&b->handled) + 3);
		vcpus_pause(&b->vcpus);
		assert_int_equal(atomic_load(&b->inside), 0);
		unsigned entered = atomic_load(&b->entered);
		usleep(300);
		assert_int_equal(atomic_load(&b->entered), entered);
		vcpus_resume(&b->vcpus);
	}
}

/* Kicks meet threads at every point between two KVM_RUNs; a lost one would stay forever. */
static int short_stay(struct bench *b, unsigned vcpu, struct kvm_run *run)
{
	unsigned n = atomic_load(&b->entered);
	if ((n + vcpu) % 3)
		return port_exit(run, 0x80, 0);
	return FAKE_KVM_STAY;
}

static void no_kick_is_lost(void **state)
{
	struct bench *b = *state;
	b->script = short_stay;
	for (unsigned i = 0; i < 2000; i++) {
		vcpus_resume(&b->vcpus);
		if (i % 7 == 0)
			usleep(i % 50);
		vcpus_pause(&b->vcpus);
	}
	assert_int_equal(fake_kvm.unfinished, 0);
}

static void pausing_twice_is_pausing_once(void **state)
{
	struct bench *b = *state;
	vcpus_resume(&b->vcpus);
	wait_until(&b->entered, N);
	vcpus_pause(&b->vcpus);
	vcpus_pause(&b->vcpus);
	unsigned entered = atomic_load(&b->entered);
	vcpus_resume(&b->vcpus);
	wait_until(&b->entered, entered + N);
}

static int one_port_then_stay(struct bench *b, unsigned vcpu, struct kvm_run *run)
{
	if (vcpu == 0 && atomic_fetch_sub(&b->left, 1) > 0)
		return port_exit(run, 0x80, 100);
	return FAKE_KVM_STAY;
}

static void io_of_the_last_exit_is_completed_before_a_reset(void **state)
{
	struct bench *b = *state;
	b->script = one_port_then_stay;
	for (int i = 0; i < 100; i++) {
		unsigned handled = atomic_load(&b->handled);
		atomic_store(&b->left, 1);
		vcpus_resume(&b->vcpus);
		wait_until(&b->handled, handled + 1);
		vcpus_pause(&b->vcpus);
		assert_int_equal(vcpus_reset(&b->vcpus, NULL), 0);
	}
	assert_int_equal(fake_kvm.unfinished, 0);
}

/* KVM goes on with a string instruction although it is told to exit: several exits to finish. */
static int pieces(struct bench *b, unsigned vcpu, struct kvm_run *run)
{
	(void)vcpu;
	return atomic_fetch_sub(&b->left, 1) > 0 ? port_exit(run, 0x81, 0) : FAKE_KVM_STAY;
}

static void an_access_in_pieces_is_finished_before_parking(void **state)
{
	struct bench *b = *state;
	fake_kvm.pieces = 5;
	atomic_store(&b->left, 1);
	b->script = pieces;
	vcpus_resume(&b->vcpus);
	wait_until(&b->handled, 6);
	vcpus_pause(&b->vcpus);
	assert_int_equal(atomic_load(&b->handled), 6);
	assert_int_equal(vcpus_reset(&b->vcpus, NULL), 0);
	assert_int_equal(fake_kvm.unfinished, 0);
}

static int pause_port(struct bench *b, unsigned vcpu, struct kvm_run *run)
{
	if (vcpu == 1 && atomic_fetch_sub(&b->left, 1) > 0)
		return port_exit(run, 0x81, 0);
	return FAKE_KVM_STAY;
}

static void a_handler_keeps_all_vcpus_out_until_resumed(void **state)
{
	struct bench *b = *state;
	atomic_store(&b->left, 1);
	b->script = pause_port;
	vcpus_resume(&b->vcpus);
	wait_until(&b->handled, 1);
	vcpus_pause(&b->vcpus); /* only waits: the flag is set already */
	unsigned entered = atomic_load(&b->entered);
	usleep(2000);
	assert_int_equal(atomic_load(&b->entered), entered);
	vcpus_resume(&b->vcpus);
	wait_until(&b->entered, entered + N);
}

static int reset_from_all(struct bench *b, unsigned vcpu, struct kvm_run *run)
{
	(void)vcpu;
	return atomic_fetch_sub(&b->left, 1) > 0 ? port_exit(run, 0x82, 0) : FAKE_KVM_STAY;
}

static void of_several_requests_at_once_one_is_delivered(void **state)
{
	struct bench *b = *state;
	b->script = reset_from_all;
	for (unsigned round = 1; round <= 20; round++) {
		atomic_store(&b->left, N);
		vcpus_resume(&b->vcpus);
		wait_until(&b->requests, round);
		vcpus_pause(&b->vcpus);
		assert_int_equal(atomic_load(&b->requests), round);
		assert_int_equal(atomic_load(&b->request), VCPU_REQUEST_RESET);
		assert_string_equal(b->report, "port");
	}
}

static int faults(struct bench *b, unsigned vcpu, struct kvm_run *run)
{
	(void)run;
	return vcpu == 0 && atomic_fetch_sub(&b->left, 1) > 0 ? -EFAULT : FAKE_KVM_STAY;
}

static void a_page_that_comes_back_is_waited_for(void **state)
{
	struct bench *b = *state;
	atomic_store(&b->left, 20);
	b->script = faults;
	vcpus_resume(&b->vcpus);
	wait_until(&b->entered, N + 20);
	assert_int_equal(atomic_load(&b->requests), 0);
}

static int always_faults(struct bench *b, unsigned vcpu, struct kvm_run *run)
{
	const uint64_t fault[3] = { 0, 0xC0001000, 4096 };
	if (vcpu || atomic_load(&b->requests))
		return FAKE_KVM_STAY;
	run->exit_reason = 39; /* KVM_EXIT_MEMORY_FAULT */
	memcpy(run->padding, fault, sizeof(fault));
	return -EFAULT;
}

static void a_page_that_stays_away_is_a_failure_with_its_address(void **state)
{
	struct bench *b = *state;
	b->script = always_faults;
	vcpus_resume(&b->vcpus);
	wait_until(&b->requests, 1);
	vcpus_pause(&b->vcpus);
	assert_int_equal(atomic_load(&b->request), VCPU_REQUEST_FAILED);
	assert_non_null(
		strstr(b->report, "vCPU 0: KVM_RUN: Bad address at guest address 0xc0001000"));
	assert_non_null(strstr(b->report, "rip"));
}

static int fails(struct bench *b, unsigned vcpu, struct kvm_run *run)
{
	(void)run;
	return vcpu == 2 && !atomic_load(&b->requests) ? -EINVAL : FAKE_KVM_STAY;
}

static void any_other_error_is_a_failure_at_once(void **state)
{
	struct bench *b = *state;
	b->script = fails;
	vcpus_resume(&b->vcpus);
	wait_until(&b->requests, 1);
	vcpus_pause(&b->vcpus);
	assert_int_equal(atomic_load(&b->request), VCPU_REQUEST_FAILED);
	assert_non_null(strstr(b->report, "vCPU 2: KVM_RUN: Invalid argument"));
}

static int unstarted(struct bench *b, unsigned vcpu, struct kvm_run *run)
{
	(void)run;
	return vcpu && atomic_fetch_sub(&b->left, 1) > 0 ? -EAGAIN : FAKE_KVM_STAY;
}

static void a_vcpu_that_waits_for_its_start_is_entered_again(void **state)
{
	struct bench *b = *state;
	atomic_store(&b->left, 10);
	b->script = unstarted;
	vcpus_resume(&b->vcpus);
	wait_until(&b->entered, N + 10);
	assert_int_equal(atomic_load(&b->requests), 0);
}

static void a_kick_is_counted_as_an_interruption(void **state)
{
	struct bench *b = *state;
	vcpus_resume(&b->vcpus);
	wait_until(&b->entered, N);
	vcpus_pause(&b->vcpus);
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(count(b, i, EXIT_KIND_INTR), 1);
}

static int look_at_signals(struct bench *b, unsigned vcpu, struct kvm_run *run)
{
	sigset_t mask;
	(void)vcpu;
	(void)run;
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	bool right = sigismember(&mask, SIGTERM) && sigismember(&mask, SIGINT) &&
		     sigismember(&mask, SIGALRM) && sigismember(&mask, SIGWINCH) &&
		     !sigismember(&mask, SIGRTMIN) && !sigismember(&mask, SIGSEGV) &&
		     !sigismember(&mask, SIGBUS);
	if (!right)
		atomic_store(&b->signals_right, false);
	return FAKE_KVM_STAY;
}

static void vcpu_threads_take_the_kick_and_no_other_signal(void **state)
{
	struct bench *b = *state;
	sigset_t mask;
	atomic_store(&b->signals_right, true);
	b->script = look_at_signals;
	vcpus_resume(&b->vcpus);
	wait_until(&b->entered, N);
	vcpus_pause(&b->vcpus);
	assert_true(atomic_load(&b->signals_right));
	pthread_sigmask(SIG_BLOCK, NULL, &mask); /* and ours is as it was */
	assert_false(sigismember(&mask, SIGTERM));
}

static void a_reader_is_online_only_in_handlers(void **state)
{
	struct bench *b = *state;
	vcpus_resume(&b->vcpus);
	wait_until(&b->entered, N);
	for (int i = 0; i < 10; i++)
		assert_int_equal(bus_publish(&b->mmio, BUS_PCI, NULL, 0), 0);
	/* All are in the guest: each old map was freed at once. */
	assert_int_equal(qs_reclaim(&b->qs), 0);
}

static void threads_stop_while_running(void **state)
{
	struct bench *b = *state;
	b->script = busy_port;
	vcpus_resume(&b->vcpus);
	wait_until(&b->handled, 10);
	vcpus_stop(&b->vcpus);
	assert_int_equal(b->vcpus.running, 0);
	assert_int_equal(atomic_load(&b->inside), 0);
}

static void threads_stop_while_paused(void **state)
{
	struct bench *b = *state;
	vcpus_pause(&b->vcpus);
	vcpus_stop(&b->vcpus);
	vcpus_stop(&b->vcpus); /* nothing left to stop */
	assert_int_equal(b->vcpus.running, 0);
}

static int always_reset(struct bench *b, unsigned vcpu, struct kvm_run *run)
{
	(void)b;
	(void)vcpu;
	return port_exit(run, 0x82, 0);
}

static void threads_stop_while_they_ask_for_something(void **state)
{
	struct bench *b = *state;
	b->script = always_reset;
	vcpus_resume(&b->vcpus);
	wait_until(&b->requests, 1);
	vcpus_stop(&b->vcpus);
	assert_int_equal(b->vcpus.running, 0);
}

static void threads_that_cannot_be_made_leave_none_behind(void **state)
{
	struct bench *b = *state;
	struct err err = { 0 };
	pthread_attr_t usual, huge;
	vcpus_stop(&b->vcpus);
	pthread_getattr_default_np(&usual);
	pthread_attr_init(&huge);
	pthread_attr_setstacksize(&huge, (size_t)1 << 46); /* no address space has this much left */
	pthread_setattr_default_np(&huge);
	int r = vcpus_start(&b->vcpus, &err);
	pthread_setattr_default_np(&usual);
	pthread_attr_destroy(&huge);
	pthread_attr_destroy(&usual);
	assert_true(r < 0);
	assert_non_null(strstr(err.text, "pthread_create"));
	assert_int_equal(b->vcpus.running, 0);
	assert_null(b->qs.readers);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(threads_start_paused_and_run_when_resumed),
		TEST(paused_means_outside_the_guest_and_outside_handlers),
		TEST(no_kick_is_lost),
		TEST(pausing_twice_is_pausing_once),
		TEST(io_of_the_last_exit_is_completed_before_a_reset),
		TEST(an_access_in_pieces_is_finished_before_parking),
		TEST(a_handler_keeps_all_vcpus_out_until_resumed),
		TEST(of_several_requests_at_once_one_is_delivered),
		TEST(a_page_that_comes_back_is_waited_for),
		TEST(a_page_that_stays_away_is_a_failure_with_its_address),
		TEST(any_other_error_is_a_failure_at_once),
		TEST(a_vcpu_that_waits_for_its_start_is_entered_again),
		TEST(a_kick_is_counted_as_an_interruption),
		TEST(vcpu_threads_take_the_kick_and_no_other_signal),
		TEST(a_reader_is_online_only_in_handlers),
		TEST(threads_stop_while_running),
		TEST(threads_stop_while_paused),
		TEST(threads_stop_while_they_ask_for_something),
		TEST(threads_that_cannot_be_made_leave_none_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
