/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/cfg_table.h"

#include <linux/pci_regs.h>

#include "base/bytes.h"

/* One row: a line of registers and a line of reason. */
/* clang-format off */

const struct cfg_field vfio_header_fields[] = {
	/* Error bits are cleared by writing 1; the capability list bit is ours, as the list is. */
	{ PCI_STATUS, 2, 0xffef, 0, 0xf900 },
	{ PCI_CACHE_LINE_SIZE, 1, 0xff, 0xff, 0 },
	{ PCI_LATENCY_TIMER, 1, 0xff, 0xff, 0 },
	{ 0 },
};

static const struct cfg_field vpd_fields[] = {
	{ PCI_VPD_ADDR, 2, 0xffff, 0xffff, 0 }, /* the kernel serialises the access itself */
	{ PCI_VPD_DATA, 4, UINT32_MAX, UINT32_MAX, 0 },
	{ 0 },
};
static const struct cfg_field pcix_fields[] = {
	{ PCI_X_CMD, 2, 0xffff, 0x007f, 0 },
	{ PCI_X_STATUS, 4, UINT32_MAX, 0, PCI_X_STATUS_SPL_DISC | PCI_X_STATUS_UNX_SPL |
						  PCI_X_STATUS_SPL_ERR },
	{ 0 },
};
static const struct cfg_field pcie_fields[] = {
	{ PCI_EXP_DEVCTL, 2, 0x7fff, 0x7fff, 0 }, /* bit 15 (FLR): where vfio_build_pcie adds it */
	{ PCI_EXP_DEVSTA, 2, 0xffff, 0, 0x000f },
	{ PCI_EXP_LNKSTA, 2, 0xffff, 0, 0 },
	{ PCI_EXP_DEVCTL2, 2, 0xffff, 0x035f, 0 }, /* time-outs, AtomicOp requester, ordering */
	{ PCI_EXP_DEVSTA2, 2, 0xffff, 0, 0 },
	{ 0 },
};
static const struct cfg_field af_fields[] = {
	{ PCI_AF_STATUS, 1, PCI_AF_STATUS_TP, 0, 0 },
	{ 0 },
};
static const struct cfg_field power_budget_fields[] = {
	{ 4, 1, 0xff, 0xff, 0 },     /* data select */
	{ 8, 4, UINT32_MAX, 0, 0 },  /* the data it selects */
	{ 0 },
};

