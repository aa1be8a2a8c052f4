/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `bulkhead reset`: a device is reset by the mildest method of the kernel that brings it back as it
 * was (reset_proof.h), one after the other down its reset_method list. A method that hits other
 * functions as well is used only where they are ours to hit. What came of it goes into the device's
 * history; a device that answers after none is put into quarantine.
 */
#ifndef BULKHEAD_RESET_DEVICE_H
#define BULKHEAD_RESET_DEVICE_H

#include "base/bdf.h"
#include "base/err.h"
#include "core/host.h"

struct reset_report {
	char method[24];   /* the one that did it */
	char tried[768];   /* what came of those before it: "flr: BAR 0 0x0, before 0xfe000000" */
	unsigned n_others; /* functions that were reset along */
};

/*
 * -EBUSY, naming driver, profile or holder, for a device that is not on vfio-pci or without a driver
 * and free. -ENOTTY when the kernel knows no method; -EIO when none brought it back as it was, and
 * the text says what is different or that it is in quarantine, with the error registers.
 */
int reset_device(const struct host *host, struct bdf bdf, struct reset_report *ret,
		 struct err *err);

#endif
