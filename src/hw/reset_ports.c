/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/bytes.h"
#include "hw/platform.h"

/* ICH9 datasheet §13.7: 0x92 bit 0 is INIT_NOW, bit 1 the A20 gate (always open here). */
#define INIT_NOW 0x01
#define A20_GATE 0x02

/* 0xCF9: bit 2 starts the reset as it goes to 1; bits 1 and 3 say which kind. All are one here. */
#define RST_CPU 0x04
#define CF9_STORED 0x0A /* SYS_RST, FULL_RST */
#define CF9_OFFSET 1    /* in the ports at 0xCF8 */

void reset_ports_init(struct reset_ports *ports, const struct platform_events *events,
		      const struct bus_ops *address_ops, void *address_ctx)
{
	*ports = (struct reset_ports){ .events = events,
				       .address_ops = address_ops,
				       .address_ctx = address_ctx };
	pthread_mutex_init(&ports->lock, NULL);
	reset_ports_reset(ports);
}

void reset_ports_fini(struct reset_ports *ports)
{
	pthread_mutex_destroy(&ports->lock);
}

void reset_ports_reset(struct reset_ports *ports)
{
	pthread_mutex_lock(&ports->lock);
	ports->port92 = A20_GATE;
	ports->cf9 = 0;
	pthread_mutex_unlock(&ports->lock);
}

/* Stores what a write leaves; true when `trigger` went from 0 to 1. */
static bool store(struct reset_ports *ports, uint8_t *reg, uint8_t value, uint8_t trigger)
{
	pthread_mutex_lock(&ports->lock);
	bool rose = value & ~*reg & trigger;
	*reg = value;
	pthread_mutex_unlock(&ports->lock);
	return rose;
}

static uint8_t load(struct reset_ports *ports, const uint8_t *reg)
{
	pthread_mutex_lock(&ports->lock);
	uint8_t value = *reg;
	pthread_mutex_unlock(&ports->lock);
	return value;
}

static uint64_t port92_read(void *ctx, uint64_t off, unsigned size)
{
	struct reset_ports *ports = ctx;
	(void)off;
	(void)size;
	return load(ports, &ports->port92);
}

static void port92_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct reset_ports *ports = ctx;
	(void)off;
	(void)size;
	if (store(ports, &ports->port92, value & (INIT_NOW | A20_GATE), INIT_NOW))
		ports->events->reset(ports->events->ctx);
}

const struct bus_ops port92_ops = { .read = port92_read, .write = port92_write };

static uint64_t cf8_read(void *ctx, uint64_t off, unsigned size)
{
	struct reset_ports *ports = ctx;
	if (off == CF9_OFFSET && size == 1)
		return load(ports, &ports->cf9);
	return ports->address_ops->read(ports->address_ctx, off, size);
}

static void cf8_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct reset_ports *ports = ctx;
	if (off != CF9_OFFSET || size != 1)
		ports->address_ops->write(ports->address_ctx, off, size, value);
	else if (store(ports, &ports->cf9, value & (CF9_STORED | RST_CPU), RST_CPU))
		ports->events->reset(ports->events->ctx);
}

const struct bus_ops cf8_ops = { .read = cf8_read, .write = cf8_write };
