/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot_order.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/opt.h"
#include "fake/tempdir.h"

struct fixture {
	struct profile profile;
	struct plan plan;
	struct pci_dev dev[3];
	struct tempdir dir;
	struct err err;
	char text[BOOT_ORDER_SIZE];
};

/* Behind a port, on the root bus, behind another port; and three disks. None is in the order yet. */
static int setup(void **state)
{
	static const uint32_t classes[] = { 0x010802, 0x020000, 0x0C0330 };
	struct fixture *f = calloc(1, sizeof(*f));
	*state = f;
	f->plan.profile = &f->profile;
	f->plan.n_devices = f->profile.n_devices = 3;
	f->profile.n_disks = 3;
	for (unsigned i = 0; i < 3; i++) {
		f->profile.device[i].boot_index = f->profile.disk[i].boot_index = OPT_NONE;
		f->plan.disk_port[i] = i;
		f->dev[i].class_code = classes[i];
		f->plan.device[i] = (struct plan_device){ .dev = &f->dev[i],
							  .wanted = &f->profile.device[i] };
	}
	f->plan.port[1].slot = 0x1B;
	f->plan.device[0].port = 1;
	f->plan.device[1].port = WINDOW_ON_ROOT;
	f->plan.device[1].guest = (struct bdf){ 0, 0, 0x0A, 0 };
	f->plan.device[2].port = 1;
	f->plan.device[2].guest = (struct bdf){ 0, 1, 0, 3 };
	f->plan.n_own = 1;
	f->plan.own[0] = (struct plan_own){ .kind = PLAN_OWN_AHCI, .guest = { 0, 0, 0x1F, 2 } };
	return tempdir_make(&f->dir);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	tempdir_remove(&f->dir);
	free(f);
	return 0;
}

static void nothing_in_the_order_makes_no_file(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(boot_order_text(&f->plan, f->text), 0);
}

static void each_place_has_its_path(void **state)
{
	struct fixture *f = *state;
	static const char want[] = "/pci@i0cf8/pci-bridge@1b/storage-controller@0\n"
				   "/pci@i0cf8/ethernet@a\n"
				   "/pci@i0cf8/pci-bridge@1b/device@0,3\n"
				   "/pci@i0cf8/pci8086,2922@1f,2/drive@2/disk@0";
	for (unsigned i = 0; i < 3; i++)
		f->profile.device[i].boot_index = i;
	f->profile.disk[2].boot_index = 7;
	assert_int_equal(boot_order_text(&f->plan, f->text), sizeof(want)); /* NUL and all */
	assert_string_equal(f->text, want);
}

static void the_lowest_index_comes_first_whatever_it_belongs_to(void **state)
{
	struct fixture *f = *state;
	f->profile.device[1].boot_index = 200;
	f->profile.disk[0].boot_index = 3;
	f->profile.disk[1].boot_index = 1;
	boot_order_text(&f->plan, f->text);
	assert_string_equal(f->text, "/pci@i0cf8/pci8086,2922@1f,2/drive@1/disk@0\n"
				     "/pci@i0cf8/pci8086,2922@1f,2/drive@0/disk@0\n"
				     "/pci@i0cf8/ethernet@a");
}

static void what_the_guest_does_not_get_is_left_out(void **state)
{
	struct fixture *f = *state;
	f->profile.device[0].boot_index = f->profile.device[1].boot_index = 1;
	f->plan.device[0].held = true;
	f->plan.device[1].wanted = NULL;
	assert_int_equal(boot_order_text(&f->plan, f->text), 0);
}

static void the_longest_order_fits(void **state)
{
	struct fixture *f = *state;
	f->plan.n_devices = PLAN_MAX_DEVICES;
	f->plan.port[1].slot = 31;
	for (unsigned i = 0; i < PLAN_MAX_DEVICES; i++) {
		f->plan.device[i] = f->plan.device[0];
		f->plan.device[i].guest = (struct bdf){ 0, 0, 31, 7 };
	}
	f->profile.device[0].boot_index = 1;
	f->profile.n_disks = PROFILE_MAX_DISKS;
	size_t n = boot_order_text(&f->plan, f->text);
	assert_true(n && n <= sizeof(f->text));
	assert_int_equal(strlen(f->text), n - 1);
}

/* --- the profile --- */

static int load(struct fixture *f, const char *rest)
{
	char text[2048];
	snprintf(text, sizeof(text), "name = \"n\"; vcpus = 1; memory = \"1G\";\n%s", rest);
	assert_int_equal(tempdir_write(&f->dir, "n.cfg", text, strlen(text)), 0);
	profile_fini(&f->profile);
	memset(&f->err, 0, sizeof(f->err));
	int r = profile_load(&f->profile, tempdir_path(&f->dir, "n.cfg"), NULL, 0, &f->err);
	if (!r)
		profile_fini(&f->profile);
	return r;
}

static void one_index_twice_is_refused_by_name(void **state)
{
	struct fixture *f = *state;
	memset(&f->profile, 0, sizeof(f->profile));
	assert_int_equal(load(f, "firmware = { type = \"uefi\"; };\n"
				 "devices = ( { pci = \"0000:01:00.0\"; boot_index = 1; } );\n"
				 "disks = ( { path = \"/x\"; boot_index = 2; },\n"
				 "{ path = \"/y\"; boot_index = 1; } );\n"),
			 -EEXIST);
	assert_non_null(strstr(f->err.text, "disks[1].boot_index"));
	assert_non_null(strstr(f->err.text, "devices[0] has 1 already"));
	assert_non_null(strstr(f->err.text, "n.cfg:5"));
}

static void an_order_without_firmware_is_refused(void **state)
{
	struct fixture *f = *state;
	memset(&f->profile, 0, sizeof(f->profile));
	assert_int_equal(load(f, "boot = { kernel = \"/vmlinuz\"; };\n"
				 "devices = ( { pci = \"0000:01:00.0\"; boot_index = 1; } );\n"),
			 -EINVAL);
	assert_non_null(strstr(f->err.text, "devices[0].boot_index"));
	assert_non_null(strstr(f->err.text, "\"uefi\""));
}

static void different_indices_are_accepted(void **state)
{
	struct fixture *f = *state;
	memset(&f->profile, 0, sizeof(f->profile));
	assert_int_equal(load(f, "firmware = { type = \"uefi\"; };\n"
				 "devices = ( { pci = \"0000:01:00.0\"; boot_index = 0; },\n"
				 "{ pci = \"0000:02:00.0\"; } );\n"
				 "disks = ( { path = \"/x\"; }, { path = \"/y\"; boot_index = 1; } );\n"),
			 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_in_the_order_makes_no_file),
		TEST(each_place_has_its_path),
		TEST(the_lowest_index_comes_first_whatever_it_belongs_to),
		TEST(what_the_guest_does_not_get_is_left_out),
		TEST(the_longest_order_fits),
		TEST(one_index_twice_is_refused_by_name),
		TEST(an_order_without_firmware_is_refused),
		TEST(different_indices_are_accepted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
