/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/memslot.c
// with: fake/fake_memslot.c
#include <errno.h>
#include <linux/kvm.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
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
static struct card card, other;

static uint64_t card_read(void *ctx, uint64_t off, unsigned size)
{
	(void)size;
	((struct card *)ctx)->last_off = off;
	return off >> 4 & 0x7f;
}

static void card_write(void *ctx, uint64_t off, unsigned size, uint64_t value)
{
	struct card *c = ctx;
	(void)size;
	(void)value;
	c->last_off = off;
	c->writes++;
}

static const struct bus_ops card_ops = { card_read, card_write };

static void wrote(struct pci_func *func, unsigned off, unsigned size)
{
	struct card *c = container_of(func, struct card, func);
	(void)size;
	if (c->on_wrote)
		c->on_wrote(c, off);
}

static bool asleep(const struct pci_func *func)
{
	return container_of(func, struct card, func)->asleep;
}

static const struct pci_func_ops func_ops = { .wrote = wrote, .asleep = asleep };

static struct bar_piece mapped(uint64_t off, uint64_t len)
{
	return (struct bar_piece){ .off = off, .len = len, .hva = ram + off };
}

static struct bar_piece trapped(struct card *c, uint64_t off, uint64_t len)
{
	return (struct bar_piece){ .off = off, .len = len, .ops = &card_ops, .ctx = c };
}

static struct bar_piece both(struct card *c, uint64_t off, uint64_t len)
{
	struct bar_piece p = trapped(c, off, len);
	p.hva = ram + off;
	return p;
}

static void pieces(struct pci_bar *bar, unsigned n, ...)
{
	va_list list;
	va_start(list, n);
	bar->n_pieces = n;
	for (unsigned i = 0; i < n; i++)
		bar->piece[i] = va_arg(list, struct bar_piece);
	va_end(list);
}

static void card_init(struct card *c)
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

static int up(void **state)
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

static int up_on_root(void **state)
{
	up(state);
	return pci_bus_add(&root.bus0, &card.func, 2, 0);
}

static int up_behind_port(void **state)
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

static int down(void **state)
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
static void write_cfg(struct pci_func *func, unsigned off, unsigned size, uint32_t value)
{
	pci_ecam_ops.write(&root, (uint64_t)func->bdf.bus << 20 | bdf_devfn(func->bdf) << 12 | off,
			   size, value);
}

static void command(struct pci_func *func, uint16_t value)
{
	write_cfg(func, PCI_COMMAND, 2, value);
}

/* Firmware has been here: all BARs have addresses, decoding as in `command_value`. */
static void program(struct card *c, uint16_t command_value)
{
	pci_bar_program(&c->func, 0, GPA_BAR0);
	pci_bar_program(&c->func, 2, GPA_BAR2);
	pci_bar_program(&c->func, 4, 0x6000);
	pci_bar_program(&c->func, PCI_ROM_BAR, GPA_BAR0 + 0x10000);
	command(&c->func, command_value);
}

static bool traps(uint64_t gpa)
{
	card.writes = 0;
	bus_write(&mmio, gpa, 4, 0);
	return card.writes;
}

static void nothing_is_decoded_before_command_says_so(void **state)
{
	(void)state;
	program(&card, 0);
	assert_int_equal(fake_memslot.publishes, 0);
	assert_int_equal(root.publishes, 0);
	assert_false(traps(GPA_BAR0 + 0x2000));
}

static void memory_decoding_brings_slots_and_regions(void **state)
{
	(void)state;
	program(&card, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 3);
	const struct slot_want *w = fake_memslot_at(GPA_BAR0);
	assert_non_null(w);
	assert_int_equal(w->size, 0x2000);
	assert_ptr_equal(w->hva, ram);
	assert_int_equal(w->flags, 0);
	w = fake_memslot_at(GPA_BAR0 + 0x3000);
	assert_int_equal(w->size, 0xd000);
	assert_ptr_equal(w->hva, ram + 0x3000);
	assert_null(fake_memslot_at(GPA_BAR0 + 0x2000));
	assert_int_equal(fake_memslot_at(GPA_BAR2)->size, 128 * KIB);
	assert_int_equal(bus_read(&mmio, GPA_BAR0 + 0x2340, 4), 0x34);
	assert_int_equal(card.last_off, 0x2340); /* relative to the BAR */
	assert_int_equal(bus_read(&pio, 0x6010, 4), UINT32_MAX);
}

