/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slots that are no matter of dealing, and what is planned for Intel's graphics. */
// with: fake/plan_host.c fake/host_tree.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/opt.h"
#include "core/layout.h"
#include "fake/host_tree.h"
#include "fake/plan_host.h"

#define IGD "0000:00:02.0"

static struct pci_dev *add_igd(uint16_t device)
{
	struct pci_dev *dev = add_dev(IGD, 40, "i915");
	dev->device = device;
	dev->class_code = 0x030000;
	dev->int_pin = 1;
	dev->bar[0] = (struct pci_resource){ 0, 16 * MIB, RES_MEM | RES_MEM64 };
	dev->bar[2] = (struct pci_resource){ 0, 256 * MIB, RES_MEM | RES_MEM64 | RES_PREFETCH };
	return dev;
}

static struct profile_device *want_igd(void)
{
	struct profile_device *wanted = want(IGD, GROUP_REFUSE);
	wanted->guest_slot = OPT_NONE;
	return wanted;
}

/* --- where --- */

static void it_is_on_the_root_bus_where_its_drivers_look(void **state)
{
	(void)state;
	add_igd(0x9bc5);
	add_dev("0000:01:00.0", 1, "igb");
	add_dev("0000:02:00.0", 2, "nvme");
	want("0000:01:00.0", GROUP_REFUSE);
	want("0000:02:00.0", GROUP_REFUSE);
	want_igd();
	assert_accepted();
	assert_int_equal(plan.n_ports, 2);
	assert_int_equal(plan.port[0].slot, 1);
	assert_int_equal(plan.port[1].slot, 3); /* dealt around it */
	assert_guest(2, 0, 2, 0);
	assert_int_equal(plan.device[2].port, WINDOW_ON_ROOT);
	assert_int_equal(plan.device[2].gsi, 20 + 2);
	assert_true(range_contains(plan.layout.mmio64, plan.device[2].bar_addr[2], 256 * MIB));
	assert_int_equal(slots_of(&plan.slots, IGD), 2);
}

static void a_card_of_intels_is_behind_a_port_as_any(void **state)
{
	(void)state;
	struct pci_dev *dev = add_dev("0000:03:00.0", 1, "xe");
	dev->class_code = 0x030000;
	want("0000:03:00.0", GROUP_REFUSE);
	assert_accepted();
	assert_int_equal(plan.n_ports, 1);
	assert_int_equal(plan.port[0].slot, 1);
}

static void the_profile_may_put_it_elsewhere(void **state)
{
	(void)state;
	add_igd(0x9bc5);
	want_igd()->guest_slot = 9;
	assert_accepted();
	assert_guest(0, 0, 9, 0);
	assert_int_equal(plan.n_ports, 0);
}

static void it_leaves_the_slot_behind_a_port_that_it_had(void **state)
{
	(void)state;
	add_igd(0x9bc5);
	slots_set(&dealt, IGD, 1);
	want_igd();
	assert_accepted();
	assert_guest(0, 0, 2, 0);
	assert_true(plan.slots_are_new);
	assert_int_equal(slots_of(&plan.slots, IGD), 2);
}

static void it_takes_the_slot_of_one_that_is_gone(void **state)
{
	(void)state;
	add_igd(0x9bc5);
	slots_set(&dealt, "0000:05:00.0", 2);
	want_igd();
	assert_accepted();
	assert_guest(0, 0, 2, 0);
	assert_int_equal(slots_of(&plan.slots, "0000:05:00.0"), 0);
}

static void one_that_has_had_its_slot_is_not_moved_unasked(void **state)
{
	(void)state;
	add_igd(0x9bc5);
	add_dev("0000:01:00.0", 1, "nouveau")->class_code = 0x030000;
	slots_set(&dealt, "0000:01:00.0", 2);
	want("0000:01:00.0", GROUP_REFUSE);
	want_igd();
	make();
	assert_only_refusal(-EBUSY, "has had 0000:01:00.0 in slot 2", "`slots`", "guest_slot",
			    NULL);
}

static void another_that_is_to_be_there_is_refused(void **state)
{
	(void)state;
	add_igd(0x9bc5);
	add_dev("0000:01:00.0", 1, "nouveau")->class_code = 0x030000;
	want("0000:01:00.0", GROUP_REFUSE)->guest_slot = 2;
	want_igd();
	make();
	assert_only_refusal(-EEXIST, "0000:01:00.0 and " IGD, "slot 2", "Intel's graphics", NULL);
}

/* --- slots that the profile gives --- */

static void a_slot_that_the_profile_gives_is_the_ports(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	add_dev("0000:02:00.0", 2, "nvme");
	add_dev("0000:03:00.0", 3, "e1000")->is_pcie = false;
	want("0000:02:00.0", GROUP_REFUSE)->guest_slot = OPT_NONE;
	want("0000:01:00.0", GROUP_REFUSE)->guest_slot = 1;
	want("0000:03:00.0", GROUP_REFUSE)->guest_slot = 28;
	assert_accepted();
	assert_guest(0, 2, 0, 0); /* it would have been dealt 1 */
	assert_guest(1, 1, 0, 0);
	assert_guest(2, 0, 28, 0);
}

static void two_that_want_the_same_slot_are_refused(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	add_dev("0000:02:00.0", 2, "nvme");
	want("0000:01:00.0", GROUP_REFUSE)->guest_slot = 5;
	want("0000:02:00.0", GROUP_REFUSE)->guest_slot = 5;
	make();
	assert_only_refusal(-EEXIST, "0000:01:00.0 and 0000:02:00.0", "slot 5;", NULL);
}

