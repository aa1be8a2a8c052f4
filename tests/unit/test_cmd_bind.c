/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c
// with: fake/fake_sysfs.c fake/host_tree.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>

#include "base/bytes.h"
#include "cmd.h"
#include "fake/capture.h"
#include "fake/fake_sysfs.h"
#include "fake/host_tree.h"
#include "quarantine.h"

#define DRIVER(bdf) "sys/bus/pci/devices/" bdf "/driver"

static const char devices[] =
	"driver nvme\n"
	"driver nouveau\n"
	"driver snd_hda_intel\n"
	"pci 0000:01:00.0 1b36:0010 class=010802 group=1 driver=nvme\n"
	"pci 0000:02:00.0 10de:1c03 class=030000 group=2 driver=nouveau reset=flr\n"
	"pci 0000:02:00.1 10de:10f1 class=040300 group=2 driver=snd_hda_intel\n"
	"pci 0000:03:00.0 1234:11e8 class=ff0000 group=3 reset=flr\n"
	"sys/bus/pci/devices/0000:03:00.0/reset = \n";

static struct host_tree tree;
static struct capture capture;
static char *before;

static int setup(void **state)
{
	(void)state;
	fake_sysfs = (struct fake_sysfs){ 0 };
	host_tree_make(&tree, devices);
	before = host_tree_state(&tree);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(before);
	host_tree_remove(&tree);
	return 0;
}

static int call(int (*cmd)(int argc, char **argv), const char *a, const char *b, const char *c)
{
	char *argv[8] = { (char *)"x", (char *)"--host", tree.dir.path, (char *)a };
	int argc = 4;
	if (b)
		argv[argc++] = (char *)b;
	if (c)
		argv[argc++] = (char *)c;
	capture_begin(&capture);
	int status = cmd(argc, argv);
	capture_end(&capture);
	return status;
}

static void assert_says(const char *words)
{
	if (!strstr(capture.out, words) && !strstr(capture.err, words))
		fail_msg("no '%s' in:\n%s%s", words, capture.out, capture.err);
}

static void assert_as_before(void)
{
	char *now = host_tree_state(&tree);
	assert_string_equal(now, before);
	free(now);
}

static void several_are_bound_and_released_by_address_or_ids(void **state)
{
	(void)state;
	assert_int_equal(call(cmd_bind, "0000:01:00.0", "1234:11e8", NULL), CLI_OK);
	assert_says("0000:01:00.0: is now on vfio-pci");
	assert_says("0000:03:00.0: is now on vfio-pci");
	assert_int_equal(call(cmd_bind, "01:00.0", NULL, NULL), CLI_OK);
	assert_says("0000:01:00.0: was already on vfio-pci");
	assert_int_equal(call(cmd_release, "1234:11e8", "01:00.0", NULL), CLI_OK);
	assert_says("0000:01:00.0: as it was before");
	assert_as_before();
}

static void recover_leaves_what_is_bound(void **state)
{
	(void)state;
	assert_int_equal(call(cmd_bind, "01:00.0", NULL, NULL), CLI_OK);
	assert_int_equal(call(cmd_recover, "--verbose", NULL, NULL), CLI_OK);
	assert_says("0000:01:00.0 stays on vfio-pci");
	assert_string_equal(host_tree_link(&tree, DRIVER("0000:01:00.0")), "vfio-pci");
	/* By its name it is given back all the same. */
	assert_int_equal(call(cmd_recover, "bound-0000-01-00.0", NULL, NULL), CLI_OK);
	assert_as_before();
}

static void a_set_is_bound_whole_or_not_at_all(void **state)
{
	(void)state;
	/* Found out before anything is changed … */
	assert_int_equal(call(cmd_bind, "01:00.0", "09:00.0", NULL), CLI_FAILED);
	assert_int_equal(fake_sysfs.writes, 0);
	assert_int_equal(call(cmd_bind, "01:00.0", "0000:01:00.0", NULL), CLI_FAILED);
	assert_says("0000:01:00.0 is named twice");
	/* … or only by trying: the first is given back. */
	host_tree_add(&tree, "sys/bus/pci/devices/0000:03:00.0/d3cold_allowed/\n");
	free(before);
	before = host_tree_state(&tree);
	assert_int_equal(call(cmd_bind, "01:00.0", "03:00.0", NULL), CLI_FAILED);
	assert_says("d3cold_allowed");
	assert_as_before();
}

static void one_that_cannot_be_released_does_not_keep_the_others(void **state)
{
	(void)state;
	assert_int_equal(call(cmd_bind, "01:00.0", NULL, NULL), CLI_OK);
	assert_int_equal(call(cmd_release, "03:00.0", "01:00.0", NULL), CLI_FAILED);
	assert_says("0000:03:00.0 was not bound");
	assert_says("0000:01:00.0: as it was before");
	assert_as_before();
}

static void a_group_that_is_not_whole_is_pointed_out(void **state)
{
	(void)state;
	assert_int_equal(call(cmd_bind, "02:00.0", NULL, NULL), CLI_OK);
	assert_says("IOMMU group 2 also holds 0000:02:00.1 (snd_hda_intel)");
	assert_int_equal(call(cmd_release, "02:00.0", NULL, NULL), CLI_OK);
}

static void a_timeout_that_is_none_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = { "0", "soon", "3601", "-1" };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(call(cmd_bind, "01:00.0", "--timeout", bad[i]), CLI_FAILED);
		assert_says("expected seconds, 1 to 3600");
	}
	assert_int_equal(call(cmd_reset, "03:00.0", "--timeout", "0"), CLI_FAILED);
	assert_as_before();
}

static void a_reset_says_by_what_and_how_often(void **state)
{
	(void)state;
	assert_int_equal(call(cmd_reset, "03:00.0", "--timeout", "5"), CLI_OK);
	assert_says("0000:03:00.0: reset by flr, and as it was before");
	assert_says("so far: flr 1 time, 0 failed");
	assert_int_equal(call(cmd_reset, "01:00.0", NULL, NULL), CLI_FAILED);
	assert_says("nvme drives it");
	assert_as_before();
}

static void devices_shows_what_resets_have_done(void **state)
{
	(void)state;
	struct err err = { 0 };
	assert_int_equal(call(cmd_reset, "03:00.0", NULL, NULL), CLI_OK);
	assert_int_equal(quarantine_put(&tree.host, (struct bdf){ 0, 3, 0, 0 }, "it died", &err), 0);
	assert_int_equal(call(cmd_devices, "03:00.0", NULL, NULL), CLI_OK);
	assert_says("flr 1 time, 0 failed");
	assert_says("it died");
	assert_int_equal(call(cmd_devices, "03:00.0", "--json", NULL), CLI_OK);
	assert_says("\"tries\": 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(several_are_bound_and_released_by_address_or_ids),
		T(recover_leaves_what_is_bound),
		T(a_set_is_bound_whole_or_not_at_all),
		T(one_that_cannot_be_released_does_not_keep_the_others),
		T(a_group_that_is_not_whole_is_pointed_out),
		T(a_timeout_that_is_none_is_refused),
		T(a_reset_says_by_what_and_how_often),
		T(devices_shows_what_resets_have_done),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
