/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Actions that let a device's option ROM be read through sysfs: its memory decoding, which the
 * kernel does not turn on for that, and the switch of the `rom` attribute. Private to action.c.
 */
#ifndef BULKHEAD_ACTION_ROM_H
#define BULKHEAD_ACTION_ROM_H

#include "action_host.h"

ACTION_FUNCTIONS(memory_decode)
ACTION_FUNCTIONS(rom_shown)

#endif
