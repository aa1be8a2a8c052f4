/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pci/map.h"

#include <errno.h>
#include <linux/kvm.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/range.h"
#include "base/vec.h"
#include "pci/port.h"
#include "pci/root.h"

typedef vec(struct bus_region) region_list;
typedef vec(struct slot_want) want_list;

/* Everything the PCI hierarchy decodes at one moment. */
struct decoded {
	region_list mem, io;
	want_list slots;
};

/*
 * Lists keep their memory, whose size is bounded by the functions' pieces, not by what the guest
 * does. Invariant: KVM has no PCI slot that live.slots does not name, unless slots_unsure.
 */
struct pci_map {
	struct decoded live; /* as published */
	struct decoded next; /* as derived */
	bool slots_unsure;   /* the last memslots_publish failed: compare nothing, publish */
};

struct pci_map *pci_map_new(void)
{
	return calloc(1, sizeof(struct pci_map));
}

static void decoded_free(struct decoded *d)
{
	vec_free(&d->mem);
	vec_free(&d->io);
	vec_free(&d->slots);
}

void pci_map_free(struct pci_map *map)
{
	if (!map)
		return;
	decoded_free(&map->live);
	decoded_free(&map->next);
	free(map);
}

/* --- deriving --- */

struct derive {
	const struct pci_root *root;
	const struct pci_func *except; /* as if it decoded nothing; NULL = none */
	struct decoded *to;
	int error; /* first */
};

/* Part of a piece that reaches the function: guest address and the piece it is of. */
struct part {
	const struct bar_piece *piece;
	uint64_t piece_gpa;
	struct range at;
};

static void add_region(struct derive *d, const struct part *p, bool io)
{
	region_list *list = io ? &d->to->io : &d->to->mem;
	struct bus_region *r = vec_push(list);
	if (!r) {
		d->error = -ENOMEM;
		return;
	}
	*r = (struct bus_region){
		.base = p->at.start,
		.size = p->at.size,
		.ops = p->piece->ops,
		.ctx = p->piece->ctx,
		.ctx_off = p->piece->off + (p->at.start - p->piece_gpa),
	};
}

/* Size may still be no page multiple: fit_slots sees to that when all regions are known. */
static void add_slot(struct derive *d, const struct part *p)
{
	char *hva = (char *)p->piece->hva + (p->at.start - p->piece_gpa);
	if (p->at.start % PAGE_4K || (uintptr_t)hva % PAGE_4K)
		return;
	struct slot_want *want = vec_push(&d->to->slots);
	if (!want) {
		d->error = -ENOMEM;
		return;
	}
	*want = (struct slot_want){
		.gpa = p->at.start,
		.size = p->at.size,
		.hva = hva,
		.flags = p->piece->read_only ? KVM_MEM_READONLY : 0,
	};
}

static struct range clip(struct range a, struct range b)
{
	if (!range_overlaps(a, b))
		return (struct range){ 0, 0 };
	uint64_t start = max_u64(a.start, b.start);
	return (struct range){ start, min_u64(range_last(a), range_last(b)) - start + 1 };
}

/* Hands on what of `part` every bridge from `bus` up to the root forwards. */
static void forward(struct derive *d, const struct pci_bus *bus, struct part part, bool io)
{
	if (!part.at.size)
		return;
	const struct pci_func *bridge = bus->bridge;
	if (!bridge) {
		if (part.piece->ops)
			add_region(d, &part, io);
		if (part.piece->hva && !io)
			add_slot(d, &part);
		return;
	}
	uint16_t enable = io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	if (bridge == d->except || !(pci_command(bridge) & enable) || pci_func_asleep(bridge))
		return;
	struct pci_windows windows = pci_port_windows(bridge->port);
	const struct range windows_mem[] = { windows.mem, windows.pref };
	for (unsigned i = 0; i < (io ? 1 : ARRAY_LEN(windows_mem)); i++) {
		struct part clipped = part;
		clipped.at = clip(part.at, io ? windows.io : windows_mem[i]);
		forward(d, bridge->bus, clipped, io);
	}
}

