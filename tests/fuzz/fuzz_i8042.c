/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/irq.c
// with: fake/fake_irq.c
/*
 * A hostile guest at the keyboard controller while somebody types and moves the mouse: nothing may
 * grow, the lines follow the buffer, and once the guest reads and enables all, no key hangs.
 */
#include <stdlib.h>

#include "base/bytes.h"
#include "fake/fake_irq.h"
#include "hw/i8042.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t clock_ms;

static uint64_t fake_ms(void)
{
	return clock_ms;
}

static void count(void *ctx)
{
	++*(unsigned *)ctx;
}

static void check(struct i8042 *kbc)
{
	if (kbc->keyboard.events.n > PS2_BYTES || kbc->keyboard.answers.n > PS2_BYTES ||
	    kbc->mouse.events.n > PS2_BYTES || kbc->mouse.answers.n > PS2_BYTES ||
	    (kbc->keyboard.set != 1 && kbc->keyboard.set != 2))
		abort();
	bool full = kbc->status & 1, aux = kbc->status & 0x20;
	if (fake_irq.line[1].level != (full && !aux && (kbc->config & 1)) ||
	    fake_irq.line[12].level != (full && aux && (kbc->config & 2)))
		abort();
}

static unsigned drain(struct i8042 *kbc)
{
	unsigned n = 0;
	for (; i8042_status_ops.read(kbc, 0, 1) & 1; n++) {
		i8042_data_ops.read(kbc, 0, 1);
		if (n > 4096) /* every key's change, and a few packets */
			abort();
	}
	return n;
}

static void step(struct i8042 *kbc, const uint8_t *r)
{
	switch (r[0] % 8) {
	case 0:
		i8042_status_ops.write(kbc, 0, 1, r[1]);
		break;
	case 1:
		i8042_data_ops.write(kbc, 0, 1, r[1]);
		break;
	case 2:
		i8042_data_ops.read(kbc, 0, 1);
		break;
	case 3:
		i8042_key(kbc, r[1] | (r[2] & 1u) << 8, r[2] & 2);
		break;
	case 4:
		i8042_mouse(kbc, (int8_t)r[1] * 100, (int8_t)r[2], (int8_t)r[3], r[0] >> 3);
		break;
	case 5:
		clock_ms += r[1];
		loop_step(kbc->loop, 0);
		break;
	case 6:
		/* To the mouse, as a driver does. */
		i8042_status_ops.write(kbc, 0, 1, 0xD4);
		i8042_data_ops.write(kbc, 0, 1, r[1]);
		break;
	default:
		if (r[1] == 0)
			i8042_reset(kbc);
		else
			drain(kbc);
		break;
	}
}

/* A driver takes over: it knows of no key that is not held, and of every one it was told of. */
static void settle(struct i8042 *kbc)
{
	i8042_status_ops.write(kbc, 0, 1, 0xAE);
	drain(kbc);
	i8042_data_ops.write(kbc, 0, 1, 0xF4);
	i8042_data_ops.write(kbc, 0, 1, 0xF4);
	drain(kbc);
	for (unsigned i = 0; i < ARRAY_LEN(kbc->keyboard.down); i++)
		if (kbc->keyboard.down[i] != kbc->keyboard.told[i])
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct i8042 kbc;
	struct irqs irqs;
	struct loop loop;
	unsigned resets = 0;
	const struct platform_events events = { .reset = count, .ctx = &resets };
	fake_irq_init();
	clock_ms = 1000;
	if (loop_init(&loop))
		abort();
	loop.now_ms = fake_ms;
	i8042_init(&kbc, !size || !(data[0] & 0x80), &irqs, &loop, &events);
	for (size_t at = 1; at + 4 <= size; at += 4) {
		step(&kbc, data + at);
		check(&kbc);
	}
	settle(&kbc);
	i8042_fini(&kbc);
	loop_fini(&loop);
	return 0;
}
