/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One PCI function as the guest sees it: 4 KiB of configuration space described bit by bit (ours
 * or the device's, writable or not), up to six BARs and a ROM made of pieces, and hooks for what
 * must happen after a write. Bridges, platform functions and assigned devices are all this.
 *
 * Locking: config space and BAR registers belong to the pci_root lock.
 */
#ifndef BULKHEAD_PCI_FUNC_H
#define BULKHEAD_PCI_FUNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bdf.h"
#include "core/bus.h"
#include "pci/cap.h"

#define PCI_ROM_BAR 6 /* index of the expansion ROM */
#define PCI_BARS 7
#define PCI_BAR_PIECES_MAX 24

/*
 * A BAR is a list of pieces, ascending and covering it: either a host mapping that becomes a KVM
 * slot, or trapped. Sparse areas, the MSI-X table page, sub-page BARs, quirk windows and the ROM
 * are all the same case.
 *
 * A piece may have both `hva` and `ops`: the slot serves it where there can be one, and ops the
 * rest (guest address not page aligned, a neighbour in the same page, no slot left). A mapped piece
 * without ops reads all-ones then. When `len` is no page multiple, the host mapping must reach to
 * the end of its last page, and be harmless there; ops are wanted then.
 */
struct bar_piece {
	uint64_t off, len;         /* bytes from the start of the BAR */
	void *hva;                 /* != NULL: host mapping of `off`, page aligned; borrowed */
	bool read_only;            /* of the mapping: writes go to ops */
	const struct bus_ops *ops; /* trapped accesses; offsets are relative to the BAR */
	void *ctx;
};

enum bar_kind { BAR_NONE, BAR_IO, BAR_MEM32, BAR_MEM64, BAR_ROM };

struct pci_bar {
	enum bar_kind kind; /* a MEM64 BAR uses registers i and i + 1; i + 1 is BAR_NONE */
	bool prefetch;
	uint64_t size; /* power of two; I/O >= 4, memory >= 16, ROM >= 2048 */
	struct bar_piece piece[PCI_BAR_PIECES_MAX];
	unsigned n_pieces;
};

struct pci_func;

struct pci_func_ops {
	/* The device's own bits. size 1, 2 or 4, aligned, inside config space. NULL = all zero. */
	uint32_t (*read_device)(struct pci_func *func, unsigned off, unsigned size);
	void (*write_device)(struct pci_func *func, unsigned off, unsigned size, uint32_t value);
	/*
	 * After our bits have changed and the device's were forwarded; `off`/`size` is what the
	 * guest wrote. The pci_root lock is held. Slots that the write takes away are gone by now,
	 * those it brings are not there yet: this is the moment to switch the hardware's decoding
	 * or power.
	 */
	void (*wrote)(struct pci_func *func, unsigned off, unsigned size);
	/* Function back to power-on (its config space is restored by pci_func_reset). NULL ok. */
	void (*reset)(struct pci_func *func);
	/* True while the function cannot decode although command says so (D3hot). NULL = no. */
	bool (*asleep)(const struct pci_func *func);
};

struct pci_func {
	struct bdf bdf; /* guest address; bus of a function behind a port follows the port */
	const struct pci_func_ops *ops;  /* never NULL; members may be */
	size_t cfg_size;                 /* 256 or 4096 */
	uint8_t val[PCIE_CFG_SIZE];      /* our bits */
	uint8_t ours[PCIE_CFG_SIZE];     /* 1 = bit comes from val, 0 = from the device */
	uint8_t writable[PCIE_CFG_SIZE]; /* guest may change it (val, or forwarded) */
	uint8_t w1c[PCIE_CFG_SIZE];   /* writing 1 clears (ours), or is passed as given (device) */
	uint8_t fresh[PCIE_CFG_SIZE]; /* val at power-on: what pci_func_reset restores */
	struct pci_bar bar[PCI_BARS];
	struct pci_port *port; /* != NULL when this is a bridge (pci/port.h) */
	struct pci_bus *bus;   /* the bus it sits on */
	struct pci_func *next; /* list of its bus, ascending by devfn */
};

/* All bits ours, zero, read-only. */
void pci_func_init(struct pci_func *func, const struct pci_func_ops *ops, size_t cfg_size);

/*
 * Set-up of `size` (1, 2 or 4) bytes at any `off`; what does not lie inside config space is
 * ignored. pci_cfg_set makes all these bits ours; the masks of the next two replace what was there.
 */
void pci_cfg_set(struct pci_func *func, unsigned off, unsigned size, uint32_t value);
void pci_cfg_writable(struct pci_func *func, unsigned off, unsigned size, uint32_t mask);
/* Wins over writable. A bit of ours that is w1c is never forwarded as 1 with its neighbours. */
void pci_cfg_w1c(struct pci_func *func, unsigned off, unsigned size, uint32_t mask);
/* Gives the bits of `mask` to the device (`ours` = 0), leaves the others with their owner. */
void pci_cfg_device(struct pci_func *func, unsigned off, unsigned size, uint32_t mask);

/*
 * Vendor, device, class (24 bits), revision, subsystem ids. Header type 1, which has no subsystem
 * ids, for a PCI-to-PCI bridge (class 0604xx), else 0.
 */
struct pci_ids {
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class_code;
	uint8_t revision;
};
void pci_cfg_ids(struct pci_func *func, const struct pci_ids *ids);

/*
 * Adds a capability of `len` bytes at `off` (multiple of 4, >= 0x40) to the end of our own list.
 * -EINVAL when it does not lie in [0x40, 0x100) or is in the list already.
 */
int pci_cfg_add_cap(struct pci_func *func, uint8_t id, unsigned off, unsigned len);

/*
 * Declares BAR `i` (0..5, or PCI_ROM_BAR with BAR_ROM): the register gets its type bits and size
 * mask. Pieces are the caller's to fill in. A bridge has BARs 0 and 1 and its ROM elsewhere: call
 * pci_cfg_ids first. -EINVAL for a size that is not a power of two in the kind's bounds (I/O at
 * most 64 KiB, 32-bit 2 GiB, ROM 16 MiB), a MEM64 in the last register or one that is taken.
 */
int pci_bar_set(struct pci_func *func, unsigned i, enum bar_kind kind, bool prefetch,
		uint64_t size);
/* Programmed address, type bits removed. Power-on is 0; firmware (ours or UEFI) sets it. */
uint64_t pci_bar_addr(const struct pci_func *func, unsigned i);
void pci_bar_program(struct pci_func *func, unsigned i, uint64_t addr);

/* Set-up is finished: the present values are what pci_func_reset goes back to. */
void pci_func_seal(struct pci_func *func);
/* Config space to power-on values, then ops->reset. */
void pci_func_reset(struct pci_func *func);

/* Register of BAR `i` in config space. */
unsigned pci_bar_reg(const struct pci_func *func, unsigned i);

/* Guest accesses. Any offset and size 1, 2, 4; misaligned or outside reads all-ones. */
uint32_t pci_cfg_read(struct pci_func *func, unsigned off, unsigned size);
void pci_cfg_write(struct pci_func *func, unsigned off, unsigned size, uint32_t value);
/*
 * The two halves of pci_cfg_write, for pci/root.c, which takes slots away between them: our bits
 * (false: the access is illegal and has no effect), then the device's and ops->wrote.
 */
bool pci_cfg_latch(struct pci_func *func, unsigned off, unsigned size, uint32_t value);
void pci_cfg_forward(struct pci_func *func, unsigned off, unsigned size, uint32_t value);

static inline bool pci_func_asleep(const struct pci_func *func)
{
	return func->ops->asleep && func->ops->asleep(func);
}

static inline uint16_t pci_command(const struct pci_func *func)
{
	return (uint16_t)(func->val[4] | func->val[5] << 8);
}

#endif