/*
 * Where the platform decodes, or nobody can: address 0 is an unprogrammed BAR, the top of 4 GiB
 * holds the interrupt controllers and is where a 32-bit BAR sits while it is being sized, and 2^52
 * is the most an x86 physical address can be.
 */
static bool reachable(const struct derive *d, struct range at, bool io)
{
	const struct range platform[] = {
		{ IOAPIC_BASE, HIGH_RAM_BASE - IOAPIC_BASE },
		d->root->ecam,
	};
	if (!at.start || !inside(at.start, at.size, io ? 0x10000 : UINT64_C(1) << 52))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(platform) && !io; i++) {
		if (range_overlaps(at, platform[i]))
			return false;
	}
	return true;
}

static void derive_bar(struct derive *d, const struct pci_func *func, unsigned i)
{
	const struct pci_bar *bar = &func->bar[i];
	bool io = bar->kind == BAR_IO;
	if (bar->kind == BAR_NONE ||
	    !(pci_command(func) & (io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)))
		return;
	if (bar->kind == BAR_ROM && !(func->val[pci_bar_reg(func, i)] & PCI_ROM_ADDRESS_ENABLE))
		return;
	uint64_t addr = pci_bar_addr(func, i);
	if (!reachable(d, (struct range){ addr, bar->size }, io))
		return;
	for (unsigned p = 0; p < bar->n_pieces && p < PCI_BAR_PIECES_MAX; p++) {
		const struct bar_piece *piece = &bar->piece[p];
		if (!inside(piece->off, piece->len, bar->size))
			continue;
		uint64_t gpa = addr + piece->off;
		forward(d, func->bus, (struct part){ piece, gpa, { gpa, piece->len } }, io);
	}
}

static void derive_bus(struct derive *d, const struct pci_bus *bus)
{
	for (const struct pci_func *f = bus->funcs; f; f = f->next) {
		if (f != d->except && !pci_func_asleep(f)) {
			for (unsigned i = 0; i < PCI_BARS; i++)
				derive_bar(d, f, i);
		}
		if (f->port)
			derive_bus(d, &f->port->bus);
	}
}

static bool anybody_in(const struct decoded *d, struct range at)
{
	for (size_t i = 0; i < d->mem.n; i++) {
		if (range_overlaps((struct range){ d->mem.at[i].base, d->mem.at[i].size }, at))
			return true;
	}
	return false;
}

/*
 * Slots are whole pages. The last page of a piece that ends inside it is mapped in full when nobody
 * else decodes there, else left to the piece's ops.
 */
static void fit_slots(struct decoded *d)
{
	size_t n = 0;
	for (size_t i = 0; i < d->slots.n; i++) {
		struct slot_want want = d->slots.at[i];
		uint64_t end = want.gpa + want.size, page_end = align_up(end, PAGE_4K);
		bool shared = anybody_in(d, (struct range){ end, page_end - end });
		want.size = (shared ? align_down(end, PAGE_4K) : page_end) - want.gpa;
		if (want.size)
			d->slots.at[n++] = want;
	}
	d->slots.n = n;
}

static void add_ecam(struct derive *d, struct pci_root *root)
{
	struct bus_region *r = root->ecam.size ? vec_push(&d->to->mem) : NULL;
	if (r)
		*r = (struct bus_region){ root->ecam.start, root->ecam.size, &pci_ecam_ops, root, 0 };
	else if (root->ecam.size)
		d->error = -ENOMEM;
}

/* Fills root->map->next. `all` = derive an empty map. */
static int derive(struct pci_root *root, const struct pci_func *except, bool all)
{
	struct derive d = { .root = root, .except = except, .to = &root->map->next };
	d.to->mem.n = d.to->io.n = d.to->slots.n = 0;
	add_ecam(&d, root);
	if (!all)
		derive_bus(&d, &root->bus0);
	fit_slots(d.to);
	return d.error;
}

/* --- publishing --- */

static bool same_want(const struct slot_want *a, const struct slot_want *b)
{
	return a->gpa == b->gpa && a->size == b->size && a->hva == b->hva && a->flags == b->flags;
}

