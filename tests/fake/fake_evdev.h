/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for input_evdev.c: input devices whose events a test makes up. A device is found by the
 * last component of its path, and only while a file is there, so that unplugging is removing a
 * file.
 */
#ifndef BULKHEAD_FAKE_EVDEV_H
#define BULKHEAD_FAKE_EVDEV_H

#include <stdbool.h>
#include <stdint.h>

#include "input_evdev.h"

#define FAKE_EVDEVS 4
#define FAKE_EVENTS 64

struct fake_evdev {
	const char *name;      /* NULL = unused */
	bool busy;             /* a grab fails with -EBUSY */
	unsigned held_at_open; /* a key code; 0 = none */
	uint8_t leds;
	/* State. */
	bool open, grabbed, gone;
	unsigned grabs;
	int fd; /* an eventfd, readable while there are events */
	struct evdev_event queue[FAKE_EVENTS];
	unsigned n;
};
extern struct fake_evdev fake_evdev[FAKE_EVDEVS];

/* An event and its SYN_REPORT. */
void fake_evdev_event(unsigned index, unsigned type, unsigned code, int value);
/* Its next read fails with -ENODEV. */
void fake_evdev_unplug(unsigned index);

#endif
