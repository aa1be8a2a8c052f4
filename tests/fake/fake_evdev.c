/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/fake_evdev.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct fake_evdev fake_evdev[FAKE_EVDEVS];

struct evdev {
	struct fake_evdev *fake;
	unsigned held;
};

static void wake(struct fake_evdev *fake)
{
	if (fake->open)
		eventfd_write(fake->fd, 1);
}

void fake_evdev_event(unsigned index, unsigned type, unsigned code, int value)
{
	struct fake_evdev *fake = &fake_evdev[index];
	if (fake->n + 2 > FAKE_EVENTS)
		abort();
	fake->queue[fake->n++] = (struct evdev_event){ type, code, value };
	fake->queue[fake->n++] = (struct evdev_event){ EV_SYN, SYN_REPORT, 0 };
	wake(fake);
}

void fake_evdev_unplug(unsigned index)
{
	fake_evdev[index].gone = true;
	wake(&fake_evdev[index]);
}

int evdev_open(struct evdev **ret_evdev, const char *path, struct err *err)
{
	const char *name = strrchr(path, '/') + 1;
	for (unsigned i = 0; !access(path, F_OK) && i < FAKE_EVDEVS; i++) {
		struct fake_evdev *fake = &fake_evdev[i];
		if (!fake->name || strcmp(fake->name, name))
			continue;
		struct evdev *evdev = calloc(1, sizeof(*evdev));
		evdev->fake = fake;
		evdev->held = fake->held_at_open;
		fake->open = true;
		fake->gone = false;
		fake->n = 0;
		fake->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		*ret_evdev = evdev;
		return 0;
	}
	return err_errno(err, -ENOENT, "input device %s", path);
}

void evdev_close(struct evdev *evdev)
{
	if (!evdev)
		return;
	close(evdev->fake->fd);
	evdev->fake->open = evdev->fake->grabbed = false;
	free(evdev);
}

int evdev_fd(const struct evdev *evdev)
{
	return evdev->fake->fd;
}

int evdev_grab(struct evdev *evdev, bool grab)
{
	evdev->fake->grabs += grab;
	if (grab && evdev->fake->busy)
		return -EBUSY;
	evdev->fake->grabbed = grab;
	return 0;
}

int evdev_next(struct evdev *evdev, struct evdev_event *ret_event)
{
	struct fake_evdev *fake = evdev->fake;
	eventfd_t ignored;
	if (fake->gone)
		return -ENODEV;
	if (!fake->n) {
		eventfd_read(fake->fd, &ignored);
		return 0;
	}
	*ret_event = fake->queue[0];
	memmove(fake->queue, fake->queue + 1, --fake->n * sizeof(fake->queue[0]));
	return 1;
}

bool evdev_holds(const struct evdev *evdev, unsigned code)
{
	return code && code == evdev->held;
}

uint8_t evdev_leds(const struct evdev *evdev)
{
	return evdev->fake->leds;
}

void evdev_set_leds(struct evdev *evdev, uint8_t leds)
{
	evdev->fake->leds = leds;
}
