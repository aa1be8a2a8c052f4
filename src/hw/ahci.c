/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The controller: its PCI function, the registers that are not a port's, and its interrupts. */
#include "hw/ahci.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/bytes.h"
#include "base/log.h"
#include "hw/ahci_regs.h"

#define CAP_MSI 0x80
#define SATA_MAP 0x90 /* ICH9 datasheet §14.1.29 */
#define MAP_AHCI 0x40

/* --- interrupts --- */

static void drive_line(struct ahci *ahci, bool level)
{
	if (level == ahci->line)
		return;
	ahci->line = level;
	irq_line(ahci->irqs, ahci->gsi, level);
}

static void send_message(const struct ahci *ahci)
{
	if (ahci->msi_fd >= 0 && eventfd_write(ahci->msi_fd, 1))
		log_warn("AHCI controller: an interrupt was lost");
}

/*
 * A line follows IS. A message is sent for each bit that comes up, also when it comes up again right
 * after it was cleared, because its port has more (AHCI 1.3.1 §10.6.2).
 */
void ahci_interrupt(struct ahci *ahci)
{
	for (unsigned i = 0; i < AHCI_PORTS; i++)
		if (ahci->port[i].is & ahci->port[i].ie)
			ahci->is |= UINT32_C(1) << i;
	uint32_t pending = ahci->ghc & GHC_IE ? ahci->is : 0;
	bool fresh = pending & ~ahci->announced;
	ahci->announced = pending;
	drive_line(ahci, pending && ahci->msi_fd < 0 && !ahci->intx_off);
	if (fresh)
		send_message(ahci);
}

/* MSI's lock is held. */
static int enable_msi(void *ctx, const int *event_fds, unsigned n, unsigned changed)
{
	struct ahci *ahci = ctx;
	(void)n;
	(void)changed;
	pthread_mutex_lock(&ahci->lock);
	ahci->msi_fd = event_fds[0];
	ahci_interrupt(ahci);
	pthread_mutex_unlock(&ahci->lock);
	return 0;
}

static void disable_msi(void *ctx)
{
	struct ahci *ahci = ctx;
	pthread_mutex_lock(&ahci->lock);
	ahci->msi_fd = -1;
	ahci_interrupt(ahci);
	pthread_mutex_unlock(&ahci->lock);
}

static const struct msix_source msi_source = { enable_msi, disable_msi };

/* --- resets --- */

/* HR is over at once; a port whose disk still has requests shows a busy device until they end. */
static void power_on(struct ahci *ahci)
{
	ahci->ghc = GHC_AE;
	ahci->is = ahci->announced = 0;
	for (unsigned i = 0; i < AHCI_PORTS; i++)
		ahci_port_power_on(&ahci->port[i]);
	for (unsigned i = 0; i < AHCI_PORTS; i++)
		ahci_port_go_on(&ahci->port[i]);
}

/* --- registers --- */

static uint32_t read_register(struct ahci *ahci, unsigned off)
{
	unsigned port = (off - HBA_PORTS) / HBA_PORT_SIZE;
	if (off >= HBA_PORTS)
		return port < AHCI_PORTS
			       ? ahci_port_read(&ahci->port[port], off % HBA_PORT_SIZE)
			       : 0;
	switch (off) {
	case HBA_CAP:
		return CAP_64BIT | CAP_NCQ | CAP_CLO | CAP_GEN2 | CAP_AHCI_ONLY |
		       (AHCI_SLOTS - 1) << 8 | (AHCI_PORTS - 1);
	case HBA_GHC:
		return ahci->ghc;
	case HBA_IS:
		return ahci->is;
	case HBA_PI:
		return ahci->implemented;
	case HBA_VS:
		return VS_1_3_1;
	default:
		return 0;
	}
}

