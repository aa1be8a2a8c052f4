/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/netaddr.c
// with: fake/host_tree.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>

#include "base/bytes.h"
#include "core/holder.h"
#include "core/netaddr.h"
#include "fake/host_tree.h"

#define DEVICE(bdf) "sys/devices/pci0000:00/" bdf
#define NVME_DIR DEVICE("0000:01:00.0") "/nvme/nvme0"
#define NIC_DIR DEVICE("0000:02:00.0") "/net/eth0"

static const struct bdf all[] = { { 0, 1, 0, 0 }, { 0, 2, 0, 0 }, { 0, 3, 0, 0 } };
enum { NVME, NIC, GPU };

static const char devices[] =
	"pci 0000:01:00.0 1b36:0010 class=010802 group=1 driver=nvme\n"
	"pci 0000:02:00.0 8086:10d3 class=020000 group=2 driver=e1000e\n"
	"pci 0000:03:00.0 10de:1c03 class=030000 group=3 driver=nouveau\n"
	NVME_DIR "/subsystem -> ../../../../../class/nvme\n"
	NVME_DIR "/dev = 240:0\\n\n"
	NVME_DIR "/uevent = MAJOR=240\\nMINOR=0\\nDEVNAME=nvme0\\n\n"
	NVME_DIR "/nvme0n1/subsystem -> ../../../../../../class/block\n"
	NVME_DIR "/nvme0n1/dev = 259:0\\n\n"
	NVME_DIR "/nvme0n1/uevent = DEVNAME=nvme0n1\\nDEVTYPE=disk\\n\n"
	NVME_DIR "/nvme0n1/nvme0n1p1/subsystem -> ../../../../../../../class/block\n"
	NVME_DIR "/nvme0n1/nvme0n1p1/dev = 259:1\\n\n"
	NVME_DIR "/nvme0n1/nvme0n1p1/uevent = DEVNAME=nvme0n1p1\\n\n"
	NIC_DIR "/subsystem -> ../../../../../class/net\n"
	NIC_DIR "/flags = 0x1002\\n\n"
	DEVICE("0000:03:00.0") "/drm/card0/subsystem -> ../../../../../class/drm\n"
	DEVICE("0000:03:00.0") "/drm/card0/dev = 226:0\\n\n"
	DEVICE("0000:03:00.0") "/drm/card0/uevent = DEVNAME=dri/card0\\n\n";

static struct host_tree tree;
static struct err err;
static dev_holders found;
static struct {
	const char *interface, *address;
} net[4];
static int net_fails;

int net_addresses(const struct host *host,
		  int (*each)(void *ctx, const char *interface, const char *address), void *ctx)
{
	(void)host;
	int r = net_fails;
	for (size_t i = 0; !r && i < ARRAY_LEN(net) && net[i].interface; i++)
		r = each(ctx, net[i].interface, net[i].address);
	return r;
}

static int setup(void **state)
{
	(void)state;
	memset(net, 0, sizeof(net));
	net_fails = 0;
	err = (struct err){ 0 };
	host_tree_make(&tree, devices);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	vec_free(&found);
	host_tree_remove(&tree);
	return 0;
}

static void look(void)
{
	vec_free(&found);
	if (dev_holders_find(&tree.host, all, ARRAY_LEN(all), &found, &err))
		fail_msg("%s", err.text);
}

static void assert_held(size_t at, size_t fn, enum holder_kind kind, const char *text)
{
	assert_in_range(at, 0, found.n - 1);
	assert_int_equal(found.at[at].fn, fn);
	assert_int_equal(found.at[at].kind, kind);
	assert_string_equal(found.at[at].s, text);
}

static void what_nobody_uses_has_no_holder(void **state)
{
	(void)state;
	host_tree_add(&tree, "proc/12/comm = bash\\n\nproc/12/fd/0 -> /dev/pts/0\n"
			     "proc/12/fd/1 -> /home/nvme0n1\nproc/12/fd/2 -> socket:[1]\n");
	look();
	assert_int_equal(found.n, 0);
	assert_int_equal(dev_holders_find(&tree.host, NULL, 0, &found, &err), 0);
}

/* Anybody may call a process of his what he likes, and root reads it on a terminal. */
static void what_a_process_calls_itself_does_nothing_to_a_terminal(void **state)
{
	(void)state;
	const char name[] = "e\033[2J\nvil\177";
	host_tree_add(&tree, "proc/12/fd/9 -> /dev/nvme0\n");
	assert_int_equal(tempdir_write(&tree.dir, "proc/12/comm", name, strlen(name)), 0);
	look();
	assert_int_equal(found.n, 1);
	assert_held(0, NVME, HOLDER_PROCESS, "e?[2J?vil? (pid 12) has it open (/dev/nvme0)");
}

