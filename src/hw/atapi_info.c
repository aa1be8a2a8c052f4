/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the drive answers about itself and its disc: a DVD-ROM drive that reads CDs, with one data
 * track in one finished session, whose size decides whether it is a CD or a DVD. All numbers are
 * big-endian.
 */
#include <string.h>

#include "base/bytes.h"
#include "hw/ata.h"

#define PROFILE_CD 0x0008
#define PROFILE_DVD 0x0010
#define CD_SECTORS_MAX 449849 /* 99:59:74, the most that minutes, seconds and frames can say */
#define LEAD_OUT 0xAA

/* Appends to the buffer, which is longer than anything here. */
struct writer {
	uint8_t *at;
	unsigned n;
};

static struct writer start(struct ata_device *device)
{
	memset(device->buffer, 0, DISK_SECTOR);
	return (struct writer){ device->buffer, 0 };
}

static void put(struct writer *w, unsigned size, uint64_t value)
{
	while (size--)
		w->at[w->n++] = size < 8 ? (uint8_t)(value >> 8 * size) : 0;
}

static void put_text(struct writer *w, const char *text, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		w->at[w->n++] = *text ? (uint8_t)*text++ : ' ';
}

/* A length of `size` bytes at `at` that counts what follows it. */
static void close_length(const struct writer *w, unsigned at, unsigned size)
{
	struct writer length = { w->at, at };
	put(&length, size, w->n - at - size);
}

static bool is_dvd(const struct ata_device *device)
{
	return atapi_sectors(device) > CD_SECTORS_MAX;
}

/* SPC-3 §6.4; no vital product data but the list of none. */
unsigned atapi_inquiry(struct ata_device *device, const uint8_t *cdb)
{
	struct writer w = start(device);
	if (cdb[1] & 1)
		return 0;
	put(&w, 1, 0x05); /* CD/DVD device */
	put(&w, 1, 0x80); /* removable */
	put(&w, 1, 0x05); /* SPC-3 */
	put(&w, 1, 0x32); /* response format 2, for ATAPI 3 */
	put(&w, 1, 31);
	put(&w, 3, 0);
	put_text(&w, "SATA", 8);
	put_text(&w, "DVD-ROM", 16);
	put_text(&w, "1.0", 4);
	return w.n;
}

/* --- table of contents, MMC-6 §6.26 --- */

static void put_address(struct writer *w, uint32_t lba, bool msf)
{
	if (!msf) {
		put(w, 4, lba);
		return;
	}
	uint32_t frame = (uint32_t)min_u64(lba + 150, 99 * 60 * 75 + 59 * 75 + 74);
	put(w, 1, 0);
	put(w, 1, frame / (60 * 75));
	put(w, 1, frame / 75 % 60);
	put(w, 1, frame % 75);
}

static void put_track(struct writer *w, uint8_t number, uint32_t lba, bool msf)
{
	put(w, 1, 0);
	put(w, 1, 0x14); /* data, not to be copied digitally */
	put(w, 1, number);
	put(w, 1, 0);
	put_address(w, lba, msf);
}

unsigned atapi_toc(struct ata_device *device, const uint8_t *cdb)
{
	struct writer w = start(device);
	bool msf = cdb[1] & 2;
	/* Old drivers say the format in the control byte. */
	unsigned format = cdb[2] & 0xf ? cdb[2] & 0xf : cdb[9] >> 6;
	unsigned first = cdb[6];
	uint32_t end = (uint32_t)min_u64(atapi_sectors(device), UINT32_MAX);
	if (format > 1 || (format == 0 && first > 1 && first != LEAD_OUT))
		return 0;
	put(&w, 2, 0);
	put(&w, 2, 0x0101); /* first and last track, or session */
	if (format == 1 || first <= 1)
		put_track(&w, 1, 0, msf);
	if (format == 0)
		put_track(&w, LEAD_OUT, end, msf);
	close_length(&w, 0, 2);
	return w.n;
}

/* --- features, MMC-6 §5 and §6.6 --- */

struct feature {
	uint16_t code;
	uint8_t version; /* with its flags: persistent 2, current 1 */
	uint8_t len;
	uint8_t data[8];
};

static const struct feature features[] = {
	{ 0x0001, 0x0B, 8, { 0, 0, 0, 7, 1 } }, /* core: ATAPI over SATA; device busy events */
	{ 0x0002, 0x07, 4, { 2 } },             /* morphing: operational change events */
	{ 0x0003, 0x07, 4, { 0x29 } },          /* removable: tray, ejects, locks */
	{ 0x0010, 0x01, 8, { 0, 0, 8, 0, 0, 1, 0, 0 } }, /* random reads of 2048 bytes */
	{ 0x001D, 0x01, 0, { 0 } },             /* reads CDs and DVDs */
	{ 0x001E, 0x08, 4, { 0 } },             /* CD */
	{ 0x001F, 0x04, 4, { 0 } },             /* DVD */
	{ 0x0105, 0x03, 4, { 0 } },             /* times out */
};

static void put_profile(struct writer *w, uint16_t profile, bool current)
{
	put(w, 2, profile);
	put(w, 1, current);
	put(w, 1, 0);
}

static void put_feature(struct writer *w, const struct feature *f, bool dvd, bool loaded)
{
	bool current = loaded && ((f->code == 0x001E && !dvd) || (f->code == 0x001F && dvd));
	put(w, 2, f->code);
	put(w, 1, f->version | current);
	put(w, 1, f->len);
	for (unsigned i = 0; i < f->len; i++)
		put(w, 1, f->data[i]);
}

