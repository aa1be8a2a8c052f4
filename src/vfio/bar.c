/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BARs as pieces: what the kernel lets us map becomes a KVM slot, the pages that hold the MSI-X
 * table, pending bits or a window (vfio/quirk.h) and everything else comes here as pread and pwrite
 * on the device fd.
 * Mappings lie in address space aligned so that the kernel can use 2 MiB and 1 GiB leaves: host
 * address, guest address and BAR are congruent.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bytes.h"
#include "base/log.h"
#include "vfio/quirk.h"
#include "vfio/uapi.h"

#define AREAS_MAX 64
#define LEAF_MIN (2 * MIB) /* below, alignment buys nothing */
#define LEAF_MAX GIB

/* --- trapped accesses; any vCPU, no lock --- */

static unsigned region_index(const struct vfio_region *region)
{
	return (unsigned)(region - region->vfio->region);
}

/* An access that begins inside the table or PBA is theirs; one that leaves it has no effect. */
static bool in_table(const struct vfio_region *region, uint64_t off, unsigned bar,
		     struct range where)
{
	return where.size && region_index(region) == bar && range_contains(where, off, 1);
}

uint64_t vfio_bar_raw_read(struct vfio_region *region, uint64_t off, unsigned size)
{
	uint8_t raw[8];
	if (size > sizeof(raw) || !inside(off, size, region->size) ||
	    vfio_read(region->vfio->fd, raw, size, region->offset + off) < 0)
		return all_ones(size); /* as a bus does for a device that does not decode */
	return le_get(raw, size);
}

void vfio_bar_raw_write(struct vfio_region *region, uint64_t off, unsigned size, uint64_t value)
{
	uint8_t raw[8];
	if (size > sizeof(raw) || !inside(off, size, region->size))
		return;
	le_put(raw, size, value);
	int r = vfio_write(region->vfio->fd, raw, size, region->offset + off);
	if (r < 0)
		log_debug("%s: BAR %u write at 0x%" PRIx64 ": %s", region->vfio->name.s,
			  region_index(region), off, strerror(-r));
}

static uint64_t bar_read(void *ctx, uint64_t off, unsigned size)
{
	struct vfio_region *region = ctx;
	struct vfio_pci *vfio = region->vfio;
	if (in_table(region, off, vfio->msix_at.table_bar, vfio->msix_at.table))
		return msix_table_read(&vfio->msix, off - vfio->msix_at.table.start, size);
	if (in_table(region, off, vfio->msix_at.pba_bar, vfio->msix_at.pba))
		return msix_pba_read(&vfio->msix, off - vfio->msix_at.pba.start, size);
	atomic_fetch_add_explicit(&region->trapped, 1, memory_order_relaxed);
	const struct vfio_window *window = vfio_window_at(vfio, region_index(region), off, size);
	if (window)
		return window->read(vfio, window, off - window->at.start, size);
	return vfio_bar_raw_read(region, off, size);
}

static void bar_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct vfio_region *region = ctx;
	struct vfio_pci *vfio = region->vfio;
	if (in_table(region, off, vfio->msix_at.table_bar, vfio->msix_at.table)) {
		msix_table_write(&vfio->msix, off - vfio->msix_at.table.start, size, value);
		return;
	}
	if (in_table(region, off, vfio->msix_at.pba_bar, vfio->msix_at.pba))
		return; /* read-only (PCIe 6.0 §7.7.2.6) */
	atomic_fetch_add_explicit(&region->trapped, 1, memory_order_relaxed);
	const struct vfio_window *window = vfio_window_at(vfio, region_index(region), off, size);
	if (!window)
		vfio_bar_raw_write(region, off, size, value);
	else if (window->write)
		window->write(vfio, window, off - window->at.start, size, value);
}

static const struct bus_ops bar_ops = { .read = bar_read, .write = bar_write };

/* --- pieces --- */

/* The pages of a table inside BAR i, to be cut out of what is mapped. */
static struct range cut_of(unsigned i, unsigned bar, struct range where)
{
	if (!where.size || bar != i)
		return (struct range){ 0, 0 };
	uint64_t start = align_down(where.start, PAGE_4K);
	return (struct range){ start, align_up(where.start + where.size, PAGE_4K) - start };
}

static size_t cut_one(struct range *areas, size_t n, size_t max, struct range cut)
{
	size_t out = 0;
	struct range left[AREAS_MAX];
	for (size_t i = 0; i < n; i++) {
		struct range a = areas[i];
		uint64_t end = a.start + a.size, cut_end = cut.start + cut.size;
		if (!range_overlaps(a, cut)) {
			if (out < max)
				left[out++] = a;
			continue;
		}
		if (a.start < cut.start && out < max)
			left[out++] = (struct range){ a.start, cut.start - a.start };
		if (cut_end < end && out < max)
			left[out++] = (struct range){ cut_end, end - cut_end };
	}
	for (size_t i = 0; i < out; i++)
		areas[i] = left[i];
	return out;
}

