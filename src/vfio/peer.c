/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peer-to-peer: while the profile asks for it, the mapped pieces of a function's BARs are in the
 * IOMMU at their guest addresses too, so that the guest's other devices reach them by DMA. Only a
 * convenience: what the hardware or the back end cannot map is left out. The kernel can map a BAR
 * only while the function decodes, so mappings follow decoding as the KVM slots do.
 */
#include <errno.h>
#include <linux/pci_regs.h>

#include "base/bytes.h"
#include "base/log.h"
#include "vfio/parts.h"

static bool same(const struct range *a, const struct range *b)
{
	return a->start == b->start && a->size == b->size;
}

static bool listed(const struct range *list, unsigned n, const struct range *what)
{
	for (unsigned i = 0; i < n; i++)
		if (same(&list[i], what))
			return true;
	return false;
}

/* Unmaps all that `keep` does not list. */
static void drop_except(struct vfio_pci *vfio, const struct range *keep, unsigned n_keep)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < vfio->peer.n; i++) {
		const struct range at = vfio->peer.at[i];
		if (listed(keep, n_keep, &at))
			vfio->peer.at[kept++] = at;
		else
			iommu_unmap(vfio->iommu, at.start, at.size, NULL);
	}
	vfio->peer.n = kept;
}

void vfio_peer_drop(struct vfio_pci *vfio)
{
	drop_except(vfio, NULL, 0);
}

struct wants {
	struct range at[VFIO_PEER_MAX];
	void *hva[VFIO_PEER_MAX];
	unsigned n;
};

static void want_bar(const struct vfio_pci *vfio, unsigned i, struct wants *wants)
{
	const struct pci_bar *bar = &vfio->func.bar[i];
	uint64_t addr = pci_bar_addr(&vfio->func, i);
	if ((bar->kind != BAR_MEM32 && bar->kind != BAR_MEM64) || !addr)
		return;
	for (unsigned p = 0; p < bar->n_pieces && wants->n < VFIO_PEER_MAX; p++) {
		const struct bar_piece *piece = &bar->piece[p];
		uint64_t start = addr + piece->off;
		if (!piece->hva || (start | piece->len) % PAGE_4K || start < addr)
			continue;
		wants->hva[wants->n] = piece->hva;
		wants->at[wants->n++] = (struct range){ start, piece->len };
	}
}

static void map_one(struct vfio_pci *vfio, struct range at, void *hva)
{
	struct err why = { 0 };
	int r = iommu_map(vfio->iommu, at.start, hva, at.size, true, &why);
	if (r == 0) {
		vfio->peer.at[vfio->peer.n++] = at;
		return;
	}
	if (r == -EOPNOTSUPP)
		vfio->peer.impossible = true;
	log_info("%s: not reachable by DMA of other devices: %s", vfio->name.s, why.text);
}

void vfio_peer_sync(struct vfio_pci *vfio)
{
	struct wants wants = { .n = 0 };
	if (!vfio->config.p2p)
		return;
	if (pci_command(&vfio->func) & PCI_COMMAND_MEMORY && !pci_func_asleep(&vfio->func))
		for (unsigned i = 0; i < PCI_ROM_BAR; i++)
			want_bar(vfio, i, &wants);
	drop_except(vfio, wants.at, wants.n);
	for (unsigned i = 0; i < wants.n && !vfio->peer.impossible; i++)
		if (!listed(vfio->peer.at, vfio->peer.n, &wants.at[i]))
			map_one(vfio, wants.at[i], wants.hva[i]);
}
