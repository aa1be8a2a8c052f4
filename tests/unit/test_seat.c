/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seat.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/opt.h"

struct fixture {
	struct profile profile;
	struct plan plan;
	struct host host;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	f->profile.name = (char *)"demo";
	f->profile.firmware.type = FIRMWARE_UEFI;
	f->profile.display.type = DISPLAY_RAMFB;
	f->profile.looking_glass.width = f->profile.looking_glass.height = OPT_NONE;
	f->host.dev = -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	vec_free(&f->plan.refusals);
	free(f);
	return 0;
}

static void refused(struct fixture *f, const char *const *parts)
{
	size_t n = 0;
	assert_int_equal(seat_check(&f->plan, &f->profile, &f->host), 0);
	for (; parts[n]; n++) {
		assert_in_range(n + 1, 1, f->plan.refusals.n);
		if (!strstr(f->plan.refusals.at[n].text, parts[n]))
			fail_msg("no '%s' in: %s", parts[n], f->plan.refusals.at[n].text);
	}
	assert_int_equal(f->plan.refusals.n, n);
}
#define REFUSED(f, ...) refused(f, (const char *const[]){ __VA_ARGS__, NULL })

static void a_display_without_anything_else_is_fine(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(seat_check(&f->plan, &f->profile, &f->host), 0);
	assert_int_equal(f->plan.refusals.n, 0);
}

static void a_framebuffer_needs_firmware(void **state)
{
	struct fixture *f = *state;
	f->profile.firmware.type = FIRMWARE_NONE;
	REFUSED(f, "set firmware.type to \"uefi\"");
}

static void vnc_needs_a_picture(void **state)
{
	struct fixture *f = *state;
	f->profile.display.type = DISPLAY_NONE;
	f->profile.display.vnc.socket = (char *)"/tmp/test-seat-no-such-socket";
	REFUSED(f, "there is no picture to show");
}

static void everything_that_is_wrong_is_said_at_once(void **state)
{
	struct fixture *f = *state;
	f->profile.firmware.type = FIRMWARE_NONE;
	f->profile.display.vnc.address = (char *)"nowhere";
	f->profile.input.evdev[0].path = (char *)"/dev/input/none";
	f->profile.input.n_evdevs = 1;
	f->profile.looking_glass.width = 1920;
	REFUSED(f, "firmware.type", "'nowhere' is no IP address", "/dev/input/none is not there",
		"set width and height");
}

static void what_is_no_input_device_is_refused(void **state)
{
	struct fixture *f = *state;
	f->profile.input.evdev[0].path = (char *)"/dev/null";
	f->profile.input.n_evdevs = 1;
	REFUSED(f, "/dev/null is no input device");
}

static void a_device_given_twice_is_refused(void **state)
{
	struct fixture *f = *state;
	f->profile.input.evdev[0].path = f->profile.input.evdev[1].path = (char *)"/dev/input/none";
	f->profile.input.n_evdevs = 2;
	REFUSED(f, "/dev/input/none is given twice");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_display_without_anything_else_is_fine),
		T(a_framebuffer_needs_firmware),
		T(vnc_needs_a_picture),
		T(everything_that_is_wrong_is_said_at_once),
		T(what_is_no_input_device_is_refused),
		T(a_device_given_twice_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
