/* SPDX-License-Identifier: GPL-2.0-or-later */
// with: fake/plan_host.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>

#include "base/bytes.h"
#include "fake/plan_host.h"

/* --- what is done --- */

static void a_profile_without_devices_needs_nothing_of_the_host(void **state)
{
	(void)state;
	inv.has_iommu = inv.has_vfio_container = inv.has_intremap = false;
	inv.memlock_limit = inv.memlock_hard = 65536;
	assert_accepted();
	assert_int_equal(plan.n_devices, 0);
	assert_int_equal(plan.actions.n, 0);
	assert_int_equal(plan.pinned_bytes, 0);
	assert_int_equal(plan.layout.n_ram, 1);
}

static void a_device_is_kept_awake_then_bound(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	want("0000:01:00.0", GROUP_REFUSE);
	assert_accepted();
	assert_int_equal(plan.iommu, IOMMU_TYPE1);
	assert_int_equal(plan.actions.n, 3);
	assert_int_equal(plan.actions.at[0].kind, ACTION_NO_D3COLD);
	assert_int_equal(plan.actions.at[1].kind, ACTION_POWER_ON);
	assert_int_equal(plan.actions.at[2].kind, ACTION_BIND_VFIO);
	assert_string_equal(plan.actions.at[2].old_driver, "igb");
}

static void a_device_on_vfio_pci_already_is_only_kept_from_losing_its_power(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "vfio-pci");
	want("0000:01:00.0", GROUP_REFUSE);
	assert_accepted();
	assert_int_equal(plan.actions.n, 1);
	assert_int_equal(plan.actions.at[0].kind, ACTION_NO_D3COLD);
}

static void the_boot_display_loses_console_and_framebuffer_before_its_driver(void **state)
{
	(void)state;
	static const enum action_kind order[] = { ACTION_NO_D3COLD, ACTION_VTCON,
						  ACTION_FRAMEBUFFER, ACTION_POWER_ON,
						  ACTION_BIND_VFIO };
	add_dev("0000:01:00.0", 1, "")->host_uses = USE_BOOT_VGA;
	want("0000:01:00.0", GROUP_REFUSE);
	profile.force = true;
	assert_accepted();
	assert_int_equal(plan.actions.n, sizeof(order) / sizeof(order[0]));
	for (size_t i = 0; i < plan.actions.n; i++)
		assert_int_equal(plan.actions.at[i].kind, order[i]);
}

static void ids_that_fit_one_device_name_it(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	add_dev("0000:02:00.0", 2, "nvme")->device = 0x0010;
	want("8086:0010", GROUP_REFUSE);
	assert_accepted();
	assert_int_equal(plan.device[0].dev->bdf.bus, 2);
}

static void iommufd_is_taken_where_it_is_whole(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	want("0000:01:00.0", GROUP_REFUSE);
	inv.has_iommufd = true;
	assert_accepted();
	assert_int_equal(plan.iommu, IOMMU_FD);
}

static void modules_that_are_not_loaded_yet_are_not_missed(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 1, "igb");
	want("0000:01:00.0", GROUP_REFUSE);
	inv.has_vfio = inv.has_vfio_container = inv.has_vfio_pci = false;
	assert_accepted();
	assert_int_equal(plan.iommu, IOMMU_TYPE1);
}

static void costs_are_counted(void **state)
{
	(void)state;
	struct pci_dev *dev = add_dev("0000:01:00.0", 1, "igb");
	dev->msix_vectors = 10;
	dev->msi_vectors = 1;
	dev->bar[0] = (struct pci_resource){ 0, 128 * KIB, RES_MEM };
	dev = add_dev("0000:02:00.0", 2, "nvme");
	dev->msi_vectors = 4;
	dev->bar[0] = (struct pci_resource){ 0, 16 * KIB, RES_MEM | RES_MEM64 };
	want("0000:01:00.0", GROUP_REFUSE);
	want("0000:02:00.0", GROUP_REFUSE);
	assert_accepted();
	assert_int_equal(plan.pinned_bytes, GIB);
	assert_true(plan.memlock_needed > GIB && plan.memlock_needed <= GIB + 16 * MIB);
	assert_int_equal(plan.vectors, 14);
	assert_int_equal(plan.bar_bytes, 144 * KIB);
	assert_true(plan.fds > 14);
}

/* --- groups --- */

