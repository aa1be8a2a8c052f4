/* SPDX-License-Identifier: GPL-2.0-or-later */
// with: fake/plan_host.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "base/bytes.h"
#include "fake/plan_host.h"

/* --- refusals --- */

static void without_an_iommu_nothing_is_assigned(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", -1, "igb");
	want("0000:01:00.0", GROUP_REFUSE);
	inv.has_iommu = false;
	make();
	assert_only_refusal(-ENODEV, "no IOMMU", "intel_iommu=on", NULL);
}

static void a_device_outside_every_group_is_refused(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", -1, "igb");
	want("0000:01:00.0", GROUP_REFUSE);
	make();
	assert_only_refusal(-ENODEV, "0000:01:00.0", "no IOMMU group", NULL);
}

static void without_vfio_nothing_is_assigned(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	want("0000:01:00.0", GROUP_REFUSE);
	inv.has_vfio_container = false;
	make();
	assert_only_refusal(-ENODEV, "/dev/vfio/vfio", NULL);
}

static void iommufd_that_cannot_be_seen_yet_says_how_to_see(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	want("0000:01:00.0", GROUP_REFUSE);
	profile.iommu = IOMMU_FD;
	inv.has_vfio = false;
	make();
	assert_only_refusal(-ENODEV, "iommufd", "modprobe vfio-pci", NULL);
}

static void without_interrupt_remapping_the_profile_must_accept_the_risk(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	want("0000:01:00.0", GROUP_REFUSE);
	inv.has_intremap = false;
	make();
	assert_only_refusal(-EPERM, "interrupts", "unsafe_interrupts = true", NULL);
	plan_fini(&plan);
	profile.unsafe_interrupts = true;
	assert_accepted();
	assert_warning("forge interrupts");
	assert_int_equal(plan.actions.at[0].kind, ACTION_UNSAFE_TYPE1);
	plan_fini(&plan);
	inv.unsafe_type1 = true;
	assert_accepted();
	assert_int_equal(plan.actions.at[0].kind, ACTION_NO_D3COLD);
	plan_fini(&plan);
	inv.has_iommufd = true;
	profile.iommu = IOMMU_FD;
	assert_accepted();
	assert_int_equal(plan.actions.at[0].kind, ACTION_UNSAFE_IOMMUFD);
}

static void an_unknown_address_is_refused(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	want("0000:09:00.0", GROUP_REFUSE);
	make();
	assert_only_refusal(-ENODEV, "0000:09:00.0", "no such device", NULL);
}

static void unknown_ids_are_refused(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	want("10de:1c03", GROUP_REFUSE);
	make();
	assert_only_refusal(-ENODEV, "10de:1c03", NULL);
}

static void ids_that_fit_several_devices_list_them(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	add_dev("0000:01:00.1", 2, "igb");
	want("8086:10c9", GROUP_REFUSE);
	make();
	assert_only_refusal(-ENOTUNIQ, "0000:01:00.0, 0000:01:00.1", NULL);
}

static void a_device_listed_twice_is_refused(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	want("0000:01:00.0", GROUP_REFUSE);
	want("8086:10c9", GROUP_REFUSE);
	make();
	assert_only_refusal(-EEXIST, "0000:01:00.0", "twice", NULL);
}

static void a_gpudirect_clique_is_for_nvidias_adapters_alone(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "vfio-pci");
	want("0000:01:00.0", GROUP_REFUSE)->gpudirect_clique = 1;
	make();
	assert_only_refusal(-EINVAL, "0000:01:00.0", "gpudirect_clique", NULL);
}

static void an_adapter_of_nvidias_may_be_in_a_gpudirect_clique(void **state)
{
	(void)state;
	struct pci_dev *dev = add_dev("0000:01:00.0", 1, "vfio-pci");
	dev->vendor = 0x10de;
	dev->class_code = 0x030200;
	want("0000:01:00.0", GROUP_REFUSE)->gpudirect_clique = 1;
	make();
	assert_int_equal(plan.refusals.n, 0);
}

static void a_bridge_is_refused(void **state)
{
	(void)state;
	add_dev("0000:00:01.0", 1, "pcieport")->header_type = 1;
	want("0000:00:01.0", GROUP_REFUSE);
	make();
	assert_only_refusal(-EINVAL, "bridge", NULL);
}

