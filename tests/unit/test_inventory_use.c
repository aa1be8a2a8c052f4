/* SPDX-License-Identifier: GPL-2.0-or-later */
// with: fake/host_tree.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>

#include "base/bytes.h"
#include "core/inventory.h"
#include "fake/host_tree.h"

static struct host_tree tree;
static struct inventory inv;
static struct err err;

static int teardown(void **state)
{
	(void)state;
	inventory_fini(&inv);
	host_tree_remove(&tree);
	return 0;
}

static void read_host(const char *text)
{
	host_tree_make(&tree, text);
	if (inventory_read(&inv, &tree.host, &err))
		fail_msg("%s", err.text);
}

static const struct pci_dev *get(const char *address)
{
	struct bdf bdf;
	assert_return_code(bdf_parse(address, &bdf), 0);
	const struct pci_dev *dev = inventory_find(&inv, bdf);
	assert_non_null(dev);
	return dev;
}

/* --- what the host lives on --- */

#define NVME "pci 0000:01:00.0 1b36:0010 class=010802 group=1 driver=nvme\n"
#define NVME_PATH "../../devices/pci0000:00/0000:01:00.0/nvme/nvme0/nvme0n1"
#define NIC "pci 0000:02:00.0 8086:10d3 class=020000 group=2 driver=e1000e\n"
#define NIC_LINK "sys/class/net/eth0 -> ../../devices/pci0000:00/0000:02:00.0/net/eth0\n"

static void assert_used(const char *address, unsigned uses, const char *detail)
{
	const struct pci_dev *dev = get(address);
	assert_int_equal(dev->host_uses, uses);
	assert_string_equal(dev->use_detail, detail);
}

static void a_mounted_partition_is_traced_to_its_controller(void **state)
{
	(void)state;
	read_host(NVME
		  "sys/dev/block/259:1 -> " NVME_PATH "/nvme0n1p1\n"
		  "proc/self/mountinfo = 30 1 259:1 / /mnt/a\\040b rw - ext4 /dev/nvme0n1p1 rw\\n"
		  "31 1 259:1 /x /bind rw master:1 - ext4 /dev/nvme0n1p1 rw\\n\n");
	assert_used("0000:01:00.0", USE_MOUNT, "/dev/nvme0n1p1 on /mnt/a b");
}

static void a_device_behind_a_hub_belongs_to_the_controller_nearest_to_it(void **state)
{
	(void)state;
	read_host(
		"pci 0000:00:1c.0 8086:0001 class=060400 header=1 driver=pcieport\n"
		"pci 0000:03:00.0 1b36:000d class=0c0330 group=3 driver=xhci_hcd\n"
		"sys/dev/block/8:1 -> ../../devices/pci0000:00/0000:00:1c.0/0000:03:00.0/usb2/2-1/"
		"host0/target0:0:0/0:0:0:0/block/sda/sda1\n"
		"proc/self/mountinfo = 30 1 8:1 / /usb rw - vfat /dev/sda1 rw\\n\n");
	assert_used("0000:03:00.0", USE_MOUNT, "/dev/sda1 on /usb");
	assert_int_equal(get("0000:00:1c.0")->host_uses, 0);
}

static void a_file_system_on_lvm_over_raid_is_traced_to_every_disk(void **state)
{
	(void)state;
	read_host(NVME
		  "pci 0000:04:00.0 8086:2922 class=010601 group=4 driver=ahci\n"
		  "sys/dev/block/253:0 -> ../../devices/virtual/block/dm-0\n"
		  "sys/class/block/dm-0/slaves/md0 -> ../../md0\n"
		  "sys/class/block/md0 -> ../../devices/virtual/block/md0\n"
		  "sys/devices/virtual/block/md0/slaves/nvme0n1p2 -> x\n"
		  "sys/devices/virtual/block/md0/slaves/sda1 -> x\n"
		  "sys/class/block/nvme0n1p2 -> " NVME_PATH "/nvme0n1p2\n"
		  "sys/class/block/sda1 -> "
		  "../../devices/pci0000:00/0000:04:00.0/ata1/host0/block/sda/sda1\n"
		  "proc/self/mountinfo = 30 1 253:0 / /home rw - xfs /dev/mapper/vg-home rw\\n\n");
	assert_used("0000:01:00.0", USE_MOUNT, "/dev/mapper/vg-home on /home");
	assert_used("0000:04:00.0", USE_MOUNT, "/dev/mapper/vg-home on /home");
}

