/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A keyboard and a mouse behind their controller, as a guest sees them. */
// replaces: kvm/irq.c
// with: fake/fake_irq.c
#include "fake/i8042_fixture.h"

static void a_key_is_set_1_after_power_on(void **state)
{
	struct fixture *f = *state;
	i8042_key(&f->kbc, KEY_A, true);
	EXPECT(f, 0x1E);
	i8042_key(&f->kbc, KEY_A, false);
	EXPECT(f, 0x9E);
}

static void without_translation_a_key_is_set_2(void **state)
{
	struct fixture *f = *state;
	configure(f, 0x03);
	i8042_key(&f->kbc, KEY_A, true);
	i8042_key(&f->kbc, KEY_A, false);
	EXPECT(f, 0x1C, 0xF0, 0x1C);
	i8042_key(&f->kbc, KEY_RIGHTCTRL, true);
	i8042_key(&f->kbc, KEY_RIGHTCTRL, false);
	EXPECT(f, 0xE0, 0x14, 0xE0, 0xF0, 0x14);
}

static void every_key_comes_out_of_the_translation_as_its_set_1_code(void **state)
{
	struct fixture *f = *state;
	/* Key codes 1 to 83 are set 1 codes by design. */
	for (unsigned key = KEY_ESC; key <= KEY_KPDOT; key++) {
		i8042_key(&f->kbc, key, true);
		EXPECT(f, (uint8_t)key);
		i8042_key(&f->kbc, key, false);
		EXPECT(f, (uint8_t)(key | 0x80));
	}
	i8042_key(&f->kbc, KEY_DELETE, true);
	EXPECT(f, 0xE0, 0x53);
	i8042_key(&f->kbc, KEY_DELETE, false);
	EXPECT(f, 0xE0, 0xD3);
	i8042_key(&f->kbc, KEY_SYSRQ, true);
	EXPECT(f, 0xE0, 0x37);
	i8042_key(&f->kbc, KEY_PAUSE, true);
	EXPECT(f, 0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5);
}

static void every_key_has_one_code_of_its_own(void **state)
{
	struct fixture *f = *state;
	bool seen[512] = { false };
	configure(f, 0x03);
	for (unsigned key = 1; key < PS2_KEYS; key++) {
		i8042_key(&f->kbc, key, true);
		if (!(status(f) & 1))
			continue;
		unsigned code = data(f);
		if (code == 0xE0)
			code = 256u + data(f);
		assert_int_not_equal(code % 256, 0);
		if (key != KEY_PAUSE)
			assert_false(seen[code]);
		seen[code] = true;
		while (status(f) & 1)
			data(f);
		i8042_key(&f->kbc, key, false);
		while (status(f) & 1)
			data(f);
	}
	assert_true(seen[0x1C] && seen[256 + 0x5A] && seen[0x83]);
}

static void a_key_that_is_held_already_is_not_pressed_again(void **state)
{
	struct fixture *f = *state;
	i8042_key(&f->kbc, KEY_A, true);
	i8042_key(&f->kbc, KEY_A, true);
	i8042_key(&f->kbc, KEY_B, false);
	EXPECT(f, 0x1E);
}

static void codes_that_no_keyboard_has_are_ignored(void **state)
{
	struct fixture *f = *state;
	i8042_key(&f->kbc, 0, true);
	i8042_key(&f->kbc, 84, true);
	i8042_key(&f->kbc, 255, true);
	i8042_key(&f->kbc, 256, true);
	i8042_key(&f->kbc, ~0u, true);
	assert_int_equal(status(f) & 1, 0);
}

static void each_byte_is_an_edge_of_irq_1(void **state)
{
	struct fixture *f = *state;
	i8042_key(&f->kbc, KEY_HOME, true);
	assert_true(fake_irq.line[1].level);
	assert_int_equal(fake_irq.line[1].raised, 1);
	data(f);
	assert_true(fake_irq.line[1].level);
	assert_int_equal(fake_irq.line[1].raised, 2);
	data(f);
	assert_false(fake_irq.line[1].level);
	assert_int_equal(fake_irq.line[12].raised, 0);
}

static void interrupts_come_only_when_the_config_byte_says_so(void **state)
{
	struct fixture *f = *state;
	configure(f, 0x40);
	i8042_key(&f->kbc, KEY_A, true);
	assert_int_equal(status(f) & 1, 1);
	assert_int_equal(fake_irq.line[1].raised, 0);
	configure(f, 0x41);
	assert_int_equal(fake_irq.line[1].raised, 1);
}

