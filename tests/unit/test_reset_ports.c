/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/platform.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/layout.h"

struct fixture {
	struct reset_ports ports;
	struct platform_events events;
	unsigned resets;
	uint32_t address; /* what stands for the PCI address register */
	uint64_t last_off;
	unsigned last_size;
};

static void count_reset(void *ctx)
{
	struct fixture *f = ctx;
	f->resets++;
	port92_ops.read(&f->ports, 0, 1); /* no lock may be held here */
}

static uint64_t address_read(void *ctx, uint64_t off, unsigned size)
{
	struct fixture *f = ctx;
	f->last_off = off;
	f->last_size = size;
	return f->address;
}

static void address_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct fixture *f = ctx;
	f->last_off = off;
	f->last_size = size;
	f->address = (uint32_t)value;
}

static const struct bus_ops address_ops = { address_read, address_write };

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	f->events = (struct platform_events){ .reset = count_reset, .ctx = f };
	reset_ports_init(&f->ports, &f->events, &address_ops, f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	reset_ports_fini(&f->ports);
	free(f);
	return 0;
}

static void cf9(struct fixture *f, uint8_t value)
{
	cf8_ops.write(&f->ports, 1, 1, value);
}

static void cf9_resets_when_bit_2_rises(void **state)
{
	struct fixture *f = *state;
	static const uint8_t values[] = { 0x06, 0x0E, 0x0F, 0x04 };
	for (size_t i = 0; i < sizeof(values); i++) {
		cf9(f, 0x02);
		assert_int_equal(f->resets, i);
		cf9(f, values[i]);
		assert_int_equal(f->resets, i + 1);
		cf9(f, values[i]); /* still high: no second one */
		assert_int_equal(f->resets, i + 1);
		cf9(f, 0);
	}
}

static void cf9_reads_back_its_bits(void **state)
{
	struct fixture *f = *state;
	cf9(f, 0xFB);
	assert_int_equal(cf8_ops.read(&f->ports, 1, 1), 0x0A);
	assert_int_equal(f->last_size, 0);
	assert_int_equal(f->resets, 0);
}

static void dwords_at_cf8_are_the_pci_address(void **state)
{
	struct fixture *f = *state;
	cf8_ops.write(&f->ports, 0, 4, 0x80000640); /* its second byte would be a reset */
	assert_int_equal(f->address, 0x80000640);
	assert_int_equal(f->last_size, 4);
	assert_int_equal(cf8_ops.read(&f->ports, 0, 4), 0x80000640);
	assert_int_equal(f->resets, 0);
}

static void other_accesses_at_cf8_go_on_as_they_are(void **state)
{
	struct fixture *f = *state;
	cf8_ops.write(&f->ports, 0, 1, 4);
	assert_int_equal(f->last_size, 1);
	cf8_ops.read(&f->ports, 3, 1);
	assert_int_equal(f->last_off, 3);
	cf8_ops.write(&f->ports, 1, 2, 0x0606);
	assert_int_equal(f->last_off, 1);
	assert_int_equal(f->last_size, 2);
	assert_int_equal(f->resets, 0);
}

static void both_live_together_on_a_bus(void **state)
{
	struct fixture *f = *state;
	struct qs qs;
	struct bus bus;
	const struct bus_region region = { PORT_PCI_ADDRESS, 4, &cf8_ops, &f->ports, 0 };
	assert_int_equal(qs_init(&qs), 0);
	assert_int_equal(bus_init(&bus, &qs), 0);
	assert_int_equal(bus_publish(&bus, BUS_FIXED, &region, 1), 0);
	bus_write(&bus, PORT_PCI_ADDRESS, 4, 0x80001234);
	assert_int_equal(bus_read(&bus, PORT_PCI_ADDRESS, 4), 0x80001234);
	bus_write(&bus, PORT_RESET, 1, 0x0F);
	assert_int_equal(f->resets, 1);
	bus_fini(&bus);
	qs_fini(&qs);
}

static void port_92_resets_when_bit_0_rises(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(port92_ops.read(&f->ports, 0, 1), 0x02);
	port92_ops.write(&f->ports, 0, 1, 0x03);
	assert_int_equal(f->resets, 1);
	port92_ops.write(&f->ports, 0, 1, 0x03);
	assert_int_equal(f->resets, 1);
	port92_ops.write(&f->ports, 0, 1, 0xFC);
	assert_int_equal(port92_ops.read(&f->ports, 0, 1), 0);
	assert_int_equal(f->resets, 1);
}

static void after_a_reset_both_can_trigger_again(void **state)
{
	struct fixture *f = *state;
	cf9(f, 0x06);
	port92_ops.write(&f->ports, 0, 1, 0x01);
	reset_ports_reset(&f->ports);
	cf9(f, 0x06);
	port92_ops.write(&f->ports, 0, 1, 0x01);
	assert_int_equal(f->resets, 4);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(cf9_resets_when_bit_2_rises),          T(cf9_reads_back_its_bits),
		T(dwords_at_cf8_are_the_pci_address),    T(other_accesses_at_cf8_go_on_as_they_are),
		T(both_live_together_on_a_bus),          T(port_92_resets_when_bit_0_rises),
		T(after_a_reset_both_can_trigger_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
