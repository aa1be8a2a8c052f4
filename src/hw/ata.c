/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of a hard disk, and those few that a CD-ROM drive has beside PACKET. */
#include "hw/ata.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/range.h"

#define DEVICE_LBA 0x40 /* device register: the address is a block number */
#define DEVICE_FUA 0x80 /* of the queued commands, ACS-3 §7.65 */
#define MULTIPLE_MAX 16
#define TRIM_FEATURE 0x01 /* DATA SET MANAGEMENT, ACS-3 §7.5 */
#define TRIM_ENTRY 8

void ata_init(struct ata_device *device, struct disk *disk, bool cdrom, const char *serial)
{
	memset(device, 0, sizeof(*device));
	device->disk = disk;
	device->cdrom = cdrom;
	snprintf(device->serial, sizeof(device->serial), "%s", serial);
	ata_reset(device);
}

void ata_reset(struct ata_device *device)
{
	if (!device->disk)
		return;
	device->write_cache = device->disk->cache != DISK_WRITETHROUGH;
	device->read_ahead = device->smart = true;
	device->multiple = MULTIPLE_MAX;
	memset(&device->failed, 0, sizeof(device->failed));
	memset(&device->cd, 0, sizeof(device->cd));
}

struct ata_result ata_signature(const struct ata_device *device)
{
	return (struct ata_result){ .status = device->cdrom ? 0 : ATA_IDLE,
				    .error = 0x01,
				    .lba = device->cdrom ? 0xEB1401 : 0x000001,
				    .count = 1 };
}

void ata_data_in(struct ata_action *ret, uint64_t len, bool pio)
{
	ret->kind = ATA_DATA_IN;
	ret->len = len;
	ret->pio = pio;
}

void ata_abort(struct ata_action *ret, uint8_t error)
{
	ret->kind = ATA_NOTHING;
	ret->result.status = ATA_IDLE | ATA_ERR;
	ret->result.error = error;
}

/* --- reading and writing --- */

/* How a command says which sectors. */
enum address { LBA28, LBA48, FPDMA };

static bool sectors_of(const struct ata_command *command, enum address address, uint64_t *ret_lba,
		       uint64_t *ret_n)
{
	uint16_t n = address == FPDMA ? command->features : command->count;
	*ret_lba = command->lba;
	if (address == LBA28) {
		*ret_lba = (command->lba & 0xffffff) | (uint64_t)(command->device & 0xf) << 24;
		n &= 0xff;
	}
	*ret_n = n ? n : address == LBA28 ? 256 : 65536;
	return command->device & DEVICE_LBA;
}

static void transfer(struct ata_device *device, const struct ata_command *command,
		     enum ata_kind kind, enum address address, struct ata_action *ret)
{
	uint64_t lba, n;
	bool by_lba = sectors_of(command, address, &lba, &n);
	if (!by_lba || (kind == ATA_WRITE && device->disk->read_only)) {
		ata_abort(ret, ATA_ABRT);
		return;
	}
	if (!inside(lba, n, device->disk->size / DISK_SECTOR)) {
		ata_abort(ret, ATA_IDNF | ATA_ABRT);
		return;
	}
	ret->kind = kind;
	ret->offset = lba * DISK_SECTOR;
	ret->len = n * DISK_SECTOR;
	ret->stable = !device->write_cache;
}

static void read_pio(struct ata_device *device, const struct ata_command *command,
		     enum address address, struct ata_action *ret)
{
	transfer(device, command, ATA_READ, address, ret);
	ret->pio = ret->kind == ATA_READ;
}

/* FPDMA: the sector count is where the features are, and the count holds the tag. */
static void queued(struct ata_device *device, const struct ata_command *command,
		   struct ata_action *ret)
{
	bool write = command->command == ATA_CMD_WRITE_FPDMA;
	transfer(device, command, write ? ATA_WRITE : ATA_READ, FPDMA, ret);
	ret->queued = true;
	ret->stable |= (command->device & DEVICE_FUA) != 0;
}

/* Nothing to move: sectors are there, or not. */
static void verify(struct ata_device *device, const struct ata_command *command,
		   enum address address, struct ata_action *ret)
{
	transfer(device, command, ATA_READ, address, ret);
	ret->kind = ATA_NOTHING;
}

static void multiple(struct ata_device *device, const struct ata_command *command,
		     enum ata_kind kind, enum address address, struct ata_action *ret)
{
	if (!device->multiple)
		ata_abort(ret, ATA_ABRT);
	else if (kind == ATA_READ)
		read_pio(device, command, address, ret);
	else
		transfer(device, command, kind, address, ret);
}

