/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vCPU of the in-memory KVM whose exits a test makes up: for tests of kvm/exit.c. Included after
 * cmocka.h, by one file of a test.
 */
#ifndef BULKHEAD_TESTS_EXIT_BENCH_H
#define BULKHEAD_TESTS_EXIT_BENCH_H

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "fake/fake_kvm.h"
#include "kvm/exit.h"

struct access {
	bool write;
	uint64_t off, value;
	unsigned size;
};

/* A vCPU that never runs, two buses that record, and what was requested of the main loop. */
struct bench {
	struct vm vm;
	struct vcpus vcpus;
	struct vcpu *vcpu;
	struct qs qs;
	struct bus mmio, pio;
	struct gmem gmem;
	struct access log[64];
	unsigned n_log;
	uint64_t answer; /* each read gives this and then one more */
	unsigned requests;
	enum vcpu_request request;
	char report[4096];
};

static inline void record(struct bench *b, struct access a)
{
	if (b->n_log < ARRAY_LEN(b->log))
		b->log[b->n_log] = a;
	b->n_log++;
}

static inline uint64_t on_read(void *ctx, uint64_t off, unsigned size)
{
	struct bench *b = ctx;
	record(b, (struct access){ false, off, b->answer, size });
	return b->answer++;
}

static inline void on_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	record(ctx, (struct access){ true, off, value, size });
}

static inline void on_request(void *ctx, enum vcpu_request what, const char *report)
{
	struct bench *b = ctx;
	b->requests++;
	b->request = what;
	snprintf(b->report, sizeof(b->report), "%s", report);
}

static inline int setup(void **state)
{
	static const struct bus_ops ops = { on_read, on_write };
	static struct bench bench;
	static struct cpuid cpuid;
	struct bench *b = &bench;
	memset(b, 0, sizeof(*b));
	fake_kvm_reset();
	const struct bus_region ports = { 0x300, 0x100, &ops, b, 0 };
	const struct bus_region device = { 0xC0000000, 0x1000, &ops, b, 0 };
	const struct range ram = { 0, 2 * MIB };
	*state = b;
	if (vm_init(&b->vm, 3, NULL) || vcpus_init(&b->vcpus, &b->vm, 1, &cpuid, NULL) ||
	    qs_init(&b->qs) || bus_init(&b->mmio, &b->qs) || bus_init(&b->pio, &b->qs) ||
	    bus_publish(&b->pio, BUS_FIXED, &ports, 1) ||
	    bus_publish(&b->mmio, BUS_FIXED, &device, 1) || gmem_init(&b->gmem, &ram, 1, NULL))
		return -1;
	b->vcpus.mmio = &b->mmio;
	b->vcpus.pio = &b->pio;
	b->vcpus.qs = &b->qs;
	b->vcpus.gmem = &b->gmem;
	b->vcpus.request = on_request;
	b->vcpus.request_ctx = b;
	b->vcpu = &b->vcpus.at[0];
	return 0;
}

static inline int teardown(void **state)
{
	struct bench *b = *state;
	vcpus_fini(&b->vcpus);
	vm_fini(&b->vm);
	bus_fini(&b->mmio);
	bus_fini(&b->pio);
	qs_fini(&b->qs);
	gmem_fini(&b->gmem);
	return 0;
}

static inline uint64_t count(struct bench *b, enum exit_kind kind)
{
	return atomic_load(&b->vcpu->exits[kind]);
}

static inline void assert_failed(struct bench *b, const char *text)
{
	assert_int_equal(b->requests, 1);
	assert_int_equal(b->request, VCPU_REQUEST_FAILED);
	assert_non_null(strstr(b->report, text));
	assert_non_null(strstr(b->report, "rip"));
	assert_true(b->vcpus.pause);
}

#endif
