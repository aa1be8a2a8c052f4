/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SATA controller as in ICH9 (8086:2922) after AHCI 1.3.1: six ports, each with one ATA device
 * (hw/ata.h), native command queuing, MSI and INTx. The guest's lists, FISes and PRDs are read once
 * each, and data moves between its memory and the host's file without a copy of ours.
 *
 * Threads: registers are touched by vCPUs, commands end on the threads of their disk. One lock for
 * all of a controller; it is held while a command is taken apart and handed on, never during I/O.
 */
#ifndef BULKHEAD_HW_AHCI_H
#define BULKHEAD_HW_AHCI_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/disk.h"
#include "core/gmem.h"
#include "hw/ata.h"
#include "kvm/irq.h"
#include "pci/func.h"
#include "pci/msi.h"

#define AHCI_PORTS 6
#define AHCI_SLOTS 32
#define AHCI_BAR 5
#define AHCI_BAR_SIZE 4096
/* Buffers of one request to the disk: as many PRDs of the shortest kind as make a sector. */
#define AHCI_IOV 256

/* Where in a guest's PRD table the next byte goes (AHCI 1.3.1 §4.2.3.3). */
struct ahci_prd {
	uint64_t table;
	unsigned left;     /* entries not read yet */
	uint64_t gpa, len; /* what is left of the one read last */
};

struct ahci_port;

/* One command slot; busy from issue to completion. */
struct ahci_slot {
	struct ahci_port *port;
	struct disk_request request;
	struct iovec iov[AHCI_IOV];
	struct ahci_prd prd;
	struct ata_action action;
	uint64_t header; /* guest address of the command header */
	uint64_t moved;  /* bytes */
	unsigned range;  /* of a TRIM */
	bool busy;       /* the disk has the request */
	bool orphan;     /* and the guest does not wait for it any more */
};

struct ahci_port {
	struct ahci *ahci;
	unsigned number;
	struct ata_device device;
	struct ahci_slot *slot; /* AHCI_SLOTS of them, NULL without a device; owned */
	/* Registers, by the names of AHCI 1.3.1 §3.3. */
	uint64_t clb, fb;
	uint32_t is, ie, cmd, tfd, sig, sctl, serr, sact, ci;
	uint32_t issued;     /* of ci: taken; not yet cleared */
	unsigned current;    /* slot of the command issued last */
	unsigned next;       /* where the search for another begins */
	unsigned busy_slots; /* whose requests the disk has, orphans included */
	unsigned orphans;
	bool alone;          /* one of them is not queued: nothing beside it */
	bool halted;         /* an error waits for software to clear ST */
	bool resetting;      /* COMRESET waits for busy_slots to be 0 */
	bool soft_reset;     /* SRST was set by the last control FIS */
	bool fis_due;        /* the signature's FIS has not been received */
};

struct ahci_disk {
	struct disk *disk; /* NULL = nothing on this port */
	bool cdrom;
	const char *serial;
};

struct ahci {
	struct pci_func func;
	struct msi msi;
	struct irqs *irqs; /* borrowed, as is gmem */
	struct gmem *gmem;
	unsigned gsi; /* of INTA */

	pthread_mutex_t lock; /* all below, and the ports; after msi.lock, before irqs.lock */
	uint32_t ghc, is, implemented;
	uint32_t announced; /* of is: an MSI was sent for it */
	int msi_fd;       /* -1 = MSI is off */
	bool line;        /* level of INTA last driven */
	bool intx_off;    /* the command register says so */
	bool may_dma;     /* bus master is enabled */
	struct ahci_port port[AHCI_PORTS];
};

/* `disks` has AHCI_PORTS entries; started already, and there until ahci_fini. -ENOMEM, -EINVAL. */
int ahci_init(struct ahci *ahci, const struct ahci_disk *disks, struct gmem *gmem,
	      struct irqs *irqs, unsigned gsi);
/* vCPUs do not run any more; waits for what the disks still do. Accepts a zeroed object. */
void ahci_fini(struct ahci *ahci);

/* --- for the files of ahci; lock held ------------------------------------------------------------*/

/* The next at most `len` bytes as buffers of ours; how many bytes, or -EFAULT. *ret_n of AHCI_IOV. */
int64_t ahci_prd_gather(struct ahci_prd *prd, const struct gmem *gmem, uint64_t len,
			struct iovec *iov, unsigned *ret_n);
/* Copies to the guest (`to_guest`) or from it; bytes, fewer when the table ends, or -EFAULT. */
int64_t ahci_prd_copy(struct ahci_prd *prd, const struct gmem *gmem, void *buffer, uint64_t len,
		      bool to_guest);

/* ahci_port.c: registers of a port. */
uint32_t ahci_port_read(struct ahci_port *port, unsigned reg);
void ahci_port_write(struct ahci_port *port, unsigned reg, uint32_t value);
void ahci_port_power_on(struct ahci_port *port);
/* True when no request is with the disk any more. */
bool ahci_port_is_quiet(const struct ahci_port *port);
/* What the disk has for the guest is nobody's from here on. */
void ahci_port_abandon(struct ahci_port *port);
/* After a request has come back, or a bit that held the port up has changed. */
void ahci_port_go_on(struct ahci_port *port);

/* ahci_command.c: takes the command of a slot apart and starts it; false: the port halts. */
bool ahci_command_issue(struct ahci_port *port, unsigned slot);
/* Whether the command in the slot is a queued one; -EFAULT when it cannot be read. */
int ahci_command_is_queued(const struct ahci_port *port, unsigned slot);

/* ahci_fis.c: what the device sends; each writes memory and task file, and raises what it says. */
enum ahci_fis_kind { AHCI_FIS_D2H, AHCI_FIS_PIO };
void ahci_fis_send(struct ahci_port *port, enum ahci_fis_kind kind,
		   const struct ata_result *result, uint64_t len, bool interrupt);
void ahci_fis_device_bits(struct ahci_port *port, const struct ata_result *result, uint32_t done);
/* After the task file says ERR: the port halts. */
void ahci_port_error(struct ahci_port *port, uint32_t interrupts);

/* ahci.c: interrupts follow the registers. */
void ahci_interrupt(struct ahci *ahci);

#endif