static void write_register(struct ahci *ahci, unsigned off, uint32_t value)
{
	unsigned port = (off - HBA_PORTS) / HBA_PORT_SIZE;
	if (off >= HBA_PORTS) {
		if (port >= AHCI_PORTS || !(ahci->implemented & UINT32_C(1) << port))
			return;
		ahci_port_write(&ahci->port[port], off % HBA_PORT_SIZE, value);
		ahci_port_go_on(&ahci->port[port]);
	} else if (off == HBA_GHC && value & GHC_HR) {
		power_on(ahci);
	} else if (off == HBA_GHC) {
		ahci->ghc = GHC_AE | (value & GHC_IE);
	} else if (off == HBA_IS) {
		ahci->is &= ~value;
		ahci->announced &= ahci->is;
	}
	ahci_interrupt(ahci);
}

/* Registers where a 1 does something: bytes that are not written are 0, not what was there. */
static bool is_command(unsigned off)
{
	unsigned reg = off % HBA_PORT_SIZE;
	if (off < HBA_PORTS)
		return off == HBA_IS;
	return reg == PX_IS || reg == PX_SERR || reg == PX_SACT || reg == PX_CI;
}

static uint64_t on_read(void *ctx, uint64_t off, unsigned size)
{
	struct ahci *ahci = ctx;
	unsigned at = (unsigned)off & ~3u, shift = (unsigned)(off & 3) * 8;
	pthread_mutex_lock(&ahci->lock);
	uint64_t value = read_register(ahci, at);
	if (size == 8 || shift + size * 8 > 32)
		value |= (uint64_t)read_register(ahci, at + 4) << 32;
	pthread_mutex_unlock(&ahci->lock);
	return value >> shift & all_ones(size);
}

static void on_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct ahci *ahci = ctx;
	unsigned at = (unsigned)off & ~3u, shift = (unsigned)(off & 3) * 8;
	if (shift + size * 8 > 32 && size != 8)
		return; /* crosses a register: no driver does */
	pthread_mutex_lock(&ahci->lock);
	if (size == 8) {
		write_register(ahci, at, (uint32_t)value);
		write_register(ahci, at + 4, (uint32_t)(value >> 32));
	} else {
		uint32_t mask = (uint32_t)(all_ones(size) << shift);
		uint32_t keep = is_command(at) ? 0 : read_register(ahci, at) & ~mask;
		write_register(ahci, at, keep | ((uint32_t)(value << shift) & mask));
	}
	pthread_mutex_unlock(&ahci->lock);
}

static const struct bus_ops register_ops = { on_read, on_write };

/* --- configuration space --- */

static void wrote(struct pci_func *func, unsigned off, unsigned size)
{
	struct ahci *ahci = container_of(func, struct ahci, func);
	if (off + size > CAP_MSI && off < CAP_MSI + msi_cap_len(false, true))
		msi_wrote(&ahci->msi);
	if (off >= PCI_COMMAND + 2 || off + size <= PCI_COMMAND)
		return;
	uint16_t command = pci_command(func);
	pthread_mutex_lock(&ahci->lock);
	ahci->may_dma = command & PCI_COMMAND_MASTER;
	ahci->intx_off = command & PCI_COMMAND_INTX_DISABLE;
	for (unsigned i = 0; i < AHCI_PORTS; i++)
		ahci_port_go_on(&ahci->port[i]);
	ahci_interrupt(ahci);
	pthread_mutex_unlock(&ahci->lock);
}

static void abandon_all(struct ahci *ahci)
{
	pthread_mutex_lock(&ahci->lock);
	for (unsigned i = 0; i < AHCI_PORTS; i++)
		ahci_port_abandon(&ahci->port[i]);
	pthread_mutex_unlock(&ahci->lock);
}

/* vCPUs are paused or have ended: nobody issues anything new. */
static void settle(struct ahci *ahci)
{
	abandon_all(ahci);
	for (unsigned i = 0; i < AHCI_PORTS; i++)
		if (ahci->port[i].device.disk)
			disk_drain(ahci->port[i].device.disk);
}

