/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device at the other end of a SATA cable: an ATA hard disk (ACS-3) or an ATAPI CD-ROM (ACS-3
 * §7.18, MMC-6, SPC-3) over a disk of core/disk.h. A command comes in as registers, and what is to
 * be done goes out as a struct ata_action: the controller in front (hw/ahci.h) moves the data. No
 * I/O here, and no guest memory: so nothing here waits, or has to be asked twice.
 *
 * Locking: all of a device belongs to its controller's lock.
 */
#ifndef BULKHEAD_HW_ATA_H
#define BULKHEAD_HW_ATA_H

#include <stdbool.h>
#include <stdint.h>

#include "core/disk.h"

#define ATA_CDB_SIZE 16
#define ATA_TRIM_BLOCKS 8                     /* of 512 bytes, 64 ranges each */
#define ATA_BUFFER (ATA_TRIM_BLOCKS * DISK_SECTOR) /* the longest data that is no disk's */
#define ATA_QUEUE_DEPTH 32

/* Status and error register, ACS-3 §6.2, §6.3 */
#define ATA_ERR 0x01
#define ATA_DRQ 0x08
#define ATA_SEEK 0x10 /* obsolete "seek complete", which drivers of old look for */
#define ATA_DRDY 0x40
#define ATA_BSY 0x80
#define ATA_IDLE (ATA_DRDY | ATA_SEEK)
#define ATA_ABRT 0x04
#define ATA_IDNF 0x10
#define ATA_UNC 0x40

/* What decides how the controller treats them. */
#define ATA_CMD_READ_FPDMA 0x60
#define ATA_CMD_WRITE_FPDMA 0x61
#define ATA_CMD_PACKET 0xA0

/* The registers of a host-to-device FIS (SATA 3.0 §10.3.4); guest's, any value. */
struct ata_command {
	uint8_t command, device;
	uint16_t features, count;
	uint64_t lba; /* 48 bits */
};

/* The registers of a device-to-host FIS. */
struct ata_result {
	uint8_t status, error, device;
	uint16_t count;
	uint64_t lba;
};

enum ata_kind {
	ATA_NOTHING,  /* done: nothing to move; an error too */
	ATA_DATA_IN,  /* `len` bytes of ata_device.buffer are the guest's */
	ATA_TRIM,     /* `len` bytes of the guest's go into the buffer; then ata_trim_range */
	ATA_READ,     /* `len` bytes of the disk at `offset` */
	ATA_WRITE,
	ATA_FLUSH,
};

struct ata_action {
	enum ata_kind kind;
	bool pio;    /* data in by PIO: a PIO setup FIS ends it */
	bool queued; /* NCQ: a set device bits FIS ends it */
	bool stable; /* ATA_WRITE: on stable storage */
	uint64_t offset, len;
	struct ata_result result; /* when it ends well */
};

struct ata_device {
	struct disk *disk; /* borrowed; NULL = no device on this cable */
	bool cdrom;
	char serial[21];
	bool write_cache, read_ahead, smart;
	uint8_t multiple; /* sectors of a DRQ block, 0 = READ MULTIPLE is off */
	struct {
		bool valid;
		uint8_t tag;
		struct ata_result result;
	} failed; /* of the last NCQ command that failed: log 10h */
	struct {
		bool open, locked, changed; /* the tray; a disc came that the guest has not heard of */
		uint8_t key, asc, ascq;     /* of the last command */
	} cd;
	uint8_t buffer[ATA_BUFFER]; /* of the one command at a time that is not queued */
};

/* `serial` at most 20 printable characters; cut. */
void ata_init(struct ata_device *device, struct disk *disk, bool cdrom, const char *serial);
/* Power-on, COMRESET: the tray is closed. What the disk holds stays. */
void ata_reset(struct ata_device *device);
/* Device and signature that follow a reset (ACS-3 table 206). */
struct ata_result ata_signature(const struct ata_device *device);

/* Any command but PACKET. */
void ata_execute(struct ata_device *device, const struct ata_command *command,
		 struct ata_action *ret);
/* PACKET, with its command block. */
void ata_packet(struct ata_device *device, const uint8_t cdb[ATA_CDB_SIZE], struct ata_action *ret);

/*
 * Range `i` of the TRIM data in the buffer, whose length is `len`: false behind the last. `*ret_len`
 * is 0 for an empty one. -EINVAL via *ret_len == UINT64_MAX: it reaches beyond the disk.
 */
bool ata_trim_range(const struct ata_device *device, uint64_t len, unsigned i, uint64_t *ret_offset,
		    uint64_t *ret_len);

/*
 * The host could not carry out the action: what the guest gets to read of it, for
 * a byte of the disk at `at`. Fills the log for a queued command, `tag`.
 */
struct ata_result ata_fail(struct ata_device *device, const struct ata_action *action, unsigned tag,
			   uint64_t at);

/* The same for a queued command that was refused at once. */
void ata_log_failure(struct ata_device *device, unsigned tag, const struct ata_result *result);

/* --- for the files of ata ------------------------------------------------------------------------*/

/* IDENTIFY DEVICE or IDENTIFY PACKET DEVICE into the buffer (ata_identify.c). */
void ata_identify(struct ata_device *device);
/* SMART and the logs (ata_log.c). */
void ata_smart(struct ata_device *device, const struct ata_command *command, struct ata_action *ret);
void ata_read_log(struct ata_device *device, const struct ata_command *command,
		  struct ata_action *ret);
/* Data in of `len` bytes that are in the buffer; ends by PIO or DMA. */
void ata_data_in(struct ata_action *ret, uint64_t len, bool pio);
/* Ends with ERR and `error`. */
void ata_abort(struct ata_action *ret, uint8_t error);

/* What a drive answers about itself and its disc (atapi_info.c): length in the buffer, 0 = not known. */
unsigned atapi_inquiry(struct ata_device *device, const uint8_t *cdb);
unsigned atapi_toc(struct ata_device *device, const uint8_t *cdb);
unsigned atapi_configuration(struct ata_device *device, const uint8_t *cdb);
unsigned atapi_mode_sense(struct ata_device *device, const uint8_t *cdb);
unsigned atapi_disc_information(struct ata_device *device, const uint8_t *cdb);
unsigned atapi_disc_structure(struct ata_device *device, const uint8_t *cdb);
unsigned atapi_event_status(struct ata_device *device, const uint8_t *cdb);
unsigned atapi_mechanism(struct ata_device *device, const uint8_t *cdb);

/* Sectors of CD_SECTOR bytes. */
static inline uint64_t atapi_sectors(const struct ata_device *device)
{
	return device->disk->size / CD_SECTOR;
}

#endif
