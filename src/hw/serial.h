/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A 16550A UART (National PC16550D): the guest's COM1. Transmission takes no time: what the guest
 * writes goes to `output` at once, which never blocks (hw/console.c). Input comes from the main
 * loop into the receive FIFO, and `drained` asks for more.
 */
#ifndef BULKHEAD_HW_SERIAL_H
#define BULKHEAD_HW_SERIAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/bus.h"
#include "kvm/irq.h"

#define SERIAL_FIFO 16

struct serial {
	pthread_mutex_t lock;
	struct irqs *irqs; /* borrowed */
	unsigned gsi;
	/* Takes bytes, returns how many; the rest is lost. Lock held; must not block. */
	size_t (*output)(void *ctx, const uint8_t *bytes, size_t n);
	void *output_ctx;
	/* The guest has read the FIFO empty. NULL = nobody waits. Called with the lock held. */
	void (*drained)(void *ctx);
	void *drained_ctx;
	uint8_t ier, lcr, mcr, scr, fcr, dll, dlm;
	uint8_t msr_delta; /* modem status changes not yet read */
	uint8_t rx[SERIAL_FIFO];
	unsigned rx_head, rx_n;
	bool overrun;   /* LSR.OE */
	bool thr_empty; /* THRE interrupt pending; reading IIR takes it back */
	bool line;      /* level last driven */
};

void serial_init(struct serial *serial, struct irqs *irqs, unsigned gsi,
		 size_t (*output)(void *ctx, const uint8_t *bytes, size_t n), void *ctx);
void serial_fini(struct serial *serial);
void serial_reset(struct serial *serial);
/* From then on `drained` is called (NULL: no more). Any thread but not from `drained` itself. */
void serial_on_drained(struct serial *serial, void (*drained)(void *ctx), void *ctx);
/* Bytes typed; returns how many fitted the FIFO (one while the guest has it off). Any thread. */
size_t serial_input(struct serial *serial, const uint8_t *bytes, size_t n);
extern const struct bus_ops serial_ops; /* 8 ports */

#endif
