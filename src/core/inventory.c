/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/dir.h"
#include "base/file.h"
#include "core/inventory_parts.h"
#include "core/pcilib.h"

/* What the reading of one inventory passes down. */
struct reader {
	struct inventory *inv;
	const struct host *host;
	int devices;                       /* directory fd of /sys/bus/pci/devices */
	const struct inventory_want *want; /* NULL = everything */
	unsigned n_want;
};

static int add_function(struct reader *reader, struct bdf bdf)
{
	struct pci_dev *dev = vec_push(&reader->inv->devs);
	if (!dev)
		return -ENOMEM;
	dev->bdf = bdf;
	dev->numa_node = -1;
	dev->group = pci_dev_group(reader->devices, bdf);
	reader->inv->has_iommu |= dev->group >= 0;
	return 0;
}

static int add_functions(struct reader *reader)
{
	autodir DIR *list = dir_open(reader->devices, ".");
	const char *name;
	struct bdf bdf;
	int r = list ? 0 : -errno;
	while (!r && (name = dir_next(list, "")))
		if (!bdf_parse(name, &bdf))
			r = add_function(reader, bdf);
	return r;
}

static int by_bdf(const void *a, const void *b)
{
	const struct pci_dev *x = a, *y = b;
	return bdf_compare(x->bdf, y->bdf);
}

static struct pci_dev *find(struct inventory *inv, struct bdf bdf)
{
	if (!inv->devs.n)
		return NULL;
	struct pci_dev key = { .bdf = bdf };
	return bsearch(&key, inv->devs.at, inv->devs.n, sizeof(key), by_bdf);
}

/* A function may vanish between the listing and the reading; it is dropped then. */
static void read_details(struct reader *reader, struct pci_dev *dev)
{
	if (!dev->detailed && !pci_dev_read(reader->devices, dev, !reader->want))
		dev->detailed = true;
}

static void read_group(struct reader *reader, struct pci_dev *dev)
{
	read_details(reader, dev);
	for (size_t i = 0; dev->group >= 0 && i < reader->inv->devs.n; i++)
		if (reader->inv->devs.at[i].group == dev->group)
			read_details(reader, &reader->inv->devs.at[i]);
	struct pci_dev *pf = dev->is_vf ? find(reader->inv, dev->physfn) : NULL;
	if (pf)
		read_details(reader, pf);
}

static bool wanted(struct reader *reader, const struct inventory_want *want, struct pci_dev *dev)
{
	if (!want->by_id)
		return bdf_equal(want->bdf, dev->bdf);
	if (!dev->vendor && pci_dev_ids(reader->devices, dev->bdf, &dev->vendor, &dev->device))
		return false;
	return dev->vendor == want->vendor && dev->device == want->device;
}

static void read_functions(struct reader *reader)
{
	struct inventory *inv = reader->inv;
	for (size_t i = 0; i < inv->devs.n; i++) {
		struct pci_dev *dev = &inv->devs.at[i];
		if (!reader->want) {
			read_details(reader, dev);
			continue;
		}
		for (unsigned w = 0; w < reader->n_want; w++)
			if (wanted(reader, &reader->want[w], dev))
				read_group(reader, dev);
	}
}

static void drop_vanished(struct reader *reader)
{
	struct inventory *inv = reader->inv;
	size_t kept = 0;
	for (size_t i = 0; i < inv->devs.n; i++)
		if (reader->want || inv->devs.at[i].detailed)
			inv->devs.at[kept++] = inv->devs.at[i];
	inv->devs.n = kept;
}

/* Lines `0xstart 0xend type` (Documentation/ABI/testing/sysfs-kernel-iommu_groups). */
static int parse_reserved(struct inventory *inv, int group, const char *text)
{
	for (const char *line = text; *line;) {
		unsigned long long start, end;
		char type[24];
		if (sscanf(line, "%llx %llx %23s", &start, &end, type) == 3 && end >= start &&
		    end - start != UINT64_MAX) {
			struct reserved_region *region = vec_push(&inv->reserved);
			if (!region)
				return -ENOMEM;
			*region = (struct reserved_region){ group, { start, end - start + 1 }, "" };
			memcpy(region->type, type, sizeof(type));
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return 0;
}

static bool group_seen(const struct inventory *inv, size_t upto, int group)
{
	for (size_t i = 0; i < upto; i++)
		if (inv->devs.at[i].detailed && inv->devs.at[i].group == group)
			return true;
	return false;
}

static int read_reserved(struct reader *reader)
{
	struct inventory *inv = reader->inv;
	for (size_t i = 0; i < inv->devs.n; i++) {
		const struct pci_dev *dev = &inv->devs.at[i];
		if (!dev->detailed || dev->group < 0 || group_seen(inv, i, dev->group))
			continue;
		char path[80], text[4096];
		snprintf(path, sizeof(path), "kernel/iommu_groups/%d/reserved_regions", dev->group);
		if (file_read(reader->host->sys, path, text, sizeof(text)) < 0)
			continue;
		int r = parse_reserved(inv, dev->group, text);
		if (r)
			return r;
	}
	return 0;
}

static int read_all(struct reader *reader, struct err *err)
{
	struct inventory *inv = reader->inv;
	inv->names = pcilib_new(reader->host->sys_path);
	int r = inv->names ? add_functions(reader) : -ENOMEM;
	if (r)
		return err_errno(err, r, "PCI inventory");
	if (inv->devs.n)
		qsort(inv->devs.at, inv->devs.n, sizeof(*inv->devs.at), by_bdf);
	read_functions(reader);
	drop_vanished(reader);
	r = read_reserved(reader);
	if (!r)
		r = host_uses_read(inv, reader->host);
	if (r)
		return err_errno(err, r, "PCI inventory");
	host_facts_read(inv, reader->host);
	return 0;
}

int inventory_read_for(struct inventory *inv, const struct host *host,
		       const struct inventory_want *want, unsigned n_want, struct err *err)
{
	memset(inv, 0, sizeof(*inv));
	autoclose int devices =
		openat(host->sys, "bus/pci/devices", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (devices < 0)
		return err_errno(err, -errno, "%s/bus/pci/devices", host->sys_path);
	struct reader reader = { inv, host, devices, want, n_want };
	int r = read_all(&reader, err);
	if (r)
		inventory_fini(inv);
	return r;
}

int inventory_read(struct inventory *inv, const struct host *host, struct err *err)
{
	return inventory_read_for(inv, host, NULL, 0, err);
}

void inventory_fini(struct inventory *inv)
{
	vec_free(&inv->devs);
	vec_free(&inv->reserved);
	pcilib_free(inv->names);
	inv->names = NULL;
}

const struct pci_dev *inventory_find(const struct inventory *inv, struct bdf bdf)
{
	return find((struct inventory *)inv, bdf);
}

struct dev_name inventory_name(const struct inventory *inv, const struct pci_dev *dev)
{
	struct dev_name name = { "" };
	pcilib_device_name(inv->names, dev->vendor, dev->device, name.s, sizeof(name.s));
	return name;
}

struct dev_name inventory_class(const struct inventory *inv, const struct pci_dev *dev)
{
	struct dev_name name = { "" };
	pcilib_class_name(inv->names, dev->class_code, name.s, sizeof(name.s));
	return name;
}
