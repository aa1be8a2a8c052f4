/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c
// with: fake/fake_sysfs.c fake/host_tree.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "fake/host_tree.h"
#include "isolation.h"

/* A port above a switch of two slots; a device in each. */
static const char host_text[] =
	"pci 0000:00:01.0 8086:0001 class=060400 header=1 pcie=4 group=1 driver=pcieport\n"
	"pci 0000:01:00.0 10b5:0001 class=060400 header=1 pcie=5 group=1 driver=pcieport\n"
	"pci 0000:02:00.0 10b5:0001 class=060400 header=1 pcie=6 group=1 driver=pcieport\n"
	"pci 0000:02:01.0 10b5:0001 class=060400 header=1 pcie=6 group=1 driver=pcieport\n"
	"pci 0000:03:00.0 8086:10d3 class=020000 group=1 driver=e1000e\n"
	"pci 0000:04:00.0 1b36:0010 class=010802 group=1 driver=nvme\n"
	"pci 0000:00:02.0 8086:0002 class=060400 header=1 pcie=4 group=2 driver=pcieport\n";

static struct host_tree tree;
static struct inventory inv;
static struct err err;

/* Configuration space that has its extended part; an ACS capability in it unless `cap` is 0. */
static void set_acs(const char *bdf, unsigned cap, unsigned ctrl, size_t size)
{
	char path[96];
	uint8_t cfg[4096] = { 0 };
	snprintf(path, sizeof(path), "devices/pci0000:00/%s/config", bdf);
	int fd = openat(tree.host.sys, path, O_RDWR);
	assert_return_code(fd, errno);
	assert_true(pread(fd, cfg, 256, 0) == 256);
	if (cap) {
		le_put(cfg + 0x100, 4, 0x1000d);
		le_put(cfg + 0x104, 2, cap);
		le_put(cfg + 0x106, 2, ctrl);
	}
	assert_int_equal(pwrite(fd, cfg, size, 0), size);
	assert_return_code(ftruncate(fd, (off_t)size), errno);
	close(fd);
}

/* As the kernel nests them; host_tree keeps all directories beside each other. */
static void nest(const char *bdf, const char *path)
{
	char link[64], target[128];
	snprintf(link, sizeof(link), "bus/pci/devices/%s", bdf);
	snprintf(target, sizeof(target), "../../../devices/pci0000:00/%s", path);
	assert_return_code(unlinkat(tree.host.sys, link, 0), errno);
	assert_return_code(symlinkat(target, tree.host.sys, link), errno);
}

static void move(const char *bdf, const char *path)
{
	char from[96], to[160];
	snprintf(from, sizeof(from), "devices/pci0000:00/%s", bdf);
	snprintf(to, sizeof(to), "devices/pci0000:00/%s", path);
	assert_return_code(renameat(tree.host.sys, from, tree.host.sys, to), errno);
	nest(bdf, path);
}

static int setup(void **state)
{
	(void)state;
	err = (struct err){ 0 };
	host_tree_make(&tree, host_text);
	static const char *const all[] = { "0000:00:01.0", "0000:01:00.0", "0000:02:00.0",
					   "0000:02:01.0", "0000:03:00.0", "0000:04:00.0",
					   "0000:00:02.0" };
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		set_acs(all[i], 0, 0, 4096);
	set_acs("0000:00:02.0", 0x5f, 0x1d, 4096);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	inventory_fini(&inv);
	host_tree_remove(&tree);
	return 0;
}

static void nest_all(void)
{
	move("0000:04:00.0", "0000:02:01.0/0000:04:00.0");
	move("0000:03:00.0", "0000:02:00.0/0000:03:00.0");
	move("0000:02:00.0", "0000:01:00.0/0000:02:00.0");
	move("0000:02:01.0", "0000:01:00.0/0000:02:01.0");
	move("0000:01:00.0", "0000:00:01.0/0000:01:00.0");
	nest("0000:02:00.0", "0000:00:01.0/0000:01:00.0/0000:02:00.0");
	nest("0000:02:01.0", "0000:00:01.0/0000:01:00.0/0000:02:01.0");
	nest("0000:03:00.0", "0000:00:01.0/0000:01:00.0/0000:02:00.0/0000:03:00.0");
	nest("0000:04:00.0", "0000:00:01.0/0000:01:00.0/0000:02:01.0/0000:04:00.0");
}

static void explain(const char *address, struct isolation *iso)
{
	struct bdf bdf;
	if (inventory_read(&inv, &tree.host, &err))
		fail_msg("%s", err.text);
	assert_int_equal(bdf_parse(address, &bdf), 0);
	const struct pci_dev *dev = inventory_find(&inv, bdf);
	assert_non_null(dev);
	assert_int_equal(isolation_read(iso, &tree.host, &inv, dev), 0);
}

static void assert_at(const struct isolation *iso, unsigned i, const char *address,
		      enum isolation_state state)
{
	assert_in_range(i, 0, iso->n - 1);
	assert_string_equal(bdf_text(iso->step[i].bdf).s, address);
	assert_int_equal(iso->step[i].state, state);
}

static void a_service_that_cannot_be_switched_is_as_wanted(void **state)
{
	(void)state;
	assert_int_equal(acs_lacking(&(struct acs){ false, 0, 0 }), 0x1d);
	assert_int_equal(acs_lacking(&(struct acs){ true, 0x1f, 0x1d }), 0);
	assert_int_equal(acs_lacking(&(struct acs){ true, 0x1f, 0x0d }), 0x10);
	assert_int_equal(acs_lacking(&(struct acs){ true, 0x01, 0x01 }), 0);
	assert_int_equal(acs_lacking(&(struct acs){ true, 0x00, 0x00 }), 0);
	/* Translation blocking and egress control are nobody's wish. */
	assert_int_equal(acs_lacking(&(struct acs){ true, 0x7f, 0x1d }), 0);
}

