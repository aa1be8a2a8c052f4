/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/bus.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/range.h"

static struct qs qs;
static struct bus bus;

static int setup(void **state)
{
	(void)state;
	return qs_init(&qs) || bus_init(&bus, &qs);
}

static int teardown(void **state)
{
	(void)state;
	bus_fini(&bus);
	qs_fini(&qs);
	return 0;
}

/* A device that answers with its id and the offset it was asked for, and remembers writes. */
struct probe {
	uint8_t id;
	unsigned writes;
	uint64_t off, value;
	unsigned size;
};

static uint64_t probe_read(void *ctx, uint64_t off, unsigned size)
{
	struct probe *p = ctx;
	p->size = size;
	return (uint64_t)p->id << 56 | off;
}

static void probe_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct probe *p = ctx;
	p->writes++;
	p->off = off;
	p->size = size;
	p->value = value;
}

static const struct bus_ops probe_ops = { probe_read, probe_write };

static void handlers_see_offsets_and_their_own_context(void **state)
{
	(void)state;
	struct probe a = { .id = 1 }, b = { .id = 2 };
	const struct bus_region regions[] = {
		{ .base = 0x2000, .size = 0x100, .ops = &probe_ops, .ctx = &b },
		{ .base = 0x1000, .size = 0x100, .ops = &probe_ops, .ctx = &a, .ctx_off = 0x40 },
	};
	assert_int_equal(bus_publish(&bus, BUS_PCI, regions, 2), 0);
	assert_true(bus_read(&bus, 0x1008, 8) == (UINT64_C(1) << 56 | 0x48));
	assert_true(bus_read(&bus, 0x20f8, 8) == (UINT64_C(2) << 56 | 0xf8));
	bus_write(&bus, 0x1001, 2, 0x12345678);
	assert_int_equal(a.writes, 1);
	assert_int_equal(a.off, 0x41);
	assert_int_equal(a.size, 2);
	assert_int_equal(a.value, 0x5678); /* no more than was written */
	assert_int_equal(b.writes, 0);
}

static void reads_are_cut_to_their_size(void **state)
{
	(void)state;
	struct probe a = { .id = 0xff };
	const struct bus_region region = {
		.base = 0, .size = 0x1000, .ops = &probe_ops, .ctx = &a, .ctx_off = 0x11111111
	};
	assert_int_equal(bus_publish(&bus, BUS_PCI, &region, 1), 0);
	assert_int_equal(bus_read(&bus, 0, 1), 0x11);
	assert_int_equal(bus_read(&bus, 0, 2), 0x1111);
	assert_int_equal(bus_read(&bus, 0, 4), 0x11111111);
}

static void a_miss_reads_all_ones_and_drops_writes(void **state)
{
	(void)state;
	struct probe a = { .id = 1 };
	const struct bus_region region = {
		.base = 0x1000, .size = 0x10, .ops = &probe_ops, .ctx = &a
	};
	assert_true(bus_read(&bus, 0x1000, 8) == UINT64_MAX); /* nothing there yet */
	assert_int_equal(bus_publish(&bus, BUS_PCI, &region, 1), 0);
	assert_int_equal(bus_read(&bus, 0xfff, 1), 0xff);
	assert_int_equal(bus_read(&bus, 0x1010, 4), 0xffffffff);
	bus_write(&bus, 0x1010, 1, 0);
	bus_write(&bus, 0, 1, 0);
	bus_write(&bus, UINT64_MAX, 8, 0);
	assert_int_equal(a.writes, 0);
}

static void a_straddling_access_is_a_miss_on_both_sides(void **state)
{
	(void)state;
	struct probe a = { .id = 1 }, b = { .id = 2 };
	const struct bus_region regions[] = {
		{ .base = 0x1000, .size = 0x10, .ops = &probe_ops, .ctx = &a },
		{ .base = 0x1010, .size = 0x10, .ops = &probe_ops, .ctx = &b },
	};
	assert_int_equal(bus_publish(&bus, BUS_PCI, regions, 2), 0);
	assert_int_equal(bus_read(&bus, 0x100e, 4), 0xffffffff);
	assert_int_equal(bus_read(&bus, 0xffe, 4), 0xffffffff);
	bus_write(&bus, 0x100f, 2, 0);
	bus_write(&bus, 0x101d, 4, 0);
	assert_int_equal(a.writes + b.writes, 0);
	bus_write(&bus, 0x100e, 2, 0);
	bus_write(&bus, 0x101c, 4, 0);
	assert_int_equal(a.writes, 1);
	assert_int_equal(b.writes, 1);
}

