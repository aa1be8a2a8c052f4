/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PCI expansion ROM's content: a chain of images, each with a header and a PCI Data Structure
 * (PCI Firmware 3.3 §5.1; for UEFI drivers UEFI 2.10 §14.4.2). Reads bytes that come from a device
 * or a file and believes none of them. Knows nothing of where they come from.
 */
#ifndef BULKHEAD_PCI_ROM_IMAGE_H
#define BULKHEAD_PCI_ROM_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define ROM_IMAGE_MAX (UINT32_C(1) << 24) /* the largest expansion ROM (PCI 3.0 §6.2.5.2) */
#define ROM_PARTS_MAX 16
#define ROM_ALSO_MAX 32
#define ROM_FAULTS_MAX 32

/* Code type of an image (PCI Firmware 3.3 §5.1.2). */
enum { ROM_CODE_X86 = 0, ROM_CODE_OPEN_FIRMWARE = 1, ROM_CODE_PA_RISC = 2, ROM_CODE_EFI = 3 };
/* Machine of a UEFI driver (UEFI 2.10 §2.1.1). */
enum {
	ROM_MACHINE_IA32 = 0x014c,
	ROM_MACHINE_EBC = 0x0ebc,
	ROM_MACHINE_X64 = 0x8664,
	ROM_MACHINE_ARM64 = 0xaa64
};
/* Subsystems of UEFI drivers (UEFI 2.10 §2.1.1). */
enum { ROM_SUBSYSTEM_BOOT = 0x0b, ROM_SUBSYSTEM_RUNTIME = 0x0c };

struct rom_part {
	size_t off, size; /* bytes in the ROM; multiples of 512, inside it */
	uint16_t vendor, device;
	uint16_t also[ROM_ALSO_MAX]; /* further devices that it is for */
	unsigned n_also;
	uint32_t class_code; /* 24 bits */
	uint16_t revision;   /* the vendor's own */
	uint8_t code;        /* ROM_CODE_* or another */
	bool last;
	uint8_t sum; /* of an x86 image's bytes; 0 as it must be, or no x86 image */
	struct {
		uint16_t subsystem, machine; /* ROM_SUBSYSTEM_* and ROM_MACHINE_* or others */
		bool is_compressed;
		bool is_whole; /* its signature and what the header points to are there */
	} efi;                 /* with ROM_CODE_EFI */
};

struct rom_image {
	struct rom_part part[ROM_PARTS_MAX];
	unsigned n;
	size_t size; /* of all parts together: what follows is not part of the ROM */
};

/*
 * Reads the chain. -ENOEXEC when there is no option ROM at the start (says where one begins, if it
 * does later), -EBADMSG when the chain is broken or cut off: the parts before that are there.
 */
int rom_image_read(struct rom_image *image, const uint8_t *data, size_t size, struct err *err);

/* Whose ROM it should be. */
struct rom_owner {
	uint16_t vendor, device;
	bool is_display; /* class 03: its UEFI driver is what shows firmware's picture */
};

struct rom_fault {
	unsigned part; /* index */
	bool is_grave; /* it is certainly not right; else it may be */
	char text[200];
};

/* What is wrong with it, by part; how many. `owner` NULL: ids are not looked at. */
unsigned rom_image_faults(const struct rom_image *image, const struct rom_owner *owner,
			  struct rom_fault ret[ROM_FAULTS_MAX]);

/* True when it is for this device, by its id or its list of ids. */
bool rom_part_is_for(const struct rom_part *part, uint16_t vendor, uint16_t device);
/* The UEFI driver that OVMF would start; NULL when there is none for x86-64. */
const struct rom_part *rom_image_uefi(const struct rom_image *image);

/* "x86 BIOS", "UEFI", "Open Firmware", …; "x86-64", "IA32", … */
const char *rom_code_name(uint8_t code);
const char *rom_machine_name(uint16_t machine);

/* For people: "UEFI driver for x86-64, compressed: firmware can show a picture". */
struct rom_verdict {
	char s[160];
};
struct rom_verdict rom_image_verdict(const struct rom_image *image, bool is_display);

#endif
