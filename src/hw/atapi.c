/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet commands of a CD-ROM drive (MMC-6, SPC-3). One table says what each needs of the drive;
 * what a drive answers about itself is in atapi_info.c.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/range.h"
#include "hw/ata.h"

/* Sense keys (SPC-3 table 27) with additional code and qualifier (MMC-6 annex F). */
#define NOT_READY_OPEN 0x2, 0x3A, 0x02
#define BAD_COMMAND 0x5, 0x20, 0x00
#define BAD_ADDRESS 0x5, 0x21, 0x00
#define BAD_FIELD 0x5, 0x24, 0x00
#define REMOVAL_PREVENTED 0x5, 0x53, 0x02
#define MEDIUM_CHANGED 0x6, 0x28, 0x00

#define REASON_DONE 0x03 /* interrupt reason in the count: command, to the host (ACS-3 §7.18.6) */
#define SENSE_LEN 18

static void fail(struct ata_device *device, struct ata_action *ret, uint8_t key, uint8_t asc,
		 uint8_t ascq)
{
	device->cd.key = key;
	device->cd.asc = asc;
	device->cd.ascq = ascq;
	ata_abort(ret, (uint8_t)(key << 4 | ATA_ABRT));
}

/* The shorter of what there is and what the guest has room for. */
static void reply(struct ata_action *ret, unsigned len, unsigned room)
{
	if (len && room)
		ata_data_in(ret, min_u64(len, room), false);
}

/* --- reading the disc --- */

static void read_sectors(struct ata_device *device, struct ata_action *ret, uint64_t lba, uint64_t n)
{
	if (!inside(lba, n, atapi_sectors(device))) {
		fail(device, ret, BAD_ADDRESS);
		return;
	}
	if (!n)
		return;
	ret->kind = ATA_READ;
	ret->offset = lba * CD_SECTOR;
	ret->len = n * CD_SECTOR;
}

static void on_read10(struct ata_device *device, const uint8_t *cdb, struct ata_action *ret)
{
	read_sectors(device, ret, be32_get(cdb + 2), be16_get(cdb + 7));
}

static void on_read12(struct ata_device *device, const uint8_t *cdb, struct ata_action *ret)
{
	read_sectors(device, ret, be32_get(cdb + 2), be32_get(cdb + 6));
}

/* Only the user data of a sector: headers and error codes are not in an image. */
static void on_read_cd(struct ata_device *device, const uint8_t *cdb, struct ata_action *ret)
{
	uint64_t n = (uint64_t)cdb[6] << 16 | be16_get(cdb + 7);
	if (cdb[9] == 0x10)
		read_sectors(device, ret, be32_get(cdb + 2), n);
	else if (cdb[9] != 0)
		fail(device, ret, BAD_FIELD);
}

static void on_capacity(struct ata_device *device, const uint8_t *cdb, struct ata_action *ret)
{
	uint32_t last = htobe32((uint32_t)(min_u64(atapi_sectors(device), UINT32_MAX) - 1));
	uint32_t sector = htobe32(CD_SECTOR);
	(void)cdb;
	memcpy(device->buffer, &last, 4);
	memcpy(device->buffer + 4, &sector, 4);
	reply(ret, 8, 8);
}

static void on_seek(struct ata_device *device, const uint8_t *cdb, struct ata_action *ret)
{
	if (be32_get(cdb + 2) >= atapi_sectors(device))
		fail(device, ret, BAD_ADDRESS);
}

/* --- the tray --- */

/* START STOP UNIT: LoEj with Start loads, without it ejects (MMC-6 §6.42). */
static void on_start_stop(struct ata_device *device, const uint8_t *cdb, struct ata_action *ret)
{
	bool load_eject = cdb[4] & 2, start = cdb[4] & 1;
	if (!load_eject)
		return;
	if (!start && device->cd.locked && !device->cd.open) {
		fail(device, ret, REMOVAL_PREVENTED);
		return;
	}
	device->cd.changed |= start && device->cd.open;
	device->cd.open = !start;
}

static void on_prevent(struct ata_device *device, const uint8_t *cdb, struct ata_action *ret)
{
	(void)ret;
	device->cd.locked = cdb[4] & 1;
}

/* --- short answers --- */