/* PCI Code and ID Assignment 1.17 §2; lengths from PCI 3.0 and PCIe 6.0 chapter 7. Ascending. */
static const struct cap_row caps[] = {
	{ PCI_CAP_ID_PM, CAP_SHOW, PCI_PM_SIZEOF, "power management", NULL, NULL, vfio_build_pm,
	  "the guest may use D0 and D3hot; wake-up events would have nobody to go to" },
	{ PCI_CAP_ID_AGP, CAP_HIDE, 12, "AGP", NULL, NULL, NULL,
	  "apertures are the host's" },
	{ PCI_CAP_ID_VPD, CAP_SHOW, PCI_CAP_VPD_SIZEOF, "vital product data", vpd_fields, NULL, NULL,
	  "drivers read serial numbers and MACs here" },
	{ PCI_CAP_ID_SLOTID, CAP_HIDE, 4, "slot numbering", NULL, NULL, NULL,
	  "describes host slots" },
	{ PCI_CAP_ID_MSI, CAP_SHOW, 0, "MSI", NULL, vfio_msi_length, vfio_build_msi,
	  "emulated: the real one is programmed by the host" },
	{ PCI_CAP_ID_CHSWP, CAP_HIDE, 4, "CompactPCI hot swap", NULL, NULL, NULL,
	  "the host's to eject" },
	{ PCI_CAP_ID_PCIX, CAP_SHOW, 8, "PCI-X", pcix_fields, NULL, NULL,
	  "burst sizes are the driver's" },
	{ PCI_CAP_ID_HT, CAP_HIDE, 0, "HyperTransport", NULL, NULL, NULL,
	  "interrupt and host routing" },
	{ PCI_CAP_ID_VNDR, CAP_RAW, 0, "vendor specific", NULL, NULL, NULL,
	  "only its driver knows" },
	{ PCI_CAP_ID_DBG, CAP_HIDE, 4, "debug port", NULL, NULL, NULL,
	  "points into a BAR of the host's" },
	{ PCI_CAP_ID_CCRC, CAP_HIDE, 0, "CompactPCI resources", NULL, NULL, NULL,
	  "the host's to deal out" },
	{ PCI_CAP_ID_SHPC, CAP_HIDE, 8, "hot-plug controller", NULL, NULL, NULL,
	  "bridges only" },
	{ PCI_CAP_ID_SSVID, CAP_HIDE, 8, "bridge subsystem ids", NULL, NULL, NULL,
	  "bridges only" },
	{ PCI_CAP_ID_AGP3, CAP_HIDE, 12, "AGP 8x", NULL, NULL, NULL,
	  "apertures are the host's" },
	{ PCI_CAP_ID_SECDEV, CAP_HIDE, 0, "secure device", NULL, NULL, NULL,
	  "IOMMU of the host" },
	{ PCI_CAP_ID_EXP, CAP_SHOW, 0, "PCI Express", pcie_fields, vfio_pcie_length, vfio_build_pcie,
	  "link registers are the host's; a function reset is ours to carry out" },
	{ PCI_CAP_ID_MSIX, CAP_SHOW, PCI_CAP_MSIX_SIZEOF, "MSI-X", NULL, NULL, vfio_build_msix,
	  "emulated: the real one is programmed by the host" },
	{ PCI_CAP_ID_SATA, CAP_SHOW, 8, "SATA", NULL, NULL, NULL,
	  "says where index registers are" },
	{ PCI_CAP_ID_AF, CAP_SHOW, PCI_CAP_AF_SIZEOF, "advanced", af_fields, NULL, vfio_build_af,
	  "a function reset is ours to carry out" },
	{ PCI_CAP_ID_EA, CAP_HIDE, 0, "enhanced allocation", NULL, NULL, NULL,
	  "fixed host addresses" },
};

