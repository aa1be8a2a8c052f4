/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device's option ROM, read through sysfs with all that this takes: the device awake, its memory
 * decoding on, the kernel's switch. Each is a journalled change under the name rom-ADDRESS, undone
 * before this returns, or by `bulkhead recover` after a crash.
 */
#ifndef BULKHEAD_ROM_READ_H
#define BULKHEAD_ROM_READ_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "core/host.h"
#include "core/inventory.h"
#include "pci/rom_image.h"

struct rom_source {
	uint8_t *data; /* owned; rom_source_fini */
	size_t size;
	char name[256];         /* address or file */
	struct rom_owner owner; /* whose it is, when has_owner */
	bool has_owner;
	bool is_copy; /* the boot display's: firmware's copy in RAM may be what the kernel shows */
};

/*
 * -EBUSY while a virtual machine has it, -ENOENT when it has no ROM, -EIO when nothing valid can be
 * read, -ENODEV and others; the text says what to do.
 */
int rom_read_device(const struct host *host, struct bdf bdf, struct rom_source *ret,
		    struct err *err);

/* A file, at most ROM_IMAGE_MAX bytes. `of` NULL = whose it should be is not known. */
int rom_read_file(const char *path, const struct pci_dev *of, struct rom_source *ret,
		  struct err *err);
void rom_source_fini(struct rom_source *source);

struct rom_owner rom_owner_of(const struct pci_dev *dev);

/* What the host says of the device, for rom_read_file and its ids. */
int rom_find_device(const struct host *host, struct bdf bdf, struct pci_dev *ret, struct err *err);

#endif
