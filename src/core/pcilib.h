/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libpci behind a small interface: what functions and classes are called. Its struct pci_dev is not
 * ours, and it exits the process on errors; both stay inside pcilib.c.
 */
#ifndef BULKHEAD_CORE_PCILIB_H
#define BULKHEAD_CORE_PCILIB_H

#include <stddef.h>
#include <stdint.h>

struct pcilib;

/*
 * The library and its database are read at the first name asked for, not here; the database is the
 * system's, or the `pci.ids` beside a saved host's `sys`. NULL without memory.
 */
struct pcilib *pcilib_new(const char *sys_path);
void pcilib_free(struct pcilib *lib); /* NULL allowed */

/* "Vendor Device", or the numbers in hexadecimal where there is no library, or it does not know them. */
void pcilib_device_name(struct pcilib *lib, uint16_t vendor, uint16_t device, char *buf,
			size_t size);
/* "Ethernet controller" for the upper 16 of the 24 class bits. */
void pcilib_class_name(struct pcilib *lib, uint32_t class_code, char *buf, size_t size);

#endif