static void a_device_of_a_running_profile_is_refused_with_its_name(void **state)
{
	(void)state;
	struct plan_claim claim = { .bdf = { 0, 1, 0, 0 }, .owner = "router" };
	add_dev("0000:01:00.0", 1, "vfio-pci");
	want("0000:01:00.0", GROUP_REFUSE);
	make_with(&claim, 1);
	assert_only_refusal(-EBUSY, "'router'", "running", NULL);
	plan_fini(&plan);
	claim.stale = true;
	make_with(&claim, 1);
	assert_only_refusal(-EUCLEAN, "killed", "bulkhead recover router", NULL);
}

static void a_device_the_host_lives_on_is_refused_unless_forced(void **state)
{
	(void)state;
	struct pci_dev *dev = add_dev("0000:01:00.0", 1, "nvme");
	dev->host_uses = USE_MOUNT;
	snprintf(dev->use_detail, sizeof(dev->use_detail), "/dev/nvme0n1p1 on /mnt");
	want("0000:01:00.0", GROUP_REFUSE);
	make();
	assert_only_refusal(-EBUSY, "/dev/nvme0n1p1 on /mnt", "force = true", NULL);
	plan_fini(&plan);
	profile.force = true;
	assert_accepted();
	assert_warning("by force");
}

static void a_physical_function_with_vfs_is_refused(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb")->n_vfs = 3;
	want("0000:01:00.0", GROUP_REFUSE);
	make();
	assert_only_refusal(-EBUSY, "3 virtual functions", "sriov_numvfs", NULL);
}

static void a_vf_whose_physical_function_is_assigned_is_refused(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "vfio-pci");
	struct pci_dev *vf = add_dev("0000:01:10.0", 2, "");
	vf->is_vf = true;
	vf->physfn = (struct bdf){ 0, 1, 0, 0 };
	want("0000:01:10.0", GROUP_REFUSE);
	make();
	assert_only_refusal(-EACCES, "0000:01:10.0", "0000:01:00.0", "vfio-pci", NULL);
}

static void a_vf_whose_physical_function_is_down_is_warned_about(void **state)
{
	(void)state;
	struct pci_dev *vf = add_dev("0000:01:10.0", 2, "");
	vf->is_vf = true;
	snprintf(vf->physfn_netdev, sizeof(vf->physfn_netdev), "enp1s0");
	want("0000:01:10.0", GROUP_REFUSE);
	assert_accepted();
	assert_warning("ip link set enp1s0 up");
}

static void memory_that_firmware_keeps_makes_a_device_ineligible(void **state)
{
	(void)state;
	add_dev("0000:00:02.0", 1, "i915");
	want("0000:00:02.0", GROUP_REFUSE);
	add_reserved(1, 0xbf800000, 0x10200000, "direct");
	make();
	assert_only_refusal(-EINVAL, "0000:00:02.0", "0xbf800000-0xcf9fffff", "RMRR", NULL);
}

static void relaxable_ranges_are_no_obstacle_and_no_hole(void **state)
{
	(void)state;
	add_dev("0000:00:14.0", 1, "xhci_hcd");
	want("0000:00:14.0", GROUP_REFUSE);
	add_reserved(1, 0x30000000, 0x100000, "direct-relaxable");
	assert_accepted();
	assert_int_equal(plan.layout.n_ram, 1);
}

static void reserved_ranges_become_holes_of_the_groups_concerned(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	add_dev("0000:02:00.0", 2, "igb");
	want("0000:01:00.0", GROUP_REFUSE);
	add_reserved(1, 0x30000000, 0x100000, "reserved");
	add_reserved(2, 0x10000000, 0x100000, "reserved");
	assert_accepted();
	assert_int_equal(plan.layout.n_ram, 2);
	assert_int_equal(range_last(plan.layout.ram[0]) + 1, 0x30000000);
}

static void a_hole_where_every_guest_needs_ram_is_refused(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	want("0000:01:00.0", GROUP_REFUSE);
	add_reserved(1, 0x100000, 0x1000, "reserved");
	make();
	assert_only_refusal(-ENOSPC, "16 MiB", NULL);
}

static void more_memory_than_the_host_has_is_refused_with_numbers(void **state)
{
	(void)state;
	profile.memory = 32 * GIB;
	make();
	assert_only_refusal(-ENOMEM, "32G", "16384M", NULL);
	plan_fini(&plan);
	profile.memory = 12 * GIB;
	make();
	assert_only_refusal(-ENOMEM, "12G", "8192M free", NULL);
}

static void too_small_a_memlock_limit_is_refused_with_both_numbers(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	want("0000:01:00.0", GROUP_REFUSE);
	inv.memlock_limit = 64 * KIB;
	inv.memlock_hard = 8 * MIB;
	make();
	assert_only_refusal(-ENOMEM, "1049600K of locked memory needed", "8192K allowed", NULL);
	plan_fini(&plan);
	inv.memlock_hard = 2 * GIB;
	assert_accepted();
}

