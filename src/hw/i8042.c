/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IBM PS/2 Technical Reference, keyboard and auxiliary device controller. The output buffer is one
 * byte: it takes the controller's own reply first, then the keyboard's bytes, then the mouse's. Its
 * interrupt line is up while a byte is in it, so each byte is an edge of its own.
 */
#include "hw/i8042.h"

#include "core/layout.h"

enum status {
	STATUS_OUT_FULL = 0x01,
	STATUS_SELF_TESTED = 0x04,
	STATUS_COMMAND = 0x08, /* last write went to 0x64 */
	STATUS_UNLOCKED = 0x10,
	STATUS_AUX = 0x20,
	STATUS_TIMEOUT = 0x40,
};

enum command {
	CMD_READ_CONFIG = 0x20,
	CMD_WRITE_CONFIG = 0x60,
	CMD_DISABLE_AUX = 0xA7,
	CMD_ENABLE_AUX = 0xA8,
	CMD_TEST_AUX = 0xA9,
	CMD_SELF_TEST = 0xAA,
	CMD_TEST_KEYBOARD = 0xAB,
	CMD_DISABLE_KEYBOARD = 0xAD,
	CMD_ENABLE_KEYBOARD = 0xAE,
	CMD_READ_OUTPUT = 0xD0,
	CMD_WRITE_OUTPUT = 0xD1,
	CMD_ECHO_KEYBOARD = 0xD2,
	CMD_ECHO_AUX = 0xD3,
	CMD_WRITE_AUX = 0xD4,
	CMD_PULSE = 0xF0, /* to 0xFF: bits 3:0 zero = pulse that output line */
};

#define CONFIG_KEYBOARD_IRQ 0x01
#define CONFIG_AUX_IRQ 0x02
#define CONFIG_SYSTEM 0x04
#define CONFIG_KEYBOARD_OFF 0x10
#define CONFIG_AUX_OFF 0x20
#define CONFIG_TRANSLATE 0x40
#define OUTPUT_NO_RESET 0x01
#define OUTPUT_A20 0x02
#define SELF_TEST_GOOD 0x55
#define PORT_GOOD 0x00
#define RESEND 0xFE /* what a device that does not answer looks like */
#define BREAK_PREFIX 0xF0
#define BREAK_BIT 0x80

static void on_work(void *ctx);
static void on_repeat(void *ctx);

/* --- output buffer --- */

static void drive(struct i8042 *kbc, unsigned gsi, bool *level, bool want)
{
	if (*level == want)
		return;
	*level = want;
	irq_line(kbc->irqs, gsi, want);
}

static void drive_lines(struct i8042 *kbc)
{
	bool full = kbc->status & STATUS_OUT_FULL, aux = kbc->status & STATUS_AUX;
	drive(kbc, GSI_KEYBOARD, &kbc->irq1, full && !aux && kbc->config & CONFIG_KEYBOARD_IRQ);
	drive(kbc, GSI_MOUSE, &kbc->irq12, full && aux && kbc->config & CONFIG_AUX_IRQ);
}

static void output(struct i8042 *kbc, uint8_t byte, uint8_t flags)
{
	kbc->out = byte;
	kbc->status &= (uint8_t) ~(STATUS_AUX | STATUS_TIMEOUT);
	kbc->status |= STATUS_OUT_FULL | flags;
}

/* The next byte of the keyboard, through the translation; a prefix it takes is no byte. */
static bool take_keyboard(struct i8042 *kbc, uint8_t *ret_byte)
{
	uint8_t byte;
	bool is_answer;
	while (ps2_keyboard_take(&kbc->keyboard, &byte, &is_answer)) {
		bool translate = kbc->config & CONFIG_TRANSLATE;
		if (translate && !is_answer && byte == BREAK_PREFIX) {
			kbc->break_next = true;
			continue;
		}
		*ret_byte = translate ? ps2_translated(byte) : byte;
		if (!is_answer && kbc->break_next) {
			*ret_byte |= BREAK_BIT;
			kbc->break_next = false;
		}
		return true;
	}
	return false;
}

