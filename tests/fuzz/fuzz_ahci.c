/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/irq.c core/disk_io.c
// with: fake/fake_irq.c fake/fake_disk.c fake/ahci_rig.c
/*
 * A hostile driver of the AHCI controller: each record of the input writes a register or guest memory,
 * issues a command to the disk or the drive, lets the disk finish or fail one, or resets something.
 * Commands are made of the record's bytes, so that most get past the list and the FIS; what the
 * input writes into memory afterwards bends them.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "fake/ahci_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORD 16
#define PORTS 2

/* What drivers write to registers, most of the time. */
static void touch_register(const uint8_t *r)
{
	static const uint8_t regs[] = { PX_CLB, PX_CLBU, PX_FB, PX_FBU, PX_IS, PX_IE, PX_CMD, PX_SCTL,
					PX_SERR, PX_SACT, PX_CI, PX_TFD };
	const struct bar_piece *bar = &rig->ahci.func.bar[AHCI_BAR].piece[0];
	static const unsigned sizes[] = { 1, 2, 4, 8 };
	unsigned size = sizes[r[1] & 3];
	uint64_t off = HBA_PORTS + (r[2] & 1) * HBA_PORT_SIZE + regs[r[3] % sizeof(regs)];
	if (r[1] & 0x80)
		off = le16_get(r + 2) % (AHCI_BAR_SIZE - 8);
	if (r[1] & 0x40)
		off = r[2] % 0x30;
	bar->ops->write(bar->ctx, off, size, le64_get(r + 4));
	if (bar->ops->read(bar->ctx, off, size) & ~all_ones(size))
		abort();
}

static void put_prds(unsigned port, unsigned slot, const uint8_t *r)
{
	unsigned n = r[14] & 7, bytes = (unsigned)le16_get(r + 12) + 1;
	for (unsigned i = 0; i < n; i++)
		rig_prd(port, slot, RIG_DATA + (uint64_t)r[14] * 0x1000 + (uint64_t)i * bytes,
			r[15] & 0x80 ? 0x400000 - bytes : bytes);
}

static void issue(const uint8_t *r)
{
	static const uint8_t usual[] = { 0x60, 0x61, 0x25, 0x35, 0xEC, 0x06, 0xEA, 0x2F, 0xB0, 0xC8, 0xCA,
					 0x24, 0xEF, 0xA0, 0xA1, 0x3D };
	unsigned port = r[1] & 1, slot = r[1] >> 3;
	bool queued = false;
	struct rig_command c = { .command = r[2] & 0x80 ? r[3] : usual[r[2] % sizeof(usual)],
				 .features = le16_get(r + 4),
				 .count = r[15] & 0x40 ? le16_get(r + 6) : r[6] & 15,
				 .lba = r[15] & 0x20 ? le64_get(r + 8) : le16_get(r + 8) % 2100,
				 .device = r[15] & 0x10 ? r[10] : 0,
				 .cdb = r + 3,
				 .flags = le16_get(r + 2) & 0xfe0 };
	if (c.command == ATA_CMD_READ_FPDMA || c.command == ATA_CMD_WRITE_FPDMA) {
		queued = true;
		c.features &= 15;
		c.count = (uint16_t)(slot << 3 | (r[15] & 0x08 ? 8 : 0));
	}
	rig_put(port, slot, &c);
	put_prds(port, slot, r);
	if (queued)
		rig_issue_queued(port, UINT32_C(1) << slot);
	else
		rig_issue(port, UINT32_C(1) << slot);
}

static void something_else(const uint8_t *r)
{
	switch (r[1] % 6) {
	case 0:
		pci_cfg_write(&rig->ahci.func, r[2], 1u << r[3] % 3, le32_get(r + 4));
		break;
	case 1:
		pci_func_reset(&rig->ahci.func);
		break;
	case 2:
		fake_disk.fail = r[2] & 1 ? -EIO : 0;
		break;
	case 3: /* into lists, FISes, tables */
		gmem_write(&rig->gmem, 0x10000 + le32_get(r + 2) % 0x80000, r + 6, r[5] % 10);
		break;
	default:
		rig_start(r[2] & 1);
	}
}

static void step(const uint8_t *r)
{
	switch (r[0] % 8) {
	case 0:
		touch_register(r);
		break;
	case 1:
	case 2:
	case 3:
		issue(r);
		break;
	case 4:
	case 5:
		if (fake_disk.n)
			fake_disk_run(r[1] % fake_disk.n);
		break;
	default:
		something_else(r);
	}
}

static void check_port(const struct ahci_port *port)
{
	unsigned busy = 0, orphans = 0;
	for (unsigned i = 0; port->slot && i < AHCI_SLOTS; i++) {
		busy += port->slot[i].busy;
		orphans += port->slot[i].orphan;
		if (port->slot[i].orphan && !port->slot[i].busy)
			abort();
	}
	if (busy != port->busy_slots || orphans != port->orphans || port->issued & ~port->ci)
		abort();
	if (!(port->cmd & CMD_ST) && (port->ci | port->sact | port->issued))
		abort();
	if (port->alone && port->busy_slots == 0)
		abort();
}

/* What must hold whatever the guest does. */
static void check(void)
{
	unsigned busy = 0;
	for (unsigned i = 0; i < AHCI_PORTS; i++) {
		check_port(&rig->ahci.port[i]);
		busy += rig->ahci.port[i].busy_slots;
	}
	if (busy != fake_disk.n || rig->ahci.line != fake_irq.line[RIG_GSI].level)
		abort();
	if (rig->ahci.line && (rig->ahci.msi_fd >= 0 || !(rig->ahci.ghc & GHC_IE)))
		abort();
}

/* One controller for all inputs, because memory for it takes longer than an input does. */
static void start_afresh(void)
{
	if (!rig && rig_up(NULL))
		abort();
	fake_disk.fail = 0;
	pci_func_reset(&rig->ahci.func);
	memset(rig_at(RIG_LIST(0)), 0, RIG_TABLE(PORTS, 0) - RIG_LIST(0));
	if (fake_disk.writes || fake_disk.discards)
		rig_fill();
	fake_disk.writes = fake_disk.discards = 0;
	for (unsigned i = 0; i < PORTS; i++)
		rig_start(i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	start_afresh();
	for (size_t at = 0; at + RECORD <= size; at += RECORD) {
		step(data + at);
		check();
	}
	/* Whatever was going on, after a reset the disk can be read. */
	start_afresh();
	rig_put(0, 0, &(struct rig_command){ .command = 0x25, .count = 1 });
	rig_prd(0, 0, RIG_DATA, DISK_SECTOR);
	rig_issue(0, 1);
	fake_disk_run_all();
	if (rig_port(0, PX_CI) || memcmp(rig_at(RIG_DATA), rig->content, DISK_SECTOR) != 0)
		abort();
	return 0;
}
