/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which port of the AHCI controller each disk gets: the one it had before, or the lowest that was
 * never any disk's. A disk is known by the serial number that the guest sees too.
 */
#include <stdio.h>
#include <string.h>

#include "plan_parts.h"

_Static_assert(SLOTS_SATA_PORTS == PROFILE_MAX_DISKS, "each disk has a port");

static struct slot_holder owner_of(const struct profile *profile, unsigned disk)
{
	const struct profile_disk_serial serial = profile_disk_serial(&profile->disk[disk]);
	struct slot_holder owner;
	unsigned nth = 1; /* one image may be there twice, to be read */
	for (unsigned i = 0; i < disk; i++)
		nth += !strcmp(profile_disk_serial(&profile->disk[i]).s, serial.s);
	if (nth > 1)
		snprintf(owner.s, sizeof(owner.s), SLOTS_SATA_OWNER "%s #%u", serial.s, nth);
	else
		snprintf(owner.s, sizeof(owner.s), SLOTS_SATA_OWNER "%s", serial.s);
	return owner;
}

/* There are as many ports as a profile may have disks. */
static unsigned new_port(const struct slots *before, unsigned used)
{
	for (unsigned port = 0; port < SLOTS_SATA_PORTS; port++)
		if (!(used >> port & 1) && !slots_has(before, SLOTS_SATA + port))
			return port;
	unsigned port = 0;
	while (used >> port & 1)
		port++;
	return port;
}

static void keep(struct plan *plan, unsigned disk, const struct slots *before)
{
	const struct slot_holder owner = owner_of(plan->profile, disk);
	unsigned slot = SLOTS_SATA + plan->disk_port[disk];
	if (slots_of(before, owner.s) == slot)
		return;
	plan->slots_are_new = true;
	slots_free(&plan->slots, slot); /* whoever had it is not here */
	slots_set(&plan->slots, owner.s, slot);
}

void plan_disk_ports(struct planner *planner)
{
	struct plan *plan = planner->plan;
	const struct slots before = plan->slots;
	unsigned used = 0, n = plan->profile->n_disks;
	bool dealt[PROFILE_MAX_DISKS] = { false };
	for (unsigned i = 0; i < n; i++) {
		unsigned slot = slots_of(&before, owner_of(plan->profile, i).s);
		if (slot < SLOTS_SATA || slot >= SLOTS_SATA + SLOTS_SATA_PORTS ||
		    used >> (slot - SLOTS_SATA) & 1)
			continue;
		plan->disk_port[i] = slot - SLOTS_SATA;
		used |= 1u << plan->disk_port[i];
		dealt[i] = true;
	}
	for (unsigned i = 0; i < n; i++) {
		if (dealt[i])
			continue;
		plan->disk_port[i] = new_port(&before, used);
		used |= 1u << plan->disk_port[i];
	}
	for (unsigned i = 0; i < n; i++)
		keep(plan, i, &before);
}
