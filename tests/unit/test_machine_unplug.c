/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: vfio/uapi.c iommu/uapi.c kvm/irq.c kvm/memslot.c
// with: fake/fake_vfio.c fake/fake_iommu.c fake/fake_irq.c fake/fake_memslot.c
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/log.h"
#include "control.h"
#include "fake/tempdir.h"
#include "fake/vfio_rig.h"
#include "machine.h"

/*
 * Two devices behind root ports of a machine that has as much as a removal touches; the rig has put
 * them on bus 0, from where the tests move them.
 */
static struct rig rig;
static struct machine m;
static struct host host;
static struct tempdir dir;
static struct err err;
static struct loop loop;
static struct fake_device *dev[2];
static struct pci_port port[2];
static struct bdf left[4];
static unsigned n_left;

static void on_left(void *ctx, struct bdf bdf)
{
	assert_ptr_equal(ctx, &m);
	left[n_left++] = bdf;
}

static void put_behind(unsigned i, struct pci_port *p, unsigned fn)
{
	assert_int_equal(pci_bus_remove(&rig.root, &rig.vfio[i].func, &err), 0);
	assert_int_equal(pci_bus_add(&p->bus, &rig.vfio[i].func, 0, fn), 0);
}

static void make_ports(void)
{
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(pci_port_init(&port[i], i + 1, (struct pci_link){ 0 }, &rig.irqs),
				 0);
		assert_int_equal(pci_bus_add(&rig.root.bus0, &port[i].func, 10 + i, 0), 0);
		put_behind(i, &port[i], 0);
		pci_port_program(&port[i], &(struct pci_windows){
						   .mem = { RIG_BAR0 + i * 0x1000000, 0x1000000 },
						   .secondary = (uint8_t)(i + 1),
						   .subordinate = (uint8_t)(i + 1),
					   });
	}
}

static void make_host(void)
{
	assert_int_equal(tempdir_make(&dir), 0);
	assert_int_equal(file_mkdirs(AT_FDCWD, tempdir_path(&dir, "bus/pci/devices/0000:01:00.0")),
			 0);
	assert_int_equal(file_mkdirs(AT_FDCWD, tempdir_path(&dir, "bus/pci/devices/0000:02:00.0")),
			 0);
	close(creat(tempdir_path(&dir, "bus/pci/devices/0000:01:00.0/vendor"), 0600));
	close(creat(tempdir_path(&dir, "bus/pci/devices/0000:02:00.0/vendor"), 0600));
	host = (struct host){ .sys = open(tempdir_path(&dir, ""), O_PATH | O_DIRECTORY),
			      .proc = -1,
			      .dev = -1 };
	assert_true(host.sys >= 0);
}

static uint64_t now;
static uint64_t clock_ms(void)
{
	return now;
}

static int begin(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	make_host();
	if (loop_init(&loop))
		return -1;
	now = 1000;
	loop.now_ms = clock_ms;
	rig_begin(&rig);
	err = (struct err){ 0 };
	dev[0] = fake_vfio_typical();
	dev[1] = fake_vfio_typical();
	if (rig_up(&rig, &err))
		return -1;
	make_ports();
	memset(&m, 0, sizeof(m));
	m.host = &host;
	m.loop = &loop;
	m.device = rig.vfio;
	m.device_set = rig.set;
	m.n_devices = m.n_device_set = 2;
	m.on_left = on_left;
	m.on_left_ctx = &m;
	pthread_mutex_init(&m.lock, NULL);
	pthread_mutex_init(&m.vcpus.lock, NULL);
	pthread_cond_init(&m.vcpus.changed, NULL);
	n_left = 0;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(machine_watch_device(&m, &rig.vfio[i], &err), 0);
		pci_ecam_ops.write(&rig.root, (uint64_t)(i + 1) << 20 | PCI_BASE_ADDRESS_0, 4,
				   RIG_BAR0 + i * 0x1000000);
		pci_ecam_ops.write(&rig.root, (uint64_t)(i + 1) << 20 | PCI_COMMAND, 2,
				   PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	}
	return 0;
}

