/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A function's configuration space as the host's kernel shows it: to tell what the device is and
 * whether it still answers, without opening it.
 */
#ifndef BULKHEAD_DEVICE_CONFIG_H
#define BULKHEAD_DEVICE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bdf.h"
#include "core/host.h"

#define DEVICE_CONFIG_MAX 4096u

struct device_config {
	uint8_t at[DEVICE_CONFIG_MAX];
	unsigned n; /* 64 for who is not root, 256 for a conventional device, else 4096 */
};

/* -ENODEV when there is no such device, -EIO when less than a header can be read. */
int device_config_read(const struct host *host, struct bdf bdf, struct device_config *ret);

/*
 * True when the header can be read and is dead: a look at 64 bytes, for who wants to know no more.
 */
bool device_config_is_dead(const struct host *host, struct bdf bdf);

/*
 * False when the header reads as all ones, which is what the bus gives for a device that does not
 * answer (PCIe 6.0 §2.3.2). The ids alone do not tell: a VF has none.
 */
bool device_config_answers(const struct device_config *config);

#endif
