/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controller itself; its devices are in test_ps2.c. */
// replaces: kvm/irq.c
// with: fake/fake_irq.c
#include "fake/i8042_fixture.h"

static void the_input_buffer_is_always_free(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(status(f) & 3, 0);
	command(f, 0x60);
	assert_int_equal(status(f) & 2, 0);
}

static void the_self_test_passes(void **state)
{
	struct fixture *f = *state;
	command(f, 0xAA);
	assert_int_equal(status(f) & 4, 4);
	assert_int_equal(data(f), 0x55);
	assert_int_equal(status(f) & 1, 0);
}

static void both_ports_test_good(void **state)
{
	struct fixture *f = *state;
	command(f, 0xAB);
	assert_int_equal(data(f), 0);
	command(f, 0xA9);
	assert_int_equal(data(f), 0);
}

static void the_config_byte_reads_back(void **state)
{
	struct fixture *f = *state;
	command(f, 0x60);
	send(f, 0x47);
	command(f, 0x20);
	assert_int_equal(data(f), 0x47);
	assert_int_equal(status(f) & 4, 4); /* the system flag is in it */
}

static void enables_show_in_the_config_byte(void **state)
{
	struct fixture *f = *state;
	command(f, 0xAE);
	command(f, 0xA8);
	command(f, 0x20);
	assert_int_equal(data(f) & 0x30, 0);
	command(f, 0xAD);
	command(f, 0xA7);
	command(f, 0x20);
	assert_int_equal(data(f) & 0x30, 0x30);
}

static void a_keyboard_that_is_not_there_times_out_at_once(void **state)
{
	struct fixture *f = *state;
	send(f, 0xFF);
	assert_int_equal(status(f) & 0x41, 0x41);
	assert_int_equal(data(f), 0xFE);
	assert_int_equal(status(f) & 0x41, 0);
	command(f, 0xD4);
	send(f, 0xFF);
	assert_int_equal(status(f) & 0x61, 0x61);
	assert_int_equal(data(f), 0xFE);
}

static void echoed_bytes_come_back_from_the_port_named(void **state)
{
	struct fixture *f = *state;
	command(f, 0xD2);
	send(f, 0x5A);
	assert_int_equal(status(f) & 0x21, 0x01);
	assert_int_equal(data(f), 0x5A);
	command(f, 0xD3);
	send(f, 0xA5);
	assert_int_equal(status(f) & 0x21, 0x21);
	assert_int_equal(data(f), 0xA5);
}

static void the_last_port_written_shows_in_the_status(void **state)
{
	struct fixture *f = *state;
	command(f, 0xAE);
	assert_int_equal(status(f) & 8, 8);
	send(f, 0);
	assert_int_equal(status(f) & 8, 0);
}

static void pulsing_the_reset_line_resets(void **state)
{
	struct fixture *f = *state;
	command(f, 0xFE);
	assert_int_equal(f->resets, 1);
	command(f, 0xF0);
	assert_int_equal(f->resets, 2);
	command(f, 0xFF); /* pulses nothing */
	command(f, 0xFD);
	assert_int_equal(f->resets, 2);
}

static void the_output_port_resets_when_its_line_goes_low(void **state)
{
	struct fixture *f = *state;
	command(f, 0xD0);
	assert_int_equal(data(f) & 3, 3);
	command(f, 0xD1);
	send(f, 0xDF);
	assert_int_equal(f->resets, 0);
	command(f, 0xD1);
	send(f, 0xDE);
	assert_int_equal(f->resets, 1);
}

static void a_new_command_forgets_the_parameter_awaited(void **state)
{
	struct fixture *f = *state;
	command(f, 0xD1);
	command(f, 0xAE);
	send(f, 0x00); /* for the keyboard, no reset */
	assert_int_equal(f->resets, 0);
	assert_int_equal(data(f), 0xFE);
}

static void unknown_commands_are_ignored(void **state)
{
	struct fixture *f = *state;
	command(f, 0x00);
	command(f, 0xC0);
	assert_int_equal(status(f) & 1, 0);
	assert_int_equal(f->resets, 0);
}

static void reset_empties_the_output_buffer(void **state)
{
	struct fixture *f = *state;
	command(f, 0xAA);
	command(f, 0x60);
	i8042_reset(&f->kbc);
	assert_int_equal(status(f) & 0x45, 0);
	send(f, 0x00);
	assert_int_equal(data(f), 0xFE);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_input_buffer_is_always_free),
		T(the_self_test_passes),
		T(both_ports_test_good),
		T(the_config_byte_reads_back),
		T(enables_show_in_the_config_byte),
		T(a_keyboard_that_is_not_there_times_out_at_once),
		T(echoed_bytes_come_back_from_the_port_named),
		T(the_last_port_written_shows_in_the_status),
		T(pulsing_the_reset_line_resets),
		T(the_output_port_resets_when_its_line_goes_low),
		T(a_new_command_forgets_the_parameter_awaited),
		T(unknown_commands_are_ignored),
		T(reset_empties_the_output_buffer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
