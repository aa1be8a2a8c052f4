/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The smallest option ROM there is: one x86 image (PCI Firmware 3.3 §5.1), its checksum right. */
#ifndef BULKHEAD_TESTS_OPTION_ROM_H
#define BULKHEAD_TESTS_OPTION_ROM_H

#include <string.h>

#include "base/bytes.h"

#define OPTION_ROM_SIZE 512

/* `ids` as in configuration space: the device above the vendor. */
static inline void option_rom_make(uint8_t rom[OPTION_ROM_SIZE], uint32_t ids)
{
	uint8_t sum = 0;
	memset(rom, 0, OPTION_ROM_SIZE);
	le_put(rom, 2, 0xaa55);
	rom[2] = 1;
	le_put(rom + 0x18, 2, 0x40);
	memcpy(rom + 0x40, "PCIR", 4);
	le_put(rom + 0x44, 4, ids);
	rom[0x50] = 1;
	rom[0x55] = 0x80;
	for (unsigned i = 0; i < OPTION_ROM_SIZE - 1; i++)
		sum = (uint8_t)(sum + rom[i]);
	rom[OPTION_ROM_SIZE - 1] = (uint8_t)-sum;
}

#endif
