/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An MF2 keyboard (IBM PS/2 Technical Reference, keyboard 101/102): scan code sets 1 and 2, LEDs,
 * typematic rate, identification.
 */
#include <linux/input-event-codes.h>
#include <stddef.h>
#include <string.h>

#include "base/bytes.h"
#include "hw/ps2.h"

enum command {
	CMD_SET_LEDS = 0xED,
	CMD_ECHO = 0xEE,
	CMD_SCAN_SET = 0xF0,
	CMD_IDENTIFY = 0xF2,
	CMD_TYPEMATIC = 0xF3,
	CMD_ENABLE = 0xF4,
	CMD_DISABLE = 0xF5,
	CMD_DEFAULTS = 0xF6,
	CMD_ALL_TYPEMATIC = 0xF7, /* to 0xFA: which keys repeat, of set 3 alone */
	CMD_ALL_BOTH = 0xFA,
	CMD_RESEND = 0xFE,
	CMD_RESET = 0xFF,
};

enum answer { ECHO = 0xEE, ACK = 0xFA, SELF_TEST_GOOD = 0xAA, RESEND = 0xFE };

#define RATE_DEFAULT 0x2B /* 10.9 a second after 500 ms */
#define LEDS 0x07
#define E0 0x100
#define BREAK 0x80   /* of set 1 */
#define BREAK_2 0xF0 /* prefix of set 2 */

/* --- bytes --- */

bool ps2_put(struct ps2_bytes *bytes, const uint8_t *from, unsigned n)
{
	if (n + bytes->n > PS2_BYTES)
		return false;
	for (unsigned i = 0; i < n; i++)
		bytes->at[(bytes->first + bytes->n++) % PS2_BYTES] = from[i];
	return true;
}

bool ps2_take(struct ps2_bytes *bytes, uint8_t *ret_byte)
{
	if (!bytes->n)
		return false;
	*ret_byte = bytes->at[bytes->first];
	bytes->first = (uint8_t)((bytes->first + 1) % PS2_BYTES);
	bytes->n--;
	return true;
}

/* --- scan codes --- */

/*
 * The 8042's table from set 2 to set 1, for bytes below 0x85. It is a table in the controller's
 * ROM; what no key sends has values all the same.
 */
/* clang-format off */
static const uint8_t to_set1[] = {
	0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58,
	0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59,
	0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a,
	0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b,
	0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c,
	0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d,
	0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e,
	0x6a, 0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f,
	0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60,
	0x6c, 0x34, 0x35, 0x26, 0x27, 0x19, 0x0c, 0x61,
	0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e,
	0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76,
	0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b,
	0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f,
	0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45,
	0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54,
	0x80, 0x81, 0x82, 0x41, 0x54,
};
/* clang-format on */

uint8_t ps2_translated(uint8_t byte)
{
	return byte < ARRAY_LEN(to_set1) ? to_set1[byte] : byte;
}

/* Keys whose set 1 code is not their key code, which it is for 1 to 83, and F11 and F12. */
static const struct {
	uint16_t key, set1;
} others[] = {
	{ KEY_ZENKAKUHANKAKU, 0x76 },
	{ KEY_102ND, 0x56 },
	{ KEY_RO, 0x73 },
	{ KEY_KATAKANA, 0x78 },
	{ KEY_HIRAGANA, 0x77 },
	{ KEY_HENKAN, 0x79 },
	{ KEY_KATAKANAHIRAGANA, 0x70 },
	{ KEY_MUHENKAN, 0x7b },
	{ KEY_KPJPCOMMA, 0x5c },
	{ KEY_KPENTER, E0 | 0x1c },
	{ KEY_RIGHTCTRL, E0 | 0x1d },
	{ KEY_KPSLASH, E0 | 0x35 },
	{ KEY_SYSRQ, E0 | 0x37 },
	{ KEY_RIGHTALT, E0 | 0x38 },
	{ KEY_HOME, E0 | 0x47 },
	{ KEY_UP, E0 | 0x48 },
	{ KEY_PAGEUP, E0 | 0x49 },
	{ KEY_LEFT, E0 | 0x4b },
	{ KEY_RIGHT, E0 | 0x4d },
	{ KEY_END, E0 | 0x4f },
	{ KEY_DOWN, E0 | 0x50 },
	{ KEY_PAGEDOWN, E0 | 0x51 },
	{ KEY_INSERT, E0 | 0x52 },
	{ KEY_DELETE, E0 | 0x53 },
	{ KEY_MUTE, E0 | 0x20 },
	{ KEY_VOLUMEDOWN, E0 | 0x2e },
	{ KEY_VOLUMEUP, E0 | 0x30 },
	{ KEY_POWER, E0 | 0x5e },
	{ KEY_KPEQUAL, 0x59 },
	{ KEY_KPCOMMA, 0x7e },
	{ KEY_YEN, 0x7d },
	{ KEY_LEFTMETA, E0 | 0x5b },
	{ KEY_RIGHTMETA, E0 | 0x5c },
	{ KEY_COMPOSE, E0 | 0x5d },
	{ KEY_CALC, E0 | 0x21 },
	{ KEY_SLEEP, E0 | 0x5f },
	{ KEY_WAKEUP, E0 | 0x63 },
	{ KEY_MAIL, E0 | 0x6c },
	{ KEY_BOOKMARKS, E0 | 0x66 },
	{ KEY_COMPUTER, E0 | 0x6b },
	{ KEY_BACK, E0 | 0x6a },
	{ KEY_FORWARD, E0 | 0x69 },
	{ KEY_NEXTSONG, E0 | 0x19 },
	{ KEY_PLAYPAUSE, E0 | 0x22 },
	{ KEY_PREVIOUSSONG, E0 | 0x10 },
	{ KEY_STOPCD, E0 | 0x24 },
	{ KEY_HOMEPAGE, E0 | 0x32 },
	{ KEY_REFRESH, E0 | 0x67 },
	{ KEY_SEARCH, E0 | 0x65 },
	{ KEY_MEDIA, E0 | 0x6d },
	{ KEY_F13, 0x64 },
	{ KEY_F14, 0x65 },
	{ KEY_F15, 0x66 },
	{ KEY_F16, 0x67 },
	{ KEY_F17, 0x68 },
	{ KEY_F18, 0x69 },
	{ KEY_F19, 0x6a },
	{ KEY_F20, 0x6b },
	{ KEY_F21, 0x6c },
	{ KEY_F22, 0x6d },
	{ KEY_F23, 0x6e },
};

