/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pci/rom_image.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/range.h"

#define UNIT 512 /* of all lengths */
#define SIGNATURE 0xaa55

/* Header (PCI Firmware 3.3 §5.1.1); for UEFI drivers UEFI 2.10 §14.4.2 */
#define HEADER_LEN 0x1a
#define HEADER_X86_SIZE 0x02 /* one byte, in units */
#define HEADER_EFI_SIGNATURE 0x04
#define HEADER_EFI_SUBSYSTEM 0x08
#define HEADER_EFI_MACHINE 0x0a
#define HEADER_EFI_COMPRESSION 0x0c
#define HEADER_EFI_IMAGE 0x16
#define HEADER_PCIR 0x18
#define EFI_SIGNATURE 0x0ef1
#define EFI_COMPRESSED 1

/* PCI Data Structure (PCI Firmware 3.3 §5.1.2) */
#define PCIR_LEN 0x18
#define PCIR_VENDOR 0x04
#define PCIR_DEVICE 0x06
#define PCIR_LIST 0x08
#define PCIR_REVISION 0x0c
#define PCIR_CLASS 0x0d
#define PCIR_SIZE 0x10
#define PCIR_CODE_REVISION 0x12
#define PCIR_CODE 0x14
#define PCIR_INDICATOR 0x15
#define PCIR_LAST 0x80

/* --- where an image is --- */

static bool is_header(const uint8_t *data, size_t size, size_t off)
{
	return inside(off, HEADER_LEN, size) && le16_get(data + off) == SIGNATURE;
}

/* Offset of the PCI Data Structure; 0 = none (it cannot be there). */
static size_t pcir_of(const uint8_t *data, size_t size, size_t off)
{
	if (!is_header(data, size, off))
		return 0;
	size_t at = off + le16_get(data + off + HEADER_PCIR);
	if (at < off + HEADER_LEN || !inside(at, PCIR_LEN, size) ||
	    memcmp(data + at, "PCIR", 4) != 0)
		return 0;
	return at;
}

/* Files made by flashing tools have a header of their own before the ROM; 0 = nothing found. */
static size_t find_later(const uint8_t *data, size_t size)
{
	size_t end = size < ROM_IMAGE_MAX ? size : ROM_IMAGE_MAX;
	for (size_t off = 1; off + HEADER_LEN <= end; off++)
		if (pcir_of(data, size, off))
			return off;
	return 0;
}

static int no_rom(const uint8_t *data, size_t size, struct err *err)
{
	size_t later = find_later(data, size);
	if (size < HEADER_LEN)
		return err_set(err, -ENOEXEC, "no option ROM: %zu bytes are too few for one", size);
	if (le16_get(data) == SIGNATURE)
		return err_set(err, -ENOEXEC, "no PCI option ROM: no PCIR structure");
	if (later)
		return err_set(
			err, -ENOEXEC,
			"no option ROM: it does not begin with 55 AA; one begins at byte %zu, "
			"after a header of the vendor's: cut that off, with "
			"tail -c +%zu FILE > ROM",
			later, later + 1);
	return err_set(err, -ENOEXEC, "no option ROM: it does not begin with 55 AA");
}

/* --- one image --- */

/* A table of ids, ended by 0 (PCI Firmware 3.3 §5.1.2); revision 3 and later have it. */
static void read_list(struct rom_part *part, const uint8_t *pcir, const uint8_t *end)
{
	uint16_t at = le16_get(pcir + PCIR_LIST);
	if (pcir[PCIR_REVISION] < 3 || !at)
		return;
	for (const uint8_t *id = pcir + at; id < end && end - id >= 2; id += 2) {
		uint16_t device = le16_get(id);
		if (!device || part->n_also == ROM_ALSO_MAX)
			return;
		part->also[part->n_also++] = device;
	}
}

/* A PE image, or two lengths and what the UEFI decompressor takes (UEFI 2.10 §19.2). */
static bool efi_is_whole(const struct rom_part *part, const uint8_t *start)
{
	size_t at = le16_get(start + HEADER_EFI_IMAGE);
	if (le32_get(start + HEADER_EFI_SIGNATURE) != EFI_SIGNATURE || at < HEADER_LEN ||
	    !inside(at, 8, part->size))
		return false;
	if (part->efi.is_compressed)
		return inside(at + 8, le32_get(start + at), part->size);
	return start[at] == 'M' && start[at + 1] == 'Z';
}

