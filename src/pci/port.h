/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCIe root ports (type 1 header, PCI-to-PCI Bridge 1.2 §3.2, PCIe 6.0 §7.5). Each assigned slot
 * sits behind one.
 */
#ifndef BULKHEAD_PCI_PORT_H
#define BULKHEAD_PCI_PORT_H

#include "pci/root.h"

struct pci_port {
	struct pci_func func;
	struct pci_bus bus; /* secondary */
	unsigned slot;      /* physical slot number, 1..8191, unique */
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
 * Sealed and ready for pci_bus_add, without hot-plug; its MSI capability is there for the guest's
 * port driver and never fires. -EINVAL for a slot or link outside the bounds above.
 */
int pci_port_init(struct pci_port *port, unsigned slot, struct pci_link link);

/* What the guest (or our firmware) programmed; size 0 = closed. Whether it is enabled: command. */
struct pci_windows {
	struct range io, mem, pref;
	uint8_t secondary, subordinate;
};
struct pci_windows pci_port_windows(const struct pci_port *port);

/* Firmware's job on direct boot: bus numbers and windows (size 0 = closed), decode on. */
void pci_port_program(struct pci_port *port, const struct pci_windows *windows);

#endif