static void a_process_with_a_node_open_is_named_with_pid_and_node(void **state)
{
	(void)state;
	host_tree_add(&tree, "proc/12/comm = Xorg\\n\nproc/12/fd/9 -> /dev/dri/card0\n"
			     "proc/13/comm = smartd\\n\nproc/13/fd/3 -> /dev/nvme0\n"
			     "proc/14/comm = dd\\n\nproc/14/fd/3 -> /dev/nvme0n1p1\n"
			     "proc/14/fd/4 -> /dev/nvme0n1\n");
	look();
	assert_int_equal(found.n, 3);
	assert_held(0, GPU, HOLDER_PROCESS, "Xorg (pid 12) has it open (/dev/dri/card0)");
	assert_held(1, NVME, HOLDER_PROCESS, "smartd (pid 13) has it open (/dev/nvme0)");
	assert_int_equal(found.at[1].pid, 13);
	/* Once, though it has two of its nodes. */
	assert_int_equal(found.at[2].pid, 14);
}

static void a_mapping_outlives_its_descriptor(void **state)
{
	(void)state;
	host_tree_add(&tree, "proc/12/comm = render\\n\n"
			     "proc/12/maps = 55d0-55d1 r-xp 00000000 08:01 42   /usr/bin/render\\n"
			     "7f00-7f10 rw-s 00000000 00:06 412    /dev/dri/card0\\n"
			     "7ffe-7fff rw-p 00000000 00:00 0      [stack]\\n\n");
	look();
	assert_int_equal(found.n, 1);
	assert_held(0, GPU, HOLDER_PROCESS, "render (pid 12) has it mapped (/dev/dri/card0)");
}

static void a_bar_taken_through_sysfs_counts(void **state)
{
	(void)state;
	host_tree_add(&tree,
		      "proc/12/comm = dpdk\\n\nproc/12/maps = 7f00-7f10 rw-s 00000000 00:16 412 "
		      "/sys/devices/pci0000:00/0000:02:00.0/resource0_wc\\n\n"
		      "proc/13/comm = peek\\n\nproc/13/fd/3 -> "
		      "/sys/devices/pci0000:00/0000:03:00.0/resource1\n"
		      "proc/14/comm = lspci\\n\nproc/14/fd/3 -> "
		      "/sys/devices/pci0000:00/0000:03:00.0/config\n");
	look();
	assert_int_equal(found.n, 2);
	assert_held(0, NIC, HOLDER_PROCESS, "dpdk (pid 12) has it mapped (resource0_wc)");
	assert_held(1, GPU, HOLDER_PROCESS, "peek (pid 13) has it open (resource1)");
}

static void a_process_that_ends_meanwhile_is_no_obstacle(void **state)
{
	(void)state;
	host_tree_add(&tree, "proc/12/\nproc/13/fd/\nproc/14/fd/3 -> /dev/dri/card0\n");
	look();
	assert_held(0, GPU, HOLDER_PROCESS, "a process (pid 14) has it open (/dev/dri/card0)");
}

static void members_of_raid_and_lvm_are_named(void **state)
{
	(void)state;
	host_tree_add(&tree, NVME_DIR "/nvme0n1/nvme0n1p1/holders/dm-0 -> x\n"
				      "sys/class/block/dm-0/dm/name = vg-home\\n\n"
				      "sys/class/block/dm-0/dm/uuid = LVM-abcdef\\n\n");
	look();
	assert_int_equal(found.n, 1);
	assert_held(0, NVME, HOLDER_BLOCK, "its disk nvme0n1p1 is part of LVM volume vg-home");
	host_tree_add(&tree, NVME_DIR "/nvme0n1/holders/md0 -> x\n");
	look();
	assert_int_equal(found.n, 2);
	assert_true(strstr(found.at[0].s, "RAID md0") || strstr(found.at[1].s, "RAID md0"));
}

static void a_namespace_with_several_paths_is_found_through_its_subsystem(void **state)
{
	(void)state;
	host_tree_add(&tree,
		      "sys/class/nvme-subsystem/nvme-subsys0 -> "
		      "../../devices/virtual/nvme-subsystem/nvme-subsys0\n"
		      "sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0 -> "
		      "../../../pci0000:00/0000:01:00.0/nvme/nvme0\n"
		      "sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme9n1/subsystem -> "
		      "../../../../../class/block\n"
		      "sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme9n1/dev = 259:7\\n\n"
		      "sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme9n1/holders/md5 -> x\n");
	look();
	assert_int_equal(found.n, 1);
	assert_held(0, NVME, HOLDER_BLOCK, "its disk nvme9n1 is part of RAID md5");
}

static void addresses_and_what_an_interface_carries_are_named(void **state)
{
	(void)state;
	net[0].interface = "eth1";
	net[0].address = "10.9.9.9";
	net[1].interface = "eth0";
	net[1].address = "192.0.2.7";
	host_tree_add(&tree, NIC_DIR "/upper_br0 -> ../../br0\n" NIC_DIR "/flags = 0x1003\\n\n");
	look();
	assert_int_equal(found.n, 3);
	assert_held(0, NIC, HOLDER_ADDRESS, "its interface eth0 has the address 192.0.2.7");
	assert_held(1, NIC, HOLDER_ADDRESS, "its interface eth0 carries br0");
	assert_held(2, NIC, HOLDER_UP, "its interface eth0 is up");
}

