/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a function hangs in the PCI tree, by the directory that sysfs keeps it in. */
#ifndef BULKHEAD_DEVICE_PATH_H
#define BULKHEAD_DEVICE_PATH_H

#include <stdbool.h>

#include "base/bdf.h"
#include "core/host.h"

/* The port or bridge right above the function; false on a root bus, or where there is no such one. */
bool device_port_above(const struct host *host, struct bdf bdf, struct bdf *ret_port);

/* Whether `port` is above the function, at whatever distance. */
bool device_is_below(const struct host *host, struct bdf bdf, struct bdf port);

#endif
