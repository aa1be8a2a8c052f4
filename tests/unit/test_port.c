/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/irq.c
// with: fake/fake_irq.c
#include "pci/port.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "fake/fake_irq.h"
#include "pci/cap.h"

static struct pci_port port;
static struct pci_func *const f = &port.func;
static const struct pci_func_ops no_ops = { 0 };

static int fresh(void **state)
{
	(void)state;
	return pci_port_init(&port, 3, (struct pci_link){ .speed = 3, .width = 8 }, NULL);
}

static uint16_t pcie(unsigned reg)
{
	return (uint16_t)pci_cfg_read(f, pci_cap_find(f->val, 4096, PCI_CAP_ID_EXP) + reg, 2);
}

static void a_port_looks_like_a_generic_root_port(void **state)
{
	(void)state;
	assert_int_equal(pci_cfg_read(f, 0, 4), 0x000c1b36);
	assert_int_equal(pci_cfg_read(f, 8, 4) >> 8, 0x060400);
	assert_int_equal(pci_cfg_read(f, PCI_HEADER_TYPE, 1), PCI_HEADER_TYPE_BRIDGE);
	assert_int_equal(pcie(PCI_EXP_FLAGS), 0x0142);  /* version 2, root port, slot */
	assert_int_equal(pci_cfg_read(f, 0x100, 4), 0); /* no extended capabilities */
}

static void link_and_slot_are_those_of_the_device(void **state)
{
	(void)state;
	assert_int_equal(pcie(PCI_EXP_LNKCAP) & 0x3ff, 0x083);
	assert_int_equal(pcie(PCI_EXP_LNKSTA) & 0x3ff, 0x083);
	assert_true(pcie(PCI_EXP_LNKSTA) & PCI_EXP_LNKSTA_DLLLA);
	assert_true(pcie(PCI_EXP_SLTSTA) & PCI_EXP_SLTSTA_PDS);
	assert_int_equal(pcie(PCI_EXP_SLTCAP + 2) >> 3, 3);
	assert_int_equal(pcie(PCI_EXP_SLTCAP) & (PCI_EXP_SLTCAP_HPC | PCI_EXP_SLTCAP_HPS), 0);
	assert_int_equal(pcie(PCI_EXP_LNKCAP2), 0x0e); /* 2.5, 5 and 8 GT/s */
}

static void a_device_without_a_link_gets_the_slowest(void **state)
{
	(void)state;
	assert_int_equal(pci_port_init(&port, 1, (struct pci_link){ 0 }, NULL), 0);
	assert_int_equal(pcie(PCI_EXP_LNKCAP) & 0x3ff, 0x011);
	assert_int_equal(pcie(PCI_EXP_LNKCAP2), 0x02);
}

/* A function with a link of its own, live as the hardware's is. */
static uint16_t live_status;
static uint32_t read_status(struct pci_func *func, unsigned off, unsigned size)
{
	(void)func;
	return size == 2 && off == 0x40 + PCI_EXP_LNKSTA ? live_status : 0;
}
static const struct pci_func_ops live_ops = { .read_device = read_status };
static struct pci_func child;

static void put_child(uint32_t link_cap, uint16_t status)
{
	const struct pci_ids ids = { .vendor = 0x10de, .device = 0x1c03, .class_code = 0x030000 };
	memset(&child, 0, sizeof(child));
	pci_func_init(&child, &live_ops, 4096);
	pci_cfg_ids(&child, &ids);
	pci_cfg_add_cap(&child, PCI_CAP_ID_EXP, 0x40, 0x3c);
	pci_cfg_set(&child, 0x40 + PCI_EXP_LNKCAP, 4, link_cap);
	pci_cfg_device(&child, 0x40 + PCI_EXP_LNKSTA, 2, 0xffff);
	live_status = status;
	assert_int_equal(pci_bus_add(&port.bus, &child, 0, 0), 0);
	pci_port_match_link(&port);
}

