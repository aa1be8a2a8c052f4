/* SPDX-License-Identifier: GPL-2.0-or-later */
// with: fake/count_opens.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "core/inventory.h"
#include "fake/count_opens.h"
#include "fake/tempdir.h"
#include "saved_host.h"

static struct tempdir dir;
static struct err err;

static int setup(void **state)
{
	(void)state;
	return tempdir_make(&dir);
}

static int teardown(void **state)
{
	(void)state;
	tempdir_remove(&dir);
	return 0;
}

static void open_server(struct saved_host *saved, unsigned functions)
{
	char command[200];
	snprintf(command, sizeof(command), "tests/fixtures/make server %u > %s/server", functions,
		 dir.path);
	assert_int_equal(system(command), 0);
	if (saved_host_open(saved, tempdir_path(&dir, "server"), &err))
		fail_msg("%s", err.text);
}

/* Opens and links that reading a server of so many functions takes. */
static unsigned long cost(unsigned functions, const struct inventory_want *want)
{
	struct saved_host saved;
	struct inventory inv;
	open_server(&saved, functions);
	count_opens = count_links = 0;
	int r = want ? inventory_read_for(&inv, &saved.host, want, 1, &err)
		     : inventory_read(&inv, &saved.host, &err);
	unsigned long n = count_opens + count_links;
	assert_int_equal(r, 0);
	assert_int_equal(inv.devs.n, functions);
	inventory_fini(&inv);
	saved_host_close(&saved);
	return n;
}

static void reading_all_costs_a_bounded_number_of_files_a_function(void **state)
{
	(void)state;
	unsigned long few = cost(100, NULL), many = cost(400, NULL);
	assert_true(few > 100);
	/* What does not depend on the number of functions is in both. */
	unsigned long each = (many - few) / 300;
	if (each > 16)
		fail_msg("%lu files a function", each);
}

static void reading_for_one_device_costs_little_for_the_others(void **state)
{
	(void)state;
	const struct inventory_want want = { .bdf = { 0, 1, 0, 0 } };
	unsigned long few = cost(100, &want), many = cost(400, &want);
	unsigned long each = (many - few) / 300;
	if (each > 2)
		fail_msg("%lu files for each other function", each);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(reading_all_costs_a_bounded_number_of_files_a_function),
		T(reading_for_one_device_costs_little_for_the_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