/* Set 1 code with the E0 bit; 0 = the keyboard has no such key. Pause is a story of its own. */
static unsigned set1_of(unsigned code)
{
	if ((code >= KEY_ESC && code <= KEY_KPDOT) || code == KEY_F11 || code == KEY_F12)
		return code;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (others[i].key == code)
			return others[i].set1;
	return 0;
}

/* The inverse. F7 is the one key whose byte is not below 0x80. */
static uint8_t set2_of(uint8_t set1)
{
	if (set1 == KEY_F7)
		return 0x83;
	for (unsigned i = 1; i < 0x80; i++)
		if (to_set1[i] == set1)
			return (uint8_t)i;
	return 0;
}

static bool put_pause(struct ps2_keyboard *keyboard)
{
	static const uint8_t set1[] = { 0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5 };
	static const uint8_t set2[] = { 0xE1, 0x14, 0x77, 0xE1, 0xF0, 0x14, 0xF0, 0x77 };
	return keyboard->set == 1 ? ps2_put(&keyboard->events, set1, sizeof(set1))
				  : ps2_put(&keyboard->events, set2, sizeof(set2));
}

/* False when it does not fit now. */
static bool put_key(struct ps2_keyboard *keyboard, unsigned code, bool down)
{
	if (code == KEY_PAUSE) /* says all of it when pressed */
		return !down || put_pause(keyboard);
	unsigned set1 = set1_of(code);
	uint8_t bytes[3];
	unsigned n = 0;
	if (set1 & E0)
		bytes[n++] = 0xE0;
	if (keyboard->set == 1) {
		bytes[n++] = (uint8_t)(set1 | (down ? 0 : BREAK));
	} else {
		if (!down)
			bytes[n++] = BREAK_2;
		bytes[n++] = set2_of((uint8_t)set1);
	}
	return ps2_put(&keyboard->events, bytes, n);
}

/* --- keys --- */

static bool has(const uint64_t *keys, unsigned code)
{
	return keys[code / 64] >> code % 64 & 1;
}

static void mark(uint64_t *keys, unsigned code, bool down)
{
	uint64_t bit = UINT64_C(1) << code % 64;
	keys[code / 64] = down ? keys[code / 64] | bit : keys[code / 64] & ~bit;
}

/* Tells the guest of a key, if there is room; it is told later otherwise. */
static bool tell(struct ps2_keyboard *keyboard, unsigned code)
{
	bool down = has(keyboard->down, code);
	if (!put_key(keyboard, code, down))
		return false;
	mark(keyboard->told, code, down);
	return true;
}

/* Once there is room: what has changed meanwhile, by its outcome, so that no key hangs. */
static void catch_up(struct ps2_keyboard *keyboard)
{
	if (!keyboard->behind || !keyboard->scanning || keyboard->events.n)
		return;
	for (unsigned i = 1; i < PS2_KEYS; i++)
		if (has(keyboard->down, i) != has(keyboard->told, i) && !tell(keyboard, i))
			return;
	keyboard->behind = false;
}

void ps2_keyboard_key(struct ps2_keyboard *keyboard, unsigned code, bool down)
{
	if (code >= PS2_KEYS || (!set1_of(code) && code != KEY_PAUSE))
		return;
	if (has(keyboard->down, code) == down || (down && !keyboard->scanning))
		return;
	mark(keyboard->down, code, down);
	if (down && code != KEY_PAUSE)
		keyboard->repeating = code;
	else if (keyboard->repeating == code)
		keyboard->repeating = 0;
	if (!keyboard->scanning || keyboard->behind || !tell(keyboard, code))
		keyboard->behind = true;
	catch_up(keyboard);
}