static void a_handler_left_out_is_a_miss(void **state)
{
	(void)state;
	static const struct bus_ops none = { NULL, NULL };
	const struct bus_region region = { .base = 0x1000, .size = 0x10, .ops = &none };
	assert_int_equal(bus_publish(&bus, BUS_FIXED, &region, 1), 0);
	assert_int_equal(bus_read(&bus, 0x1000, 2), 0xffff);
	bus_write(&bus, 0x1000, 2, 1);
}

static void regions_reach_to_the_last_address(void **state)
{
	(void)state;
	struct probe a = { .id = 1 };
	struct bus_region region = {
		.base = UINT64_MAX - 0xf, .size = 0x10, .ops = &probe_ops, .ctx = &a
	};
	assert_int_equal(bus_publish(&bus, BUS_PCI, &region, 1), 0);
	bus_write(&bus, UINT64_MAX, 1, 0);
	assert_int_equal(a.off, 0xf);
	bus_write(&bus, UINT64_MAX, 2, 0);
	assert_int_equal(a.writes, 1);
	region.size = 0x11;
	assert_int_equal(bus_publish(&bus, BUS_PCI, &region, 1), -EINVAL);
	region.size = 0;
	assert_int_equal(bus_publish(&bus, BUS_PCI, &region, 1), -EINVAL);
	bus_write(&bus, UINT64_MAX, 1, 0); /* the refused ones changed nothing */
	assert_int_equal(a.writes, 2);
	struct probe over = { .id = 2 };
	const struct bus_region last = {
		.base = UINT64_MAX, .size = 1, .ops = &probe_ops, .ctx = &over
	};
	assert_int_equal(bus_publish(&bus, BUS_FIXED, &last, 1), 0);
	bus_write(&bus, UINT64_MAX, 1, 0);
	bus_write(&bus, UINT64_MAX - 1, 1, 0);
	assert_int_equal(over.writes, 1);
	assert_int_equal(a.writes, 3);
}

static void an_owner_replaces_only_its_own(void **state)
{
	(void)state;
	struct probe fixed = { .id = 1 }, pci = { .id = 2 };
	struct bus_region f = { .base = 0x1000, .size = 0x10, .ops = &probe_ops, .ctx = &fixed };
	struct bus_region p = { .base = 0x2000, .size = 0x10, .ops = &probe_ops, .ctx = &pci };
	assert_int_equal(bus_publish(&bus, BUS_FIXED, &f, 1), 0);
	assert_int_equal(bus_publish(&bus, BUS_PCI, &p, 1), 0);
	p.base = 0x3000;
	assert_int_equal(bus_publish(&bus, BUS_PCI, &p, 1), 0);
	bus_write(&bus, 0x2000, 1, 0);
	assert_int_equal(pci.writes, 0);
	bus_write(&bus, 0x3000, 1, 0);
	bus_write(&bus, 0x1000, 1, 0);
	assert_int_equal(pci.writes, 1);
	assert_int_equal(fixed.writes, 1);
	assert_int_equal(bus_publish(&bus, BUS_PCI, NULL, 0), 0);
	bus_write(&bus, 0x3000, 1, 0);
	assert_int_equal(pci.writes, 1);
}

static void a_bar_over_the_platform_loses_only_what_is_covered(void **state)
{
	(void)state;
	struct probe fixed = { .id = 1 }, bar = { .id = 2 };
	const struct bus_region f = {
		.base = 0x1010, .size = 0x10, .ops = &probe_ops, .ctx = &fixed
	};
	const struct bus_region p = {
		.base = 0x1000, .size = 0x100, .ops = &probe_ops, .ctx = &bar, .ctx_off = 0x1000
	};
	assert_int_equal(bus_publish(&bus, BUS_PCI, &p, 1), 0);
	assert_int_equal(bus_publish(&bus, BUS_FIXED, &f, 1), 0);
	assert_true(bus_read(&bus, 0x100f, 8) ==
		    UINT64_MAX); /* straddles into the platform device */
	bus_write(&bus, 0x1010, 1, 0);
	assert_int_equal(fixed.writes, 1);
	bus_write(&bus, 0x100f, 1, 0);
	assert_int_equal(bar.off, 0x100f);
	bus_write(&bus, 0x1020, 1, 0);
	assert_int_equal(bar.off, 0x1020); /* offsets go on behind the hole */
}

