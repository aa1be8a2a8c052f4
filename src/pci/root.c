/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pci/root.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "pci/map.h"
#include "pci/port.h"

int pci_root_init(struct pci_root *root, struct bus *mmio, struct bus *pio, struct memslots *slots)
{
	memset(root, 0, sizeof(*root));
	pthread_mutex_init(&root->lock, NULL);
	root->mmio = mmio;
	root->pio = pio;
	root->slots = slots;
	root->map = pci_map_new();
	return root->map ? 0 : -ENOMEM;
}

void pci_root_fini(struct pci_root *root)
{
	pci_map_free(root->map);
	root->map = NULL;
	pthread_mutex_destroy(&root->lock);
}

/* --- the hierarchy --- */

static struct pci_func *at(const struct pci_bus *bus, unsigned dev, unsigned fn)
{
	for (struct pci_func *f = bus->funcs; f; f = f->next) {
		if (f->bdf.dev == dev && f->bdf.fn == fn)
			return f;
	}
	return NULL;
}

/* The bit is function 0's to show (PCI 3.0 §6.2.1); all get it, whichever comes first. */
static void mark_multifunction(const struct pci_bus *bus, unsigned dev)
{
	unsigned n = 0;
	for (struct pci_func *f = bus->funcs; f; f = f->next)
		n += f->bdf.dev == dev;
	for (struct pci_func *f = bus->funcs; f && n > 1; f = f->next) {
		if (f->bdf.dev != dev)
			continue;
		f->val[PCI_HEADER_TYPE] |= 0x80;
		f->fresh[PCI_HEADER_TYPE] |= 0x80;
		f->ours[PCI_HEADER_TYPE] |= 0x80;
	}
}

int pci_bus_add(struct pci_bus *bus, struct pci_func *func, unsigned dev, unsigned fn)
{
	if (dev > 31 || fn > 7 || (bus->bridge && dev))
		return -EINVAL;
	if (at(bus, dev, fn))
		return -EEXIST;
	func->bdf = (struct bdf){ .dev = (uint8_t)dev, .fn = (uint8_t)fn };
	if (bus->bridge)
		func->bdf.bus = bus->bridge->val[PCI_SECONDARY_BUS];
	func->bus = bus;
	struct pci_func **link = &bus->funcs;
	while (*link && bdf_devfn((*link)->bdf) < bdf_devfn(func->bdf))
		link = &(*link)->next;
	func->next = *link;
	*link = func;
	mark_multifunction(bus, dev);
	return 0;
}

static bool has_functions(const struct pci_bus *bus, unsigned dev)
{
	for (const struct pci_func *f = bus->funcs; f; f = f->next) {
		if (f->bdf.dev == dev)
			return true;
	}
	return false;
}

int pci_bus_remove(struct pci_root *root, struct pci_func *func, struct err *err)
{
	struct pci_bus *bus = func->bus;
	uint32_t device = UINT32_C(1) << func->bdf.dev;
	struct pci_func **link = &bus->funcs;
	while (*link != func)
		link = &(*link)->next;
	*link = func->next;
	func->next = NULL;
	func->bus = NULL;
	if (!has_functions(bus, func->bdf.dev))
		bus->headless &= ~device;
	else if (!func->bdf.fn)
		bus->headless |= device;
	return pci_map_publish(root, err);
}

/* The bus that a configuration cycle for number `nr` reaches from `bus`, which is not it. */
static const struct pci_bus *route(const struct pci_bus *bus, unsigned nr)
{
	for (const struct pci_func *f = bus->funcs; f; f = f->next) {
		if (!f->port)
			continue;
		unsigned secondary = f->val[PCI_SECONDARY_BUS];
		if (!secondary || nr < secondary || nr > f->val[PCI_SUBORDINATE_BUS])
			continue;
		return nr == secondary ? &f->port->bus : route(&f->port->bus, nr);
	}
	return NULL;
}

struct pci_func *pci_root_find(struct pci_root *root, unsigned bus, unsigned dev, unsigned fn)
{
	const struct pci_bus *target = bus ? route(&root->bus0, bus) : &root->bus0;
	if (!target || (!at(target, dev, 0) && !(target->headless >> dev & 1)))
		return NULL;
	return at(target, dev, fn);
}

static int each(struct pci_bus *bus, int (*visit)(struct pci_func *func, void *ctx), void *ctx)
{
	for (struct pci_func *f = bus->funcs; f; f = f->next) {
		int e = visit(f, ctx);
		if (!e && f->port)
			e = each(&f->port->bus, visit, ctx);
		if (e)
			return e;
	}
	return 0;
}

int pci_root_each(struct pci_root *root, int (*visit)(struct pci_func *func, void *ctx), void *ctx)
{
	return each(&root->bus0, visit, ctx);
}

static int reset_one(struct pci_func *func, void *ctx)
{
	(void)ctx;
	pci_func_reset(func);
	return 0;
}

int pci_root_reset(struct pci_root *root, struct err *err)
{
	pthread_mutex_lock(&root->lock);
	int e = pci_map_withdraw(root, NULL, err);
	if (!e) {
		root->address = 0;
		pci_root_each(root, reset_one, NULL);
		e = pci_map_publish(root, err);
	}
	pthread_mutex_unlock(&root->lock);
	return e;
}

