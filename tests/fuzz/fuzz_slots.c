/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record of dealt PCI slots: whatever the file holds, it is refused or read as slots that exist,
 * each owner once, and what was read writes a line that reads back to the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/layout.h"
#include "slots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct slots slots, again;
	struct err err = { 0 };
	if (slots_parse(&slots, (const char *)data, size, &err)) {
		require(err.text[0]);
		return 0;
	}
	require(slots.n <= SLOTS_MAX);
	for (unsigned i = 0; i < slots.n; i++) {
		char line[SLOT_HOLDER_SIZE + 16];
		unsigned slot = slots.at[i].slot;
		bool port = slot >= SLOTS_SATA;
		require(port ? slot < SLOTS_SATA + SLOTS_SATA_PORTS
			     : slot >= SLOT_FIRST && slot <= SLOT_LAST);
		require(slots_of(&slots, slots.at[i].owner.s) == slot && slots_has(&slots, slot));
		require(!port || !strncmp(slots.at[i].owner.s, "sata ", 5));
		int n = port ? snprintf(line, sizeof(line), "sata %u %s", slot - SLOTS_SATA,
					slots.at[i].owner.s + 5)
			     : snprintf(line, sizeof(line), "%u %s", slot, slots.at[i].owner.s);
		require(!slots_parse(&again, line, (size_t)n, NULL) && again.n == 1);
		require(slots_of(&again, slots.at[i].owner.s) == slot);
	}
	if (slots.n) {
		unsigned slot = slots.at[0].slot;
		slots_free(&slots, slot);
		require(!slots_has(&slots, slot));
	}
	return 0;
}
