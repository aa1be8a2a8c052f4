/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/e820.h"

#include "base/bytes.h"

static void add(struct e820 *map, uint64_t from, uint64_t to, enum e820_type type)
{
	map->at[map->n++] = (struct e820_entry){ from, to - from, type };
}

void e820_build(struct e820 *map, const struct layout *layout, uint64_t ecam_base)
{
	map->n = 0;
	add(map, 0, E820_LOW_END, E820_RAM);
	add(map, E820_LOW_END, 0xA0000, E820_RESERVED);
	/* 0xA0000..0xDFFFF is not listed: adapters' memory. Then what a BIOS ROM would be. */
	add(map, 0xE0000, MIB, E820_RESERVED);
	add(map, MIB, layout->ram[0].size, E820_RAM);
	/* Linux uses ECAM only where firmware has reserved it. */
	add(map, ecam_base, ecam_base + ECAM_SIZE, E820_RESERVED);
	if (layout->stolen.size)
		add(map, layout->stolen.start, layout->stolen.start + layout->stolen.size,
		    E820_RESERVED);
	add(map, KVM_IDENTITY_MAP_GPA, KVM_TSS_GPA + 3 * PAGE_4K, E820_RESERVED);
	for (unsigned i = 1; i < layout->n_ram; i++)
		add(map, layout->ram[i].start, layout->ram[i].start + layout->ram[i].size,
		    E820_RAM);
}
