/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A card with BARs of all kinds on a root or behind a port, for the tests of pci/map.c. */
#ifndef BULKHEAD_TESTS_MAP_RIG_H
#define BULKHEAD_TESTS_MAP_RIG_H

#include <errno.h>
#include <linux/kvm.h>
#include <linux/pci_regs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/log.h"
#include "fake/fake_memslot.h"
#include "pci/port.h"
#include "pci/root.h"

#define GPA_BAR0 UINT64_C(0xc0000000)
#define GPA_BAR2 UINT64_C(0x7000000000)
#define RAM_BYTES (256 * KIB)

/*
 * One card: BAR 0 is 64 KiB of 32-bit memory, mapped but for the page at 0x2000; BAR 2 is 1 MiB of
 * 64-bit prefetchable memory, all mapped; BAR 4 is I/O; the ROM is mapped read-only.
 */
struct card {
	struct pci_func func;
	bool asleep;
	void (*on_wrote)(struct card *card, unsigned off); /* NULL = nothing */
	uint64_t last_off;
	unsigned writes;
};

static uint8_t *ram; /* page-aligned host memory that mapped pieces point into */
static struct qs qs;
static struct bus mmio, pio;
static struct memslots slots;
static struct pci_root root;
static struct pci_port port;
static struct card card;

static inline uint64_t card_read(void *ctx, uint64_t off, unsigned size)
{
	(void)size;
	((struct card *)ctx)->last_off = off;
	return off >> 4 & 0x7f;
}

static inline void card_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct card *c = ctx;
	(void)size;
	(void)value;
	c->last_off = off;
	c->writes++;
}

static const struct bus_ops card_ops = { card_read, card_write };

static inline void wrote(struct pci_func *func, unsigned off, unsigned size)
{
	struct card *c = container_of(func, struct card, func);
	(void)size;
	if (c->on_wrote)
		c->on_wrote(c, off);
}

static inline bool asleep(const struct pci_func *func)
{
	return container_of(func, struct card, func)->asleep;
}

static const struct pci_func_ops func_ops = { .wrote = wrote, .asleep = asleep };

static inline struct bar_piece mapped(uint64_t off, uint64_t len)
{
	return (struct bar_piece){ .off = off, .len = len, .hva = ram + off };
}

static inline struct bar_piece trapped(struct card *c, uint64_t off, uint64_t len)
{
	return (struct bar_piece){ .off = off, .len = len, .ops = &card_ops, .ctx = c };
}

static inline struct bar_piece both(struct card *c, uint64_t off, uint64_t len)
{
	struct bar_piece p = trapped(c, off, len);
	p.hva = (void *)((uintptr_t)ram + off); /* off may be nonsense on purpose */
	return p;
}

static inline void pieces(struct pci_bar *bar, unsigned n, ...)
{
	va_list list;
	va_start(list, n);
	bar->n_pieces = n;
	for (unsigned i = 0; i < n; i++)
		bar->piece[i] = va_arg(list, struct bar_piece);
	va_end(list);
}

static inline void card_init(struct card *c)
{
	memset(c, 0, sizeof(*c));
	struct pci_func *f = &c->func;
	pci_func_init(f, &func_ops, PCIE_CFG_SIZE);
	pci_cfg_ids(f, &(struct pci_ids){ .vendor = 0x8086, .device = 1 });
	pci_cfg_writable(f, PCI_COMMAND, 2, 7);
	assert_int_equal(pci_bar_set(f, 0, BAR_MEM32, false, 64 * KIB), 0);
	pieces(&f->bar[0], 3, mapped(0, 0x2000), trapped(c, 0x2000, 0x1000),
	       mapped(0x3000, 0xd000));
	assert_int_equal(pci_bar_set(f, 2, BAR_MEM64, true, 128 * KIB), 0);
	pieces(&f->bar[2], 1, mapped(0, 128 * KIB));
	assert_int_equal(pci_bar_set(f, 4, BAR_IO, false, 32), 0);
	pieces(&f->bar[4], 1, trapped(c, 0, 32));
	assert_int_equal(pci_bar_set(f, PCI_ROM_BAR, BAR_ROM, false, 4 * KIB), 0);
	pieces(&f->bar[PCI_ROM_BAR], 1, both(c, 0, 4 * KIB));
	f->bar[PCI_ROM_BAR].piece[0].read_only = true;
	pci_func_seal(f);
}

static inline int up(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	fake_memslot_init();
	ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(ram, MAP_FAILED);
	assert_int_equal(qs_init(&qs), 0);
	assert_int_equal(bus_init(&mmio, &qs), 0);
	assert_int_equal(bus_init(&pio, &qs), 0);
	assert_int_equal(pci_root_init(&root, &mmio, &pio, &slots), 0);
	assert_int_equal(pci_port_init(&port, 1, (struct pci_link){ 0 }, NULL), 0);
	assert_int_equal(pci_bus_add(&root.bus0, &port.func, 1, 0), 0);
	card_init(&card);
	return 0;
}

static inline int up_on_root(void **state)
{
	up(state);
	return pci_bus_add(&root.bus0, &card.func, 2, 0);
}

static inline int up_behind_port(void **state)
{
	up(state);
	pci_port_program(&port, &(struct pci_windows){
					.io = { 0x6000, 0x1000 },
					.mem = { GPA_BAR0, MIB },
					.pref = { GPA_BAR2, MIB },
					.secondary = 1,
					.subordinate = 1,
				});
	return pci_bus_add(&port.bus, &card.func, 0, 0);
}

static inline int down(void **state)
{
	(void)state;
	pci_root_fini(&root);
	bus_fini(&mmio);
	bus_fini(&pio);
	qs_fini(&qs);
	munmap(ram, RAM_BYTES);
	return 0;
}

/* Config write by the guest, through the root as always. */
static inline void write_cfg(struct pci_func *func, unsigned off, unsigned size, uint32_t value)
{
	pci_ecam_ops.write(&root, (uint64_t)func->bdf.bus << 20 | bdf_devfn(func->bdf) << 12 | off,
			   size, value);
}

static inline void command(struct pci_func *func, uint16_t value)
{
	write_cfg(func, PCI_COMMAND, 2, value);
}

/* Firmware has been here: all BARs have addresses, decoding as in `command_value`. */
static inline void program(struct card *c, uint16_t command_value)
{
	pci_bar_program(&c->func, 0, GPA_BAR0);
	pci_bar_program(&c->func, 2, GPA_BAR2);
	pci_bar_program(&c->func, 4, 0x6000);
	pci_bar_program(&c->func, PCI_ROM_BAR, GPA_BAR0 + 0x10000);
	command(&c->func, command_value);
}

static inline bool traps(uint64_t gpa)
{
	card.writes = 0;
	bus_write(&mmio, gpa, 4, 0);
	return card.writes;
}

#define ROOT(name) cmocka_unit_test_setup_teardown(name, up_on_root, down)
#define PORT(name) cmocka_unit_test_setup_teardown(name, up_behind_port, down)

#endif
