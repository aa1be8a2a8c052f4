/* SPDX-License-Identifier: GPL-2.0-or-later */
// with: fake/plan_host.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/opt.h"
#include "fake/plan_host.h"

/* A PF at 02:00.0 whose VF n is at 02:10.n, and what the profile chose of them. */
static struct vf_choices vfs;
static char pf_name[] = "enp2s0f0";
static const struct bdf pf_bdf = { 0, 2, 0, 0 };

static int setup(void **state)
{
	plan_setup(state);
	vfs = (struct vf_choices){ .at = calloc(PROFILE_MAX_DEVICES, sizeof(*vfs.at)) };
	assert_non_null(vfs.at);
	struct vf_pf *pf = vec_push(&vfs.pf);
	assert_non_null(pf);
	pf->pf = (struct pf){ .bdf = pf_bdf, .total = 4, .autoprobe = true, .netdev = "enp2s0f0" };
	return 0;
}

static int teardown(void **state)
{
	vf_choices_fini(&vfs);
	return plan_teardown(state);
}

static struct vf_pf *the_pf(void)
{
	return &vfs.pf.at[0];
}

static struct profile_vf *want_vf(unsigned index, bool made)
{
	unsigned i = profile.n_devices++;
	char address[20];
	snprintf(address, sizeof(address), "0000:02:10.%u", index);
	struct pci_dev *dev = add_dev(address, made ? -1 : (int)(20 + index), "");
	dev->is_vf = true;
	dev->physfn = pf_bdf;
	profile.device[i].vf = (struct profile_vf){ .pf = pf_name, .index = index,
						    .queues = OPT_NONE };
	vfs.at[i] = (struct vf_choice){ .wanted = true, .index = index, .bdf = dev->bdf,
					.bdf_is_known = true, .made = made };
	return &profile.device[i].vf;
}

static void make_nvme(unsigned total, unsigned kept)
{
	struct vf_pf *pf = the_pf();
	pf->is_nvme = true;
	pf->pf.netdev[0] = 0;
	pf->primary.queues = pf->primary.vectors =
		(struct nvme_pool){ .total = total, .primary = kept, .own = 4, .max = 6 };
	for (unsigned i = 0; i < 4; i++)
		assert_non_null(vec_push(&pf->secondary));
}

static void make_plan(void)
{
	const struct plan_facts facts = { .inv = &inv, .vfs = &vfs };
	assert_int_equal(plan_make(&plan, &profile, &facts), 0);
}

static void assert_plan(void)
{
	make_plan();
	if (plan.refusals.n)
		fail_msg("%s", plan.refusals.at[0].text);
}

static void assert_action(size_t i, enum action_kind kind, unsigned number)
{
	assert_in_range(i, 0, plan.actions.n - 1);
	assert_int_equal(plan.actions.at[i].kind, kind);
	assert_int_equal(plan.actions.at[i].number, number);
}

static void assert_text(size_t i, const char *words)
{
	struct action_text text = action_text(&plan.actions.at[i]);
	if (!strstr(text.s, words))
		fail_msg("no '%s' in: %s", words, text.s);
}

static void a_vf_that_is_there_is_set_before_it_is_bound(void **state)
{
	(void)state;
	want_vf(1, false);
	vf_put(&vfs.at[0].settings, VF_VLAN, 100);
	assert_plan();
	assert_int_equal(plan.n_making, 0);
	assert_int_equal(plan.n_pfs, 0);
	assert_action(0, ACTION_VF_SETTINGS, 1);
	assert_text(0, "settings of VF 1 of 0000:02:00.0 vlan=100");
	assert_false(plan.actions.at[0].fresh);
	assert_int_equal(plan.actions.at[plan.actions.n - 1].kind, ACTION_BIND_VFIO);
}

static void a_vf_without_settings_has_them_remembered(void **state)
{
	(void)state;
	want_vf(0, false);
	assert_plan();
	assert_action(0, ACTION_VF_SETTINGS, 0);
	assert_null(plan.actions.at[0].settings);
	assert_text(0, "remember the settings of VF 0");
}