/* RT in byte 1: all from a code on, the current ones among them, or only that one. */
unsigned atapi_configuration(struct ata_device *device, const uint8_t *cdb)
{
	struct writer w = start(device);
	unsigned rt = cdb[1] & 3, from = (unsigned)cdb[2] << 8 | cdb[3];
	bool dvd = is_dvd(device), loaded = !device->cd.open;
	put(&w, 4, 0);
	put(&w, 2, 0);
	put(&w, 2, !loaded ? 0 : dvd ? PROFILE_DVD : PROFILE_CD);
	if (!from) {
		put(&w, 4, 0x00000308);
		put_profile(&w, PROFILE_DVD, loaded && dvd);
		put_profile(&w, PROFILE_CD, loaded && !dvd);
	}
	for (size_t i = 0; i < ARRAY_LEN(features); i++)
		if (rt == 2 ? features[i].code == from : features[i].code >= from)
			put_feature(&w, &features[i], dvd, loaded);
	close_length(&w, 0, 4);
	return w.n;
}

/* --- mode pages, MMC-6 §7 --- */

static void put_recovery(struct writer *w)
{
	put(w, 2, 0x010A);
	put(w, 1, 0);
	put(w, 1, 5); /* retries */
	put(w, 8, 0);
}

static void put_capabilities(struct writer *w)
{
	put(w, 2, 0x2A14);
	put(w, 1, 0x0B); /* reads CD-R, CD-RW, DVD-ROM */
	put(w, 1, 0);
	put(w, 1, 0x70); /* mode 2, multisession */
	put(w, 1, 0x00);
	put(w, 1, 0x2B); /* tray that locks and ejects, and is not locked */
	put(w, 1, 0);
	put(w, 2, 706 * 8); /* obsolete speeds in kB/s, buffer in KiB */
	put(w, 2, 2);
	put(w, 2, 512);
	put(w, 2, 706 * 8);
	put(w, 6, 0);
}

unsigned atapi_mode_sense(struct ata_device *device, const uint8_t *cdb)
{
	struct writer w = start(device);
	unsigned page = cdb[2] & 0x3f, control = cdb[2] >> 6;
	bool changeable = control == 1;
	if (control == 3 || (page != 0x01 && page != 0x2A && page != 0x3F))
		return 0;
	put(&w, 2, 0);
	put(&w, 1, device->cd.open ? 0x71 : 0x70); /* obsolete medium type: none, or open door */
	put(&w, 5, 0);
	if (page != 0x2A)
		put_recovery(&w);
	if (page != 0x01)
		put_capabilities(&w);
	if (changeable && page != 0x3F) /* nothing is */
		memset(w.at + 10, 0, w.n - 10);
	close_length(&w, 0, 2);
	return w.n;
}

/* --- the disc --- */

/* MMC-6 §6.22.3: complete, one session, one track. */
unsigned atapi_disc_information(struct ata_device *device, const uint8_t *cdb)
{
	struct writer w = start(device);
	if (cdb[1] & 7)
		return 0;
	put(&w, 2, 32);
	put(&w, 1, 0x0E); /* last session complete, disc finalized */
	put(&w, 4, 0x01010101); /* first track, sessions, first and last track of the last session */
	put(&w, 1, 0x20); /* unrestricted use */
	put(&w, 26, 0);
	return w.n;
}

/* MMC-6 §6.23: a single-layer DVD-ROM of this size, without copy protection. */
unsigned atapi_disc_structure(struct ata_device *device, const uint8_t *cdb)
{
	struct writer w = start(device);
	uint32_t first = 0x30000, n = (uint32_t)min_u64(atapi_sectors(device), 0xFFFFFF - first);
	if (!is_dvd(device) || cdb[6] || cdb[7] > 1)
		return 0;
	put(&w, 4, 0);
	if (cdb[7] == 1) {
		put(&w, 4, 0);
	} else {
		put(&w, 1, 0x02); /* DVD-ROM, part version 2 */
		put(&w, 1, 0x0F); /* 120 mm, no rate given */
		put(&w, 1, 0x01); /* one layer, embossed */
		put(&w, 1, 0x00);
		put(&w, 4, first);
		put(&w, 4, first + n - 1);
		put(&w, 4, 0);
		put(&w, 1, 0);
	}
	close_length(&w, 0, 2);
	return w.n;
}

/* MMC-6 §6.7: asked, not told; media events only. */
unsigned atapi_event_status(struct ata_device *device, const uint8_t *cdb)
{
	struct writer w = start(device);
	bool media = cdb[4] & 0x10;
	if (!(cdb[1] & 1)) /* it would have to wait for an event */
		return 0;
	put(&w, 2, media ? 6 : 2);
	put(&w, 1, media ? 0x04 : 0x80); /* class, or "none of these" */
	put(&w, 1, 0x10);
	if (media) {
		put(&w, 1, device->cd.changed ? 0x02 : 0x00); /* new media */
		put(&w, 1, device->cd.open ? 0x01 : 0x02);    /* door open, or media present */
		put(&w, 2, 0);
	}
	return w.n;
}

/* MMC-6 §6.10: a drive without a changer. */
unsigned atapi_mechanism(struct ata_device *device, const uint8_t *cdb)
{
	struct writer w = start(device);
	(void)cdb;
	put(&w, 1, 0);
	put(&w, 1, device->cd.open ? 0x10 : 0);
	put(&w, 4, 0);
	put(&w, 2, 0);
	return w.n;
}
