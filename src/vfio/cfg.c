/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds the guest's view of an assigned function's config space from a snapshot of the real one
 * and the tables of cfg_table.c. Registers outside every capability are device specific and passed
 * through, because drivers rely on them and the kernel allows it; hidden capabilities are zero to
 * their end, or to the next one where their length is not known.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "vfio/cfg_table.h"

#define CAPS_MAX (PCI_CFG_SIZE / 4)
#define EXT_CAPS_MAX (PCIE_CFG_SIZE / 4)

/* [off, off + len): our copy of `from` (NULL = zero), read-only. */
static void copy_bits(struct pci_func *func, unsigned off, unsigned len, const uint8_t *from)
{
	if (from)
		memcpy(func->val + off, from + off, len);
	else
		memset(func->val + off, 0, len);
	memset(func->ours + off, 0xff, len);
	memset(func->writable + off, 0, len);
	memset(func->w1c + off, 0, len);
}

/* [off, off + len): all the device's, all writable. */
static void pass_bits(struct pci_func *func, unsigned off, unsigned len)
{
	memset(func->ours + off, 0, len);
	memset(func->writable + off, 0xff, len);
	memset(func->w1c + off, 0, len);
}

void vfio_cfg_fields(struct pci_func *func, unsigned base, unsigned len,
		     const struct cfg_field *fields)
{
	for (const struct cfg_field *f = fields; f && f->size; f++) {
		if (!inside(f->off, f->size, len))
			continue;
		pci_cfg_device(func, base + f->off, f->size, f->live);
		pci_cfg_writable(func, base + f->off, f->size, f->write);
		pci_cfg_w1c(func, base + f->off, f->size, f->w1c);
	}
}

/* --- standard header --- */

static void build_header(struct vfio_pci *vfio, const uint8_t *snap)
{
	struct pci_func *func = &vfio->func;
	const struct pci_ids ids = {
		.vendor = le16_get(snap + PCI_VENDOR_ID), /* virtual: a VF's own reads all-ones */
		.device = le16_get(snap + PCI_DEVICE_ID),
		.subvendor = le16_get(snap + PCI_SUBSYSTEM_VENDOR_ID),
		.subdevice = le16_get(snap + PCI_SUBSYSTEM_ID),
		.class_code = le32_get(snap + PCI_CLASS_REVISION) >> 8,
		.revision = snap[PCI_CLASS_REVISION],
	};
	/* PCIe hardwires memory write-and-invalidate to 0 (PCIe 6.0 §7.5.1.1.3). */
	uint32_t command = PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
			   PCI_COMMAND_PARITY | PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE |
			   (vfio->pcie_cap ? 0 : PCI_COMMAND_INVALIDATE);
	pci_cfg_ids(func, &ids);
	pci_cfg_set(func, PCI_HEADER_TYPE, 1, PCI_HEADER_TYPE_NORMAL);
	pci_cfg_writable(func, PCI_COMMAND, 2, command);
	pci_cfg_writable(func, PCI_INTERRUPT_LINE, 1, 0xff);
	pci_cfg_set(func, PCI_INTERRUPT_PIN, 1, vfio->intx.pin);
	pci_cfg_set(func, PCI_MIN_GNT, 2, le16_get(snap + PCI_MIN_GNT));
	vfio_cfg_fields(func, 0, PCI_STD_HEADER_SIZEOF, vfio_header_fields);
}

/* --- capabilities --- */

/* Where the space after `off` stops being this capability's at the latest. */
static unsigned next_start(const struct pci_cap *caps, size_t n, unsigned off, unsigned end)
{
	for (size_t i = 0; i < n; i++)
		if (caps[i].off > off && caps[i].off < end)
			end = caps[i].off;
	return end;
}

static bool listed_before(const struct pci_cap *caps, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (caps[j].id == caps[i].id)
			return true;
	return false;
}

static unsigned header_len(bool extended)
{
	return extended ? 4 : 2;
}

/* True when the guest gets to see it; its bits are in place then, but not in the list yet. */
static bool build_cap(struct cfg_cap *at, const struct cap_row *row, bool extended)
{
	struct pci_func *func = &at->vfio->func;
	unsigned off = at->cap.off, head = header_len(extended);
	copy_bits(func, off, at->len, NULL);
	if (row->policy == CAP_HIDE || at->len < head)
		return false;
	copy_bits(func, off, at->len, at->snap->at);
	if (row->policy == CAP_RAW)
		pass_bits(func, off + head, at->len - head);
	vfio_cfg_fields(func, off, at->len, row->fields);
	if (!row->build || row->build(at))
		return true;
	copy_bits(func, off, at->len, NULL);
	return false;
}

/* Never past the next capability, whatever the device says. */
static unsigned cap_length(const struct cap_row *row, const uint8_t *cap, unsigned gap)
{
	unsigned len = row->length && gap >= 12 ? row->length(cap) : row->len;
	return len && len < gap ? len : gap;
}