static void read_efi(struct rom_part *part, const uint8_t *start)
{
	part->efi.subsystem = le16_get(start + HEADER_EFI_SUBSYSTEM);
	part->efi.machine = le16_get(start + HEADER_EFI_MACHINE);
	part->efi.is_compressed = le16_get(start + HEADER_EFI_COMPRESSION) == EFI_COMPRESSED;
	part->efi.is_whole = efi_is_whole(part, start);
}

/* Firmware sums up as many bytes as the header says; where it says none, the image. */
static uint8_t sum_of(const struct rom_part *part, const uint8_t *start)
{
	size_t len = start[HEADER_X86_SIZE] * (size_t)UNIT;
	uint8_t sum = 0;
	if (!len || len > part->size)
		len = part->size;
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + start[i]);
	return sum;
}

static void read_part(struct rom_part *part, const uint8_t *data, size_t pcir_at)
{
	const uint8_t *start = data + part->off, *pcir = data + pcir_at;
	part->vendor = le16_get(pcir + PCIR_VENDOR);
	part->device = le16_get(pcir + PCIR_DEVICE);
	part->class_code = (uint32_t)le_get(pcir + PCIR_CLASS, 3);
	part->revision = le16_get(pcir + PCIR_CODE_REVISION);
	part->code = pcir[PCIR_CODE];
	part->last = pcir[PCIR_INDICATOR] & PCIR_LAST;
	read_list(part, pcir, start + part->size);
	if (part->code == ROM_CODE_EFI)
		read_efi(part, start);
	if (part->code == ROM_CODE_X86)
		part->sum = sum_of(part, start);
}

/* --- the chain --- */

static int read_next(struct rom_image *image, const uint8_t *data, size_t size, struct err *err)
{
	size_t off = image->size, at = pcir_of(data, size, off);
	unsigned number = image->n + 1;
	if (!at && !inside(off, HEADER_LEN, size))
		return err_set(
			err, -EBADMSG,
			"cut off: image %u is not marked as the last, and nothing follows it",
			image->n);
	if (!at)
		return err_set(
			err, -EBADMSG,
			"broken: image %u is not marked as the last, and at 0x%zx, where the "
			"next should begin, is none",
			image->n, off);
	size_t len = le16_get(data + at + PCIR_SIZE) * (size_t)UNIT;
	if (!len || at + PCIR_LEN > off + len)
		return err_set(err, -EBADMSG, "broken: image %u says that it has 0x%zx bytes",
			       number, len);
	if (!inside(off, len, size))
		return err_set(
			err, -EBADMSG,
			"cut off: image %u goes from 0x%zx to 0x%zx, and there are 0x%zx bytes",
			number, off, off + len, size);
	struct rom_part *part = &image->part[image->n++];
	part->off = off;
	part->size = len;
	read_part(part, data, at);
	image->size = off + len;
	return 0;
}

int rom_image_read(struct rom_image *image, const uint8_t *data, size_t size, struct err *err)
{
	memset(image, 0, sizeof(*image));
	if (!pcir_of(data, size, 0))
		return no_rom(data, size, err);
	do {
		if (image->n == ROM_PARTS_MAX)
			return err_set(err, -EBADMSG, "broken: more than %d images", ROM_PARTS_MAX);
		int r = read_next(image, data, size, err);
		if (r)
			return r;
	} while (!image->part[image->n - 1].last);
	return 0;
}

/* --- what it is --- */

bool rom_part_is_for(const struct rom_part *part, uint16_t vendor, uint16_t device)
{
	bool listed = part->device == device;
	for (unsigned i = 0; i < part->n_also; i++)
		listed |= part->also[i] == device;
	return part->vendor == vendor && listed;
}

static bool is_driver(const struct rom_part *part)
{
	return part->efi.subsystem == ROM_SUBSYSTEM_BOOT ||
	       part->efi.subsystem == ROM_SUBSYSTEM_RUNTIME;
}

const struct rom_part *rom_image_uefi(const struct rom_image *image)
{
	for (unsigned i = 0; i < image->n; i++) {
		const struct rom_part *part = &image->part[i];
		if (part->code == ROM_CODE_EFI && part->efi.machine == ROM_MACHINE_X64 &&
		    part->efi.is_whole && is_driver(part))
			return part;
	}
	return NULL;
}