static bool is_transfer(struct ata_device *device, const struct ata_command *command,
			struct ata_action *ret)
{
	switch (command->command) {
	case 0x20: /* READ SECTOR(S) */
	case 0x21:
		read_pio(device, command, LBA28, ret);
		break;
	case 0x24: /* READ SECTOR(S) EXT */
		read_pio(device, command, LBA48, ret);
		break;
	case 0x25: /* READ DMA EXT */
		transfer(device, command, ATA_READ, LBA48, ret);
		break;
	case 0xC8: /* READ DMA */
	case 0xC9:
		transfer(device, command, ATA_READ, LBA28, ret);
		break;
	case 0x30: /* WRITE SECTOR(S) */
	case 0x31:
	case 0xCA: /* WRITE DMA */
	case 0xCB:
		transfer(device, command, ATA_WRITE, LBA28, ret);
		break;
	case 0x34: /* WRITE SECTOR(S) EXT */
	case 0x35: /* WRITE DMA EXT */
		transfer(device, command, ATA_WRITE, LBA48, ret);
		break;
	case 0x3D: /* WRITE DMA FUA EXT */
		transfer(device, command, ATA_WRITE, LBA48, ret);
		ret->stable = true;
		break;
	case 0xC4: /* READ MULTIPLE */
		multiple(device, command, ATA_READ, LBA28, ret);
		break;
	case 0x29: /* READ MULTIPLE EXT */
		multiple(device, command, ATA_READ, LBA48, ret);
		break;
	case 0xC5: /* WRITE MULTIPLE */
		multiple(device, command, ATA_WRITE, LBA28, ret);
		break;
	case 0x39: /* WRITE MULTIPLE EXT */
		multiple(device, command, ATA_WRITE, LBA48, ret);
		break;
	case 0xCE: /* WRITE MULTIPLE FUA EXT */
		multiple(device, command, ATA_WRITE, LBA48, ret);
		ret->stable = true;
		break;
	case ATA_CMD_READ_FPDMA:
	case ATA_CMD_WRITE_FPDMA:
		queued(device, command, ret);
		break;
	case 0x40: /* READ VERIFY SECTOR(S) */
	case 0x41:
		verify(device, command, LBA28, ret);
		break;
	case 0x42: /* READ VERIFY SECTOR(S) EXT */
		verify(device, command, LBA48, ret);
		break;
	default:
		return false;
	}
	return true;
}

/* --- the rest of a hard disk --- */

/* ACS-3 §7.45: what is not listed there, or here, is refused. */
static void set_features(struct ata_device *device, const struct ata_command *command,
			 struct ata_action *ret)
{
	switch (command->features & 0xff) {
	case 0x02:
	case 0x82:
		/* Cached writes are what it does when asked; write-through is what the host wants. */
		if (device->cdrom)
			ata_abort(ret, ATA_ABRT);
		else
			device->write_cache = (command->features & 0xff) == 0x02 &&
					      device->disk->cache != DISK_WRITETHROUGH;
		break;
	case 0x55:
	case 0xAA:
		device->read_ahead = (command->features & 0xff) == 0xAA;
		break;
	case 0x03: /* transfer mode: a cable that is none has every one */
	case 0x66: /* keep settings over a soft reset, or not */
	case 0xCC:
		break;
	default:
		ata_abort(ret, ATA_ABRT);
	}
}

static void set_multiple(struct ata_device *device, const struct ata_command *command,
			 struct ata_action *ret)
{
	uint8_t n = command->count & 0xff;
	if (n > MULTIPLE_MAX || (n && !is_pow2(n)))
		ata_abort(ret, ATA_ABRT);
	else
		device->multiple = n;
}

static void trim(const struct ata_device *device, const struct ata_command *command,
		 struct ata_action *ret)
{
	if (!(command->features & TRIM_FEATURE) || !command->count ||
	    command->count > ATA_TRIM_BLOCKS || device->disk->read_only) {
		ata_abort(ret, ATA_ABRT);
		return;
	}
	ret->kind = ATA_TRIM;
	ret->len = (uint64_t)command->count * DISK_SECTOR;
}

bool ata_trim_range(const struct ata_device *device, uint64_t len, unsigned i, uint64_t *ret_offset,
		    uint64_t *ret_len)
{
	if (len > ATA_BUFFER || (uint64_t)i * TRIM_ENTRY >= len)
		return false;
	uint64_t entry = le64_get(device->buffer + (size_t)i * TRIM_ENTRY);
	uint64_t lba = entry & ((UINT64_C(1) << 48) - 1), n = entry >> 48;
	bool fits = inside(lba, n, device->disk->size / DISK_SECTOR);
	*ret_offset = fits ? lba * DISK_SECTOR : 0;
	*ret_len = fits ? n * DISK_SECTOR : UINT64_MAX;
	return true;
}