static void a_sibling_on_a_host_driver_is_named(void **state)
{
	(void)state;
	gpu_and_audio(GROUP_REFUSE);
	make();
	assert_only_refusal(-EBUSY,
			    "0000:01:00.0: group 14 also holds 0000:01:00.1 (snd_hda_intel)",
			    "group = \"hold\"", NULL);
}

static void all_siblings_are_named_at_once(void **state)
{
	(void)state;
	gpu_and_audio(GROUP_REFUSE);
	add_dev("0000:01:00.2", 14, "xhci_hcd");
	make();
	assert_only_refusal(-EBUSY, "0000:01:00.1 (snd_hda_intel), 0000:01:00.2 (xhci_hcd)",
			    "add them", NULL);
}

static void a_sibling_in_the_profile_is_no_obstacle(void **state)
{
	(void)state;
	gpu_and_audio(GROUP_REFUSE);
	want("0000:01:00.1", GROUP_REFUSE);
	assert_accepted();
	assert_int_equal(plan.n_devices, 2);
	assert_int_equal(plan.actions.n, 6);
}

static void a_sibling_is_held_when_the_profile_says_so(void **state)
{
	(void)state;
	gpu_and_audio(GROUP_HOLD);
	assert_accepted();
	assert_int_equal(plan.n_devices, 2);
	assert_true(plan.device[1].held);
	assert_null(plan.device[1].wanted);
	assert_int_equal(plan.actions.n, 6);
	assert_int_equal(plan.n_ports, 1);
}

static void a_sibling_is_taken_along_when_the_profile_says_so(void **state)
{
	(void)state;
	gpu_and_audio(GROUP_TAKE);
	assert_accepted();
	assert_int_equal(plan.n_devices, 2);
	assert_false(plan.device[1].held);
	assert_guest(0, 1, 0, 0);
	assert_guest(1, 1, 0, 1);
}

static void siblings_without_a_driver_or_with_a_harmless_one_do_not_count(void **state)
{
	(void)state;
	add_dev("0000:01:00.0", 14, "nouveau");
	add_dev("0000:01:00.1", 14, "");
	add_dev("0000:01:00.2", 14, "pci-stub");
	add_dev("0000:01:00.3", 14, "vfio-pci");
	want("0000:01:00.0", GROUP_REFUSE);
	assert_accepted();
	assert_int_equal(plan.n_devices, 1);
}

static void the_chipset_is_neither_taken_nor_held(void **state)
{
	(void)state;
	add_dev("0000:00:1f.0", 9, "lpc_ich")->class_code = 0x060100;
	add_dev("0000:00:1f.2", 9, "ahci")->is_pcie = false;
	want("0000:00:1f.2", GROUP_HOLD);
	make();
	assert_int_equal(plan.n_devices, 1);
	assert_only_refusal(-EBUSY, "0000:00:1f.0", "lpc_ich", "bridge", NULL);
	plan_fini(&plan);
	inv.devs.at[0].driver[0] = 0;
	assert_accepted();
	assert_int_equal(plan.n_devices, 1);
}

static void a_held_sibling_is_refused_for_the_same_reasons_as_a_wanted_device(void **state)
{
	(void)state;
	gpu_and_audio(GROUP_HOLD);
	inv.devs.at[2].host_uses = USE_MOUNT;
	snprintf(inv.devs.at[2].use_detail, sizeof(inv.devs.at[2].use_detail), "/dev/sda1 on /");
	make();
	assert_only_refusal(-EBUSY, "0000:01:00.1", "/dev/sda1 on /", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, plan_setup, plan_teardown)
		T(a_profile_without_devices_needs_nothing_of_the_host),
		T(a_device_is_kept_awake_then_bound),
		T(a_device_on_vfio_pci_already_is_only_kept_from_losing_its_power),
		T(the_boot_display_loses_console_and_framebuffer_before_its_driver),
		T(ids_that_fit_one_device_name_it),
		T(iommufd_is_taken_where_it_is_whole),
		T(modules_that_are_not_loaded_yet_are_not_missed),
		T(costs_are_counted),
		T(a_sibling_on_a_host_driver_is_named),
		T(all_siblings_are_named_at_once),
		T(a_sibling_in_the_profile_is_no_obstacle),
		T(a_sibling_is_held_when_the_profile_says_so),
		T(a_sibling_is_taken_along_when_the_profile_says_so),
		T(siblings_without_a_driver_or_with_a_harmless_one_do_not_count),
		T(the_chipset_is_neither_taken_nor_held),
		T(a_held_sibling_is_refused_for_the_same_reasons_as_a_wanted_device),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
