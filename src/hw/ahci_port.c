/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers of a port and what holds it up: ST and FRE, errors, resets, requests that the disk
 * still has. Nothing waits here. A reset that finds requests with the disk shows a busy device until
 * the last one has come back; its data would land in memory that the guest uses otherwise already.
 */
#include "hw/ahci.h"
#include "hw/ahci_regs.h"

bool ahci_port_is_quiet(const struct ahci_port *port)
{
	return !port->busy_slots;
}

void ahci_port_abandon(struct ahci_port *port)
{
	for (unsigned i = 0; port->slot && i < AHCI_SLOTS; i++) {
		if (port->slot[i].busy && !port->slot[i].orphan) {
			port->slot[i].orphan = true;
			port->orphans++;
		}
	}
	port->ci = port->sact = port->issued = 0;
	port->current = port->next = 0;
	port->alone = port->halted = port->soft_reset = false;
}

void ahci_port_error(struct ahci_port *port, uint32_t interrupts)
{
	port->is |= interrupts;
	port->halted = true;
	port->alone = false;
}

/* --- resets --- */

static bool has_link(const struct ahci_port *port)
{
	return port->device.disk && (port->sctl & SCTL_DET) == 0;
}

/* The device is there, and has said what it is. */
static void arrive(struct ahci_port *port)
{
	struct ata_result signature = ata_signature(&port->device);
	port->resetting = false;
	ata_reset(&port->device);
	port->sig = (uint32_t)signature.lba << 8 | (signature.count & 0xff);
	ahci_fis_send(port, AHCI_FIS_D2H, &signature, 0, false);
	port->fis_due = !(port->cmd & CMD_FRE);
}

static void depart(struct ahci_port *port)
{
	ahci_port_abandon(port);
	port->sig = SIG_NONE;
	port->tfd = TFD_NONE;
	port->resetting = false;
	port->fis_due = false;
}

static void come_back(struct ahci_port *port)
{
	if (!has_link(port))
		return;
	port->resetting = true;
	port->tfd = ATA_BSY;
}

void ahci_port_power_on(struct ahci_port *port)
{
	depart(port);
	port->is = port->ie = port->cmd = port->sctl = port->serr = 0;
	come_back(port);
}

/* --- running --- */

static bool may_run(const struct ahci_port *port)
{
	return (port->cmd & CMD_ST) && (port->cmd & CMD_FRE) && !port->halted && !port->resetting &&
	       !port->orphans && port->ahci->may_dma && has_link(port);
}

/* From the one after the last on, so that none waits for ever. */
static unsigned pick(const struct ahci_port *port, uint32_t pending)
{
	uint32_t after = pending & ~((UINT32_C(1) << port->next) - 1);
	return (unsigned)__builtin_ctz(after ? after : pending);
}

void ahci_port_go_on(struct ahci_port *port)
{
	if (port->resetting && ahci_port_is_quiet(port))
		arrive(port);
	/* A command that was given up has come to its end. */
	if (!port->resetting && port->device.disk && ahci_port_is_quiet(port) && !port->issued)
		port->tfd &= ~(uint32_t)ATA_BSY;
	while (may_run(port) && !port->alone) {
		uint32_t pending = port->ci & ~port->issued;
		if (!pending)
			return;
		unsigned n = pick(port, pending);
		/* What is not queued waits until the queue is empty. */
		if (!ahci_port_is_quiet(port) && ahci_command_is_queued(port, n) != 1)
			return;
		if (port->slot[n].busy || !ahci_command_issue(port, n))
			return;
	}
}

/* --- registers --- */

static uint32_t read_cmd(const struct ahci_port *port)
{
	uint32_t value = port->cmd | CMD_SUD | CMD_POD;
	if (port->cmd & CMD_FRE)
		value |= CMD_FR;
	if (port->cmd & CMD_ST || !ahci_port_is_quiet(port))
		value |= CMD_CR;
	if (port->cmd & CMD_ST)
		value |= port->current << CMD_CCS_SHIFT;
	return value;
}

static void write_cmd(struct ahci_port *port, uint32_t value)
{
	uint32_t was = port->cmd;
	port->cmd = value & CMD_WRITABLE;
	if (value & CMD_CLO && !(was & CMD_ST))
		port->tfd &= ~(uint32_t)(ATA_BSY | ATA_DRQ);
	if (was & CMD_ST && !(value & CMD_ST))
		ahci_port_abandon(port);
	if (port->fis_due && port->cmd & CMD_FRE) {
		struct ata_result signature = ata_signature(&port->device);
		ahci_fis_send(port, AHCI_FIS_D2H, &signature, 0, false);
		port->fis_due = false;
	}
}

/* COMRESET while DET is 1, nothing on the link while it is 4; then the device comes back. */
static void write_sctl(struct ahci_port *port, uint32_t value)
{
	bool had = has_link(port);
	port->sctl = value & 0xfff;
	if (had && !has_link(port))
		depart(port);
	else if (!had)
		come_back(port);
}

static uint32_t read_ssts(const struct ahci_port *port)
{
	if (!port->device.disk)
		return 0;
	return has_link(port) ? SSTS_PRESENT : SSTS_COMRESET;
}

uint32_t ahci_port_read(struct ahci_port *port, unsigned reg)
{
	switch (reg) {
	case PX_CLB:
		return (uint32_t)port->clb;
	case PX_CLBU:
		return (uint32_t)(port->clb >> 32);
	case PX_FB:
		return (uint32_t)port->fb;
	case PX_FBU:
		return (uint32_t)(port->fb >> 32);
	case PX_IS:
		return port->is;
	case PX_IE:
		return port->ie;
	case PX_CMD:
		return read_cmd(port);
	case PX_TFD:
		return port->tfd;
	case PX_SIG:
		return port->sig;
	case PX_SSTS:
		return read_ssts(port);
	case PX_SCTL:
		return port->sctl;
	case PX_SERR:
		return port->serr;
	case PX_SACT:
		return port->sact;
	case PX_CI:
		return port->ci;
	default:
		return 0;
	}
}

static uint64_t with_low(uint64_t old, uint32_t value)
{
	return (old & ~UINT64_C(0xffffffff)) | value;
}

static uint64_t with_high(uint64_t old, uint32_t value)
{
	return (old & 0xffffffff) | (uint64_t)value << 32;
}

void ahci_port_write(struct ahci_port *port, unsigned reg, uint32_t value)
{
	switch (reg) {
	case PX_CLB:
		port->clb = with_low(port->clb, value & ~UINT32_C(0x3ff));
		break;
	case PX_CLBU:
		port->clb = with_high(port->clb, value);
		break;
	case PX_FB:
		port->fb = with_low(port->fb, value & ~UINT32_C(0xff));
		break;
	case PX_FBU:
		port->fb = with_high(port->fb, value);
		break;
	case PX_IS:
		port->is &= ~value;
		break;
	case PX_IE:
		port->ie = value & IS_ALL;
		break;
	case PX_CMD:
		write_cmd(port, value);
		break;
	case PX_SCTL:
		write_sctl(port, value);
		break;
	case PX_SERR:
		port->serr &= ~value;
		break;
	case PX_SACT:
		port->sact |= port->cmd & CMD_ST ? value : 0;
		break;
	case PX_CI:
		port->ci |= port->cmd & CMD_ST ? value : 0;
		break;
	default:
		break;
	}
}