static void a_disabled_keyboard_keeps_what_it_has_to_say(void **state)
{
	struct fixture *f = *state;
	command(f, 0xAD);
	i8042_key(&f->kbc, KEY_A, true);
	assert_int_equal(status(f) & 1, 0);
	command(f, 0xAE);
	EXPECT(f, 0x1E);
}

static void the_keyboard_identifies_itself(void **state)
{
	struct fixture *f = *state;
	configure(f, 0x01);
	send(f, 0xF2);
	EXPECT(f, 0xFA, 0xAB, 0x83);
	send(f, 0xEE);
	EXPECT(f, 0xEE);
	send(f, 0xFF);
	EXPECT(f, 0xFA, 0xAA);
}

static void the_scan_code_set_can_be_asked_and_changed(void **state)
{
	struct fixture *f = *state;
	configure(f, 0x01);
	send(f, 0xF0);
	EXPECT(f, 0xFA);
	send(f, 0x00);
	EXPECT(f, 0xFA, 0x02);
	send(f, 0xF0);
	EXPECT(f, 0xFA);
	send(f, 0x01);
	EXPECT(f, 0xFA);
	i8042_key(&f->kbc, KEY_F7, true);
	i8042_key(&f->kbc, KEY_F7, false);
	EXPECT(f, 0x41, 0xC1);
	send(f, 0xF0);
	EXPECT(f, 0xFA);
	send(f, 0x03);
	EXPECT(f, 0xFE); /* no set 3 */
	send(f, 0xF6);
	EXPECT(f, 0xFA);
	i8042_key(&f->kbc, KEY_F7, true);
	EXPECT(f, 0x83);
}

static void the_guest_sets_leds_on_the_main_thread(void **state)
{
	struct fixture *f = *state;
	send(f, 0xED);
	EXPECT(f, 0xFA);
	send(f, 0x05);
	EXPECT(f, 0xFA);
	assert_int_equal(f->led_calls, 0);
	assert_int_equal(loop_step(&f->loop, 0), 0);
	assert_int_equal(f->led_calls, 1);
	assert_int_equal(f->leds, 5);
	i8042_reset(&f->kbc);
	assert_int_equal(loop_step(&f->loop, 0), 0);
	assert_int_equal(f->leds, 0);
}

static void a_held_key_repeats_as_the_guest_wants(void **state)
{
	struct fixture *f = *state;
	send(f, 0xF3);
	EXPECT(f, 0xFA);
	send(f, 0x20); /* 500 ms, 30 a second */
	EXPECT(f, 0xFA);
	i8042_key(&f->kbc, KEY_A, true);
	EXPECT(f, 0x1E);
	loop_step(&f->loop, 0);
	clock_ms += 499;
	loop_step(&f->loop, 0);
	assert_int_equal(status(f) & 1, 0);
	clock_ms += 1;
	loop_step(&f->loop, 0);
	EXPECT(f, 0x1E);
	clock_ms += 33;
	loop_step(&f->loop, 0);
	EXPECT(f, 0x1E);
	clock_ms += 33;
	loop_step(&f->loop, 0);
	clock_ms += 33;
	loop_step(&f->loop, 0); /* the guest did not read: one is enough */
	EXPECT(f, 0x1E, 0x1E);
	i8042_key(&f->kbc, KEY_A, false);
	EXPECT(f, 0x9E);
	loop_step(&f->loop, 0);
	clock_ms += 5000;
	loop_step(&f->loop, 0);
	assert_int_equal(status(f) & 1, 0);
}

static void scanning_that_is_off_says_nothing_and_no_key_hangs(void **state)
{
	struct fixture *f = *state;
	i8042_key(&f->kbc, KEY_A, true);
	EXPECT(f, 0x1E);
	send(f, 0xF5);
	EXPECT(f, 0xFA);
	i8042_key(&f->kbc, KEY_A, false);
	i8042_key(&f->kbc, KEY_B, true);
	assert_int_equal(status(f) & 1, 0);
	send(f, 0xF4);
	EXPECT(f, 0xFA);
	i8042_key(&f->kbc, KEY_B, false);
	i8042_key(&f->kbc, KEY_B, true);
	EXPECT(f, 0x30);
}