static void a_multipath_namespace_is_traced_through_its_subsystem(void **state)
{
	(void)state;
	read_host(
		NVME
		"sys/dev/block/259:0 -> ../../devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1\n"
		"sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0 -> "
		"../../../pci0000:00/0000:01:00.0/nvme/nvme0\n"
		"proc/self/mountinfo = 30 1 259:0 / /data rw - ext4 /dev/nvme0n1 rw\\n\n");
	assert_used("0000:01:00.0", USE_MOUNT, "/dev/nvme0n1 on /data");
}

static void btrfs_is_traced_by_its_source_and_its_members(void **state)
{
	(void)state;
	read_host(NVME "pci 0000:04:00.0 8086:2922 class=010601 group=4 driver=ahci\n"
		       "sys/class/block/nvme0n1p2 -> " NVME_PATH "/nvme0n1p2\n"
		       "sys/fs/btrfs/1234-5678/devices/sda1 -> "
		       "../../../../devices/pci0000:00/0000:04:00.0/ata1/host0/block/sda/sda1\n"
		       "dev/disk/x -> ../nvme0n1p2\n"
		       "proc/self/mountinfo = 30 1 0:45 / /pool rw - btrfs /dev/disk/x rw\\n\n");
	assert_used("0000:01:00.0", USE_MOUNT, "/dev/disk/x on /pool");
	assert_used("0000:04:00.0", USE_MOUNT, "/dev/disk/x on /pool");
}

static void swap_counts_as_a_mount(void **state)
{
	(void)state;
	read_host(NVME "sys/class/block/nvme0n1p3 -> " NVME_PATH "/nvme0n1p3\n"
		       "proc/swaps = Filename Type Size Used Priority\\n"
		       "/dev/nvme0n1p3 partition 1000 0 -2\\n/swapfile file 1000 0 -3\\n\n");
	assert_used("0000:01:00.0", USE_MOUNT, "/dev/nvme0n1p3 is swap");
}

static void a_stack_of_devices_that_loops_ends(void **state)
{
	(void)state;
	read_host(NVME "sys/dev/block/253:0 -> ../../devices/virtual/block/dm-0\n"
		       "sys/class/block/dm-0/slaves/dm-1 -> x\n"
		       "sys/class/block/dm-0/slaves/dm-2 -> x\n"
		       "proc/self/mountinfo = 30 1 253:0 / / rw - ext4 /dev/dm-0 rw\\n\n");
	assert_int_equal(get("0000:01:00.0")->host_uses, 0);
	inventory_fini(&inv);
	/* Now both are what they are made of. */
	host_tree_add(&tree, "sys/devices/virtual/block/dm-0/slaves/dm-1 -> x\n"
			     "sys/devices/virtual/block/dm-0/slaves/dm-0 -> x\n"
			     "sys/class/block/dm-1 -> ../../devices/virtual/block/dm-0\n");
	assert_int_equal(inventory_read(&inv, &tree.host, &err), 0);
	assert_int_equal(get("0000:01:00.0")->host_uses, 0);
}

static void the_default_route_is_traced_to_its_card(void **state)
{
	(void)state;
	read_host(
		NIC NIC_LINK
		"proc/net/route = Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\\n"
		"eth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\\n\n");
	assert_used("0000:02:00.0", USE_DEFAULT_ROUTE, "default route through eth0");
}

