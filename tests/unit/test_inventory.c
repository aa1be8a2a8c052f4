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

/* --- functions --- */

static void a_function_is_read_with_all_that_is_its_own(void **state)
{
	(void)state;
	read_host("pci 0000:01:00.0 1b36:0010 class=010802 group=7 driver=nvme pin=1 msix=33 msi=8 "
		  "pcie=0 bar0=m64:16K bar4=p64:256M bar2=m32:4K rom=64K reset=flr+bus numa=1 "
		  "vfs=4\n");
	const struct pci_dev *dev = get("0000:01:00.0");
	assert_true(dev->detailed);
	assert_int_equal(dev->vendor, 0x1b36);
	assert_int_equal(dev->device, 0x0010);
	assert_int_equal(dev->class_code, 0x010802);
	assert_int_equal(dev->revision, 3);
	assert_int_equal(dev->group, 7);
	assert_int_equal(dev->numa_node, 1);
	assert_int_equal(dev->int_pin, 1);
	assert_int_equal(dev->msix_vectors, 33);
	assert_int_equal(dev->msi_vectors, 8);
	assert_true(dev->is_pcie);
	assert_string_equal(dev->driver, "nvme");
	assert_string_equal(dev->driver_override, "");
	assert_string_equal(dev->reset_methods, "flr bus");
	assert_int_equal(dev->n_vfs, 4);
	assert_int_equal(dev->bar[0].size, 16 * KIB);
	assert_true(dev->bar[0].flags & RES_MEM64);
	assert_false(dev->bar[0].flags & RES_PREFETCH);
	assert_true(dev->bar[4].flags & RES_PREFETCH);
	assert_int_equal(dev->bar[4].size, 256 * MIB);
	assert_int_equal(dev->bar[1].size, 0);
	assert_int_equal(dev->rom.size, 64 * KIB);
	assert_int_equal(dev->host_uses, 0);
}

static void functions_come_in_order_of_address(void **state)
{
	(void)state;
	read_host("pci 0001:00:00.0 8086:0001 class=020000\n"
		  "pci 0000:80:00.0 8086:0002 class=020000\n"
		  "pci 0000:00:1f.3 8086:0003 class=020000\n"
		  "pci 0000:00:1f.0 8086:0004 class=020000\n");
	assert_int_equal(inv.devs.n, 4);
	for (size_t i = 1; i < inv.devs.n; i++)
		assert_true(bdf_compare(inv.devs.at[i - 1].bdf, inv.devs.at[i].bdf) < 0);
	assert_null(inventory_find(&inv, (struct bdf){ 0, 5, 0, 0 }));
}

static void a_virtual_function_has_the_ids_of_its_attributes_not_of_its_header(void **state)
{
	(void)state;
	read_host("pci 0000:02:00.0 8086:10c9 class=020000 group=2 driver=igb vfs=1\n"
		  "pci 0000:02:10.0 8086:10ca class=020000 group=3 physfn=0000:02:00.0 msix=3\n");
	const struct pci_dev *vf = get("0000:02:10.0");
	assert_int_equal(vf->vendor, 0x8086);
	assert_int_equal(vf->device, 0x10ca);
	assert_true(vf->is_vf);
	assert_true(bdf_equal(vf->physfn, (struct bdf){ 0, 2, 0, 0 }));
	assert_int_equal(vf->msix_vectors, 3);
}

static void a_vf_knows_when_its_physical_function_is_down(void **state)
{
	(void)state;
	read_host("pci 0000:02:00.0 8086:10c9 class=020000 group=2 driver=igb vfs=2\n"
		  "pci 0000:02:10.0 8086:10ca class=020000 group=3 physfn=0000:02:00.0\n"
		  "sys/devices/pci0000:00/0000:02:00.0/net/enp2s0/flags = 0x1002\\n\n");
	assert_string_equal(get("0000:02:10.0")->physfn_netdev, "enp2s0");
	inventory_fini(&inv);
	host_tree_add(&tree, "sys/devices/pci0000:00/0000:02:00.0/net/enp2s0/flags = 0x1003\\n\n");
	assert_int_equal(inventory_read(&inv, &tree.host, &err), 0);
	assert_string_equal(get("0000:02:10.0")->physfn_netdev, "");
}

