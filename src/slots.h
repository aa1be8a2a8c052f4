/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which slot of the guest's bus 0 each device of a profile has, and which port of the AHCI controller
 * each disk. Guests tie drivers, licences and names
 * of network interfaces to where a device sits, so a slot is dealt once and kept with the VM: adding,
 * removing or reordering entries moves no other. An entry that is gone keeps its slot for the day it
 * comes back, as long as there are others left.
 *
 * Kept as text, a line each: the slot's number, a blank, whom it belongs to; `sata` and a blank come
 * before the number of a port.
 */
#ifndef BULKHEAD_SLOTS_H
#define BULKHEAD_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/host.h"

#define SLOTS_MAX 128      /* records; several owners may share a slot, as functions of one device */
#define SLOT_HOLDER_SIZE 112
#define SLOTS_FILE_MAX 32768u

/* Ports are slots from here on, and their owners begin with this. */
#define SLOTS_SATA 64u
#define SLOTS_SATA_PORTS 6u
#define SLOTS_SATA_OWNER "sata "

struct slot_holder {
	char s[SLOT_HOLDER_SIZE]; /* as the profile calls it */
};

struct slots {
	struct {
		uint8_t slot; /* SLOT_FIRST..SLOT_LAST, or SLOTS_SATA + port */
		struct slot_holder owner;
	} at[SLOTS_MAX];
	unsigned n;
};

/* 0 = none yet. */
unsigned slots_of(const struct slots *slots, const char *owner);
bool slots_has(const struct slots *slots, unsigned slot);
/* The owner's slot from now on. -ENOSPC when there is no room for another record. */
int slots_set(struct slots *slots, const char *owner, unsigned slot);
/* Forgets all owners of a slot. */
void slots_free(struct slots *slots, unsigned slot);

/*
 * Reads `text` (`size` bytes, any). -EINVAL with the line and what is wrong with it: an unknown slot,
 * an owner twice, characters that do not print, too many lines.
 */
int slots_parse(struct slots *slots, const char *text, size_t size, struct err *err);

/*
 * What is kept of the VM `name`; none without a file. -errno with the file's name, and for one that
 * cannot be read as slots what to do: it is never written over.
 */
int slots_load(struct slots *slots, const struct host *host, const char *name, struct err *err);
int slots_store(const struct slots *slots, const struct host *host, const char *name,
		struct err *err);

#endif
