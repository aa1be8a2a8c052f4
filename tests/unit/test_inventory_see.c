/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c
// with: fake/fake_sysfs.c fake/host_tree.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "core/inventory.h"
#include "device_text.h"
#include "fake/host_tree.h"

#define DIR_OF "sys/devices/pci0000:00/0000:01:00.0/"

static const char card[] =
	"pci 0000:01:00.0 10de:1e87 class=030000 group=1 driver=nouveau msi=1 bar0=m32:16M "
	"bar1=p64:256M bar3=p64:32M bar5=io:128 pcie=0\n";

static struct host_tree tree;
static struct inventory inv;
static struct pci_dev *dev;

static int setup(void **state)
{
	(void)state;
	host_tree_make(&tree, card);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	inventory_fini(&inv);
	host_tree_remove(&tree);
	return 0;
}

static void see(void)
{
	struct err err = { 0 };
	if (inventory_read(&inv, &tree.host, &err))
		fail_msg("%s", err.text);
	assert_int_equal(inv.devs.n, 1);
	dev = &inv.devs.at[0];
}

/* Registers of the PCIe capability, which host_tree puts at a0. */
static void put_link(unsigned cap, unsigned status)
{
	uint8_t bytes[2];
	int fd = openat(tree.host.sys, "devices/pci0000:00/0000:01:00.0/config", O_WRONLY);
	le_put(bytes, 2, cap);
	assert_int_equal(pwrite(fd, bytes, 2, 0xa0 + 0x0c), 2);
	le_put(bytes, 2, status);
	assert_int_equal(pwrite(fd, bytes, 2, 0xa0 + 0x12), 2);
	close(fd);
}

static const char *link_text(void)
{
	static char buf[64];
	struct text text = text_in(buf, sizeof(buf));
	device_link_text(&text, dev);
	return buf;
}

static const char *bars_text(void)
{
	static char buf[64];
	struct text text = text_in(buf, sizeof(buf));
	device_bars_text(&text, dev);
	return buf;
}

static void the_link_is_read_from_the_registers(void **state)
{
	(void)state;
	put_link(0x103, 0x101); /* 8 GT/s x16, running at 2.5 GT/s x16 */
	see();
	assert_int_equal(dev->link.gen, 1);
	assert_int_equal(dev->link.width, 16);
	assert_string_equal(link_text(), "gen1 x16 of gen3 x16");
}

static void a_link_at_its_best_is_said_once(void **state)
{
	(void)state;
	put_link(0x084, 0x084);
	see();
	assert_string_equal(link_text(), "gen4 x8");
	assert_true(dev->caps_read);
}

static void a_link_with_nobody_at_its_end_is_down(void **state)
{
	(void)state;
	put_link(0x043, 0);
	see();
	assert_string_equal(link_text(), "down, gen3 x4");
}

static void without_privilege_the_link_comes_from_attributes(void **state)
{
	(void)state;
	host_tree_add(&tree, DIR_OF "current_link_speed = 5.0 GT/s PCIe\\n\n" DIR_OF
				    "current_link_width = 1\\n\n" DIR_OF
				    "max_link_speed = 16.0 GT/s PCIe\\n\n" DIR_OF
				    "max_link_width = 4\\n\n");
	int fd = openat(tree.host.sys, "devices/pci0000:00/0000:01:00.0/config", O_WRONLY);
	assert_return_code(ftruncate(fd, 64), errno);
	close(fd);
	see();
	assert_string_equal(link_text(), "gen2 x1 of gen4 x4");
	assert_false(dev->caps_read);
}

static void what_the_kernel_does_not_know_is_no_link(void **state)
{
	(void)state;
	host_tree_add(&tree,
		      DIR_OF "max_link_speed = Unknown\\n\n" DIR_OF "max_link_width = 255\\n\n");
	see();
	assert_string_equal(link_text(), "");
}

static void the_sizes_of_a_resizable_bar_are_known(void **state)
{
	(void)state;
	char buf[200];
	struct text text = text_in(buf, sizeof(buf));
	host_tree_add(&tree, DIR_OF "resource1_resize = 0000000000003fc0\\n\n");
	see();
	assert_int_equal(dev->bar_sizes[1], 0x3fc0);
	assert_int_equal(dev->bar_sizes[0], 0);
	device_sizes_text(&text, dev->bar_sizes[1]);
	assert_string_equal(buf, "64M 128M 256M 512M 1G 2G 4G 8G");
	assert_string_equal(bars_text(), "16M+256M(8G)+32M");
}

static void sizes_that_no_bar_can_have_are_ignored(void **state)
{
	(void)state;
	host_tree_add(&tree, DIR_OF "resource1_resize = ffffffffffffffff\\n\n" DIR_OF
				    "resource3_resize = many\\n\n");
	see();
	assert_int_equal(dev->bar_sizes[1] >> 44, 0);
	assert_string_equal(bars_text(), "16M+256M(8388608T)+32M");
	assert_int_equal(dev->bar_sizes[3], 0);
}

static void possible_vfs_are_counted(void **state)
{
	(void)state;
	host_tree_add(&tree, DIR_OF "sriov_totalvfs = 64\\n\n" DIR_OF "sriov_numvfs = 3\\n\n");
	see();
	assert_int_equal(dev->max_vfs, 64);
	assert_int_equal(dev->n_vfs, 3);
}

static void a_device_in_d3cold_is_not_touched(void **state)
{
	(void)state;
	host_tree_add(&tree, DIR_OF "power_state = D3cold\\n\n");
	see();
	assert_true(dev->asleep);
	assert_false(dev->caps_read);
	assert_int_equal(dev->msi_vectors, 0);
	assert_int_equal(dev->vendor, 0x10de);
	assert_int_equal(dev->class_code, 0x030000);
	assert_string_equal(dev->power_state, "D3cold");
	assert_string_equal(bars_text(), "16M+256M+32M");
}

static void a_start_reads_the_registers_of_a_sleeping_device(void **state)
{
	(void)state;
	struct err err = { 0 };
	const struct inventory_want want = { .bdf = { 0, 1, 0, 0 } };
	host_tree_add(&tree, DIR_OF "power_state = D3cold\\n\n");
	assert_int_equal(inventory_read_for(&inv, &tree.host, &want, 1, &err), 0);
	assert_false(inv.devs.at[0].asleep);
	assert_int_equal(inv.devs.at[0].msi_vectors, 1);
}

static void a_sleeping_bridge_is_still_a_bridge(void **state)
{
	(void)state;
	host_tree_add(&tree, DIR_OF "power_state = D3cold\\n\n" DIR_OF "class = 0x060400\\n\n");
	see();
	assert_true(pci_dev_is_bridge(dev));
}

static void an_unknown_power_state_is_none(void **state)
{
	(void)state;
	host_tree_add(&tree, DIR_OF "power_state = unknown\\n\n");
	see();
	assert_string_equal(dev->power_state, "");
	assert_false(dev->asleep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(the_link_is_read_from_the_registers),
		T(a_link_at_its_best_is_said_once),
		T(a_link_with_nobody_at_its_end_is_down),
		T(without_privilege_the_link_comes_from_attributes),
		T(what_the_kernel_does_not_know_is_no_link),
		T(the_sizes_of_a_resizable_bar_are_known),
		T(sizes_that_no_bar_can_have_are_ignored),
		T(possible_vfs_are_counted),
		T(a_device_in_d3cold_is_not_touched),
		T(a_start_reads_the_registers_of_a_sleeping_device),
		T(a_sleeping_bridge_is_still_a_bridge),
		T(an_unknown_power_state_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