static void io_decoding_brings_ports(void **state)
{
	(void)state;
	program(&card, PCI_COMMAND_IO);
	assert_int_equal(fake_memslot.n, 0);
	assert_int_equal(bus_read(&pio, 0x6010, 4), 1);
	assert_int_equal(card.last_off, 0x10);
	assert_false(traps(GPA_BAR0 + 0x2000));
}

static void the_rom_needs_both_enable_bits(void **state)
{
	(void)state;
	program(&card, 0);
	write_cfg(&card.func, PCI_ROM_ADDRESS, 1, 1);
	assert_null(fake_memslot_at(GPA_BAR0 + 0x10000));
	command(&card.func, PCI_COMMAND_MEMORY);
	const struct slot_want *w = fake_memslot_at(GPA_BAR0 + 0x10000);
	assert_non_null(w);
	assert_int_equal(w->flags, KVM_MEM_READONLY);
	assert_true(traps(GPA_BAR0 + 0x10000)); /* writes to the read-only slot arrive here */
	write_cfg(&card.func, PCI_ROM_ADDRESS, 1, 0);
	assert_null(fake_memslot_at(GPA_BAR0 + 0x10000));
	assert_int_equal(fake_memslot.n, 3);
}

static void ports_beyond_64_kib_are_not_decoded(void **state)
{
	(void)state;
	program(&card, PCI_COMMAND_IO);
	write_cfg(&card.func, PCI_BASE_ADDRESS_4, 4, 0x16000);
	assert_int_equal(bus_read(&pio, 0x16010, 4), UINT32_MAX);
	write_cfg(&card.func, PCI_BASE_ADDRESS_4, 4, 0xffe0);
	assert_int_equal(bus_read(&pio, 0xfff0, 4), 1);
}

static void an_unprogrammed_bar_is_not_decoded(void **state)
{
	(void)state;
	command(&card.func, 3);
	assert_int_equal(fake_memslot.publishes, 0);
	assert_int_equal(bus_read(&pio, 0, 4), UINT32_MAX);
}

static void sizing_with_decoding_off_publishes_nothing(void **state)
{
	(void)state;
	program(&card, PCI_COMMAND_MEMORY);
	command(&card.func, 0);
	unsigned publishes = fake_memslot.publishes;
	for (unsigned reg = PCI_BASE_ADDRESS_0; reg <= PCI_BASE_ADDRESS_5; reg += 4)
		write_cfg(&card.func, reg, 4, UINT32_MAX);
	write_cfg(&card.func, PCI_ROM_ADDRESS, 4, UINT32_MAX);
	assert_int_equal(fake_memslot.publishes, publishes);
}

static void the_all_ones_of_sizing_is_never_mapped(void **state)
{
	(void)state;
	program(&card, 3);
	write_cfg(&card.func, PCI_BASE_ADDRESS_0, 4, UINT32_MAX);
	assert_int_equal(fake_memslot.n, 1); /* BAR 2 */
	write_cfg(&card.func, PCI_BASE_ADDRESS_3, 4, UINT32_MAX);
	assert_int_equal(fake_memslot.n, 0);
	write_cfg(&card.func, PCI_BASE_ADDRESS_4, 4, UINT32_MAX);
	assert_int_equal(bus_read(&pio, 0x6010, 4), UINT32_MAX);
	assert_int_equal(bus_read(&pio, 0xfff0, 4), UINT32_MAX);
}

static void a_bar_moves_with_decoding_on(void **state)
{
	(void)state;
	program(&card, PCI_COMMAND_MEMORY);
	write_cfg(&card.func, PCI_BASE_ADDRESS_0, 4, 0xd0000000);
	assert_null(fake_memslot_at(GPA_BAR0));
	assert_ptr_equal(fake_memslot_at(0xd0003000)->hva, ram + 0x3000);
	assert_false(traps(GPA_BAR0 + 0x2000));
	assert_true(traps(0xd0002000));
}

