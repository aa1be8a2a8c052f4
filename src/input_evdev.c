/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input_evdev.h"

#include <errno.h>
#include <fcntl.h>
#include <libevdev/libevdev.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/library.h"

#define FUNCTIONS(F)                                                                               \
	F(libevdev_new_from_fd)                                                                    \
	F(libevdev_free)                                                                           \
	F(libevdev_grab)                                                                           \
	F(libevdev_next_event)                                                                     \
	F(libevdev_has_event_type)                                                                 \
	F(libevdev_has_event_code)                                                                 \
	F(libevdev_get_event_value)                                                                \
	F(libevdev_kernel_set_led_value)

static const char *const names[] = { FUNCTIONS(LIBRARY_NAME) };
static const struct library library = {
	"libevdev.so.2", "libevdev2", "input.evdev", names, ARRAY_LEN(names),
};

struct evdev {
	int fd;
	struct libevdev *device;
	bool lost; /* events were: libevdev tells what has changed meanwhile */
	struct functions {
		FUNCTIONS(LIBRARY_FIELD)
	} fn;
};

static const unsigned led_codes[] = { LED_SCROLLL, LED_NUML, LED_CAPSL };

/* Lamps need write access; a device that may only be read serves without. */
static int open_file(const char *path)
{
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == EACCES)
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int start(struct evdev *evdev, const char *path, struct err *err)
{
	int r = library_load(&library, &evdev->fn, err);
	if (r)
		return r;
	evdev->fd = open_file(path);
	if (evdev->fd == -ENOENT || evdev->fd == -ENXIO)
		return err_set(
			err, -ENOENT,
			"input device %s is not there; plug it in, or look in /dev/input/by-id "
			"for its name",
			path);
	if (evdev->fd == -EACCES)
		return err_set(
			err, -EACCES,
			"input device %s may not be opened; run as root, or as a member of the "
			"group input",
			path);
	if (evdev->fd < 0)
		return err_errno(err, evdev->fd, "input device %s", path);
	r = evdev->fn.libevdev_new_from_fd(evdev->fd, &evdev->device);
	if (r == -ENODEV)
		return err_errno(err, r, "input device %s", path);
	if (r)
		return err_set(err, -EINVAL, "%s is no input device; give one of /dev/input/by-id",
			       path);
	if (!evdev->fn.libevdev_has_event_type(evdev->device, EV_KEY) &&
	    !evdev->fn.libevdev_has_event_type(evdev->device, EV_REL))
		return err_set(
			err, -EINVAL,
			"input device %s has neither keys nor movement; PS/2 knows keyboards "
			"and mice alone",
			path);
	return 0;
}

int evdev_open(struct evdev **ret_evdev, const char *path, struct err *err)
{
	struct evdev *evdev = calloc(1, sizeof(*evdev));
	if (!evdev)
		return err_errno(err, -ENOMEM, "input device %s", path);
	evdev->fd = -1;
	int r = start(evdev, path, err);
	if (r)
		evdev_close(evdev);
	else
		*ret_evdev = evdev;
	return r;
}

void evdev_close(struct evdev *evdev)
{
	if (!evdev)
		return;
	if (evdev->device)
		evdev->fn.libevdev_free(evdev->device);
	close_fd(&evdev->fd);
	free(evdev);
}

int evdev_fd(const struct evdev *evdev)
{
	return evdev->fd;
}

int evdev_grab(struct evdev *evdev, bool grab)
{
	return evdev->fn.libevdev_grab(evdev->device, grab ? LIBEVDEV_GRAB : LIBEVDEV_UNGRAB);
}

int evdev_next(struct evdev *evdev, struct evdev_event *ret_event)
{
	struct input_event event;
	unsigned flags = evdev->lost ? LIBEVDEV_READ_FLAG_SYNC : LIBEVDEV_READ_FLAG_NORMAL;
	int r = evdev->fn.libevdev_next_event(evdev->device, flags, &event);
	if (r == -EAGAIN && evdev->lost) {
		evdev->lost = false;
		r = evdev->fn.libevdev_next_event(evdev->device, LIBEVDEV_READ_FLAG_NORMAL, &event);
	}
	if (r < 0)
		return r == -EAGAIN ? 0 : r;
	evdev->lost = r == LIBEVDEV_READ_STATUS_SYNC;
	*ret_event = (struct evdev_event){ event.type, event.code, event.value };
	return 1;
}

bool evdev_holds(const struct evdev *evdev, unsigned code)
{
	return evdev->fn.libevdev_get_event_value(evdev->device, EV_KEY, code) > 0;
}

uint8_t evdev_leds(const struct evdev *evdev)
{
	uint8_t leds = 0;
	for (unsigned i = 0; i < ARRAY_LEN(led_codes); i++)
		if (evdev->fn.libevdev_get_event_value(evdev->device, EV_LED, led_codes[i]))
			leds |= (uint8_t)(1u << i);
	return leds;
}

void evdev_set_leds(struct evdev *evdev, uint8_t leds)
{
	for (unsigned i = 0; i < ARRAY_LEN(led_codes); i++)
		if (evdev->fn.libevdev_has_event_code(evdev->device, EV_LED, led_codes[i]))
			evdev->fn.libevdev_kernel_set_led_value(evdev->device, led_codes[i],
								leds >> i & 1 ? LIBEVDEV_LED_ON
									      : LIBEVDEV_LED_OFF);
}
