/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose the host's input devices are, the host's or the guest's, and when that changes. Pressing
 * the combination asks for it; it is done once no key is held any more, so that neither side is
 * left with a key that it saw go down and not up. Back to the host it is done after a moment even
 * so: who asks for the keyboard gets it. Pure; the main thread's.
 */
#ifndef BULKHEAD_INPUT_TOGGLE_H
#define BULKHEAD_INPUT_TOGGLE_H

#include <stdbool.h>
#include <stdint.h>

#include "profile.h"

#define TOGGLE_CODES 768        /* KEY_CNT, linux/input-event-codes.h */
#define TOGGLE_PATIENCE_MS 1500 /* for keys to be released before the host gets its devices back   \
				 */

struct input_toggle {
	enum grab_keys keys;
	bool grabbed; /* the guest's now */
	bool wanted;  /* what was asked for last */
	uint64_t held[TOGGLE_CODES / 64];
	unsigned n_held;
	uint64_t asked_ms; /* when `wanted` changed */
};

/* `grabbed` is false until the caller has done it. */
void input_toggle_init(struct input_toggle *toggle, enum grab_keys keys, bool grab_at_start);

/* A key of any device; codes out of range and changes that are none are ignored. */
void input_toggle_key(struct input_toggle *toggle, unsigned code, bool down, uint64_t now_ms);

/* Whether grabbing or letting go is to be done now; the caller sets `grabbed` then. */
bool input_toggle_is_due(const struct input_toggle *toggle, uint64_t now_ms);

/* Milliseconds until it is due at the latest, when it waits for keys; 0 = it does not wait for
 * time. */
uint64_t input_toggle_wait_ms(const struct input_toggle *toggle, uint64_t now_ms);

#endif