static void writes_that_change_nothing_publish_nothing(void **state)
{
	(void)state;
	program(&card, 3);
	unsigned publishes = fake_memslot.publishes;
	unsigned long maps = root.publishes;
	for (unsigned i = 0; i < 10; i++) {
		command(&card.func, 3);
		write_cfg(&card.func, PCI_BASE_ADDRESS_0, 4, (uint32_t)GPA_BAR0);
		write_cfg(&card.func, PCI_INTERRUPT_LINE, 1, i);
		command(&card.func, 3 | PCI_COMMAND_MASTER);
	}
	assert_int_equal(fake_memslot.publishes, publishes);
	assert_int_equal(root.publishes, maps);
	assert_int_equal(pci_map_publish(&root, NULL), 0);
	assert_int_equal(fake_memslot.publishes, publishes);
}

/* --- order --- */

static unsigned step;
static unsigned slots_gone_at, bus_at_look, wrote_at, slots_back_at;

static void look(const struct slot_want *want, size_t n)
{
	(void)want;
	step++;
	if (n)
		slots_back_at = step;
	else
		slots_gone_at = step;
	bus_at_look = traps(GPA_BAR0 + 0x2000);
}

static void note_wrote(struct card *c, unsigned off)
{
	(void)c;
	if (off == PCI_COMMAND)
		wrote_at = ++step;
}

static void watch(void)
{
	step = slots_gone_at = slots_back_at = wrote_at = 0;
	fake_memslot.look = look;
	card.on_wrote = note_wrote;
}

static void slots_go_before_the_device_is_told_to_stop(void **state)
{
	(void)state;
	program(&card, PCI_COMMAND_MEMORY);
	watch();
	command(&card.func, 0);
	assert_int_equal(slots_gone_at, 1);
	assert_true(bus_at_look); /* the bus is swapped after them */
	assert_int_equal(wrote_at, 2);
	assert_int_equal(step, 2);
	assert_false(traps(GPA_BAR0 + 0x2000));
}

static void slots_come_after_the_device_was_told_to_start(void **state)
{
	(void)state;
	program(&card, 0);
	watch();
	command(&card.func, PCI_COMMAND_MEMORY);
	assert_int_equal(wrote_at, 1);
	assert_int_equal(slots_back_at, 2);
	assert_true(bus_at_look); /* ... and after the bus */
	assert_int_equal(step, 2);
}

static void slots_that_stay_are_never_away(void **state)
{
	(void)state;
	program(&card, PCI_COMMAND_MEMORY);
	watch();
	write_cfg(&card.func, PCI_BASE_ADDRESS_0, 4, 0xd0000000);
	assert_int_equal(slots_gone_at, 0); /* BAR 2 was in every publication */
	assert_int_equal(step, 2);
	assert_non_null(fake_memslot_at(GPA_BAR2));
}

static void power_down(struct card *c, unsigned off)
{
	(void)off;
	assert_int_equal(fake_memslot.n, 0);
	c->on_wrote = NULL;
}

static void falling_asleep_takes_the_slots_away(void **state)
{
	(void)state;
	program(&card, PCI_COMMAND_MEMORY);
	card.asleep = true; /* as our copy of the power state says now */
	card.on_wrote = power_down;
	write_cfg(&card.func, 0x44, 2, 3);
	assert_null(card.on_wrote);
	assert_false(traps(GPA_BAR0 + 0x2000));
	card.asleep = false;
	write_cfg(&card.func, 0x44, 2, 0);
	assert_int_equal(fake_memslot.n, 3);
	assert_true(traps(GPA_BAR0 + 0x2000));
}

static void reset_in_write(struct card *c, unsigned off)
{
	(void)off;
	c->on_wrote = NULL;
	assert_int_equal(pci_map_withdraw(&root, &c->func, NULL), 0);
	assert_int_equal(fake_memslot.n, 0);
	assert_false(traps(GPA_BAR0 + 0x2000));
}

static void a_device_may_withdraw_itself_inside_a_write(void **state)
{
	(void)state;
	program(&card, 3);
	card.on_wrote = reset_in_write;
	write_cfg(&card.func, 0x88, 2, 0x8000);
	assert_null(card.on_wrote);
	assert_int_equal(fake_memslot.n, 3);
	assert_true(traps(GPA_BAR0 + 0x2000));
}

