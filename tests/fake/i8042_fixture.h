/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A keyboard controller with or without its devices, and how a guest asks it. */
#ifndef BULKHEAD_TESTS_I8042_FIXTURE_H
#define BULKHEAD_TESTS_I8042_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <linux/input-event-codes.h>
#include <string.h>

#include "base/bytes.h"
#include "fake/fake_irq.h"
#include "hw/i8042.h"

struct fixture {
	struct i8042 kbc;
	struct irqs irqs;
	struct loop loop;
	struct platform_events events;
	unsigned resets;
	unsigned led_calls;
	uint8_t leds;
};

static uint64_t clock_ms;

static inline uint64_t fake_ms(void)
{
	return clock_ms;
}

static inline void count_reset(void *ctx)
{
	struct fixture *f = ctx;
	f->resets++;
	i8042_status_ops.read(&f->kbc, 0, 1); /* no lock may be held here */
}

static inline void note_leds(void *ctx, uint8_t leds)
{
	struct fixture *f = ctx;
	f->led_calls++;
	f->leds = leds;
	i8042_status_ops.read(&f->kbc, 0, 1); /* no lock may be held here */
}

static inline int set_up(void **state, bool devices)
{
	struct fixture *f = calloc(1, sizeof(*f));
	fake_irq_init();
	assert_int_equal(loop_init(&f->loop), 0);
	clock_ms = 1000;
	f->loop.now_ms = fake_ms;
	f->events = (struct platform_events){ .reset = count_reset, .ctx = f };
	i8042_init(&f->kbc, devices, &f->irqs, &f->loop, &f->events);
	f->kbc.on_leds = note_leds;
	f->kbc.on_leds_ctx = f;
	*state = f;
	return 0;
}

static inline int setup(void **state)
{
	return set_up(state, false);
}

static inline int setup_devices(void **state)
{
	return set_up(state, true);
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	i8042_fini(&f->kbc);
	loop_fini(&f->loop);
	free(f);
	return 0;
}

static inline uint8_t status(struct fixture *f)
{
	return (uint8_t)i8042_status_ops.read(&f->kbc, 0, 1);
}

static inline uint8_t data(struct fixture *f)
{
	assert_int_equal(status(f) & 1, 1);
	return (uint8_t)i8042_data_ops.read(&f->kbc, 0, 1);
}

static inline void command(struct fixture *f, uint8_t value)
{
	i8042_status_ops.write(&f->kbc, 0, 1, value);
}

static inline void send(struct fixture *f, uint8_t value)
{
	i8042_data_ops.write(&f->kbc, 0, 1, value);
}

static inline void expect(struct fixture *f, const uint8_t *bytes, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(status(f) & 1, 1);
		assert_int_equal(data(f), bytes[i]);
	}
	assert_int_equal(status(f) & 1, 0);
}
#define EXPECT(f, ...)                                                                             \
	expect(f, (const uint8_t[]){ __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ }))

static inline void aux(struct fixture *f, uint8_t value)
{
	command(f, 0xD4);
	send(f, value);
}

static inline void configure(struct fixture *f, uint8_t value)
{
	command(f, 0x60);
	send(f, value);
}

#endif
