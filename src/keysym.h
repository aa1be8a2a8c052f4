/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which key a VNC client's keysym is on: a fixed table of a US keyboard, whatever layout either
 * side has. The guest's own layout then decides what the key means, as with a keyboard that is
 * plugged in; who types in another layout than the guest's gets the keys of the US positions.
 */
#ifndef BULKHEAD_KEYSYM_H
#define BULKHEAD_KEYSYM_H

#include <stdint.h>

/* A Linux key code, 0 = no key has it. Upper and lower case and shifted symbols are one key. */
unsigned keysym_to_key(uint32_t keysym);

#endif