static void withdrawing_one_function_leaves_the_others(void **state)
{
	(void)state;
	card_init(&other);
	assert_int_equal(pci_bus_add(&root.bus0, &other.func, 3, 0), 0);
	program(&card, 3);
	pci_bar_program(&other.func, 0, 0xd0000000);
	command(&other.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 5);
	assert_int_equal(pci_map_withdraw(&root, &other.func, NULL), 0);
	assert_int_equal(fake_memslot.n, 3);
	assert_null(fake_memslot_at(0xd0000000));
	assert_int_equal(pci_map_withdraw(&root, NULL, NULL), 0);
	assert_int_equal(fake_memslot.n, 0);
	assert_int_equal(bus_read(&pio, 0x6010, 4), UINT32_MAX);
	assert_int_equal(pci_map_publish(&root, NULL), 0);
	assert_int_equal(fake_memslot.n, 5);
}

static void reset_empties_the_map(void **state)
{
	(void)state;
	program(&card, 3);
	assert_int_equal(pci_root_reset(&root, NULL), 0);
	assert_int_equal(fake_memslot.n, 0);
	assert_false(traps(GPA_BAR0 + 0x2000));
	assert_int_equal(pci_command(&card.func), 0);
}

/* --- behind a port --- */

static void a_port_forwards_through_its_windows(void **state)
{
	(void)state;
	program(&card, 3);
	assert_int_equal(fake_memslot.n, 3);
	assert_true(traps(GPA_BAR0 + 0x2000));
	assert_int_equal(bus_read(&pio, 0x6010, 4), 1);
}

static void what_lies_outside_the_windows_is_not_forwarded(void **state)
{
	(void)state;
	program(&card, 3);
	write_cfg(&card.func, PCI_BASE_ADDRESS_0, 4, 0xd0000000);
	assert_int_equal(fake_memslot.n, 1);
	assert_false(traps(0xd0002000));
	write_cfg(&card.func, PCI_BASE_ADDRESS_4, 4, 0x7000);
	assert_int_equal(bus_read(&pio, 0x7010, 4), UINT32_MAX);
}

static void pieces_are_clipped_to_the_window(void **state)
{
	(void)state;
	struct pci_func *f = &card.func;
	f->bar[2] = (struct pci_bar){ 0 };
	assert_int_equal(pci_bar_set(f, 2, BAR_MEM64, true, 2 * MIB), 0);
	pieces(&f->bar[2], 1, both(&card, 0, 2 * MIB));
	pci_bar_program(f, 2, UINT64_C(0x7000000000));
	pci_port_program(&port, &(struct pci_windows){
					.pref = { UINT64_C(0x7000100000), MIB },
					.secondary = 1,
					.subordinate = 1,
				});
	command(f, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 1);
	assert_int_equal(fake_memslot.want[0].gpa, UINT64_C(0x7000100000));
	assert_int_equal(fake_memslot.want[0].size, MIB);
	assert_ptr_equal(fake_memslot.want[0].hva, ram + MIB);
	assert_false(traps(UINT64_C(0x70000ffff0)));
	assert_true(traps(UINT64_C(0x7000100010)));
	assert_int_equal(card.last_off, 0x100010);
}

static void a_port_that_does_not_decode_forwards_nothing(void **state)
{
	(void)state;
	program(&card, 3);
	command(&port.func, PCI_COMMAND_IO);
	assert_int_equal(fake_memslot.n, 0);
	assert_false(traps(GPA_BAR0 + 0x2000));
	assert_int_equal(bus_read(&pio, 0x6010, 4), 1);
	command(&port.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 3);
	assert_int_equal(bus_read(&pio, 0x6010, 4), UINT32_MAX);
}

static void a_port_asleep_forwards_nothing(void **state)
{
	(void)state;
	program(&card, 3);
	write_cfg(&port.func, 0x44, 1, 3);
	assert_int_equal(fake_memslot.n, 0);
	write_cfg(&port.func, 0x44, 1, 0);
	assert_int_equal(fake_memslot.n, 3);
}

static void closing_a_window_takes_its_slots(void **state)
{
	(void)state;
	program(&card, 3);
	write_cfg(&port.func, PCI_MEMORY_BASE, 2, 0xfff0);
	assert_int_equal(fake_memslot.n, 1);
	assert_non_null(fake_memslot_at(GPA_BAR2));
}

