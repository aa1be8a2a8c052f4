/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: vfio/uapi.c iommu/uapi.c kvm/irq.c kvm/memslot.c
// with: fake/fake_vfio.c fake/fake_iommu.c fake/fake_irq.c fake/fake_memslot.c
#include <errno.h>

#include "fake/vfio_test.h"

static struct fake_device *dev;
static unsigned maps_at_write;

static int begin(void **state)
{
	rig_start(state);
	dev = fake_vfio_typical();
	return 0;
}

static void up(bool p2p)
{
	const struct vfio_config config = { .p2p = p2p };
	if (rig_up_with(&rig, &config, &err))
		fail_msg("%s", err.text);
}

static void look_at_maps(struct fake_device *d, unsigned off, unsigned size, uint32_t value)
{
	(void)d;
	(void)size;
	(void)value;
	if (off == PCI_COMMAND || off == 0x44)
		maps_at_write = fake_vfio.n_maps;
}

static void without_the_wish_no_bar_is_in_the_iommu(void **state)
{
	(void)state;
	up(false);
	rig_start_guest(&rig, 0);
	assert_int_equal(fake_vfio_count("container_map"), 0);
}

static void bars_are_mapped_at_their_guest_addresses(void **state)
{
	(void)state;
	up(true);
	rig_start_guest(&rig, 0);
	assert_int_equal(fake_vfio.n_maps, 2); /* not the MSI-X pages */
	assert_int_equal(fake_vfio.map[0].iova, RIG_BAR0);
	assert_int_equal(fake_vfio.map[0].size, 0x2000);
	assert_int_equal(fake_vfio.map[1].iova, RIG_BAR0 + 0x4000);
	assert_ptr_equal(fake_vfio.map[1].hva, fake_memslot_at(RIG_BAR0 + 0x4000)->hva);
}

static void mappings_follow_decoding_in_the_right_order(void **state)
{
	(void)state;
	up(true);
	fake_vfio.on_cfg_write = look_at_maps;
	maps_at_write = 99;
	rig_start_guest(&rig, 0);
	assert_int_equal(maps_at_write, 0);
	cfg_write(&rig, 0, 0x44, 2, 3);
	assert_int_equal(maps_at_write, 0);
	assert_int_equal(fake_vfio.n_maps, 0);
	cfg_write(&rig, 0, 0x44, 2, 0);
	assert_int_equal(fake_vfio.n_maps, 2);
	maps_at_write = 99;
	cfg_write(&rig, 0, PCI_COMMAND, 2, 0);
	assert_int_equal(maps_at_write, 0);
	fake_vfio.on_cfg_write = NULL;
}

static void a_moved_bar_is_mapped_where_it_went(void **state)
{
	(void)state;
	up(true);
	rig_start_guest(&rig, 0);
	cfg_write(&rig, 0, PCI_BASE_ADDRESS_0, 4, (uint32_t)RIG_BAR0 + 0x100000);
	assert_int_equal(fake_vfio.n_maps, 2);
	assert_int_equal(fake_vfio.map[0].iova, RIG_BAR0 + 0x100000);
}

static void what_stays_is_not_mapped_again(void **state)
{
	(void)state;
	up(true);
	rig_start_guest(&rig, 0);
	unsigned calls = fake_vfio_count("container_map");
	cfg_write(&rig, 0, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	cfg_write(&rig, 0, PCI_INTERRUPT_LINE, 1, 5);
	assert_int_equal(fake_vfio_count("container_map"), calls);
}

static void a_bar_over_memory_is_left_out_and_the_guest_lives(void **state)
{
	(void)state;
	static char ram[PAGE_4K] __attribute__((aligned(4096)));
	up(true);
	assert_int_equal(iommu_map(&rig.iommu, RIG_BAR0, ram, PAGE_4K, true, &err), 0);
	rig_start_guest(&rig, 0);
	assert_int_equal(fake_vfio.n_maps, 2); /* the memory and the BAR's second piece */
	cfg_write(&rig, 0, PCI_COMMAND, 2, 0);
	assert_int_equal(fake_vfio.n_maps, 1);
	assert_ptr_equal(fake_vfio.map[0].hva, ram);
}

static void a_back_end_without_device_memory_is_asked_once(void **state)
{
	(void)state;
	rig.kind = IOMMU_FD;
	up(true);
	fake_vfio.fail_name = "ioas_map";
	fake_vfio.fail_at = 1;
	fake_vfio.fail_errno = -EFAULT;
	rig_start_guest(&rig, 0);
	cfg_write(&rig, 0, PCI_COMMAND, 2, 0);
	rig_start_guest(&rig, 0);
	assert_int_equal(fake_vfio_count("ioas_map"), 1);
	assert_int_equal(fake_vfio.n_maps, 0);
}

static void a_reset_takes_them_away(void **state)
{
	(void)state;
	up(true);
	rig_start_guest(&rig, 0);
	assert_int_equal(vfio_reset_set(rig.set, 1, &err), 0);
	assert_int_equal(fake_vfio.n_maps, 0);
	rig_start_guest(&rig, 0);
	assert_int_equal(fake_vfio.n_maps, 2);
	cfg_write(&rig, 0, 0x58, 2, 0x8000); /* the guest's own */
	assert_int_equal(fake_vfio.n_maps, 0);
	assert_int_equal(dev->resets, 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, rig_end)
	const struct CMUnitTest tests[] = {
		T(without_the_wish_no_bar_is_in_the_iommu),
		T(bars_are_mapped_at_their_guest_addresses),
		T(mappings_follow_decoding_in_the_right_order),
		T(a_moved_bar_is_mapped_where_it_went),
		T(what_stays_is_not_mapped_again),
		T(a_bar_over_memory_is_left_out_and_the_guest_lives),
		T(a_back_end_without_device_memory_is_asked_once),
		T(a_reset_takes_them_away),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
