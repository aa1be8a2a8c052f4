/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/hotplug.h"

#include <dlfcn.h>
#include <errno.h>
#include <libudev.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

/* Loaded when it is wanted: only somebody who watches needs it. */
#define LIBRARY "libudev.so.1"
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
#define FIELD(name) __typeof__(name) *name;

struct hotplug {
	struct udev *udev;
	struct udev_monitor *monitor;
	FUNCTIONS(FIELD)
};

#define LOAD(name)                                                                                 \
	if (!(hotplug->name = (__typeof__(name) *)dlsym(library, #name)))                          \
		return false;

static bool load(struct hotplug *hotplug)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_NODELETE);
	if (!library)
		return false;
	FUNCTIONS(LOAD)
	return true;
}

#define RECEIVE_BUFFER (1 << 20) /* a PF with 256 VFs says a lot at once */

/* Disks and interfaces, because the host may begin to live on one. */
static bool matters(const char *subsystem)
{
	static const char *const names[] = { "pci", "vfio-dev", "net", "block" };
	for (size_t i = 0; subsystem && i < ARRAY_LEN(names); i++)
		if (!strcmp(subsystem, names[i]))
			return true;
	return false;
}

int hotplug_open(struct hotplug **ret_hotplug, struct err *err)
{
	struct hotplug *hotplug = calloc(1, sizeof(*hotplug));
	if (!hotplug)
		return err_errno(err, -ENOMEM, "device events");
	if (!load(hotplug)) {
		free(hotplug);
		return err_set(err, -ENOENT,
			       "watching devices needs " LIBRARY ": install the package libudev1");
	}
	hotplug->udev = hotplug->udev_new();
	if (hotplug->udev)
		hotplug->monitor = hotplug->udev_monitor_new_from_netlink(hotplug->udev, "kernel");
	int r = hotplug->monitor ? 0 : -ENOMEM;
	if (!r) {
		/* Needs privilege; without, some events may be lost, and the next one makes up. */
		hotplug->udev_monitor_set_receive_buffer_size(hotplug->monitor, RECEIVE_BUFFER);
		r = hotplug->udev_monitor_enable_receiving(hotplug->monitor);
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
	hotplug->udev_monitor_unref(hotplug->monitor);
	hotplug->udev_unref(hotplug->udev);
	free(hotplug);
}

int hotplug_fd(const struct hotplug *hotplug)
{
	return hotplug->udev_monitor_get_fd(hotplug->monitor);
}

bool hotplug_take(struct hotplug *hotplug)
{
	struct udev_device *device;
	bool any = false;
	while ((device = hotplug->udev_monitor_receive_device(hotplug->monitor))) {
		any |= matters(hotplug->udev_device_get_subsystem(device));
		hotplug->udev_device_unref(device);
	}
	return any;
}
