/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sriov/sketch.h"

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/parse.h"
#include "core/resource.h"
#include "pci/cap.h"
#include "sriov/pf_path.h"

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
	uint8_t cfg[PCIE_CFG_SIZE];
	autoclose int fd = openat(host->sys, pf_path(pf, "config").s, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || file_pread_all(fd, cfg, sizeof(cfg), 0))
		return 0;
	unsigned at = pci_ext_cap_find(cfg, sizeof(cfg), PCI_EXT_CAP_ID_SRIOV);
	if (!at || at + PCI_SRIOV_TOTAL_VF + 2 > sizeof(cfg))
		return 0;
	return le16_get(cfg + at + PCI_SRIOV_TOTAL_VF);
}

static void read_bars(const struct host *host, const struct pf *pf, struct pci_dev *dev)
{
	char text[2048];
	unsigned total = hardware_total(host, pf->bdf);
	total = total ? total : pf->total;
	if (!total || file_read(host->sys, pf_path(pf->bdf, "resource").s, text, sizeof(text)) < 0)
		return;
	const char *at = text;
	struct pci_resource one;
	for (unsigned i = 0; i < LINES_BEFORE_VF + PCI_N_BARS && pci_resource_next(&at, &one); i++)
		if (i >= LINES_BEFORE_VF && is_pow2(one.size / total))
			dev->bar[i - LINES_BEFORE_VF] =
				(struct pci_resource){ 0, one.size / total, one.flags };
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
