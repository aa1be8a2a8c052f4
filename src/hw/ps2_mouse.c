/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PS/2 mouse (IBM PS/2 Technical Reference, auxiliary device) with the wheel and the five buttons
 * of Microsoft's IntelliMouse Explorer, which a driver asks for by a sequence of sample rates.
 */
#include <stdlib.h>
#include <string.h>

#include "hw/ps2.h"

enum command {
	CMD_SCALE_1 = 0xE6,
	CMD_SCALE_2 = 0xE7,
	CMD_RESOLUTION = 0xE8,
	CMD_STATUS = 0xE9,
	CMD_STREAM = 0xEA,
	CMD_READ = 0xEB,
	CMD_UNWRAP = 0xEC,
	CMD_WRAP = 0xEE,
	CMD_REMOTE = 0xF0,
	CMD_IDENTIFY = 0xF2,
	CMD_RATE = 0xF3,
	CMD_ENABLE = 0xF4,
	CMD_DISABLE = 0xF5,
	CMD_DEFAULTS = 0xF6,
	CMD_RESEND = 0xFE,
	CMD_RESET = 0xFF,
};

enum answer { ACK = 0xFA, SELF_TEST_GOOD = 0xAA, RESEND = 0xFE, ERROR = 0xFC };

enum { PLAIN = 0, WHEEL = 3, FIVE_BUTTONS = 4 };

#define RATE_DEFAULT 100
#define RESOLUTION_DEFAULT 2
#define PACKET_ALWAYS 0x08
#define PACKET_X_NEGATIVE 0x10
#define PACKET_Y_NEGATIVE 0x20
#define PACKET_BUTTONS (PS2_LEFT | PS2_RIGHT | PS2_MIDDLE)

#define FAR 1020 /* counts kept for a guest that does not read: four packets */
#define STEP 255 /* the most a packet says */
#define CLICKS 7

static int bounded(int value, int limit)
{
	return value > limit ? limit : value < -limit ? -limit : value;
}

/* --- packets --- */

static unsigned packet(struct ps2_mouse *mouse, uint8_t ret[4])
{
	int dx = bounded(mouse->dx, STEP), dy = bounded(mouse->dy, STEP);
	int dz = bounded(mouse->dz, CLICKS);
	mouse->dx -= dx;
	mouse->dy -= dy;
	mouse->dz -= dz;
	mouse->buttons_told = mouse->buttons;
	ret[0] = (uint8_t)(PACKET_ALWAYS | (mouse->buttons & PACKET_BUTTONS) |
			   (dx < 0 ? PACKET_X_NEGATIVE : 0) | (dy < 0 ? PACKET_Y_NEGATIVE : 0));
	ret[1] = (uint8_t)dx;
	ret[2] = (uint8_t)dy;
	if (mouse->id == PLAIN)
		return 3;
	ret[3] = (uint8_t)dz;
	if (mouse->id == FIVE_BUTTONS) /* bits 5:4 are buttons 5 and 4 */
		ret[3] = (uint8_t)((dz & 0x0F) | (mouse->buttons & (PS2_SIDE | PS2_EXTRA)) << 1);
	return 4;
}

static bool has_news(const struct ps2_mouse *mouse)
{
	return mouse->dx || mouse->dy || (mouse->dz && mouse->id != PLAIN) ||
	       mouse->buttons != mouse->buttons_told;
}

static void report(struct ps2_mouse *mouse)
{
	uint8_t bytes[4];
	while (mouse->reporting && !mouse->remote && !mouse->wrap && has_news(mouse) &&
	       mouse->events.n + sizeof(bytes) <= PS2_BYTES)
		ps2_put(&mouse->events, bytes, packet(mouse, bytes));
}

void ps2_mouse_move(struct ps2_mouse *mouse, int right, int down, int wheel, uint8_t buttons)
{
	mouse->dx = bounded(mouse->dx + bounded(right, FAR), FAR);
	mouse->dy = bounded(mouse->dy - bounded(down, FAR), FAR);
	mouse->dz = bounded(mouse->dz - bounded(wheel, FAR), CLICKS * 4);
	mouse->buttons = buttons & (PACKET_BUTTONS | PS2_SIDE | PS2_EXTRA);
	report(mouse);
}

bool ps2_mouse_take(struct ps2_mouse *mouse, uint8_t *ret_byte)
{
	if (ps2_take(&mouse->answers, ret_byte))
		return true;
	bool any = ps2_take(&mouse->events, ret_byte);
	report(mouse);
	return any;
}

/* --- commands --- */

static void say(struct ps2_mouse *mouse, uint8_t byte)
{
	mouse->last = byte;
	ps2_put(&mouse->answers, &byte, 1);
}

static void forget(struct ps2_mouse *mouse)
{
	memset(&mouse->events, 0, sizeof(mouse->events));
	mouse->dx = mouse->dy = mouse->dz = 0;
	mouse->buttons_told = mouse->buttons;
}