static int end(void **state)
{
	(void)state;
	machine_departures_end(&m);
	while (rig.n)
		vfio_pci_fini(&rig.vfio[--rig.n]);
	for (unsigned i = 0; i < 2; i++)
		pci_port_fini(&port[i]);
	rig_down(&rig);
	const char *residue = rig_residue(&rig);
	pthread_cond_destroy(&m.vcpus.changed);
	pthread_mutex_destroy(&m.vcpus.lock);
	pthread_mutex_destroy(&m.lock);
	loop_fini(&loop);
	close(host.sys);
	tempdir_remove(&dir);
	if (residue)
		print_error("%s\n", residue);
	return residue != NULL;
}

static void signal_fd(int fd)
{
	uint64_t one = 1;
	assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
	assert_int_equal(loop_step(&loop, 0), 0);
}

static void leaves_sysfs(unsigned i)
{
	char path[64];
	snprintf(path, sizeof(path), "bus/pci/devices/0000:0%u:00.0/vendor", i + 1);
	assert_int_equal(unlink(tempdir_path(&dir, path)), 0);
}

/* Time passes until nothing is on its way out any more; a thread closes meanwhile. */
static void wait_departed(void)
{
	for (unsigned i = 0; m.departures && i < 5000; i++) {
		now += 100;
		assert_int_equal(loop_step(&loop, 0), 0);
		usleep(1000);
	}
	assert_null(m.departures);
}

static uint32_t id_of(unsigned i)
{
	return (uint32_t)pci_ecam_ops.read(&rig.root, (uint64_t)(i + 1) << 20, 4);
}

static uint16_t slot_status(unsigned i)
{
	return le16_get(port[i].func.val + 0x50 + PCI_EXP_SLTSTA);
}

static void a_removed_device_is_gone_and_the_other_runs_on(void **state)
{
	(void)state;
	rig_unmask(&rig, 0, 1);
	rig_unmask(&rig, 1, 1);
	mem_write(&rig, RIG_BAR0 + 0x3000, 4, 1);
	assert_true(fake_irq.wired == 2);
	signal_fd(dev[0]->req_fd);
	assert_true(rig.vfio[0].gone);
	assert_int_equal(rig.vfio[0].fd, -1);
	assert_int_equal(id_of(0), UINT32_MAX);
	assert_int_equal(mem_read(&rig, RIG_BAR0, 4), UINT32_MAX);
	assert_int_equal(mem_read(&rig, RIG_BAR0 + 0x2000, 4), UINT32_MAX);
	assert_int_equal(slot_status(0), PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_DLLSC);
	assert_int_equal(fake_irq.wired, 1);
	/* The other one. */
	assert_false(rig.vfio[1].gone);
	assert_int_not_equal(id_of(1), UINT32_MAX);
	assert_int_equal(mem_read(&rig, RIG_BAR0 + 0x1000000 + 0x2010, 4), 0xfee01000);
	assert_int_equal(slot_status(1), PCI_EXP_SLTSTA_PDS);
	leaves_sysfs(0);
	wait_departed();
	assert_int_equal(n_left, 1);
	assert_true(bdf_equal(left[0], rig.dev[0].bdf));
	assert_int_equal(fcntl(dev[0]->fd, F_GETFD), -1);
}

static void no_slot_of_a_removed_device_is_left_in_kvm(void **state)
{
	(void)state;
	size_t before = fake_memslot.n;
	assert_true(before > 0);
	signal_fd(dev[0]->req_fd);
	assert_true(fake_memslot.n < before);
	for (size_t i = 0; i < fake_memslot.n; i++)
		assert_true(fake_memslot.want[i].gpa >= RIG_BAR0 + 0x1000000);
	leaves_sysfs(0);
	wait_departed();
}

static void a_device_that_was_only_unbound_stays_in_the_journal(void **state)
{
	(void)state;
	signal_fd(dev[0]->req_fd);
	wait_departed();
	assert_int_equal(n_left, 0);
	assert_true(now >= 1000 + 60000);
}

