/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/log.h"
#include "input_evdev.h"
#include "input_toggle.h"
#include "input_watch.h"

#define EVENTS_AT_ONCE 256 /* before other things get their turn */
#define FAR 10000          /* counts between two reports: no mouse moves so fast */

struct input_device {
	struct input *input;
	const char *path;
	struct evdev *evdev; /* NULL = not there */
	struct loop_fd watch;
	bool grabbed;
	bool refused;                      /* a grab failed, and was reported */
	uint8_t host_leds;                 /* lamps as they were before the grab */
	uint64_t held[TOGGLE_CODES / 64];  /* keys that are down on it */
	uint64_t given[TOGGLE_CODES / 64]; /* those that the guest was told of */
	uint8_t buttons;                   /* enum ps2_button bits, given */
	int right, down, wheel;            /* since the last report */
};

struct input {
	struct i8042 *kbc; /* borrowed, as is loop */
	struct loop *loop;
	struct input_toggle toggle;
	struct input_watch watch;
	struct loop_timer patience;
	uint8_t guest_leds;
	struct input_device device[PROFILE_MAX_EVDEVS];
	unsigned n;
};

/* --- bits --- */

static bool has(const uint64_t *set, unsigned code)
{
	return set[code / 64] >> code % 64 & 1;
}

static void mark(uint64_t *set, unsigned code, bool on)
{
	uint64_t bit = UINT64_C(1) << code % 64;
	set[code / 64] = on ? set[code / 64] | bit : set[code / 64] & ~bit;
}

/* --- to the guest --- */

static uint8_t button_of(unsigned code)
{
	switch (code) {
	case BTN_LEFT:
		return PS2_LEFT;
	case BTN_RIGHT:
		return PS2_RIGHT;
	case BTN_MIDDLE:
		return PS2_MIDDLE;
	case BTN_SIDE:
	case BTN_BACK:
		return PS2_SIDE;
	case BTN_EXTRA:
	case BTN_FORWARD:
		return PS2_EXTRA;
	default:
		return 0;
	}
}

/* The guest has one mouse: its buttons are those of all. */
static void report(struct input_device *device)
{
	struct input *input = device->input;
	uint8_t buttons = 0;
	for (unsigned i = 0; i < input->n; i++)
		buttons |= input->device[i].buttons;
	i8042_mouse(input->kbc, device->right, device->down, device->wheel, buttons);
	device->right = device->down = device->wheel = 0;
}

static void give_key(struct input_device *device, unsigned code, bool down)
{
	uint8_t button = button_of(code);
	mark(device->given, code, down);
	if (!button) {
		i8042_key(device->input->kbc, code, down);
		return;
	}
	device->buttons = (uint8_t)(down ? device->buttons | button : device->buttons & ~button);
	report(device);
}

/* Nothing of it stays pressed in the guest. */
static void take_keys(struct input_device *device)
{
	for (unsigned code = 0; code < TOGGLE_CODES; code++)
		if (has(device->given, code))
			give_key(device, code, false);
	device->right = device->down = device->wheel = 0;
}

static void add(int *sum, int value)
{
	value = value > FAR ? FAR : value < -FAR ? -FAR : value;
	*sum += value;
	*sum = *sum > FAR ? FAR : *sum < -FAR ? -FAR : *sum;
}

static void give_movement(struct input_device *device, const struct evdev_event *event)
{
	if (event->code == REL_X)
		add(&device->right, event->value);
	else if (event->code == REL_Y)
		add(&device->down, event->value);
	else if (event->code == REL_WHEEL)
		add(&device->wheel, event->value);
}

static void give(struct input_device *device, const struct evdev_event *event)
{
	switch (event->type) {
	case EV_KEY: /* 2 is a repetition: the guest's keyboard makes its own */
		if (event->value != 2 && event->code < TOGGLE_CODES)
			give_key(device, event->code, event->value);
		break;
	case EV_REL:
		give_movement(device, event);
		break;
	case EV_SYN:
		if (device->right || device->down || device->wheel)
			report(device);
		break;
	default:
		break;
	}
}