/* Random layouts in a small space, byte by byte against the rule said in the header. */

static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % n;
}

enum { SPACE = 64, MOST = 6 };

static const struct bus_region *winner(struct bus_region regions[BUS_OWNERS][MOST],
				       const size_t n[BUS_OWNERS], uint64_t at)
{
	for (int owner = 0; owner < BUS_OWNERS; owner++)
		for (size_t i = 0; i < n[owner]; i++)
			if (range_contains((struct range){ regions[owner][i].base,
							   regions[owner][i].size },
					   at, 1))
				return &regions[owner][i];
	return NULL;
}

static void overlaps_resolve_byte_by_byte_as_promised(void **state)
{
	(void)state;
	struct probe probes[BUS_OWNERS][MOST];
	struct bus_region regions[BUS_OWNERS][MOST];
	size_t n[BUS_OWNERS];
	random_state = 12345;
	for (int round = 0; round < 2000; round++) {
		for (int owner = 0; owner < BUS_OWNERS; owner++) {
			n[owner] = random_below(MOST + 1);
			for (size_t i = 0; i < n[owner]; i++) {
				uint64_t base = random_below(SPACE);
				probes[owner][i] =
					(struct probe){ .id = (uint8_t)(1 + owner * MOST + i) };
				regions[owner][i] = (struct bus_region){
					base,
					1 + random_below((uint32_t)(SPACE - base)),
					&probe_ops,
					&probes[owner][i],
					random_below(3) * 0x100,
				};
			}
			assert_int_equal(bus_publish(&bus, (enum bus_owner)owner, regions[owner],
						     n[owner]),
					 0);
		}
		for (uint64_t at = 0; at < SPACE + 2; at++) {
			const struct bus_region *r = winner(regions, n, at);
			struct probe *p = r ? r->ctx : NULL;
			unsigned before = p ? p->writes : 0;
			bus_write(&bus, at, 1, 0);
			if (!p) {
				assert_int_equal(bus_read(&bus, at, 1), 0xff);
				continue;
			}
			assert_int_equal(p->writes, before + 1);
			assert_int_equal(p->off, at - r->base + r->ctx_off);
		}
	}
}

/* --- a layout that changes under running vCPUs --- */

static atomic_bool done;

static void *touch(void *arg)
{
	struct qs_reader reader;
	(void)arg;
	qs_register(&qs, &reader);
	while (!atomic_load(&done)) {
		qs_online(&qs, &reader);
		for (uint64_t at = 0; at < 0x400; at += 0x10) {
			uint64_t v = bus_read(&bus, at, 8);
			if (v != UINT64_MAX && v >> 56 != 7)
				abort();
		}
		qs_offline(&reader);
	}
	qs_unregister(&qs, &reader);
	return NULL;
}

static uint64_t constant_read(void *ctx, uint64_t off, unsigned size)
{
	(void)ctx;
	(void)size;
	return UINT64_C(7) << 56 | off;
}

static void a_new_layout_is_published_under_running_readers(void **state)
{
	(void)state;
	static const struct bus_ops constant = { constant_read, NULL };
	pthread_t threads[2];
	atomic_store(&done, false);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, touch, NULL), 0);
	for (unsigned i = 0; i < 2000; i++) {
		const struct bus_region region = { .base = i % 0x300,
						   .size = 0x80,
						   .ops = &constant };
		assert_int_equal(bus_publish(&bus, i & 1 ? BUS_PCI : BUS_FIXED, &region, 1), 0);
		if (i % 64 == 0)
			usleep(50);
	}
	atomic_store(&done, true);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(qs_reclaim(&qs), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(handlers_see_offsets_and_their_own_context),
		TEST(reads_are_cut_to_their_size),
		TEST(a_miss_reads_all_ones_and_drops_writes),
		TEST(a_straddling_access_is_a_miss_on_both_sides),
		TEST(a_handler_left_out_is_a_miss),
		TEST(regions_reach_to_the_last_address),
		TEST(an_owner_replaces_only_its_own),
		TEST(a_bar_over_the_platform_loses_only_what_is_covered),
		TEST(overlaps_resolve_byte_by_byte_as_promised),
		TEST(a_new_layout_is_published_under_running_readers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
