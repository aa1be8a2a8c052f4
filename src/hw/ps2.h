/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PS/2 keyboard and a PS/2 mouse: what the wires behind the 8042 carry. Each has a few bytes of
 * answers to the guest's commands and a few bytes of events; what happens while these are full is
 * not queued but told by its outcome later, so a guest that does not read costs nothing.
 *
 * Keys are Linux key codes (linux/input-event-codes.h), whoever pressed them. No locks here: all of
 * it belongs to the controller's (hw/i8042.h).
 */
#ifndef BULKHEAD_HW_PS2_H
#define BULKHEAD_HW_PS2_H

#include <stdbool.h>
#include <stdint.h>

#define PS2_KEYS 256 /* key codes; those from BTN_MISC on are buttons */

/*
 * A system that finds the controller reads it empty first, and gives up after 16 bytes (Linux
 * drivers/input/serio/i8042.c does): no device may have more than that waiting.
 */
#define PS2_BYTES 12

struct ps2_bytes {
	uint8_t at[PS2_BYTES];
	uint8_t first, n;
};

/* False, and nothing is added, when they do not all fit. */
bool ps2_put(struct ps2_bytes *bytes, const uint8_t *from, unsigned n);
bool ps2_take(struct ps2_bytes *bytes, uint8_t *ret_byte);

struct ps2_keyboard {
	struct ps2_bytes answers, events;
	uint8_t pending; /* command whose parameter comes next, 0 = none */
	uint8_t last;    /* answered, for "resend" */
	uint8_t set;     /* scan code set 1 or 2 */
	uint8_t leds;    /* bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock */
	uint8_t rate;    /* typematic byte as the guest wrote it */
	bool scanning;
	bool behind;                  /* `told` is not yet what `down` is */
	uint64_t down[PS2_KEYS / 64]; /* keys that are held */
	uint64_t told[PS2_KEYS / 64]; /* those that the guest believes to be held */
	unsigned repeating;           /* key code that typematic repeats, 0 = none */
};

void ps2_keyboard_init(struct ps2_keyboard *keyboard);
/* A byte from the guest. */
void ps2_keyboard_write(struct ps2_keyboard *keyboard, uint8_t byte);
/* Pressed or released; what is so already, and codes without a scan code, are ignored. */
void ps2_keyboard_key(struct ps2_keyboard *keyboard, unsigned code, bool down);
/* A held key once more. */
void ps2_keyboard_repeat(struct ps2_keyboard *keyboard, unsigned code);
/* The next byte to the guest; `ret_is_answer`: to a command, and not a part of an event. */
bool ps2_keyboard_take(struct ps2_keyboard *keyboard, uint8_t *ret_byte, bool *ret_is_answer);
/* Of the typematic byte: ms until the first repetition, and between two. */
unsigned ps2_keyboard_delay_ms(const struct ps2_keyboard *keyboard);
unsigned ps2_keyboard_period_ms(const struct ps2_keyboard *keyboard);

/* What the 8042 makes of a scan code byte when it translates set 2 to set 1. */
uint8_t ps2_translated(uint8_t byte);

/* Bits of a mouse's buttons, as in the packet. */
enum ps2_button {
	PS2_LEFT = 0x01,
	PS2_RIGHT = 0x02,
	PS2_MIDDLE = 0x04,
	PS2_SIDE = 0x08,
	PS2_EXTRA = 0x10,
};

struct ps2_mouse {
	struct ps2_bytes answers, events;
	uint8_t pending;
	uint8_t last;
	uint8_t rates[3];   /* last sample rates: a certain sequence asks for the wheel */
	uint8_t id;         /* 0 plain, 3 wheel, 4 wheel and five buttons */
	uint8_t resolution; /* counts per mm as a power of two, 0..3 */
	bool scale2, reporting, remote, wrap;
	uint8_t buttons; /* enum ps2_button bits */
	uint8_t buttons_told;
	int dx, dy, dz; /* not reported yet: right, up, towards the user; bounded */
};

void ps2_mouse_init(struct ps2_mouse *mouse);
void ps2_mouse_write(struct ps2_mouse *mouse, uint8_t byte);
/* Moved by so many counts right, down and wheel clicks away from the user; `buttons` held now. */
void ps2_mouse_move(struct ps2_mouse *mouse, int right, int down, int wheel, uint8_t buttons);
bool ps2_mouse_take(struct ps2_mouse *mouse, uint8_t *ret_byte);

#endif
