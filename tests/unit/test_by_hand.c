/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c
// with: fake/fake_sysfs.c fake/host_tree.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/wait.h>

#include "base/bytes.h"
#include "by_hand.h"
#include "fake/fake_sysfs.h"
#include "fake/host_tree.h"
#include "journal.h"

#define DISK "sys/bus/pci/devices/0000:01:00.0"
#define RUN_DIR "run/bulkhead/bound-0000-01-00.0"

static const struct bdf disk = { 0, 1, 0, 0 }, on_vfio = { 0, 2, 0, 0 }, bridge = { 0, 3, 0, 0 },
			pf = { 0, 4, 0, 0 }, alone = { 0, 5, 0, 0 }, display = { 0, 6, 0, 0 },
			nowhere = { 0, 9, 0, 0 };

static const char devices[] =
	"driver nvme\n"
	"pci 0000:01:00.0 1b36:0010 class=010802 group=1 driver=nvme override=nvme power=auto\n"
	DISK "/d3cold_allowed = 1\\n\n"
	"pci 0000:02:00.0 1234:11e8 class=ff0000 group=2 driver=vfio-pci\n"
	"pci 0000:03:00.0 8086:0001 class=060400 header=1 driver=pcieport group=3\n"
	"pci 0000:04:00.0 8086:10c9 class=020000 group=4 driver=igb vfs=2\n"
	"pci 0000:05:00.0 8086:10d3 class=020000 driver=e1000e\n"
	"pci 0000:06:00.0 1234:1111 class=030000 group=6\n"
	"sys/bus/pci/devices/0000:06:00.0/boot_vga = 1\\n\n"
	"sys/bus/platform/devices/simple-framebuffer.0/\n"
	"sys/bus/platform/drivers/simple-framebuffer/simple-framebuffer.0 -> "
	"../../devices/simple-framebuffer.0\n"
	"sys/class/vtconsole/vtcon0/bind = 0\\n\n"
	"sys/class/vtconsole/vtcon0/name = (S) dummy device\\n\n"
	"sys/class/vtconsole/vtcon1/bind = 1\\n\n"
	"sys/class/vtconsole/vtcon1/name = (M) frame buffer device\\n\n";

static struct host_tree tree;
static struct err err;
static char *before;

static int setup(void **state)
{
	(void)state;
	fake_sysfs = (struct fake_sysfs){ 0 };
	err = (struct err){ 0 };
	host_tree_make(&tree, devices);
	before = host_tree_state(&tree);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(before);
	host_tree_remove(&tree);
	return 0;
}

static void assert_as_before(void)
{
	char *now = host_tree_state(&tree);
	assert_string_equal(now, before);
	free(now);
	assert_false(host_tree_has(&tree, RUN_DIR));
}

static void bind_it(struct bdf bdf, bool force)
{
	if (by_hand_bind(&tree.host, bdf, force, &err))
		fail_msg("%s", err.text);
}

static void a_device_is_bound_until_it_is_released_exactly_as_it_was(void **state)
{
	(void)state;
	struct bdf found;
	bind_it(disk, false);
	assert_string_equal(host_tree_link(&tree, DISK "/driver"), "vfio-pci");
	assert_string_equal(host_tree_read(&tree, DISK "/d3cold_allowed"), "0");
	assert_true(by_hand_is_bound(&tree.host, "bound-0000-01-00.0", &found));
	assert_true(bdf_equal(found, disk));
	assert_int_equal(by_hand_release(&tree.host, disk, false, &err), 0);
	assert_as_before();
	assert_false(by_hand_is_bound(&tree.host, "bound-0000-01-00.0", &found));
}

static void it_is_in_no_profiles_way_while_it_is_bound(void **state)
{
	(void)state;
	struct plan_claim claims[4];
	unsigned n;
	bind_it(disk, false);
	assert_int_equal(journal_claims(&tree.host, claims, 4, &n), 0);
	assert_int_equal(n, 0);
}

static void what_is_on_vfio_pci_already_is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(by_hand_bind(&tree.host, on_vfio, false, &err), 1);
	assert_as_before();
	assert_int_equal(by_hand_release(&tree.host, on_vfio, false, &err), -ENOENT);
	assert_non_null(strstr(err.text, "was not bound by bulkhead bind"));
}

static void bound_twice_says_how_to_release(void **state)
{
	(void)state;
	bind_it(disk, false);
	assert_int_equal(by_hand_bind(&tree.host, disk, false, &err), -EALREADY);
	assert_non_null(strstr(err.text, "bulkhead release 0000:01:00.0"));
}

static void two_do_not_bind_it_at_once(void **state)
{
	(void)state;
	struct journal other;
	assert_int_equal(journal_open(&other, &tree.host, "bound-0000-01-00.0", &err), 0);
	assert_int_equal(by_hand_bind(&tree.host, disk, false, &err), -EBUSY);
	assert_string_equal(err.text,
			    "0000:01:00.0: another bulkhead is just binding or releasing it");
	assert_int_equal(fake_sysfs.writes, 0);
	journal_close(&other);
}

