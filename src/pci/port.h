/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCIe root ports (type 1 header, PCI-to-PCI Bridge 1.2 §3.2, PCIe 6.0 §7.5). Each assigned slot
 * sits behind one, and can be told from it that its device has gone (PCIe 6.0 §6.7).
 */
#ifndef BULKHEAD_PCI_PORT_H
#define BULKHEAD_PCI_PORT_H

#include "pci/msi.h"
#include "pci/root.h"

struct pci_port {
	struct pci_func func;
	struct pci_bus bus; /* secondary */
	unsigned slot;      /* physical slot number, 1..8191, unique */
	struct msi msi;     /* of hot-plug events; max == 0: none, the slot is fixed */
	int event_fd;       /* borrowed from msi: signals the guest; -1 while its MSI is off */
	bool event_told;    /* the guest was interrupted for the events that are pending */
	/*
	 * The guest set Secondary Bus Reset (bridge control bit 6). Runs on a vCPU thread with the
	 * pci_root lock held, so it may only post. NULL, as after init: the bit is accepted and the
	 * functions behind keep their state.
	 */
	void (*bus_reset)(struct pci_port *port, void *ctx);
	void *bus_reset_ctx;
	bool in_bus_reset; /* the bit as last seen: the hook is for its rising edge */
};

/* Link capability as the assigned device has it, so that the guest sees the truth. 0 = 2.5GT x1. */
struct pci_link {
	uint8_t speed; /* 1 = 2.5 GT/s, 2 = 5, 3 = 8, 4 = 16, 5 = 32 */
	uint8_t width; /* 1, 2, 4, 8, 12, 16 */
};

/*
 * Sealed and ready for pci_bus_add, its slot occupied. With `irqs` (borrowed) the slot is one that
 * devices can vanish from; without, it is fixed, and its MSI capability is there for the guest's
 * port driver and never fires. -EINVAL for a slot or link outside the bounds above, -ENOMEM.
 */
int pci_port_init(struct pci_port *port, unsigned slot, struct pci_link link, struct irqs *irqs);
void pci_port_fini(struct pci_port *port); /* accepts a zeroed one */

/* Who made the port; before it is on a bus. */
struct pci_port_name {
	uint16_t vendor, device;
};
void pci_port_name(struct pci_port *port, struct pci_port_name name);

/*
 * Once the functions behind are on its bus: the link that the port has is theirs, by the capability of
 * the first of them. Its present speed and width follow that one's from now on, as they change. The
 * link of pci_port_init stays where that one has none to show (a VF, conventional PCI). Lock held.
 */
void pci_port_match_link(struct pci_port *port);

/*
 * What was behind has gone without notice: the slot is empty and the link down, for good, and the
 * guest is told if it listens. The functions are taken off the bus by the caller. Lock held.
 */
void pci_port_empty(struct pci_port *port);

/* What the guest (or our firmware) programmed; size 0 = closed. Whether it is enabled: command. */
struct pci_windows {
	struct range io, mem, pref;
	uint8_t secondary, subordinate;
};
struct pci_windows pci_port_windows(const struct pci_port *port);

/* Firmware's job on direct boot: bus numbers and windows (size 0 = closed), decode on. */
void pci_port_program(struct pci_port *port, const struct pci_windows *windows);

#endif
