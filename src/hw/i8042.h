/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keyboard controller at ports 0x60 and 0x64, with a keyboard on IRQ 1 and a mouse on IRQ 12
 * behind it (hw/ps2.h), or with neither: then it answers for itself alone, and what is sent to a
 * device times out at once. The pulse of its reset line (command 0xFE) is how many systems reboot.
 *
 * Events come from any thread. Repetition of keys and what the guest does with the LEDs are the
 * main loop's.
 */
#ifndef BULKHEAD_HW_I8042_H
#define BULKHEAD_HW_I8042_H

#include "hw/platform.h"
#include "hw/ps2.h"

struct i8042 {
	pthread_mutex_t lock;
	const struct platform_events *events; /* borrowed, as are irqs and loop */
	struct irqs *irqs;
	struct loop *loop;
	bool devices; /* keyboard and mouse are there */
	uint8_t status, config, output_port, out;
	uint8_t pending; /* command whose parameter byte comes next, 0 = none */
	bool has_reply;  /* the controller's own byte, which goes before the devices' */
	uint8_t reply, reply_flags;
	bool break_next;  /* translation has taken the prefix of a released key */
	bool irq1, irq12; /* levels last driven */
	struct ps2_keyboard keyboard;
	struct ps2_mouse mouse;

	unsigned repeating;    /* key code that the timer runs for, 0 = none */
	uint8_t leds;          /* last said to on_leds */
	struct loop_work work; /* brings both up to date on the main thread */
	struct loop_timer repeat;
	/* The guest has set the LEDs (bits of struct ps2_keyboard). Main thread. NULL = nobody
	 * cares. */
	void (*on_leds)(void *ctx, uint8_t leds);
	void *on_leds_ctx;
};

void i8042_init(struct i8042 *kbc, bool devices, struct irqs *irqs, struct loop *loop,
		const struct platform_events *events);
/* Main thread. */
void i8042_fini(struct i8042 *kbc);
/* To power-on, the devices too. */
void i8042_reset(struct i8042 *kbc);

/* Any thread. Nothing happens without devices. Codes and units as in hw/ps2.h. */
void i8042_key(struct i8042 *kbc, unsigned code, bool down);
/*
 * The same for a keyboard far away, which repeats keys itself (`again`): were they repeated here, a
 * release that is late on its way would make two of one.
 */
void i8042_key_remote(struct i8042 *kbc, unsigned code, bool down, bool again);
void i8042_mouse(struct i8042 *kbc, int right, int down, int wheel, uint8_t buttons);

extern const struct bus_ops i8042_data_ops, i8042_status_ops; /* 1 port each */

#endif
