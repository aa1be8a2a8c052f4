/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: core/sysfs.c sriov/netadm.c
// with: fake/fake_sysfs.c fake/fake_sriov.c fake/fake_netadm.c fake/host_tree.c
#include "sriov/vf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>

#include "base/bytes.h"
#include "fake/fake_netadm.h"
#include "fake/fake_sriov.h"
#include "fake/fake_sysfs.h"

static struct host_tree tree;
static struct err err;
static struct pf pf;

static int setup(void **state)
{
	(void)state;
	fake_sysfs = (struct fake_sysfs){ .numvfs = fake_sriov_numvfs };
	err = (struct err){ 0 };
	host_tree_make(&tree, FAKE_PF);
	if (pf_set_count(&tree.host, (struct bdf){ 0, 2, 0, 0 }, 2, &err) ||
	    pf_find(&tree.host, "enp2s0f0", &pf, &err))
		return -1;
	fake_netadm = (struct fake_netadm){ 0 };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_tree_remove(&tree);
	return fake_netadm.open;
}

static struct vf_settings wanted(const char *texts)
{
	struct vf_settings want = { 0 };
	char copy[256], *save = NULL;
	snprintf(copy, sizeof(copy), "%s", texts);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		assert_int_equal(vf_settings_parse(&want, word, &err), 0);
	return want;
}

static int apply(const char *texts)
{
	struct vf_settings want = wanted(texts);
	return vf_apply(&tree.host, &pf, 1, &want, &err);
}

static void settings_are_made_and_found_again(void **state)
{
	(void)state;
	static const char all[] = "mac=52:54:00:0b:01:01 vlan=100 qos=3 proto=802.1ad max_rate=500 "
				  "spoofchk=off link_state=enable trust=on";
	struct vf_settings want = wanted(all), now;
	assert_int_equal(apply(all), 0);
	assert_int_equal(fake_netadm.sets, 6);
	assert_int_equal(vf_read(&tree.host, &pf, 1, &now, &err), 0);
	assert_int_equal(vf_settings_differ(&want, &now), 0);
	assert_int_equal(vf_read(&tree.host, &pf, 0, &now, &err), 0);
	assert_int_equal(now.value[VF_VLAN], 0);
}

static void only_what_differs_is_sent(void **state)
{
	(void)state;
	assert_int_equal(apply("vlan=0 trust=off spoofchk=on link_state=auto"), 0);
	assert_int_equal(fake_netadm.sets, 0);
	assert_int_equal(apply("vlan=0 trust=on"), 0);
	assert_int_equal(fake_netadm.sets, 1);
}

static void one_part_of_a_request_keeps_the_others(void **state)
{
	(void)state;
	struct vf_settings now;
	assert_int_equal(apply("vlan=7 qos=5"), 0);
	assert_int_equal(apply("vlan=8"), 0);
	assert_int_equal(vf_read(&tree.host, &pf, 1, &now, &err), 0);
	assert_int_equal(now.value[VF_VLAN], 8);
	assert_int_equal(now.value[VF_QOS], 5);
}

/* Each in its turn is refused by the driver, ignored by it, or unknown to it. */
static const struct {
	const char *text;
	unsigned keys;
} requests[] = {
	{ "mac=52:54:00:0b:01:01", VF_BIT(VF_MAC) },    { "vlan=100", VF_BIT(VF_VLAN) },
	{ "max_rate=500", VF_BIT(VF_MAX_RATE) },        { "spoofchk=off", VF_BIT(VF_SPOOFCHK) },
	{ "link_state=enable", VF_BIT(VF_LINK_STATE) }, { "trust=on", VF_BIT(VF_TRUST) },
};

static void a_refused_setting_is_named_with_the_drivers_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		char answer[128];
		/* Opened, read, then sent. */
		fake_netadm = (struct fake_netadm){ .fail_at = 3, .fail_with = -EINVAL };
		assert_int_equal(apply(requests[i].text), -EINVAL);
		snprintf(answer, sizeof(answer),
			 "0000:02:00.0: VF 1: %s: igb refused it: Invalid argument; the kernel log "
			 "may "
			 "say why",
			 requests[i].text);
		assert_string_equal(err.text, answer);
	}
}