static void functions_of_one_card_may_agree_and_not_differ(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "nouveau");
	add_dev("0000:01:00.1", 1, "snd_hda_intel");
	want("0000:01:00.0", GROUP_REFUSE)->guest_slot = OPT_NONE;
	want("0000:01:00.1", GROUP_REFUSE)->guest_slot = 7;
	assert_accepted();
	assert_guest(0, 7, 0, 0);
	assert_guest(1, 7, 0, 1);
	plan_fini(&plan);
	profile.device[0].guest_slot = 8;
	make();
	assert_only_refusal(-EINVAL, "0000:01:00.1", "guest_slot is 7, and 8", "same card", NULL);
}

/* --- its options --- */

static void memory_for_it_is_laid_and_pinned(void **state)
{
	(void)state;
	add_igd(0x9bc5);
	want_igd()->igd_stolen = IGD_STOLEN_SIZE;
	assert_accepted();
	assert_int_equal(plan.layout.stolen.start, 0xFC000000);
	assert_int_equal(plan.pinned_bytes, GIB + 32 * MIB);
	assert_true(plan.memlock_needed > GIB + 32 * MIB);
	assert_int_equal(plan.layout.n_ram, 1);
}

static void without_the_option_there_is_none(void **state)
{
	(void)state;
	add_igd(0x9bc5);
	want_igd();
	assert_accepted();
	assert_int_equal(plan.layout.stolen.size, 0);
	assert_int_equal(plan.pinned_bytes, GIB);
}

static void memory_for_it_that_the_iommu_cannot_map_is_refused(void **state)
{
	(void)state;
	add_igd(0x9bc5);
	want_igd()->igd_stolen = IGD_STOLEN_SIZE;
	add_reserved(40, 0xFC800000, 0x100000, "reserved");
	make();
	assert_only_refusal(-ENOSPC, "0xfc800000", "igd_stolen", NULL);
}

static void from_meteor_lake_on_there_can_be_none(void **state)
{
	(void)state;
	add_igd(0x7d55);
	want_igd()->igd_stolen = IGD_STOLEN_SIZE;
	make();
	assert_only_refusal(-EOPNOTSUPP, IGD, "Meteor Lake", NULL);
}

static void its_options_are_for_it_alone(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	want("0000:01:00.0", GROUP_REFUSE)->igd_stolen = IGD_STOLEN_SIZE;
	make();
	assert_only_refusal(-EINVAL, "0000:01:00.0", "igd_stolen", NULL);
	plan_fini(&plan);
	profile.device[0].igd_stolen = 0;
	profile.device[0].igd_bridges = IGD_BRIDGES_OWN;
	make();
	assert_only_refusal(-EINVAL, "0000:01:00.0", "igd_bridges", NULL);
}

/* --- what the host has beside it --- */

static void a_second_display_is_warned_of(void **state)
{
	(void)state;
	add_igd(0x9bc5)->class_code = 0x038000;
	want_igd();
	assert_accepted();
	assert_warning("OpRegion");
}

static void check_with(size_t size, uint32_t asls, const char *warning)
{
	static uint8_t config[4096];
	struct host_tree tree;
	memset(config, 0, sizeof(config));
	le_put(config, 4, 0x9bc58086);
	le_put(config + 0xfc, 4, asls);
	host_tree_make(&tree, "pci " IGD " 8086:9bc5 class=030000\n");
	assert_int_equal(tempdir_write(&tree.dir, "sys/bus/pci/devices/" IGD "/config", config,
				       size),
			 0);
	assert_int_equal(plan_check_igd(&plan, &tree.host), 0);
	assert_int_equal(plan.warnings.n, warning != NULL);
	if (warning)
		assert_warning(warning);
	plan.warnings.n = 0;
	host_tree_remove(&tree);
}

static void a_host_whose_firmware_made_no_opregion_is_warned_of(void **state)
{
	(void)state;
	struct pci_dev *dev = add_igd(0x9bc5);
	want_igd();
	assert_accepted();
	check_with(4096, 0x8a000000, NULL);
	check_with(4096, 0, "no OpRegion");
	check_with(256, UINT32_MAX, "no OpRegion");
	check_with(64, 0, NULL); /* who may not read it is told nothing */
	dev->asleep = true;
	check_with(4096, 0, NULL);
}

static void a_host_without_the_device_says_nothing(void **state)
{
	(void)state;
	struct host_tree tree;
	add_igd(0x9bc5);
	want_igd();
	assert_accepted();
	host_tree_make(&tree, "pci 0000:01:00.0 8086:9bc5 class=030000\n");
	assert_int_equal(plan_check_igd(&plan, &tree.host), 0);
	assert_int_equal(plan.warnings.n, 0);
	host_tree_remove(&tree);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, plan_setup, plan_teardown)
	const struct CMUnitTest tests[] = {
		T(it_is_on_the_root_bus_where_its_drivers_look),
		T(a_card_of_intels_is_behind_a_port_as_any),
		T(the_profile_may_put_it_elsewhere),
		T(it_leaves_the_slot_behind_a_port_that_it_had),
		T(it_takes_the_slot_of_one_that_is_gone),
		T(one_that_has_had_its_slot_is_not_moved_unasked),
		T(another_that_is_to_be_there_is_refused),
		T(a_slot_that_the_profile_gives_is_the_ports),
		T(two_that_want_the_same_slot_are_refused),
		T(functions_of_one_card_may_agree_and_not_differ),
		T(memory_for_it_is_laid_and_pinned),
		T(without_the_option_there_is_none),
		T(memory_for_it_that_the_iommu_cannot_map_is_refused),
		T(from_meteor_lake_on_there_can_be_none),
		T(its_options_are_for_it_alone),
		T(a_second_display_is_warned_of),
		T(a_host_whose_firmware_made_no_opregion_is_warned_of),
		T(a_host_without_the_device_says_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
