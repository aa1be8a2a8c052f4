/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's announcements of PCI devices that come, go, or change hands, through libudev.
 * Straight from the kernel: udevd need not run.
 */
#ifndef BULKHEAD_CORE_HOTPLUG_H
#define BULKHEAD_CORE_HOTPLUG_H

#include <stdbool.h>

#include "base/err.h"

struct hotplug;

int hotplug_open(struct hotplug **ret_hotplug, struct err *err);
void hotplug_close(struct hotplug *hotplug); /* NULL allowed */

/* Readable when something was announced; owned by `hotplug`. */
int hotplug_fd(const struct hotplug *hotplug);

/* Takes what waits. True when any of it was about a PCI device or what a verdict depends on. */
bool hotplug_take(struct hotplug *hotplug);

#endif