static void a_number_that_changes_lists_everything_that_goes_with_it(void **state)
{
	(void)state;
	the_pf()->pf.count = 1;
	the_pf()->want_total = 3;
	want_vf(2, true);
	assert_plan();
	assert_action(0, ACTION_VF_AUTOPROBE, 0);
	assert_action(1, ACTION_VF_DRIVER, 0);
	assert_text(1, "remember the driver of VF 0");
	assert_action(2, ACTION_VF_SETTINGS, 0);
	assert_action(3, ACTION_VF_COUNT, 3);
	assert_text(3, "make 3 VFs of 0000:02:00.0 (before: 1)");
	assert_int_equal(plan.n_making, 4);
	assert_action(4, ACTION_VF_SETTINGS, 2);
	assert_true(plan.actions.at[4].fresh);
	assert_int_equal(plan.n_pfs, 1);
	assert_true(bdf_equal(plan.pf[0], pf_bdf));
}

static void a_pf_that_the_run_has_changed_stays_claimed(void **state)
{
	(void)state;
	the_pf()->is_changed = true;
	want_vf(2, false);
	assert_plan();
	assert_int_equal(plan.n_making, 0);
	assert_int_equal(plan.n_pfs, 1);
	assert_true(plan.actions.at[0].fresh);
}

static void what_was_not_chosen_is_refused_with_its_reason(void **state)
{
	(void)state;
	want_vf(0, false);
	err_set(&vfs.at[0].why, -EBUSY, "none is free");
	make_plan();
	assert_only_refusal(-EBUSY, "none is free", NULL);
}

static void a_vf_that_vanished_before_it_was_read_is_refused(void **state)
{
	(void)state;
	want_vf(0, false);
	vec_free(&inv.devs);
	make_plan();
	assert_only_refusal(-ENODEV, "enp2s0f0: VF 0 (0000:02:10.0) has gone", NULL);
}

static void settings_that_cannot_be_read_are_noted(void **state)
{
	(void)state;
	want_vf(0, false);
	snprintf(the_pf()->trouble, sizeof(the_pf()->trouble), "no library");
	make_plan();
	assert_warning("settings of VFs cannot be read: no library");
}

/* --- a PF on vfio-pci --- */

static char token[] = "14d63f20-8445-11ea-8900-1f9ce7d5650d";

static void a_vf_of_a_pf_on_vfio_pci_needs_its_token(void **state)
{
	(void)state;
	add_dev("0000:02:00.0", 2, "vfio-pci");
	want_vf(0, false);
	make_plan();
	assert_only_refusal(-EACCES, "0000:02:10.0 belongs to 0000:02:00.0", "vf_token", NULL);
}

static void with_the_token_it_is_taken_through_a_container(void **state)
{
	(void)state;
	add_dev("0000:02:00.0", 2, "vfio-pci");
	want_vf(0, false);
	profile.device[0].vf_token = token;
	inv.has_iommufd = true;
	assert_plan();
	assert_int_equal(plan.iommu, IOMMU_TYPE1);
}

static void a_token_and_iommufd_do_not_go_together(void **state)
{
	(void)state;
	add_dev("0000:02:00.0", 2, "vfio-pci");
	want_vf(0, false);
	profile.device[0].vf_token = token;
	profile.iommu = IOMMU_FD;
	inv.has_iommufd = true;
	make_plan();
	assert_only_refusal(-EINVAL, "vf_token", "type1", NULL);
}

static void a_token_for_a_vf_of_an_ordinary_pf_is_refused(void **state)
{
	(void)state;
	add_dev("0000:02:00.0", 2, "igb");
	want_vf(0, false);
	profile.device[0].vf_token = token;
	make_plan();
	assert_only_refusal(-EINVAL, "not on vfio-pci", NULL);
}

/* --- NVMe --- */

static void an_nvme_vf_gets_queues_for_its_vcpus_from_the_primary(void **state)
{
	(void)state;
	make_nvme(8, 8);
	want_vf(0, false);
	assert_plan();
	assert_action(0, ACTION_NVME_PRIMARY, 0);
	assert_int_equal(plan.actions.at[0].queues, 5);
	assert_int_equal(plan.actions.at[0].vectors, 5);
	assert_int_equal(plan.n_making, 1);
	assert_int_equal(plan.n_pfs, 1);
	assert_action(1, ACTION_NVME_VF, 0);
	assert_int_equal(plan.actions.at[1].queues, 3); /* two vCPUs and the admin queue */
	assert_text(1, "bring VF 0 of NVMe controller 0000:02:00.0 online with 3 queues and 3");
}