/* Fills the buffer if it is empty and something waits. */
static void refill(struct i8042 *kbc)
{
	uint8_t byte;
	if (!(kbc->status & STATUS_OUT_FULL)) {
		if (kbc->has_reply) {
			kbc->has_reply = false;
			output(kbc, kbc->reply, kbc->reply_flags);
		} else if (!(kbc->config & CONFIG_KEYBOARD_OFF) && take_keyboard(kbc, &byte)) {
			output(kbc, byte, 0);
		} else if (!(kbc->config & CONFIG_AUX_OFF) && ps2_mouse_take(&kbc->mouse, &byte)) {
			output(kbc, byte, STATUS_AUX);
		}
	}
	drive_lines(kbc);
}

static void answer(struct i8042 *kbc, uint8_t byte, uint8_t flags)
{
	kbc->has_reply = true;
	kbc->reply = byte;
	kbc->reply_flags = flags;
}

/* --- power-on --- */

/* What firmware leaves behind, because on direct boot there is none: interrupts on, set 1. */
static uint8_t first_config(const struct i8042 *kbc)
{
	return kbc->devices
		       ? CONFIG_KEYBOARD_IRQ | CONFIG_AUX_IRQ | CONFIG_SYSTEM | CONFIG_TRANSLATE
		       : CONFIG_KEYBOARD_OFF | CONFIG_AUX_OFF;
}

static void to_power_on(struct i8042 *kbc)
{
	kbc->status = STATUS_UNLOCKED;
	kbc->config = first_config(kbc);
	kbc->status |= kbc->config & CONFIG_SYSTEM;
	kbc->output_port = OUTPUT_NO_RESET | OUTPUT_A20;
	kbc->out = 0;
	kbc->pending = 0;
	kbc->has_reply = kbc->break_next = false;
	ps2_keyboard_init(&kbc->keyboard);
	ps2_mouse_init(&kbc->mouse);
	drive_lines(kbc);
}

void i8042_init(struct i8042 *kbc, bool devices, struct irqs *irqs, struct loop *loop,
		const struct platform_events *events)
{
	*kbc = (struct i8042){ .devices = devices, .irqs = irqs, .loop = loop, .events = events };
	kbc->work = (struct loop_work){ .run = on_work, .ctx = kbc };
	kbc->repeat = (struct loop_timer){ .expired = on_repeat, .ctx = kbc };
	pthread_mutex_init(&kbc->lock, NULL);
	to_power_on(kbc);
}

void i8042_fini(struct i8042 *kbc)
{
	loop_unpost(kbc->loop, &kbc->work);
	loop_timer_cancel(kbc->loop, &kbc->repeat);
	pthread_mutex_destroy(&kbc->lock);
}

void i8042_reset(struct i8042 *kbc)
{
	pthread_mutex_lock(&kbc->lock);
	to_power_on(kbc);
	pthread_mutex_unlock(&kbc->lock);
	loop_post(kbc->loop, &kbc->work);
}

/* --- what is the main thread's: repetition and LEDs --- */

static void on_repeat(void *ctx)
{
	struct i8042 *kbc = ctx;
	pthread_mutex_lock(&kbc->lock);
	bool same = kbc->repeating && kbc->keyboard.repeating == kbc->repeating;
	if (same)
		ps2_keyboard_repeat(&kbc->keyboard, kbc->repeating);
	unsigned period = ps2_keyboard_period_ms(&kbc->keyboard);
	refill(kbc);
	pthread_mutex_unlock(&kbc->lock);
	if (same)
		loop_timer_arm(kbc->loop, &kbc->repeat, period);
}

