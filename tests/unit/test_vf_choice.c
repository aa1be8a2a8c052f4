/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vf_choice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/opt.h"

/* A PF with its VFs and a profile in memory: choosing reads nothing else. */
static struct vf_choices choices;
static struct profile profile;
static char pf_name[] = "enp2s0f0";

static int setup(void **state)
{
	(void)state;
	choices = (struct vf_choices){ .at = calloc(PROFILE_MAX_DEVICES, sizeof(*choices.at)) };
	assert_non_null(choices.at);
	memset(&profile, 0, sizeof(profile));
	struct vf_pf *pf = vec_push(&choices.pf);
	assert_non_null(pf);
	pf->pf = (struct pf){ .bdf = { 0, 2, 0, 0 }, .total = 7, .netdev = "enp2s0f0" };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	vf_choices_fini(&choices);
	return 0;
}

static struct vf_pf *the_pf(void)
{
	return &choices.pf.at[0];
}

/* One more VF; `holder` "" = nobody's. */
static void add_vf(const char *holder)
{
	struct vf_pf *pf = the_pf();
	struct vf_place *place = vec_push(&pf->places);
	assert_non_null(place);
	place->index = pf->pf.count++;
	place->bdf = (struct bdf){ 0, 2, 16, (uint8_t)place->index };
	snprintf(place->holder.s, sizeof(place->holder.s), "%s", holder);
	assert_non_null(vec_push(&pf->now));
}

static void want(unsigned index)
{
	unsigned i = profile.n_devices++;
	profile.device[i].vf = (struct profile_vf){ .pf = pf_name, .index = index };
	choices.at[i].wanted = true;
}

static void assert_chosen(unsigned entry, unsigned index, bool made)
{
	if (choices.at[entry].why.code)
		fail_msg("devices[%u]: %s", entry, choices.at[entry].why.text);
	assert_int_equal(choices.at[entry].index, index);
	assert_int_equal(choices.at[entry].made, made);
}

static void assert_refused(unsigned entry, int code, const char *words)
{
	assert_int_equal(choices.at[entry].why.code, code);
	if (!strstr(choices.at[entry].why.text, words))
		fail_msg("no '%s' in: %s", words, choices.at[entry].why.text);
}

static void any_takes_the_first_that_is_free(void **state)
{
	(void)state;
	add_vf("profile 'a' has it");
	add_vf("");
	want(OPT_NONE);
	vf_choose(&choices, &profile);
	assert_chosen(0, 1, false);
	assert_true(bdf_equal(choices.at[0].bdf, the_pf()->places.at[1].bdf));
	assert_int_equal(the_pf()->want_total, 0);
}

static void any_leaves_those_that_other_entries_ask_for(void **state)
{
	(void)state;
	add_vf("");
	add_vf("");
	add_vf("");
	want(OPT_NONE);
	want(0);
	want(OPT_NONE);
	vf_choose(&choices, &profile);
	assert_chosen(0, 1, false);
	assert_chosen(1, 0, false);
	assert_chosen(2, 2, false);
}

static void where_none_is_free_all_holders_are_named(void **state)
{
	(void)state;
	add_vf("profile 'a' has it");
	add_vf("qemu (pid 7) has it open");
	want(OPT_NONE);
	vf_choose(&choices, &profile);
	assert_refused(0, -EBUSY, "none of its 2 VFs is free: VF 0 (0000:02:10.0): profile 'a'");
	assert_refused(0, -EBUSY, "VF 1 (0000:02:10.1): qemu (pid 7) has it open");
}

static void one_entry_too_many_for_what_is_free_is_refused(void **state)
{
	(void)state;
	add_vf("");
	add_vf("profile 'a' has it");
	want(OPT_NONE);
	want(OPT_NONE);
	vf_choose(&choices, &profile);
	assert_chosen(0, 0, false);
	assert_refused(1, -EBUSY, "VF 0 (0000:02:10.0): another entry of this profile");
}

static void the_vf_of_another_is_refused(void **state)
{
	(void)state;
	add_vf("profile 'a' has it");
	want(0);
	vf_choose(&choices, &profile);
	assert_refused(0, -EBUSY, "enp2s0f0: VF 0 (0000:02:10.0) is held: profile 'a' has it");
}

static void a_vf_without_its_link_has_gone(void **state)
{
	(void)state;
	add_vf("");
	the_pf()->pf.count = 2;
	want(1);
	vf_choose(&choices, &profile);
	assert_refused(0, -ENODEV, "VF 1 has gone");
}

static void too_few_vfs_are_made_again_with_more(void **state)
{
	(void)state;
	add_vf("");
	want(3);
	want(OPT_NONE);
	want(OPT_NONE);
	vf_choose(&choices, &profile);
	assert_int_equal(the_pf()->want_total, 4);
	assert_chosen(0, 3, true);
	assert_chosen(1, 0, true);
	assert_chosen(2, 1, true);
	assert_true(choices.at[1].bdf_is_known);
	assert_false(choices.at[2].bdf_is_known);
}

static void no_more_are_made_than_the_pf_can_have(void **state)
{
	(void)state;
	want(7);
	vf_choose(&choices, &profile);
	assert_refused(0, -ERANGE, "0000:02:00.0 can have at most 7 VFs, and 8 are needed");
}

static void none_are_made_while_one_is_held(void **state)
{
	(void)state;
	add_vf("");
	add_vf("profile 'a' has it");
	want(2);
	want(0);
	vf_choose(&choices, &profile);
	assert_refused(0, -EBUSY, "has 2 VFs, and 3 are needed");
	assert_refused(0, -EBUSY, "VF 1 (0000:02:10.1) is held: profile 'a' has it");
	assert_refused(1, -EBUSY, "is held");
	assert_int_equal(the_pf()->want_total, 0);
}

static void none_are_made_while_another_run_makes_some(void **state)
{
	(void)state;
	snprintf(the_pf()->holder.s, sizeof(the_pf()->holder.s), "profile 'a' has it");
	want(OPT_NONE);
	vf_choose(&choices, &profile);
	assert_refused(0, -EBUSY, "their number is not to be changed: profile 'a' has it");
}

static void settings_need_an_interface(void **state)
{
	(void)state;
	add_vf("");
	the_pf()->pf.netdev[0] = 0;
	want(0);
	vf_put(&choices.at[0].settings, VF_VLAN, 1);
	vf_choose(&choices, &profile);
	assert_refused(0, -ENODATA, "enp2s0f0 has no network interface");
}

static void an_entry_whose_pf_was_not_found_keeps_its_reason(void **state)
{
	(void)state;
	add_vf("");
	want(OPT_NONE);
	want(OPT_NONE);
	err_set(&choices.at[0].why, -ENODEV, "no such PF");
	vf_choose(&choices, &profile);
	assert_refused(0, -ENODEV, "no such PF");
	assert_chosen(1, 0, false);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(any_takes_the_first_that_is_free),
		T(any_leaves_those_that_other_entries_ask_for),
		T(where_none_is_free_all_holders_are_named),
		T(one_entry_too_many_for_what_is_free_is_refused),
		T(the_vf_of_another_is_refused),
		T(a_vf_without_its_link_has_gone),
		T(too_few_vfs_are_made_again_with_more),
		T(no_more_are_made_than_the_pf_can_have),
		T(none_are_made_while_one_is_held),
		T(none_are_made_while_another_run_makes_some),
		T(settings_need_an_interface),
		T(an_entry_whose_pf_was_not_found_keeps_its_reason),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
