/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/irq.c
// with: fake/fake_irq.c
#include "vnc_input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include <linux/input-event-codes.h>

#include "fake/fake_irq.h"
#include "keysym.h"

struct fixture {
	struct i8042 kbc;
	struct irqs irqs;
	struct loop loop;
	struct vnc_input input;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	fake_irq_init();
	assert_int_equal(loop_init(&f->loop), 0);
	i8042_init(&f->kbc, true, &f->irqs, &f->loop, NULL);
	vnc_input_init(&f->input, &f->kbc);
	/* A driver turns the mouse on. */
	i8042_status_ops.write(&f->kbc, 0, 1, 0xD4);
	i8042_data_ops.write(&f->kbc, 0, 1, 0xF4);
	i8042_data_ops.read(&f->kbc, 0, 1);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	i8042_fini(&f->kbc);
	loop_fini(&f->loop);
	free(f);
	return 0;
}

static int next(struct fixture *f)
{
	if (!(i8042_status_ops.read(&f->kbc, 0, 1) & 1))
		return -1;
	return (int)i8042_data_ops.read(&f->kbc, 0, 1);
}

static void packet(struct fixture *f, int flags, int right, int up)
{
	assert_int_equal(next(f), flags);
	assert_int_equal(next(f), right & 0xFF);
	assert_int_equal(next(f), up & 0xFF);
	assert_int_equal(next(f), -1);
}

static void both_cases_of_a_letter_are_one_key(void **state)
{
	(void)state;
	for (uint32_t c = 'a'; c <= 'z'; c++) {
		assert_int_not_equal(keysym_to_key(c), 0);
		assert_int_equal(keysym_to_key(c), keysym_to_key(c - 'a' + 'A'));
	}
	assert_int_equal(keysym_to_key('q'), KEY_Q);
}

static void all_of_ascii_has_a_key(void **state)
{
	(void)state;
	for (uint32_t c = ' '; c < 127; c++)
		assert_int_not_equal(keysym_to_key(c), 0);
	assert_int_equal(keysym_to_key('!'), KEY_1);
	assert_int_equal(keysym_to_key('|'), KEY_BACKSLASH);
	assert_int_equal(keysym_to_key('~'), KEY_GRAVE);
}

static void function_keys_and_the_pad_have_theirs(void **state)
{
	(void)state;
	assert_int_equal(keysym_to_key(0xFFBE), KEY_F1);
	assert_int_equal(keysym_to_key(0xFFC7), KEY_F10);
	assert_int_equal(keysym_to_key(0xFFC8), KEY_F11);
	assert_int_equal(keysym_to_key(0xFFC9), KEY_F12);
	assert_int_equal(keysym_to_key(0xFFCA), KEY_F13);
	assert_int_equal(keysym_to_key(0xFFD5), KEY_F24);
	assert_int_equal(keysym_to_key(0xFFB5), KEY_KP5);
	assert_int_equal(keysym_to_key(0xFF9D), KEY_KP5); /* without Num Lock */
	assert_int_equal(keysym_to_key(0xFF8D), KEY_KPENTER);
	assert_int_equal(keysym_to_key(0xFE03), KEY_RIGHTALT);
}

static void keysyms_that_no_key_has_are_none(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(keysym_to_key(0), 0);
	assert_int_equal(keysym_to_key(127), 0);
	assert_int_equal(keysym_to_key(0xE4), 0);
	assert_int_equal(keysym_to_key(0x01000061), 0);
	assert_int_equal(keysym_to_key(UINT32_MAX), 0);
	vnc_input_key(&f->input, UINT32_MAX, true);
	assert_int_equal(next(f), -1);
}

static void the_client_repeats_keys_and_nobody_else(void **state)
{
	struct fixture *f = *state;
	vnc_input_key(&f->input, 'a', true);
	assert_int_equal(f->kbc.keyboard.repeating, 0);
	assert_int_equal(next(f), 0x1E);
	vnc_input_key(&f->input, 'A', true);
	assert_int_equal(next(f), 0x1E);
	for (unsigned i = 0; i < 100; i++) /* a guest that does not read gets one */
		vnc_input_key(&f->input, 'a', true);
	vnc_input_key(&f->input, 'a', false);
	while (next(f) == 0x1E)
		assert_true(f->kbc.keyboard.events.n <= 2);
	assert_int_equal(next(f), -1);
	vnc_input_key(&f->input, 'b', false);
	assert_int_equal(next(f), -1);
}