static void on_work(void *ctx)
{
	struct i8042 *kbc = ctx;
	pthread_mutex_lock(&kbc->lock);
	unsigned repeating = kbc->keyboard.repeating;
	unsigned delay = ps2_keyboard_delay_ms(&kbc->keyboard);
	uint8_t leds = kbc->keyboard.leds;
	bool new_key = repeating != kbc->repeating, new_leds = leds != kbc->leds;
	kbc->repeating = repeating;
	kbc->leds = leds;
	pthread_mutex_unlock(&kbc->lock);
	if (new_key)
		loop_timer_cancel(kbc->loop, &kbc->repeat);
	if (new_key && repeating)
		loop_timer_arm(kbc->loop, &kbc->repeat, delay);
	if (new_leds && kbc->on_leds)
		kbc->on_leds(kbc->on_leds_ctx, leds);
}

/* --- events --- */

void i8042_key(struct i8042 *kbc, unsigned code, bool down)
{
	if (!kbc->devices)
		return;
	pthread_mutex_lock(&kbc->lock);
	unsigned repeating = kbc->keyboard.repeating;
	ps2_keyboard_key(&kbc->keyboard, code, down);
	bool changed = repeating != kbc->keyboard.repeating;
	refill(kbc);
	pthread_mutex_unlock(&kbc->lock);
	if (changed)
		loop_post(kbc->loop, &kbc->work);
}

void i8042_key_remote(struct i8042 *kbc, unsigned code, bool down, bool again)
{
	if (!kbc->devices)
		return;
	pthread_mutex_lock(&kbc->lock);
	if (again) {
		ps2_keyboard_repeat(&kbc->keyboard, code);
	} else {
		ps2_keyboard_key(&kbc->keyboard, code, down);
		if (kbc->keyboard.repeating == code)
			kbc->keyboard.repeating = 0;
	}
	bool changed = kbc->repeating != kbc->keyboard.repeating;
	refill(kbc);
	pthread_mutex_unlock(&kbc->lock);
	if (changed)
		loop_post(kbc->loop, &kbc->work);
}

void i8042_mouse(struct i8042 *kbc, int right, int down, int wheel, uint8_t buttons)
{
	if (!kbc->devices)
		return;
	pthread_mutex_lock(&kbc->lock);
	ps2_mouse_move(&kbc->mouse, right, down, wheel, buttons);
	refill(kbc);
	pthread_mutex_unlock(&kbc->lock);
}

/* --- commands --- */

static void no_device(struct i8042 *kbc, uint8_t flags)
{
	answer(kbc, RESEND, flags | STATUS_TIMEOUT);
}

/* Returns whether the processor is to be reset. */
static bool command(struct i8042 *kbc, uint8_t value)
{
	kbc->pending = 0;
	switch (value) {
	case CMD_READ_CONFIG:
		answer(kbc, kbc->config, 0);
		break;
	case CMD_WRITE_CONFIG:
	case CMD_WRITE_OUTPUT:
	case CMD_ECHO_KEYBOARD:
	case CMD_ECHO_AUX:
	case CMD_WRITE_AUX:
		kbc->pending = value;
		break;
	case CMD_DISABLE_AUX:
		kbc->config |= CONFIG_AUX_OFF;
		break;
	case CMD_ENABLE_AUX:
		kbc->config &= (uint8_t)~CONFIG_AUX_OFF;
		break;
	case CMD_DISABLE_KEYBOARD:
		kbc->config |= CONFIG_KEYBOARD_OFF;
		break;
	case CMD_ENABLE_KEYBOARD:
		kbc->config &= (uint8_t)~CONFIG_KEYBOARD_OFF;
		break;
	case CMD_TEST_AUX:
	case CMD_TEST_KEYBOARD:
		answer(kbc, PORT_GOOD, 0);
		break;
	case CMD_SELF_TEST:
		kbc->status |= STATUS_SELF_TESTED;
		answer(kbc, SELF_TEST_GOOD, 0);
		break;
	case CMD_READ_OUTPUT:
		answer(kbc, kbc->output_port, 0);
		break;
	default:
		return value >= CMD_PULSE && !(value & OUTPUT_NO_RESET);
	}
	return false;
}

