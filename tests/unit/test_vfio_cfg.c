/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: vfio/uapi.c iommu/uapi.c kvm/irq.c kvm/memslot.c
// with: fake/fake_vfio.c fake/fake_iommu.c fake/fake_irq.c fake/fake_memslot.c
#include <errno.h>

#include "fake/vfio_test.h"
#include "vfio/cfg_table.h"

static struct fake_device *dev;

static int begin(void **state)
{
	rig_start(state);
	dev = fake_vfio_typical();
	return 0;
}

/* The guest's own walk; 0 = not there. */
static unsigned guest_cap(uint8_t id)
{
	unsigned at = cfg_read(&rig, 0, PCI_CAPABILITY_LIST, 1);
	for (unsigned i = 0; i < 64 && at; i++, at = cfg_read(&rig, 0, at + 1, 1))
		if (cfg_read(&rig, 0, at, 1) == id)
			return at;
	return 0;
}

static unsigned guest_ext_cap(uint16_t id)
{
	unsigned at = 0x100;
	for (unsigned i = 0; i < 64 && at >= 0x100; i++) {
		uint32_t head = cfg_read(&rig, 0, at, 4);
		if ((head & 0xffff) == id)
			return at;
		at = head >> 20;
	}
	return 0;
}

/* --- header --- */

static void command_reaches_the_device_only_where_the_guest_may_set_it(void **state)
{
	(void)state;
	rig_up_or_fail();
	cfg_write(&rig, 0, PCI_COMMAND, 2, 0xffff);
	assert_int_equal(cfg_read(&rig, 0, PCI_COMMAND, 2), 0x0547);
	assert_int_equal(le16_get(dev->cfg + PCI_COMMAND), 0x0547);
	cfg_write(&rig, 0, PCI_COMMAND, 2, 0);
	assert_int_equal(le16_get(dev->cfg + PCI_COMMAND), 0);
}

static void conventional_devices_may_use_memory_write_and_invalidate(void **state)
{
	(void)state;
	memset(dev->cfg + 0x34, 0, 0x100 - 0x34);
	dev->cfg[PCI_STATUS] = 0;
	rig_up_or_fail();
	cfg_write(&rig, 0, PCI_COMMAND, 2, 0xffff);
	assert_int_equal(cfg_read(&rig, 0, PCI_COMMAND, 2), 0x0557);
}