static void assert_refused(struct bdf bdf, int code, const char *word)
{
	err = (struct err){ 0 };
	assert_int_equal(by_hand_check_bind(&tree.host, bdf, false, &err), code);
	if (!strstr(err.text, word))
		fail_msg("no '%s' in: %s", word, err.text);
	assert_int_equal(by_hand_bind(&tree.host, bdf, false, &err), code);
	assert_int_equal(fake_sysfs.writes, 0);
}

static void what_cannot_be_bound_is_refused_with_the_reason(void **state)
{
	(void)state;
	assert_refused(bridge, -EINVAL, "is a bridge");
	assert_refused(pf, -EBUSY, "bulkhead vf remove");
	assert_refused(alone, -ENODEV, "in no IOMMU group");
	assert_refused(nowhere, -ENODEV, "has gone");
	assert_refused(display, -EBUSY, "boot display");
	assert_as_before();
}

static void whoever_uses_it_is_named_all_of_them(void **state)
{
	(void)state;
	host_tree_add(&tree, "proc/77/comm = dd\\n\nproc/77/fd/3 -> /dev/nvme0\n"
			     "proc/78/comm = fio\\n\nproc/78/fd/3 -> /dev/nvme0\n" DISK
			     "/nvme/nvme0/dev = 240:0\\n\n");
	assert_refused(disk, -EBUSY, "dd (pid 77) has it open (/dev/nvme0)");
	assert_non_null(strstr(err.text, "fio (pid 78)"));
	assert_non_null(strstr(err.text, "--force"));
	bind_it(disk, true);
	assert_string_equal(host_tree_link(&tree, DISK "/driver"), "vfio-pci");
}

static void a_profile_that_has_it_is_respected_even_with_force(void **state)
{
	(void)state;
	struct journal other;
	assert_int_equal(journal_open(&other, &tree.host, "demo", &err), 0);
	host_tree_add(&tree, "run/bulkhead/demo/devices = 0000:01:00.0\\n\n");
	assert_refused(disk, -EBUSY, "bulkhead stop demo");
	assert_int_equal(by_hand_bind(&tree.host, disk, true, &err), -EBUSY);
	journal_close(&other);
}

static void one_that_a_process_has_is_not_released_unless_forced(void **state)
{
	(void)state;
	bind_it(disk, false);
	host_tree_add(&tree, "proc/77/comm = qemu\\n\nproc/77/fd/3 -> /dev/vfio/1\n");
	assert_int_equal(by_hand_release(&tree.host, disk, false, &err), -EBUSY);
	assert_non_null(strstr(err.text, "qemu (pid 77) has it open (/dev/vfio/1)"));
	assert_string_equal(host_tree_link(&tree, DISK "/driver"), "vfio-pci");
	assert_int_equal(by_hand_release(&tree.host, disk, true, &err), 0);
	assert_as_before();
}

static void a_device_that_has_gone_is_released_without_it(void **state)
{
	(void)state;
	bind_it(disk, false);
	assert_return_code(unlink(tempdir_path(&tree.dir, DISK)), errno);
	assert_int_equal(by_hand_release(&tree.host, disk, false, &err), 0);
	assert_false(host_tree_has(&tree, RUN_DIR));
}

static void a_driver_that_hangs_is_left_for_later(void **state)
{
	(void)state;
	bind_it(disk, false);
	fake_sysfs.hangs = "vfio-pci";
	assert_int_equal(by_hand_release(&tree.host, disk, false, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "waits in fake_remove"));
	assert_non_null(strstr(err.text, "bulkhead release 0000:01:00.0 again"));
	fake_sysfs.hangs = NULL;
	fake_sysfs.hung[0] = 0;
	assert_int_equal(by_hand_release(&tree.host, disk, false, &err), 0);
	assert_as_before();
}

static void every_write_that_fails_leaves_all_as_before(void **state)
{
	(void)state;
	for (int at = 1;; at++) {
		fake_sysfs = (struct fake_sysfs){ .fail_at = at, .fail_with = -EIO };
		int r = by_hand_bind(&tree.host, disk, false, &err);
		if (!r)
			break;
		assert_int_equal(r, -EIO);
		assert_non_null(strstr(err.text, "all is as it was before"));
		assert_as_before();
		assert_in_range(at, 1, 50);
	}
}

/* --- killed --- */

/* Even numbers die before a write, odd ones after it. */
static void die_at(int at, bool release)
{
	fake_sysfs = (struct fake_sysfs){ 0 };
	*(at % 2 ? &fake_sysfs.die_after : &fake_sysfs.die_at) = (at + 1) / 2;
	_exit((release ? by_hand_release : by_hand_bind)(&tree.host, disk, false, &err) ? 1 : 0);
}