static void routes_to_somewhere_or_nowhere_do_not_count(void **state)
{
	(void)state;
	read_host(
		NIC NIC_LINK
		"proc/net/route = Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\\n"
		"eth0\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\\n"
		"eth0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\\n"
		"eth0\t00000000\t00000000\t0200\t0\t0\t0\t00000000\t0\t0\t0\\n\n"
		"proc/net/ipv6_route = 00000000000000000000000000000000 00 "
		"00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff "
		"00000001 "
		"00000000 00200200     eth0\\n\n");
	assert_int_equal(get("0000:02:00.0")->host_uses, 0);
}

static void an_ipv6_default_route_over_a_bond_and_a_vlan_is_traced_too(void **state)
{
	(void)state;
	read_host(NIC NIC_LINK "sys/class/net/vlan5 -> ../../devices/virtual/net/vlan5\n"
			       "sys/devices/virtual/net/vlan5/lower_bond0 -> ../bond0\n"
			       "sys/class/net/bond0 -> ../../devices/virtual/net/bond0\n"
			       "sys/devices/virtual/net/bond0/lower_eth0 -> x\n"
			       "proc/net/ipv6_route = 00000000000000000000000000000000 00 "
			       "00000000000000000000000000000000 00 "
			       "fe800000000000000000000000000001 00000400 00000002 "
			       "00000000 00000003    vlan5\\n\n");
	assert_used("0000:02:00.0", USE_DEFAULT_ROUTE, "default route through vlan5");
}

#define GPU "pci 0000:00:02.0 1234:1111 class=030000 group=5\n"
#define BOOT_VGA "sys/devices/pci0000:00/0000:00:02.0/boot_vga = 1\\n\n"

static void the_boot_display_is_the_hosts_while_something_is_shown_on_it(void **state)
{
	(void)state;
	static const struct {
		const char *shown, *detail;
	} cases[] = {
		{ "sys/class/graphics/fb0 -> "
		  "../../devices/pci0000:00/0000:00:02.0/drm/card0/graphics/fb0\n",
		  "boot display with a framebuffer" },
		{ "sys/bus/platform/drivers/simple-framebuffer/simple-framebuffer.0/\n",
		  "boot display with the firmware's framebuffer" },
		{ "sys/class/vtconsole/vtcon0/bind = 1\\n\n"
		  "sys/class/vtconsole/vtcon0/name = (S) VGA+\\n\n",
		  "boot display with the text console" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		read_host(GPU BOOT_VGA);
		assert_int_equal(get("0000:00:02.0")->host_uses, 0);
		inventory_fini(&inv);
		host_tree_add(&tree, cases[i].shown);
		assert_int_equal(inventory_read(&inv, &tree.host, &err), 0);
		assert_used("0000:00:02.0", USE_BOOT_VGA, cases[i].detail);
		inventory_fini(&inv);
		if (i + 1 < ARRAY_LEN(cases))
			host_tree_remove(&tree);
	}
}

static void a_second_display_is_not_the_hosts(void **state)
{
	(void)state;
	read_host(GPU "sys/devices/pci0000:00/0000:00:02.0/boot_vga = 0\\n\n"
		      "sys/class/vtconsole/vtcon0/bind = 1\\n\n"
		      "sys/class/vtconsole/vtcon0/name = (S) VGA+\\n\n");
	assert_int_equal(get("0000:00:02.0")->host_uses, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_teardown(name, teardown)
		T(a_mounted_partition_is_traced_to_its_controller),
		T(a_device_behind_a_hub_belongs_to_the_controller_nearest_to_it),
		T(a_file_system_on_lvm_over_raid_is_traced_to_every_disk),
		T(a_multipath_namespace_is_traced_through_its_subsystem),
		T(btrfs_is_traced_by_its_source_and_its_members),
		T(swap_counts_as_a_mount),
		T(a_stack_of_devices_that_loops_ends),
		T(the_default_route_is_traced_to_its_card),
		T(routes_to_somewhere_or_nowhere_do_not_count),
		T(an_ipv6_default_route_over_a_bond_and_a_vlan_is_traced_too),
		T(the_boot_display_is_the_hosts_while_something_is_shown_on_it),
		T(a_second_display_is_not_the_hosts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
