/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/ahci_rig.h"

#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

struct rig *rig;

void rig_fill(void)
{
	for (size_t i = 0; i < RIG_DISK; i++)
		rig->content[i] = (uint8_t)(i / DISK_SECTOR * 7 + i);
}

int rig_up(void **state)
{
	(void)state;
	const struct range ram = { 0, RIG_RAM };
	rig = calloc(1, sizeof(*rig));
	fake_irq_init();
	memset(&fake_disk, 0, sizeof(fake_disk));
	if (!rig || gmem_init(&rig->gmem, &ram, 1, NULL))
		return -1;
	fake_disk.data = rig->content;
	rig_fill();
	rig->disk[0] = (struct disk){ .fd = -1, .path = "disk", .size = RIG_DISK };
	rig->disk[1] = (struct disk){ .fd = -1, .path = "disc", .size = RIG_DISK, .read_only = true };
	const struct ahci_disk disks[AHCI_PORTS] = { { &rig->disk[0], false, "SERIAL" },
						     { &rig->disk[1], true, "DISC" } };
	return ahci_init(&rig->ahci, disks, &rig->gmem, &rig->irqs, RIG_GSI);
}

int rig_down(void **state)
{
	(void)state;
	ahci_fini(&rig->ahci);
	gmem_fini(&rig->gmem);
	free(rig);
	rig = NULL;
	return 0;
}

static const struct bar_piece *registers(void)
{
	return &rig->ahci.func.bar[AHCI_BAR].piece[0];
}

uint32_t rig_read(unsigned reg)
{
	return (uint32_t)registers()->ops->read(registers()->ctx, reg, 4);
}

void rig_write(unsigned reg, uint32_t value)
{
	registers()->ops->write(registers()->ctx, reg, 4, value);
}

uint32_t rig_port(unsigned port, unsigned reg)
{
	return rig_read(HBA_PORTS + port * HBA_PORT_SIZE + reg);
}

void rig_port_write(unsigned port, unsigned reg, uint32_t value)
{
	rig_write(HBA_PORTS + port * HBA_PORT_SIZE + reg, value);
}

void rig_start(unsigned port)
{
	pci_cfg_write(&rig->ahci.func, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	rig_write(HBA_GHC, GHC_AE | GHC_IE);
	rig_port_write(port, PX_CLB, (uint32_t)RIG_LIST(port));
	rig_port_write(port, PX_FB, (uint32_t)RIG_FIS(port));
	rig_port_write(port, PX_IE, IS_ALL);
	rig_port_write(port, PX_CMD, CMD_FRE);
	rig_port_write(port, PX_CMD, CMD_FRE | CMD_ST);
}

void *rig_at(uint64_t gpa)
{
	return gmem_hva(&rig->gmem, gpa, 1);
}

void rig_put(unsigned port, unsigned slot, const struct rig_command *c)
{
	uint8_t *header = rig_at(RIG_LIST(port) + slot * HEADER_SIZE);
	uint8_t *table = rig_at(RIG_TABLE(port, slot));
	memset(header, 0, HEADER_SIZE);
	memset(table, 0, TABLE_PRDT);
	le_put(header, 4, c->flags | 5);
	le_put(header + 8, 8, RIG_TABLE(port, slot));
	const uint8_t fis[] = { FIS_H2D,
				FIS_COMMAND,
				c->command,
				(uint8_t)c->features,
				(uint8_t)c->lba,
				(uint8_t)(c->lba >> 8),
				(uint8_t)(c->lba >> 16),
				c->device ? c->device : 0x40,
				(uint8_t)(c->lba >> 24),
				(uint8_t)(c->lba >> 32),
				(uint8_t)(c->lba >> 40),
				(uint8_t)(c->features >> 8),
				(uint8_t)c->count,
				(uint8_t)(c->count >> 8) };
	memcpy(table, fis, sizeof(fis));
	if (c->cdb)
		memcpy(table + TABLE_ATAPI, c->cdb, 12);
}

void rig_prd(unsigned port, unsigned slot, uint64_t gpa, uint32_t bytes)
{
	uint8_t *header = rig_at(RIG_LIST(port) + slot * HEADER_SIZE);
	unsigned n = le16_get(header + 2);
	uint8_t *entry = rig_at(RIG_TABLE(port, slot) + TABLE_PRDT + (uint64_t)n * PRD_SIZE);
	le_put(entry, 8, gpa);
	le_put(entry + 8, 4, 0);
	le_put(entry + 12, 4, bytes - 1);
	le_put(header + 2, 2, n + 1);
}

void rig_issue(unsigned port, uint32_t slots)
{
	rig_port_write(port, PX_CI, slots);
}

void rig_issue_queued(unsigned port, uint32_t slots)
{
	rig_port_write(port, PX_SACT, slots);
	rig_port_write(port, PX_CI, slots);
}