/* --- configuration access --- */

/* bus 27:20, device 19:15, function 14:12, register 11:0: the layout of an ECAM offset */
static struct pci_func *find(struct pci_root *root, uint32_t where)
{
	return pci_root_find(root, where >> 20 & 0xff, where >> 15 & 0x1f, where >> 12 & 0x7);
}

static uint32_t config_read(struct pci_root *root, uint32_t where, unsigned size)
{
	pthread_mutex_lock(&root->lock);
	struct pci_func *func = find(root, where);
	uint32_t value = func ? pci_cfg_read(func, where & 0xfff, size) : (uint32_t)all_ones(size);
	pthread_mutex_unlock(&root->lock);
	return value;
}

static void write_func(struct pci_root *root, struct pci_func *func, unsigned off, unsigned size,
		       uint32_t value)
{
	if (!pci_cfg_latch(func, off, size, value))
		return;
	struct err err = { 0 };
	if (pci_map_shrink(root, &err))
		log_warn("guest PCI %s: %s", bdf_text(func->bdf).s, err.text);
	pci_cfg_forward(func, off, size, value);
	if (pci_map_publish(root, &err))
		log_warn("guest PCI %s: %s", bdf_text(func->bdf).s, err.text);
}

static void config_write(struct pci_root *root, uint32_t where, unsigned size, uint32_t value)
{
	pthread_mutex_lock(&root->lock);
	struct pci_func *func = find(root, where);
	if (func)
		write_func(root, func, where & 0xfff, size, value);
	pthread_mutex_unlock(&root->lock);
}

uint32_t pci_root_read(struct pci_root *root, struct pci_func *func, unsigned off, unsigned size)
{
	pthread_mutex_lock(&root->lock);
	uint32_t value = pci_cfg_read(func, off, size);
	pthread_mutex_unlock(&root->lock);
	return value;
}

void pci_root_write(struct pci_root *root, struct pci_func *func, unsigned off, unsigned size,
		    uint32_t value)
{
	pthread_mutex_lock(&root->lock);
	write_func(root, func, off, size, value);
	pthread_mutex_unlock(&root->lock);
}

/* --- 0xCF8: CONFIG_ADDRESS (PCI 3.0 §3.2.2.3.2); only a whole dword is it --- */

static uint64_t address_read(void *ctx, uint64_t off, unsigned size)
{
	struct pci_root *root = ctx;
	if (off || size != 4)
		return all_ones(size);
	pthread_mutex_lock(&root->lock);
	uint32_t address = root->address;
	pthread_mutex_unlock(&root->lock);
	return address;
}

static void address_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct pci_root *root = ctx;
	if (off || size != 4)
		return;
	pthread_mutex_lock(&root->lock);
	root->address = (uint32_t)value & 0x80fffffc; /* the rest reads as 0 */
	pthread_mutex_unlock(&root->lock);
}

/* --- 0xCFC: CONFIG_DATA --- */

/* Where the access goes as an ECAM offset; false while the enable bit (31) is clear. */
static bool target(struct pci_root *root, uint64_t off, unsigned size, uint32_t *ret_where)
{
	if (off + size > 4)
		return false;
	pthread_mutex_lock(&root->lock);
	uint32_t address = root->address;
	pthread_mutex_unlock(&root->lock);
	*ret_where = (address & 0xffff00) << 4 | (address & 0xfc) | (uint32_t)off;
	return address >> 31;
}

static uint64_t data_read(void *ctx, uint64_t off, unsigned size)
{
	uint32_t where;
	return target(ctx, off, size, &where) ? config_read(ctx, where, size) : all_ones(size);
}

static void data_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	uint32_t where;
	if (target(ctx, off, size, &where))
		config_write(ctx, where, size, (uint32_t)value);
}

/* --- ECAM (PCIe 6.0 §7.2.2); a qword is two dwords, as the root complex splits it --- */

static uint64_t ecam_read(void *ctx, uint64_t off, unsigned size)
{
	if (off >= ECAM_SIZE)
		return all_ones(size);
	if (size != 8)
		return config_read(ctx, (uint32_t)off, size);
	if (off % 8)
		return all_ones(size);
	uint64_t low = config_read(ctx, (uint32_t)off, 4);
	return (uint64_t)config_read(ctx, (uint32_t)off + 4, 4) << 32 | low;
}

static void ecam_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	if (off >= ECAM_SIZE)
		return;
	config_write(ctx, (uint32_t)off, size == 8 && off % 8 == 0 ? 4 : size, (uint32_t)value);
	if (size == 8 && off % 8 == 0)
		config_write(ctx, (uint32_t)off + 4, 4, (uint32_t)(value >> 32));
}

const struct bus_ops pci_address_ops = { .read = address_read, .write = address_write };
const struct bus_ops pci_data_ops = { .read = data_read, .write = data_write };
const struct bus_ops pci_ecam_ops = { .read = ecam_read, .write = ecam_write };