static void the_link_is_the_devices_and_its_speed_follows(void **state)
{
	(void)state;
	put_child(0x104, 0x101); /* 16 GT/s x16, now idle at 2.5 */
	assert_int_equal(pcie(PCI_EXP_LNKCAP) & 0x3ff, 0x104);
	assert_int_equal(pcie(PCI_EXP_LNKCAP2), 0x1e);
	assert_int_equal(pcie(PCI_EXP_LNKSTA) & 0x3ff, 0x101);
	live_status = 0x104;
	assert_int_equal(pcie(PCI_EXP_LNKSTA) & 0x3ff, 0x104);
	assert_true(pcie(PCI_EXP_LNKSTA) & PCI_EXP_LNKSTA_DLLLA);
	unsigned cap = pci_cap_find(f->val, 4096, PCI_CAP_ID_EXP);
	assert_int_equal(pci_cfg_read(f, cap + PCI_EXP_LNKCTL, 4) >> 16 & 0x3ff, 0x104);
	assert_int_equal(pci_cfg_read(f, cap + PCI_EXP_LNKSTA, 1), 0x04);
	assert_int_equal(pci_cfg_read(f, cap + PCI_EXP_LNKSTA + 1, 1) & 3, 0x01);
	pci_func_reset(f);
	assert_int_equal(pcie(PCI_EXP_LNKCAP) & 0x3ff, 0x104);
	assert_int_equal(pcie(PCI_EXP_SLTCAP + 2) >> 3, 3); /* the slot is as it was */
}

static void a_function_that_shows_no_link_changes_nothing(void **state)
{
	(void)state;
	put_child(0, 0); /* a VF */
	assert_int_equal(pcie(PCI_EXP_LNKCAP) & 0x3ff, 0x083);
	assert_int_equal(pcie(PCI_EXP_LNKSTA) & 0x3ff, 0x083);
}

static void impossible_links_of_a_device_are_not_believed(void **state)
{
	(void)state;
	put_child(0x033, 0x033); /* three lanes */
	assert_int_equal(pcie(PCI_EXP_LNKCAP) & 0x3ff, 0x083);
}

static void a_device_that_is_gone_leaves_the_last_link(void **state)
{
	(void)state;
	put_child(0x104, 0x104);
	live_status = 0xffff;
	assert_int_equal(pcie(PCI_EXP_LNKSTA) & 0x3ff, 0x104);
	port.bus.funcs = NULL;
	pci_port_empty(&port);
	assert_int_equal(pcie(PCI_EXP_LNKSTA) & 0x3ff, 0x104);
	assert_false(pcie(PCI_EXP_LNKSTA) & PCI_EXP_LNKSTA_DLLLA);
}

static void impossible_slots_and_links_are_refused(void **state)
{
	(void)state;
	assert_int_equal(pci_port_init(&port, 0, (struct pci_link){ 0 }, NULL), -EINVAL);
	assert_int_equal(pci_port_init(&port, 8192, (struct pci_link){ 0 }, NULL), -EINVAL);
	assert_int_equal(pci_port_init(&port, 1, (struct pci_link){ 6, 1 }, NULL), -EINVAL);
	assert_int_equal(pci_port_init(&port, 1, (struct pci_link){ 1, 3 }, NULL), -EINVAL);
	assert_int_equal(pci_port_init(&port, 8191, (struct pci_link){ 5, 16 }, NULL), 0);
}

static void window_registers_have_architectural_masks(void **state)
{
	(void)state;
	for (unsigned off = 0x18; off < 0x34; off += 4)
		pci_cfg_write(f, off, 4, UINT32_MAX);
	assert_int_equal(pci_cfg_read(f, 0x18, 4), 0x00ffffff); /* no secondary latency timer */
	assert_int_equal(pci_cfg_read(f, 0x1c, 2), 0xf0f0);
	assert_int_equal(pci_cfg_read(f, 0x20, 4), 0xfff0fff0);
	assert_int_equal(pci_cfg_read(f, 0x24, 4), 0xfff1fff1);
	assert_int_equal(pci_cfg_read(f, 0x28, 4), UINT32_MAX);
	assert_int_equal(pci_cfg_read(f, 0x2c, 4), UINT32_MAX);
	assert_int_equal(pci_cfg_read(f, 0x30, 4), 0); /* 16-bit I/O */
	pci_cfg_write(f, 0x38, 4, UINT32_MAX);
	assert_int_equal(pci_cfg_read(f, 0x38, 4), 0); /* no ROM */
	pci_cfg_write(f, 0x10, 4, UINT32_MAX);
	assert_int_equal(pci_cfg_read(f, 0x10, 4), 0); /* no BAR */
}

