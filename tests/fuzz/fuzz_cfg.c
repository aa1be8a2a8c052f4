/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/memslot.c kvm/irq.c
// with: fake/fake_memslot.c fake/fake_irq.c
/*
 * A guest that writes anything to any configuration space, by either mechanism, and touches what it
 * mapped: two root ports, a card on the root bus and a two-function one behind each port. Now and
 * then a card is pulled out.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "fake/fake_irq.h"
#include "fake/fake_memslot.h"
#include "pci/port.h"
#include "pci/root.h"

#define CARDS 5
#define HVA ((uint8_t *)UINT64_C(0x100000000)) /* never touched: the slots are a fake's */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct card {
	struct pci_func func;
	uint8_t regs[PCIE_CFG_SIZE];
	bool asleep;
};

struct input {
	const uint8_t *at;
	size_t left;
};

static struct {
	struct qs qs;
	struct bus mmio, pio;
	struct memslots slots;
	struct irqs irqs;
	struct pci_root root;
	struct pci_port port[2];
	struct card card[CARDS];
} m;

static void require(bool ok)
{
	if (!ok)
		abort();
}

static uint32_t take(struct input *in, unsigned size)
{
	uint32_t v = 0;
	unsigned n = size < in->left ? size : (unsigned)in->left;
	memcpy(&v, in->at, n);
	in->at += n;
	in->left -= n;
	return v;
}

/* --- the cards --- */

static uint32_t read_device(struct pci_func *func, unsigned off, unsigned size)
{
	require(inside(off, size, func->cfg_size) && off % size == 0);
	return (uint32_t)le_get(container_of(func, struct card, func)->regs + off, size);
}

static void write_device(struct pci_func *func, unsigned off, unsigned size, uint32_t value)
{
	require(inside(off, size, func->cfg_size) && off % size == 0);
	le_put(container_of(func, struct card, func)->regs + off, size, value);
}

/* Register 0x48: bit 0 puts the card to sleep, bit 1 resets it, bit 2 makes slots fail from now. */
static void wrote(struct pci_func *func, unsigned off, unsigned size)
{
	struct card *c = container_of(func, struct card, func);
	require(inside(off, size, func->cfg_size));
	if (off != 0x48)
		return;
	c->asleep = func->val[0x48] & 1;
	if (func->val[0x48] & 2)
		pci_map_withdraw(&m.root, func, NULL);
	fake_memslot.fail = func->val[0x48] & 4 ? -12 : 0;
}

static bool asleep(const struct pci_func *func)
{
	return container_of(func, struct card, func)->asleep;
}

static void reset(struct pci_func *func)
{
	container_of(func, struct card, func)->asleep = false;
}

static const struct pci_func_ops func_ops = { read_device, write_device, wrote, reset, asleep };

/* The ctx of a piece is its BAR: an access must lie inside it. */
static uint64_t bar_read(void *ctx, uint64_t off, unsigned size)
{
	require(inside(off, size, ((struct pci_bar *)ctx)->size));
	return off;
}

static void bar_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	(void)value;
	require(inside(off, size, ((struct pci_bar *)ctx)->size));
}

static const struct bus_ops bar_ops = { bar_read, bar_write };

static void fill(struct pci_bar *bar)
{
	uint64_t third = align_up(bar->size / 3, bar->size > PAGE_4K ? PAGE_4K : 4);
	const uint64_t cut[] = { 0, third, third * 2 < bar->size ? third * 2 : bar->size,
				 bar->size };
	for (unsigned i = 0; i < 3; i++) {
		bar->piece[bar->n_pieces++] = (struct bar_piece){
			.off = cut[i],
			.len = cut[i + 1] - cut[i],
			.hva = i == 1 || bar->kind == BAR_IO ? NULL : HVA + cut[i],
			.ops = &bar_ops,
			.ctx = bar,
		};
	}
}

static void card_init(struct card *c)
{
	struct pci_func *f = &c->func;
	pci_func_init(f, &func_ops, PCIE_CFG_SIZE);
	pci_cfg_ids(f, &(struct pci_ids){ .vendor = 0x8086, .device = 0x10 });
	pci_cfg_writable(f, PCI_CFG_SIZE, 4, 0x00ffff00);
	pci_cfg_writable(f, 4, 2, 0x0407);
	pci_cfg_writable(f, 0x48, 4, 0x07);
	pci_cfg_device(f, 0x80, 4, 0x0ff0ff0f);
	pci_cfg_writable(f, 0x80, 4, 0x00ffffff);
	pci_cfg_w1c(f, 0x80, 4, 0xf0000f00);
	require(!pci_bar_set(f, 0, BAR_MEM32, false, 64 * KIB));
	require(!pci_bar_set(f, 1, BAR_MEM32, false, 256));
	require(!pci_bar_set(f, 2, BAR_MEM64, true, 4 * MIB));
	require(!pci_bar_set(f, 4, BAR_IO, false, 64));
	require(!pci_bar_set(f, PCI_ROM_BAR, BAR_ROM, false, 2 * KIB));
	for (unsigned i = 0; i < PCI_BARS; i++) {
		if (f->bar[i].kind != BAR_NONE)
			fill(&f->bar[i]);
	}
	pci_func_seal(f);
}

