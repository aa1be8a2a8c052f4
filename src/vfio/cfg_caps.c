/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cfg_table.c cannot say of a capability in masks: those that are emulated, or rewritten. */
#include <linux/pci_regs.h>

#include "base/bytes.h"
#include "base/log.h"
#include "vfio/cfg_table.h"

#define PCIE_V2_SIZE 0x3c /* PCIe 6.0 §7.5.3: to the end of Slot Status 2 */

static const uint8_t *real(const struct cfg_cap *at)
{
	return at->snap->at + at->cap.off;
}

unsigned vfio_msi_length(const uint8_t *cap)
{
	uint16_t control = le16_get(cap + PCI_MSI_FLAGS);
	return msi_cap_len(control & PCI_MSI_FLAGS_MASKBIT, control & PCI_MSI_FLAGS_64BIT);
}

unsigned vfio_pcie_length(const uint8_t *cap)
{
	bool second = (le16_get(cap + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_VERS) > 1;
	return second ? PCIE_V2_SIZE : PCI_CAP_EXP_ENDPOINT_SIZEOF_V1;
}

unsigned vfio_rebar_length(const uint8_t *cap)
{
	unsigned n = le32_get(cap + PCI_REBAR_CTRL) >> PCI_REBAR_CTRL_NBAR_SHIFT & 7;
	return PCI_REBAR_CAP + 8 * n;
}

/* PCI Power Management 1.2 §3.2. Wake-up bits are ours and zero; only the state is the device's. */
bool vfio_build_pm(const struct cfg_cap *at)
{
	struct pci_func *func = &at->vfio->func;
	unsigned off = at->cap.off;
	if (at->len < PCI_PM_SIZEOF)
		return false;
	uint16_t pmc = le16_get(real(at) + PCI_PM_PMC);
	uint16_t control = le16_get(real(at) + PCI_PM_CTRL);
	pci_cfg_set(func, off + PCI_PM_PMC, 2, pmc & ~PCI_PM_CAP_PME_MASK);
	pci_cfg_set(func, off + PCI_PM_CTRL, 4, control & PCI_PM_CTRL_NO_SOFT_RESET);
	pci_cfg_device(func, off + PCI_PM_CTRL, 2, PCI_PM_CTRL_STATE_MASK);
	pci_cfg_writable(func, off + PCI_PM_CTRL, 2, PCI_PM_CTRL_STATE_MASK);
	pci_cfg_w1c(func, off + PCI_PM_CTRL, 2, PCI_PM_CTRL_PME_STATUS);
	at->vfio->pm_cap = at->cap.off;
	return true;
}

bool vfio_build_msi(const struct cfg_cap *at)
{
	struct vfio_pci *vfio = at->vfio;
	uint16_t control = le16_get(real(at) + PCI_MSI_FLAGS);
	unsigned max = 1u << ((control & PCI_MSI_FLAGS_QMASK) >> 1);
	bool mask = control & PCI_MSI_FLAGS_MASKBIT, wide = control & PCI_MSI_FLAGS_64BIT;
	while (max > at->irqs->msi)
		max /= 2;
	if (!max || max > MSI_MAX_VECTORS || at->len < msi_cap_len(mask, wide))
		return false;
	if (msi_init(&vfio->msi, &vfio->func, at->cap.off, max, mask, wide, vfio->irqs,
		     &vfio_msi_source, vfio) < 0)
		return false;
	vfio->msi.vectors.name = vfio->name.s;
	vfio->msi_cap = at->cap.off;
	return true;
}

/* Offset and BAR of the table or PBA (PCIe 6.0 §7.7.2.3) when it lies inside that BAR. */
static bool place(const struct vfio_pci *vfio, uint32_t reg, uint64_t len, unsigned *ret_bar,
		  struct range *ret)
{
	unsigned bar = reg & PCI_MSIX_TABLE_BIR;
	uint64_t off = reg & PCI_MSIX_TABLE_OFFSET;
	if (bar > VFIO_PCI_BAR5_REGION_INDEX || !inside(off, len, vfio->region[bar].size))
		return false;
	*ret_bar = bar;
	*ret = (struct range){ off, len };
	return true;
}

bool vfio_build_msix(const struct cfg_cap *at)
{
	struct vfio_pci *vfio = at->vfio;
	const uint8_t *cap = real(at);
	if (at->len < PCI_CAP_MSIX_SIZEOF)
		return false;
	unsigned n = (le16_get(cap + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_QSIZE) + 1;
	if (n > at->irqs->msix)
		n = at->irqs->msix;
	if (!n || !place(vfio, le32_get(cap + PCI_MSIX_TABLE), n * MSIX_ENTRY_SIZE,
			 &vfio->msix_at.table_bar, &vfio->msix_at.table))
		return false;
	/* Some functions give a wrong place; hardly a driver looks there, so the rest stays. */
	if (!place(vfio, le32_get(cap + PCI_MSIX_PBA), (n + 63) / 64 * 8, &vfio->msix_at.pba_bar,
		   &vfio->msix_at.pba))
		log_warn("%s: its MSI-X pending bits lie outside their BAR", vfio_name(vfio).s);
	vfio->msix_given = vfio_no_fds(n);
	if (!vfio->msix_given || msix_init(&vfio->msix, n, vfio->irqs, &vfio_msix_source, vfio) < 0)
		return false;
	vfio->msix.vectors.name = vfio->name.s;
	pci_cfg_set(&vfio->func, at->cap.off + PCI_MSIX_FLAGS, 2, n - 1);
	pci_cfg_writable(&vfio->func, at->cap.off + PCI_MSIX_FLAGS, 2,
			 PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	vfio->msix_cap = at->cap.off;
	return true;
}

/* A function of the host's root complex sits behind a port here, so it needs a link. */
static uint16_t as_endpoint(struct pci_func *func, unsigned off, uint16_t flags)
{
	pci_cfg_set(func, off + PCI_EXP_LNKCAP, 4, PCI_EXP_LNKCAP_SLS_2_5GB | 1 << 4);
	pci_cfg_set(func, off + PCI_EXP_LNKCTL, 2, 0);
	pci_cfg_set(func, off + PCI_EXP_LNKSTA, 2,
		    PCI_EXP_LNKSTA_CLS_2_5GB | PCI_EXP_LNKSTA_NLW_X1);
	return (flags & ~PCI_EXP_FLAGS_TYPE) | PCI_EXP_TYPE_ENDPOINT << 4;
}

static bool has_reset(const struct vfio_pci *vfio)
{
	return vfio->flags & VFIO_DEVICE_FLAGS_RESET;
}

/* PCIe 6.0 §7.5.3. Version 0 is an erratum (Intel 82599 VF); Windows refuses such a device. */
bool vfio_build_pcie(const struct cfg_cap *at)
{
	static const struct cfg_field flr[] = { { PCI_EXP_DEVCTL, 2, 0xffff, 0xffff, 0 }, { 0 } };
	struct pci_func *func = &at->vfio->func;
	unsigned off = at->cap.off;
	uint16_t flags = le16_get(real(at) + PCI_EXP_FLAGS) & ~PCI_EXP_FLAGS_SLOT;
	unsigned type = (flags & PCI_EXP_FLAGS_TYPE) >> 4;
	at->vfio->pcie_cap = 0;
	if (at->len < PCI_CAP_EXP_ENDPOINT_SIZEOF_V1 ||
	    (type != PCI_EXP_TYPE_ENDPOINT && type != PCI_EXP_TYPE_LEG_END &&
	     type != PCI_EXP_TYPE_RC_END))
		return false;
	if (type == PCI_EXP_TYPE_RC_END && !at->vfio->config.on_root)
		flags = as_endpoint(func, off, flags);
	if (!(flags & PCI_EXP_FLAGS_VERS))
		flags |= 1;
	pci_cfg_set(func, off + PCI_EXP_FLAGS, 2, flags);
	uint32_t caps = le32_get(real(at) + PCI_EXP_DEVCAP);
	if (!has_reset(at->vfio))
		caps &= ~(uint32_t)PCI_EXP_DEVCAP_FLR;
	pci_cfg_set(func, off + PCI_EXP_DEVCAP, 4, caps);
	if (caps & PCI_EXP_DEVCAP_FLR)
		vfio_cfg_fields(func, off, at->len, flr);
	/* What our root ports do not offer, or the host decides: LTR, OBFF, ten-bit tags. */
	if (inside(PCI_EXP_DEVCAP2, 4, at->len))
		pci_cfg_set(func, off + PCI_EXP_DEVCAP2, 4,
			    le32_get(real(at) + PCI_EXP_DEVCAP2) &
				    ~(PCI_EXP_DEVCAP2_LTR | PCI_EXP_DEVCAP2_OBFF_MASK | 0x30000u));
	at->vfio->pcie_cap = at->cap.off;
	return true;
}

/* Advanced Features (PCI ECN 2006): a function reset for conventional PCI. */
bool vfio_build_af(const struct cfg_cap *at)
{
	static const struct cfg_field flr[] = {
		{ PCI_AF_CTRL, 1, PCI_AF_CTRL_FLR, PCI_AF_CTRL_FLR, 0 },
		{ 0 },
	};
	struct pci_func *func = &at->vfio->func;
	if (at->len < PCI_CAP_AF_SIZEOF)
		return false;
	uint8_t caps = real(at)[PCI_AF_CAP];
	if (!has_reset(at->vfio))
		caps &= ~PCI_AF_CAP_FLR;
	pci_cfg_set(func, at->cap.off + PCI_AF_CAP, 1, caps);
	if (caps & PCI_AF_CAP_FLR)
		vfio_cfg_fields(func, at->cap.off, at->len, flr);
	at->vfio->af_cap = at->cap.off;
	return true;
}

/* Resizable BAR (PCIe 6.0 §7.8.6): each BAR supports the size it has, and nothing is writable. */
bool vfio_build_rebar(const struct cfg_cap *at)
{
	if (at->len < 12)
		return false;
	unsigned n = le32_get(real(at) + PCI_REBAR_CTRL) >> PCI_REBAR_CTRL_NBAR_SHIFT & 7;
	for (unsigned i = 0; i < n; i++) {
		unsigned cap = PCI_REBAR_CAP + 8 * i, control = PCI_REBAR_CTRL + 8 * i;
		if (!inside(control, 4, at->len))
			return false;
		uint32_t value = le32_get(real(at) + control) & 0x3fe7;
		unsigned size = value >> PCI_REBAR_CTRL_BAR_SHIFT; /* as 1 MiB << size */
		if (size > 19) /* above 512 GiB the bit lies in another register */
			return false;
		pci_cfg_set(&at->vfio->func, at->cap.off + cap, 4, UINT32_C(1) << (size + 4));
		pci_cfg_set(&at->vfio->func, at->cap.off + control, 4, value);
	}
	return n > 0;
}
