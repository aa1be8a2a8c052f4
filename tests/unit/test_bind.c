/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c
// with: fake/fake_sysfs.c fake/host_tree.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/stat.h>

#include "fake/fake_sysfs.h"
#include "fake/host_tree.h"
#include "vfio/bind.h"

static const struct bdf nvme = { 0, 1, 0, 0 };
static const struct bdf gpu = { 0, 2, 0, 0 };
static const struct bdf bare = { 0, 3, 0, 0 };
static const struct bdf nowhere = { 0, 9, 0, 0 };

static const char devices[] =
	"driver nvme\n"
	"driver nouveau\n"
	"pci 0000:01:00.0 1b36:0010 class=010802 group=1 driver=nvme\n"
	"pci 0000:02:00.0 10de:1c03 class=030000 group=2 driver=vfio-pci native=nouveau\n"
	"pci 0000:03:00.0 1234:11e8 class=ff0000 group=3\n";

static struct host_tree tree;
static struct err err;

static int setup(void **state)
{
	(void)state;
	fake_sysfs = (struct fake_sysfs){ 0 };
	err = (struct err){ 0 };
	host_tree_make(&tree, devices);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_tree_remove(&tree);
	return 0;
}

static void assert_bound(const char *bdf, const char *driver, const char *override)
{
	char path[128];
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/driver", bdf);
	assert_string_equal(host_tree_link(&tree, path), driver);
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/driver_override", bdf);
	assert_string_equal(host_tree_read(&tree, path), override);
}

static void a_device_moves_from_its_driver_to_vfio_pci(void **state)
{
	(void)state;
	assert_int_equal(bind_vfio(&tree.host, nvme, &err), 0);
	assert_bound("0000:01:00.0", "vfio-pci", "vfio-pci");
}

static void a_device_without_a_driver_is_bound_too(void **state)
{
	(void)state;
	assert_int_equal(bind_vfio(&tree.host, bare, &err), 0);
	assert_bound("0000:03:00.0", "vfio-pci", "vfio-pci");
}

static void a_device_already_on_vfio_pci_is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(bind_vfio(&tree.host, gpu, &err), 0);
	assert_int_equal(fake_sysfs.writes, 0);
}

static void the_way_back_restores_driver_and_override(void **state)
{
	(void)state;
	assert_int_equal(bind_vfio(&tree.host, nvme, &err), 0);
	assert_int_equal(bind_restore(&tree.host, nvme, "nvme", "", &err), 0);
	assert_bound("0000:01:00.0", "nvme", "(null)");
	/* Restoring once more finds nothing to do. */
	fake_sysfs.writes = 0;
	assert_int_equal(bind_restore(&tree.host, nvme, "nvme", "", &err), 0);
	assert_int_equal(fake_sysfs.writes, 0);
}

static void an_override_that_was_there_before_is_put_back(void **state)
{
	(void)state;
	host_tree_add(
		&tree,
		"pci 0000:04:00.0 8086:10d3 class=020000 group=4 driver=nvme override=nvme\n");
	const struct bdf nic = { 0, 4, 0, 0 };
	assert_int_equal(bind_vfio(&tree.host, nic, &err), 0);
	assert_int_equal(bind_restore(&tree.host, nic, "nvme", "nvme", &err), 0);
	assert_bound("0000:04:00.0", "nvme", "nvme");
}

static void the_old_driver_gets_it_back_even_where_another_would_match_first(void **state)
{
	(void)state;
	host_tree_add(&tree, "driver alternative\npci 0000:04:00.0 8086:10d3 class=020000 group=4 "
			     "driver=alternative native=nvme\n");
	const struct bdf nic = { 0, 4, 0, 0 };
	assert_int_equal(bind_vfio(&tree.host, nic, &err), 0);
	assert_int_equal(bind_restore(&tree.host, nic, "alternative", "", &err), 0);
	assert_bound("0000:04:00.0", "alternative", "(null)");
}

static void a_device_that_had_no_driver_ends_without_one(void **state)
{
	(void)state;
	assert_int_equal(bind_vfio(&tree.host, bare, &err), 0);
	assert_int_equal(bind_restore(&tree.host, bare, "", "", &err), 0);
	assert_bound("0000:03:00.0", "", "(null)");
}

static void a_device_that_has_gone_is_named(void **state)
{
	(void)state;
	assert_int_equal(bind_vfio(&tree.host, nowhere, &err), -ENODEV);
	assert_non_null(strstr(err.text, "0000:09:00.0"));
	assert_int_equal(bind_restore(&tree.host, nowhere, "nvme", "", &err), -ENODEV);
}

static void every_write_that_fails_is_reported_with_the_device(void **state)
{
	(void)state;
	for (int at = 1; at <= 2; at++) {
		fake_sysfs = (struct fake_sysfs){ .fail_at = at, .fail_with = -EPERM };
		assert_int_equal(bind_vfio(&tree.host, nvme, &err), -EPERM);
		assert_non_null(strstr(err.text, "0000:01:00.0"));
		assert_non_null(strstr(err.text, "Operation not permitted"));
	}
}

static void a_driver_that_hangs_is_named_with_its_stack_and_asked_nothing_more(void **state)
{
	(void)state;
	fake_sysfs.hangs = "nvme";
	assert_int_equal(bind_vfio(&tree.host, nvme, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "0000:01:00.0: unbinding it from nvme: no answer"));
	assert_non_null(strstr(err.text, "waits in fake_remove"));
	assert_int_equal(fake_sysfs.waits, 1);
}