static void a_setting_that_does_not_stick_is_named_with_what_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		char answer[128];
		fake_netadm = (struct fake_netadm){ .deaf = requests[i].keys };
		assert_int_equal(apply(requests[i].text), -EIO);
		snprintf(answer, sizeof(answer), "VF 1: %s did not stick: the driver says ",
			 requests[i].text);
		assert_non_null(strstr(err.text, answer));
	}
}

static void a_setting_that_the_driver_lacks_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		char answer[128];
		fake_netadm = (struct fake_netadm){ .lacks = requests[i].keys };
		assert_int_equal(apply(requests[i].text), -EOPNOTSUPP);
		snprintf(answer, sizeof(answer), "VF 1: %s: igb has no such setting",
			 requests[i].text);
		assert_non_null(strstr(err.text, answer));
	}
}

static void every_call_may_fail_and_says_so(void **state)
{
	(void)state;
	assert_int_equal(apply("vlan=5 trust=on"), 0);
	int calls = fake_netadm.calls;
	for (int i = 1; i <= calls; i++) {
		assert_int_equal(apply("vlan=0 trust=off"), 0);
		fake_netadm = (struct fake_netadm){ .fail_at = i, .fail_with = -ENOBUFS };
		err = (struct err){ 0 };
		assert_int_equal(apply("vlan=5 trust=on"), -ENOBUFS);
		assert_non_null(strstr(err.text, "No buffer space"));
		assert_int_equal(fake_netadm.open, 0);
		fake_netadm = (struct fake_netadm){ 0 };
	}
}

static void without_privilege_and_without_link_the_next_step_is_another(void **state)
{
	(void)state;
	fake_netadm = (struct fake_netadm){ .fail_at = 3, .fail_with = -EPERM };
	assert_int_equal(apply("trust=on"), -EPERM);
	assert_non_null(strstr(err.text, "trust=on: only root may change it"));
	pf.has_carrier = false;
	assert_int_equal(apply("max_rate=1001"), -EINVAL);
	assert_non_null(strstr(err.text, "enp2s0f0 has no link, and rates"));
}

static void what_is_not_told_is_asked_for_all_the_same(void **state)
{
	(void)state;
	fake_netadm.untold = VF_BIT(VF_TRUST);
	assert_int_equal(apply("trust=on"), 0); /* nobody can say that it did not stick */
	assert_int_equal(fake_netadm.sets, 1);
}

static void settings_that_do_not_fit_what_is_there_are_refused_unsent(void **state)
{
	(void)state;
	assert_int_equal(apply("proto=802.1ad"), -EINVAL);
	assert_non_null(strstr(err.text, "needs a vlan"));
	assert_int_equal(fake_netadm.sets, 0);
}

static void a_vf_without_settings_and_a_pf_without_interface_are_refused(void **state)
{
	(void)state;
	struct vf_settings now;
	assert_int_equal(vf_read(&tree.host, &pf, 2, &now, &err), -ENXIO);
	assert_non_null(strstr(err.text, "switchdev"));
	pf.netdev[0] = 0;
	assert_int_equal(vf_read(&tree.host, &pf, 1, &now, &err), -ENODATA);
	assert_int_equal(apply("trust=on"), -ENODATA);
	assert_non_null(strstr(err.text, "no network interface"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(settings_are_made_and_found_again),
		TEST(only_what_differs_is_sent),
		TEST(one_part_of_a_request_keeps_the_others),
		TEST(a_refused_setting_is_named_with_the_drivers_answer),
		TEST(a_setting_that_does_not_stick_is_named_with_what_is),
		TEST(a_setting_that_the_driver_lacks_is_named),
		TEST(every_call_may_fail_and_says_so),
		TEST(without_privilege_and_without_link_the_next_step_is_another),
		TEST(what_is_not_told_is_asked_for_all_the_same),
		TEST(settings_that_do_not_fit_what_is_there_are_refused_unsent),
		TEST(a_vf_without_settings_and_a_pf_without_interface_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
