/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is only looked at of a PCI function: power, links, BAR sizes to choose from, possible VFs.
 */
#include "core/inventory_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/parse.h"

/* PCIe 6.0 §7.5.3.6, §7.5.3.8: from the start of the capability */
#define PCIE_LINK_CAP 0x0c
#define PCIE_LINK_STATUS 0x12
#define CFG_SIZE 256

/* PCIe 6.0 §7.8.6: no resizable BAR is smaller */
#define REBAR_MIN MIB
#define REBAR_SIZES 44 /* 1 MiB to 8 EiB */

void pci_dev_see_power(int dir, struct pci_dev *dev)
{
	pci_attr_read(dir, "power_state", dev->power_state, sizeof(dev->power_state));
	if (!strcmp(dev->power_state, "unknown"))
		dev->power_state[0] = 0;
	dev->asleep = !strcmp(dev->power_state, "D3cold");
}

/* Both registers have the speed in bits 3:0 and the width in bits 9:4. */
static struct link_speed link_of(unsigned reg)
{
	struct link_speed link = { reg & 15, reg >> 4 & 63 };
	return link.gen && link.width ? link : (struct link_speed){ 0 };
}

void pci_dev_see_link(struct pci_dev *dev, const uint8_t *cfg, unsigned at)
{
	if (at + PCIE_LINK_STATUS + 2 > CFG_SIZE)
		return;
	dev->link_max = link_of(le16_get(cfg + at + PCIE_LINK_CAP));
	dev->link = link_of(le16_get(cfg + at + PCIE_LINK_STATUS));
}

/* "8.0 GT/s PCIe"; the kernel says "Unknown" of others. */
static uint8_t generation(const char *speed)
{
	static const char *const speeds[] = { "2.5 ", "5.0 ", "8.0 ", "16.0 ", "32.0 ", "64.0 " };
	for (unsigned i = 0; i < ARRAY_LEN(speeds); i++)
		if (!strncmp(speed, speeds[i], strlen(speeds[i])))
			return (uint8_t)(i + 1);
	return 0;
}

static struct link_speed link_attrs(int dir, const char *speed_attr, const char *width_attr)
{
	char speed[32], width[16];
	uint64_t lanes = 0;
	pci_attr_read(dir, speed_attr, speed, sizeof(speed));
	pci_attr_read(dir, width_attr, width, sizeof(width));
	if (parse_u64(width, &lanes) || lanes > 32)
		lanes = 0;
	struct link_speed link = { generation(speed), (uint8_t)lanes };
	return link.gen && link.width ? link : (struct link_speed){ 0 };
}

/* A bitmap in hexadecimal (Documentation/ABI/testing/sysfs-bus-pci). */
static void see_bar_sizes(int dir, struct pci_dev *dev, unsigned bar)
{
	char attr[24], text[32];
	if (!(dev->bar[bar].flags & RES_MEM) || dev->bar[bar].size < REBAR_MIN)
		return;
	snprintf(attr, sizeof(attr), "resource%u_resize", bar);
	if (pci_attr_read(dir, attr, text, sizeof(text)) > 0)
		dev->bar_sizes[bar] = strtoull(text, NULL, 16) & ((UINT64_C(1) << REBAR_SIZES) - 1);
}

static void see_max_vfs(int dir, struct pci_dev *dev)
{
	char text[16];
	uint64_t n;
	if (dev->is_vf || dev->header_type ||
	    pci_attr_read(dir, "sriov_totalvfs", text, sizeof(text)) <= 0 || parse_u64(text, &n))
		return;
	dev->max_vfs = (unsigned)min_u64(n, UINT16_MAX); /* PCIe 6.0 §9.3.3.5: 16 bits */
}

void pci_dev_see(int dir, struct pci_dev *dev)
{
	/* The registers are readable for root alone; the attributes for all. */
	if (dev->is_pcie && !dev->is_vf && !dev->link_max.gen) {
		dev->link_max = link_attrs(dir, "max_link_speed", "max_link_width");
		dev->link = link_attrs(dir, "current_link_speed", "current_link_width");
	}
	for (unsigned i = 0; i < PCI_N_BARS; i++)
		see_bar_sizes(dir, dev, i);
	see_max_vfs(dir, dev);
}