static void withdrawing_a_port_withdraws_what_is_behind(void **state)
{
	(void)state;
	program(&card, 3);
	assert_int_equal(pci_map_withdraw(&root, &port.func, NULL), 0);
	assert_int_equal(fake_memslot.n, 0);
	assert_false(traps(GPA_BAR0 + 0x2000));
}

/* --- sub-page BARs --- */

static void small_bar(struct card *c, uint64_t gpa)
{
	c->func.bar[0] = (struct pci_bar){ 0 };
	assert_int_equal(pci_bar_set(&c->func, 0, BAR_MEM32, false, 256), 0);
	pieces(&c->func.bar[0], 1, both(c, 0, 256));
	pci_bar_program(&c->func, 0, gpa);
}

static void a_sub_page_bar_alone_in_its_page_is_mapped(void **state)
{
	(void)state;
	small_bar(&card, GPA_BAR0);
	command(&card.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 1);
	assert_int_equal(fake_memslot_at(GPA_BAR0)->size, PAGE_4K);
}

static void a_sub_page_bar_off_a_page_boundary_is_trapped(void **state)
{
	(void)state;
	small_bar(&card, GPA_BAR0 + 0x100);
	command(&card.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 0);
	assert_true(traps(GPA_BAR0 + 0x110));
	assert_int_equal(card.last_off, 0x10);
}

static void a_neighbour_in_the_page_makes_both_trapped(void **state)
{
	(void)state;
	card_init(&other);
	assert_int_equal(pci_bus_add(&root.bus0, &other.func, 3, 0), 0);
	small_bar(&card, GPA_BAR0);
	small_bar(&other, GPA_BAR0 + 0x800);
	command(&card.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 1);
	command(&other.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 0);
	assert_true(traps(GPA_BAR0));
	bus_write(&mmio, GPA_BAR0 + 0x810, 4, 0);
	assert_int_equal(other.writes, 1);
	assert_int_equal(other.last_off, 0x10);
	command(&other.func, 0);
	assert_int_equal(fake_memslot.n, 1);
}

static void a_ragged_end_is_trapped_only_in_its_page(void **state)
{
	(void)state;
	pieces(&card.func.bar[0], 2, both(&card, 0, 0x2800), trapped(&card, 0x2800, 0xd800));
	pci_bar_program(&card.func, 0, GPA_BAR0);
	command(&card.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot_at(GPA_BAR0)->size, 0x2000);
	assert_true(traps(GPA_BAR0 + 0x2000));
}

static void host_memory_off_a_page_boundary_is_trapped(void **state)
{
	(void)state;
	pieces(&card.func.bar[0], 1, both(&card, 0, 64 * KIB));
	card.func.bar[0].piece[0].hva = ram + 0x10;
	pci_bar_program(&card.func, 0, GPA_BAR0);
	command(&card.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 0);
	assert_true(traps(GPA_BAR0));
}

/* --- hostile guests --- */

static void bars_over_the_platform_are_not_decoded(void **state)
{
	(void)state;
	static const uint32_t at[] = { IOAPIC_BASE, LAPIC_BASE, 0xfebf0000 + 0x10000,
				       0xffff0000,  ECAM_BASE,  ECAM_BASE + ECAM_SIZE - 0x10000,
				       0xfed40000,  0xfffe0000 };
	root.ecam = (struct range){ ECAM_BASE, ECAM_SIZE };
	command(&card.func, PCI_COMMAND_MEMORY);
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		write_cfg(&card.func, PCI_BASE_ADDRESS_0, 4, at[i]);
		assert_int_equal(fake_memslot.n, 0);
		assert_false(traps(at[i] + 0x2000));
	}
	write_cfg(&card.func, PCI_BASE_ADDRESS_0, 4, 0xfebf0000);
	assert_int_equal(fake_memslot.n, 2); /* ends where the IOAPIC begins */
	write_cfg(&card.func, PCI_BASE_ADDRESS_0, 4, ECAM_BASE - 0x10000);
	assert_int_equal(fake_memslot.n, 2);
}