/* --- grabbing --- */

static void grab(struct input_device *device)
{
	int r = evdev_grab(device->evdev, true);
	if (r) {
		if (!device->refused)
			log_warn("input device %s stays with the host: %s", device->path,
				 r == -EBUSY ? "another process has grabbed it" : strerror(-r));
		device->refused = true;
		return;
	}
	device->grabbed = true;
	device->refused = false;
	device->host_leds = evdev_leds(device->evdev);
	evdev_set_leds(device->evdev, device->input->guest_leds);
}

static void let_go(struct input_device *device)
{
	take_keys(device);
	if (!device->grabbed)
		return;
	device->grabbed = false;
	evdev_set_leds(device->evdev, device->host_leds);
	evdev_grab(device->evdev, false);
}

static bool holds_any(const struct input_device *device)
{
	static const uint64_t none[TOGGLE_CODES / 64];
	return memcmp(device->held, none, sizeof(none));
}

/* What is to be done now that keys or devices have changed. */
static void settle(struct input *input)
{
	uint64_t now = input->loop->now_ms(), wait;
	if (input_toggle_is_due(&input->toggle, now)) {
		input->toggle.grabbed = input->toggle.wanted;
		log_info("input devices: the %s's", input->toggle.grabbed ? "guest" : "host");
	}
	for (unsigned i = 0; i < input->n; i++) {
		struct input_device *device = &input->device[i];
		if (!device->evdev)
			continue;
		if (!input->toggle.grabbed)
			let_go(device);
		else if (!device->grabbed && !device->refused && !holds_any(device))
			grab(device); /* one that has come back, too */
		if (!input->toggle.grabbed)
			device->refused = false; /* worth another attempt next time */
	}
	wait = input_toggle_wait_ms(&input->toggle, now);
	loop_timer_cancel(input->loop, &input->patience);
	if (wait)
		loop_timer_arm(input->loop, &input->patience, wait);
}

static void out_of_patience(void *ctx)
{
	settle(ctx);
}

static void set_leds(void *ctx, uint8_t leds)
{
	struct input *input = ctx;
	input->guest_leds = leds;
	for (unsigned i = 0; i < input->n; i++)
		if (input->device[i].grabbed)
			evdev_set_leds(input->device[i].evdev, leds);
}

/* --- devices --- */

static void note_key(struct input_device *device, unsigned code, bool down)
{
	struct input *input = device->input;
	if (code >= TOGGLE_CODES || has(device->held, code) == down)
		return;
	mark(device->held, code, down);
	input_toggle_key(&input->toggle, code, down, input->loop->now_ms());
}

static void lose(struct input_device *device)
{
	log_info("input device %s is gone; waiting for it", device->path);
	take_keys(device);
	for (unsigned code = 0; code < TOGGLE_CODES; code++)
		if (has(device->held, code))
			note_key(device, code, false);
	loop_remove(device->input->loop, &device->watch);
	evdev_close(device->evdev);
	device->evdev = NULL;
	device->grabbed = device->refused = false;
}

static void look_for(void *ctx);

static void ready(void *ctx, uint32_t events)
{
	struct input_device *device = ctx;
	struct evdev_event event;
	int r = 1;
	(void)events;
	for (unsigned i = 0; r == 1 && i < EVENTS_AT_ONCE; i++) {
		r = evdev_next(device->evdev, &event);
		if (r != 1)
			break;
		/* Before the combination is looked at: its last key is the guest's as well. */
		if (device->grabbed)
			give(device, &event);
		if (event.type == EV_KEY && event.value != 2)
			note_key(device, event.code, event.value);
		if (event.type == EV_SYN)
			settle(device->input);
	}
	if (r < 0) {
		lose(device);
		settle(device->input);
		look_for(device->input);
	}
}

