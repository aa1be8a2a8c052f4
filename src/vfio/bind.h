/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moving a PCI device between host drivers through sysfs. driver_override only, never new_id: an id
 * added to vfio-pci would also catch devices nobody named. A driver that does not answer in time
 * (core/sysfs.h) is -ETIMEDOUT with its kernel stack in the text; nothing should be asked of that
 * device again until it has.
 */
#ifndef BULKHEAD_VFIO_BIND_H
#define BULKHEAD_VFIO_BIND_H

#include <stddef.h>

#include "base/bdf.h"
#include "base/err.h"
#include "core/host.h"

/* Current driver and override, "" = none. -ENODEV when the device is gone. */
int bind_state(const struct host *host, struct bdf bdf, char *ret_driver, char *ret_override,
	       size_t size);

/* To vfio-pci; already there is success. Verifies by reading back. */
int bind_vfio(const struct host *host, struct bdf bdf, struct err *err);

/* Back to `driver` ("" = none) and `override` ("" = none). Already so is success. */
int bind_restore(const struct host *host, struct bdf bdf, const char *driver, const char *override,
		 struct err *err);

#endif