/* PCIe 6.0 §7.7 to §7.9 by id, ascending. */
static const struct cap_row ext_caps[] = {
	{ PCI_EXT_CAP_ID_ERR, CAP_RAW, 0x48, "AER", NULL, NULL, NULL,
	  "the guest's driver may read and clear its device's errors; the kernel filters writes" },
	{ PCI_EXT_CAP_ID_VC, CAP_HIDE, 0, "virtual channel", NULL, NULL, NULL,
	  "arbitration is the host's" },
	{ PCI_EXT_CAP_ID_DSN, CAP_SHOW, 12, "serial number", NULL, NULL, NULL,
	  "identity" },
	{ PCI_EXT_CAP_ID_PWR, CAP_SHOW, 16, "power budgeting", power_budget_fields, NULL, NULL,
	  "harmless" },
	{ PCI_EXT_CAP_ID_RCLD, CAP_HIDE, 0, "root complex links", NULL, NULL, NULL,
	  "host topology" },
	{ PCI_EXT_CAP_ID_RCILC, CAP_HIDE, 12, "root complex link control", NULL, NULL, NULL,
	  "the host's" },
	{ PCI_EXT_CAP_ID_RCEC, CAP_HIDE, 0, "event collector", NULL, NULL, NULL,
	  "host topology" },
	{ PCI_EXT_CAP_ID_MFVC, CAP_HIDE, 0, "multi-function channels", NULL, NULL, NULL,
	  "arbitration" },
	{ PCI_EXT_CAP_ID_VC9, CAP_HIDE, 0, "virtual channel", NULL, NULL, NULL,
	  "arbitration is the host's" },
	{ PCI_EXT_CAP_ID_RCRB, CAP_HIDE, 0, "root complex registers", NULL, NULL, NULL,
	  "host topology" },
	{ PCI_EXT_CAP_ID_VNDR, CAP_RAW, 0, "vendor specific", NULL, NULL, NULL,
	  "only its driver knows" },
	{ PCI_EXT_CAP_ID_CAC, CAP_HIDE, 0, "configuration access", NULL, NULL, NULL,
	  "deprecated" },
	{ PCI_EXT_CAP_ID_ACS, CAP_HIDE, 0, "access control", NULL, NULL, NULL,
	  "isolation is the host's" },
	{ PCI_EXT_CAP_ID_ARI, CAP_HIDE, 8, "alternative routing id", NULL, NULL, NULL,
	  "its next-function pointer is host topology" },
	{ PCI_EXT_CAP_ID_ATS, CAP_HIDE, 8, "address translation", NULL, NULL, NULL,
	  "the guest has no IOMMU to answer; the host's own use goes on" },
	{ PCI_EXT_CAP_ID_SRIOV, CAP_HIDE, 0x40, "SR-IOV", NULL, NULL, NULL,
	  "virtual functions are made on the host; its BARs confuse firmware" },
	{ PCI_EXT_CAP_ID_MRIOV, CAP_HIDE, 0, "multi-root IOV", NULL, NULL, NULL,
	  "the host's" },
	{ PCI_EXT_CAP_ID_MCAST, CAP_HIDE, 0x30, "multicast", NULL, NULL, NULL,
	  "makes the device claim addresses beside its BARs" },
	{ PCI_EXT_CAP_ID_PRI, CAP_HIDE, 16, "page requests", NULL, NULL, NULL,
	  "needs a guest IOMMU" },
	{ PCI_EXT_CAP_ID_AMD_XXX, CAP_HIDE, 0, "reserved for AMD", NULL, NULL, NULL,
	  "undocumented" },
	{ PCI_EXT_CAP_ID_REBAR, CAP_SHOW, 0, "resizable BAR", NULL, vfio_rebar_length, vfio_build_rebar,
	  "only the present size: changing it is a host change" },
	{ PCI_EXT_CAP_ID_DPA, CAP_SHOW, 0, "dynamic power", NULL, NULL, NULL,
	  "read-only in the kernel" },
	{ PCI_EXT_CAP_ID_TPH, CAP_HIDE, 0, "processing hints", NULL, NULL, NULL,
	  "tags name host CPUs" },
	{ PCI_EXT_CAP_ID_LTR, CAP_HIDE, 8, "latency tolerance", NULL, NULL, NULL,
	  "host power policy" },
	{ PCI_EXT_CAP_ID_SECPCI, CAP_HIDE, 0, "secondary PCIe", NULL, NULL, NULL,
	  "link training" },
	{ PCI_EXT_CAP_ID_PMUX, CAP_HIDE, 0, "protocol multiplexing", NULL, NULL, NULL,
	  "link layer" },
	{ PCI_EXT_CAP_ID_PASID, CAP_HIDE, 8, "PASID", NULL, NULL, NULL,
	  "needs a guest IOMMU" },
	{ PCI_EXT_CAP_ID_DPC, CAP_HIDE, 0, "port containment", NULL, NULL, NULL,
	  "the host's port" },
	{ PCI_EXT_CAP_ID_L1SS, CAP_HIDE, 16, "L1 substates", NULL, NULL, NULL,
	  "host power policy" },
	{ PCI_EXT_CAP_ID_PTM, CAP_HIDE, 12, "precision time", NULL, NULL, NULL,
	  "our ports have none" },
	{ PCI_EXT_CAP_ID_DVSEC, CAP_RAW, 0, "designated vendor specific", NULL, NULL, NULL,
	  "only its driver knows" },
};

/* clang-format on */

static const struct cap_row unknown = {
	.policy = CAP_HIDE,
	.name = "unknown capability",
	.why = "what we do not know we cannot call safe",
};

static const struct cap_row *find(const struct cap_row *rows, size_t n, uint16_t id)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].id == id)
			return &rows[i];
	return &unknown;
}

const struct cap_row *vfio_cap_row(uint8_t id)
{
	return find(caps, ARRAY_LEN(caps), id);
}

const struct cap_row *vfio_ext_cap_row(uint16_t id)
{
	return find(ext_caps, ARRAY_LEN(ext_caps), id);
}