static void the_guest_programs_windows(void **state)
{
	(void)state;
	pci_cfg_write(f, 0x1c, 2, 0x7060);
	pci_cfg_write(f, 0x20, 4, 0xc010c000);
	pci_cfg_write(f, 0x24, 4, 0x00100000);
	pci_cfg_write(f, 0x28, 4, 0x70);
	pci_cfg_write(f, 0x2c, 4, 0x71);
	struct pci_windows w = pci_port_windows(&port);
	assert_int_equal(w.io.start, 0x6000);
	assert_int_equal(w.io.size, 0x2000);
	assert_int_equal(w.mem.start, 0xc0000000);
	assert_int_equal(w.mem.size, 0x200000);
	assert_int_equal(w.pref.start, UINT64_C(0x7000000000));
	assert_int_equal(w.pref.size, UINT64_C(0x100200000));
}

static void a_window_with_base_above_limit_is_closed(void **state)
{
	(void)state;
	pci_cfg_write(f, 0x1c, 2, 0x6070);
	pci_cfg_write(f, 0x20, 4, 0xc000c010);
	pci_cfg_write(f, 0x28, 4, 1);
	struct pci_windows w = pci_port_windows(&port);
	assert_int_equal(w.io.size, 0);
	assert_int_equal(w.mem.size, 0);
	assert_int_equal(w.pref.size, 0);
}

static void the_widest_window_does_not_wrap(void **state)
{
	(void)state;
	pci_cfg_write(f, 0x24, 4, 0xfff00000);
	pci_cfg_write(f, 0x2c, 4, UINT32_MAX);
	struct pci_windows w = pci_port_windows(&port);
	assert_int_equal(w.pref.start, 0);
	assert_true(w.pref.size > UINT64_C(1) << 63);
}

static void programmed_windows_read_back(void **state)
{
	(void)state;
	const struct pci_windows in = {
		.io = { 0x6000, 0x1000 },
		.mem = { 0xc0000000, 3 * MIB },
		.pref = { UINT64_C(0x700000000000), 64 * GIB },
		.secondary = 4,
		.subordinate = 5,
	};
	pci_port_program(&port, &in);
	struct pci_windows out = pci_port_windows(&port);
	assert_memory_equal(&in, &out, offsetof(struct pci_windows, secondary));
	assert_int_equal(out.secondary, 4);
	assert_int_equal(out.subordinate, 5);
	assert_int_equal(pci_command(f) & 7, 7);
	assert_int_equal(pci_cfg_read(f, 0x24, 1) & 0xf, 1);
}

static void programmed_closed_windows_are_closed(void **state)
{
	(void)state;
	pci_port_program(&port, &(struct pci_windows){ .secondary = 1, .subordinate = 1 });
	struct pci_windows out = pci_port_windows(&port);
	assert_int_equal(out.io.size + out.mem.size + out.pref.size, 0);
	assert_int_equal(pci_cfg_read(f, 0x30, 4), 0);
}

static void functions_behind_follow_the_bus_number(void **state)
{
	(void)state;
	struct pci_func behind;
	pci_func_init(&behind, &no_ops, 4096);
	assert_int_equal(pci_bus_add(&port.bus, &behind, 0, 0), 0);
	assert_int_equal(behind.bdf.bus, 0);
	pci_cfg_write(f, PCI_PRIMARY_BUS, 4, 0x00070700);
	assert_int_equal(behind.bdf.bus, 7);
	pci_cfg_write(f, PCI_SECONDARY_BUS, 1, 9);
	assert_int_equal(behind.bdf.bus, 9);
	pci_func_reset(f);
	assert_int_equal(behind.bdf.bus, 0);
	pci_port_program(&port, &(struct pci_windows){ .secondary = 2, .subordinate = 2 });
	assert_int_equal(behind.bdf.bus, 2);
}

