/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/resource.h"

static void lines_are_taken_one_by_one_to_the_end(void **state)
{
	(void)state;
	const char *at = "0x00000000fe800000 0x00000000fe803fff 0x0000000000140204\n"
			 "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
			 "0x000000000000c000 0x000000000000c01f 0x0000000000040101";
	struct pci_resource one;
	assert_true(pci_resource_next(&at, &one));
	assert_int_equal(one.start, 0xfe800000);
	assert_int_equal(one.size, 0x4000);
	assert_int_equal(one.flags, 0x140204);
	assert_true(pci_resource_next(&at, &one));
	assert_int_equal(one.size, 0);
	assert_true(pci_resource_next(&at, &one));
	assert_int_equal(one.size, 0x20);
	assert_false(pci_resource_next(&at, &one));
	assert_int_equal(one.size, 0);
}

static void what_ends_before_it_begins_is_nothing(void **state)
{
	(void)state;
	const char *at = "0x2000 0x1fff 0x200\n";
	struct pci_resource one;
	assert_true(pci_resource_next(&at, &one));
	assert_int_equal(one.size | one.start | one.flags, 0);
}

static void a_line_that_is_none_is_the_end(void **state)
{
	(void)state;
	const char *at = "0x1000 what\n0x1000 0x1fff 0x200\n";
	struct pci_resource one;
	assert_false(pci_resource_next(&at, &one));
	assert_false(pci_resource_next(&at, &one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_taken_one_by_one_to_the_end),
		cmocka_unit_test(what_ends_before_it_begins_is_nothing),
		cmocka_unit_test(a_line_that_is_none_is_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
