/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rom_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "core/holder.h"
#include "core/pci_path.h"
#include "device_task.h"

#define CLASS_DISPLAY 0x03

static const struct device_task task = {
	.prefix = "rom-",
	.busy = "another bulkhead is just reading its option ROM",
	.killed = "a reading of its option ROM was killed",
};

struct rom_owner rom_owner_of(const struct pci_dev *dev)
{
	return (struct rom_owner){ dev->vendor, dev->device,
				   dev->class_code >> 16 == CLASS_DISPLAY };
}

int rom_find_device(const struct host *host, struct bdf bdf, struct pci_dev *ret, struct err *err)
{
	const struct inventory_want want = { .bdf = bdf };
	struct inventory inv;
	int r = inventory_read_for(&inv, host, &want, 1, err);
	if (r)
		return r;
	const struct pci_dev *dev = inventory_find(&inv, bdf);
	if (dev && dev->detailed)
		*ret = *dev;
	else
		r = err_set(err, -ENODEV, "%s: the device has gone", bdf_text(bdf).s);
	inventory_fini(&inv);
	return r;
}

/* --- what speaks against it --- */

/* On vfio-pci another program may have it; its guest programs the registers that we would. */
static int check_holders(const struct host *host, const struct pci_dev *dev, struct err *err)
{
	dev_holders list = { 0 };
	if (strcmp(dev->driver, "vfio-pci") != 0)
		return 0;
	int r = dev_holders_find(host, &dev->bdf, 1, &list, err);
	if (!r && list.n)
		r = err_set(err, -EBUSY, "%s is in use: %s", bdf_text(dev->bdf).s, list.at[0].s);
	vec_free(&list);
	return r;
}

/* With decoding on, a BAR that has no address answers at 0 and hides what is there. */
static int check_addresses(const struct pci_dev *dev, struct err *err)
{
	for (unsigned i = 0; i < PCI_N_BARS; i++)
		if (dev->bar[i].size && dev->bar[i].flags & RES_MEM && !dev->bar[i].start)
			return err_set(
				err, -EBUSY,
				"%s: BAR %u has no address on the host, so its ROM cannot be "
				"read; see the kernel's messages about it",
				bdf_text(dev->bdf).s, i);
	return 0;
}

static int check(const struct host *host, const struct pci_dev *dev, struct err *err)
{
	struct bdf_text address = bdf_text(dev->bdf);
	if (!dev->rom.size)
		return err_set(err, -ENOENT, "%s has no option ROM", address.s);
	int r = device_task_check_claims(host, dev->bdf, true, err);
	if (!r)
		r = check_holders(host, dev, err);
	return r ? r : check_addresses(dev, err);
}

/* --- reading --- */

static int unreadable(int r, const struct pci_dev *dev, struct err *err)
{
	struct bdf_text address = bdf_text(dev->bdf);
	if (r != -EIO && r != -ENODATA)
		return err_errno(err, r, "%s: reading its option ROM", address.s);
	return err_set(err, r,
		       "%s: the kernel finds no valid image in its option ROM; the device's driver "
		       "may have turned the ROM off, or firmware has: take a ROM file instead",
		       address.s);
}

static int slurp(const struct host *host, const struct pci_dev *dev, struct rom_source *ret,
		 struct err *err)
{
	size_t max = dev->rom.size < ROM_IMAGE_MAX ? (size_t)dev->rom.size : ROM_IMAGE_MAX;
	autoclose int fd = openat(host->sys, pci_path(dev->bdf, "rom").s, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return unreadable(-errno, dev, err);
	ret->data = malloc(max ? max : 1);
	if (!ret->data)
		return err_errno(err, -ENOMEM, "%s: its option ROM", bdf_text(dev->bdf).s);
	while (ret->size < max) {
		ssize_t n = pread(fd, ret->data + ret->size, max - ret->size, (off_t)ret->size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return unreadable(-errno, dev, err);
		if (!n)
			break;
		ret->size += (size_t)n;
	}
	return ret->size ? 0 : unreadable(-ENODATA, dev, err);
}

static int read_shown(struct journal *journal, const struct pci_dev *dev, struct rom_source *ret,
		      struct err *err)
{
	static const enum action_kind kinds[] = { ACTION_NO_D3COLD, ACTION_POWER_ON,
						  ACTION_MEMORY_DECODE, ACTION_ROM_SHOWN };
	int r = device_task_do(journal, dev->bdf, kinds, ARRAY_LEN(kinds), err);
	return r ? r : slurp(journal->host, dev, ret, err);
}

static bool is_boot_display(const struct host *host, struct bdf bdf)
{
	uint64_t is = 0;
	return !file_read_u64(host->sys, pci_path(bdf, "boot_vga").s, &is) && is;
}

/* No run can claim the device meanwhile. */
static int read_locked(const struct host *host, const struct pci_dev *dev, struct rom_source *ret,
		       struct err *err)
{
	autoclose int lock_fd = -1;
	struct journal journal;
	struct err undo = { 0 };
	int r = journal_lock_claims(host, &lock_fd, err);
	if (!r)
		r = check(host, dev, err);
	if (!r)
		r = device_task_open(&journal, &task, host, dev->bdf, err);
	if (r)
		return r;
	r = read_shown(&journal, dev, ret, err);
	if (journal_undo(&journal, &undo) && !r)
		r = err_set(err, undo.code, "%s", undo.text);
	journal_close(&journal);
	return r;
}

int rom_read_device(const struct host *host, struct bdf bdf, struct rom_source *ret,
		    struct err *err)
{
	struct pci_dev dev = { 0 };
	memset(ret, 0, sizeof(*ret));
	int r = rom_find_device(host, bdf, &dev, err);
	if (!r)
		r = read_locked(host, &dev, ret, err);
	if (r)
		rom_source_fini(ret);
	snprintf(ret->name, sizeof(ret->name), "%s", bdf_text(bdf).s);
	ret->owner = rom_owner_of(&dev);
	ret->has_owner = true;
	ret->is_copy = is_boot_display(host, bdf);
	return r;
}

static int load(const char *path, struct rom_source *ret)
{
	struct stat st;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((uint64_t)st.st_size > ROM_IMAGE_MAX)
		return -EFBIG;
	ret->size = (size_t)st.st_size;
	ret->data = malloc(ret->size ? ret->size : 1);
	return ret->data ? file_pread_all(fd, ret->data, ret->size, 0) : -ENOMEM;
}

int rom_read_file(const char *path, const struct pci_dev *of, struct rom_source *ret,
		  struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	int r = load(path, ret);
	if (r)
		rom_source_fini(ret);
	if (r == -EINVAL)
		return err_set(err, r, "ROM %s is not a regular file", path);
	if (r == -EFBIG)
		return err_set(err, r, "ROM %s is larger than the 16M that a ROM has at most",
			       path);
	if (r)
		return err_errno(err, r, "ROM %s", path);
	snprintf(ret->name, sizeof(ret->name), "%s", path);
	ret->has_owner = of != NULL;
	if (of)
		ret->owner = rom_owner_of(of);
	return 0;
}

void rom_source_fini(struct rom_source *source)
{
	free(source->data);
	source->data = NULL;
	source->size = 0;
}
