/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller without a keyboard or mouse: it answers for itself, and what is sent to a device
 * times out at once, as the 8042's firmware reports it. The FADT says there is none (boot/acpi.c),
 * so systems that ask ACPI do not probe; those that do not find it soon that nobody is there.
 */
#include "hw/platform.h"

/* IBM PS/2 Technical Reference, keyboard and auxiliary device controller. */
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

#define CONFIG_SYSTEM 0x04
#define CONFIG_KEYBOARD_OFF 0x10
#define CONFIG_AUX_OFF 0x20
#define OUTPUT_NO_RESET 0x01
#define OUTPUT_A20 0x02
#define SELF_TEST_GOOD 0x55
#define PORT_GOOD 0x00
#define RESEND 0xFE /* what a device that does not answer looks like */

void i8042_init(struct i8042 *kbc, const struct platform_events *events)
{
	*kbc = (struct i8042){ .events = events };
	pthread_mutex_init(&kbc->lock, NULL);
	i8042_reset(kbc);
}

void i8042_fini(struct i8042 *kbc)
{
	pthread_mutex_destroy(&kbc->lock);
}

void i8042_reset(struct i8042 *kbc)
{
	pthread_mutex_lock(&kbc->lock);
	kbc->status = STATUS_UNLOCKED;
	kbc->config = CONFIG_KEYBOARD_OFF | CONFIG_AUX_OFF;
	kbc->output_port = OUTPUT_NO_RESET | OUTPUT_A20;
	kbc->out = 0;
	kbc->pending = 0;
	pthread_mutex_unlock(&kbc->lock);
}

static void answer(struct i8042 *kbc, uint8_t byte, uint8_t flags)
{
	kbc->out = byte;
	kbc->status &= (uint8_t)~(STATUS_AUX | STATUS_TIMEOUT);
	kbc->status |= STATUS_OUT_FULL | flags;
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

/* A byte to 0x60: a command's parameter, or for the keyboard. */
static bool data(struct i8042 *kbc, uint8_t value)
{
	uint8_t pending = kbc->pending;
	kbc->pending = 0;
	switch (pending) {
	case CMD_WRITE_CONFIG:
		kbc->config = value;
		kbc->status &= (uint8_t)~STATUS_SELF_TESTED;
		kbc->status |= value & CONFIG_SYSTEM ? STATUS_SELF_TESTED : 0;
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
		answer(kbc, RESEND, STATUS_AUX | STATUS_TIMEOUT);
		return false;
	default:
		answer(kbc, RESEND, STATUS_TIMEOUT);
		return false;
	}
}

static uint64_t data_read(void *ctx, uint64_t off, unsigned size)
{
	struct i8042 *kbc = ctx;
	(void)off;
	(void)size;
	pthread_mutex_lock(&kbc->lock);
	kbc->status &= (uint8_t)~(STATUS_OUT_FULL | STATUS_AUX | STATUS_TIMEOUT);
	uint8_t value = kbc->out;
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
	pthread_mutex_unlock(&kbc->lock);
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
