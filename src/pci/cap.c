/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pci/cap.h"

#include <linux/pci_regs.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "base/range.h"

#define CAP_FIRST 0x40  /* PCI 3.0 §6.1: the header ends here */
#define EXT_FIRST 0x100 /* PCIe 6.0 §7.6.1 */

struct walk {
	const uint8_t *cfg;
	size_t size;
	uint16_t at;                           /* next offset to look at, 0 = end */
	uint64_t seen[PCIE_CFG_SIZE / 4 / 64]; /* one bit per dword */
};

/* True once per offset; false also for one that leaves [first, size). */
static bool enter(struct walk *w, unsigned first)
{
	unsigned dword = w->at / 4;
	if (w->at < first || !inside(w->at, 4, w->size))
		return false;
	if (w->seen[dword / 64] & UINT64_C(1) << dword % 64)
		return false;
	w->seen[dword / 64] |= UINT64_C(1) << dword % 64;
	return true;
}

static struct walk walk_caps(const uint8_t *cfg, size_t size)
{
	struct walk w = { .cfg = cfg, .size = min_u64(size, PCI_CFG_SIZE) };
	if (w.size == PCI_CFG_SIZE && cfg[PCI_STATUS] & PCI_STATUS_CAP_LIST)
		w.at = cfg[PCI_CAPABILITY_LIST] & ~3u;
	return w;
}

/* The next capability that is one: id 0 is a hidden one, 0xff a device that no longer answers. */
static bool next_cap(struct walk *w, struct pci_cap *ret)
{
	while (enter(w, CAP_FIRST)) {
		struct pci_cap cap = { .id = w->cfg[w->at], .off = w->at };
		cap.next = w->cfg[w->at + PCI_CAP_LIST_NEXT] & ~3u;
		w->at = cap.next;
		if (cap.id == 0xff)
			return false;
		if (cap.id) {
			*ret = cap;
			return true;
		}
	}
	return false;
}

static struct walk walk_ext(const uint8_t *cfg, size_t size)
{
	struct walk w = { .cfg = cfg, .size = min_u64(size, PCIE_CFG_SIZE), .at = EXT_FIRST };
	return w;
}

static bool next_ext(struct walk *w, struct pci_cap *ret)
{
	while (enter(w, EXT_FIRST)) {
		uint32_t head = le32_get(w->cfg + w->at);
		struct pci_cap cap = { .id = (uint16_t)head, .off = w->at };
		cap.version = head >> 16 & 0xf;
		cap.next = head >> 20 & 0xffc;
		w->at = cap.next;
		if (head == UINT32_MAX)
			return false;
		if (cap.id) {
			*ret = cap;
			return true;
		}
	}
	return false;
}

size_t pci_cap_list(const uint8_t *cfg, size_t cfg_size, struct pci_cap *ret, size_t max)
{
	struct walk w = walk_caps(cfg, cfg_size);
	size_t n = 0;
	while (n < max && next_cap(&w, &ret[n]))
		n++;
	return n;
}

size_t pci_ext_cap_list(const uint8_t *cfg, size_t cfg_size, struct pci_cap *ret, size_t max)
{
	struct walk w = walk_ext(cfg, cfg_size);
	size_t n = 0;
	while (n < max && next_ext(&w, &ret[n]))
		n++;
	return n;
}

uint16_t pci_cap_find(const uint8_t *cfg, size_t cfg_size, uint8_t id)
{
	struct walk w = walk_caps(cfg, cfg_size);
	struct pci_cap cap;
	while (next_cap(&w, &cap)) {
		if (cap.id == id)
			return cap.off;
	}
	return 0;
}

uint16_t pci_ext_cap_find(const uint8_t *cfg, size_t cfg_size, uint16_t id)
{
	struct walk w = walk_ext(cfg, cfg_size);
	struct pci_cap cap;
	while (next_ext(&w, &cap)) {
		if (cap.id == id)
			return cap.off;
	}
	return 0;
}
