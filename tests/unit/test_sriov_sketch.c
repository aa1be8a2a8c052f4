/* SPDX-License-Identifier: GPL-2.0-or-later */
// with: fake/host_tree.c
#include "sriov/sketch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/bytes.h"
#include "fake/fake_sriov.h"

#define BAR_BYTES 0x4000ull

static struct host_tree tree;
static struct pf pf;
static struct pci_dev vf;

/* An 82576 as the kernel shows it: 7 VFs by its driver, room for 8 by its capability. */
static int setup(void **state)
{
	char text[2048];
	(void)state;
	vf = (struct pci_dev){ 0 };
	snprintf(text, sizeof(text),
		 FAKE_PF PF_DIR "/sriov_vf_device = 10ca\\n\n" PF_DIR "/resource = "
				"0x1000 0x1fff 0x40200\\n0x0 0x0 0x0\\n0x0 0x0 0x0\\n0x0 0x0 0x0\\n"
				"0x0 0x0 0x0\\n0x0 0x0 0x0\\n0x0 0x0 0x0\\n"
				"0x%llx 0x%llx 0x14220c\\n0x0 0x0 0x0\\n0x0 0x0 0x0\\n"
				"0x%llx 0x%llx 0x14220c\\n0x0 0x0 0x0\\n0x0 0x0 0x0\\n\n",
		 0xe0000000ull, 0xe0000000ull + 8 * BAR_BYTES - 1, 0xe0020000ull,
		 0xe0020000ull + 8 * BAR_BYTES - 1);
	host_tree_make(&tree, text);
	assert_int_equal(pf_find(&tree.host, "enp2s0f0", &pf, NULL), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_tree_remove(&tree);
	return 0;
}

/* Two capabilities, the second is SR-IOV's, and after it `next`. */
static void write_config(unsigned total, unsigned next)
{
	uint8_t cfg[4096] = { 0 };
	le_put(cfg + 0x100, 4, 0x14010001);
	le_put(cfg + 0x140, 4, 0x00010010 | next << 20);
	le_put(cfg + 0x14e, 2, total);
	assert_int_equal(tempdir_write(&tree.dir, PF_DIR "/config", cfg, sizeof(cfg)), 0);
}

static void a_vf_is_where_offset_and_stride_say(void **state)
{
	(void)state;
	vf_sketch(&tree.host, &pf, 3, &vf);
	assert_true(bdf_equal(vf.bdf, (struct bdf){ 0, 2, 16, 6 }));
	pf.offset = 0xf8;
	pf.stride = 4;
	vf_sketch(&tree.host, &pf, 3, &vf); /* 0200 + f8 + c: into the next bus */
	assert_true(bdf_equal(vf.bdf, (struct bdf){ 0, 3, 0, 4 }));
}

static void it_has_the_ids_that_its_pf_foretells(void **state)
{
	(void)state;
	vf_sketch(&tree.host, &pf, 0, &vf);
	assert_int_equal(vf.vendor, 0x8086);
	assert_int_equal(vf.device, 0x10ca);
	assert_int_equal(vf.class_code, 0x020000);
	assert_true(vf.is_vf && vf.is_pcie && vf.detailed);
	assert_true(bdf_equal(vf.physfn, pf.bdf));
	assert_int_equal(vf.group, -1);
	assert_string_equal(vf.physfn_netdev, "");
	pf.is_up = false;
	vf_sketch(&tree.host, &pf, 0, &vf);
	assert_string_equal(vf.physfn_netdev, "enp2s0f0");
}

static void its_bars_are_a_share_of_what_the_hardware_could_have(void **state)
{
	(void)state;
	write_config(8, 0);
	vf_sketch(&tree.host, &pf, 0, &vf);
	assert_int_equal(vf.bar[0].size, BAR_BYTES);
	assert_int_equal(vf.bar[0].flags, 0x14220c);
	assert_int_equal(vf.bar[1].size, 0);
	assert_int_equal(vf.bar[3].size, BAR_BYTES);
}

static void a_share_that_is_no_power_of_two_is_no_bar(void **state)
{
	(void)state;
	/* Without a capability to read, the driver's number is all there is. */
	vf_sketch(&tree.host, &pf, 0, &vf);
	assert_int_equal(vf.bar[0].size, 0);
}

static void a_list_of_capabilities_that_loops_ends(void **state)
{
	(void)state;
	uint8_t cfg[4096] = { 0 };
	le_put(cfg + 0x100, 4, 0x10010001);
	assert_int_equal(tempdir_write(&tree.dir, PF_DIR "/config", cfg, sizeof(cfg)), 0);
	vf_sketch(&tree.host, &pf, 0, &vf);
	assert_int_equal(vf.bar[0].size, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_vf_is_where_offset_and_stride_say),
		T(it_has_the_ids_that_its_pf_foretells),
		T(its_bars_are_a_share_of_what_the_hardware_could_have),
		T(a_share_that_is_no_power_of_two_is_no_bar),
		T(a_list_of_capabilities_that_loops_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
