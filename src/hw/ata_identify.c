/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the device says of itself: 256 words (ACS-3 §7.12.7 for a disk, §7.13.7 for a drive). Rows of
 * a table, and then what depends on the disk.
 */
#include <string.h>

#include "base/bytes.h"
#include "hw/ata.h"

#define WORDS 256

struct word {
	uint8_t at;
	uint16_t value;
};

static const struct word disk_words[] = {
	{ 0, 0x0040 },  /* fixed */
	{ 3, 16 },      /* heads and sectors of the default geometry */
	{ 6, 63 },
	{ 47, 0x8010 }, /* READ MULTIPLE: at most 16 sectors */
	{ 49, 0x0F00 }, /* IORDY, LBA, DMA */
	{ 50, 0x4000 },
	{ 53, 0x0006 }, /* words 64 to 70 and 88 are valid */
	{ 63, 0x0007 }, /* multiword DMA 0 to 2 */
	{ 64, 0x0003 }, /* PIO 3 and 4 */
	{ 65, 120 },    /* cycle times in ns */
	{ 66, 120 },
	{ 67, 120 },
	{ 68, 120 },
	{ 69, 0x4000 }, /* what was trimmed reads the same each time */
	{ 75, ATA_QUEUE_DEPTH - 1 },
	{ 76, 0x0106 }, /* NCQ, 1.5 and 3 Gb/s */
	{ 80, 0x07F0 }, /* ATA/ATAPI-4 to ACS-3 */
	{ 82, 0x0069 }, /* look-ahead, write cache, power management, SMART */
	{ 83, 0x7400 }, /* FLUSH CACHE and its EXT, 48-bit addresses */
	{ 84, 0x4060 }, /* WRITE DMA FUA EXT, general purpose logging */
	{ 86, 0x3400 },
	{ 87, 0x4060 },
	{ 88, 0x407F }, /* Ultra DMA 6 of 0 to 6 */
	{ 105, ATA_TRIM_BLOCKS },
	{ 106, 0x6003 }, /* 8 logical sectors in a physical one */
	{ 169, 0x0001 }, /* TRIM */
	{ 217, 0x0001 }, /* does not rotate */
};

static const struct word cdrom_words[] = {
	{ 0, 0x85C0 },  /* ATAPI, CD-ROM, removable, 12-byte packets */
	{ 49, 0x0B00 }, /* IORDY, LBA, DMA */
	{ 50, 0x4000 },
	{ 53, 0x0006 },
	{ 63, 0x0007 },
	{ 64, 0x0003 },
	{ 65, 120 },
	{ 66, 120 },
	{ 67, 120 },
	{ 68, 120 },
	{ 76, 0x0006 }, /* 1.5 and 3 Gb/s */
	{ 80, 0x07F0 },
	{ 82, 0x0218 }, /* DEVICE RESET, PACKET, power management */
	{ 83, 0x4000 },
	{ 84, 0x4000 },
	{ 85, 0x0218 },
	{ 87, 0x4000 },
	{ 88, 0x407F },
};

static void put(struct ata_device *device, unsigned word, uint16_t value)
{
	le_put(device->buffer + (size_t)word * 2, 2, value);
}

/* Two characters in a word, the first in its high byte (ACS-3 §3.3.10). */
static void put_text(struct ata_device *device, unsigned word, unsigned words, const char *text)
{
	size_t len = strlen(text);
	for (unsigned i = 0; i < words * 2; i++)
		device->buffer[(size_t)word * 2 + (i ^ 1)] = i < len ? (uint8_t)text[i] : ' ';
}

static void put_rows(struct ata_device *device, const struct word *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(device, rows[i].at, rows[i].value);
}

static void put_disk(struct ata_device *device)
{
	uint64_t sectors = device->disk->size / DISK_SECTOR;
	put(device, 1, (uint16_t)min_u64(sectors / (16 * 63), 16383));
	put(device, 59, device->multiple ? 0x0100 | device->multiple : 0);
	le_put(device->buffer + (size_t)60 * 2, 4, min_u64(sectors, 0x0FFFFFFF));
	le_put(device->buffer + (size_t)100 * 2, 8, sectors);
	put(device, 85, (uint16_t)(0x0008 | (device->write_cache ? 0x20 : 0) |
				   (device->read_ahead ? 0x40 : 0) | (device->smart ? 1 : 0)));
	if (device->disk->read_only) {
		put(device, 69, 0);
		put(device, 105, 0);
		put(device, 169, 0);
	}
}

void ata_identify(struct ata_device *device)
{
	memset(device->buffer, 0, (size_t)WORDS * 2);
	if (device->cdrom) {
		put_rows(device, cdrom_words, ARRAY_LEN(cdrom_words));
	} else {
		put_rows(device, disk_words, ARRAY_LEN(disk_words));
		put_disk(device);
	}
	put_text(device, 10, 10, device->serial);
	put_text(device, 23, 4, "1.0");
	put_text(device, 27, 20, device->cdrom ? "SATA DVD-ROM" : "SATA SSD");
	uint8_t sum = 0xA5; /* integrity word: signature, then all bytes add up to 0 */
	put(device, 255, sum);
	for (unsigned i = 0; i < WORDS * 2 - 2; i++)
		sum += device->buffer[i];
	device->buffer[WORDS * 2 - 1] = (uint8_t)-sum;
}