static int in_child(int at, bool release)
{
	int status;
	pid_t pid = fork();
	if (!pid)
		die_at(at, release);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void a_bind_killed_at_any_write_is_undone_by_recover(void **state)
{
	(void)state;
	struct bdf found;
	int at = 0;
	while (in_child(++at, false) == FAKE_DEATH) {
		assert_false(by_hand_is_bound(&tree.host, "bound-0000-01-00.0", &found));
		assert_int_equal(by_hand_bind(&tree.host, disk, false, &err), -EUCLEAN);
		assert_non_null(strstr(err.text, "bulkhead recover bound-0000-01-00.0"));
		assert_int_equal(journal_recover(&tree.host, "bound-0000-01-00.0", NULL, NULL,
						 &err),
				 0);
		assert_as_before();
	}
	assert_true(at > 8);
}

static void a_release_killed_at_any_write_is_finished_by_recover_or_release(void **state)
{
	(void)state;
	for (int way = 0; way < 2; way++)
		for (int at = 1;; at++) {
			struct bdf found;
			fake_sysfs = (struct fake_sysfs){ 0 };
			bind_it(disk, false);
			if (in_child(at, true) != FAKE_DEATH)
				break;
			assert_false(by_hand_is_bound(&tree.host, "bound-0000-01-00.0", &found));
			if (way)
				assert_int_equal(by_hand_release(&tree.host, disk, false, &err), 0);
			else
				assert_int_equal(journal_recover(&tree.host, "bound-0000-01-00.0",
								 NULL, NULL, &err),
						 0);
			assert_as_before();
		}
	assert_as_before();
}

/* --- the boot display --- */

static void the_boot_display_is_taken_by_force_with_console_and_framebuffer(void **state)
{
	(void)state;
	bind_it(display, true);
	assert_string_equal(host_tree_read(&tree, "sys/class/vtconsole/vtcon1/bind"), "0");
	assert_string_equal(host_tree_read(&tree, "sys/class/vtconsole/vtcon0/bind"), "0");
	assert_false(host_tree_has(
		&tree, "sys/bus/platform/drivers/simple-framebuffer/simple-framebuffer.0"));
	assert_int_equal(by_hand_release(&tree.host, display, true, &err), 0);
	assert_as_before();
}

static void a_framebuffer_whose_memory_was_taken_is_nothing_to_go_back_to(void **state)
{
	(void)state;
	bind_it(display, true);
	fake_sysfs.busy_framebuffer = true;
	assert_int_equal(by_hand_release(&tree.host, display, true, &err), 0);
	assert_string_equal(host_tree_read(&tree, "sys/class/vtconsole/vtcon1/bind"), "1");
}

/* --- names --- */

static void a_device_is_named_by_address_or_by_ids_that_only_it_has(void **state)
{
	(void)state;
	struct bdf bdf;
	assert_int_equal(by_hand_find(&tree.host, "01:00.0", &bdf, &err), 0);
	assert_true(bdf_equal(bdf, disk));
	assert_int_equal(by_hand_find(&tree.host, "1b36:0010", &bdf, &err), 0);
	assert_true(bdf_equal(bdf, disk));
	assert_int_equal(by_hand_find(&tree.host, "09:00.0", &bdf, &err), -ENODEV);
	assert_int_equal(by_hand_find(&tree.host, "dead:beef", &bdf, &err), -ENODEV);
	assert_int_equal(by_hand_find(&tree.host, "eth0", &bdf, &err), -EINVAL);
	host_tree_add(&tree, "pci 0000:07:00.0 1b36:0010 class=010802 group=7\n");
	assert_int_equal(by_hand_find(&tree.host, "1b36:0010", &bdf, &err), -ENOTUNIQ);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_device_is_bound_until_it_is_released_exactly_as_it_was),
		T(it_is_in_no_profiles_way_while_it_is_bound),
		T(what_is_on_vfio_pci_already_is_left_alone),
		T(bound_twice_says_how_to_release),
		T(two_do_not_bind_it_at_once),
		T(what_cannot_be_bound_is_refused_with_the_reason),
		T(whoever_uses_it_is_named_all_of_them),
		T(a_profile_that_has_it_is_respected_even_with_force),
		T(one_that_a_process_has_is_not_released_unless_forced),
		T(a_device_that_has_gone_is_released_without_it),
		T(a_driver_that_hangs_is_left_for_later),
		T(every_write_that_fails_leaves_all_as_before),
		T(a_bind_killed_at_any_write_is_undone_by_recover),
		T(a_release_killed_at_any_write_is_finished_by_recover_or_release),
		T(the_boot_display_is_taken_by_force_with_console_and_framebuffer),
		T(a_framebuffer_whose_memory_was_taken_is_nothing_to_go_back_to),
		T(a_device_is_named_by_address_or_by_ids_that_only_it_has),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
