/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One PCI function out of its sysfs directory. */
#include "core/inventory_parts.h"
#include "core/resource.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/parse.h"

/* Configuration header and capabilities (PCI 3.0 §6.1, §6.7, §6.8; PCIe 6.0 §7.5.3). */
#define CFG_SIZE 256
#define CFG_HEADER_SIZE 64 /* all that the kernel shows without CAP_SYS_ADMIN */
#define CFG_VENDOR 0x00
#define CFG_DEVICE 0x02
#define CFG_STATUS 0x06
#define STATUS_CAP_LIST 0x10
#define CFG_REVISION 0x08
#define CFG_CLASS 0x09
#define CFG_HEADER_TYPE 0x0e
#define HEADER_MULTIFUNCTION 0x80
#define CFG_SUBVENDOR 0x2c /* of a type 0 header */
#define CFG_SUBDEVICE 0x2e
#define CFG_CAP_POINTER 0x34
#define CFG_INT_PIN 0x3d
#define CLASS_PCI_BRIDGE 0x0604
#define CAP_MSI 0x05
#define CAP_PCIE 0x10
#define CAP_MSIX 0x11

int pci_dev_group(int devices, struct bdf bdf)
{
	char path[64], name[32];
	snprintf(path, sizeof(path), "%s/iommu_group", bdf_text(bdf).s);
	if (file_link_name(devices, path, name, sizeof(name)))
		return -1;
	char *end;
	long group = strtol(name, &end, 10);
	return *end || group < 0 || group > INT32_MAX ? -1 : (int)group;
}