static bool same_wants(const want_list *a, const want_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (!same_want(&a->at[i], &b->at[i]))
			return false;
	}
	return true;
}

/* Regions have no padding between or after their members. */
static bool same_regions(const region_list *a, const region_list *b)
{
	_Static_assert(sizeof(struct bus_region) == 5 * 8, "compared as bytes");
	return a->n == b->n && (!a->n || !memcmp(a->at, b->at, a->n * sizeof(a->at[0])));
}

static bool wanted(const want_list *list, const struct slot_want *want)
{
	for (size_t i = 0; i < list->n; i++) {
		if (same_want(&list->at[i], want))
			return true;
	}
	return false;
}

static int publish_slots(struct pci_root *root, struct err *err)
{
	struct pci_map *map = root->map;
	int e = memslots_publish(root->slots, SLOT_PCI, map->live.slots.at, map->live.slots.n, err);
	map->slots_unsure = e != 0;
	return e;
}

/* live.slots becomes the part of it that `next` still has. */
static int drop_slots(struct pci_root *root, struct err *err)
{
	struct pci_map *map = root->map;
	want_list *live = &map->live.slots;
	size_t n = 0;
	for (size_t i = 0; i < live->n; i++) {
		if (wanted(&map->next.slots, &live->at[i]))
			live->at[n++] = live->at[i];
	}
	if (n == live->n && !map->slots_unsure)
		return 0;
	live->n = n;
	return publish_slots(root, err);
}

/* live.slots becomes next.slots. */
static int add_slots(struct pci_root *root, struct err *err)
{
	struct pci_map *map = root->map;
	if (same_wants(&map->live.slots, &map->next.slots))
		return 0;
	want_list old = map->live.slots;
	map->live.slots = map->next.slots;
	map->next.slots = old;
	return publish_slots(root, err);
}

static int swap_regions(struct bus *bus, region_list *live, region_list *next, struct err *err)
{
	if (same_regions(live, next))
		return 0;
	int e = bus_publish(bus, BUS_PCI, next->at, next->n);
	if (e)
		return err_errno(err, e, "PCI address map of %zu regions", next->n);
	region_list old = *live;
	*live = *next;
	*next = old;
	return 0;
}

static int swap_buses(struct pci_root *root, struct err *err)
{
	struct pci_map *map = root->map;
	int e = swap_regions(root->mmio, &map->live.mem, &map->next.mem, err);
	int e_io = swap_regions(root->pio, &map->live.io, &map->next.io, e ? NULL : err);
	return e ? e : e_io;
}

/* Without memory to derive with, the safe map is the one without slots. */
static int derive_failed(struct pci_root *root, int e, struct err *err)
{
	root->map->next.slots.n = 0;
	drop_slots(root, NULL);
	return err_errno(err, e, "PCI address map");
}

int pci_map_shrink(struct pci_root *root, struct err *err)
{
	int e = derive(root, NULL, false);
	return e ? derive_failed(root, e, err) : drop_slots(root, err);
}

int pci_map_withdraw(struct pci_root *root, struct pci_func *func, struct err *err)
{
	int e = derive(root, func, !func);
	if (e)
		return derive_failed(root, e, err);
	e = drop_slots(root, err);
	int e_bus = swap_buses(root, e ? NULL : err);
	return e ? e : e_bus;
}

static bool unchanged(const struct pci_map *map)
{
	return !map->slots_unsure && same_regions(&map->live.mem, &map->next.mem) &&
	       same_regions(&map->live.io, &map->next.io) &&
	       same_wants(&map->live.slots, &map->next.slots);
}

int pci_map_publish(struct pci_root *root, struct err *err)
{
	int e = derive(root, NULL, false);
	if (e)
		return derive_failed(root, e, err);
	if (unchanged(root->map))
		return 0;
	root->publishes++;
	e = drop_slots(root, err);
	int e_bus = swap_buses(root, e ? NULL : err);
	e = e ? e : e_bus;
	int e_slots = add_slots(root, e ? NULL : err);
	return e ? e : e_slots;
}
