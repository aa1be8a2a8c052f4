/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: sriov/nvme_uapi.c core/sysfs.c
// with: fake/fake_nvme.c fake/host_tree.c
#include "sriov/nvme.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "action.h"
#include "core/sysfs.h"
#include "fake/fake_nvme.h"
#include "fake/host_tree.h"

static const struct bdf pf = { 0, 3, 0, 0 };
static struct host_tree tree;
static struct err err;

static int flr_answer; /* of the kernel, to a reset of the function */

int sysfs_write(const struct host *host, const char *path, const char *text)
{
	(void)host;
	assert_string_equal(path, "bus/pci/devices/0000:03:00.0/reset");
	assert_string_equal(text, "1");
	if (!flr_answer)
		fake_nvme_flr();
	return flr_answer;
}

int sysfs_ask(const struct host *host, const char *path, const char *text, struct err *why)
{
	(void)why;
	return sysfs_write(host, path, text);
}

/* No NVMe administration writes configuration space. */
int sysfs_config_write(const struct host *host, struct bdf bdf, unsigned off, unsigned size,
		       uint32_t value)
{
	(void)host, (void)bdf, (void)off, (void)size, (void)value;
	return -EPERM;
}

static int setup(void **state)
{
	(void)state;
	err = (struct err){ 0 };
	fake_nvme_reset();
	flr_answer = 0;
	host_tree_make(&tree, FAKE_NVME_PF);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_tree_remove(&tree);
	return 0;
}

static void assert_secondary(unsigned index, bool online, unsigned queues, unsigned vectors)
{
	assert_int_equal(fake_nvme.vf[index].online, online);
	assert_int_equal(fake_nvme.vf[index].queues, queues);
	assert_int_equal(fake_nvme.vf[index].vectors, vectors);
}

static void assert_says(int answer, int code, const char *words)
{
	if (answer != code || !strstr(err.text, words))
		fail_msg("%d, %s", answer, err.text);
}

static void resources_are_read(void **state)
{
	(void)state;
	struct nvme_primary primary;
	struct nvme_secondary vf;
	assert_true(nvme_is(&tree.host, pf));
	assert_false(nvme_is(&tree.host, (struct bdf){ 0, 4, 0, 0 }));
	assert_int_equal(nvme_read_primary(&tree.host, pf, &primary, &err), 0);
	assert_int_equal(primary.queues.total, 8);
	assert_int_equal(primary.queues.primary, 8);
	assert_int_equal(primary.queues.own, 5);
	assert_int_equal(primary.vectors.max, 4);
	assert_int_equal(nvme_read_secondary(&tree.host, pf, 3, &vf, &err), 0);
	assert_int_equal(vf.id, 14);
	assert_false(vf.online);
	assert_int_equal(nvme_read_secondary(&tree.host, pf, 4, &vf, &err), -ENXIO);
}

static void a_vf_is_given_resources_and_brought_online(void **state)
{
	(void)state;
	assert_int_equal(nvme_set_primary(&tree.host, pf, 5, 5, &err), 0);
	assert_int_equal(fake_nvme.resets, 1);
	const struct nvme_secondary want = { .online = true, .queues = 3, .vectors = 3 };
	if (nvme_set_secondary(&tree.host, pf, 1, &want, &err))
		fail_msg("%s", err.text);
	assert_secondary(1, true, 3, 3);
	const struct nvme_secondary other = { .online = true, .queues = 2, .vectors = 2 };
	if (nvme_set_secondary(&tree.host, pf, 1, &other, &err))
		fail_msg("%s", err.text);
	assert_secondary(1, true, 2, 2);
	const struct nvme_secondary none = { 0 };
	if (nvme_set_secondary(&tree.host, pf, 1, &none, &err))
		fail_msg("%s", err.text);
	assert_secondary(1, false, 0, 0);
}

static void more_than_there_is_is_refused_with_the_controllers_reason(void **state)
{
	(void)state;
	const struct nvme_secondary want = { .online = true, .queues = 2, .vectors = 2 };
	assert_says(nvme_set_secondary(&tree.host, pf, 0, &want, &err), -EIO,
		    "VF 0: 0000:03:00.0: /dev/nvme0: assigning resources to a VF: there are not "
		    "that many resources (NVMe status 0x121)");
}

static void the_primary_is_not_reset_under_a_vf_that_is_online(void **state)
{
	(void)state;
	fake_nvme.vf[2].online = true;
	assert_says(nvme_set_primary(&tree.host, pf, 4, 4, &err), -EBUSY, "while VF 2 is online");
	assert_int_equal(fake_nvme.resets, 0);
}

static void a_controller_that_gives_fewer_is_not_believed(void **state)
{
	(void)state;
	fake_nvme.stingy = 1;
	assert_says(nvme_set_primary(&tree.host, pf, 4, 4, &err), -EIO,
		    "asked for 4 interrupts, got 3");
}

static void a_reset_that_changes_nothing_is_noticed(void **state)
{
	(void)state;
	fake_nvme.stubborn = true;
	assert_says(nvme_set_primary(&tree.host, pf, 4, 4, &err), -EIO,
		    "keeps 8 queues and 8 interrupts after its reset");
}

static void where_a_reset_of_the_controller_does_nothing_the_function_is_reset(void **state)
{
	(void)state;
	fake_nvme.slow = true;
	assert_int_equal(nvme_set_primary(&tree.host, pf, 4, 4, &err), 0);
	assert_int_equal(fake_nvme.kept_queues, 4);
	flr_answer = -ENOTTY;
	assert_says(nvme_set_primary(&tree.host, pf, 5, 5, &err), -ENOTTY, "resetting the function");
}