static void a_console_on_its_serial_port_is_named(void **state)
{
	(void)state;
	host_tree_add(&tree, DEVICE("0000:02:00.0") "/tty/ttyS4/subsystem -> x/tty\n"
			     "sys/class/tty/console/active = tty0 ttyS4\\n\n");
	look();
	assert_held(0, NIC, HOLDER_CONSOLE, "its serial port ttyS4 is a console of the kernel");
	host_tree_add(&tree, "sys/class/tty/console/active = tty0 ttyS40\\n\n");
	look();
	assert_int_equal(found.n, 0);
}

static void another_function_behind_a_bridge_is_not_part_of_it(void **state)
{
	(void)state;
	host_tree_add(&tree, DEVICE("0000:02:00.0") "/0000:09:00.0/drm/card1/dev = 226:1\\n\n"
			     "proc/12/comm = Xorg\\n\nproc/12/fd/9 -> /dev/card1\n");
	look();
	assert_int_equal(found.n, 0);
}

static void a_tree_of_any_depth_ends_the_walk(void **state)
{
	(void)state;
	char path[4000] = "", line[4100];
	for (int i = 0; i < 60; i++)
		strcat(path, "/deep");
	snprintf(line, sizeof(line), DEVICE("0000:03:00.0") "%s/dev = 1:1\\n\n", path);
	host_tree_add(&tree, line);
	look();
	assert_int_equal(found.n, 0);
}

static void what_the_inventory_knows_is_added_and_not_said_twice(void **state)
{
	(void)state;
	struct inventory inv;
	host_tree_add(&tree, "proc/self/mountinfo = 30 1 259:1 / /srv rw - ext4 /dev/nvme0n1p1 rw\\n\n"
			     "sys/dev/block/259:1 -> "
			     "../../devices/pci0000:00/0000:01:00.0/nvme/nvme0/nvme0n1/nvme0n1p1\n"
			     NVME_DIR "/nvme0n1/holders/md0 -> x\n");
	assert_int_equal(inventory_read(&inv, &tree.host, &err), 0);
	look();
	assert_int_equal(found.n, 1);
	assert_true(dev_holder_repeats(&found.at[0], inventory_find(&inv, all[NVME])));
	assert_false(dev_holder_repeats(&found.at[0], inventory_find(&inv, all[NIC])));
	assert_false(dev_holder_repeats(&found.at[0], NULL));
	assert_int_equal(dev_holders_of_inventory(&inv, all, ARRAY_LEN(all), &found, &err), 0);
	assert_held(1, NVME, HOLDER_USE, "the host uses it: /dev/nvme0n1p1 on /srv");
	inventory_fini(&inv);
}

static void who_has_a_node_can_be_asked_alone(void **state)
{
	(void)state;
	struct dev_holder who;
	host_tree_add(&tree, "proc/12/comm = qemu\\n\nproc/12/fd/9 -> /dev/vfio/7\n");
	assert_true(dev_node_holder(&tree.host, "/dev/vfio/7", &who));
	assert_string_equal(who.s, "qemu (pid 12) has it open (/dev/vfio/7)");
	assert_false(dev_node_holder(&tree.host, "/dev/vfio/8", &who));
}

static void a_host_that_cannot_be_read_is_an_error(void **state)
{
	(void)state;
	struct host host = tree.host;
	host.proc = -1;
	assert_int_equal(dev_holders_find(&host, all, 1, &found, &err), -EBADF);
	assert_non_null(strstr(err.text, "0000:01:00.0"));
	net_fails = -ENOBUFS;
	assert_int_equal(dev_holders_find(&tree.host, all, 2, &found, &err), -ENOBUFS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(what_nobody_uses_has_no_holder),
		T(a_process_with_a_node_open_is_named_with_pid_and_node),
		T(what_a_process_calls_itself_does_nothing_to_a_terminal),
		T(a_mapping_outlives_its_descriptor),
		T(a_bar_taken_through_sysfs_counts),
		T(a_process_that_ends_meanwhile_is_no_obstacle),
		T(members_of_raid_and_lvm_are_named),
		T(a_namespace_with_several_paths_is_found_through_its_subsystem),
		T(addresses_and_what_an_interface_carries_are_named),
		T(a_console_on_its_serial_port_is_named),
		T(another_function_behind_a_bridge_is_not_part_of_it),
		T(a_tree_of_any_depth_ends_the_walk),
		T(what_the_inventory_knows_is_added_and_not_said_twice),
		T(who_has_a_node_can_be_asked_alone),
		T(a_host_that_cannot_be_read_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