static void to_defaults(struct ps2_mouse *mouse)
{
	forget(mouse);
	memset(mouse->rates, RATE_DEFAULT, sizeof(mouse->rates));
	mouse->resolution = RESOLUTION_DEFAULT;
	mouse->scale2 = mouse->reporting = mouse->remote = mouse->wrap = false;
}

void ps2_mouse_init(struct ps2_mouse *mouse)
{
	*mouse = (struct ps2_mouse){ 0 };
	to_defaults(mouse);
}

/* The sequences that IntelliMouse and Explorer drivers knock with. */
static void sample_rate(struct ps2_mouse *mouse, uint8_t rate)
{
	mouse->rates[0] = mouse->rates[1];
	mouse->rates[1] = mouse->rates[2];
	mouse->rates[2] = rate;
	if (mouse->rates[2] != 80 || mouse->rates[0] != 200)
		return;
	if (mouse->rates[1] == 100 && mouse->id == PLAIN)
		mouse->id = WHEEL;
	else if (mouse->rates[1] == 200 && mouse->id != PLAIN)
		mouse->id = FIVE_BUTTONS;
}

static void parameter(struct ps2_mouse *mouse, uint8_t command, uint8_t byte)
{
	if (command == CMD_RESOLUTION ? byte > 3 : !byte || byte > 200) {
		say(mouse, ERROR);
		return;
	}
	if (command == CMD_RESOLUTION)
		mouse->resolution = byte;
	else
		sample_rate(mouse, byte);
	say(mouse, ACK);
}

/* Here the buttons are in another order than in packets: left is bit 2. */
static void status(struct ps2_mouse *mouse)
{
	unsigned held = (mouse->buttons & PS2_LEFT ? 4u : 0) |
			(mouse->buttons & PS2_MIDDLE ? 2u : 0) |
			(mouse->buttons & PS2_RIGHT ? 1u : 0);
	say(mouse, ACK);
	say(mouse,
	    (uint8_t)(held | mouse->scale2 << 4 | mouse->reporting << 5 | mouse->remote << 6));
	say(mouse, mouse->resolution);
	say(mouse, mouse->rates[2]);
}

static void read_data(struct ps2_mouse *mouse)
{
	uint8_t bytes[4];
	unsigned n = packet(mouse, bytes);
	say(mouse, ACK);
	ps2_put(&mouse->answers, bytes, n);
}

static void reset(struct ps2_mouse *mouse)
{
	to_defaults(mouse);
	mouse->id = PLAIN;
	say(mouse, ACK);
	say(mouse, SELF_TEST_GOOD);
	say(mouse, mouse->id);
}

/* Commands that answer more than an acknowledgement; false for others. */
static bool query(struct ps2_mouse *mouse, uint8_t byte)
{
	switch (byte) {
	case CMD_STATUS:
		status(mouse);
		return true;
	case CMD_READ:
		read_data(mouse);
		return true;
	case CMD_IDENTIFY:
		say(mouse, ACK);
		say(mouse, mouse->id);
		return true;
	case CMD_RESEND:
		ps2_put(&mouse->answers, &mouse->last, 1);
		return true;
	case CMD_RESET:
		reset(mouse);
		return true;
	default:
		return false;
	}
}

static bool change(struct ps2_mouse *mouse, uint8_t byte)
{
	switch (byte) {
	case CMD_SCALE_1:
	case CMD_SCALE_2:
		mouse->scale2 = byte == CMD_SCALE_2;
		return true;
	case CMD_RESOLUTION:
	case CMD_RATE:
		mouse->pending = byte;
		return true;
	case CMD_STREAM:
	case CMD_REMOTE:
		forget(mouse);
		mouse->remote = byte == CMD_REMOTE;
		return true;
	case CMD_WRAP:
	case CMD_UNWRAP:
		forget(mouse);
		mouse->wrap = byte == CMD_WRAP;
		return true;
	case CMD_ENABLE:
	case CMD_DISABLE:
		forget(mouse);
		mouse->reporting = byte == CMD_ENABLE;
		return true;
	case CMD_DEFAULTS:
		to_defaults(mouse);
		return true;
	default:
		return false;
	}
}

void ps2_mouse_write(struct ps2_mouse *mouse, uint8_t byte)
{
	uint8_t pending = mouse->pending;
	memset(&mouse->answers, 0, sizeof(mouse->answers));
	mouse->pending = 0;
	if (mouse->wrap && byte != CMD_UNWRAP && byte != CMD_RESET)
		say(mouse, byte);
	else if (pending)
		parameter(mouse, pending, byte);
	else if (!query(mouse, byte))
		say(mouse, change(mouse, byte) ? ACK : RESEND);
	report(mouse);
}
