/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/serial.h"

#include <linux/serial_reg.h>
#include <string.h>

#include "base/bytes.h"

#define IER_MASK 0x0F
#define MCR_MASK 0x1F
#define FCR_MASK (UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_MASK)
#define MSR_LINES 0xF0                                     /* CTS, DSR, RI, DCD */
#define CABLE (UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DCD) /* what a connected terminal asserts */

void serial_init(struct serial *serial, struct irqs *irqs, unsigned gsi,
		 size_t (*output)(void *ctx, const uint8_t *bytes, size_t n), void *ctx)
{
	*serial = (struct serial){ .irqs = irqs, .gsi = gsi, .output = output, .output_ctx = ctx };
	pthread_mutex_init(&serial->lock, NULL);
}

void serial_fini(struct serial *serial)
{
	pthread_mutex_destroy(&serial->lock);
}

/* --- interrupts: the highest-priority source is in IIR (PC16550D table 5) --- */

static bool received_enough(const struct serial *s)
{
	static const uint8_t triggers[] = { 1, 4, 8, 14 };
	return s->rx_n && (!(s->fcr & UART_FCR_ENABLE_FIFO) || s->rx_n >= triggers[s->fcr >> 6]);
}

/*
 * Fewer bytes than the trigger level report as a character timeout. On hardware four characters'
 * time passes first; here it has always passed.
 */
static uint8_t interrupt_id(const struct serial *s)
{
	if ((s->ier & UART_IER_RLSI) && s->overrun)
		return UART_IIR_RLSI;
	if ((s->ier & UART_IER_RDI) && s->rx_n)
		return received_enough(s) ? UART_IIR_RDI : UART_IIR_RX_TIMEOUT;
	if ((s->ier & UART_IER_THRI) && s->thr_empty)
		return UART_IIR_THRI;
	if ((s->ier & UART_IER_MSI) && s->msr_delta)
		return UART_IIR_MSI;
	return UART_IIR_NO_INT;
}

/* On a PC, OUT2 gates the interrupt output; in loopback the pin is held off. */
static void update_line(struct serial *s)
{
	bool level = interrupt_id(s) != UART_IIR_NO_INT && (s->mcr & UART_MCR_OUT2) &&
		     !(s->mcr & UART_MCR_LOOP);
	if (level == s->line)
		return;
	s->line = level;
	irq_line(s->irqs, s->gsi, level);
}

/* --- receiver --- */

static unsigned rx_room(const struct serial *s)
{
	unsigned depth = s->fcr & UART_FCR_ENABLE_FIFO ? SERIAL_FIFO : 1;
	return depth > s->rx_n ? depth - s->rx_n : 0;
}

static void rx_push(struct serial *s, uint8_t byte)
{
	s->rx[(s->rx_head + s->rx_n++) % SERIAL_FIFO] = byte;
}

static void rx_clear(struct serial *s)
{
	bool had = s->rx_n > 0;
	s->rx_head = s->rx_n = 0;
	if (had && s->drained)
		s->drained(s->drained_ctx);
}

static uint8_t rx_pop(struct serial *s)
{
	if (!s->rx_n)
		return 0;
	uint8_t byte = s->rx[s->rx_head];
	s->rx_head = (s->rx_head + 1) % SERIAL_FIFO;
	if (!--s->rx_n && s->drained)
		s->drained(s->drained_ctx);
	return byte;
}

void serial_on_drained(struct serial *serial, void (*drained)(void *ctx), void *ctx)
{
	pthread_mutex_lock(&serial->lock);
	serial->drained = drained;
	serial->drained_ctx = ctx;
	pthread_mutex_unlock(&serial->lock);
}

size_t serial_input(struct serial *serial, const uint8_t *bytes, size_t n)
{
	size_t taken = 0;
	pthread_mutex_lock(&serial->lock);
	/* In loopback the receiver is cut off from the outside. */
	if (!(serial->mcr & UART_MCR_LOOP))
		for (; taken < n && rx_room(serial); taken++)
			rx_push(serial, bytes[taken]);
	update_line(serial);
	pthread_mutex_unlock(&serial->lock);
	return taken;
}

/* --- transmitter --- */

static void transmit(struct serial *s, uint8_t byte)
{
	if (!(s->mcr & UART_MCR_LOOP))
		s->output(s->output_ctx, &byte, 1);
	else if (rx_room(s))
		rx_push(s, byte);
	else
		s->overrun = true;
	s->thr_empty = true;
}

/* --- modem lines --- */

/* In loopback the outputs come back as inputs: DTR→DSR, RTS→CTS, OUT1→RI, OUT2→DCD. */
static uint8_t modem_lines(const struct serial *s)
{
	if (!(s->mcr & UART_MCR_LOOP))
		return CABLE;
	return (uint8_t)((s->mcr & UART_MCR_DTR ? UART_MSR_DSR : 0) |
			 (s->mcr & UART_MCR_RTS ? UART_MSR_CTS : 0) |
			 (s->mcr & UART_MCR_OUT1 ? UART_MSR_RI : 0) |
			 (s->mcr & UART_MCR_OUT2 ? UART_MSR_DCD : 0));
}