static unsigned resets;

static void count_reset(struct pci_port *p, void *ctx)
{
	assert_ptr_equal(p, &port);
	assert_ptr_equal(ctx, &resets);
	resets++;
}

static void a_secondary_bus_reset_is_passed_on(void **state)
{
	(void)state;
	pci_cfg_write(f, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_CTL_BUS_RESET); /* nobody listens */
	pci_cfg_write(f, PCI_BRIDGE_CONTROL, 2, 0);
	resets = 0;
	port.bus_reset = count_reset;
	port.bus_reset_ctx = &resets;
	pci_cfg_write(f, PCI_BRIDGE_CONTROL, 2, PCI_BRIDGE_CTL_SERR);
	assert_int_equal(resets, 0);
	pci_cfg_write(f, PCI_BRIDGE_CONTROL, 2, 0xffff);
	assert_int_equal(resets, 1);
	assert_int_equal(pci_cfg_read(f, PCI_BRIDGE_CONTROL, 2), 0x5f);
	pci_cfg_write(f, PCI_INTERRUPT_LINE, 1, 10);
	assert_int_equal(resets, 1);
	pci_cfg_write(f, PCI_BRIDGE_CONTROL, 2, 0xffff); /* still asserted: the same reset */
	assert_int_equal(resets, 1);
	pci_cfg_write(f, PCI_BRIDGE_CONTROL, 2, 0);
	pci_cfg_write(f, PCI_INTERRUPT_LINE, 4, 0x0040000a);
	assert_int_equal(resets, 2);
}

