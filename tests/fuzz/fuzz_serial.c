/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/irq.c
// with: fake/fake_irq.c
/*
 * A hostile guest at the ports of every small board device: each record of the input is one access,
 * or something that happens to the board from outside (typed bytes, time, the power button, a
 * reset).
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "core/layout.h"
#include "fake/fake_irq.h"
#include "hw/i8042.h"
#include "hw/serial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct board {
	struct qs qs;
	struct bus bus;
	struct loop loop;
	struct irqs irqs;
	struct platform_events events;
	struct pm pm;
	struct rtc rtc;
	struct i8042 kbc;
	struct reset_ports ports;
	struct serial serial;
	unsigned outside; /* resets and power-offs asked for, bytes sent */
};

static uint64_t clock_ns;

static uint64_t fake_ns(void)
{
	return clock_ns;
}

static uint64_t fake_ms(void)
{
	return clock_ns / 1000000;
}

static void count(void *ctx)
{
	((struct board *)ctx)->outside++;
}

static size_t send_bytes(void *ctx, const uint8_t *bytes, size_t n)
{
	(void)bytes;
	count(ctx);
	return n;
}

static uint64_t read_nothing(void *ctx, uint64_t off, unsigned size)
{
	(void)ctx;
	(void)off;
	return all_ones(size);
}

static void write_nothing(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	(void)off;
	(void)size;
	(void)value;
	count(ctx);
}

static const struct bus_ops nothing_ops = { read_nothing, write_nothing };

static void board_up(struct board *b)
{
	clock_ns = UINT64_C(1700000000) * 1000000000;
	fake_irq_init();
	b->events = (struct platform_events){ count, count, b };
	if (loop_init(&b->loop) || qs_init(&b->qs) || bus_init(&b->bus, &b->qs))
		abort();
	b->loop.now_ms = fake_ms;
	pm_init(&b->pm, &b->irqs, &b->loop, &b->events);
	b->pm.now_ns = fake_ns;
	pm_reset(&b->pm);
	rtc_init(&b->rtc, &b->irqs, &b->loop);
	b->rtc.now_ns = fake_ns;
	b->rtc.seen_ns = clock_ns;
	i8042_init(&b->kbc, false, &b->irqs, &b->loop, &b->events);
	reset_ports_init(&b->ports, &b->events, &nothing_ops, b);
	serial_init(&b->serial, &b->irqs, GSI_COM1, send_bytes, b);
	serial_on_drained(&b->serial, count, b);
	const struct bus_region regions[] = {
		{ PORT_I8042_DATA, 1, &i8042_data_ops, &b->kbc, 0 },
		{ PORT_I8042_STATUS, 1, &i8042_status_ops, &b->kbc, 0 },
		{ PORT_RTC, 2, &rtc_ops, &b->rtc, 0 },
		{ PORT_A20, 1, &port92_ops, &b->ports, 0 },
		{ PORT_COM1, 8, &serial_ops, &b->serial, 0 },
		{ PORT_PCI_ADDRESS, 4, &cf8_ops, &b->ports, 0 },
		{ PM_BASE, PM_SIZE, &pm_ops, &b->pm, 0 },
	};
	if (bus_publish(&b->bus, BUS_FIXED, regions, ARRAY_LEN(regions)))
		abort();
}

static void board_down(struct board *b)
{
	serial_fini(&b->serial);
	reset_ports_fini(&b->ports);
	i8042_fini(&b->kbc);
	rtc_fini(&b->rtc);
	pm_fini(&b->pm);
	bus_fini(&b->bus);
	qs_fini(&b->qs);
	loop_fini(&b->loop);
}

static void from_outside(struct board *b, uint8_t what, const uint8_t *bytes)
{
	switch (what % 8) {
	case 0:
		serial_input(&b->serial, bytes, 4);
		break;
	case 1:
		pm_power_button(&b->pm);
		break;
	case 2:
		pm_reset(&b->pm);
		rtc_reset(&b->rtc);
		i8042_reset(&b->kbc);
		reset_ports_reset(&b->ports);
		serial_reset(&b->serial);
		break;
	case 3:
		loop_step(&b->loop, 0);
		break;
	default: /* up to four days at a time */
		clock_ns += (uint64_t)le32_get(bytes) << (what % 8 * 2);
		break;
	}
}

/* port select, what, value[4] */
#define RECORD 6

static void step(struct board *b, const uint8_t *r)
{
	static const uint16_t bases[] = { 0x60, 0x64, 0x70, 0x71, 0x92, 0x3F8, 0xCF8, 0x600 };
	static const uint8_t sizes[] = { 1, 2, 4, 1 };
	if (r[1] & 0x80) {
		from_outside(b, r[1], r + 2);
		return;
	}
	/* The high bits reach the PM block's far end. */
	uint64_t port = bases[r[0] & 7] + (r[0] >> 3) + (r[1] & 0x60);
	unsigned size = sizes[r[1] & 3];
	if (r[1] & 4) {
		uint64_t v = bus_read(&b->bus, port, size);
		if (v & ~all_ones(size))
			abort();
	} else {
		bus_write(&b->bus, port, size, le32_get(r + 2));
	}
}

/* What must hold whatever the guest does. */
static void check(struct board *b)
{
	if (b->serial.rx_n > SERIAL_FIFO || b->serial.rx_head >= SERIAL_FIFO ||
	    b->rtc.index >= RTC_CMOS_SIZE || !(b->rtc.cmos[0x0D] & 0x80) || !(b->pm.pm1_cnt & 1))
		abort();
	if (b->serial.line != fake_irq.line[GSI_COM1].level ||
	    b->pm.sci != fake_irq.line[GSI_SCI].level || b->rtc.irq != fake_irq.line[GSI_RTC].level)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct board *b = calloc(1, sizeof(*b));
	if (!b)
		return 0;
	board_up(b);
	for (size_t at = 0; at + RECORD <= size; at += RECORD) {
		step(b, data + at);
		check(b);
	}
	board_down(b);
	free(b);
	return 0;
}
