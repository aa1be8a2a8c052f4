/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c
// with: fake/fake_sysfs.c fake/fake_sriov.c fake/host_tree.c
#include "sriov/pf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>

#include "fake/fake_sriov.h"
#include "fake/fake_sysfs.h"
#include "sriov/holder.h"

static const struct bdf igb = { 0, 2, 0, 0 };
static struct host_tree tree;
static struct err err;
static struct pf pf;

static int setup(void **state)
{
	(void)state;
	fake_sysfs = (struct fake_sysfs){ .numvfs = fake_sriov_numvfs };
	fake_sriov = (struct fake_sriov){ .dead = -1, .lost = -1 };
	err = (struct err){ 0 };
	pf = (struct pf){ 0 };
	host_tree_make(&tree, FAKE_PF "pci 0000:01:00.0 1b36:0010 class=010802 group=1\n"
				      "sys/class/net/lo/ifindex = 1\\n\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_tree_remove(&tree);
	return 0;
}

static void assert_refused(const char *text, int code, const char *answer)
{
	int r = pf_find(&tree.host, text, &pf, &err);
	if (r != code || !strstr(err.text, answer))
		fail_msg("%s: %d, %s", text, r, err.text);
}

/* --- finding --- */

static void a_pf_is_found_by_interface_address_and_id(void **state)
{
	(void)state;
	static const char *const names[] = { "enp2s0f0", "0000:02:00.0", "02:00.0", "8086:10c9" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		pf = (struct pf){ 0 };
		assert_int_equal(pf_find(&tree.host, names[i], &pf, &err), 0);
		assert_true(bdf_equal(pf.bdf, igb));
	}
	assert_string_equal(pf.driver, "igb");
	assert_string_equal(pf.netdev, "enp2s0f0");
	assert_string_equal(pf.netdev_mac, "52:54:00:0b:00:01");
	assert_int_equal(pf.ifindex, 5);
	assert_true(pf.is_up && pf.has_carrier && pf.autoprobe);
	assert_int_equal(pf.total, 7);
	assert_int_equal(pf.count, 0);
	assert_int_equal(pf.offset, 128);
	assert_int_equal(pf.stride, 2);
}

static void a_pf_that_is_none_is_refused_with_the_reason(void **state)
{
	(void)state;
	assert_int_equal(pf_set_count(&tree.host, igb, 1, &err), 0);
	assert_refused("0000:09:00.0", -ENODEV, "this host has no such device");
	assert_refused("0000:01:00.0", -EINVAL, "has no SR-IOV capability");
	assert_refused("0000:02:10.0", -EINVAL, "is itself a VF; its PF is 0000:02:00.0");
	assert_refused("1b36:0010", -ENODEV, "no device 1b36:0010 with VFs");
	assert_refused("enp2s0f1", -ENODEV, "did you mean enp2s0f0?");
	assert_refused("wlan0", -ENODEV, "bulkhead vf list");
	assert_refused("lo", -ENODEV, "no network interface");
	assert_refused("../../bus", -ENODEV, "no network interface");
	assert_refused("", -ENODEV, "no network interface");
}

static void an_interface_of_a_device_without_vfs_is_named_in_the_refusal(void **state)
{
	(void)state;
	host_tree_add(&tree,
		      "sys/class/net/eth9/device -> ../../../devices/pci0000:00/0000:01:00.0\n");
	assert_refused("eth9", -EINVAL, "eth9: 0000:01:00.0: this device has no SR-IOV");
}

static void an_id_of_several_lists_them(void **state)
{
	(void)state;
	host_tree_add(&tree, "pci 0000:02:00.1 8086:10c9 class=020000\n"
			     "sys/bus/pci/devices/0000:02:00.1/sriov_totalvfs = 7\\n\n");
	assert_refused("8086:10c9", -ENOTUNIQ, "name one of 0000:02:00.0, 0000:02:00.1");
}

/* --- VFs --- */

static void vfs_are_found_by_their_links_not_by_arithmetic(void **state)
{
	(void)state;
	struct bdf vf;
	assert_int_equal(pf_set_count(&tree.host, igb, 2, &err), 0);
	host_tree_add(&tree, PF_DIR "/virtfn1 -> ../0000:03:1f.7\n");
	assert_int_equal(pf_vf(&tree.host, igb, 1, &vf), 0);
	assert_string_equal(bdf_text(vf).s, "0000:03:1f.7");
	assert_int_equal(pf_vf(&tree.host, igb, 2, &vf), -ENODEV);
}

static void the_count_changes_through_zero(void **state)
{
	(void)state;
	assert_int_equal(pf_set_count(&tree.host, igb, 4, &err), 0);
	assert_int_equal(fake_sysfs.writes, 1);
	assert_int_equal(pf_set_count(&tree.host, igb, 2, &err), 0);
	assert_int_equal(fake_sysfs.writes, 3);
	assert_string_equal(host_tree_read(&tree, PF_DIR "/sriov_numvfs"), "2");
	assert_int_equal(pf_set_count(&tree.host, igb, 2, &err), 0);
	assert_int_equal(fake_sysfs.writes, 3);
	assert_int_equal(pf_set_count(&tree.host, igb, 0, &err), 0);
	assert_int_equal(fake_sysfs.writes, 4);
	assert_false(host_tree_has(&tree, VF_DIR(0)));
}

static void a_driver_that_makes_fewer_is_found_out(void **state)
{
	(void)state;
	fake_sriov.fewer = 1;
	assert_int_equal(pf_set_count(&tree.host, igb, 4, &err), -EIO);
	assert_string_equal(err.text, "0000:02:00.0: asked for 4 VFs, there are 3");
}

static void a_vf_that_does_not_answer_or_appear_ends_the_wait(void **state)
{
	(void)state;
	fake_sriov.dead = 1;
	assert_int_equal(pf_set_count(&tree.host, igb, 2, &err), -ETIMEDOUT);
	assert_string_equal(err.text, "0000:02:00.0: VF 1 did not answer within 5 s");
	fake_sriov = (struct fake_sriov){ .dead = -1, .lost = 0 };
	assert_int_equal(pf_set_count(&tree.host, igb, 1, &err), -ETIMEDOUT);
	assert_string_equal(err.text, "0000:02:00.0: VF 0 did not appear within 5 s");
}

static void what_the_driver_answers_is_explained(void **state)
{
	(void)state;
	fake_sysfs.fail_at = 1;
	fake_sysfs.fail_with = -ENOENT;
	assert_int_equal(pf_set_count(&tree.host, igb, 4, &err), -ENOENT);
	assert_string_equal(err.text, "0000:02:00.0: its driver igb cannot make VFs");
	host_tree_add(&tree, PF_DIR "/driver -> ../../../bus/pci/drivers/vfio-pci\n");
	fake_sysfs.fail_at = 2;
	assert_int_equal(pf_set_count(&tree.host, igb, 4, &err), -ENOENT);
	assert_non_null(strstr(err.text, "enable_sriov=1"));
	unlinkat(tree.dir.fd, PF_DIR "/driver", 0);
	assert_int_equal(pf_set_count(&tree.host, igb, 4, &err), -ENOENT);
	assert_non_null(strstr(err.text, "has no driver"));
	fake_sysfs.fail_at = 4;
	fake_sysfs.fail_with = -ENOMEM;
	assert_int_equal(pf_set_count(&tree.host, igb, 4, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "Cannot allocate memory; the kernel log"));
}

static void autoprobe_is_written_only_where_it_differs(void **state)
{
	(void)state;
	assert_int_equal(pf_set_autoprobe(&tree.host, igb, true, &err), 0);
	assert_int_equal(fake_sysfs.writes, 0);
	assert_int_equal(pf_set_autoprobe(&tree.host, igb, false, &err), 0);
	assert_string_equal(host_tree_read(&tree, PF_DIR "/sriov_drivers_autoprobe"), "0");
	fake_sysfs.fail_at = 2;
	fake_sysfs.fail_with = -EACCES;
	assert_int_equal(pf_set_autoprobe(&tree.host, igb, true, &err), -EACCES);
	unlinkat(tree.dir.fd, PF_DIR "/sriov_drivers_autoprobe", 0);
	assert_int_equal(pf_set_autoprobe(&tree.host, igb, true, &err), 0);
	assert_int_equal(pf_set_autoprobe(&tree.host, igb, false, &err), -ENOENT);
}

/* --- who holds one --- */

static const char *holder_of(struct bdf fn)
{
	static struct holder holder;
	assert_int_equal(holders_find(&tree.host, &fn, 1, &holder, &err), 0);
	return holder.s;
}

static const struct bdf vf0 = { 0, 2, 0x10, 0 };

static void a_vf_that_nobody_uses_is_free_with_or_without_a_driver(void **state)
{
	(void)state;
	assert_int_equal(pf_set_count(&tree.host, igb, 1, &err), 0);
	assert_string_equal(host_tree_link(&tree, VF_DIR(0) "/driver"), "igbvf");
	host_tree_add(&tree, VF_DIR(0) "/net/eth4/flags = 0x1002\\n\n");
	assert_string_equal(holder_of(vf0), "");
	unlinkat(tree.dir.fd, VF_DIR(0) "/driver", 0);
	assert_string_equal(holder_of(vf0), "");
}

static void an_interface_that_is_up_holds_its_vf(void **state)
{
	(void)state;
	assert_int_equal(pf_set_count(&tree.host, igb, 1, &err), 0);
	host_tree_add(&tree, VF_DIR(0) "/net/eth4/flags = 0x1003\\n\n");
	assert_string_equal(holder_of(vf0), "its interface eth4 is up");
}

static void a_process_with_the_group_open_holds_it_only_on_vfio_pci(void **state)
{
	(void)state;
	assert_int_equal(pf_set_count(&tree.host, igb, 1, &err), 0);
	host_tree_add(&tree, "proc/777/comm = qemu-system-x86\\n\n"
			     "proc/777/fd/8 -> /dev/null\nproc/777/fd/9 -> /dev/vfio/20\n");
	assert_string_equal(holder_of(vf0), "");
	host_tree_add(&tree, VF_DIR(0) "/driver -> ../../../bus/pci/drivers/vfio-pci\n");
	assert_string_equal(holder_of(vf0), "qemu-system-x86 (pid 777) has it open (/dev/vfio/20)");
}

static void a_process_with_its_vfio_or_uio_device_open_holds_it(void **state)
{
	(void)state;
	assert_int_equal(pf_set_count(&tree.host, igb, 2, &err), 0);
	host_tree_add(
		&tree,
		VF_DIR(0) "/vfio-dev/vfio3/dev = 511:3\\n\n" VF_DIR(
			0) "/vfio-dev/vfio3/uevent = MAJOR=511\\nDEVNAME=vfio/devices/vfio3\\n\n"
			   VF_DIR(2) "/uio/uio1/dev = 240:1\\n\n"
			   "proc/778/comm = vmm\\n\nproc/778/fd/4 -> /dev/vfio/devices/vfio3\n"
			   "proc/779/comm = testpmd\\n\nproc/779/fd/4 -> /dev/uio1\n");
	assert_string_equal(holder_of(vf0), "vmm (pid 778) has it open (/dev/vfio/devices/vfio3)");
	assert_string_equal(holder_of((struct bdf){ 0, 2, 0x10, 2 }),
			    "testpmd (pid 779) has it open (/dev/uio1)");
}

static void a_mounted_disk_holds_its_function(void **state)
{
	(void)state;
	host_tree_add(
		&tree,
		"proc/self/mountinfo = 27 1 259:1 / /srv rw - ext4 /dev/nvme0n1p1 rw\\n\n"
		"sys/dev/block/259:1 -> ../../devices/pci0000:00/0000:01:00.0/nvme/nvme0/nvme0n1/"
		"nvme0n1p1\n");
	const char *holder = holder_of((struct bdf){ 0, 1, 0, 0 });
	assert_non_null(strstr(holder, "the host uses it: "));
	assert_non_null(strstr(holder, "/srv"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_pf_is_found_by_interface_address_and_id),
		TEST(a_pf_that_is_none_is_refused_with_the_reason),
		TEST(an_interface_of_a_device_without_vfs_is_named_in_the_refusal),
		TEST(an_id_of_several_lists_them),
		TEST(vfs_are_found_by_their_links_not_by_arithmetic),
		TEST(the_count_changes_through_zero),
		TEST(a_driver_that_makes_fewer_is_found_out),
		TEST(a_vf_that_does_not_answer_or_appear_ends_the_wait),
		TEST(what_the_driver_answers_is_explained),
		TEST(autoprobe_is_written_only_where_it_differs),
		TEST(a_vf_that_nobody_uses_is_free_with_or_without_a_driver),
		TEST(an_interface_that_is_up_holds_its_vf),
		TEST(a_process_with_the_group_open_holds_it_only_on_vfio_pci),
		TEST(a_process_with_its_vfio_or_uio_device_open_holds_it),
		TEST(a_mounted_disk_holds_its_function),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
