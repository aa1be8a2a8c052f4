/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of a machine that have a file of their own (machine_PART.c), for the table in machine.c.
 * `up` builds the part on those above it; `down` accepts what a failed `up` leaves behind.
 */
#ifndef BULKHEAD_MACHINE_PARTS_H
#define BULKHEAD_MACHINE_PARTS_H

#include "machine.h"

/* The VM's own directory, locked, and what firmware keeps and needs. */
int state_up(struct machine *m, struct err *err);
void state_down(struct machine *m);
int firmware_up(struct machine *m, struct err *err);
void firmware_down(struct machine *m);

int board_up(struct machine *m, struct err *err);
void board_down(struct machine *m);
/* Whether there are a PS/2 keyboard and mouse; ACPI says so too. */
bool machine_has_keyboard(const struct machine *m);

/* What UEFI firmware asks for; nothing without it. Parts below it add their files. */
int fwcfg_up(struct machine *m, struct err *err);
void fwcfg_down(struct machine *m);

/* On direct boot the tables are ready and placed with the kernel (machine_reset.c). */
int acpi_up(struct machine *m, struct err *err);
void acpi_down(struct machine *m);

/* Publishes what all parts above have added. */
int addresses_up(struct machine *m, struct err *err);

/*
 * A part's ports or addresses outside PCI; the region is copied. Of two that overlap the one added
 * first answers. -ENOSPC when the table is full.
 */
int machine_add_ports(struct machine *m, const struct bus_region *region, struct err *err);
int machine_add_mmio(struct machine *m, const struct bus_region *region, struct err *err);

#endif