static void more_vcpus_than_processors_are_warned_about(void **state)
{
	(void)state;
	profile.vcpus = 8;
	assert_accepted();
	assert_warning("8 vCPUs share this host's 4 processors");
}

static void a_device_that_cannot_be_reset_is_warned_about(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb")->reset_methods[0] = 0;
	want("0000:01:00.0", GROUP_REFUSE);
	assert_accepted();
	assert_warning("no way to be reset");
}

static void more_slots_than_the_guest_has_are_refused(void **state)
{
	(void)state;
	for (int i = 0; i < 29; i++) {
		char address[16];
		snprintf(address, sizeof(address), "0000:%02x:00.0", i + 1);
		add_dev(address, i, "");
	}
	for (unsigned i = 0; i < 29; i++) {
		want("0000:01:00.0", GROUP_REFUSE)->bdf.bus = (uint8_t)(i + 1);
	}
	make();
	assert_only_refusal(-ENOSPC, "28 slots", NULL);
	plan_fini(&plan);
	profile.n_devices = 28;
	assert_accepted();
	assert_int_equal(plan.n_ports, 28);
}

static void more_functions_than_a_plan_holds_are_refused(void **state)
{
	(void)state;
	for (int i = 0; i < PLAN_MAX_DEVICES + 1; i++) {
		char address[16];
		snprintf(address, sizeof(address), "0000:01:%02x.%d", i / 8, i % 8);
		add_dev(address, 1, "");
	}
	want("0000:01:00.0", GROUP_HOLD);
	make();
	assert_only_refusal(-ENOSPC, "64 devices", NULL);
}

static void bars_that_do_not_fit_are_refused(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "nouveau")->bar[0] =
		(struct pci_resource){ 0, 2 * GIB, RES_MEM };
	want("0000:01:00.0", GROUP_REFUSE);
	make();
	assert_only_refusal(-ENOSPC, "32-bit", NULL);
}

static void all_reasons_are_given_at_once(void **state)
{
	(void)state;
	gpu_and_audio(GROUP_REFUSE);
	inv.devs.at[1].host_uses = USE_BOOT_VGA;
	inv.has_intremap = false;
	profile.memory = 64 * GIB;
	want("0000:09:00.0", GROUP_REFUSE);
	make();
	assert_int_equal(plan.refusals.n, 5);
}

static void a_refusal_from_outside_joins_the_others(void **state)
{
	(void)state;
	struct err err = { 0 };
	make();
	err_set(&err, -ENOEXEC, "kernel: not a bzImage");
	assert_int_equal(plan_refuse(&plan, &err), 0);
	assert_only_refusal(-ENOEXEC, "not a bzImage", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, plan_setup, plan_teardown)
		T(without_an_iommu_nothing_is_assigned),
		T(a_device_outside_every_group_is_refused),
		T(without_vfio_nothing_is_assigned),
		T(iommufd_that_cannot_be_seen_yet_says_how_to_see),
		T(without_interrupt_remapping_the_profile_must_accept_the_risk),
		T(an_unknown_address_is_refused),
		T(unknown_ids_are_refused),
		T(ids_that_fit_several_devices_list_them),
		T(a_device_listed_twice_is_refused),
		T(a_gpudirect_clique_is_for_nvidias_adapters_alone),
		T(an_adapter_of_nvidias_may_be_in_a_gpudirect_clique),
		T(a_bridge_is_refused),
		T(a_device_of_a_running_profile_is_refused_with_its_name),
		T(a_device_the_host_lives_on_is_refused_unless_forced),
		T(a_physical_function_with_vfs_is_refused),
		T(a_vf_whose_physical_function_is_assigned_is_refused),
		T(a_vf_whose_physical_function_is_down_is_warned_about),
		T(memory_that_firmware_keeps_makes_a_device_ineligible),
		T(relaxable_ranges_are_no_obstacle_and_no_hole),
		T(reserved_ranges_become_holes_of_the_groups_concerned),
		T(a_hole_where_every_guest_needs_ram_is_refused),
		T(more_memory_than_the_host_has_is_refused_with_numbers),
		T(too_small_a_memlock_limit_is_refused_with_both_numbers),
		T(more_vcpus_than_processors_are_warned_about),
		T(a_device_that_cannot_be_reset_is_warned_about),
		T(more_slots_than_the_guest_has_are_refused),
		T(more_functions_than_a_plan_holds_are_refused),
		T(bars_that_do_not_fit_are_refused),
		T(all_reasons_are_given_at_once),
		T(a_refusal_from_outside_joins_the_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
