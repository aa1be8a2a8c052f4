/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/irq.c
// with: fake/fake_irq.c
#include "hw/serial.h"

#include <linux/serial_reg.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/layout.h"
#include "fake/fake_irq.h"

struct fixture {
	struct serial serial;
	struct irqs irqs;
	uint8_t out[256];
	size_t n_out, refuse;
	unsigned drained;
};

static size_t keep_output(void *ctx, const uint8_t *bytes, size_t n)
{
	struct fixture *f = ctx;
	if (f->refuse)
		return 0;
	memcpy(f->out + f->n_out, bytes, n);
	f->n_out += n;
	return n;
}

static void count_drained(void *ctx)
{
	struct fixture *f = ctx;
	f->drained++;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	fake_irq_init();
	serial_init(&f->serial, &f->irqs, GSI_COM1, keep_output, f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	serial_fini(&f->serial);
	free(f);
	return 0;
}

static uint8_t in(struct fixture *f, unsigned reg)
{
	return (uint8_t)serial_ops.read(&f->serial, reg, 1);
}

static void out(struct fixture *f, unsigned reg, uint8_t value)
{
	serial_ops.write(&f->serial, reg, 1, value);
}

static size_t type(struct fixture *f, const char *text)
{
	return serial_input(&f->serial, (const uint8_t *)text, strlen(text));
}

static bool line(void)
{
	return fake_irq.line[GSI_COM1].level;
}

/* As a driver that uses interrupts: FIFO on, OUT2 on. */
static void open_port(struct fixture *f, uint8_t ier)
{
	out(f, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_8);
	out(f, UART_MCR, UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2);
	out(f, UART_IER, ier);
	in(f, UART_MSR);
}

static void bytes_written_come_out(void **state)
{
	struct fixture *f = *state;
	out(f, UART_TX, 'H');
	assert_int_equal(in(f, UART_LSR) & (UART_LSR_THRE | UART_LSR_TEMT), 0x60);
	out(f, UART_TX, 'i');
	assert_int_equal(f->n_out, 2);
	assert_memory_equal(f->out, "Hi", 2);
}

static void an_output_that_takes_nothing_does_not_stop_the_guest(void **state)
{
	struct fixture *f = *state;
	f->refuse = 1;
	out(f, UART_TX, 'x');
	assert_int_equal(in(f, UART_LSR) & UART_LSR_THRE, UART_LSR_THRE);
}

static void the_scratch_register_keeps_its_value(void **state)
{
	struct fixture *f = *state;
	out(f, UART_SCR, 0xAA);
	assert_int_equal(in(f, UART_SCR), 0xAA);
	out(f, UART_SCR, 0x55);
	assert_int_equal(in(f, UART_SCR), 0x55);
}

static void the_divisor_latch_hides_data_and_ier(void **state)
{
	struct fixture *f = *state;
	out(f, UART_IER, 0x05);
	out(f, UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
	out(f, UART_DLL, 0x01);
	out(f, UART_DLM, 0x02);
	assert_int_equal(in(f, UART_DLL), 0x01);
	assert_int_equal(in(f, UART_DLM), 0x02);
	out(f, UART_LCR, UART_LCR_WLEN8);
	assert_int_equal(in(f, UART_IER), 0x05);
	assert_int_equal(f->n_out, 0);
}

static void ier_has_four_bits(void **state)
{
	struct fixture *f = *state;
	out(f, UART_IER, 0xFF);
	assert_int_equal(in(f, UART_IER), 0x0F);
}

static void fifo_enable_shows_in_iir_as_a_16550a(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(in(f, UART_IIR), UART_IIR_NO_INT);
	out(f, UART_FCR, UART_FCR_ENABLE_FIFO);
	assert_int_equal(in(f, UART_IIR), 0xC0 | UART_IIR_NO_INT);
	/* Not a 16750: bit 5 stays clear even with the divisor latch open. */
	out(f, UART_LCR, UART_LCR_DLAB);
	out(f, UART_FCR, UART_FCR_ENABLE_FIFO | 0x20);
	assert_int_equal(in(f, UART_IIR) & 0xE0, 0xC0);
}

static void typed_bytes_are_read_in_order(void **state)
{
	struct fixture *f = *state;
	open_port(f, 0);
	assert_int_equal(type(f, "abc"), 3);
	assert_int_equal(in(f, UART_LSR) & UART_LSR_DR, UART_LSR_DR);
	assert_int_equal(in(f, UART_RX), 'a');
	assert_int_equal(in(f, UART_RX), 'b');
	assert_int_equal(in(f, UART_RX), 'c');
	assert_int_equal(in(f, UART_LSR) & UART_LSR_DR, 0);
	assert_int_equal(in(f, UART_RX), 0);
}

static void input_stops_when_the_fifo_is_full_and_is_asked_for_when_it_is_empty(void **state)
{
	struct fixture *f = *state;
	open_port(f, 0);
	serial_on_drained(&f->serial, count_drained, f);
	assert_int_equal(type(f, "0123456789abcdefghij"), 16);
	assert_int_equal(type(f, "x"), 0);
	for (int i = 0; i < 15; i++)
		in(f, UART_RX);
	assert_int_equal(f->drained, 0);
	assert_int_equal(in(f, UART_RX), 'f');
	assert_int_equal(f->drained, 1);
	assert_int_equal(in(f, UART_LSR) & UART_LSR_OE, 0);
}

static void without_the_fifo_one_byte_fits(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(type(f, "ab"), 1);
	assert_int_equal(in(f, UART_RX), 'a');
	assert_int_equal(type(f, "b"), 1);
}

static void clearing_the_receive_fifo_asks_for_input(void **state)
{
	struct fixture *f = *state;
	open_port(f, 0);
	serial_on_drained(&f->serial, count_drained, f);
	type(f, "abc");
	out(f, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
	assert_int_equal(in(f, UART_LSR) & UART_LSR_DR, 0);
	assert_int_equal(f->drained, 1);
	type(f, "abc");
	out(f, UART_FCR, 0); /* turning it off clears it too */
	assert_int_equal(in(f, UART_LSR) & UART_LSR_DR, 0);
}

static void received_data_interrupts_until_read(void **state)
{
	struct fixture *f = *state;
	open_port(f, UART_IER_RDI);
	type(f, "a");
	assert_true(line());
	assert_int_equal(in(f, UART_IIR), 0xC0 | UART_IIR_RX_TIMEOUT);
	assert_int_equal(in(f, UART_IIR), 0xC0 | UART_IIR_RX_TIMEOUT); /* not cleared by IIR */
	in(f, UART_RX);
	assert_false(line());
	assert_int_equal(in(f, UART_IIR), 0xC0 | UART_IIR_NO_INT);
}

static void the_trigger_level_tells_data_from_timeout(void **state)
{
	struct fixture *f = *state;
	open_port(f, UART_IER_RDI);
	type(f, "1234567");
	assert_int_equal(in(f, UART_IIR) & 0x0F, UART_IIR_RX_TIMEOUT);
	type(f, "8");
	assert_int_equal(in(f, UART_IIR) & 0x0F, UART_IIR_RDI);
}

static void an_empty_transmitter_interrupts_once_until_written(void **state)
{
	struct fixture *f = *state;
	open_port(f, UART_IER_THRI);
	assert_true(line());
	assert_int_equal(in(f, UART_IIR) & 0x0F, UART_IIR_THRI);
	assert_false(line());
	assert_int_equal(in(f, UART_IIR) & 0x0F, UART_IIR_NO_INT);
	out(f, UART_TX, 'x');
	out(f, UART_TX, 'y');
	assert_true(line());
	assert_int_equal(fake_irq.line[GSI_COM1].raised, 2); /* one edge for both bytes */
}

/* Linux 8250: "UARTs that do not reassert THRE" are polled instead; ours must reassert. */
static void enabling_the_transmit_interrupt_raises_it_again(void **state)
{
	struct fixture *f = *state;
	open_port(f, UART_IER_THRI);
	assert_int_equal(in(f, UART_IIR) & 0x0F, UART_IIR_THRI);
	out(f, UART_IER, 0);
	out(f, UART_IER, UART_IER_THRI);
	assert_int_equal(in(f, UART_IIR) & 0x0F, UART_IIR_THRI);
	out(f, UART_IER, UART_IER_THRI); /* no change, no event */
	assert_int_equal(in(f, UART_IIR) & 0x0F, UART_IIR_NO_INT);
}

static void receive_comes_before_transmit(void **state)
{
	struct fixture *f = *state;
	open_port(f, UART_IER_RDI | UART_IER_THRI);
	type(f, "a");
	assert_int_equal(in(f, UART_IIR) & 0x0F, UART_IIR_RX_TIMEOUT);
	in(f, UART_RX);
	assert_int_equal(in(f, UART_IIR) & 0x0F, UART_IIR_THRI);
}

static void without_out2_no_interrupt_leaves_the_chip(void **state)
{
	struct fixture *f = *state;
	open_port(f, UART_IER_THRI);
	assert_true(line());
	out(f, UART_MCR, UART_MCR_DTR);
	assert_false(line());
	out(f, UART_MCR, UART_MCR_OUT2);
	assert_true(line());
}

/* Linux 8250 autoconfig: LOOP | OUT2 | RTS must read back as DCD and CTS alone. */
static void loopback_returns_the_modem_outputs(void **state)
{
	struct fixture *f = *state;
	out(f, UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2 | UART_MCR_RTS);
	assert_int_equal(in(f, UART_MSR) & 0xF0, UART_MSR_DCD | UART_MSR_CTS);
	out(f, UART_MCR, UART_MCR_LOOP | UART_MCR_DTR | UART_MCR_OUT1);
	assert_int_equal(in(f, UART_MSR) & 0xF0, UART_MSR_DSR | UART_MSR_RI);
	assert_int_equal(in(f, UART_MCR), UART_MCR_LOOP | UART_MCR_DTR | UART_MCR_OUT1);
}

static void loopback_returns_data_and_keeps_it_inside(void **state)
{
	struct fixture *f = *state;
	open_port(f, 0);
	serial_on_drained(&f->serial, count_drained, f);
	out(f, UART_MCR, UART_MCR_LOOP);
	out(f, UART_TX, 0x5A);
	assert_int_equal(f->n_out, 0);
	assert_int_equal(type(f, "typed"), 0);
	assert_int_equal(in(f, UART_RX), 0x5A);
	f->drained = 0;
	out(f, UART_MCR, UART_MCR_OUT2);
	assert_int_equal(f->drained, 1); /* what was typed meanwhile may come now */
}

static void loopback_overrun_is_reported_once(void **state)
{
	struct fixture *f = *state;
	open_port(f, UART_IER_RLSI);
	out(f, UART_MCR, UART_MCR_LOOP);
	for (int i = 0; i < 17; i++)
		out(f, UART_TX, (uint8_t)i);
	assert_int_equal(in(f, UART_IIR) & 0x0F, UART_IIR_RLSI);
	assert_int_equal(in(f, UART_LSR) & UART_LSR_OE, UART_LSR_OE);
	assert_int_equal(in(f, UART_LSR) & UART_LSR_OE, 0);
	assert_int_equal(in(f, UART_IIR) & 0x0F, UART_IIR_NO_INT);
}

static void modem_changes_are_latched_and_interrupt(void **state)
{
	struct fixture *f = *state;
	open_port(f, UART_IER_MSI);
	assert_int_equal(in(f, UART_MSR), UART_MSR_CTS | UART_MSR_DSR | UART_MSR_DCD);
	out(f, UART_MCR, UART_MCR_LOOP | UART_MCR_OUT1); /* all drop, RI rises */
	assert_int_equal(in(f, UART_IIR) & 0x0F, UART_IIR_MSI);
	assert_int_equal(in(f, UART_MSR),
			 UART_MSR_RI | UART_MSR_DCTS | UART_MSR_DDSR | UART_MSR_DDCD);
	assert_int_equal(in(f, UART_MSR), UART_MSR_RI);
	out(f, UART_MCR, UART_MCR_LOOP); /* RI ends */
	assert_int_equal(in(f, UART_MSR), UART_MSR_TERI);
}

static void a_wide_access_is_as_many_bytes(void **state)
{
	struct fixture *f = *state;
	serial_ops.write(&f->serial, UART_LCR, 4, 0xAA000003); /* LCR, MCR, LSR, MSR */
	assert_int_equal(in(f, UART_LCR), 3);
	assert_int_equal(serial_ops.read(&f->serial, UART_LCR, 2), 3);
	serial_ops.write(&f->serial, UART_MSR, 2, 0x7E00);
	assert_int_equal(in(f, UART_SCR), 0x7E);
}

static void reset_silences_the_port(void **state)
{
	struct fixture *f = *state;
	open_port(f, UART_IER_RDI);
	out(f, UART_SCR, 0x12);
	type(f, "abc");
	assert_true(line());
	serial_reset(&f->serial);
	assert_false(line());
	assert_int_equal(in(f, UART_IER), 0);
	assert_int_equal(in(f, UART_SCR), 0);
	assert_int_equal(in(f, UART_LSR), UART_LSR_THRE | UART_LSR_TEMT);
	assert_int_equal(in(f, UART_IIR), UART_IIR_NO_INT);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(bytes_written_come_out),
		T(an_output_that_takes_nothing_does_not_stop_the_guest),
		T(the_scratch_register_keeps_its_value),
		T(the_divisor_latch_hides_data_and_ier),
		T(ier_has_four_bits),
		T(fifo_enable_shows_in_iir_as_a_16550a),
		T(typed_bytes_are_read_in_order),
		T(input_stops_when_the_fifo_is_full_and_is_asked_for_when_it_is_empty),
		T(without_the_fifo_one_byte_fits),
		T(clearing_the_receive_fifo_asks_for_input),
		T(received_data_interrupts_until_read),
		T(the_trigger_level_tells_data_from_timeout),
		T(an_empty_transmitter_interrupts_once_until_written),
		T(enabling_the_transmit_interrupt_raises_it_again),
		T(receive_comes_before_transmit),
		T(without_out2_no_interrupt_leaves_the_chip),
		T(loopback_returns_the_modem_outputs),
		T(loopback_returns_data_and_keeps_it_inside),
		T(loopback_overrun_is_reported_once),
		T(modem_changes_are_latched_and_interrupt),
		T(a_wide_access_is_as_many_bytes),
		T(reset_silences_the_port),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