static struct bar_piece *add_piece(struct pci_bar *bar, struct vfio_region *region, uint64_t off,
				   uint64_t len)
{
	struct bar_piece *piece = &bar->piece[bar->n_pieces++];
	*piece = (struct bar_piece){ .off = off, .len = len, .ops = &bar_ops, .ctx = region };
	return piece;
}

static int area_prot(const struct vfio_region *region)
{
	return (region->flags & VFIO_REGION_INFO_FLAG_READ ? PROT_READ : 0) |
	       (region->flags & VFIO_REGION_INFO_FLAG_WRITE ? PROT_WRITE : 0);
}

/* False: trapped instead, which is slow but right. */
static bool map_area(struct vfio_pci *vfio, unsigned i, struct range area)
{
	struct vfio_region *region = &vfio->region[i];
	int r = region->map ? vfio_map_over(vfio->fd, region->map + area.start, area.size,
					    area_prot(region), region->offset + area.start)
			    : -ENOMEM;
	if (r < 0)
		log_warn("%s: BAR %u cannot be mapped and is trapped instead: %s", vfio->name.s, i,
			 strerror(-r));
	return r == 0;
}

static void reserve(struct vfio_region *region)
{
	uint64_t len = align_up(region->size, PAGE_4K);
	uint64_t align = region->size >= LEAF_MIN ? min_u64(region->size, LEAF_MAX) : PAGE_4K;
	uint64_t slack = align > PAGE_4K ? align : 0;
	region->reserved_size = len + slack;
	region->reserved = vfio_reserve(region->reserved_size);
	if (region->reserved)
		region->map = (uint8_t *)align_up((uintptr_t)region->reserved, align);
}

/* Alternates trapped gaps and mapped areas; two entries stay free for the tail. */
static void make_pieces(struct vfio_pci *vfio, unsigned i, const struct range *areas, size_t n)
{
	struct vfio_region *region = &vfio->region[i];
	struct pci_bar *bar = &vfio->func.bar[i];
	uint64_t done = 0;
	for (size_t k = 0; k < n && bar->n_pieces + 3 <= PCI_BAR_PIECES_MAX; k++) {
		if (!map_area(vfio, i, areas[k]))
			continue;
		if (areas[k].start > done)
			add_piece(bar, region, done, areas[k].start - done);
		/* A BAR below a page: its mapping is the page. */
		uint64_t len = min_u64(areas[k].size, region->size - areas[k].start);
		add_piece(bar, region, areas[k].start, len)->hva = region->map + areas[k].start;
		done = areas[k].start + len;
	}
	if (done < region->size)
		add_piece(bar, region, done, region->size - done);
}

static void build_memory(struct vfio_pci *vfio, unsigned i)
{
	struct range areas[AREAS_MAX];
	size_t n = vfio_region_areas(vfio, i, areas, AREAS_MAX);
	n = cut_one(areas, n, AREAS_MAX, cut_of(i, vfio->msix_at.table_bar, vfio->msix_at.table));
	n = cut_one(areas, n, AREAS_MAX, cut_of(i, vfio->msix_at.pba_bar, vfio->msix_at.pba));
	for (unsigned k = 0; k < vfio->quirk.n; k++)
		n = cut_one(areas, n, AREAS_MAX,
			    cut_of(i, vfio->quirk.window[k]->bar, vfio->quirk.window[k]->at));
	if (n)
		reserve(&vfio->region[i]);
	make_pieces(vfio, i, areas, n);
}

static enum bar_kind kind_of(uint32_t reg)
{
	if (reg & PCI_BASE_ADDRESS_SPACE_IO)
		return BAR_IO;
	if ((reg & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64)
		return BAR_MEM64;
	return BAR_MEM32;
}

static int build_bar(struct vfio_pci *vfio, const struct vfio_snapshot *snap, unsigned i,
		     struct err *err)
{
	uint64_t size = vfio->region[i].size;
	uint32_t reg = le32_get(snap->at + PCI_BASE_ADDRESS_0 + 4 * i);
	enum bar_kind kind = kind_of(reg);
	bool prefetch = kind != BAR_IO && reg & PCI_BASE_ADDRESS_MEM_PREFETCH;
	int r = pci_bar_set(&vfio->func, i, kind, prefetch, size);
	if (r < 0)
		return err_set(err, r,
			       "%s: BAR %u of 0x%" PRIx64 " bytes (register 0x%08x) cannot be",
			       vfio->name.s, i, size, reg);
	if (kind == BAR_IO)
		make_pieces(vfio, i, NULL, 0);
	else
		build_memory(vfio, i);
	return 0;
}

int vfio_bars_build(struct vfio_pci *vfio, const struct vfio_snapshot *snap, struct err *err)
{
	for (unsigned i = 0; i < PCI_ROM_BAR; i++) {
		int r = vfio->region[i].size ? build_bar(vfio, snap, i, err) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

void vfio_bars_fini(struct vfio_pci *vfio)
{
	for (unsigned i = 0; i < PCI_ROM_BAR; i++) {
		struct vfio_region *region = &vfio->region[i];
		vfio_unmap(region->reserved, region->reserved_size);
		region->reserved = NULL;
		region->map = NULL;
		memset(&vfio->func.bar[i], 0, sizeof(vfio->func.bar[i]));
	}
}