static void bridges_and_chipset_parts_are_told_from_endpoints(void **state)
{
	(void)state;
	read_host("pci 0000:00:00.0 8086:29c0 class=060000 pcie=no\n"
		  "pci 0000:00:01.0 8086:0001 class=060400 header=1 driver=pcieport pcie=4\n"
		  "pci 0000:00:1f.0 8086:2918 class=060100 pcie=no\n"
		  "pci 0000:00:1f.2 8086:2922 class=010601 pcie=no\n");
	assert_true(pci_dev_is_bridge(get("0000:00:00.0")));
	assert_true(pci_dev_is_bridge(get("0000:00:01.0")));
	assert_true(pci_dev_is_bridge(get("0000:00:1f.0")));
	assert_false(pci_dev_is_bridge(get("0000:00:1f.2")));
	assert_int_equal(get("0000:00:01.0")->pcie_type, 4);
	assert_false(get("0000:00:1f.2")->is_pcie);
}

static void a_cdev_counts_only_with_a_device_number(void **state)
{
	(void)state;
	read_host("pci 0000:01:00.0 1b36:0010 class=010802 group=1 driver=vfio-pci\n"
		  "pci 0000:02:00.0 1b36:0010 class=010802 group=2 driver=vfio-pci\n"
		  "sys/devices/pci0000:00/0000:01:00.0/vfio-dev/vfio3/dev = 509:3\\n\n"
		  "sys/devices/pci0000:00/0000:02:00.0/vfio-dev/vfio4/\n");
	assert_string_equal(get("0000:01:00.0")->vfio_cdev, "vfio3");
	assert_string_equal(get("0000:02:00.0")->vfio_cdev, "");
}

static void broken_attributes_are_read_as_absent(void **state)
{
	(void)state;
	read_host("pci 0000:01:00.0 1b36:0010 class=010802 group=1 bar0=m32:4K\n"
		  "sys/devices/pci0000:00/0000:01:00.0/resource = 0x10 0x4 0x200\\n"
		  "0x1000 0x3fff 0x200\\nrubbish\\n0x0 0xffffffffffffffff 0x200\\n\n"
		  "sys/devices/pci0000:00/0000:01:00.0/numa_node = many\\n\n"
		  "sys/devices/pci0000:00/0000:01:00.0/iommu_group -> "
		  "../../../kernel/iommu_groups/x9\n");
	const struct pci_dev *dev = get("0000:01:00.0");
	for (unsigned i = 0; i < PCI_N_BARS; i++)
		assert_int_equal(dev->bar[i].size, 0);
	assert_int_equal(dev->numa_node, -1);
	assert_int_equal(dev->group, -1);
}

static void write_config(const char *bdf, const uint8_t *cfg, size_t size)
{
	char path[128];
	snprintf(path, sizeof(path), "sys/devices/pci0000:00/%s/config", bdf);
	assert_int_equal(tempdir_write(&tree.dir, path, cfg, size), 0);
}

static void a_capability_list_that_loops_ends(void **state)
{
	(void)state;
	uint8_t cfg[256] = { 0 };
	host_tree_make(&tree, "pci 0000:01:00.0 1b36:0010 class=010802 group=1\n");
	cfg[6] = 0x10;
	cfg[0x34] = 0x40;
	cfg[0x40] = 0x10; /* PCIe */
	cfg[0x41] = 0x44;
	cfg[0x44] = 0x11; /* MSI-X with 2048 vectors */
	cfg[0x45] = 0x40;
	cfg[0x46] = 0xff;
	cfg[0x47] = 0xff;
	write_config("0000:01:00.0", cfg, sizeof(cfg));
	assert_int_equal(inventory_read(&inv, &tree.host, &err), 0);
	assert_true(get("0000:01:00.0")->is_pcie);
	assert_int_equal(get("0000:01:00.0")->msix_vectors, 2048);
}

static void a_capability_at_the_very_end_is_read_inside_the_space(void **state)
{
	(void)state;
	uint8_t cfg[256] = { 0 };
	host_tree_make(&tree, "pci 0000:01:00.0 1b36:0010 class=010802 group=1\n");
	cfg[6] = 0x10;
	cfg[0x34] = 0xfc;
	cfg[0xfc] = 0x05; /* MSI; 111b in 3:1 is reserved, 32 is the most there can be */
	cfg[0xfe] = 0x0e;
	write_config("0000:01:00.0", cfg, sizeof(cfg));
	assert_int_equal(inventory_read(&inv, &tree.host, &err), 0);
	assert_int_equal(get("0000:01:00.0")->msi_vectors, 32);
}

static void without_privilege_the_first_64_bytes_have_to_do(void **state)
{
	(void)state;
	uint8_t cfg[64] = { 0 };
	host_tree_make(&tree,
		       "pci 0000:01:00.0 1b36:0010 class=010802 group=1 msix=4\n"
		       "sys/devices/pci0000:00/0000:01:00.0/max_link_speed = 8.0 GT/s PCIe\\n\n");
	cfg[6] = 0x10;
	cfg[0x34] = 0x40;
	cfg[0x0e] = 0x80;
	cfg[0x3d] = 2;
	write_config("0000:01:00.0", cfg, sizeof(cfg));
	assert_int_equal(inventory_read(&inv, &tree.host, &err), 0);
	const struct pci_dev *dev = get("0000:01:00.0");
	assert_int_equal(dev->int_pin, 2);
	assert_true(dev->multifunction);
	assert_int_equal(dev->msix_vectors, 0);
	assert_true(dev->is_pcie);
}