static void a_device_that_is_replaced_meanwhile_has_left(void **state)
{
	(void)state;
	signal_fd(dev[0]->req_fd);
	leaves_sysfs(0);
	assert_int_equal(rmdir(tempdir_path(&dir, "bus/pci/devices/0000:01:00.0")), 0);
	assert_int_equal(file_mkdirs(AT_FDCWD, tempdir_path(&dir, "bus/pci/devices/0000:01:00.0")),
			 0);
	close(creat(tempdir_path(&dir, "bus/pci/devices/0000:01:00.0/vendor"), 0600));
	wait_departed();
	assert_int_equal(n_left, 1);
}

static void an_error_of_the_device_takes_it_from_the_guest(void **state)
{
	(void)state;
	signal_fd(dev[1]->err_fd);
	assert_true(rig.vfio[1].gone);
	assert_false(rig.vfio[0].gone);
	assert_int_equal(id_of(1), UINT32_MAX);
	leaves_sysfs(1);
	wait_departed();
}

static void a_reset_of_the_guest_leaves_the_gone_device_out(void **state)
{
	(void)state;
	signal_fd(dev[0]->req_fd);
	assert_int_equal(m.n_device_set, 1);
	assert_ptr_equal(m.device_set[0], &rig.vfio[1]);
	unsigned resets = dev[0]->resets;
	assert_int_equal(vfio_reset_set(m.device_set, m.n_device_set, &err), 0);
	assert_int_equal(dev[0]->resets, resets);
	assert_int_equal(pci_root_reset(&rig.root, &err), 0);
	assert_int_equal(slot_status(0), 0);
	assert_int_equal(slot_status(1), PCI_EXP_SLTSTA_PDS);
	machine_detach(&m, &rig.vfio[0]); /* again: nothing happens */
	assert_int_equal(m.n_device_set, 1);
}

static void a_slot_is_empty_only_without_its_last_function(void **state)
{
	(void)state;
	put_behind(1, &port[0], 1);
	signal_fd(dev[0]->req_fd);
	assert_int_equal(slot_status(0), PCI_EXP_SLTSTA_PDS);
	assert_int_not_equal(pci_ecam_ops.read(&rig.root, 1 << 20 | 1 << 12, 4), UINT32_MAX);
	signal_fd(dev[1]->req_fd);
	assert_int_equal(slot_status(0), PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_DLLSC);
	assert_null(port[0].bus.funcs);
}

static void a_paused_guest_stays_paused_and_a_running_one_runs(void **state)
{
	(void)state;
	signal_fd(dev[0]->req_fd);
	assert_false(m.vcpus.pause);
	m.vcpus.pause = true;
	signal_fd(dev[1]->req_fd);
	assert_true(m.vcpus.pause);
	assert_true(rig.vfio[1].gone);
}

static void a_guest_that_asked_for_a_reset_does_not_run_past_it(void **state)
{
	(void)state;
	m.wants = WANT_RESET;
	signal_fd(dev[0]->req_fd);
	assert_true(m.vcpus.pause);
}

static void a_bus_that_cannot_be_published_does_not_keep_the_device(void **state)
{
	(void)state;
	fake_memslot.fail = -ENOMEM;
	signal_fd(dev[0]->req_fd);
	fake_memslot.fail = 0;
	assert_true(rig.vfio[0].gone);
	assert_int_equal(mem_read(&rig, RIG_BAR0 + 0x2000, 4), UINT32_MAX);
	leaves_sysfs(0);
	wait_departed();
	assert_int_equal(fcntl(dev[0]->fd, F_GETFD), -1);
}

static void a_device_that_dies_while_it_is_taken_away_goes_all_the_same(void **state)
{
	(void)state;
	dev[0]->gone = true;
	signal_fd(dev[0]->req_fd);
	assert_true(rig.vfio[0].gone);
	leaves_sysfs(0);
	wait_departed();
	assert_int_equal(n_left, 1);
}