static void a_guest_that_does_not_read_is_told_the_outcome(void **state)
{
	struct fixture *f = *state;
	for (unsigned i = 0; i < 1000; i++) {
		i8042_key(&f->kbc, KEY_A + i % 9, true);
		i8042_key(&f->kbc, KEY_A + i % 9, false);
	}
	i8042_key(&f->kbc, KEY_LEFTSHIFT, true);
	assert_true(f->kbc.keyboard.events.n <= PS2_BYTES);
	bool down[256] = { false };
	unsigned n = 0;
	for (; status(f) & 1; n++) {
		uint8_t byte = data(f);
		down[byte & 0x7F] = !(byte & 0x80);
	}
	assert_true(n <= 16); /* or Linux finds no controller */
	for (unsigned i = 0; i < 256; i++)
		assert_int_equal(down[i], i == KEY_LEFTSHIFT);
}

static void an_answer_amid_a_release_does_not_disturb_it(void **state)
{
	struct fixture *f = *state;
	i8042_key(&f->kbc, KEY_A, true);
	i8042_key(&f->kbc, KEY_HOME, true);
	i8042_key(&f->kbc, KEY_HOME, false);
	send(f, 0xF4);
	uint8_t bytes[8];
	unsigned n = 0;
	while (status(f) & 1 && n < sizeof(bytes))
		bytes[n++] = data(f);
	static const uint8_t want[] = { 0x1E, 0xFA, 0xE0, 0x47, 0xE0, 0xC7 };
	assert_int_equal(n, sizeof(want));
	assert_memory_equal(bytes, want, sizeof(want));
}

static void the_mouse_resets_and_identifies(void **state)
{
	struct fixture *f = *state;
	aux(f, 0xFF);
	assert_int_equal(status(f) & 0x21, 0x21);
	EXPECT(f, 0xFA, 0xAA, 0x00);
	aux(f, 0xF2);
	EXPECT(f, 0xFA, 0x00);
	aux(f, 0xE9);
	EXPECT(f, 0xFA, 0x00, 0x02, 100);
	assert_int_equal(fake_irq.line[1].raised, 0);
	assert_int_not_equal(fake_irq.line[12].raised, 0);
}

static void rate(struct fixture *f, uint8_t value)
{
	aux(f, 0xF3);
	EXPECT(f, 0xFA);
	aux(f, value);
	EXPECT(f, 0xFA);
}

static void knock(struct fixture *f, uint8_t first, uint8_t second, uint8_t third)
{
	rate(f, first);
	rate(f, second);
	rate(f, third);
	aux(f, 0xF2);
}

static void enable_mouse(struct fixture *f)
{
	aux(f, 0xF4);
	EXPECT(f, 0xFA);
}

static void a_plain_mouse_sends_three_bytes(void **state)
{
	struct fixture *f = *state;
	i8042_mouse(&f->kbc, 9, 9, 0, 0); /* not enabled yet */
	enable_mouse(f);
	i8042_mouse(&f->kbc, 3, 2, 1, 0);
	EXPECT(f, 0x28, 3, 0xFE);
	i8042_mouse(&f->kbc, -1, -2, 0, PS2_LEFT | PS2_MIDDLE);
	EXPECT(f, 0x1D, 0xFF, 2);
	i8042_mouse(&f->kbc, 0, 0, 0, PS2_LEFT | PS2_MIDDLE); /* nothing new */
	assert_int_equal(status(f) & 1, 0);
}

static void the_wheel_is_there_for_who_knocks(void **state)
{
	struct fixture *f = *state;
	knock(f, 200, 100, 80);
	EXPECT(f, 0xFA, 3);
	enable_mouse(f);
	i8042_mouse(&f->kbc, 0, 0, 1, 0);
	EXPECT(f, 0x08, 0, 0, 0xFF);
	i8042_mouse(&f->kbc, 0, 0, -2, PS2_RIGHT);
	EXPECT(f, 0x0A, 0, 0, 2);
}

static void five_buttons_are_there_for_who_knocks_twice(void **state)
{
	struct fixture *f = *state;
	knock(f, 200, 100, 80);
	EXPECT(f, 0xFA, 3);
	knock(f, 200, 200, 80);
	EXPECT(f, 0xFA, 4);
	enable_mouse(f);
	i8042_mouse(&f->kbc, 0, 0, 1, PS2_SIDE);
	EXPECT(f, 0x08, 0, 0, 0x1F);
	i8042_mouse(&f->kbc, 0, 0, 0, PS2_EXTRA);
	EXPECT(f, 0x08, 0, 0, 0x20);
	aux(f, 0xFF);
	EXPECT(f, 0xFA, 0xAA, 0); /* plain again */
}

static void long_ways_are_several_packets(void **state)
{
	struct fixture *f = *state;
	enable_mouse(f);
	i8042_mouse(&f->kbc, 600, -300, 0, 0);
	EXPECT(f, 0x08, 255, 255, 0x08, 255, 45, 0x08, 90, 0);
}