static void reserved_regions_are_read_once_per_group(void **state)
{
	(void)state;
	read_host("pci 0000:00:02.0 8086:0412 class=030000 group=1\n"
		  "pci 0000:00:02.1 8086:0412 class=038000 group=1\n"
		  "sys/kernel/iommu_groups/1/reserved_regions = "
		  "0x00000000bf800000 0x00000000cf9fffff direct\\n"
		  "0x00000000fee00000 0x00000000feefffff msi\\nnonsense\\n0x5 0x4 reserved\\n\n");
	assert_int_equal(inv.reserved.n, 2);
	assert_string_equal(inv.reserved.at[0].type, "direct");
	assert_int_equal(inv.reserved.at[0].range.start, 0xbf800000);
	assert_int_equal(inv.reserved.at[0].range.size, 0xcf9fffff - 0xbf800000 + 1u);
	assert_int_equal(inv.reserved.at[1].group, 1);
}

static void details_are_read_of_the_wanted_groups_alone(void **state)
{
	(void)state;
	static const char host[] =
		"pci 0000:01:00.0 10de:1c03 class=030000 group=1 driver=nouveau\n"
		"pci 0000:01:00.1 10de:10f1 class=040300 group=1 driver=snd_hda_intel\n"
		"pci 0000:02:00.0 8086:10c9 class=020000 group=2 driver=igb vfs=1\n"
		"pci 0000:02:10.0 8086:10ca class=020000 group=3 physfn=0000:02:00.0\n"
		"pci 0000:04:00.0 1b36:0010 class=010802 group=4 driver=nvme\n";
	const struct inventory_want by_address = { .bdf = { 0, 1, 0, 0 } };
	const struct inventory_want by_id = { .by_id = true, .vendor = 0x8086, .device = 0x10ca };
	host_tree_make(&tree, host);
	assert_int_equal(inventory_read_for(&inv, &tree.host, &by_address, 1, &err), 0);
	assert_int_equal(inv.devs.n, 5);
	assert_true(get("0000:01:00.0")->detailed && get("0000:01:00.1")->detailed);
	assert_false(get("0000:02:00.0")->detailed || get("0000:04:00.0")->detailed);
	assert_int_equal(get("0000:04:00.0")->group, 4);
	inventory_fini(&inv);
	assert_int_equal(inventory_read_for(&inv, &tree.host, &by_id, 1, &err), 0);
	assert_true(get("0000:02:10.0")->detailed);
	assert_true(get("0000:02:00.0")->detailed); /* the PF */
	assert_false(get("0000:01:00.0")->detailed);
}

static void a_tree_without_pci_is_an_error_with_its_name(void **state)
{
	(void)state;
	host_tree_make(&tree, "");
	assert_return_code(rmdir(tempdir_path(&tree.dir, "sys/bus/pci/devices")), errno);
	assert_int_equal(inventory_read(&inv, &tree.host, &err), -ENOENT);
	assert_non_null(strstr(err.text, "bus/pci/devices"));
}

static void names_are_looked_up_when_asked_for(void **state)
{
	(void)state;
	read_host("pci 0000:01:00.0 fffe:fffe class=010802 group=1\n");
	const struct pci_dev *dev = get("0000:01:00.0");
	assert_non_null(strstr(inventory_name(&inv, dev).s, "fffe"));
	assert_true(strlen(inventory_class(&inv, dev).s) > 0);
}

/* --- facts --- */

static void facts_of_the_host_are_read(void **state)
{
	(void)state;
	read_host("dev/iommu = \n"
		  "proc/devices = Character devices:\\n  1 mem\\n509 vfio-dev\\n510 vfio\\n\n");
	assert_int_equal(inv.mem_total, 16 * GIB);
	assert_int_equal(inv.mem_available, 8 * GIB);
	assert_int_equal(inv.memlock_limit, UINT64_MAX);
	assert_int_equal(inv.cpus, 4);
	assert_int_equal(inv.phys_bits, 46);
	assert_true(inv.has_kvm && inv.has_vfio && inv.has_vfio_pci && inv.has_vfio_container);
	assert_true(inv.has_iommufd);
	assert_true(inv.has_intremap);
	assert_false(inv.has_iommu);
	assert_false(inv.unsafe_type1 || inv.unsafe_iommufd);
}