static void reset(struct pci_func *func)
{
	struct ahci *ahci = container_of(func, struct ahci, func);
	msi_reset(&ahci->msi);
	settle(ahci);
	pthread_mutex_lock(&ahci->lock);
	ahci->may_dma = ahci->intx_off = false;
	power_on(ahci);
	for (unsigned i = 0; i < AHCI_PORTS; i++)
		ahci->port[i].clb = ahci->port[i].fb = 0;
	ahci_interrupt(ahci);
	pthread_mutex_unlock(&ahci->lock);
}

static const struct pci_func_ops func_ops = { .wrote = wrote, .reset = reset };

static int make_function(struct ahci *ahci)
{
	struct pci_func *func = &ahci->func;
	pci_func_init(func, &func_ops, PCI_CFG_SIZE);
	pci_cfg_ids(func, &(struct pci_ids){ .vendor = 0x8086,
					     .device = 0x2922,
					     .class_code = 0x010601,
					     .revision = 2 });
	pci_cfg_writable(func, PCI_COMMAND, 2, 0x0547);
	pci_cfg_writable(func, PCI_CACHE_LINE_SIZE, 1, 0xff);
	pci_cfg_writable(func, PCI_INTERRUPT_LINE, 1, 0xff);
	pci_cfg_set(func, PCI_INTERRUPT_PIN, 1, 1);
	pci_cfg_set(func, SATA_MAP, 2, MAP_AHCI);
	int r = pci_bar_set(func, AHCI_BAR, BAR_MEM32, false, AHCI_BAR_SIZE);
	if (!r)
		r = msi_init(&ahci->msi, func, CAP_MSI, 1, false, true, ahci->irqs, &msi_source, ahci);
	func->bar[AHCI_BAR].piece[0] = (struct bar_piece){ .len = AHCI_BAR_SIZE,
							   .ops = &register_ops,
							   .ctx = ahci };
	func->bar[AHCI_BAR].n_pieces = 1;
	pci_func_seal(func);
	return r;
}

/* Ports without a disk are not implemented: software looks for no device there, which takes time. */
static int make_ports(struct ahci *ahci, const struct ahci_disk *disks)
{
	for (unsigned i = 0; i < AHCI_PORTS; i++) {
		struct ahci_port *port = &ahci->port[i];
		port->ahci = ahci;
		port->number = i;
		if (!disks[i].disk)
			continue;
		port->slot = calloc(AHCI_SLOTS, sizeof(*port->slot));
		if (!port->slot)
			return -ENOMEM;
		for (unsigned s = 0; s < AHCI_SLOTS; s++)
			port->slot[s].port = port;
		ata_init(&port->device, disks[i].disk, disks[i].cdrom, disks[i].serial);
		ahci->implemented |= UINT32_C(1) << i;
	}
	return 0;
}

int ahci_init(struct ahci *ahci, const struct ahci_disk *disks, struct gmem *gmem,
	      struct irqs *irqs, unsigned gsi)
{
	memset(ahci, 0, sizeof(*ahci));
	ahci->gmem = gmem;
	ahci->irqs = irqs;
	ahci->gsi = gsi;
	ahci->msi_fd = -1;
	pthread_mutex_init(&ahci->lock, NULL);
	int r = make_function(ahci);
	if (!r)
		r = make_ports(ahci, disks);
	if (r) {
		ahci_fini(ahci);
		return r;
	}
	power_on(ahci);
	return 0;
}

void ahci_fini(struct ahci *ahci)
{
	if (!ahci->gmem)
		return;
	settle(ahci);
	msi_fini(&ahci->msi);
	for (unsigned i = 0; i < AHCI_PORTS; i++)
		free(ahci->port[i].slot);
	pthread_mutex_destroy(&ahci->lock);
	memset(ahci, 0, sizeof(*ahci));
}