static void write_config(struct i8042 *kbc, uint8_t value)
{
	kbc->config = value;
	kbc->status &= (uint8_t)~STATUS_SELF_TESTED;
	kbc->status |= value & CONFIG_SYSTEM ? STATUS_SELF_TESTED : 0;
}

/* Sending to a device turns its clock on, or it could not answer. */
static void send_keyboard(struct i8042 *kbc, uint8_t value)
{
	if (!kbc->devices) {
		no_device(kbc, 0);
		return;
	}
	kbc->config &= (uint8_t)~CONFIG_KEYBOARD_OFF;
	ps2_keyboard_write(&kbc->keyboard, value);
}

static void send_aux(struct i8042 *kbc, uint8_t value)
{
	if (!kbc->devices) {
		no_device(kbc, STATUS_AUX);
		return;
	}
	kbc->config &= (uint8_t)~CONFIG_AUX_OFF;
	ps2_mouse_write(&kbc->mouse, value);
}

/* A byte to 0x60: a command's parameter, or for the keyboard. */
static bool data(struct i8042 *kbc, uint8_t value)
{
	uint8_t pending = kbc->pending;
	kbc->pending = 0;
	switch (pending) {
	case CMD_WRITE_CONFIG:
		write_config(kbc, value);
		return false;
	case CMD_WRITE_OUTPUT:
		kbc->output_port = value | OUTPUT_NO_RESET | OUTPUT_A20;
		return !(value & OUTPUT_NO_RESET);
	case CMD_ECHO_KEYBOARD:
		answer(kbc, value, 0);
		return false;
	case CMD_ECHO_AUX:
		answer(kbc, value, STATUS_AUX);
		return false;
	case CMD_WRITE_AUX:
		send_aux(kbc, value);
		return false;
	default:
		send_keyboard(kbc, value);
		return false;
	}
}

/* --- ports --- */

static uint64_t data_read(void *ctx, uint64_t off, unsigned size)
{
	struct i8042 *kbc = ctx;
	(void)off;
	(void)size;
	pthread_mutex_lock(&kbc->lock);
	uint8_t value = kbc->out;
	kbc->status &= (uint8_t) ~(STATUS_OUT_FULL | STATUS_AUX | STATUS_TIMEOUT);
	drive_lines(kbc); /* down, so that the next byte is an edge */
	refill(kbc);
	pthread_mutex_unlock(&kbc->lock);
	return value;
}

static uint64_t status_read(void *ctx, uint64_t off, unsigned size)
{
	struct i8042 *kbc = ctx;
	(void)off;
	(void)size;
	pthread_mutex_lock(&kbc->lock);
	uint8_t value = kbc->status;
	pthread_mutex_unlock(&kbc->lock);
	return value;
}

static void write_port(struct i8042 *kbc, bool (*act)(struct i8042 *kbc, uint8_t value),
		       uint64_t value, uint8_t to_command)
{
	pthread_mutex_lock(&kbc->lock);
	kbc->status = (uint8_t)((kbc->status & ~STATUS_COMMAND) | to_command);
	bool reset = act(kbc, (uint8_t)value);
	refill(kbc);
	bool changed = kbc->keyboard.leds != kbc->leds || kbc->keyboard.repeating != kbc->repeating;
	pthread_mutex_unlock(&kbc->lock);
	if (changed)
		loop_post(kbc->loop, &kbc->work);
	if (reset)
		kbc->events->reset(kbc->events->ctx);
}

static void data_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	(void)off;
	(void)size;
	write_port(ctx, data, value, 0);
}

static void status_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	(void)off;
	(void)size;
	write_port(ctx, command, value, STATUS_COMMAND);
}

const struct bus_ops i8042_data_ops = { .read = data_read, .write = data_write };
const struct bus_ops i8042_status_ops = { .read = status_read, .write = status_write };