static void a_bar_beyond_52_bits_is_not_decoded(void **state)
{
	(void)state;
	command(&card.func, PCI_COMMAND_MEMORY);
	write_cfg(&card.func, PCI_BASE_ADDRESS_2, 4, UINT32_MAX);
	write_cfg(&card.func, PCI_BASE_ADDRESS_3, 4, UINT32_MAX);
	assert_int_equal(fake_memslot.n, 0);
	write_cfg(&card.func, PCI_BASE_ADDRESS_3, 4, 0x00100000);
	assert_int_equal(fake_memslot.n, 0);
	write_cfg(&card.func, PCI_BASE_ADDRESS_3, 4, 0x000fffff);
	assert_int_equal(fake_memslot.n, 1); /* the last 128 KiB of it */
}

static void overlapping_bars_harm_nobody(void **state)
{
	(void)state;
	card_init(&other);
	assert_int_equal(pci_bus_add(&root.bus0, &other.func, 3, 0), 0);
	program(&card, 3);
	pci_bar_program(&other.func, 0, GPA_BAR0 + 0x10000);
	pci_bar_program(&other.func, 2, GPA_BAR2);
	pci_bar_program(&other.func, 4, 0x6000);
	command(&other.func, 3);
	write_cfg(&other.func, PCI_BASE_ADDRESS_0, 4, (uint32_t)GPA_BAR0);
	assert_int_equal(fake_memslot.n, 6); /* memslots_publish sorts it out */
	assert_true(traps(GPA_BAR0 + 0x2000));
	assert_int_equal(bus_read(&pio, 0x6010, 4), 1);
	command(&card.func, 0);
	bus_write(&mmio, GPA_BAR0 + 0x2000, 4, 0);
	assert_int_equal(other.writes, 1);
}

static void pieces_outside_their_bar_are_ignored(void **state)
{
	(void)state;
	pieces(&card.func.bar[0], 3, both(&card, 0xf000, 0x2000), both(&card, UINT64_MAX, 0x1000),
	       both(&card, 0x1000, 0));
	card.func.bar[0].n_pieces = 3;
	pci_bar_program(&card.func, 0, GPA_BAR0);
	command(&card.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 0);
	assert_false(traps(GPA_BAR0 + 0xf000));
}

/* --- failures --- */

static void a_slot_failure_is_reported_and_what_remains_is_trapped(void **state)
{
	(void)state;
	struct err err = { 0 };
	pieces(&card.func.bar[0], 1, both(&card, 0, 64 * KIB));
	program(&card, 0);
	card.func.val[PCI_COMMAND] = PCI_COMMAND_MEMORY;
	fake_memslot.fail = -ENOSPC;
	assert_int_equal(pci_map_publish(&root, &err), -ENOSPC);
	assert_string_equal(err.text, "scripted slot failure");
	assert_true(traps(GPA_BAR0));
}

static void a_failed_publication_is_tried_again(void **state)
{
	(void)state;
	program(&card, 0);
	fake_memslot.fail = -ENOMEM;
	command(&card.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 0);
	fake_memslot.fail = 0;
	command(&card.func, PCI_COMMAND_MEMORY);
	assert_int_equal(fake_memslot.n, 3);
}

static void slots_that_could_not_be_removed_are_tried_again(void **state)
{
	(void)state;
	struct err err = { 0 };
	program(&card, PCI_COMMAND_MEMORY);
	fake_memslot.fail = -EIO;
	command(&card.func, 0);
	assert_int_equal(fake_memslot.n, 3);
	assert_int_equal(pci_map_withdraw(&root, &card.func, &err), -EIO);
	assert_int_equal(pci_root_reset(&root, &err), -EIO);
	fake_memslot.fail = 0;
	assert_int_equal(pci_map_shrink(&root, &err), 0);
	assert_int_equal(fake_memslot.n, 0);
}

static void toggling_forever_does_not_grow_the_map(void **state)
{
	(void)state;
	program(&card, 3);
	for (unsigned i = 0; i < 1000; i++) {
		command(&card.func, i & 3);
		write_cfg(&card.func, PCI_BASE_ADDRESS_0, 4, 0xc0000000 + (i << 16));
	}
	command(&card.func, 3);
	assert_int_equal(fake_memslot.n, 3);
	assert_int_equal(qs_reclaim(&qs), 0);
}

/* --- threads --- */

static atomic_bool stop_looking;