static void disk_command(struct ata_device *device, const struct ata_command *command,
			 struct ata_action *ret)
{
	switch (command->command) {
	case 0xEC: /* IDENTIFY DEVICE */
		ata_identify(device);
		ata_data_in(ret, DISK_SECTOR, true);
		break;
	case 0x06:
		trim(device, command, ret);
		break;
	case 0xE7: /* FLUSH CACHE */
	case 0xEA: /* FLUSH CACHE EXT */
		ret->kind = ATA_FLUSH;
		break;
	case 0xC6: /* SET MULTIPLE MODE */
		set_multiple(device, command, ret);
		break;
	case 0xB0:
		ata_smart(device, command, ret);
		break;
	case 0x2F: /* READ LOG EXT */
	case 0x47: /* READ LOG DMA EXT */
		ata_read_log(device, command, ret);
		break;
	case 0x10: /* RECALIBRATE, SEEK, INITIALIZE DEVICE PARAMETERS: no head, no geometry */
	case 0x70:
	case 0x91:
		break;
	default:
		ata_abort(ret, ATA_ABRT);
	}
}

/* What both kinds have, power management above all: always on, and says so. */
static bool is_common(struct ata_device *device, const struct ata_command *command,
		      struct ata_action *ret)
{
	switch (command->command) {
	case 0xEF:
		set_features(device, command, ret);
		return true;
	case 0xE5: /* CHECK POWER MODE: active or idle */
	case 0x98:
		ret->result.count = 0xff;
		return true;
	case 0xE0: /* STANDBY IMMEDIATE, which also empties a cache */
	case 0x94:
	case 0xE2: /* STANDBY */
	case 0x96:
	case 0xE6: /* SLEEP */
	case 0x99:
		ret->kind = device->cdrom ? ATA_NOTHING : ATA_FLUSH;
		return true;
	case 0xE1: /* IDLE IMMEDIATE, IDLE */
	case 0x95:
	case 0xE3:
	case 0x97:
		return true;
	case 0x90: /* EXECUTE DEVICE DIAGNOSTIC */
		ret->result = ata_signature(device);
		return true;
	default:
		return false;
	}
}

static void cdrom_command(struct ata_device *device, const struct ata_command *command,
			  struct ata_action *ret)
{
	switch (command->command) {
	case 0xA1: /* IDENTIFY PACKET DEVICE */
		ata_identify(device);
		ata_data_in(ret, DISK_SECTOR, true);
		break;
	case 0x08: /* DEVICE RESET */
		ret->result = ata_signature(device);
		break;
	case 0xEC: /* IDENTIFY DEVICE, READ SECTOR(S): the signature tells what it is (ACS-3 §7.12.2) */
	case 0x20:
		ret->result = ata_signature(device);
		ata_abort(ret, ATA_ABRT);
		break;
	default:
		ata_abort(ret, ATA_ABRT);
	}
}

void ata_execute(struct ata_device *device, const struct ata_command *command,
		 struct ata_action *ret)
{
	*ret = (struct ata_action){ .result = { .status = ATA_IDLE,
						.lba = command->lba,
						.count = command->count,
						.device = command->device } };
	if (is_common(device, command, ret))
		return;
	if (device->cdrom)
		cdrom_command(device, command, ret);
	else if (!is_transfer(device, command, ret))
		disk_command(device, command, ret);
}

void ata_log_failure(struct ata_device *device, unsigned tag, const struct ata_result *result)
{
	device->failed.valid = true;
	device->failed.tag = (uint8_t)tag;
	device->failed.result = *result;
}

struct ata_result ata_fail(struct ata_device *device, const struct ata_action *action, unsigned tag,
			   uint64_t at)
{
	struct ata_result result = action->result;
	result.status = ATA_IDLE | ATA_ERR;
	if (device->cdrom) {
		device->cd.key = 0x3; /* MEDIUM ERROR, unrecovered read error (SPC-3 table 27) */
		device->cd.asc = 0x11;
		device->cd.ascq = 0;
		result.error = (uint8_t)(device->cd.key << 4);
		return result;
	}
	result.error = action->kind == ATA_READ ? ATA_UNC : ATA_ABRT;
	result.lba = at / DISK_SECTOR;
	if (action->queued)
		ata_log_failure(device, tag, &result);
	return result;
}
