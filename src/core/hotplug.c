/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/hotplug.h"

#include <errno.h>
#include <libudev.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/library.h"

#define FUNCTIONS(F)                                                                               \
	F(udev_new)                                                                                \
	F(udev_unref)                                                                              \
	F(udev_monitor_new_from_netlink)                                                           \
	F(udev_monitor_set_receive_buffer_size)                                                    \
	F(udev_monitor_enable_receiving)                                                           \
	F(udev_monitor_receive_device)                                                             \
	F(udev_monitor_get_fd)                                                                     \
	F(udev_monitor_unref)                                                                      \
	F(udev_device_get_subsystem)                                                               \
	F(udev_device_unref)

static const char *const names[] = { FUNCTIONS(LIBRARY_NAME) };
static const struct library libudev = {
	"libudev.so.1", "libudev1", "watching devices", names, ARRAY_LEN(names),
};

struct hotplug {
	struct udev *udev;
	struct udev_monitor *monitor;
	struct udev_functions {
		FUNCTIONS(LIBRARY_FIELD)
	} fn;
};

#define RECEIVE_BUFFER (1 << 20) /* a PF with 256 VFs says a lot at once */

/* Disks and interfaces, because the host may begin to live on one. */
static bool matters(const char *subsystem)
{
	static const char *const subsystems[] = { "pci", "vfio-dev", "net", "block" };
	for (size_t i = 0; subsystem && i < ARRAY_LEN(subsystems); i++)
		if (!strcmp(subsystem, subsystems[i]))
			return true;
	return false;
}

int hotplug_open(struct hotplug **ret_hotplug, struct err *err)
{
	struct hotplug *hotplug = calloc(1, sizeof(*hotplug));
	if (!hotplug)
		return err_errno(err, -ENOMEM, "device events");
	int r = library_load(&libudev, &hotplug->fn, err);
	if (r) {
		free(hotplug);
		return r;
	}
	hotplug->udev = hotplug->fn.udev_new();
	if (hotplug->udev)
		hotplug->monitor = hotplug->fn.udev_monitor_new_from_netlink(hotplug->udev, "kernel");
	r = hotplug->monitor ? 0 : -ENOMEM;
	if (!r) {
		/* Needs privilege; without, some events may be lost, and the next one makes up. */
		hotplug->fn.udev_monitor_set_receive_buffer_size(hotplug->monitor, RECEIVE_BUFFER);
		r = hotplug->fn.udev_monitor_enable_receiving(hotplug->monitor);
	}
	if (r < 0) {
		hotplug_close(hotplug);
		return err_errno(err, r, "device events of the kernel");
	}
	*ret_hotplug = hotplug;
	return 0;
}

void hotplug_close(struct hotplug *hotplug)
{
	if (!hotplug)
		return;
	hotplug->fn.udev_monitor_unref(hotplug->monitor);
	hotplug->fn.udev_unref(hotplug->udev);
	free(hotplug);
}

int hotplug_fd(const struct hotplug *hotplug)
{
	return hotplug->fn.udev_monitor_get_fd(hotplug->monitor);
}

bool hotplug_take(struct hotplug *hotplug)
{
	struct udev_device *device;
	bool any = false;
	while ((device = hotplug->fn.udev_monitor_receive_device(hotplug->monitor))) {
		any |= matters(hotplug->fn.udev_device_get_subsystem(device));
		hotplug->fn.udev_device_unref(device);
	}
	return any;
}