static void a_held_device_is_let_go_without_the_guest_noticing(void **state)
{
	(void)state;
	/* The second device as one that is only held: attached, and no more. */
	vfio_pci_fini(&rig.vfio[1]);
	assert_int_equal(pci_bus_remove(&rig.root, &rig.vfio[1].func, &err), 0);
	struct held_device held = { .dev = &rig.dev[1], .fd = -1 };
	m.iommu = rig.iommu;
	pthread_mutex_init(&m.root.lock, NULL);
	assert_int_equal(iommu_attach(&m.iommu, &rig.dev[1], &held.fd, &err), 0);
	assert_int_equal(machine_watch_held(&m, &held, &err), 0);
	signal_fd(dev[1]->req_fd);
	assert_int_equal(held.fd, -1);
	assert_int_equal(machine_unhold(&m, &held), -1);
	assert_int_not_equal(id_of(0), UINT32_MAX);
	leaves_sysfs(1);
	wait_departed();
	assert_int_equal(n_left, 1);
	assert_true(bdf_equal(left[0], rig.dev[1].bdf));
	rig.iommu = m.iommu;
	pthread_mutex_destroy(&m.root.lock);
}

static void status_tells_what_is_gone(void **state)
{
	(void)state;
	static char name[] = "demo";
	struct profile profile = { .name = name };
	struct plan plan = { .profile = &profile };
	m.plan = &plan;
	m.n_devices_up = 2;
	signal_fd(dev[1]->req_fd);
	json_t *status = control_status(&m);
	json_t *devices = json_object_get(status, "devices");
	assert_int_equal(json_array_size(devices), 2);
	assert_true(json_is_false(json_object_get(json_array_get(devices, 0), "gone")));
	assert_true(json_is_true(json_object_get(json_array_get(devices, 1), "gone")));
	json_decref(status);
	leaves_sysfs(1);
	wait_departed();
}

static void a_held_device_that_cannot_be_watched_is_told(void **state)
{
	(void)state;
	static const char *const calls[] = { "eventfd", "irqs_trigger" };
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		/* Any open device will do for the watch alone. */
		struct held_device held = { .dev = &rig.dev[1], .fd = rig.vfio[1].fd };
		fake_vfio.fail_name = calls[i];
		fake_vfio.fail_at = 1;
		fake_vfio.fail_errno = -EMFILE;
		fake_vfio.seen = 0;
		fake_vfio.failed = false;
		assert_int_equal(machine_watch_held(&m, &held, &err), -EMFILE);
		assert_true(fake_vfio.failed);
		assert_non_null(strstr(err.text, "0000:02:00.0: watching for unplug requests"));
		assert_int_equal(held.request.fd, -1);
	}
}

static void errors_on_the_way_out_do_not_keep_a_device(void **state)
{
	(void)state;
	static const char *const calls[] = { "irqs_disable", "write" };
	rig_unmask(&rig, 0, 1);
	for (unsigned i = 0; i < ARRAY_LEN(calls); i++) {
		fake_vfio.fail_name = calls[i];
		fake_vfio.fail_at = 1;
		fake_vfio.fail_errno = -EIO;
		fake_vfio.seen = 0;
		fake_vfio.failed = false;
		signal_fd(dev[i]->req_fd);
		assert_true(fake_vfio.failed);
		assert_true(rig.vfio[i].gone);
		assert_int_equal(id_of(i), UINT32_MAX);
		leaves_sysfs(i);
		wait_departed();
		assert_int_equal(fcntl(dev[i]->fd, F_GETFD), -1);
	}
	/* What the fake calls broken is the failed call's doing. */
	fake_vfio.broken = NULL;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		T(a_removed_device_is_gone_and_the_other_runs_on),
		T(no_slot_of_a_removed_device_is_left_in_kvm),
		T(a_device_that_was_only_unbound_stays_in_the_journal),
		T(a_device_that_is_replaced_meanwhile_has_left),
		T(an_error_of_the_device_takes_it_from_the_guest),
		T(a_reset_of_the_guest_leaves_the_gone_device_out),
		T(a_slot_is_empty_only_without_its_last_function),
		T(a_paused_guest_stays_paused_and_a_running_one_runs),
		T(a_guest_that_asked_for_a_reset_does_not_run_past_it),
		T(a_bus_that_cannot_be_published_does_not_keep_the_device),
		T(a_device_that_dies_while_it_is_taken_away_goes_all_the_same),
		T(a_held_device_is_let_go_without_the_guest_noticing),
		T(status_tells_what_is_gone),
		T(a_held_device_that_cannot_be_watched_is_told),
		T(errors_on_the_way_out_do_not_keep_a_device),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