static bool build_one(struct vfio_pci *vfio, const struct vfio_snapshot *snap,
		      const struct vfio_irq_counts *irqs, const struct pci_cap *caps, size_t n,
		      size_t i, bool extended)
{
	const struct cap_row *row =
		extended ? vfio_ext_cap_row(caps[i].id) : vfio_cap_row((uint8_t)caps[i].id);
	unsigned limit = extended ? (unsigned)snap->size : PCI_CFG_SIZE;
	unsigned gap = next_start(caps, n, caps[i].off, limit) - caps[i].off;
	struct cfg_cap at = {
		.vfio = vfio,
		.snap = snap,
		.cap = caps[i],
		.len = cap_length(row, snap->at + caps[i].off, gap),
		.irqs = irqs,
	};
	bool show = build_cap(&at, row, extended);
	if (!show)
		log_debug("%s: %s capability at 0x%x (%s) hidden: %s", vfio_name(vfio).s,
			  extended ? "extended" : "standard", caps[i].off, row->name, row->why);
	return show;
}

static void build_caps(struct vfio_pci *vfio, const struct vfio_snapshot *snap,
		       const struct vfio_irq_counts *irqs)
{
	struct pci_func *func = &vfio->func;
	struct pci_cap caps[CAPS_MAX];
	size_t n = pci_cap_list(snap->at, snap->size, caps, CAPS_MAX);
	pass_bits(func, PCI_STD_HEADER_SIZEOF, PCI_CFG_SIZE - PCI_STD_HEADER_SIZEOF);
	for (size_t i = 0; i < n; i++) {
		/* A second one of a kind that we emulate would be linked without being built. */
		if (vfio_cap_row((uint8_t)caps[i].id)->build && listed_before(caps, i))
			copy_bits(func, caps[i].off, 4, NULL);
		else if (build_one(vfio, snap, irqs, caps, n, i, false) &&
			 caps[i].id != PCI_CAP_ID_MSI) /* pci/msi.c has linked it */
			pci_cfg_add_cap(func, (uint8_t)caps[i].id, caps[i].off, header_len(false));
	}
}

/* The list starts at 0x100 whatever is there: without a capability it is a header with id 0. */
static void link_ext(struct pci_func *func, const struct pci_cap *shown, size_t n)
{
	unsigned link = PCI_CFG_SIZE;
	uint32_t head = 0;
	for (size_t i = 0; i < n; i++) {
		if (shown[i].off != PCI_CFG_SIZE)
			pci_cfg_set(func, link, 4, head | (uint32_t)shown[i].off << 20);
		link = shown[i].off;
		head = shown[i].id | (uint32_t)shown[i].version << 16;
	}
	pci_cfg_set(func, link, 4, head);
}

static void build_ext_caps(struct vfio_pci *vfio, const struct vfio_snapshot *snap)
{
	struct pci_func *func = &vfio->func;
	struct pci_cap caps[EXT_CAPS_MAX];
	size_t n = pci_ext_cap_list(snap->at, snap->size, caps, EXT_CAPS_MAX), shown = 0;
	pass_bits(func, PCI_CFG_SIZE, PCIE_CFG_SIZE - PCI_CFG_SIZE);
	if (!n || caps[0].off != PCI_CFG_SIZE) { /* the kernel has hidden the first one */
		unsigned end = n ? next_start(caps, n, PCI_CFG_SIZE, snap->size)
				 : PCI_CFG_SIZE + header_len(true);
		copy_bits(func, PCI_CFG_SIZE, end - PCI_CFG_SIZE, NULL);
	}
	for (size_t i = 0; i < n; i++) {
		if (build_one(vfio, snap, NULL, caps, n, i, true))
			caps[shown++] = caps[i];
	}
	link_ext(func, caps, shown);
}

int vfio_cfg_build(struct vfio_pci *vfio, const struct vfio_snapshot *snap,
		   const struct vfio_irq_counts *irqs, struct err *err)
{
	if ((snap->at[PCI_HEADER_TYPE] & 0x7f) != PCI_HEADER_TYPE_NORMAL)
		return err_set(err, -EOPNOTSUPP, "%s is a bridge; only endpoints can be assigned",
			       vfio_name(vfio).s);
	vfio->pcie_cap = pci_cap_find(snap->at, snap->size, PCI_CAP_ID_EXP);
	vfio->intx.pin = irqs->intx ? snap->at[PCI_INTERRUPT_PIN] : 0;
	if (vfio->intx.pin > 4)
		vfio->intx.pin = 0;
	vfio->command = le16_get(snap->at + PCI_COMMAND);
	pci_func_init(&vfio->func, &vfio_func_ops, snap->size);
	build_header(vfio, snap->at);
	build_caps(vfio, snap, irqs);
	if (snap->size == PCIE_CFG_SIZE)
		build_ext_caps(vfio, snap);
	vfio_igd_build(vfio, snap);
	vfio_nvidia_add_clique(vfio, snap);
	return 0;
}