void ps2_keyboard_repeat(struct ps2_keyboard *keyboard, unsigned code)
{
	/* A guest that does not keep up gets no more of it. */
	if (code < PS2_KEYS && code != KEY_PAUSE && has(keyboard->told, code) &&
	    keyboard->scanning && !keyboard->behind && !keyboard->events.n)
		put_key(keyboard, code, true);
}

/* Bits 1:0 of the upper part: delay in 250 ms; the period is (8 + A) * 2^B / 240 s. */
unsigned ps2_keyboard_delay_ms(const struct ps2_keyboard *keyboard)
{
	return ((keyboard->rate >> 5 & 3) + 1u) * 250;
}

unsigned ps2_keyboard_period_ms(const struct ps2_keyboard *keyboard)
{
	return ((8u + (keyboard->rate & 7)) << (keyboard->rate >> 3 & 3)) * 1000 / 240;
}

/* --- commands --- */

static void say(struct ps2_keyboard *keyboard, uint8_t byte)
{
	keyboard->last = byte;
	ps2_put(&keyboard->answers, &byte, 1);
}

static void forget(struct ps2_keyboard *keyboard)
{
	memset(&keyboard->events, 0, sizeof(keyboard->events));
	memset(keyboard->down, 0, sizeof(keyboard->down));
	memset(keyboard->told, 0, sizeof(keyboard->told));
	keyboard->repeating = 0;
	keyboard->behind = false;
}

static void to_defaults(struct ps2_keyboard *keyboard, bool scanning)
{
	forget(keyboard);
	keyboard->set = 2;
	keyboard->rate = RATE_DEFAULT;
	keyboard->scanning = scanning;
}

void ps2_keyboard_init(struct ps2_keyboard *keyboard)
{
	*keyboard = (struct ps2_keyboard){ 0 };
	to_defaults(keyboard, true);
}

static void parameter(struct ps2_keyboard *keyboard, uint8_t command, uint8_t byte)
{
	if (command == CMD_SCAN_SET && byte > 2) {
		say(keyboard, RESEND); /* no set 3 */
		return;
	}
	say(keyboard, ACK);
	if (command == CMD_SET_LEDS)
		keyboard->leds = byte & LEDS;
	else if (command == CMD_TYPEMATIC)
		keyboard->rate = byte & 0x7F;
	else if (!byte)
		say(keyboard, keyboard->set);
	else if (keyboard->set != byte) {
		forget(keyboard);
		keyboard->set = byte;
	}
}

static void identify(struct ps2_keyboard *keyboard)
{
	say(keyboard, ACK);
	say(keyboard, 0xAB);
	say(keyboard, 0x83);
}

static void command(struct ps2_keyboard *keyboard, uint8_t byte)
{
	switch (byte) {
	case CMD_ECHO:
		say(keyboard, ECHO);
		return;
	case CMD_RESEND: {
		uint8_t last = keyboard->last;
		ps2_put(&keyboard->answers, &last, 1);
		return;
	}
	case CMD_IDENTIFY:
		identify(keyboard);
		return;
	case CMD_SET_LEDS:
	case CMD_SCAN_SET:
	case CMD_TYPEMATIC:
		keyboard->pending = byte;
		break;
	case CMD_ENABLE:
		keyboard->scanning = true;
		break;
	case CMD_DISABLE:
		to_defaults(keyboard, false);
		break;
	case CMD_DEFAULTS:
		to_defaults(keyboard, keyboard->scanning);
		break;
	case CMD_RESET:
		to_defaults(keyboard, true);
		keyboard->leds = 0;
		say(keyboard, ACK);
		say(keyboard, SELF_TEST_GOOD);
		return;
	default:
		if (byte < CMD_ALL_TYPEMATIC || byte > CMD_ALL_BOTH) {
			say(keyboard, RESEND);
			return;
		}
		break;
	}
	say(keyboard, ACK);
}

void ps2_keyboard_write(struct ps2_keyboard *keyboard, uint8_t byte)
{
	uint8_t pending = keyboard->pending;
	/* A new command ends the old one: its answers are not waited for any more. */
	memset(&keyboard->answers, 0, sizeof(keyboard->answers));
	keyboard->pending = 0;
	if (pending && byte < CMD_SET_LEDS)
		parameter(keyboard, pending, byte);
	else
		command(keyboard, byte);
	catch_up(keyboard);
}

bool ps2_keyboard_take(struct ps2_keyboard *keyboard, uint8_t *ret_byte, bool *ret_is_answer)
{
	*ret_is_answer = keyboard->answers.n > 0;
	if (*ret_is_answer)
		return ps2_take(&keyboard->answers, ret_byte);
	bool any = ps2_take(&keyboard->events, ret_byte);
	catch_up(keyboard);
	return any;
}
