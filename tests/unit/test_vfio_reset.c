/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: vfio/uapi.c iommu/uapi.c kvm/irq.c kvm/memslot.c
// with: fake/fake_vfio.c fake/fake_iommu.c fake/fake_irq.c fake/fake_memslot.c
#include <errno.h>

#include "fake/vfio_test.h"

static struct fake_device *a, *b;

static int begin(void **state)
{
	rig_start(state);
	a = fake_vfio_typical();
	b = fake_vfio_typical();
	return 0;
}

static void no_function_reset(struct fake_device *dev)
{
	dev->flags &= ~(uint32_t)VFIO_DEVICE_FLAGS_RESET;
}

static void run_guest(unsigned i)
{
	rig_start_guest(&rig, i);
	rig_unmask(&rig, i, 0);
	cfg_write(&rig, i, 0xa2, 2, PCI_MSIX_FLAGS_ENABLE);
}

/* The fake says `broken` when a reset comes with interrupts, decoding or bus mastering on. */
static void running_devices_are_quiet_before_they_are_reset(void **state)
{
	(void)state;
	rig_up_or_fail();
	run_guest(0);
	run_guest(1);
	assert_true(fake_memslot.n > 0);
	assert_int_equal(vfio_reset_set(rig.set, 2, &err), 0);
	assert_null(fake_vfio.broken);
	assert_int_equal(a->resets, 1);
	assert_int_equal(b->resets, 1);
	assert_int_equal(fake_memslot.n, 0);
	assert_int_equal(fake_irq.wired, 0);
}

static void config_space_is_back_at_power_on(void **state)
{
	(void)state;
	rig_up_or_fail();
	run_guest(0);
	cfg_write(&rig, 0, PCI_INTERRUPT_LINE, 1, 11);
	assert_int_equal(vfio_reset_set(rig.set, 1, &err), 0);
	assert_int_equal(cfg_read(&rig, 0, PCI_COMMAND, 2), 0);
	assert_int_equal(cfg_read(&rig, 0, PCI_BASE_ADDRESS_0, 4), 4);
	assert_int_equal(cfg_read(&rig, 0, PCI_INTERRUPT_LINE, 1), 0);
	assert_int_equal(cfg_read(&rig, 0, 0xa2, 2), 7);
	assert_int_equal(le16_get(a->cfg + PCI_COMMAND), 0);
}

static void a_sleeping_device_is_woken_for_its_reset(void **state)
{
	(void)state;
	rig_up_or_fail();
	cfg_write(&rig, 0, 0x44, 2, 3);
	assert_int_equal(vfio_reset_set(rig.set, 1, &err), 0);
	assert_int_equal(a->cfg[0x44], 0);
	assert_false(rig.vfio[0].asleep);
}

static void the_rest_of_the_guest_keeps_its_slots(void **state)
{
	(void)state;
	rig_up_or_fail();
	run_guest(0);
	run_guest(1);
	assert_int_equal(vfio_reset_set(rig.set, 1, &err), 0);
	assert_null(fake_memslot_at(RIG_BAR0));
	assert_non_null(fake_memslot_at(RIG_BAR0 + 0x1000000));
	assert_int_equal(b->resets, 0);
	assert_int_equal(b->kind, VFIO_PCI_MSIX_IRQ_INDEX);
}

static void functions_of_one_bus_are_hot_reset_once(void **state)
{
	(void)state;
	no_function_reset(a);
	no_function_reset(b);
	b->bus = a->bus;
	b->group = a->group;
	rig_up_or_fail();
	run_guest(0);
	assert_int_equal(vfio_reset_set(rig.set, 2, &err), 0);
	assert_int_equal(fake_vfio_count("hot_reset"), 1);
	assert_int_equal(a->hot_resets, 1);
	assert_int_equal(b->hot_resets, 1);
	assert_int_equal(fake_vfio.call[fake_vfio_index("hot_reset", 0)].a, 1); /* one group fd */
}

static void only_affected_groups_are_shown_to_the_kernel(void **state)
{
	(void)state;
	no_function_reset(a);
	rig_up_or_fail();
	assert_int_equal(vfio_reset_set(rig.set, 2, &err), 0); /* two groups are open, one is hit */
	assert_int_equal(a->hot_resets, 1);
	assert_int_equal(b->hot_resets, 0);
	assert_int_equal(b->resets, 1);
}

static void a_hot_reset_that_would_hit_a_stranger_is_not_made(void **state)
{
	(void)state;
	no_function_reset(a);
	rig_up_or_fail();
	struct fake_device *stranger = fake_vfio_add(); /* not attached to this guest */
	stranger->bus = a->bus;
	stranger->group = 99;
	assert_int_equal(vfio_reset_set(rig.set, 2, &err), -EPERM);
	assert_non_null(strstr(err.text, "0000:01:00.0"));
	assert_non_null(strstr(err.text, "0000:03:00.0"));
	assert_int_equal(fake_vfio_count("hot_reset"), 0);
	assert_int_equal(b->resets, 1);
	assert_int_equal(le16_get(a->cfg + PCI_COMMAND), 0); /* quiet all the same */
}

static void a_sibling_held_through_the_group_counts_as_ours(void **state)
{
	(void)state;
	no_function_reset(a);
	rig_up_or_fail();
	struct fake_device *held = fake_vfio_add();
	held->bus = a->bus;
	held->group = a->group;
	assert_int_equal(vfio_reset_set(rig.set, 1, &err), 0);
	assert_int_equal(held->hot_resets, 1);
}

