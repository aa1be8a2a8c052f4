/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An AHCI controller with a hard disk on port 0 and a CD-ROM on port 1, and a guest's side of it:
 * command list, tables and FISes in 4 MiB of guest memory.
 */
#ifndef BULKHEAD_AHCI_RIG_H
#define BULKHEAD_AHCI_RIG_H

#include "fake/fake_disk.h"
#include "fake/fake_irq.h"
#include "hw/ahci.h"
#include "hw/ahci_regs.h"

#define RIG_RAM (4 * 1024 * 1024)
#define RIG_DISK (1024 * 1024) /* bytes of both disks, which share their content */
#define RIG_GSI 16

/* Where the guest has what, for port p; tables of 4 KiB. */
#define RIG_LIST(p) (0x10000 + (p) * 0x1000ull)
#define RIG_FIS(p) (0x20000 + (p) * 0x1000ull)
#define RIG_TABLE(p, slot) (0x40000 + (p) * 0x20000ull + (slot) * 0x1000ull)
#define RIG_DATA 0x100000ull

struct rig {
	struct gmem gmem;
	struct irqs irqs;
	struct disk disk[2];
	struct ahci ahci;
	uint8_t content[RIG_DISK];
};
extern struct rig *rig;

void rig_fill(void); /* the disk's content as it was at first */
int rig_up(void **state);
int rig_down(void **state);

uint32_t rig_read(unsigned reg);
void rig_write(unsigned reg, uint32_t value);
uint32_t rig_port(unsigned port, unsigned reg);
void rig_port_write(unsigned port, unsigned reg, uint32_t value);

/* Bus master, lists and FIS area set, FRE and ST on, all interrupts enabled. */
void rig_start(unsigned port);

struct rig_command {
	uint8_t command;
	uint16_t features, count;
	uint64_t lba;
	uint8_t device; /* 0 = by block number */
	uint32_t flags; /* of the header, beside length and number of PRDs */
	const uint8_t *cdb;
};
/* Fills in slot, table and FIS; PRDs are added behind. */
void rig_put(unsigned port, unsigned slot, const struct rig_command *command);
void rig_prd(unsigned port, unsigned slot, uint64_t gpa, uint32_t bytes);
void rig_issue(unsigned port, uint32_t slots);
/* The same for queued ones: SACT first. */
void rig_issue_queued(unsigned port, uint32_t slots);

void *rig_at(uint64_t gpa);

#endif