static void d3hot_is_asleep_and_d1_is_not_offered(void **state)
{
	(void)state;
	unsigned ctrl = pci_cap_find(f->val, 4096, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	assert_false(pci_func_asleep(f));
	pci_cfg_write(f, ctrl, 2, 3);
	assert_true(pci_func_asleep(f));
	pci_cfg_write(f, ctrl, 2, 1);
	assert_false(pci_func_asleep(f));
	assert_int_equal(pci_cfg_read(f, ctrl, 2), PCI_PM_CTRL_NO_SOFT_RESET);
}

static void error_bits_can_only_be_cleared(void **state)
{
	(void)state;
	f->val[PCI_STATUS + 1] = 0x40;
	pci_cfg_write(f, PCI_STATUS, 2, 0);
	assert_int_equal(pci_cfg_read(f, PCI_STATUS, 2), 0x4010);
	pci_cfg_write(f, PCI_STATUS, 2, 0xffff);
	assert_int_equal(pci_cfg_read(f, PCI_STATUS, 2), 0x0010);
	unsigned slot = pci_cap_find(f->val, 4096, PCI_CAP_ID_EXP) + PCI_EXP_SLTSTA;
	pci_cfg_write(f, slot, 2, 0xffff);
	assert_int_equal(pci_cfg_read(f, slot, 2), PCI_EXP_SLTSTA_PDS);
}

/* --- a slot that its device vanishes from --- */

static struct irqs irqs;

static int hot(void **state)
{
	(void)state;
	fake_irq_init();
	irqs_init(&irqs, -1, 1024, NULL);
	return pci_port_init(&port, 3, (struct pci_link){ .speed = 3, .width = 8 }, &irqs);
}

static int cold(void **state)
{
	(void)state;
	pci_port_fini(&port);
	return fake_irq.in_use || fake_irq.wired;
}

static void write_pcie(unsigned reg, uint16_t value)
{
	pci_cfg_write(f, pci_cap_find(f->val, 4096, PCI_CAP_ID_EXP) + reg, 2, value);
}

static void set_msi(bool on)
{
	unsigned cap = pci_cap_find(f->val, 4096, PCI_CAP_ID_MSI);
	pci_cfg_write(f, cap + PCI_MSI_ADDRESS_LO, 4, 0xfee01000);
	pci_cfg_write(f, cap + PCI_MSI_DATA_64, 2, 0x55);
	pci_cfg_write(f, cap + PCI_MSI_FLAGS, 2, on ? PCI_MSI_FLAGS_ENABLE : 0);
}

/* What the eventfd, which the fake's KVM does not read by itself, holds; 0 = no interrupt. */
static uint64_t told(void)
{
	uint64_t n = 0;
	if (port.event_fd < 0 || read(port.event_fd, &n, sizeof(n)) != sizeof(n))
		return 0;
	return n;
}

#define LISTEN (PCI_EXP_SLTCTL_HPIE | PCI_EXP_SLTCTL_PDCE | PCI_EXP_SLTCTL_DLLSCE)
#define GONE (PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_DLLSC)

static void a_hot_plug_slot_says_so_and_has_nothing_to_press(void **state)
{
	(void)state;
	assert_int_equal(pcie(PCI_EXP_SLTCAP) & 0x7ffff,
			 (PCI_EXP_SLTCAP_HPC | PCI_EXP_SLTCAP_HPS | PCI_EXP_SLTCAP_NCCS) & 0xffff);
	assert_true(pcie(PCI_EXP_SLTCAP + 2) & PCI_EXP_SLTCAP_NCCS >> 16);
	assert_int_equal(pcie(PCI_EXP_SLTCAP + 2) >> 3, 3);
	assert_true(pcie(PCI_EXP_SLTSTA) & PCI_EXP_SLTSTA_PDS);
	write_pcie(PCI_EXP_SLTCTL, 0xffff);
	assert_int_equal(pcie(PCI_EXP_SLTCTL), LISTEN);
	assert_int_equal(pci_cfg_read(f, 0x90, 1), PCI_CAP_ID_MSI);
}

static void a_guest_that_listens_is_told_once_that_the_device_has_gone(void **state)
{
	(void)state;
	set_msi(true);
	write_pcie(PCI_EXP_SLTCTL, LISTEN);
	assert_int_equal(told(), 0);
	pci_port_empty(&port);
	assert_int_equal(pcie(PCI_EXP_SLTSTA), GONE);
	assert_int_equal(pcie(PCI_EXP_LNKSTA) & PCI_EXP_LNKSTA_DLLLA, 0);
	assert_int_equal(fake_irq.gsi[port.msi.vectors.at[0].gsi].live.data, 0x55);
	assert_int_equal(told(), 1);
	write_pcie(PCI_EXP_SLTCTL, LISTEN);
	assert_int_equal(told(), 0); /* the same event */
	write_pcie(PCI_EXP_SLTSTA, GONE);
	assert_int_equal(pcie(PCI_EXP_SLTSTA), 0);
	assert_int_equal(told(), 0);
}

static void a_guest_that_listens_later_is_told_then(void **state)
{
	(void)state;
	pci_port_empty(&port);
	write_pcie(PCI_EXP_SLTCTL, PCI_EXP_SLTCTL_PDCE | PCI_EXP_SLTCTL_DLLSCE);
	set_msi(true);
	assert_int_equal(told(), 0); /* no HPIE */
	write_pcie(PCI_EXP_SLTCTL, PCI_EXP_SLTCTL_HPIE);
	assert_int_equal(told(), 0); /* nothing to be told of */
	write_pcie(PCI_EXP_SLTCTL, PCI_EXP_SLTCTL_HPIE | PCI_EXP_SLTCTL_DLLSCE);
	assert_int_equal(told(), 1);
	write_pcie(PCI_EXP_SLTSTA, PCI_EXP_SLTSTA_DLLSC);
	write_pcie(PCI_EXP_SLTCTL, LISTEN);
	assert_int_equal(told(), 1); /* presence detect is still pending */
}

static void a_guest_without_msi_is_told_when_it_turns_it_on(void **state)
{
	(void)state;
	write_pcie(PCI_EXP_SLTCTL, LISTEN);
	pci_port_empty(&port);
	assert_int_equal(fake_irq.in_use, 0);
	set_msi(true);
	assert_int_equal(told(), 1);
	set_msi(false);
	assert_int_equal(port.event_fd, -1);
	assert_int_equal(fake_irq.in_use, 0);
}

static void an_empty_slot_stays_empty_over_a_reset(void **state)
{
	(void)state;
	set_msi(true);
	write_pcie(PCI_EXP_SLTCTL, LISTEN);
	pci_port_empty(&port);
	pci_func_reset(f);
	assert_int_equal(port.event_fd, -1);
	assert_int_equal(fake_irq.in_use, 0);
	assert_int_equal(pcie(PCI_EXP_SLTSTA), 0);
	assert_int_equal(pcie(PCI_EXP_LNKSTA) & PCI_EXP_LNKSTA_DLLLA, 0);
	assert_int_equal(pcie(PCI_EXP_SLTCTL), 0);
}

static void a_fixed_slot_becomes_empty_without_an_event(void **state)
{
	(void)state;
	pci_port_empty(&port);
	assert_int_equal(pcie(PCI_EXP_SLTSTA), 0);
	assert_int_equal(port.event_fd, -1);
}

static void without_a_free_gsi_the_guest_goes_untold(void **state)
{
	(void)state;
	fake_irq.fail_alloc = -ENOSPC;
	write_pcie(PCI_EXP_SLTCTL, LISTEN);
	set_msi(true);
	pci_port_empty(&port);
	assert_int_equal(pcie(PCI_EXP_SLTSTA), GONE);
}

static void a_port_keeps_its_makers_name_over_a_reset(void **state)
{
	(void)state;
	pci_port_name(&port, (struct pci_port_name){ 0x8086, 0x3420 });
	pci_func_reset(&port.func);
	assert_int_equal(le_get(port.func.val + PCI_VENDOR_ID, 4), 0x34208086);
}

int main(void)
{
#define HOT(name) cmocka_unit_test_setup_teardown(name, hot, cold)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_port_looks_like_a_generic_root_port, fresh),
		cmocka_unit_test_setup(a_port_keeps_its_makers_name_over_a_reset, fresh),
		cmocka_unit_test_setup(link_and_slot_are_those_of_the_device, fresh),
		cmocka_unit_test_setup(a_device_without_a_link_gets_the_slowest, fresh),
		cmocka_unit_test_setup(the_link_is_the_devices_and_its_speed_follows, fresh),
		cmocka_unit_test_setup(a_function_that_shows_no_link_changes_nothing, fresh),
		cmocka_unit_test_setup(impossible_links_of_a_device_are_not_believed, fresh),
		cmocka_unit_test_setup(a_device_that_is_gone_leaves_the_last_link, fresh),
		cmocka_unit_test_setup(impossible_slots_and_links_are_refused, fresh),
		cmocka_unit_test_setup(window_registers_have_architectural_masks, fresh),
		cmocka_unit_test_setup(the_guest_programs_windows, fresh),
		cmocka_unit_test_setup(a_window_with_base_above_limit_is_closed, fresh),
		cmocka_unit_test_setup(the_widest_window_does_not_wrap, fresh),
		cmocka_unit_test_setup(programmed_windows_read_back, fresh),
		cmocka_unit_test_setup(programmed_closed_windows_are_closed, fresh),
		cmocka_unit_test_setup(functions_behind_follow_the_bus_number, fresh),
		cmocka_unit_test_setup(a_secondary_bus_reset_is_passed_on, fresh),
		cmocka_unit_test_setup(d3hot_is_asleep_and_d1_is_not_offered, fresh),
		cmocka_unit_test_setup(error_bits_can_only_be_cleared, fresh),
		cmocka_unit_test_setup(a_fixed_slot_becomes_empty_without_an_event, fresh),
		HOT(a_hot_plug_slot_says_so_and_has_nothing_to_press),
		HOT(a_guest_that_listens_is_told_once_that_the_device_has_gone),
		HOT(a_guest_that_listens_later_is_told_then),
		HOT(a_guest_without_msi_is_told_when_it_turns_it_on),
		HOT(an_empty_slot_stays_empty_over_a_reset),
		HOT(without_a_free_gsi_the_guest_goes_untold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
