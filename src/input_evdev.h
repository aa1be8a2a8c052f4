/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One input device of the host, by libevdev: opened, read, grabbed, its lamps set. A grab belongs
 * to the open file, so the kernel ends it when this process is gone, however it went.
 */
#ifndef BULKHEAD_INPUT_EVDEV_H
#define BULKHEAD_INPUT_EVDEV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct evdev;

struct evdev_event {
	unsigned type, code; /* linux/input-event-codes.h */
	int value;
};

/*
 * -ENOENT no such file, -EACCES, -ENODEV it is unplugged, -EINVAL no input device, or one with
 * neither keys nor movement.
 */
int evdev_open(struct evdev **ret_evdev, const char *path, struct err *err);
void evdev_close(struct evdev *evdev); /* NULL ok; ends a grab */
int evdev_fd(const struct evdev *evdev);

/* Takes its events from everybody else, or gives them back. -EBUSY another process has it. */
int evdev_grab(struct evdev *evdev, bool grab);

/* 1 = an event, 0 = none now, -ENODEV = unplugged, -errno. Lost events come as their outcome. */
int evdev_next(struct evdev *evdev, struct evdev_event *ret_event);

/* Whether the key was held when last looked: at opening, or after its last event. */
bool evdev_holds(const struct evdev *evdev, unsigned code);

/* Lamps, as bits of struct ps2_keyboard's leds; nothing on a device without. */
uint8_t evdev_leds(const struct evdev *evdev);
void evdev_set_leds(struct evdev *evdev, uint8_t leds);

#endif
