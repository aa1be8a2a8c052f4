/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libpci behind a small interface: which functions there are, and what they are called. Its struct
 * pci_dev is not ours, and it exits the process on errors; both stay inside pcilib.c.
 */
#ifndef BULKHEAD_CORE_PCILIB_H
#define BULKHEAD_CORE_PCILIB_H

#include <stddef.h>
#include <stdint.h>

#include "base/bdf.h"
#include "base/err.h"

struct pcilib;

/*
 * Opens `sys_path`/bus/pci. The name database is read at the first name asked for, not here; it is
 * the system's, or the `pci.ids` beside a saved host's `sys`.
 */
int pcilib_open(struct pcilib **ret_lib, const char *sys_path, struct err *err);
void pcilib_close(struct pcilib *lib); /* NULL allowed */

/* Calls `each` for every function, in no order; ends early when it returns an error. */
int pcilib_each(struct pcilib *lib, int (*each)(void *ctx, struct bdf bdf), void *ctx,
		struct err *err);

/* "Vendor Device", or the numbers in hexadecimal where the database does not know them. */
void pcilib_device_name(struct pcilib *lib, uint16_t vendor, uint16_t device, char *buf,
			size_t size);
/* "Ethernet controller" for the upper 16 of the 24 class bits. */
void pcilib_class_name(struct pcilib *lib, uint32_t class_code, char *buf, size_t size);

#endif
