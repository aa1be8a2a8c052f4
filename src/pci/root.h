/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI hierarchy of one guest: bus 0, root ports and the bus behind each; configuration access
 * through 0xCF8/0xCFC and ECAM; and pci/map.c, which derives the bus regions and KVM slots from
 * the whole configuration state after every write that could change them.
 */
#ifndef BULKHEAD_PCI_ROOT_H
#define BULKHEAD_PCI_ROOT_H

#include <pthread.h>
#include <stdint.h>

#include "base/err.h"
#include "core/bus.h"
#include "core/layout.h"
#include "kvm/memslot.h"
#include "pci/func.h"

struct pci_bus {
	struct pci_func *funcs;  /* ascending by devfn */
	struct pci_func *bridge; /* NULL for bus 0 */
	uint32_t headless;       /* by device number: function 0 was removed, others are left */
};

struct pci_map;

struct pci_root {
	pthread_mutex_t lock; /* config spaces and everything derived; first in the lock order */
	struct pci_bus bus0;
	struct bus *mmio, *pio;  /* borrowed */
	struct memslots *slots;  /* borrowed */
	uint32_t address;        /* last write to 0xCF8 */
	struct range ecam;       /* where ECAM is, and no BAR decodes; size 0 = off, as after init */
	unsigned long publishes; /* maps derived, for status */
	struct pci_map *map;     /* owned; what pci/map.c derived and published last */
};

int pci_root_init(struct pci_root *root, struct bus *mmio, struct bus *pio, struct memslots *slots);
void pci_root_fini(struct pci_root *root);

/*
 * Puts `func` (storage stays the caller's) at dev.fn of `bus` and marks multi-function devices as
 * such. -EEXIST when taken, -EINVAL outside 0..31, 0..7 or for a device other than 0 behind a port.
 */
int pci_bus_add(struct pci_bus *bus, struct pci_func *func, unsigned dev, unsigned fn);

/*
 * Takes `func`, no bridge and on a bus, off it and out of the map: from now on its config space
 * reads all-ones and nothing of it is decoded. Its storage may go once no vCPU is in a handler any
 * more. Other functions of its device stay where they are. Lock held. The error is one of
 * pci_map_publish; the function is off the bus all the same.
 */
int pci_bus_remove(struct pci_root *root, struct pci_func *func, struct err *err);

/*
 * The function that a configuration access to bus:dev.fn reaches now, NULL when none: through the
 * bus numbers the guest gave the ports, and only if function 0 exists, or did. Lock held.
 */
struct pci_func *pci_root_find(struct pci_root *root, unsigned bus, unsigned dev, unsigned fn);

/*
 * Handlers for BUS_FIXED regions, 0xCF8 (4 ports) and 0xCFC (4 ports), and of ECAM, which pci/map.c
 * puts where `ecam` says at every publish. ctx = struct pci_root. A write goes: our bits;
 * pci_map_shrink; the device's bits and ops->wrote; pci_map_publish.
 */
extern const struct bus_ops pci_address_ops, pci_data_ops, pci_ecam_ops;

/*
 * Derives bus regions and memory slots from all config spaces and publishes both: slots that vanish
 * are deleted before, and new ones added after, the bus. Lock held. A BAR counts while its function
 * decodes (command, not asleep) and every bridge above forwards its address; not where the platform
 * decodes (ECAM, IOAPIC to 4 GiB). No system call when nothing changed. On failure the first error,
 * with everything published that could be; what a slot should have served is trapped then.
 */
int pci_map_publish(struct pci_root *root, struct err *err);

/*
 * The first half of that: only takes away the slots that config space no longer decodes. For
 * between our copy of a register changing and the device being told. Lock held.
 */
int pci_map_shrink(struct pci_root *root, struct err *err);

/*
 * Before a function stops decoding in a way that its config space does not show (a reset): takes
 * its pieces out of the map first, so that no vCPU touches a BAR the kernel has zapped. NULL = all
 * functions. The next pci_map_publish, that of any guest config write included, brings back what
 * decodes: keep the lock, or the vCPUs paused, until the function does. Lock held.
 */
int pci_map_withdraw(struct pci_root *root, struct pci_func *func, struct err *err);

/*
 * Config space of one function by another way than its address (a mirror of it in a BAR): as the
 * guest's own access there, a write with all that follows from it. Takes the lock.
 */
uint32_t pci_root_read(struct pci_root *root, struct pci_func *func, unsigned off, unsigned size);
void pci_root_write(struct pci_root *root, struct pci_func *func, unsigned off, unsigned size,
		    uint32_t value);

/* Every function, bridges before what is behind them. Stops at and returns the first non-zero. */
int pci_root_each(struct pci_root *root, int (*visit)(struct pci_func *func, void *ctx), void *ctx);

/* Empties the map, all functions to power-on (ops->reset), then the map. Lock taken. */
int pci_root_reset(struct pci_root *root, struct err *err);

#endif
