/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMART as far as drivers and system tools ask for it, and the log that NCQ's error recovery reads. */
#include <string.h>

#include "base/bytes.h"
#include "hw/ata.h"

#define SMART_KEY 0xC24F00 /* LBA 23:8 of every SMART command (ACS-3 §7.48.1) */
#define SMART_KEY_MASK 0xFFFF00
#define SMART_REVISION 0x0010
#define LOG_DIRECTORY 0x00
#define LOG_NCQ_ERROR 0x10

/* Identifier, flags, current and worst value, threshold: nothing is worn or was ever moved. */
static const struct {
	uint8_t id, flags, value, threshold;
} attributes[] = {
	{ 5, 0x03, 100, 10 },  /* reallocated sectors */
	{ 9, 0x02, 100, 0 },   /* hours powered on */
	{ 12, 0x02, 100, 0 },  /* power cycles */
	{ 197, 0x02, 100, 0 }, /* pending sectors */
};

static void start(struct ata_device *device)
{
	memset(device->buffer, 0, DISK_SECTOR);
}

/* The last byte makes the sum of all 0. */
static void close_page(struct ata_device *device)
{
	uint8_t sum = 0;
	for (unsigned i = 0; i < DISK_SECTOR - 1; i++)
		sum += device->buffer[i];
	device->buffer[DISK_SECTOR - 1] = (uint8_t)-sum;
}

static void smart_data(struct ata_device *device)
{
	start(device);
	le_put(device->buffer, 2, SMART_REVISION);
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
		uint8_t *at = device->buffer + 2 + i * 12;
		at[0] = attributes[i].id;
		at[1] = attributes[i].flags;
		at[3] = at[4] = attributes[i].value;
	}
	device->buffer[368] = 0x03; /* saves its data by itself */
	close_page(device);
}

static void smart_thresholds(struct ata_device *device)
{
	start(device);
	le_put(device->buffer, 2, SMART_REVISION);
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
		device->buffer[2 + i * 12] = attributes[i].id;
		device->buffer[3 + i * 12] = attributes[i].threshold;
	}
	close_page(device);
}

static void smart_operation(struct ata_device *device, unsigned operation, struct ata_action *ret)
{
	switch (operation) {
	case 0xD0: /* READ DATA */
		smart_data(device);
		ata_data_in(ret, DISK_SECTOR, true);
		break;
	case 0xD1: /* READ THRESHOLDS */
		smart_thresholds(device);
		ata_data_in(ret, DISK_SECTOR, true);
		break;
	case 0xD2: /* ATTRIBUTE AUTOSAVE */
	case 0xDA: /* RETURN STATUS: the key unchanged is "no threshold exceeded" */
		break;
	case 0xD9: /* DISABLE OPERATIONS */
		device->smart = false;
		break;
	default:
		ata_abort(ret, ATA_ABRT);
	}
}

void ata_smart(struct ata_device *device, const struct ata_command *command, struct ata_action *ret)
{
	unsigned operation = command->features & 0xff;
	if ((command->lba & SMART_KEY_MASK) != SMART_KEY)
		ata_abort(ret, ATA_ABRT);
	else if (operation == 0xD8) /* ENABLE OPERATIONS */
		device->smart = true;
	else if (!device->smart)
		ata_abort(ret, ATA_ABRT);
	else
		smart_operation(device, operation, ret);
}

/* --- general purpose logs, ACS-3 annex A --- */

/* Word n is how many pages log n has; word 0 the version. */
static void directory(struct ata_device *device)
{
	start(device);
	le_put(device->buffer, 2, 1);
	le_put(device->buffer + (size_t)LOG_NCQ_ERROR * 2, 2, 1);
}

/* Registers as of the D2H FIS of the command that failed (ACS-3 §A.14); reading it makes room. */
static void ncq_error(struct ata_device *device)
{
	const struct ata_result *r = &device->failed.result;
	uint8_t *at = device->buffer;
	start(device);
	at[0] = 0x80; /* none that was queued */
	if (device->failed.valid) {
		at[0] = device->failed.tag & 0x1f;
		at[2] = r->status;
		at[3] = r->error;
		le_put(at + 4, 2, r->lba);
		at[6] = (uint8_t)(r->lba >> 16);
		at[7] = r->device;
		le_put(at + 8, 2, r->lba >> 24);
		at[10] = (uint8_t)(r->lba >> 40);
		le_put(at + 12, 2, r->count);
	}
	device->failed.valid = false;
	close_page(device);
}

void ata_read_log(struct ata_device *device, const struct ata_command *command,
		  struct ata_action *ret)
{
	unsigned log = command->lba & 0xff;
	unsigned page = (unsigned)(command->lba >> 8 & 0xff) | (unsigned)(command->lba >> 24 & 0xff00);
	if (command->count != 1 || page) {
		ata_abort(ret, ATA_ABRT);
		return;
	}
	if (log == LOG_DIRECTORY)
		directory(device);
	else if (log == LOG_NCQ_ERROR)
		ncq_error(device);
	else {
		ata_abort(ret, ATA_ABRT);
		return;
	}
	ata_data_in(ret, DISK_SECTOR, command->command == 0x2F);
}