static void a_guest_that_does_not_read_gets_four_packets_at_most(void **state)
{
	struct fixture *f = *state;
	enable_mouse(f);
	for (int i = 0; i < 100000; i++)
		i8042_mouse(&f->kbc, 0x7fffffff, -0x7fffffff - 1, 0x7fffffff, i & 0xff);
	unsigned n = 0;
	for (; status(f) & 1; n++)
		data(f);
	assert_in_range(n, 12, 36);
}

static void a_mouse_can_be_asked_instead(void **state)
{
	struct fixture *f = *state;
	aux(f, 0xF0);
	EXPECT(f, 0xFA);
	enable_mouse(f);
	i8042_mouse(&f->kbc, 5, 0, 0, 0);
	assert_int_equal(status(f) & 1, 0);
	aux(f, 0xEB);
	EXPECT(f, 0xFA, 0x08, 5, 0);
}

static void wrong_parameters_of_the_mouse_are_errors(void **state)
{
	struct fixture *f = *state;
	aux(f, 0xE8);
	EXPECT(f, 0xFA);
	aux(f, 4);
	EXPECT(f, 0xFC);
	aux(f, 0xF3);
	EXPECT(f, 0xFA);
	aux(f, 0);
	EXPECT(f, 0xFC);
	aux(f, 0x42);
	EXPECT(f, 0xFE);
}

static void a_wrapped_mouse_echoes(void **state)
{
	struct fixture *f = *state;
	aux(f, 0xEE);
	EXPECT(f, 0xFA);
	aux(f, 0xF4);
	EXPECT(f, 0xF4);
	aux(f, 0xEC);
	EXPECT(f, 0xFA);
}

static void a_guest_that_floods_the_devices_makes_nothing_grow(void **state)
{
	struct fixture *f = *state;
	for (unsigned i = 0; i < 100000; i++) {
		aux(f, (uint8_t)i);
		send(f, (uint8_t)(i * 7));
		command(f, (uint8_t)(i % 0xF0));
		assert_true(f->kbc.keyboard.answers.n <= PS2_BYTES);
		assert_true(f->kbc.mouse.answers.n <= PS2_BYTES);
	}
}

static void reset_forgets_keys_and_modes(void **state)
{
	struct fixture *f = *state;
	configure(f, 0x00);
	knock(f, 200, 100, 80);
	EXPECT(f, 0xFA, 3);
	i8042_key(&f->kbc, KEY_A, true);
	i8042_reset(&f->kbc);
	assert_int_equal(status(f) & 1, 0);
	assert_false(fake_irq.line[1].level);
	aux(f, 0xF2);
	EXPECT(f, 0xFA, 0);
	i8042_key(&f->kbc, KEY_A, false); /* was forgotten */
	i8042_key(&f->kbc, KEY_B, true);
	EXPECT(f, 0x30);
}

#define D(name) cmocka_unit_test_setup_teardown(name, setup_devices, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		D(a_key_is_set_1_after_power_on),
		D(without_translation_a_key_is_set_2),
		D(every_key_comes_out_of_the_translation_as_its_set_1_code),
		D(every_key_has_one_code_of_its_own),
		D(a_key_that_is_held_already_is_not_pressed_again),
		D(codes_that_no_keyboard_has_are_ignored),
		D(each_byte_is_an_edge_of_irq_1),
		D(interrupts_come_only_when_the_config_byte_says_so),
		D(a_disabled_keyboard_keeps_what_it_has_to_say),
		D(the_keyboard_identifies_itself),
		D(the_scan_code_set_can_be_asked_and_changed),
		D(the_guest_sets_leds_on_the_main_thread),
		D(a_held_key_repeats_as_the_guest_wants),
		D(scanning_that_is_off_says_nothing_and_no_key_hangs),
		D(a_guest_that_does_not_read_is_told_the_outcome),
		D(an_answer_amid_a_release_does_not_disturb_it),
		D(the_mouse_resets_and_identifies),
		D(a_plain_mouse_sends_three_bytes),
		D(the_wheel_is_there_for_who_knocks),
		D(five_buttons_are_there_for_who_knocks_twice),
		D(long_ways_are_several_packets),
		D(a_guest_that_does_not_read_gets_four_packets_at_most),
		D(a_mouse_can_be_asked_instead),
		D(wrong_parameters_of_the_mouse_are_errors),
		D(a_wrapped_mouse_echoes),
		D(a_guest_that_floods_the_devices_makes_nothing_grow),
		D(reset_forgets_keys_and_modes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
