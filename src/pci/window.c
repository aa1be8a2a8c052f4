/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pci/window.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#define BUSES 255 /* for ports; bus 0 is the root */

enum space { SPACE_IO, SPACE_MEM, SPACE_PREF, SPACES };

/* A bridge's window starts and ends on `granule` (PCI-to-PCI Bridge 1.2 §3.2.5). */
static const struct {
	const char *name, *hint;
	uint64_t granule, bar_min;
} spaces[SPACES] = {
	[SPACE_IO] = { "I/O port", "assign fewer devices that have I/O BARs", 4 * KIB, 4 },
	[SPACE_MEM] = { "32-bit memory", "assign fewer devices, or turn their ROMs off", MIB,
			PAGE_4K },
	[SPACE_PREF] = { "64-bit memory", "give the guest more physical address bits", MIB,
			 PAGE_4K },
};

/* What is placed in a window of the root bus: a whole port's window, or one BAR on bus 0. */
struct item {
	unsigned port;          /* WINDOW_ON_ROOT for a BAR on bus 0 */
	struct window_bar *bar; /* NULL for a port */
	uint64_t size, align;   /* size 0 = a port that needs none */
	uint64_t addr;
};

struct items {
	struct item *at; /* ports first, by number, until sorted */
	size_t n;
};

/* Behind a bridge only prefetchable memory goes high (PCI-to-PCI Bridge 1.2 §3.2.5.9). */
static enum space space_of(const struct window_bar *bar)
{
	if (bar->kind == BAR_IO)
		return SPACE_IO;
	bool high = bar->kind == BAR_MEM64 && (bar->prefetch || bar->port == WINDOW_ON_ROOT);
	return high ? SPACE_PREF : SPACE_MEM;
}

static uint64_t room(enum space space, const struct window_bar *bar)
{
	return max_u64(bar->size, spaces[space].bar_min);
}

static int stricter_item_first(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	if (x->align != y->align)
		return x->align > y->align ? -1 : 1;
	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	if (x->bar != y->bar) /* in one array: keeps the caller's order */
		return x->bar < y->bar ? -1 : 1;
	return x->port < y->port ? -1 : x->port > y->port;
}

/* Biggest first, powers of two follow each other without gaps. -EOVERFLOW past 2^64. */
static int into_port(struct item *port, enum space space, struct window_bar *bar)
{
	uint64_t size = room(space, bar);
	bar->addr = port->size; /* relative, until the port is placed */
	port->align = max_u64(port->align, size);
	return __builtin_add_overflow(port->size, size, &port->size) ? -EOVERFLOW : 0;
}

/* The BARs of one space, biggest first; `ret` has room for all. Returns how many. */
static size_t sort_bars(struct item *ret, enum space space, struct window_bar *bars, size_t n_bars)
{
	size_t n = 0;
	for (size_t i = 0; i < n_bars; i++) {
		if (space_of(&bars[i]) != space)
			continue;
		ret[n++] = (struct item){
			.port = bars[i].port,
			.bar = &bars[i],
			.size = room(space, &bars[i]),
			.align = room(space, &bars[i]),
		};
	}
	if (n)
		qsort(ret, n, sizeof(*ret), stricter_item_first);
	return n;
}

/* Ends every port's window on the granule. -EOVERFLOW past 2^64. */
static int round_ports(struct items *items, enum space space, unsigned n_ports)
{
	for (unsigned i = 0; i < n_ports; i++) {
		uint64_t size = items->at[i].size;
		items->at[i].size = align_up(size, spaces[space].granule);
		if (items->at[i].size < size)
			return -EOVERFLOW;
	}
	return 0;
}

/* Everything of one space: BARs into their ports or, on bus 0, items of their own. */
static int gather(struct items *items, enum space space, struct window_bar *bars, size_t n_bars,
		  unsigned n_ports)
{
	/* Ports, then BARs on bus 0; behind them room to sort. */
	items->at = calloc(n_ports + 2 * n_bars + 1, sizeof(*items->at));
	if (!items->at)
		return -ENOMEM;
	struct item *sorted = items->at + n_ports + n_bars;
	size_t n = sort_bars(sorted, space, bars, n_bars);
	items->n = n_ports;
	for (unsigned i = 0; i < n_ports; i++)
		items->at[i] = (struct item){ .port = i, .align = spaces[space].granule };
	for (size_t i = 0; i < n; i++) {
		if (sorted[i].port >= n_ports)
			items->at[items->n++] = sorted[i];
		else if (into_port(&items->at[sorted[i].port], space, sorted[i].bar))
			return -EOVERFLOW;
	}
	return round_ports(items, space, n_ports);
}

/* Places all items upward from `start`; returns the end in *ret_end. -EOVERFLOW past 2^64. */
static int stack(struct items *items, uint64_t start, uint64_t *ret_end)
{
	uint64_t at = start;
	if (items->n)
		qsort(items->at, items->n, sizeof(*items->at), stricter_item_first);
	for (size_t i = 0; i < items->n; i++) {
		struct item *item = &items->at[i];
		if (!item->size)
			continue;
		item->addr = align_up(at, item->align);
		if (item->addr < at || __builtin_add_overflow(item->addr, item->size, &at))
			return -EOVERFLOW;
	}
	*ret_end = at;
	return 0;
}

/* --- what a refusal says --- */

struct text {
	char s[400];
	size_t len;
};