static void machine_up(void)
{
	log_set_level(LOG_ERROR);
	memset(&m, 0, sizeof(m));
	fake_memslot_init();
	fake_irq_init();
	require(!irqs_init(&m.irqs, -1, 1024, NULL));
	require(!qs_init(&m.qs) && !bus_init(&m.mmio, &m.qs) && !bus_init(&m.pio, &m.qs));
	require(!pci_root_init(&m.root, &m.mmio, &m.pio, &m.slots));
	m.root.ecam = (struct range){ ECAM_BASE, ECAM_SIZE };
	for (unsigned i = 0; i < CARDS; i++)
		card_init(&m.card[i]);
	for (unsigned i = 0; i < 2; i++) {
		require(!pci_port_init(&m.port[i], i + 1, (struct pci_link){ 0 }, &m.irqs));
		require(!pci_bus_add(&m.root.bus0, &m.port[i].func, i + 1, 0));
		require(!pci_bus_add(&m.port[i].bus, &m.card[1 + 2 * i].func, 0, 0));
		require(!pci_bus_add(&m.port[i].bus, &m.card[2 + 2 * i].func, 0, 5));
		pci_port_program(&m.port[i],
				 &(struct pci_windows){
					 .io = { 0x6000 + i * 0x1000, 0x1000 },
					 .mem = { 0xc0000000 + i * 16 * MIB, 16 * MIB },
					 .pref = { UINT64_C(0x7000000000) + i * GIB, GIB },
					 .secondary = (uint8_t)(i + 1),
					 .subordinate = (uint8_t)(i + 1),
				 });
	}
	require(!pci_bus_add(&m.root.bus0, &m.card[0].func, 0, 0));
}

static void machine_down(void)
{
	fake_memslot.fail = 0;
	require(!pci_root_reset(&m.root, NULL));
	require(fake_memslot.n == 0);
	for (unsigned i = 0; i < 2; i++)
		pci_port_fini(&m.port[i]);
	require(!fake_irq.in_use && !fake_irq.wired);
	pci_root_fini(&m.root);
	bus_fini(&m.mmio);
	bus_fini(&m.pio);
	require(qs_reclaim(&m.qs) == 0);
	qs_fini(&m.qs);
}

/* --- the guest --- */

static void check_slots(void)
{
	for (size_t i = 0; i < fake_memslot.n; i++) {
		struct range r = { fake_memslot.want[i].gpa, fake_memslot.want[i].size };
		require(!range_overlaps(r, (struct range){ ECAM_BASE, ECAM_SIZE }));
		require(!range_overlaps(r, (struct range){ IOAPIC_BASE, 0x1400000 }));
		require(inside(r.start, r.size, UINT64_C(1) << 52));
	}
}

/* Registers that decide something come up more often than others. */
static uint32_t where(struct input *in)
{
	static const uint16_t regs[] = { 0x04, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x24,
					 0x28, 0x2c, 0x30, 0x3c, 0x44, 0x48, 0x80 };
	uint32_t v = take(in, 2), fn = v >> 8 & 7;
	uint32_t reg = v & 0x80 ? take(in, 2) & 0xfff : regs[v % ARRAY_LEN(regs)];
	uint32_t bus = v >> 11 & 3, dev = bus ? 0 : v >> 13 & 3;
	return bus << 20 | dev << 15 | (bus || fn > 5 ? fn : 0) << 12 | reg;
}

static void config_access(struct input *in, uint8_t op)
{
	unsigned size = 1u << (op >> 4 & 3);
	uint32_t at = where(in);
	if (op & 0x40) { /* the other mechanism */
		pci_address_ops.write(&m.root, 0, 4, 0x80000000 | at >> 4 | (at & 0xfc));
		size = size > 4 ? 4 : size;
		if (op & 8)
			pci_data_ops.read(&m.root, at & 3, size);
		else
			pci_data_ops.write(&m.root, at & 3, size, take(in, size));
	} else if (op & 8) {
		pci_ecam_ops.read(&m.root, at, size);
	} else {
		uint64_t value = take(in, 4);
		pci_ecam_ops.write(&m.root, at, size, value | (uint64_t)take(in, 1) << 32);
	}
}

/* Into a BAR, wherever it is now. */
static void touch(struct input *in, uint8_t op)
{
	const struct pci_func *f = &m.card[take(in, 1) % CARDS].func;
	if (!f->bus)
		return;
	unsigned bar = take(in, 1) % PCI_BARS, size = 1u << (op >> 4 & 3);
	uint64_t at = pci_bar_addr(f, bar) + (take(in, 3) & (f->bar[bar].size * 2 - 1));
	struct bus *bus = bar == 4 ? &m.pio : &m.mmio;
	if (op & 8)
		bus_read(bus, at, size);
	else
		bus_write(bus, at, size, 0);
}

/* Its storage is overwritten: nothing may still point there. */
static void pull_out(struct input *in)
{
	struct pci_func *f = &m.card[take(in, 1) % CARDS].func;
	struct pci_bus *bus = f->bus;
	if (!bus)
		return;
	fake_memslot.fail = 0;
	pthread_mutex_lock(&m.root.lock);
	require(!pci_bus_remove(&m.root, f, NULL));
	if (bus->bridge && !bus->funcs)
		pci_port_empty(bus->bridge->port);
	pthread_mutex_unlock(&m.root.lock);
	memset(f->bar, 0, sizeof(f->bar));
	f->ops = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	machine_up();
	for (unsigned i = 0; in.left && i < 400; i++) {
		uint8_t op = (uint8_t)take(&in, 1);
		if (op == 0xff)
			pull_out(&in);
		else if ((op & 7) == 7)
			touch(&in, op);
		else
			config_access(&in, op);
		check_slots();
	}
	machine_down();
	return 0;
}