static void write_mcr(struct serial *s, uint8_t value)
{
	bool was_loop = s->mcr & UART_MCR_LOOP;
	uint8_t before = modem_lines(s);
	s->mcr = value & MCR_MASK;
	uint8_t changed = (before ^ modem_lines(s)) & MSR_LINES;
	/* The ring indicator counts only when it ends. */
	if (modem_lines(s) & UART_MSR_RI)
		changed &= (uint8_t)~UART_MSR_RI;
	s->msr_delta |= changed >> 4;
	if (was_loop && !(s->mcr & UART_MCR_LOOP) && s->drained && rx_room(s))
		s->drained(s->drained_ctx); /* input may flow again */
}

/* --- registers --- */

static void write_fcr(struct serial *s, uint8_t value)
{
	bool toggled = (s->fcr ^ value) & UART_FCR_ENABLE_FIFO;
	/* Without the enable bit the others do not change. */
	s->fcr = value & UART_FCR_ENABLE_FIFO ? value & FCR_MASK : 0;
	if (toggled || (value & UART_FCR_ENABLE_FIFO && value & UART_FCR_CLEAR_RCVR))
		rx_clear(s);
}

static void write_ier(struct serial *s, uint8_t value)
{
	/* Turning it on with an empty transmitter raises it again: Linux tests for that. */
	if (value & ~s->ier & UART_IER_THRI)
		s->thr_empty = true;
	s->ier = value & IER_MASK;
}

static uint8_t read_iir(struct serial *s)
{
	uint8_t id = interrupt_id(s);
	if (id == UART_IIR_THRI)
		s->thr_empty = false;
	return id | (s->fcr & UART_FCR_ENABLE_FIFO ? 0xC0 : 0);
}

static uint8_t read_lsr(struct serial *s)
{
	uint8_t lsr = UART_LSR_THRE | UART_LSR_TEMT;
	if (s->rx_n)
		lsr |= UART_LSR_DR;
	if (s->overrun)
		lsr |= UART_LSR_OE;
	s->overrun = false;
	return lsr;
}

static uint8_t read_msr(struct serial *s)
{
	uint8_t msr = modem_lines(s) | s->msr_delta;
	s->msr_delta = 0;
	return msr;
}

static uint8_t read_register(struct serial *s, unsigned reg)
{
	bool dlab = s->lcr & UART_LCR_DLAB;
	switch (reg) {
	case UART_RX:
		return dlab ? s->dll : rx_pop(s);
	case UART_IER:
		return dlab ? s->dlm : s->ier;
	case UART_IIR:
		return read_iir(s);
	case UART_LCR:
		return s->lcr;
	case UART_MCR:
		return s->mcr;
	case UART_LSR:
		return read_lsr(s);
	case UART_MSR:
		return read_msr(s);
	default:
		return s->scr;
	}
}

static void write_register(struct serial *s, unsigned reg, uint8_t value)
{
	bool dlab = s->lcr & UART_LCR_DLAB;
	switch (reg) {
	case UART_TX:
		if (dlab)
			s->dll = value;
		else
			transmit(s, value);
		break;
	case UART_IER:
		if (dlab)
			s->dlm = value;
		else
			write_ier(s, value);
		break;
	case UART_FCR:
		write_fcr(s, value);
		break;
	case UART_LCR:
		s->lcr = value;
		break;
	case UART_MCR:
		write_mcr(s, value);
		break;
	case UART_SCR:
		s->scr = value;
		break;
	default: /* LSR and MSR are read-only */
		break;
	}
}

void serial_reset(struct serial *serial)
{
	pthread_mutex_lock(&serial->lock);
	serial->ier = serial->lcr = serial->mcr = serial->scr = serial->fcr = 0;
	serial->dll = serial->dlm = serial->msr_delta = 0;
	serial->overrun = serial->thr_empty = false;
	serial->rx_head = serial->rx_n = 0;
	if (serial->drained) /* also when it was loopback that held input off */
		serial->drained(serial->drained_ctx);
	update_line(serial);
	pthread_mutex_unlock(&serial->lock);
}

/* A wider access is as many byte accesses, as on the ISA bus. */
static uint64_t serial_read(void *ctx, uint64_t off, unsigned size)
{
	struct serial *serial = ctx;
	uint64_t value = 0;
	pthread_mutex_lock(&serial->lock);
	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)read_register(serial, (unsigned)(off + i) & 7) << (8 * i);
	update_line(serial);
	pthread_mutex_unlock(&serial->lock);
	return value;
}

static void serial_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct serial *serial = ctx;
	pthread_mutex_lock(&serial->lock);
	for (unsigned i = 0; i < size; i++)
		write_register(serial, (unsigned)(off + i) & 7, (uint8_t)(value >> (8 * i)));
	update_line(serial);
	pthread_mutex_unlock(&serial->lock);
}

const struct bus_ops serial_ops = { .read = serial_read, .write = serial_write };