static int connect_device(struct input_device *device, struct err *err)
{
	struct evdev *evdev;
	int r = evdev_open(&evdev, device->path, err);
	if (r)
		return r;
	device->watch = (struct loop_fd){ evdev_fd(evdev), ready, device };
	r = loop_add(device->input->loop, &device->watch, EPOLLIN);
	if (r) {
		evdev_close(evdev);
		return err_errno(err, r, "input device %s", device->path);
	}
	device->evdev = evdev;
	/* Enter may still be down from the command that started us. */
	for (unsigned code = 0; code < TOGGLE_CODES; code++)
		if (evdev_holds(evdev, code))
			note_key(device, code, true);
	return 0;
}

/* Tries all that are missing. */
static void look_for(void *ctx)
{
	struct input *input = ctx;
	for (unsigned i = 0; i < input->n; i++) {
		struct input_device *device = &input->device[i];
		struct err err = { 0 };
		if (device->evdev)
			continue;
		input_watch_for(&input->watch, device->path);
		if (!connect_device(device, &err))
			log_info("input device %s is back", device->path);
		else
			log_debug("%s", err.text);
	}
	settle(input);
}

/* --- start and stop --- */

static int start(struct input *input, const struct profile *profile, struct err *err)
{
	int r = input_watch_init(&input->watch, input->loop, look_for, input, err);
	for (unsigned i = 0; !r && i < profile->input.n_evdevs; i++) {
		struct input_device *device = &input->device[input->n++];
		*device = (struct input_device){ .input = input,
						 .path = profile->input.evdev[i].path };
		r = connect_device(device, err);
	}
	if (!r)
		settle(input);
	return r;
}

int input_start(struct input **ret_input, const struct profile *profile, struct i8042 *kbc,
		struct loop *loop, struct err *err)
{
	struct input *input = calloc(1, sizeof(*input));
	if (!input)
		return err_errno(err, -ENOMEM, "input devices");
	input->kbc = kbc;
	input->loop = loop;
	input->patience = (struct loop_timer){ .expired = out_of_patience, .ctx = input };
	input_toggle_init(&input->toggle, profile->input.grab_keys, profile->input.grab_at_start);
	kbc->on_leds = set_leds;
	kbc->on_leds_ctx = input;
	int r = start(input, profile, err);
	if (r)
		input_stop(input);
	else
		*ret_input = input;
	return r;
}

void input_stop(struct input *input)
{
	if (!input)
		return;
	input->kbc->on_leds = NULL;
	for (unsigned i = 0; i < input->n; i++) {
		struct input_device *device = &input->device[i];
		if (!device->evdev)
			continue;
		let_go(device);
		loop_remove(input->loop, &device->watch);
		evdev_close(device->evdev);
	}
	loop_timer_cancel(input->loop, &input->patience);
	input_watch_fini(&input->watch);
	free(input);
}

static bool is_repeated(const struct profile *profile, unsigned index)
{
	for (unsigned i = 0; i < index; i++)
		if (!strcmp(profile->input.evdev[i].path, profile->input.evdev[index].path))
			return true;
	return false;
}

int input_check(const struct profile *profile, struct err *err)
{
	int r = 0;
	for (unsigned i = 0; i < profile->input.n_evdevs; i++)
		if (is_repeated(profile, i))
			return err_set(err, -EEXIST, "input.evdev: %s is given twice",
				       profile->input.evdev[i].path);
	for (unsigned i = 0; !r && i < profile->input.n_evdevs; i++) {
		struct evdev *evdev;
		r = evdev_open(&evdev, profile->input.evdev[i].path, err);
		if (!r)
			evdev_close(evdev);
	}
	return r;
}

unsigned input_present(const struct input *input)
{
	unsigned n = 0;
	for (unsigned i = 0; i < input->n; i++)
		n += input->device[i].evdev != NULL;
	return n;
}

bool input_is_grabbed(const struct input *input)
{
	return input->toggle.grabbed;
}
