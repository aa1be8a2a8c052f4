/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has a PCI function in use, as far as the kernel shows it: processes with one of its nodes open
 * or its BARs mapped, RAID and LVM on its disks, addresses of its interfaces, a console on its
 * serial port. To take the device from one of these hangs (the kernel waits for the user of a VFIO
 * or sound device) or pulls the ground from under it. What is mounted, swap and the default route
 * are in the inventory (host_uses): the plan is made from that.
 */
#ifndef BULKHEAD_CORE_HOLDER_H
#define BULKHEAD_CORE_HOLDER_H

#include <stddef.h>
#include <sys/types.h>

#include "base/bdf.h"
#include "base/err.h"
#include "base/vec.h"
#include "core/host.h"
#include "core/inventory.h"

enum holder_kind {
	HOLDER_PROCESS, /* has a node open or mapped */
	HOLDER_BLOCK,   /* a disk is part of md, LVM, …, or claimed by something in the kernel */
	HOLDER_ADDRESS, /* an interface has an address, or is a port of another interface */
	HOLDER_CONSOLE, /* the kernel's console */
	HOLDER_USE,     /* host_uses of the inventory */
	HOLDER_UP,      /* an interface that is up, and nothing more: seldom a reason to refuse */
};

struct dev_holder {
	size_t fn; /* index of the function it holds */
	enum holder_kind kind;
	pid_t pid;   /* of HOLDER_PROCESS */
	char s[192]; /* "qemu-system-x86 (pid 1234) has it open (/dev/vfio/12)" */
};

typedef vec(struct dev_holder) dev_holders;

/*
 * Appends to `ret` what holds fn[0 .. n), by the order above but HOLDER_USE; one walk over /proc.
 * Processes that the caller may not look into are not seen; root sees all. vec_free(ret) in any
 * case. -ENOMEM, and -errno of /proc.
 */
int dev_holders_find(const struct host *host, const struct bdf *fn, size_t n, dev_holders *ret,
		 struct err *err);

/* Who else has this /dev node open or mapped; false when nobody is seen. */
bool dev_node_holder(const struct host *host, const char *node, struct dev_holder *ret);

/* Appends HOLDER_USE for what the inventory says of the functions. -ENOMEM. */
int dev_holders_of_inventory(const struct inventory *inv, const struct bdf *fn, size_t n, dev_holders *ret,
			 struct err *err);

/*
 * True for one that only says again what host_uses says of `dev`: a mounted disk is claimed, too.
 * `dev` may be NULL.
 */
bool dev_holder_repeats(const struct dev_holder *holder, const struct pci_dev *dev);
/* True for one that speaks against taking the device, and is not said elsewhere. */
bool dev_holder_matters(const struct dev_holder *holder, const struct pci_dev *dev);

#endif
