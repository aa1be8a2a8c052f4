/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vnc_input.h"

#include <string.h>

#include "keysym.h"

enum { LEFT = 0x01, MIDDLE = 0x02, RIGHT = 0x04, WHEEL_UP = 0x08, WHEEL_DOWN = 0x10, SIDE = 0x80 };

#define PUSH 32 /* counts against an edge */

void vnc_input_init(struct vnc_input *input, struct i8042 *kbc)
{
	*input = (struct vnc_input){ .kbc = kbc };
}

void vnc_input_key(struct vnc_input *input, uint32_t keysym, bool down)
{
	unsigned key = keysym_to_key(keysym);
	if (!key || key >= PS2_KEYS)
		return;
	uint64_t bit = UINT64_C(1) << key % 64;
	bool held = input->held[key / 64] & bit;
	if (!held && !down)
		return;
	input->held[key / 64] = down ? input->held[key / 64] | bit : input->held[key / 64] & ~bit;
	i8042_key_remote(input->kbc, key, down, held && down);
}

static uint8_t buttons_of(unsigned mask)
{
	return (uint8_t)((mask & LEFT ? PS2_LEFT : 0) | (mask & MIDDLE ? PS2_MIDDLE : 0) |
			 (mask & RIGHT ? PS2_RIGHT : 0) | (mask & SIDE ? PS2_SIDE : 0));
}

static int inside(int value, int size)
{
	return value < 0 ? 0 : value >= size ? size - 1 : value;
}

static int pushed(int delta, int place, int size)
{
	if (place == 0)
		return delta - PUSH;
	return place == size - 1 ? delta + PUSH : delta;
}

void vnc_input_pointer(struct vnc_input *input, unsigned mask, int x, int y, int width, int height)
{
	if (width <= 1 || height <= 1)
		return;
	x = inside(x, width);
	y = inside(y, height);
	int right = input->has_place ? x - input->x : 0;
	int down = input->has_place ? y - input->y : 0;
	/* A click of the wheel is a button that goes down. */
	unsigned pressed = mask & ~(unsigned)input->mask;
	int wheel = (pressed & WHEEL_UP ? 1 : 0) - (pressed & WHEEL_DOWN ? 1 : 0);
	bool moved = !input->has_place || right || down;
	if (moved) {
		right = pushed(right, x, width);
		down = pushed(down, y, height);
	}
	input->x = x;
	input->y = y;
	input->has_place = true;
	input->mask = (uint8_t)mask;
	input->buttons = buttons_of(mask);
	i8042_mouse(input->kbc, right, down, wheel, input->buttons);
}

void vnc_input_release(struct vnc_input *input)
{
	for (unsigned key = 0; key < PS2_KEYS; key++)
		if (input->held[key / 64] >> key % 64 & 1)
			i8042_key_remote(input->kbc, key, false, false);
	memset(input->held, 0, sizeof(input->held));
	if (input->buttons)
		i8042_mouse(input->kbc, 0, 0, 0, 0);
	input->buttons = input->mask = 0;
}