static void with_cdevs_the_kernel_knows_who_owns_what(void **state)
{
	(void)state;
	rig.kind = IOMMU_FD;
	no_function_reset(a);
	no_function_reset(b);
	b->bus = a->bus;
	rig_up_or_fail();
	assert_int_equal(vfio_reset_set(rig.set, 2, &err), 0);
	assert_int_equal(fake_vfio.call[fake_vfio_index("hot_reset", 0)].a, 0);
	assert_int_equal(b->hot_resets, 1);
	struct fake_device *stranger = fake_vfio_add();
	stranger->bus = a->bus;
	assert_int_equal(vfio_reset_set(rig.set, 2, &err), -EPERM);
	assert_non_null(strstr(err.text, "0000:03:00.0"));
}

static void every_function_that_stays_dirty_is_named(void **state)
{
	(void)state;
	no_function_reset(a);
	no_function_reset(b);
	a->no_hot_reset = b->no_hot_reset = true;
	rig_up_or_fail();
	assert_int_equal(vfio_reset_set(rig.set, 2, &err), -ENODEV);
	assert_non_null(strstr(err.text, "0000:01:00.0: no function reset, and no bus reset"));
	assert_non_null(strstr(err.text, "0000:02:00.0: no function reset, and no bus reset"));
}

static void a_function_reset_that_fails_is_followed_by_a_bus_reset(void **state)
{
	(void)state;
	rig_up_or_fail();
	fake_vfio.fail_name = "device_reset";
	fake_vfio.fail_at = 1;
	fake_vfio.fail_errno = -EIO;
	assert_int_equal(vfio_reset_set(rig.set, 2, &err), 0);
	assert_int_equal(a->hot_resets, 1);
	assert_int_equal(b->resets, 1);
}

static void a_hot_reset_that_fails_says_so(void **state)
{
	(void)state;
	static const char *const calls[] = { "hot_reset_info", "hot_reset" };
	for (unsigned i = 0; i < 2; i++) {
		rig_begin(&rig);
		a = fake_vfio_typical();
		no_function_reset(a);
		assert_int_equal(rig_up(&rig, &err), 0);
		fake_vfio.fail_name = calls[i];
		fake_vfio.fail_at = 1;
		fake_vfio.fail_errno = -EAGAIN;
		assert_int_equal(vfio_reset_set(rig.set, 1, &err), -EAGAIN);
		assert_non_null(strstr(err.text, "0000:01:00.0"));
		if (!i)
			rig_down(&rig);
	}
}

static void more_functions_than_first_room_are_asked_for_again(void **state)
{
	(void)state;
	rig_begin(&rig);
	for (unsigned i = 0; i < FAKE_DEVICES; i++) {
		struct fake_device *d = fake_vfio_typical();
		no_function_reset(d);
		d->bus = 0;
		d->group = 10;
	}
	rig_up_or_fail();
	assert_int_equal(vfio_reset_set(rig.set, FAKE_DEVICES, &err), 0);
	assert_int_equal(fake_vfio.device[7].hot_resets, 1);
	assert_int_equal(fake_vfio_count("hot_reset"), 1);
}

static void at_start_only_what_opening_could_not_reset_is_reset(void **state)
{
	(void)state;
	no_function_reset(b);
	rig_up_or_fail();
	assert_int_equal(vfio_reset_unready(rig.set, 2, &err), 0);
	assert_int_equal(a->resets, 0);
	assert_int_equal(a->hot_resets, 0);
	assert_int_equal(b->hot_resets, 1);
}

static void at_start_nothing_is_done_when_all_are_fresh(void **state)
{
	(void)state;
	rig_up_or_fail();
	fake_vfio_forget_calls();
	assert_int_equal(vfio_reset_unready(rig.set, 2, &err), 0);
	assert_int_equal(fake_vfio.n_calls, 0);
}

static void an_empty_set_is_no_error(void **state)
{
	(void)state;
	rig_up_or_fail();
	assert_int_equal(vfio_reset_set(rig.set, 0, &err), 0);
	assert_int_equal(vfio_reset_unready(rig.set, 0, &err), 0);
}

static void a_failed_guest_reset_still_leaves_the_function_quiet(void **state)
{
	(void)state;
	rig_up_or_fail();
	run_guest(0);
	fake_vfio.fail_name = "device_reset";
	fake_vfio.fail_at = 1;
	fake_vfio.fail_errno = -EIO;
	cfg_write(&rig, 0, 0x58, 2, 0x8000);
	assert_true(fake_vfio.failed);
	assert_int_equal(cfg_read(&rig, 0, PCI_COMMAND, 2), 0);
	assert_null(fake_memslot_at(RIG_BAR0));
	run_guest(0);
	assert_int_equal(a->kind, VFIO_PCI_MSIX_IRQ_INDEX);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, rig_end)
	const struct CMUnitTest tests[] = {
		T(running_devices_are_quiet_before_they_are_reset),
		T(config_space_is_back_at_power_on),
		T(a_sleeping_device_is_woken_for_its_reset),
		T(the_rest_of_the_guest_keeps_its_slots),
		T(functions_of_one_bus_are_hot_reset_once),
		T(only_affected_groups_are_shown_to_the_kernel),
		T(a_hot_reset_that_would_hit_a_stranger_is_not_made),
		T(a_sibling_held_through_the_group_counts_as_ours),
		T(with_cdevs_the_kernel_knows_who_owns_what),
		T(every_function_that_stays_dirty_is_named),
		T(a_function_reset_that_fails_is_followed_by_a_bus_reset),
		T(a_hot_reset_that_fails_says_so),
		T(more_functions_than_first_room_are_asked_for_again),
		T(at_start_only_what_opening_could_not_reset_is_reset),
		T(at_start_nothing_is_done_when_all_are_fresh),
		T(an_empty_set_is_no_error),
		T(a_failed_guest_reset_still_leaves_the_function_quiet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