static void on_nothing(struct ata_device *device, const uint8_t *cdb, struct ata_action *ret)
{
	(void)device;
	(void)cdb;
	(void)ret;
}

/* Fixed format (SPC-3 §4.5.3). */
static void on_request_sense(struct ata_device *device, const uint8_t *cdb, struct ata_action *ret)
{
	uint8_t *at = device->buffer;
	memset(at, 0, SENSE_LEN);
	at[0] = 0x70;
	at[2] = device->cd.key;
	at[7] = SENSE_LEN - 8;
	at[12] = device->cd.asc;
	at[13] = device->cd.ascq;
	device->cd.key = device->cd.asc = device->cd.ascq = 0;
	reply(ret, SENSE_LEN, cdb[4]);
}

/* --- all of them --- */

/* What a command needs; without ANYTIME it is also the one to hear that the disc has changed. */
#define DISC 1    /* the tray is closed */
#define ANYTIME 2 /* SPC-3 §5.7: not held up by a unit attention */

/*
 * Either `run` does it, or `answer` puts into the buffer what the drive says of itself
 * (atapi_info.c): its length, 0 = a field of the command that this drive does not know. The guest's
 * room for it is the 16-bit field at byte `room`.
 */
static const struct packet {
	uint8_t opcode, needs;
	void (*run)(struct ata_device *device, const uint8_t *cdb, struct ata_action *ret);
	unsigned (*answer)(struct ata_device *device, const uint8_t *cdb);
	uint8_t room;
} packets[] = {
	{ 0x00, DISC, on_nothing, NULL, 0 }, /* TEST UNIT READY */
	{ 0x03, ANYTIME, on_request_sense, NULL, 0 },
	{ 0x12, ANYTIME, NULL, atapi_inquiry, 3 },
	{ 0x1B, 0, on_start_stop, NULL, 0 },
	{ 0x1E, 0, on_prevent, NULL, 0 },
	{ 0x25, DISC, on_capacity, NULL, 0 },
	{ 0x28, DISC, on_read10, NULL, 0 },
	{ 0x2B, DISC, on_seek, NULL, 0 },
	{ 0x35, DISC, on_nothing, NULL, 0 }, /* SYNCHRONIZE CACHE */
	{ 0x43, DISC, NULL, atapi_toc, 7 },
	{ 0x46, ANYTIME, NULL, atapi_configuration, 7 },
	{ 0x4A, ANYTIME, NULL, atapi_event_status, 7 },
	{ 0x51, DISC, NULL, atapi_disc_information, 7 },
	{ 0x5A, 0, NULL, atapi_mode_sense, 7 },
	{ 0xA8, DISC, on_read12, NULL, 0 },
	{ 0xAD, DISC, NULL, atapi_disc_structure, 8 },
	{ 0xBB, 0, on_nothing, NULL, 0 }, /* SET CD SPEED */
	{ 0xBD, 0, NULL, atapi_mechanism, 8 },
	{ 0xBE, DISC, on_read_cd, NULL, 0 },
};

static void run(struct ata_device *device, const struct packet *packet, const uint8_t *cdb,
		struct ata_action *ret)
{
	if (!(packet->needs & ANYTIME) && device->cd.changed) {
		device->cd.changed = false;
		fail(device, ret, MEDIUM_CHANGED);
		return;
	}
	if (packet->needs & DISC && device->cd.open) {
		fail(device, ret, NOT_READY_OPEN);
		return;
	}
	if (packet->opcode != 0x03)
		device->cd.key = device->cd.asc = device->cd.ascq = 0;
	if (packet->run) {
		packet->run(device, cdb, ret);
		return;
	}
	unsigned len = packet->answer(device, cdb);
	if (len)
		reply(ret, len, be16_get(cdb + packet->room));
	else
		fail(device, ret, BAD_FIELD);
}

void ata_packet(struct ata_device *device, const uint8_t cdb[ATA_CDB_SIZE], struct ata_action *ret)
{
	*ret = (struct ata_action){ .result = { .status = ATA_IDLE, .count = REASON_DONE } };
	for (size_t i = 0; i < ARRAY_LEN(packets); i++) {
		if (packets[i].opcode == cdb[0]) {
			run(device, &packets[i], cdb, ret);
			return;
		}
	}
	fail(device, ret, BAD_COMMAND);
}