static void a_controller_without_virtualization_is_named(void **state)
{
	(void)state;
	struct nvme_primary primary;
	fake_nvme.oacs = 0;
	assert_says(nvme_read_primary(&tree.host, pf, &primary, &err), -EOPNOTSUPP,
		    "has no virtualization management");
}

static void a_list_that_never_ends_is_left(void **state)
{
	(void)state;
	struct nvme_secondary vf;
	fake_nvme.endless = true;
	assert_int_equal(nvme_read_secondary(&tree.host, pf, 900, &vf, &err), -ENXIO);
}

static void every_command_that_fails_is_reported(void **state)
{
	(void)state;
	const struct nvme_secondary want = { .online = true, .queues = 3, .vectors = 3 };
	int failures = 0;
	for (int n = 1; n < 30; n++) {
		fake_nvme_reset();
		fake_nvme.fail_at = n;
		fake_nvme.fail_with = n % 2 ? -EIO : 0x006;
		err = (struct err){ 0 };
		int r = nvme_set_primary(&tree.host, pf, 5, 5, &err);
		if (!r)
			r = nvme_set_secondary(&tree.host, pf, 1, &want, &err);
		if (!r)
			break;
		assert_int_equal(r, -EIO);
		assert_non_null(strstr(err.text, "/dev/nvme0"));
		failures++;
	}
	assert_in_range(failures, 10, 20);
}

static void a_node_that_cannot_be_opened_is_named(void **state)
{
	(void)state;
	struct nvme_primary primary;
	assert_return_code(unlinkat(tree.host.dev, "nvme0", 0), errno);
	assert_says(nvme_read_primary(&tree.host, pf, &primary, &err), -ENOENT, "/dev/nvme0");
	assert_says(nvme_read_primary(&tree.host, (struct bdf){ 0, 4, 0, 0 }, &primary, &err),
		    -ENODEV, "no NVMe driver");
}

/* --- as changes of a journal --- */

static void changes_are_undone_in_reverse(void **state)
{
	(void)state;
	struct action keep = { .kind = ACTION_NVME_PRIMARY, .bdf = pf, .queues = 5, .vectors = 5 };
	struct action vf = { .kind = ACTION_NVME_VF, .bdf = pf, .number = 1, .queues = 3,
			     .vectors = 3 };
	assert_int_equal(action_capture(&tree.host, &keep, &err), 0);
	assert_string_equal(keep.old_value, "8_8");
	assert_int_equal(action_do(&tree.host, &keep, &err), 0);
	assert_int_equal(action_capture(&tree.host, &vf, &err), 0);
	assert_string_equal(vf.old_value, "1_0_0_0");
	assert_int_equal(action_do(&tree.host, &vf, &err), 0);
	assert_secondary(1, true, 3, 3);
	/* Both are so already: nothing to change. */
	assert_int_equal(action_capture(&tree.host, &keep, &err), 1);
	snprintf(keep.old_value, sizeof(keep.old_value), "8_8");
	assert_int_equal(action_undo(&tree.host, &vf, &err), 0);
	assert_secondary(1, false, 0, 0);
	assert_int_equal(action_undo(&tree.host, &keep, &err), 0);
	assert_int_equal(fake_nvme.kept_queues, 8);
	assert_int_equal(fake_nvme.resets, 2);
	/* Once more, from whatever state. */
	assert_int_equal(action_undo(&tree.host, &vf, &err), 0);
	assert_int_equal(action_undo(&tree.host, &keep, &err), 0);
	assert_int_equal(fake_nvme.resets, 2);
}

static void what_went_with_the_driver_is_undone_already(void **state)
{
	(void)state;
	struct action keep = { .kind = ACTION_NVME_PRIMARY, .bdf = { 0, 4, 0, 0 } };
	struct action vf = { .kind = ACTION_NVME_VF, .bdf = { 0, 4, 0, 0 } };
	snprintf(keep.old_value, sizeof(keep.old_value), "8_8");
	snprintf(vf.old_value, sizeof(vf.old_value), "1_0_0_0");
	assert_int_equal(action_undo(&tree.host, &keep, &err), 0);
	assert_int_equal(action_undo(&tree.host, &vf, &err), 0);
}

static void an_old_state_that_is_none_is_refused(void **state)
{
	(void)state;
	struct action keep = { .kind = ACTION_NVME_PRIMARY, .bdf = pf, .old_value = "8" };
	struct action vf = { .kind = ACTION_NVME_VF, .bdf = pf, .old_value = "1_0_x" };
	assert_int_equal(action_undo(&tree.host, &keep, &err), -EBADMSG);
	assert_int_equal(action_undo(&tree.host, &vf, &err), -EBADMSG);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(resources_are_read),
		T(a_vf_is_given_resources_and_brought_online),
		T(more_than_there_is_is_refused_with_the_controllers_reason),
		T(the_primary_is_not_reset_under_a_vf_that_is_online),
		T(a_controller_that_gives_fewer_is_not_believed),
		T(a_reset_that_changes_nothing_is_noticed),
		T(where_a_reset_of_the_controller_does_nothing_the_function_is_reset),
		T(a_controller_without_virtualization_is_named),
		T(a_list_that_never_ends_is_left),
		T(every_command_that_fails_is_reported),
		T(a_node_that_cannot_be_opened_is_named),
		T(changes_are_undone_in_reverse),
		T(what_went_with_the_driver_is_undone_already),
		T(an_old_state_that_is_none_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