const char *rom_code_name(uint8_t code)
{
	switch (code) {
	case ROM_CODE_X86:
		return "x86 BIOS";
	case ROM_CODE_OPEN_FIRMWARE:
		return "Open Firmware";
	case ROM_CODE_PA_RISC:
		return "PA-RISC";
	case ROM_CODE_EFI:
		return "UEFI";
	default:
		return "unknown"; /* vendors have types of their own for data */
	}
}

const char *rom_machine_name(uint16_t machine)
{
	switch (machine) {
	case ROM_MACHINE_X64:
		return "x86-64";
	case ROM_MACHINE_IA32:
		return "IA32";
	case ROM_MACHINE_ARM64:
		return "AArch64";
	case ROM_MACHINE_EBC:
		return "EFI byte code";
	default:
		return "an unknown machine";
	}
}

static bool has_code(const struct rom_image *image, uint8_t code)
{
	for (unsigned i = 0; i < image->n; i++)
		if (image->part[i].code == code)
			return true;
	return false;
}

struct rom_verdict rom_image_verdict(const struct rom_image *image, bool is_display)
{
	const struct rom_part *uefi = rom_image_uefi(image);
	struct rom_verdict verdict;
	if (uefi)
		snprintf(verdict.s, sizeof(verdict.s), "UEFI driver%s for x86-64, %scompressed%s",
			 is_display ? " (GOP)" : "", uefi->efi.is_compressed ? "" : "un",
			 is_display ? ": firmware can show its picture" : "");
	else
		snprintf(verdict.s, sizeof(verdict.s), "no UEFI driver for x86-64%s%s",
			 has_code(image, ROM_CODE_X86) ? ", BIOS alone" : "",
			 is_display ? ": no picture before the guest's own driver runs" : "");
	return verdict;
}

/* --- what is wrong with it --- */

struct faults {
	struct rom_fault *at;
	unsigned n, part;
};

__attribute__((format(printf, 3, 4))) static void add(struct faults *faults, bool is_grave,
						      const char *fmt, ...)
{
	if (faults->n == ROM_FAULTS_MAX)
		return;
	struct rom_fault *fault = &faults->at[faults->n++];
	va_list ap;
	fault->part = faults->part;
	fault->is_grave = is_grave;
	va_start(ap, fmt);
	vsnprintf(fault->text, sizeof(fault->text), fmt, ap);
	va_end(ap);
}

static void judge_owner(struct faults *faults, const struct rom_part *part,
			const struct rom_owner *owner)
{
	if (rom_part_is_for(part, owner->vendor, owner->device))
		return;
	/* Vendors share one ROM among boards whose ids differ; one of another vendor is a mistake.
	 */
	add(faults, part->vendor != owner->vendor, "it is for %04x:%04x, the device is %04x:%04x",
	    part->vendor, part->device, owner->vendor, owner->device);
}

static void judge_efi(struct faults *faults, const struct rom_part *part)
{
	if (!part->efi.is_whole)
		add(faults, true, "the UEFI driver that its header points to is not there");
	else if (part->efi.machine != ROM_MACHINE_X64)
		add(faults, false, "the UEFI driver is for %s, which no guest here is",
		    rom_machine_name(part->efi.machine));
	else if (!is_driver(part))
		add(faults, false,
		    "its UEFI image is no driver (subsystem 0x%04x): firmware does not start it",
		    part->efi.subsystem);
}

unsigned rom_image_faults(const struct rom_image *image, const struct rom_owner *owner,
			  struct rom_fault ret[ROM_FAULTS_MAX])
{
	struct faults faults = { .at = ret };
	for (unsigned i = 0; i < image->n; i++) {
		const struct rom_part *part = &image->part[i];
		faults.part = i;
		if (part->sum)
			add(&faults, true, "wrong checksum: its bytes sum up to 0x%02x, not to 0",
			    part->sum);
		if (part->code == ROM_CODE_EFI)
			judge_efi(&faults, part);
		if (owner && part->code <= ROM_CODE_EFI)
			judge_owner(&faults, part, owner);
	}
	return faults.n;
}
