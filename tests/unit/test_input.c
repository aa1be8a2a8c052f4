/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/irq.c input_evdev.c
// with: fake/fake_irq.c fake/fake_evdev.c
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input-event-codes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake/fake_evdev.h"
#include "fake/fake_irq.h"
#include "input_toggle.h"

enum { KEYBOARD, MOUSE };

struct fixture {
	char dir[64], path[2][96];
	struct i8042 kbc;
	struct irqs irqs;
	struct loop loop;
	struct profile profile;
	struct input *input;
	struct err err;
};

static uint64_t clock_ms;

static uint64_t fake_ms(void)
{
	return clock_ms;
}

static void plug(struct fixture *f, unsigned i)
{
	close(open(f->path[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

static void unplug(struct fixture *f, unsigned i)
{
	unlink(f->path[i]);
	fake_evdev_unplug(i);
	for (unsigned step = 0; step < 5 && fake_evdev[i].open; step++)
		loop_step(&f->loop, 0);
}

static int setup(void **state)
{
	static const char *const names[] = { "kbd", "mouse" };
	struct fixture *f = calloc(1, sizeof(*f));
	fake_irq_init();
	memset(fake_evdev, 0, sizeof(fake_evdev));
	clock_ms = 100000;
	snprintf(f->dir, sizeof(f->dir), "/tmp/test-input-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	for (unsigned i = 0; i < 2; i++) {
		snprintf(f->path[i], sizeof(f->path[i]), "%s/%s", f->dir, names[i]);
		fake_evdev[i].name = names[i];
		f->profile.input.evdev[i].path = f->path[i];
		plug(f, i);
	}
	f->profile.input.n_evdevs = 2;
	f->profile.input.grab_at_start = true;
	assert_int_equal(loop_init(&f->loop), 0);
	f->loop.now_ms = fake_ms;
	i8042_init(&f->kbc, true, &f->irqs, &f->loop, NULL);
	i8042_status_ops.write(&f->kbc, 0, 1, 0xD4);
	i8042_data_ops.write(&f->kbc, 0, 1, 0xF4);
	i8042_data_ops.read(&f->kbc, 0, 1);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	input_stop(f->input);
	i8042_fini(&f->kbc);
	loop_fini(&f->loop);
	for (unsigned i = 0; i < 2; i++)
		unlink(f->path[i]);
	rmdir(f->dir);
	free(f);
	return 0;
}

static void start(struct fixture *f)
{
	assert_int_equal(input_start(&f->input, &f->profile, &f->kbc, &f->loop, &f->err), 0);
}

static void happens(struct fixture *f, unsigned device, unsigned type, unsigned code, int value)
{
	fake_evdev_event(device, type, code, value);
	while (fake_evdev[device].n)
		loop_step(&f->loop, 0);
}

static void key(struct fixture *f, unsigned code, int value)
{
	happens(f, KEYBOARD, EV_KEY, code, value);
}

/* What the guest has to read; -1 = nothing. */
static int next(struct fixture *f)
{
	if (!(i8042_status_ops.read(&f->kbc, 0, 1) & 1))
		return -1;
	return (int)i8042_data_ops.read(&f->kbc, 0, 1);
}

static void expect(struct fixture *f, const int *bytes, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(next(f), bytes[i]);
	assert_int_equal(next(f), -1);
}
#define EXPECT(f, ...)                                                                             \
	expect(f, (const int[]){ __VA_ARGS__ }, sizeof((int[]){ __VA_ARGS__ }) / sizeof(int))

static void press_both_ctrls(struct fixture *f)
{
	key(f, KEY_LEFTCTRL, 1);
	key(f, KEY_RIGHTCTRL, 1);
}

static void release_both_ctrls(struct fixture *f)
{
	key(f, KEY_LEFTCTRL, 0);
	key(f, KEY_RIGHTCTRL, 0);
}

static void the_guest_has_the_devices_from_the_start(void **state)
{
	struct fixture *f = *state;
	start(f);
	assert_true(fake_evdev[KEYBOARD].grabbed);
	assert_true(fake_evdev[MOUSE].grabbed);
	key(f, KEY_A, 1);
	key(f, KEY_A, 0);
	EXPECT(f, 0x1E, 0x9E);
	assert_int_equal(input_present(f->input), 2);
}

static void if_the_profile_says_so_the_host_keeps_them_first(void **state)
{
	struct fixture *f = *state;
	f->profile.input.grab_at_start = false;
	start(f);
	key(f, KEY_A, 1);
	key(f, KEY_A, 0);
	assert_false(fake_evdev[KEYBOARD].grabbed);
	assert_int_equal(next(f), -1);
	press_both_ctrls(f);
	assert_false(fake_evdev[KEYBOARD].grabbed); /* the host has to see them released */
	release_both_ctrls(f);
	assert_true(fake_evdev[KEYBOARD].grabbed);
	assert_int_equal(next(f), -1); /* none of that was the guest's */
}

static void a_key_held_since_before_the_start_is_waited_for(void **state)
{
	struct fixture *f = *state;
	fake_evdev[KEYBOARD].held_at_open = KEY_ENTER;
	start(f);
	assert_false(fake_evdev[KEYBOARD].grabbed);
	assert_false(fake_evdev[MOUSE].grabbed);
	key(f, KEY_ENTER, 0);
	assert_true(fake_evdev[KEYBOARD].grabbed);
	assert_int_equal(next(f), -1);
}

static void both_ctrl_keys_give_them_back_and_take_them_again(void **state)
{
	struct fixture *f = *state;
	start(f);
	press_both_ctrls(f);
	assert_true(fake_evdev[KEYBOARD].grabbed);
	release_both_ctrls(f);
	assert_false(fake_evdev[KEYBOARD].grabbed);
	assert_false(fake_evdev[MOUSE].grabbed);
	EXPECT(f, 0x1D, 0xE0, 0x1D, 0x9D, 0xE0, 0x9D); /* the guest saw whole presses */
	key(f, KEY_A, 1);
	key(f, KEY_A, 0);
	assert_int_equal(next(f), -1);
	press_both_ctrls(f);
	release_both_ctrls(f);
	assert_true(fake_evdev[KEYBOARD].grabbed);
}

static void a_key_that_is_not_released_keeps_them_for_a_moment_alone(void **state)
{
	struct fixture *f = *state;
	start(f);
	key(f, KEY_A, 1);
	press_both_ctrls(f);
	release_both_ctrls(f);
	assert_true(fake_evdev[KEYBOARD].grabbed);
	while (next(f) >= 0)
		;
	clock_ms += TOGGLE_PATIENCE_MS - 1;
	loop_step(&f->loop, 0);
	assert_true(fake_evdev[KEYBOARD].grabbed);
	clock_ms += 1;
	loop_step(&f->loop, 0);
	assert_false(fake_evdev[KEYBOARD].grabbed);
	while (next(f) == 0x1E)
		; /* it repeated meanwhile */
	assert_false(f->kbc.keyboard.down[0] >> KEY_A & 1);
}

static void other_combinations_do_too(void **state)
{
	struct fixture *f = *state;
	f->profile.input.grab_keys = GRAB_CTRL_SCROLL_LOCK;
	start(f);
	press_both_ctrls(f);
	release_both_ctrls(f);
	key(f, KEY_SCROLLLOCK, 1);
	key(f, KEY_SCROLLLOCK, 0);
	assert_true(fake_evdev[KEYBOARD].grabbed);
	key(f, KEY_RIGHTCTRL, 1);
	key(f, KEY_SCROLLLOCK, 1);
	key(f, KEY_SCROLLLOCK, 0);
	key(f, KEY_RIGHTCTRL, 0);
	assert_false(fake_evdev[KEYBOARD].grabbed);
}

static void without_a_combination_they_stay_the_guests(void **state)
{
	struct fixture *f = *state;
	f->profile.input.grab_keys = GRAB_NEVER;
	f->profile.input.grab_at_start = false;
	start(f);
	press_both_ctrls(f);
	release_both_ctrls(f);
	assert_true(fake_evdev[KEYBOARD].grabbed);
}

static void repetitions_of_the_host_are_not_the_guests(void **state)
{
	struct fixture *f = *state;
	start(f);
	key(f, KEY_A, 1);
	key(f, KEY_A, 2);
	key(f, KEY_A, 2);
	EXPECT(f, 0x1E);
}

static void the_mouse_moves_and_clicks(void **state)
{
	struct fixture *f = *state;
	start(f);
	happens(f, MOUSE, EV_REL, REL_X, 5);
	EXPECT(f, 0x08, 5, 0);
	happens(f, MOUSE, EV_REL, REL_Y, 3);
	EXPECT(f, 0x28, 0, 0xFD);
	happens(f, MOUSE, EV_KEY, BTN_LEFT, 1);
	EXPECT(f, 0x09, 0, 0);
	happens(f, MOUSE, EV_KEY, BTN_LEFT, 0);
	EXPECT(f, 0x08, 0, 0);
	happens(f, MOUSE, EV_REL, REL_X, 0x7fffffff);
	happens(f, MOUSE, EV_REL, REL_X, -0x7fffffff - 1);
}

static void a_device_that_is_unplugged_leaves_nothing_pressed(void **state)
{
	struct fixture *f = *state;
	start(f);
	key(f, KEY_A, 1);
	happens(f, MOUSE, EV_KEY, BTN_RIGHT, 1);
	EXPECT(f, 0x1E, 0x0A, 0, 0);
	unplug(f, KEYBOARD);
	EXPECT(f, 0x9E);
	unplug(f, MOUSE);
	EXPECT(f, 0x08, 0, 0);
	assert_int_equal(input_present(f->input), 0);
}

static void comes_back(struct fixture *f, unsigned i)
{
	plug(f, i);
	for (unsigned step = 0; step < 10 && !fake_evdev[i].open; step++) {
		loop_step(&f->loop, 100);
		clock_ms += 100;
	}
	assert_true(fake_evdev[i].open);
}

static void a_device_that_comes_back_is_taken_back(void **state)
{
	struct fixture *f = *state;
	start(f);
	unplug(f, KEYBOARD);
	clock_ms += 3600000;
	loop_step(&f->loop, 0);
	comes_back(f, KEYBOARD);
	assert_true(fake_evdev[KEYBOARD].grabbed);
	key(f, KEY_B, 1);
	EXPECT(f, 0x30);
}

static void one_that_comes_back_while_the_host_has_them_is_the_hosts(void **state)
{
	struct fixture *f = *state;
	start(f);
	press_both_ctrls(f);
	release_both_ctrls(f);
	while (next(f) >= 0)
		;
	unplug(f, KEYBOARD);
	comes_back(f, KEYBOARD);
	assert_false(fake_evdev[KEYBOARD].grabbed);
	key(f, KEY_B, 1);
	assert_int_equal(next(f), -1);
}

static void a_directory_that_goes_and_comes_is_no_obstacle(void **state)
{
	struct fixture *f = *state;
	start(f);
	unplug(f, KEYBOARD);
	unplug(f, MOUSE);
	assert_int_equal(rmdir(f->dir), 0);
	for (unsigned i = 0; i < 5; i++) {
		loop_step(&f->loop, 20);
		clock_ms += 100;
	}
	assert_int_equal(mkdir(f->dir, 0700), 0);
	for (unsigned i = 0; i < 5; i++) {
		loop_step(&f->loop, 20);
		clock_ms += 100;
	}
	comes_back(f, KEYBOARD);
	assert_true(fake_evdev[KEYBOARD].grabbed);
}

static void a_grab_that_another_process_has_is_no_grab(void **state)
{
	struct fixture *f = *state;
	fake_evdev[KEYBOARD].busy = true;
	start(f);
	key(f, KEY_A, 1);
	key(f, KEY_A, 0);
	assert_int_equal(next(f), -1); /* what the host hears as well is not for the guest */
	assert_int_equal(fake_evdev[KEYBOARD].grabs, 1);
	press_both_ctrls(f);
	release_both_ctrls(f);
	fake_evdev[KEYBOARD].busy = false;
	press_both_ctrls(f);
	release_both_ctrls(f);
	assert_true(fake_evdev[KEYBOARD].grabbed);
}

static void lamps_are_the_guests_while_it_has_the_keyboard(void **state)
{
	struct fixture *f = *state;
	fake_evdev[KEYBOARD].leds = 2; /* the host's Num Lock */
	start(f);
	assert_int_equal(fake_evdev[KEYBOARD].leds, 0);
	i8042_data_ops.write(&f->kbc, 0, 1, 0xED);
	i8042_data_ops.write(&f->kbc, 0, 1, 4);
	loop_step(&f->loop, 0);
	assert_int_equal(fake_evdev[KEYBOARD].leds, 4);
	press_both_ctrls(f);
	release_both_ctrls(f);
	assert_int_equal(fake_evdev[KEYBOARD].leds, 2);
	i8042_data_ops.write(&f->kbc, 0, 1, 0xED);
	i8042_data_ops.write(&f->kbc, 0, 1, 1);
	loop_step(&f->loop, 0);
	assert_int_equal(fake_evdev[KEYBOARD].leds, 2); /* the host's again */
	press_both_ctrls(f);
	release_both_ctrls(f);
	assert_int_equal(fake_evdev[KEYBOARD].leds, 1);
}

static void stopping_gives_all_back(void **state)
{
	struct fixture *f = *state;
	fake_evdev[KEYBOARD].leds = 1;
	start(f);
	key(f, KEY_LEFTSHIFT, 1);
	EXPECT(f, 0x2A);
	input_stop(f->input);
	f->input = NULL;
	EXPECT(f, 0xAA);
	assert_false(fake_evdev[KEYBOARD].grabbed || fake_evdev[KEYBOARD].open);
	assert_false(fake_evdev[MOUSE].open);
	assert_int_equal(fake_evdev[KEYBOARD].leds, 1);
}

static void a_device_that_is_not_there_is_named(void **state)
{
	struct fixture *f = *state;
	unlink(f->path[MOUSE]);
	assert_int_equal(input_check(&f->profile, &f->err), -ENOENT);
	assert_non_null(strstr(f->err.text, f->path[MOUSE]));
	assert_int_equal(input_start(&f->input, &f->profile, &f->kbc, &f->loop, &f->err), -ENOENT);
	assert_false(fake_evdev[KEYBOARD].open);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_guest_has_the_devices_from_the_start),
		T(if_the_profile_says_so_the_host_keeps_them_first),
		T(a_key_held_since_before_the_start_is_waited_for),
		T(both_ctrl_keys_give_them_back_and_take_them_again),
		T(a_key_that_is_not_released_keeps_them_for_a_moment_alone),
		T(other_combinations_do_too),
		T(without_a_combination_they_stay_the_guests),
		T(repetitions_of_the_host_are_not_the_guests),
		T(the_mouse_moves_and_clicks),
		T(a_device_that_is_unplugged_leaves_nothing_pressed),
		T(a_device_that_comes_back_is_taken_back),
		T(one_that_comes_back_while_the_host_has_them_is_the_hosts),
		T(a_directory_that_goes_and_comes_is_no_obstacle),
		T(a_grab_that_another_process_has_is_no_grab),
		T(lamps_are_the_guests_while_it_has_the_keyboard),
		T(stopping_gives_all_back),
		T(a_device_that_is_not_there_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