static void add_size(struct text *t, const char *what, unsigned nr, uint64_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned u = 0;
	while (size >= 1024 && size % 1024 == 0 && u < ARRAY_LEN(units) - 1) {
		size /= 1024;
		u++;
	}
	if (t->len + 48 > sizeof(t->s))
		return;
	int n = snprintf(t->s + t->len, sizeof(t->s) - t->len, "%s%s %u: %llu %s",
			 t->len ? ", " : "", what, nr, (unsigned long long)size, units[u]);
	t->len += n > 0 ? (size_t)n : 0;
}

/* Everything that was wanted, port by port in the order it was placed. */
static struct text wanted_map(const struct items *items)
{
	struct text t = { .len = 0 };
	for (size_t i = 0; i < items->n; i++) {
		const struct item *item = &items->at[i];
		if (!item->size)
			continue;
		if (t.len + 64 > sizeof(t.s)) {
			snprintf(t.s + t.len, sizeof(t.s) - t.len, ", ...");
			break;
		}
		if (item->bar)
			add_size(&t, "bus 0 BAR", item->bar->index, item->size);
		else
			add_size(&t, "root port", item->port + 1, item->size);
	}
	return t;
}

static int too_small(struct err *err, enum space space, struct range window,
		     const struct items *items)
{
	struct text map = wanted_map(items);
	err_set(err, -ENOSPC,
		"the guest's %s window, 0x%llx bytes at 0x%llx, is too small for its BARs (%s)",
		spaces[space].name, (unsigned long long)window.size,
		(unsigned long long)window.start, map.s);
	err_hint(err, "%s", spaces[space].hint);
	return -ENOSPC;
}

/* --- one space, then all --- */

static struct range *port_window(struct pci_windows *port, enum space space)
{
	return space == SPACE_IO ? &port->io : space == SPACE_MEM ? &port->mem : &port->pref;
}

/* Items have their addresses: hand them to the BARs and ports. */
static void settle(const struct items *items, enum space space, struct window_bar *bars,
		   size_t n_bars, struct pci_windows *ports)
{
	for (size_t i = 0; i < items->n; i++) {
		const struct item *item = &items->at[i];
		if (item->bar)
			item->bar->addr = item->addr;
		else if (item->size)
			*port_window(&ports[item->port], space) =
				(struct range){ item->addr, item->size };
	}
	for (size_t i = 0; i < n_bars; i++) {
		if (bars[i].port != WINDOW_ON_ROOT && space_of(&bars[i]) == space)
			bars[i].addr += port_window(&ports[bars[i].port], space)->start;
	}
}

static int check(const struct window_bar *bars, size_t n_bars, unsigned n_ports)
{
	if (n_ports > BUSES)
		return -EINVAL;
	for (size_t i = 0; i < n_bars; i++) {
		if (bars[i].port != WINDOW_ON_ROOT && bars[i].port >= n_ports)
			return -EINVAL;
		if (bars[i].kind == BAR_NONE || !is_pow2(bars[i].size))
			return -EINVAL;
	}
	return 0;
}

int window_assign(const struct layout *layout, struct window_bar *bars, size_t n_bars,
		  struct pci_windows *ret_ports, unsigned n_ports, struct err *err)
{
	const struct range root[SPACES] = { layout->io, layout->mmio32, layout->mmio64 };
	if (check(bars, n_bars, n_ports))
		return err_set(
			err, -EINVAL,
			"%zu BARs behind %u root ports: at most %d ports, sizes powers of two",
			n_bars, n_ports, BUSES);
	for (unsigned i = 0; i < n_ports; i++)
		ret_ports[i] = (struct pci_windows){ .secondary = (uint8_t)(i + 1),
						     .subordinate = (uint8_t)(i + 1) };
	for (enum space space = 0; space < SPACES; space++) {
		struct items items = { 0 };
		uint64_t end = 0;
		int e = gather(&items, space, bars, n_bars, n_ports);
		if (!e)
			e = stack(&items, root[space].start, &end);
		if (e == -EOVERFLOW || (!e && end - root[space].start > root[space].size))
			e = too_small(err, space, root[space], &items);
		else if (e)
			err_errno(err, e, "placing %zu BARs", n_bars);
		else
			settle(&items, space, bars, n_bars, ret_ports);
		free(items.at);
		if (e)
			return e;
	}
	return 0;
}

static unsigned ports_of(const struct window_bar *bars, size_t n_bars)
{
	unsigned n = 0;
	for (size_t i = 0; i < n_bars; i++) {
		if (bars[i].port != WINDOW_ON_ROOT && bars[i].port >= n)
			n = bars[i].port + 1;
	}
	return n;
}

/* As window_need64, in a copy that it may write addresses to. */
static uint64_t need64(struct window_bar *copy, size_t n_bars, unsigned n_ports)
{
	struct items items = { 0 };
	uint64_t end = 0, align = 0;
	int e = gather(&items, SPACE_PREF, copy, n_bars, n_ports);
	if (!e)
		e = stack(&items, 0, &end);
	for (size_t i = 0; i < items.n; i++)
		align = max_u64(align, items.at[i].size ? items.at[i].align : 0);
	free(items.at);
	/* The first item may have to skip up to its alignment; the others keep their distances. */
	return e || __builtin_add_overflow(end, align, &end) ? UINT64_MAX : end;
}

uint64_t window_need64(const struct window_bar *bars, size_t n_bars)
{
	unsigned n_ports = ports_of(bars, n_bars);
	if (check(bars, n_bars, n_ports))
		return UINT64_MAX;
	struct window_bar *copy = calloc(n_bars + 1, sizeof(*copy));
	if (!copy)
		return UINT64_MAX;
	if (n_bars)
		memcpy(copy, bars, n_bars * sizeof(*copy));
	uint64_t need = need64(copy, n_bars, n_ports);
	free(copy);
	return need;
}
