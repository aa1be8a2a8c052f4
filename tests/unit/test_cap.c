/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pci/cap.h"

#include <linux/pci_regs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"

static uint8_t cfg[PCIE_CFG_SIZE];
static struct pci_cap caps[64];

static int blank(void **state)
{
	(void)state;
	memset(cfg, 0, sizeof(cfg));
	cfg[PCI_STATUS] = PCI_STATUS_CAP_LIST;
	return 0;
}

static void cap(unsigned off, uint8_t id, uint8_t next)
{
	cfg[off] = id;
	cfg[off + 1] = next;
}

static void ext(unsigned off, unsigned id, unsigned version, unsigned next)
{
	le_put(cfg + off, 4, id | version << 16 | next << 20);
}

static void a_list_is_walked_in_its_order(void **state)
{
	(void)state;
	cfg[PCI_CAPABILITY_LIST] = 0x80;
	cap(0x80, PCI_CAP_ID_EXP, 0x40);
	cap(0x40, PCI_CAP_ID_PM, 0x50);
	cap(0x50, PCI_CAP_ID_MSI, 0);
	assert_int_equal(pci_cap_list(cfg, 256, caps, 64), 3);
	assert_int_equal(caps[0].off, 0x80);
	assert_int_equal(caps[0].next, 0x40);
	assert_int_equal(caps[1].id, PCI_CAP_ID_PM);
	assert_int_equal(caps[2].off, 0x50);
	assert_int_equal(pci_cap_find(cfg, 4096, PCI_CAP_ID_MSI), 0x50);
	assert_int_equal(pci_cap_find(cfg, 256, PCI_CAP_ID_MSIX), 0);
}

static void without_the_status_bit_there_is_no_list(void **state)
{
	(void)state;
	cfg[PCI_STATUS] = 0;
	cfg[PCI_CAPABILITY_LIST] = 0x40;
	cap(0x40, PCI_CAP_ID_PM, 0);
	assert_int_equal(pci_cap_list(cfg, 256, caps, 64), 0);
}

static void a_loop_ends_where_it_closes(void **state)
{
	(void)state;
	cfg[PCI_CAPABILITY_LIST] = 0x40;
	cap(0x40, 1, 0x48);
	cap(0x48, 5, 0x40);
	assert_int_equal(pci_cap_list(cfg, 256, caps, 64), 2);
	assert_int_equal(pci_cap_find(cfg, 256, 9), 0);
	cap(0x48, 5, 0x48);
	assert_int_equal(pci_cap_list(cfg, 256, caps, 64), 2);
}

static void the_low_bits_of_a_pointer_do_not_count(void **state)
{
	(void)state;
	cfg[PCI_CAPABILITY_LIST] = 0x43;
	cap(0x40, 1, 0x4a);
	cap(0x48, 5, 0);
	assert_int_equal(pci_cap_list(cfg, 256, caps, 64), 2);
	assert_int_equal(caps[1].off, 0x48);
}

static void a_pointer_into_the_header_ends_the_list(void **state)
{
	(void)state;
	cfg[PCI_CAPABILITY_LIST] = 0x40;
	cap(0x40, 1, 0x3c);
	cfg[0x3c] = 5;
	assert_int_equal(pci_cap_list(cfg, 256, caps, 64), 1);
}

static void the_last_dword_may_hold_a_capability(void **state)
{
	(void)state;
	cfg[PCI_CAPABILITY_LIST] = 0xfc;
	cap(0xfc, 9, 0);
	assert_int_equal(pci_cap_list(cfg, 256, caps, 64), 1);
	assert_int_equal(pci_cap_find(cfg, 256, 9), 0xfc);
}

static void a_hidden_capability_is_stepped_over(void **state)
{
	(void)state;
	cfg[PCI_CAPABILITY_LIST] = 0x40;
	cap(0x40, 0, 0x50);
	cap(0x50, 5, 0);
	assert_int_equal(pci_cap_list(cfg, 256, caps, 64), 1);
	assert_int_equal(caps[0].off, 0x50);
	ext(0x100, 0, 0, 0x200);
	ext(0x200, PCI_EXT_CAP_ID_ERR, 2, 0);
	assert_int_equal(pci_ext_cap_list(cfg, 4096, caps, 64), 1);
	assert_int_equal(caps[0].version, 2);
}

