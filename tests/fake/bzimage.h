/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The smallest kernel that is accepted: a header (Documentation/arch/x86/boot.rst, 2.15) and zeros. */
#ifndef BULKHEAD_TESTS_BZIMAGE_H
#define BULKHEAD_TESTS_BZIMAGE_H

#include <asm/bootparam.h>

#include "base/bytes.h"
#include "fake/tempdir.h"

#define BZIMAGE_SETUP_SIZE 1024 /* two sectors; the kernel proper follows */
#define BZIMAGE_HEADER_AT 0x1f1

/* Of a kernel proper of `size` bytes, a multiple of 16. */
static inline struct setup_header bzimage_header(uint32_t size)
{
	return (struct setup_header){
		.setup_sects = 1,
		.syssize = size / 16,
		.boot_flag = 0xAA55,
		.jump = 0x6aeb, /* ends at 0x26c, as protocol 2.15 */
		.header = 0x53726448,
		.version = 0x020f,
		.loadflags = LOADED_HIGH,
		.initrd_addr_max = 0x7fffffff,
		.kernel_alignment = 0x200000,
		.relocatable_kernel = 1,
		.xloadflags = XLF_KERNEL_64,
		.cmdline_size = 2047,
		.pref_address = 16 * MIB,
		.init_size = 8 * MIB,
	};
}

/* Writes one of 64 KiB as `bzImage`; 0 or -1. */
static inline int bzimage_write(const struct tempdir *dir)
{
	static uint8_t file[BZIMAGE_SETUP_SIZE + 65536];
	struct setup_header hdr = bzimage_header(sizeof(file) - BZIMAGE_SETUP_SIZE);
	memcpy(file + BZIMAGE_HEADER_AT, &hdr, sizeof(hdr));
	return tempdir_write(dir, "bzImage", file, sizeof(file));
}

#endif