static void an_unchanged_command_costs_no_system_call(void **state)
{
	(void)state;
	rig_up_or_fail();
	cfg_write(&rig, 0, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	unsigned writes = dev->cfg_writes;
	cfg_write(&rig, 0, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_equal(dev->cfg_writes, writes);
}

static void bars_are_never_written_to_the_device(void **state)
{
	(void)state;
	rig_up_or_fail();
	uint32_t before = le32_get(dev->cfg + PCI_BASE_ADDRESS_0);
	cfg_write(&rig, 0, PCI_BASE_ADDRESS_0, 4, 0xffffffff);
	assert_int_equal(cfg_read(&rig, 0, PCI_BASE_ADDRESS_0, 4), 0xffff0004);
	cfg_write(&rig, 0, PCI_BASE_ADDRESS_2, 4, 0xffffffff);
	assert_int_equal(cfg_read(&rig, 0, PCI_BASE_ADDRESS_2, 4), 0xffffffe1);
	assert_int_equal(le32_get(dev->cfg + PCI_BASE_ADDRESS_0), before);
	assert_int_equal(dev->cfg_writes, 0);
}

static void status_errors_are_the_devices_and_clear_by_writing_one(void **state)
{
	(void)state;
	rig_up_or_fail();
	le_put(dev->cfg + PCI_STATUS, 2, 0x2018);
	assert_int_equal(cfg_read(&rig, 0, PCI_STATUS, 2), 0x2018);
	cfg_write(&rig, 0, PCI_STATUS, 2, 0x2000);
	assert_int_equal(le16_get(dev->cfg + PCI_STATUS) & 0x2000, 0x2000); /* passed on as 1 */
	assert_int_equal(fake_vfio_count("write"), 1);
}

static void the_interrupt_line_is_a_scratch_byte_and_the_pin_is_not(void **state)
{
	(void)state;
	rig_up_or_fail();
	cfg_write(&rig, 0, PCI_INTERRUPT_LINE, 2, 0x040b);
	assert_int_equal(cfg_read(&rig, 0, PCI_INTERRUPT_LINE, 2), 0x010b);
	assert_int_equal(dev->cfg_writes, 0);
}

static void a_function_without_intx_shows_no_pin(void **state)
{
	(void)state;
	dev->irq[VFIO_PCI_INTX_IRQ_INDEX].count = 0;
	rig_up_or_fail();
	assert_int_equal(cfg_read(&rig, 0, PCI_INTERRUPT_PIN, 1), 0);
}

static void self_test_cannot_be_started_by_the_guest(void **state)
{
	(void)state;
	dev->cfg[PCI_BIST] = 0x80;
	rig_up_or_fail();
	assert_int_equal(cfg_read(&rig, 0, PCI_BIST, 1), 0);
	cfg_write(&rig, 0, PCI_BIST, 1, 0x40);
	assert_int_equal(dev->cfg_writes, 0);
}

static void registers_outside_capabilities_pass_through(void **state)
{
	(void)state;
	dev->cfg[0xf2] = 0x5a;
	rig_up_or_fail();
	assert_int_equal(cfg_read(&rig, 0, 0xf2, 1), 0x5a);
	cfg_write(&rig, 0, 0xf0, 4, 0x11223344);
	assert_int_equal(le32_get(dev->cfg + 0xf0), 0x11223344);
}

static void a_failing_read_is_all_ones(void **state)
{
	(void)state;
	rig_up_or_fail();
	dev->gone = true;
	assert_int_equal(cfg_read(&rig, 0, 0xf0, 4), 0xffffffff);
	assert_int_equal(cfg_read(&rig, 0, PCI_VENDOR_ID, 4), 0x10d38086); /* ours */
	dev->gone = false;
}

/* --- capabilities --- */

static void known_capabilities_stay_at_their_offsets(void **state)
{
	(void)state;
	rig_up_or_fail();
	assert_int_equal(guest_cap(PCI_CAP_ID_PM), 0x40);
	assert_int_equal(guest_cap(PCI_CAP_ID_EXP), 0x50);
	assert_int_equal(guest_cap(PCI_CAP_ID_MSIX), 0xa0);
	assert_int_equal(cfg_read(&rig, 0, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST,
			 PCI_STATUS_CAP_LIST);
}

static void unknown_and_unsafe_capabilities_vanish_with_their_contents(void **state)
{
	(void)state;
	fake_vfio_cap(dev, 0x77, 0xc0);
	fake_vfio_cap(dev, PCI_CAP_ID_EA, 0xd0);
	memset(dev->cfg + 0xc2, 0xee, 0xd0 - 0xc2);
	memset(dev->cfg + 0xd2, 0xee, 0x100 - 0xd2);
	rig_up_or_fail();
	assert_int_equal(guest_cap(0x77), 0);
	assert_int_equal(guest_cap(PCI_CAP_ID_EA), 0);
	for (unsigned off = 0xc0; off < 0x100; off += 4) {
		assert_int_equal(cfg_read(&rig, 0, off, 4), 0);
		cfg_write(&rig, 0, off, 4, 0xffffffff);
	}
	assert_int_equal(dev->cfg_writes, 0);
}

static void every_hidden_capability_has_a_reason(void **state)
{
	(void)state;
	for (unsigned id = 1; id < 0x100; id++) {
		const struct cap_row *rows[] = { vfio_cap_row((uint8_t)id),
						 vfio_ext_cap_row((uint16_t)id) };
		for (unsigned i = 0; i < 2; i++) {
			assert_true(rows[i]->id == id || rows[i]->policy == CAP_HIDE);
			assert_true(strlen(rows[i]->why) > 5);
			for (const struct cfg_field *f = rows[i]->fields; f && f->size; f++) {
				assert_int_equal(f->write & ~f->live, 0);
				assert_int_equal(f->w1c & ~f->live, 0);
				assert_int_equal(f->write & f->w1c, 0);
			}
		}
	}
}

static void vendor_capability_passes_both_ways(void **state)
{
	(void)state;
	fake_vfio_cap(dev, PCI_CAP_ID_VNDR, 0xc0);
	dev->cfg[0xc2] = 0x10;
	rig_up_or_fail();
	assert_int_equal(guest_cap(PCI_CAP_ID_VNDR), 0xc0);
	cfg_write(&rig, 0, 0xc4, 4, 0xabcd1234);
	assert_int_equal(le32_get(dev->cfg + 0xc4), 0xabcd1234);
	assert_int_equal(cfg_read(&rig, 0, 0xc4, 4), 0xabcd1234);
}

static void a_second_msix_capability_is_left_out(void **state)
{
	(void)state;
	fake_vfio_cap(dev, PCI_CAP_ID_MSIX, 0xe0);
	rig_up_or_fail();
	assert_int_equal(guest_cap(PCI_CAP_ID_MSIX), 0xa0);
	assert_int_equal(cfg_read(&rig, 0, 0xe0, 4), 0);
}

static void a_looping_list_ends(void **state)
{
	(void)state;
	dev->cfg[0xa1] = 0x40;
	rig_up_or_fail();
	assert_int_equal(guest_cap(PCI_CAP_ID_MSIX), 0xa0);
	assert_int_equal(cfg_read(&rig, 0, 0xa1, 1), 0);
}

static void a_capability_cut_short_by_the_next_is_hidden(void **state)
{
	(void)state;
	fake_vfio_cap(dev, PCI_CAP_ID_VPD, 0xa4); /* inside MSI-X */
	rig_up_or_fail();
	assert_int_equal(guest_cap(PCI_CAP_ID_MSIX), 0);
	assert_int_equal(rig.vfio[0].msix.n, 0);
	assert_int_equal(guest_cap(PCI_CAP_ID_VPD), 0xa4);
}

/* --- power management --- */

static void d3_takes_the_slots_away_before_the_device_sleeps(void **state)
{
	(void)state;
	rig_up_or_fail();
	rig_start_guest(&rig, 0);
	assert_non_null(fake_memslot_at(RIG_BAR0));
	cfg_write(&rig, 0, 0x44, 2, 3);
	assert_int_equal(dev->cfg[0x44] & 3, 3);
	assert_null(fake_memslot_at(RIG_BAR0));
	cfg_write(&rig, 0, 0x44, 2, 0);
	assert_int_equal(dev->cfg[0x44] & 3, 0);
	assert_non_null(fake_memslot_at(RIG_BAR0));
}

static unsigned slots_at_write;

static void look_at_slots(struct fake_device *d, unsigned off, unsigned size, uint32_t value)
{
	(void)d;
	(void)size;
	(void)value;
	if (off == 0x44 || off == PCI_COMMAND)
		slots_at_write = (unsigned)fake_memslot.n;
}

static void slots_go_before_and_come_after_the_device_is_told(void **state)
{
	(void)state;
	rig_up_or_fail();
	fake_vfio.on_cfg_write = look_at_slots;
	slots_at_write = 99;
	rig_start_guest(&rig, 0);
	assert_int_equal(slots_at_write, 0);
	assert_true(fake_memslot.n > 0);
	slots_at_write = 99;
	cfg_write(&rig, 0, 0x44, 2, 3);
	assert_int_equal(slots_at_write, 0);
	cfg_write(&rig, 0, 0x44, 2, 0);
	slots_at_write = 99;
	cfg_write(&rig, 0, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	assert_int_equal(slots_at_write, 0);
}

static void a_dword_write_reaches_the_power_state_too(void **state)
{
	(void)state;
	rig_up_or_fail();
	cfg_write(&rig, 0, 0x44, 4, 3);
	assert_true(rig.vfio[0].asleep);
	cfg_write(&rig, 0, 0x44, 1, 0);
	assert_false(rig.vfio[0].asleep);
}

static void wake_up_events_cannot_be_enabled(void **state)
{
	(void)state;
	le_put(dev->cfg + 0x44, 2, 0x8000);
	rig_up_or_fail();
	assert_int_equal(cfg_read(&rig, 0, 0x42, 2), 0x0003); /* no PME support */
	cfg_write(&rig, 0, 0x44, 2, 0x8103);
	assert_int_equal(cfg_read(&rig, 0, 0x44, 2), 0x0003);
	assert_int_equal(le16_get(dev->cfg + 0x44), 0x0003); /* PME status was not written as 1 */
}

static void no_slot_appears_while_the_device_cannot_decode(void **state)
{
	(void)state;
	rig_up_or_fail();
	cfg_write(&rig, 0, PCI_BASE_ADDRESS_0, 4, (uint32_t)RIG_BAR0);
	cfg_write(&rig, 0, PCI_COMMAND, 2, 0);
	dev->gone = true;
	cfg_write(&rig, 0, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_null(fake_memslot_at(RIG_BAR0));
	dev->gone = false;
	cfg_write(&rig, 0, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_non_null(fake_memslot_at(RIG_BAR0));
}

/* --- PCI Express --- */

static void guest_function_reset_becomes_a_kernel_reset(void **state)
{
	(void)state;
	rig_up_or_fail();
	rig_start_guest(&rig, 0);
	rig_unmask(&rig, 0, 0);
	cfg_write(&rig, 0, 0xa2, 2, PCI_MSIX_FLAGS_ENABLE);
	cfg_write(&rig, 0, 0x58, 2, 0x8010);
	assert_int_equal(dev->resets, 1);
	assert_int_equal(le16_get(dev->cfg + 0x58) & 0x8000, 0); /* never as a write */
	assert_int_equal(le16_get(dev->cfg + 0x58), 0x0010);
	assert_int_equal(dev->kind, FAKE_IRQ_NONE);
	assert_int_equal(cfg_read(&rig, 0, PCI_COMMAND, 2), 0);
	assert_int_equal(cfg_read(&rig, 0, PCI_BASE_ADDRESS_0, 4), 4);
	assert_int_equal(cfg_read(&rig, 0, 0xa2, 2), 7);
	assert_int_equal(fake_memslot.n, 0);
}

static void every_width_of_write_finds_the_reset_bit(void **state)
{
	(void)state;
	rig_up_or_fail();
	cfg_write(&rig, 0, 0x59, 1, 0x80);
	assert_int_equal(dev->resets, 1);
	cfg_write(&rig, 0, 0x58, 4, 0x8000);
	assert_int_equal(dev->resets, 2);
	cfg_write(&rig, 0, 0x58, 1, 0x80); /* another register's bit 7 */
	assert_int_equal(dev->resets, 2);
}

static void a_function_that_cannot_be_reset_does_not_say_it_can(void **state)
{
	(void)state;
	dev->flags &= ~(uint32_t)VFIO_DEVICE_FLAGS_RESET;
	rig_up_or_fail();
	assert_int_equal(cfg_read(&rig, 0, 0x54, 4) & PCI_EXP_DEVCAP_FLR, 0);
	cfg_write(&rig, 0, 0x58, 2, 0x8000);
	assert_int_equal(dev->resets, 0);
	assert_int_equal(fake_vfio_count("device_reset"), 0);
}

static void link_registers_are_not_the_guests(void **state)
{
	(void)state;
	le_put(dev->cfg + 0x60, 2, 0x0040);
	rig_up_or_fail();
	cfg_write(&rig, 0, 0x60, 2, 0x0003); /* ASPM */
	assert_int_equal(le16_get(dev->cfg + 0x60), 0x0040);
	assert_int_equal(cfg_read(&rig, 0, 0x60, 2), 0x0040);
}

static void an_integrated_endpoint_becomes_one_with_a_link(void **state)
{
	(void)state;
	le_put(dev->cfg + 0x52, 2, PCI_EXP_TYPE_RC_END << 4 | 2);
	rig_up_or_fail();
	assert_int_equal(cfg_read(&rig, 0, 0x52, 2), 2);
	assert_int_equal(cfg_read(&rig, 0, 0x5c, 4), 0x11);
	assert_int_equal(cfg_read(&rig, 0, 0x62, 2), 0x11);
}

static void version_zero_is_reported_as_one(void **state)
{
	(void)state;
	le_put(dev->cfg + 0x52, 2, 0);
	rig_up_or_fail();
	assert_int_equal(cfg_read(&rig, 0, 0x52, 2), 1);
}

static void a_switch_port_type_is_hidden(void **state)
{
	(void)state;
	le_put(dev->cfg + 0x52, 2, PCI_EXP_TYPE_UPSTREAM << 4 | 2);
	rig_up_or_fail();
	assert_int_equal(guest_cap(PCI_CAP_ID_EXP), 0);
}

static void advanced_features_reset_is_taken_too(void **state)
{
	(void)state;
	fake_vfio_cap(dev, PCI_CAP_ID_AF, 0xd0);
	dev->cfg[0xd2] = 6;
	dev->cfg[0xd3] = PCI_AF_CAP_TP | PCI_AF_CAP_FLR;
	rig_up_or_fail();
	cfg_write(&rig, 0, 0xd4, 1, 1);
	assert_int_equal(dev->resets, 1);
	assert_int_equal(dev->cfg[0xd4], 0);
}

/* --- extended capabilities --- */

static void extended_list_skips_what_is_hidden(void **state)
{
	(void)state;
	fake_vfio_ext_cap(dev, PCI_EXT_CAP_ID_ERR, 0x100);
	fake_vfio_ext_cap(dev, PCI_EXT_CAP_ID_SRIOV, 0x160);
	fake_vfio_ext_cap(dev, PCI_EXT_CAP_ID_DSN, 0x1a0);
	fake_vfio_ext_cap(dev, PCI_EXT_CAP_ID_ARI, 0x1b0);
	le_put(dev->cfg + 0x1a4, 4, 0x12345678);
	memset(dev->cfg + 0x164, 0xee, 0x3c);
	rig_up_or_fail();
	assert_int_equal(guest_ext_cap(PCI_EXT_CAP_ID_ERR), 0x100);
	assert_int_equal(guest_ext_cap(PCI_EXT_CAP_ID_SRIOV), 0);
	assert_int_equal(guest_ext_cap(PCI_EXT_CAP_ID_DSN), 0x1a0);
	assert_int_equal(guest_ext_cap(PCI_EXT_CAP_ID_ARI), 0);
	assert_int_equal(cfg_read(&rig, 0, 0x1a4, 4), 0x12345678);
	assert_int_equal(cfg_read(&rig, 0, 0x164, 4), 0);
}

static void a_hidden_first_extended_capability_keeps_the_list(void **state)
{
	(void)state;
	fake_vfio_ext_cap(dev, PCI_EXT_CAP_ID_SRIOV, 0x100);
	fake_vfio_ext_cap(dev, PCI_EXT_CAP_ID_DSN, 0x150);
	rig_up_or_fail();
	assert_int_equal(cfg_read(&rig, 0, 0x100, 4), 0x150u << 20);
	assert_int_equal(guest_ext_cap(PCI_EXT_CAP_ID_DSN), 0x150);
}

static void what_the_kernel_hid_at_the_start_stays_hidden(void **state)
{
	(void)state;
	le_put(dev->cfg + 0x100, 4, 0x150u << 20); /* id 0 */
	memset(dev->cfg + 0x104, 0xee, 0x4c);
	le_put(dev->cfg + 0x150, 4, PCI_EXT_CAP_ID_DSN | 1u << 16);
	rig_up_or_fail();
	assert_int_equal(guest_ext_cap(PCI_EXT_CAP_ID_DSN), 0x150);
	assert_int_equal(cfg_read(&rig, 0, 0x104, 4), 0);
}

static void no_extended_capability_is_an_empty_list(void **state)
{
	(void)state;
	rig_up_or_fail();
	assert_int_equal(cfg_read(&rig, 0, 0x100, 4), 0);
}

static void resizable_bar_offers_the_size_it_has(void **state)
{
	(void)state;
	fake_vfio_ext_cap(dev, PCI_EXT_CAP_ID_REBAR, 0x100);
	le_put(dev->cfg + 0x104, 4, 0x00fffff0);
	le_put(dev->cfg + 0x108, 4, 8 << 8 | 1 << 5 | 0);
	rig_up_or_fail();
	assert_int_equal(cfg_read(&rig, 0, 0x104, 4), 1u << 12);
	cfg_write(&rig, 0, 0x108, 4, 12 << 8);
	assert_int_equal(cfg_read(&rig, 0, 0x108, 4), 8 << 8 | 1 << 5);
	assert_int_equal(dev->cfg_writes, 0);
}

static void conventional_config_space_ends_at_256_bytes(void **state)
{
	(void)state;
	dev->region[VFIO_PCI_CONFIG_REGION_INDEX].size = 256;
	rig_up_or_fail();
	assert_int_equal(cfg_read(&rig, 0, 0x100, 4), 0xffffffff);
	assert_int_equal(fake_vfio_count("write"), 0);
}

static void config_space_too_small_is_refused(void **state)
{
	(void)state;
	dev->region[VFIO_PCI_CONFIG_REGION_INDEX].size = 64;
	assert_int_equal(rig_up(&rig, &err), -EPROTO);
	assert_non_null(strstr(err.text, "0000:01:00.0: config space of 64 bytes"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, rig_end)
	const struct CMUnitTest tests[] = {
		T(command_reaches_the_device_only_where_the_guest_may_set_it),
		T(conventional_devices_may_use_memory_write_and_invalidate),
		T(an_unchanged_command_costs_no_system_call),
		T(bars_are_never_written_to_the_device),
		T(status_errors_are_the_devices_and_clear_by_writing_one),
		T(the_interrupt_line_is_a_scratch_byte_and_the_pin_is_not),
		T(a_function_without_intx_shows_no_pin),
		T(self_test_cannot_be_started_by_the_guest),
		T(registers_outside_capabilities_pass_through),
		T(a_failing_read_is_all_ones),
		T(known_capabilities_stay_at_their_offsets),
		T(unknown_and_unsafe_capabilities_vanish_with_their_contents),
		T(every_hidden_capability_has_a_reason),
		T(vendor_capability_passes_both_ways),
		T(a_second_msix_capability_is_left_out),
		T(a_looping_list_ends),
		T(a_capability_cut_short_by_the_next_is_hidden),
		T(d3_takes_the_slots_away_before_the_device_sleeps),
		T(slots_go_before_and_come_after_the_device_is_told),
		T(a_dword_write_reaches_the_power_state_too),
		T(wake_up_events_cannot_be_enabled),
		T(no_slot_appears_while_the_device_cannot_decode),
		T(guest_function_reset_becomes_a_kernel_reset),
		T(every_width_of_write_finds_the_reset_bit),
		T(a_function_that_cannot_be_reset_does_not_say_it_can),
		T(link_registers_are_not_the_guests),
		T(an_integrated_endpoint_becomes_one_with_a_link),
		T(version_zero_is_reported_as_one),
		T(a_switch_port_type_is_hidden),
		T(advanced_features_reset_is_taken_too),
		T(extended_list_skips_what_is_hidden),
		T(a_hidden_first_extended_capability_keeps_the_list),
		T(what_the_kernel_hid_at_the_start_stays_hidden),
		T(no_extended_capability_is_an_empty_list),
		T(resizable_bar_offers_the_size_it_has),
		T(conventional_config_space_ends_at_256_bytes),
		T(config_space_too_small_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