static void where_the_pool_has_enough_the_primary_is_left_alone(void **state)
{
	(void)state;
	make_nvme(8, 4);
	want_vf(0, false)->queues = 3;
	assert_plan();
	assert_int_equal(plan.n_making, 0);
	assert_action(0, ACTION_NVME_VF, 0);
	assert_int_equal(plan.actions.at[0].queues, 4);
}

static void what_the_vf_has_already_counts(void **state)
{
	(void)state;
	make_nvme(8, 4);
	struct nvme_pool *pool = &the_pf()->primary.queues;
	pool->assigned = the_pf()->primary.vectors.assigned = 4;
	the_pf()->secondary.at[1].queues = the_pf()->secondary.at[1].vectors = 4;
	want_vf(1, false)->queues = 3;
	assert_plan();
	assert_int_equal(plan.n_making, 0);
	assert_int_equal(plan.actions.at[0].queues, 4);
}

static void several_nvme_vfs_share_what_there_is(void **state)
{
	(void)state;
	make_nvme(5, 5);
	want_vf(0, false);
	want_vf(1, false);
	assert_plan();
	assert_int_equal(plan.actions.at[0].queues, 1); /* stays with the primary */
	assert_int_equal(plan.actions.at[1].queues, 2);
}

static void too_few_queues_for_a_vf_are_refused(void **state)
{
	(void)state;
	make_nvme(1, 1);
	want_vf(0, false);
	make_plan();
	assert_only_refusal(-ENOSPC, "1 flexible queues", "needs 2 of each", NULL);
}

static void more_queues_than_a_vf_may_have_are_refused(void **state)
{
	(void)state;
	make_nvme(20, 0);
	want_vf(0, false)->queues = 6;
	make_plan();
	assert_only_refusal(-ERANGE, "at most 6 queues", "can be 5 at most", NULL);
}

static void more_queues_than_there_are_are_refused(void **state)
{
	(void)state;
	make_nvme(8, 0);
	want_vf(0, false)->queues = 5;
	want_vf(1, false)->queues = 5;
	make_plan();
	assert_only_refusal(-ENOSPC, "12 queues and 12 interrupts are asked for", "8 and 8", NULL);
}

static void the_primary_keeps_its_queues_while_another_vf_is_online(void **state)
{
	(void)state;
	make_nvme(8, 8);
	the_pf()->secondary.at[3].online = true;
	want_vf(0, false);
	make_plan();
	assert_only_refusal(-EBUSY, "resets it", "while VF 3 is online", NULL);
}

static void a_controller_that_does_not_answer_is_refused(void **state)
{
	(void)state;
	make_nvme(8, 8);
	err_set(&the_pf()->nvme_why, -EACCES, "/dev/nvme0: no permission");
	want_vf(0, false);
	make_plan();
	assert_only_refusal(-EACCES, "/dev/nvme0: no permission", NULL);
}

static void queues_are_for_nvme_alone(void **state)
{
	(void)state;
	want_vf(0, false)->queues = 1;
	make_plan();
	assert_only_refusal(-EINVAL, "is no NVMe controller", NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_vf_that_is_there_is_set_before_it_is_bound),
		T(a_vf_without_settings_has_them_remembered),
		T(a_number_that_changes_lists_everything_that_goes_with_it),
		T(a_pf_that_the_run_has_changed_stays_claimed),
		T(what_was_not_chosen_is_refused_with_its_reason),
		T(a_vf_that_vanished_before_it_was_read_is_refused),
		T(settings_that_cannot_be_read_are_noted),
		T(a_vf_of_a_pf_on_vfio_pci_needs_its_token),
		T(with_the_token_it_is_taken_through_a_container),
		T(a_token_and_iommufd_do_not_go_together),
		T(a_token_for_a_vf_of_an_ordinary_pf_is_refused),
		T(an_nvme_vf_gets_queues_for_its_vcpus_from_the_primary),
		T(where_the_pool_has_enough_the_primary_is_left_alone),
		T(what_the_vf_has_already_counts),
		T(several_nvme_vfs_share_what_there_is),
		T(too_few_queues_for_a_vf_are_refused),
		T(more_queues_than_a_vf_may_have_are_refused),
		T(more_queues_than_there_are_are_refused),
		T(the_primary_keeps_its_queues_while_another_vf_is_online),
		T(a_controller_that_does_not_answer_is_refused),
		T(queues_are_for_nvme_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