static void the_way_back_does_not_wait_twice_for_a_driver_that_hangs(void **state)
{
	(void)state;
	assert_int_equal(bind_vfio(&tree.host, nvme, &err), 0);
	fake_sysfs.hangs = "vfio-pci";
	assert_int_equal(bind_restore(&tree.host, nvme, "nvme", "", &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "unbinding it from vfio-pci"));
	assert_int_equal(fake_sysfs.waits, 1);
	assert_int_equal(bind_restore(&tree.host, nvme, "nvme", "", &err), -ETIMEDOUT);
	assert_int_equal(bind_restore(&tree.host, nvme, "", "", &err), -ETIMEDOUT);
	assert_int_equal(fake_sysfs.waits, 3);
}

static void a_driver_that_refuses_to_probe_is_an_error(void **state)
{
	(void)state;
	fake_sysfs.shy = "vfio-pci";
	assert_int_equal(bind_vfio(&tree.host, nvme, &err), -EINVAL);
	assert_non_null(strstr(err.text, "vfio-pci did not take it"));
}

static void another_driver_that_takes_the_device_is_named(void **state)
{
	(void)state;
	fake_sysfs.greedy = "nouveau";
	assert_int_equal(bind_vfio(&tree.host, nvme, &err), -EBUSY);
	assert_non_null(strstr(err.text, "nouveau took it"));
}

static void an_old_driver_that_was_unloaded_is_named_and_the_override_still_goes(void **state)
{
	(void)state;
	assert_int_equal(bind_vfio(&tree.host, nvme, &err), 0);
	assert_return_code(rmdir(tempdir_path(&tree.dir, "sys/bus/pci/drivers/nvme")), errno);
	assert_int_equal(bind_restore(&tree.host, nvme, "nvme", "", &err), -EBUSY);
	assert_non_null(strstr(err.text, "modprobe nvme"));
	assert_bound("0000:01:00.0", "", "(null)");
}

static void unload_vfio_pci(void)
{
	assert_return_code(unlink(tempdir_path(&tree.dir,
					       "sys/bus/pci/devices/0000:02:00.0/driver")),
			   errno);
	assert_return_code(rmdir(tempdir_path(&tree.dir, "sys/bus/pci/drivers/vfio-pci")), errno);
}

/* A script as the kernel's module loader; %s is the tree. */
static void install_loader(const char *body)
{
	char script[512], path[128], line[256];
	snprintf(script, sizeof(script), "#!/bin/sh\ncd %s\n%s\n", tree.dir.path, body);
	assert_int_equal(tempdir_write(&tree.dir, "modprobe", script, strlen(script)), 0);
	snprintf(path, sizeof(path), "%s/modprobe", tree.dir.path);
	assert_return_code(chmod(path, 0755), errno);
	snprintf(line, sizeof(line), "proc/sys/kernel/modprobe = %s\\n\n", path);
	host_tree_add(&tree, line);
}

static void the_driver_is_loaded_when_it_is_not_there(void **state)
{
	(void)state;
	unload_vfio_pci();
	install_loader("mkdir sys/bus/pci/drivers/$1");
	assert_int_equal(bind_vfio(&tree.host, nvme, &err), 0);
	assert_bound("0000:01:00.0", "vfio-pci", "vfio-pci");
}

static void a_loader_that_fails_is_quoted(void **state)
{
	(void)state;
	unload_vfio_pci();
	install_loader("echo FATAL: Module $1 not found >&2; exit 1");
	assert_int_equal(bind_vfio(&tree.host, nvme, &err), -EIO);
	assert_non_null(strstr(err.text, "FATAL: Module vfio-pci not found"));
	assert_bound("0000:01:00.0", "nvme", "(null)");
}

static void a_loader_that_does_nothing_is_noticed(void **state)
{
	(void)state;
	unload_vfio_pci();
	install_loader("exit 0");
	assert_int_equal(bind_vfio(&tree.host, nvme, &err), -ENOENT);
	assert_non_null(strstr(err.text, "did not appear"));
}

static void a_kernel_without_a_loader_says_so(void **state)
{
	(void)state;
	unload_vfio_pci();
	assert_int_equal(bind_vfio(&tree.host, nvme, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no module loader"));
	host_tree_add(&tree, "proc/sys/kernel/modprobe = /nonexistent/modprobe\\n\n");
	assert_int_equal(bind_vfio(&tree.host, nvme, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/modprobe"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_device_moves_from_its_driver_to_vfio_pci),
		T(a_device_without_a_driver_is_bound_too),
		T(a_device_already_on_vfio_pci_is_left_alone),
		T(the_way_back_restores_driver_and_override),
		T(an_override_that_was_there_before_is_put_back),
		T(the_old_driver_gets_it_back_even_where_another_would_match_first),
		T(a_device_that_had_no_driver_ends_without_one),
		T(a_device_that_has_gone_is_named),
		T(every_write_that_fails_is_reported_with_the_device),
		T(a_driver_that_hangs_is_named_with_its_stack_and_asked_nothing_more),
		T(the_way_back_does_not_wait_twice_for_a_driver_that_hangs),
		T(a_driver_that_refuses_to_probe_is_an_error),
		T(another_driver_that_takes_the_device_is_named),
		T(an_old_driver_that_was_unloaded_is_named_and_the_override_still_goes),
		T(the_driver_is_loaded_when_it_is_not_there),
		T(a_loader_that_fails_is_quoted),
		T(a_loader_that_does_nothing_is_noticed),
		T(a_kernel_without_a_loader_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
