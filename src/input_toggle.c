/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input_toggle.h"

#include <linux/input-event-codes.h>

void input_toggle_init(struct input_toggle *toggle, enum grab_keys keys, bool grab_at_start)
{
	*toggle = (struct input_toggle){ .keys = keys,
					 .wanted = grab_at_start || keys == GRAB_NEVER };
}

static bool holds(const struct input_toggle *toggle, unsigned code)
{
	return toggle->held[code / 64] >> code % 64 & 1;
}

static bool both(const struct input_toggle *toggle, unsigned code, unsigned left, unsigned right)
{
	return (code == left || code == right) && holds(toggle, left) && holds(toggle, right);
}

/* Whether the press of `code` completes the combination. */
static bool completes(const struct input_toggle *toggle, unsigned code)
{
	switch (toggle->keys) {
	case GRAB_BOTH_CTRL:
		return both(toggle, code, KEY_LEFTCTRL, KEY_RIGHTCTRL);
	case GRAB_BOTH_ALT:
		return both(toggle, code, KEY_LEFTALT, KEY_RIGHTALT);
	case GRAB_BOTH_SHIFT:
		return both(toggle, code, KEY_LEFTSHIFT, KEY_RIGHTSHIFT);
	case GRAB_BOTH_META:
		return both(toggle, code, KEY_LEFTMETA, KEY_RIGHTMETA);
	case GRAB_SCROLL_LOCK:
		return code == KEY_SCROLLLOCK;
	case GRAB_CTRL_SCROLL_LOCK:
		return code == KEY_SCROLLLOCK &&
		       (holds(toggle, KEY_LEFTCTRL) || holds(toggle, KEY_RIGHTCTRL));
	case GRAB_NEVER:
		break;
	}
	return false;
}

void input_toggle_key(struct input_toggle *toggle, unsigned code, bool down, uint64_t now_ms)
{
	if (code >= TOGGLE_CODES || holds(toggle, code) == down)
		return;
	toggle->held[code / 64] ^= UINT64_C(1) << code % 64;
	toggle->n_held += down ? 1 : -1u;
	if (!down || !completes(toggle, code))
		return;
	toggle->wanted = !toggle->wanted;
	toggle->asked_ms = now_ms;
}

bool input_toggle_is_due(const struct input_toggle *toggle, uint64_t now_ms)
{
	if (toggle->wanted == toggle->grabbed)
		return false;
	return !toggle->n_held ||
	       (!toggle->wanted && now_ms - toggle->asked_ms >= TOGGLE_PATIENCE_MS);
}

uint64_t input_toggle_wait_ms(const struct input_toggle *toggle, uint64_t now_ms)
{
	if (toggle->wanted || !toggle->grabbed || input_toggle_is_due(toggle, now_ms))
		return 0;
	return TOGGLE_PATIENCE_MS - (now_ms - toggle->asked_ms);
}