/* A vCPU that reads the trapped page all the time: the card, or nobody, and never a torn map. */
static void *vcpu_reads(void *ctx)
{
	struct qs_reader reader;
	uint64_t *ret_bad = ctx;
	qs_register(&qs, &reader);
	while (!atomic_load(&stop_looking)) {
		qs_online(&qs, &reader);
		uint64_t value = bus_read(&mmio, GPA_BAR0 + 0x2340, 4);
		qs_offline(&reader);
		*ret_bad += value != 0x34 && value != UINT32_MAX;
	}
	qs_unregister(&qs, &reader);
	return NULL;
}

static void *vcpu_toggles(void *ctx)
{
	uint16_t bit = *(uint16_t *)ctx;
	for (unsigned i = 0; i < 500; i++) {
		command(&card.func, i & 1 ? bit : 0);
		pci_ecam_ops.read(&root, 0, 4);
	}
	command(&card.func, PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
	return NULL;
}

static void vcpus_may_race_for_config_space_and_bars(void **state)
{
	(void)state;
	program(&card, 3);
	uint64_t bad = 0;
	uint16_t bits[2] = { PCI_COMMAND_MEMORY, PCI_COMMAND_IO };
	pthread_t looker, toggler[2];
	atomic_store(&stop_looking, false);
	assert_int_equal(pthread_create(&looker, NULL, vcpu_reads, &bad), 0);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&toggler[i], NULL, vcpu_toggles, &bits[i]), 0);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(toggler[i], NULL);
	atomic_store(&stop_looking, true);
	pthread_join(looker, NULL);
	assert_int_equal(bad, 0);
	assert_int_equal(fake_memslot.n, 3);
	assert_int_equal(qs_reclaim(&qs), 0);
}

int main(void)
{
#define ROOT(name) cmocka_unit_test_setup_teardown(name, up_on_root, down)
#define PORT(name) cmocka_unit_test_setup_teardown(name, up_behind_port, down)
	const struct CMUnitTest tests[] = {
		ROOT(nothing_is_decoded_before_command_says_so),
		ROOT(memory_decoding_brings_slots_and_regions),
		ROOT(io_decoding_brings_ports),
		ROOT(ports_beyond_64_kib_are_not_decoded),
		ROOT(the_rom_needs_both_enable_bits),
		ROOT(an_unprogrammed_bar_is_not_decoded),
		ROOT(sizing_with_decoding_off_publishes_nothing),
		ROOT(the_all_ones_of_sizing_is_never_mapped),
		ROOT(a_bar_moves_with_decoding_on),
		ROOT(writes_that_change_nothing_publish_nothing),
		ROOT(slots_go_before_the_device_is_told_to_stop),
		ROOT(slots_come_after_the_device_was_told_to_start),
		ROOT(slots_that_stay_are_never_away),
		ROOT(falling_asleep_takes_the_slots_away),
		ROOT(a_device_may_withdraw_itself_inside_a_write),
		ROOT(withdrawing_one_function_leaves_the_others),
		ROOT(reset_empties_the_map),
		PORT(a_port_forwards_through_its_windows),
		PORT(what_lies_outside_the_windows_is_not_forwarded),
		PORT(pieces_are_clipped_to_the_window),
		PORT(a_port_that_does_not_decode_forwards_nothing),
		PORT(a_port_asleep_forwards_nothing),
		PORT(closing_a_window_takes_its_slots),
		PORT(withdrawing_a_port_withdraws_what_is_behind),
		ROOT(a_sub_page_bar_alone_in_its_page_is_mapped),
		ROOT(a_sub_page_bar_off_a_page_boundary_is_trapped),
		ROOT(a_neighbour_in_the_page_makes_both_trapped),
		ROOT(a_ragged_end_is_trapped_only_in_its_page),
		ROOT(host_memory_off_a_page_boundary_is_trapped),
		ROOT(bars_over_the_platform_are_not_decoded),
		ROOT(a_bar_beyond_52_bits_is_not_decoded),
		ROOT(overlapping_bars_harm_nobody),
		ROOT(pieces_outside_their_bar_are_ignored),
		ROOT(a_slot_failure_is_reported_and_what_remains_is_trapped),
		ROOT(a_failed_publication_is_tried_again),
		ROOT(slots_that_could_not_be_removed_are_tried_again),
		ROOT(toggling_forever_does_not_grow_the_map),
		ROOT(vcpus_may_race_for_config_space_and_bars),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