static void a_host_without_anything_is_still_read(void **state)
{
	(void)state;
	static const char *const files[] = {
		"dev/kvm",          "dev/vfio/vfio",    "proc/meminfo",        "proc/cpuinfo",
		"proc/self/limits", "proc/self/status", "proc/self/mountinfo", "proc/devices"
	};
	host_tree_make(&tree, "");
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		assert_return_code(unlink(tempdir_path(&tree.dir, files[i])), errno);
	assert_return_code(rmdir(tempdir_path(&tree.dir, "sys/bus/pci/drivers/vfio-pci")), errno);
	assert_return_code(rmdir(tempdir_path(&tree.dir, "sys/class/iommu")), errno);
	assert_int_equal(inventory_read(&inv, &tree.host, &err), 0);
	assert_false(inv.has_kvm || inv.has_vfio_pci || inv.has_vfio_container || inv.has_iommufd);
	assert_int_equal(inv.mem_total, 0);
	assert_int_equal(inv.memlock_limit, UINT64_MAX);
}

static void iommufd_without_device_cdevs_does_not_count(void **state)
{
	(void)state;
	read_host("dev/iommu = \n");
	assert_false(inv.has_iommufd);
}

#define LIMITS(soft, hard)                                                                         \
	"proc/self/limits = Limit Soft Hard Units\\nMax locked memory         " soft               \
	"              " hard "              bytes     \\n\n"

static void locked_memory_is_limited_unless_a_capability_lifts_it(void **state)
{
	(void)state;
	read_host(LIMITS("65536", "131072"));
	assert_int_equal(inv.memlock_limit, 65536);
	assert_int_equal(inv.memlock_hard, 131072);
	inventory_fini(&inv);
	host_tree_add(&tree, "proc/self/status = CapEff:\t0000000000004000\\n\n"); /* IPC_LOCK */
	assert_int_equal(inventory_read(&inv, &tree.host, &err), 0);
	assert_int_equal(inv.memlock_limit, UINT64_MAX);
	inventory_fini(&inv);
	host_tree_add(&tree,
		      "proc/self/status = CapEff:\t0000000001000000\\n\n"); /* SYS_RESOURCE */
	assert_int_equal(inventory_read(&inv, &tree.host, &err), 0);
	assert_int_equal(inv.memlock_limit, 65536);
	assert_int_equal(inv.memlock_hard, UINT64_MAX);
}

static void an_intel_unit_that_cannot_remap_interrupts_says_so(void **state)
{
	(void)state;
	read_host("sys/class/iommu/dmar0/intel-iommu/ecap = f00f5e\\n\n");
	assert_true(inv.has_intremap);
	inventory_fini(&inv);
	host_tree_add(&tree, "sys/class/iommu/dmar1/intel-iommu/ecap = f00f52\\n\n");
	assert_int_equal(inventory_read(&inv, &tree.host, &err), 0);
	assert_false(inv.has_intremap);
}

static void cpu_lists_are_counted(void **state)
{
	(void)state;
	static const struct {
		const char *list;
		unsigned n;
	} cases[] = { { "0", 1 }, { "0-3,8-11", 8 }, { "0,2,4", 3 }, { "5-2", 0 }, { "x", 0 } };
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char line[96];
		snprintf(line, sizeof(line), "sys/devices/system/cpu/online = %s\\n\n",
			 cases[i].list);
		read_host(line);
		assert_int_equal(inv.cpus, cases[i].n);
		inventory_fini(&inv);
		if (i + 1 < ARRAY_LEN(cases))
			host_tree_remove(&tree);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_teardown(name, teardown)
		T(a_function_is_read_with_all_that_is_its_own),
		T(functions_come_in_order_of_address),
		T(a_virtual_function_has_the_ids_of_its_attributes_not_of_its_header),
		T(a_vf_knows_when_its_physical_function_is_down),
		T(bridges_and_chipset_parts_are_told_from_endpoints),
		T(a_cdev_counts_only_with_a_device_number),
		T(broken_attributes_are_read_as_absent),
		T(a_capability_list_that_loops_ends),
		T(a_capability_at_the_very_end_is_read_inside_the_space),
		T(without_privilege_the_first_64_bytes_have_to_do),
		T(reserved_regions_are_read_once_per_group),
		T(details_are_read_of_the_wanted_groups_alone),
		T(a_tree_without_pci_is_an_error_with_its_name),
		T(names_are_looked_up_when_asked_for),
		T(facts_of_the_host_are_read),
		T(a_host_without_anything_is_still_read),
		T(iommufd_without_device_cdevs_does_not_count),
		T(locked_memory_is_limited_unless_a_capability_lifts_it),
		T(an_intel_unit_that_cannot_remap_interrupts_says_so),
		T(cpu_lists_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
