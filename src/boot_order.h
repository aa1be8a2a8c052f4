/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the firmware tries to boot from, and in which order: `boot_index` of devices and disks, as
 * the OpenFirmware paths that OVMF reads from the configuration file "bootorder". With such a file
 * it connects those devices alone, beside consoles; without one it tries everything there is.
 */
#ifndef BULKHEAD_BOOT_ORDER_H
#define BULKHEAD_BOOT_ORDER_H

#include <stddef.h>

#include "plan.h"

#define BOOT_ORDER_FILE "bootorder"
#define BOOT_ORDER_MAX (PROFILE_MAX_DEVICES + PROFILE_MAX_DISKS)
#define BOOT_ORDER_PATH 80 /* with the newline or NUL that ends it */
#define BOOT_ORDER_SIZE (BOOT_ORDER_MAX * BOOT_ORDER_PATH)

/* The file's text: a path a line, the last ended by NUL, which counts. 0 = nothing is in the order. */
size_t boot_order_text(const struct plan *plan, char ret_text[BOOT_ORDER_SIZE]);

#endif