static void the_capability_is_read_from_whatever_there_is(void **state)
{
	(void)state;
	uint8_t cfg[4096] = { 0 };
	assert_false(acs_read(cfg, 256).present);
	assert_false(acs_read(cfg, 4096).present);
	le_put(cfg + 0x100, 4, 0xffc0001 | UINT32_C(0xffc) << 20);
	le_put(cfg + 0xffc, 4, 0x1000d); /* its registers would be past the end */
	assert_false(acs_read(cfg, 4096).present);
	le_put(cfg + 0x100, 4, 0x1000d);
	le_put(cfg + 0x104, 2, 0x5f);
	le_put(cfg + 0x106, 2, 0x1d);
	assert_int_equal(acs_read(cfg, 4096).cap, 0x5f);
	assert_int_equal(acs_read(cfg, 4096).ctrl, 0x1d);
}

static void the_path_is_named_port_by_port(void **state)
{
	(void)state;
	struct isolation iso;
	nest_all();
	set_acs("0000:00:01.0/0000:01:00.0/0000:02:00.0", 0x1f, 0x0c, 4096);
	explain("0000:03:00.0", &iso);
	assert_int_equal(iso.n, 4);
	assert_at(&iso, 0, "0000:03:00.0", ISOLATION_SINGLE);
	assert_at(&iso, 1, "0000:02:00.0", ISOLATION_OFF);
	assert_int_equal(acs_lacking(&iso.step[1].acs), 0x11);
	assert_at(&iso, 2, "0000:01:00.0", ISOLATION_SINGLE);
	assert_at(&iso, 3, "0000:00:01.0", ISOLATION_NO_ACS);
	assert_int_equal(iso.breaks, 3);
	isolation_fini(&iso);
}

static void the_others_of_the_group_are_there_because_of_the_port(void **state)
{
	(void)state;
	struct isolation iso;
	nest_all();
	explain("0000:03:00.0", &iso);
	assert_int_equal(iso.shared.n, 2); /* the other slot's port and device */
	for (size_t i = 0; i < iso.shared.n; i++)
		assert_int_equal(iso.shared.at[i].cause, ISOLATION_BY_PORT);
	assert_int_equal(iso.n_slots, 1);
	assert_string_equal(bdf_text(iso.slot[0]).s, "0000:00:02.0");
	isolation_fini(&iso);
}

static void only_root_sees_the_registers(void **state)
{
	(void)state;
	struct isolation iso;
	nest_all();
	set_acs("0000:00:01.0", 0, 0, 64);
	set_acs("0000:00:01.0/0000:01:00.0", 0, 0, 256);
	explain("0000:03:00.0", &iso);
	assert_at(&iso, 3, "0000:00:01.0", ISOLATION_UNKNOWN);
	assert_at(&iso, 2, "0000:01:00.0", ISOLATION_UNKNOWN);
	assert_int_equal(iso.breaks, 3); /* the groups are for everybody to see */
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	assert_int_equal(isolation_print(&iso, out, false), 0);
	fclose(out);
	assert_non_null(strstr(text, "run as root to see"));
	assert_non_null(strstr(text, "could not be read"));
	free(text);
	isolation_fini(&iso);
}

static void a_link_without_addresses_is_a_path_of_one(void **state)
{
	(void)state;
	struct isolation iso;
	nest("0000:04:00.0", "0000:04:00.0/../0000:04:00.0");
	explain("0000:00:02.0", &iso);
	assert_int_equal(iso.n, 1);
	assert_int_equal(iso.breaks, -1);
	assert_int_equal(iso.shared.n, 0);
	isolation_fini(&iso);
}

static void an_override_of_the_kernel_is_said(void **state)
{
	(void)state;
	struct isolation iso;
	host_tree_add(&tree, "proc/cmdline = quiet pcie_acs_override=downstream\n"
			     "sys/bus/pci/devices/0000:03:00.0/iommu_group -> "
			     "../../../kernel/iommu_groups/9\n");
	nest_all();
	explain("0000:03:00.0", &iso);
	assert_true(iso.overridden);
	assert_int_equal(iso.breaks, -1);
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	assert_int_equal(isolation_print(&iso, out, true), 0);
	fclose(out);
	assert_non_null(strstr(text, "pcie_acs_override"));
	assert_non_null(strstr(text, "alone in its group"));
	free(text);
	isolation_fini(&iso);
}

static void programs_get_the_same(void **state)
{
	(void)state;
	struct isolation iso;
	nest_all();
	explain("0000:03:00.0", &iso);
	json_t *json = isolation_json(&iso);
	assert_non_null(json);
	json_t *path = json_object_get(json, "path");
	assert_int_equal(json_array_size(path), 4);
	json_t *port = json_array_get(path, 0);
	assert_string_equal(json_string_value(json_object_get(port, "address")), "0000:00:01.0");
	assert_true(json_is_true(json_object_get(port, "breaks")));
	assert_string_equal(json_string_value(json_object_get(port, "state")), "no-acs");
	assert_int_equal(json_array_size(json_object_get(json, "shared")), 2);
	json_decref(json);
	isolation_fini(&iso);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		cmocka_unit_test(a_service_that_cannot_be_switched_is_as_wanted),
		cmocka_unit_test(the_capability_is_read_from_whatever_there_is),
		T(the_path_is_named_port_by_port),
		T(the_others_of_the_group_are_there_because_of_the_port),
		T(only_root_sees_the_registers),
		T(a_link_without_addresses_is_a_path_of_one),
		T(an_override_of_the_kernel_is_said),
		T(programs_get_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