static void a_device_that_is_gone_has_no_capabilities(void **state)
{
	(void)state;
	memset(cfg, 0xff, sizeof(cfg));
	assert_int_equal(pci_cap_list(cfg, 4096, caps, 64), 0);
	assert_int_equal(pci_ext_cap_list(cfg, 4096, caps, 64), 0);
}

static void no_more_than_asked_for_is_returned(void **state)
{
	(void)state;
	cfg[PCI_CAPABILITY_LIST] = 0x40;
	for (unsigned off = 0x40; off < 0xfc; off += 4)
		cap(off, 9, (uint8_t)(off + 4));
	cap(0xfc, 9, 0);
	assert_int_equal(pci_cap_list(cfg, 256, caps, 64), 48);
	memset(caps, 0, sizeof(caps));
	assert_int_equal(pci_cap_list(cfg, 256, caps, 5), 5);
	assert_int_equal(caps[5].off, 0);
	assert_int_equal(pci_cap_list(cfg, 256, caps, 0), 0);
}

static void extended_capabilities_start_at_256(void **state)
{
	(void)state;
	ext(0x100, PCI_EXT_CAP_ID_ERR, 1, 0x140);
	ext(0x140, PCI_EXT_CAP_ID_DSN, 1, 0xffc);
	ext(0xffc, PCI_EXT_CAP_ID_VNDR, 1, 0x100);
	assert_int_equal(pci_ext_cap_list(cfg, 4096, caps, 64), 3);
	assert_int_equal(caps[2].off, 0xffc);
	assert_int_equal(pci_ext_cap_find(cfg, 4096, PCI_EXT_CAP_ID_DSN), 0x140);
	assert_int_equal(pci_ext_cap_find(cfg, 4096, PCI_EXT_CAP_ID_ATS), 0);
}

static void extended_pointers_below_256_end_the_list(void **state)
{
	(void)state;
	ext(0x100, PCI_EXT_CAP_ID_ERR, 1, 0x40);
	assert_int_equal(pci_ext_cap_list(cfg, 4096, caps, 64), 1);
}

static void conventional_space_has_no_extended_list(void **state)
{
	(void)state;
	ext(0x100, PCI_EXT_CAP_ID_ERR, 1, 0);
	assert_int_equal(pci_ext_cap_list(cfg, 256, caps, 64), 0);
	assert_int_equal(pci_ext_cap_find(cfg, 256, PCI_EXT_CAP_ID_ERR), 0);
}

static void space_too_small_for_a_header_is_not_read(void **state)
{
	(void)state;
	uint8_t little[64] = { [PCI_STATUS] = PCI_STATUS_CAP_LIST, [PCI_CAPABILITY_LIST] = 0x40 };
	assert_int_equal(pci_cap_list(little, sizeof(little), caps, 64), 0);
	assert_int_equal(pci_cap_list(little, 0, caps, 64), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_list_is_walked_in_its_order, blank),
		cmocka_unit_test_setup(without_the_status_bit_there_is_no_list, blank),
		cmocka_unit_test_setup(a_loop_ends_where_it_closes, blank),
		cmocka_unit_test_setup(the_low_bits_of_a_pointer_do_not_count, blank),
		cmocka_unit_test_setup(a_pointer_into_the_header_ends_the_list, blank),
		cmocka_unit_test_setup(the_last_dword_may_hold_a_capability, blank),
		cmocka_unit_test_setup(a_hidden_capability_is_stepped_over, blank),
		cmocka_unit_test_setup(a_device_that_is_gone_has_no_capabilities, blank),
		cmocka_unit_test_setup(no_more_than_asked_for_is_returned, blank),
		cmocka_unit_test_setup(extended_capabilities_start_at_256, blank),
		cmocka_unit_test_setup(extended_pointers_below_256_end_the_list, blank),
		cmocka_unit_test_setup(conventional_space_has_no_extended_list, blank),
		cmocka_unit_test_setup(space_too_small_for_a_header_is_not_read, blank),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
