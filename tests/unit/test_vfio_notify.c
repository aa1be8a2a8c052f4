/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: vfio/uapi.c iommu/uapi.c kvm/irq.c kvm/memslot.c
// with: fake/fake_vfio.c fake/fake_iommu.c fake/fake_irq.c fake/fake_memslot.c
#include <errno.h>
#include <unistd.h>

#include "fake/vfio_test.h"

static struct fake_device *dev;
static struct loop loop;
static unsigned errors, unplugs;

static void on_error(void *ctx, struct vfio_pci *vfio)
{
	assert_ptr_equal(ctx, &rig);
	assert_ptr_equal(vfio, &rig.vfio[0]);
	errors++;
}

static void on_unplug(void *ctx, struct vfio_pci *vfio)
{
	(void)ctx;
	(void)vfio;
	unplugs++;
}

static int begin(void **state)
{
	if (loop_init(&loop))
		return -1;
	rig_start(state);
	errors = unplugs = 0;
	dev = fake_vfio_typical();
	if (rig_up(&rig, &err))
		return -1;
	rig.vfio[0].notify.on_error = on_error;
	rig.vfio[0].notify.on_unplug = on_unplug;
	rig.vfio[0].notify.ctx = &rig;
	return 0;
}

static int end(void **state)
{
	int left = rig_end(state);
	loop_fini(&loop);
	return left;
}

static void signal_fd(int fd)
{
	uint64_t one = 1;
	assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
}

static void an_error_of_the_device_is_told_once(void **state)
{
	(void)state;
	assert_int_equal(vfio_pci_notify(&rig.vfio[0], &loop, &err), 0);
	signal_fd(dev->err_fd);
	assert_int_equal(loop_step(&loop, 0), 0);
	assert_int_equal(loop_step(&loop, 0), 0);
	assert_int_equal(errors, 1);
	assert_int_equal(unplugs, 0);
}

static void an_unplug_request_is_told_each_time_it_is_made(void **state)
{
	(void)state;
	assert_int_equal(vfio_pci_notify(&rig.vfio[0], &loop, &err), 0);
	for (unsigned i = 1; i <= 3; i++) {
		signal_fd(dev->req_fd);
		assert_int_equal(loop_step(&loop, 0), 0);
		assert_int_equal(unplugs, i);
	}
}

static void without_callbacks_events_are_swallowed(void **state)
{
	(void)state;
	rig.vfio[0].notify.on_error = rig.vfio[0].notify.on_unplug = NULL;
	assert_int_equal(vfio_pci_notify(&rig.vfio[0], &loop, &err), 0);
	signal_fd(dev->err_fd);
	signal_fd(dev->req_fd);
	assert_int_equal(loop_step(&loop, 0), 0);
	uint64_t count;
	assert_int_equal(read(dev->err_fd, &count, 8), -1); /* drained */
}

static void conventional_devices_are_watched_for_requests_alone(void **state)
{
	(void)state;
	dev->irq[VFIO_PCI_ERR_IRQ_INDEX].count = 0;
	assert_int_equal(vfio_pci_notify(&rig.vfio[0], &loop, &err), 0);
	assert_int_equal(dev->err_fd, -1);
	assert_true(dev->req_fd >= 0);
}

static void each_failing_call_leaves_nothing_watched(void **state)
{
	(void)state;
	static const struct {
		const char *call;
		unsigned nth;
	} at[] = {
		{ "eventfd", 1 }, { "irqs_trigger", 1 }, { "eventfd", 2 }, { "irqs_trigger", 2 }
	};
	unsigned fds = fake_vfio_open_fds();
	for (unsigned i = 0; i < ARRAY_LEN(at); i++) {
		fake_vfio.fail_name = at[i].call;
		fake_vfio.fail_at = at[i].nth;
		fake_vfio.fail_errno = -EMFILE;
		fake_vfio.failed = false;
		fake_vfio.seen = 0;
		assert_int_equal(vfio_pci_notify(&rig.vfio[0], &loop, &err), -EMFILE);
		assert_non_null(strstr(err.text, "0000:01:00.0: watching for"));
		assert_int_equal(fake_vfio_open_fds(), fds);
		assert_int_equal(dev->err_fd, -1);
		assert_int_equal(dev->req_fd, -1);
	}
	assert_int_equal(vfio_pci_notify(&rig.vfio[0], &loop, &err), 0);
}

static void going_down_takes_the_device_off_the_loop(void **state)
{
	(void)state;
	assert_int_equal(vfio_pci_notify(&rig.vfio[0], &loop, &err), 0);
	vfio_pci_fini(&rig.vfio[--rig.n]);
	assert_int_equal(dev->err_fd, -1);
	assert_int_equal(dev->req_fd, -1);
	assert_int_equal(loop_step(&loop, 0), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(an_error_of_the_device_is_told_once),
		T(an_unplug_request_is_told_each_time_it_is_made),
		T(without_callbacks_events_are_swallowed),
		T(conventional_devices_are_watched_for_requests_alone),
		T(each_failing_call_leaves_nothing_watched),
		T(going_down_takes_the_device_off_the_loop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