static void a_client_that_goes_leaves_nothing_pressed(void **state)
{
	struct fixture *f = *state;
	vnc_input_key(&f->input, 'a', true);
	vnc_input_pointer(&f->input, 1, 50, 50, 100, 100);
	while (next(f) >= 0)
		;
	vnc_input_release(&f->input);
	assert_int_equal(next(f), 0x9E);
	packet(f, 0x08, 0, 0);
	vnc_input_release(&f->input);
	assert_int_equal(next(f), -1);
}

static void the_first_place_is_no_movement(void **state)
{
	struct fixture *f = *state;
	vnc_input_pointer(&f->input, 0, 50, 50, 100, 100);
	assert_int_equal(next(f), -1);
	vnc_input_pointer(&f->input, 0, 53, 48, 100, 100);
	packet(f, 0x08, 3, 2);
}

static void at_an_edge_the_pointer_is_pushed_on(void **state)
{
	struct fixture *f = *state;
	vnc_input_pointer(&f->input, 0, 1, 50, 100, 100);
	vnc_input_pointer(&f->input, 0, 0, 50, 100, 100);
	packet(f, 0x18, -33, 0);
	vnc_input_pointer(&f->input, 0, 0, 51, 100, 100);
	packet(f, 0x38, -32, -1);
	vnc_input_pointer(&f->input, 0, 0, 51, 100, 100); /* at rest it is left alone */
	assert_int_equal(next(f), -1);
}

static void places_outside_the_picture_are_at_its_edge(void **state)
{
	struct fixture *f = *state;
	vnc_input_pointer(&f->input, 0, 50, 50, 100, 100);
	vnc_input_pointer(&f->input, 0, 0x7fffffff, 50, 100, 100);
	packet(f, 0x08, 49 + 32, 0);
	vnc_input_pointer(&f->input, 0, -0x7fffffff - 1, 50, 100, 100);
	packet(f, 0x18, -99 - 32, 0);
	vnc_input_pointer(&f->input, 1, 5, 5, 0, 0);
	assert_int_equal(next(f), -1);
}

static void buttons_go_down_and_up(void **state)
{
	struct fixture *f = *state;
	vnc_input_pointer(&f->input, 0, 50, 50, 100, 100);
	vnc_input_pointer(&f->input, 2, 50, 50, 100, 100); /* middle */
	packet(f, 0x0C, 0, 0);
	vnc_input_pointer(&f->input, 4, 50, 50, 100, 100); /* right */
	packet(f, 0x0A, 0, 0);
	vnc_input_pointer(&f->input, 0, 50, 50, 100, 100);
	packet(f, 0x08, 0, 0);
}

static void a_wheel_click_is_a_button_that_goes_down(void **state)
{
	struct fixture *f = *state;
	f->kbc.mouse.id = 3;
	vnc_input_pointer(&f->input, 0, 50, 50, 100, 100);
	vnc_input_pointer(&f->input, 0x10, 50, 50, 100, 100);
	vnc_input_pointer(&f->input, 0x10, 50, 50, 100, 100); /* still held: no more clicks */
	for (unsigned i = 0; i < 3; i++)
		next(f);
	assert_int_equal(next(f), 1);
	assert_int_equal(next(f), -1);
	vnc_input_pointer(&f->input, 0x08, 50, 50, 100, 100);
	for (unsigned i = 0; i < 3; i++)
		next(f);
	assert_int_equal(next(f), 0xFF);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(both_cases_of_a_letter_are_one_key),
		T(all_of_ascii_has_a_key),
		T(function_keys_and_the_pad_have_theirs),
		T(keysyms_that_no_key_has_are_none),
		T(the_client_repeats_keys_and_nobody_else),
		T(a_client_that_goes_leaves_nothing_pressed),
		T(the_first_place_is_no_movement),
		T(at_an_edge_the_pointer_is_pushed_on),
		T(places_outside_the_picture_are_at_its_edge),
		T(buttons_go_down_and_up),
		T(a_wheel_click_is_a_button_that_goes_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
