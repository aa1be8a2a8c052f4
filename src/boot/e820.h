/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory map the guest is given (ACPI 6.5 §15, "E820"): RAM as laid out, with the legacy area
 * and the board's fixed addresses taken out. Direct boot puts it into boot_params.
 */
#ifndef BULKHEAD_BOOT_E820_H
#define BULKHEAD_BOOT_E820_H

#include <stdint.h>

#include "core/layout.h"

enum e820_type { E820_RAM = 1, E820_RESERVED = 2 };

#define E820_MAX (LAYOUT_MAX_RAM + 7)
/* The first 640 KiB but for the last: where a BIOS keeps its data, and kernels expect one to. */
#define E820_LOW_END UINT64_C(0x9FC00)

struct e820_entry {
	uint64_t addr, size;
	enum e820_type type;
};

struct e820 {
	struct e820_entry at[E820_MAX]; /* ascending, disjoint */
	unsigned n;
};

/* `layout` as from layout_ram. Pure. */
void e820_build(struct e820 *map, const struct layout *layout, uint64_t ecam_base);

#endif