ssize_t pci_attr_read(int dir, const char *attr, char *buf, size_t size)
{
	buf[0] = 0;
	autoclose int fd = openat(dir, attr, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	n -= n > 0 && buf[n - 1] == '\n';
	buf[n] = 0;
	return n;
}

static int attr_number(int dir, const char *attr, uint64_t *ret_value)
{
	char text[32];
	ssize_t n = pci_attr_read(dir, attr, text, sizeof(text));
	return n < 0 ? (int)n : parse_u64(text, ret_value);
}

static uint64_t number(int dir, const char *attr)
{
	uint64_t value;
	return attr_number(dir, attr, &value) ? 0 : value;
}

int pci_dev_ids(int devices, struct bdf bdf, uint16_t *ret_vendor, uint16_t *ret_device)
{
	char path[64];
	uint64_t vendor, device;
	snprintf(path, sizeof(path), "%s/vendor", bdf_text(bdf).s);
	if (attr_number(devices, path, &vendor))
		return -ENODEV;
	snprintf(path, sizeof(path), "%s/device", bdf_text(bdf).s);
	if (attr_number(devices, path, &device))
		return -ENODEV;
	*ret_vendor = (uint16_t)vendor;
	*ret_device = (uint16_t)device;
	return 0;
}

static void read_cap(struct pci_dev *dev, const uint8_t *cfg, unsigned at)
{
	uint16_t control = le16_get(cfg + at + 2);
	switch (cfg[at]) {
	case CAP_MSI: /* message control 3:1 = log2 of the vectors */
		dev->msi_vectors = (uint16_t)(1u << min_u64(control >> 1 & 7, 5));
		break;
	case CAP_PCIE: /* capabilities 7:4 = device/port type */
		dev->is_pcie = true;
		dev->pcie_type = control >> 4 & 15;
		pci_dev_see_link(dev, cfg, at);
		break;
	case CAP_MSIX: /* message control 10:0 = vectors - 1 */
		dev->msix_vectors = (uint16_t)((control & 0x7ff) + 1);
		break;
	}
}

/* A broken device may have a list that loops; each offset is visited once. */
static void walk_caps(struct pci_dev *dev, const uint8_t *cfg)
{
	uint64_t seen = 0; /* one bit per dword of the 256 bytes */
	unsigned at = cfg[CFG_CAP_POINTER] & ~3u;
	while (at >= CFG_HEADER_SIZE && !(seen >> (at / 4) & 1)) {
		seen |= UINT64_C(1) << (at / 4);
		read_cap(dev, cfg, at);
		at = cfg[at + 1] & ~3u;
	}
}

/* Without privilege there are no capabilities to read; having a link speed makes it PCIe. */
static void guess_pcie(int dir, struct pci_dev *dev)
{
	dev->is_pcie = !faccessat(dir, "max_link_speed", F_OK, 0);
}

/* A device that does not answer has no ids at all; a VF lacks the first two, which its PF tells. */
static bool ids_of_header(int dir, struct pci_dev *dev, const uint8_t *cfg)
{
	dev->class_code = (uint32_t)le_get(cfg + CFG_CLASS, 3);
	if (dev->class_code == 0xffffff)
		return false;
	dev->vendor = le16_get(cfg + CFG_VENDOR);
	dev->device = le16_get(cfg + CFG_DEVICE);
	if (dev->vendor == 0xffff) {
		dev->vendor = (uint16_t)number(dir, "vendor");
		dev->device = (uint16_t)number(dir, "device");
	}
	dev->revision = cfg[CFG_REVISION];
	dev->subvendor = le16_get(cfg + CFG_SUBVENDOR);
	dev->subdevice = le16_get(cfg + CFG_SUBDEVICE);
	return true;
}

static void ids_of_attributes(int dir, struct pci_dev *dev)
{
	dev->vendor = (uint16_t)number(dir, "vendor");
	dev->device = (uint16_t)number(dir, "device");
	dev->subvendor = (uint16_t)number(dir, "subsystem_vendor");
	dev->subdevice = (uint16_t)number(dir, "subsystem_device");
	dev->class_code = (uint32_t)number(dir, "class") & 0xffffff;
	dev->revision = (uint8_t)number(dir, "revision");
}

/* Of a function whose header could not be read, or was not to be. */
static void guess_header(int dir, struct pci_dev *dev)
{
	guess_pcie(dir, dev);
	dev->header_type = dev->class_code >> 8 == CLASS_PCI_BRIDGE;
}

static void read_config(int dir, struct pci_dev *dev)
{
	uint8_t cfg[CFG_SIZE] = { 0 };
	autoclose int fd = dev->asleep ? -1 : openat(dir, "config", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, cfg, sizeof(cfg), 0);
	if (n < CFG_HEADER_SIZE || !ids_of_header(dir, dev, cfg))
		ids_of_attributes(dir, dev);
	if (n < CFG_HEADER_SIZE) {
		guess_header(dir, dev);
		return;
	}
	dev->header_type = cfg[CFG_HEADER_TYPE] & 0x7f;
	dev->multifunction = cfg[CFG_HEADER_TYPE] & HEADER_MULTIFUNCTION;
	dev->int_pin = cfg[CFG_INT_PIN] <= 4 ? cfg[CFG_INT_PIN] : 0;
	dev->caps_read = n == CFG_SIZE;
	if (!dev->caps_read)
		guess_pcie(dir, dev);
	else if (le16_get(cfg + CFG_STATUS) & STATUS_CAP_LIST)
		walk_caps(dev, cfg);
}

static void read_resources(int dir, struct pci_dev *dev)
{
	char text[2048];
	if (pci_attr_read(dir, "resource", text, sizeof(text)) < 0)
		return;
	const char *at = text;
	struct pci_resource one;
	for (unsigned i = 0; i <= PCI_N_BARS && pci_resource_next(&at, &one); i++)
		/* A BAR is a power of two (PCI 3.0 §6.2.5.1); anything else cannot be laid out. */
		if (is_pow2(one.size))
			*(i < PCI_N_BARS ? &dev->bar[i] : &dev->rom) = one;
}

/* Text of an attribute, "" when absent, too long, or what the kernel prints for "none". */
static void text_attr(int dir, const char *attr, char *buf, size_t size)
{
	char text[256];
	ssize_t n = pci_attr_read(dir, attr, text, sizeof(text));
	if (n < 0 || (size_t)n >= size || !strcmp(text, "(null)"))
		n = 0;
	memcpy(buf, text, (size_t)n);
	buf[n] = 0;
}

static void link_attr(int dir, const char *attr, char *buf, size_t size)
{
	if (file_link_name(dir, attr, buf, size))
		buf[0] = 0;
}

/* First entry of directory `path` that starts with `prefix`; "" when there is none. */
static void first_entry(int dir, const char *path, const char *prefix, char buf[NAME_MAX_SHORT])
{
	autodir DIR *list = dir_open(dir, path);
	const char *name;
	do
		name = dir_next(list, prefix);
	while (name && strlen(name) >= NAME_MAX_SHORT);
	snprintf(buf, NAME_MAX_SHORT, "%s", name ? name : "");
}

/* With cdev support vfio-dev/vfioN has a device number; the directory alone is older. */
static void read_vfio_cdev(int dir, struct pci_dev *dev)
{
	char name[NAME_MAX_SHORT], path[NAME_MAX_SHORT + 16];
	first_entry(dir, "vfio-dev", "vfio", name);
	snprintf(path, sizeof(path), "vfio-dev/%s/dev", name);
	if (*name && !faccessat(dir, path, F_OK, 0))
		memcpy(dev->vfio_cdev, name, sizeof(name));
}

/* A VF has no link while its PF's network interface is down (IFF_UP is bit 0 of `flags`). */
static void read_physfn(int dir, struct pci_dev *dev)
{
	char name[NAME_MAX_SHORT], path[NAME_MAX_SHORT + 32];
	link_attr(dir, "physfn", name, sizeof(name));
	dev->is_vf = !bdf_parse(name, &dev->physfn);
	if (!dev->is_vf)
		return;
	first_entry(dir, "physfn/net", "", name);
	snprintf(path, sizeof(path), "physfn/net/%s/flags", name);
	uint64_t flags;
	if (*name && !attr_number(dir, path, &flags) && !(flags & 1))
		memcpy(dev->physfn_netdev, name, sizeof(name));
}

static void read_numa_node(int dir, struct pci_dev *dev)
{
	char text[16];
	if (pci_attr_read(dir, "numa_node", text, sizeof(text)) > 0)
		dev->numa_node = isdigit((unsigned char)text[0]) ? atoi(text) : -1;
}

int pci_dev_read(int devices, struct pci_dev *dev, bool all)
{
	autoclose int dir =
		openat(devices, bdf_text(dev->bdf).s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -ENODEV;
	if (all)
		pci_dev_see_power(dir, dev);
	read_config(dir, dev);
	read_resources(dir, dev);
	read_numa_node(dir, dev);
	link_attr(dir, "driver", dev->driver, sizeof(dev->driver));
	text_attr(dir, "driver_override", dev->driver_override, sizeof(dev->driver_override));
	text_attr(dir, "reset_method", dev->reset_methods, sizeof(dev->reset_methods));
	read_physfn(dir, dev);
	if (!dev->is_vf)
		dev->n_vfs = (unsigned)number(dir, "sriov_numvfs");
	if (!strcmp(dev->driver, "vfio-pci"))
		read_vfio_cdev(dir, dev);
	if (all)
		pci_dev_see(dir, dev);
	return 0;
}
