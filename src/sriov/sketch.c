/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sriov/sketch.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/parse.h"
#include "sriov/pf_path.h"

/* Extended capabilities (PCIe 6.0 §7.6.3, §9.3.3). */
#define EXT_CAP_FIRST 0x100
#define EXT_CAP_SRIOV 0x0010
#define SRIOV_TOTAL_VFS 0x0e
#define CFG_SIZE 4096

/* Lines of `resource` before the six of VF BARs: BARs 0 to 5 and the ROM (drivers/pci/pci-sysfs.c). */
#define LINES_BEFORE_VF 7

static uint64_t number(const struct host *host, struct bdf bdf, const char *attr)
{
	uint64_t value;
	return file_read_u64(host->sys, pf_path(bdf, attr).s, &value) ? 0 : value;
}

/* Routing ids roll over into the next bus. */
static struct bdf address(const struct pf *pf, unsigned index)
{
	struct bdf bdf = pf->bdf;
	unsigned rid = bdf_rid(pf->bdf) + pf->offset + index * pf->stride;
	bdf.bus = (uint8_t)(rid >> 8);
	bdf.dev = rid >> 3 & 31;
	bdf.fn = rid & 7;
	return bdf;
}

/*
 * TotalVFs of the capability: `sriov_totalvfs` is less where the driver has said so, but resources are
 * sized by this. 0 when it cannot be read.
 */
static unsigned hardware_total(const struct host *host, struct bdf pf)
{
	uint8_t cfg[CFG_SIZE];
	autoclose int fd = openat(host->sys, pf_path(pf, "config").s, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || file_pread_all(fd, cfg, sizeof(cfg), 0))
		return 0;
	unsigned at = EXT_CAP_FIRST;
	/* A broken list may loop; there is room for no more than this many. */
	for (unsigned i = 0; at >= EXT_CAP_FIRST && i < CFG_SIZE / 8; i++) {
		uint32_t head = (uint32_t)le_get(cfg + at, 4);
		if ((head & 0xffff) == EXT_CAP_SRIOV && at + SRIOV_TOTAL_VFS + 2 <= CFG_SIZE)
			return le16_get(cfg + at + SRIOV_TOTAL_VFS);
		at = head >> 20 & 0xffc;
	}
	return 0;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

static void read_bars(const struct host *host, const struct pf *pf, struct pci_dev *dev)
{
	char text[2048];
	unsigned total = hardware_total(host, pf->bdf);
	total = total ? total : pf->total;
	if (!total || file_read(host->sys, pf_path(pf->bdf, "resource").s, text, sizeof(text)) < 0)
		return;
	const char *line = text;
	for (unsigned i = 0; i < LINES_BEFORE_VF; i++)
		line = next_line(line);
	for (unsigned i = 0; i < PCI_N_BARS; i++, line = next_line(line)) {
		unsigned long long start, end, flags;
		if (sscanf(line, "%llx %llx %llx", &start, &end, &flags) != 3 || end <= start)
			continue;
		uint64_t size = (end - start + 1) / total;
		if (is_pow2(size))
			dev->bar[i] = (struct pci_resource){ 0, size, flags };
	}
}

void vf_sketch(const struct host *host, const struct pf *pf, unsigned index, struct pci_dev *ret)
{
	struct pci_dev dev = { .bdf = address(pf, index), .detailed = true, .group = -1 };
	char device[16];
	uint64_t id;
	dev.vendor = pf->vendor;
	/* Hexadecimal without a prefix, which nothing else in sysfs is. */
	if (file_read(host->sys, pf_path(pf->bdf, "sriov_vf_device").s, device, sizeof(device)) > 0) {
		char prefixed[24];
		snprintf(prefixed, sizeof(prefixed), "0x%s", device);
		dev.device = parse_u64(prefixed, &id) ? 0 : (uint16_t)id;
	}
	dev.class_code = (uint32_t)number(host, pf->bdf, "class") & 0xffffff;
	dev.numa_node = -1;
	dev.is_pcie = true;
	dev.is_vf = true;
	dev.physfn = pf->bdf;
	if (*pf->netdev && !pf->is_up)
		snprintf(dev.physfn_netdev, sizeof(dev.physfn_netdev), "%s", pf->netdev);
	/* Every VF has it (PCIe 6.0 §9.2.2.2). */
	snprintf(dev.reset_methods, sizeof(dev.reset_methods), "flr");
	read_bars(host, pf, &dev);
	*ret = dev;
}
