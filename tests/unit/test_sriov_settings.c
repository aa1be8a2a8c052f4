/* SPDX-License-Identifier: GPL-2.0-or-later */
// with: fake/host_tree.c
#include "sriov/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "fake/host_tree.h"

static struct err err;

static struct vf_settings parsed(const char *const *texts, size_t n)
{
	struct vf_settings settings = { 0 };
	for (size_t i = 0; i < n; i++)
		assert_int_equal(vf_settings_parse(&settings, texts[i], &err), 0);
	return settings;
}

static void every_setting_is_read_and_printed_back(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"mac=52:54:00:0b:01:ff", "vlan=4095",          "qos=7",
		"proto=802.1ad",         "min_rate=10",        "max_rate=4294967295",
		"spoofchk=off",          "link_state=disable", "trust=on"
	};
	struct vf_settings settings = parsed(texts, ARRAY_LEN(texts));
	assert_int_equal(ARRAY_LEN(texts), N_VF_KEYS);
	for (unsigned i = 0; i < N_VF_KEYS; i++) {
		char text[64];
		snprintf(text, sizeof(text), "%s=%s", vf_key_word((enum vf_key)i),
			 vf_value_text(&settings, (enum vf_key)i).s);
		assert_string_equal(text, texts[i]);
	}
}

static void what_is_wrong_is_refused_with_what_would_be_right(void **state)
{
	(void)state;
	static const struct {
		const char *text, *answer;
		int code;
	} cases[] = {
		{ "vlan=4096", "vlan=4096 is out of range: 0 to 4095", -ERANGE },
		{ "vlan=99999999999999999999", "out of range: 0 to 4095", -ERANGE },
		{ "vlan=", "vlan=: expected a number from 0 to 4095", -EINVAL },
		{ "vlan=-1", "expected a number from 0 to 4095", -EINVAL },
		{ "vlan", "vlan: expected KEY=VALUE, as in vlan=100", -EINVAL },
		{ "qos=8", "0 to 7", -ERANGE },
		{ "max_rate=4294967296", "0 to 4294967295 Mb/s", -ERANGE },
		{ "proto=802.1d", "expected 802.1q or 802.1ad; did you mean 802.1", -EINVAL },
		{ "trust=yes", "trust=yes: expected off or on", -EINVAL },
		{ "link_state=enabled", "auto, enable or disable; did you mean enable?", -EINVAL },
		{ "spoofcheck=on", "spoofcheck: no such setting of a VF; did you mean spoofchk?",
		  -EINVAL },
		{ "colour=red",
		  "there are mac, vlan, qos, proto, min_rate, max_rate, spoofchk, "
		  "link_state, trust",
		  -EINVAL },
		{ "=1", "no such setting", -EINVAL },
		{ "mac=52:54:00:0b:01", "expected an address such as 52:54:00:0b:01:00", -EINVAL },
		{ "mac=52:54:00:0b:01:0g", "expected an address", -EINVAL },
		{ "mac=52:54:00:0b:01:00:00", "expected an address", -EINVAL },
		{ "mac=52-54-00-0b-01-00", "expected an address", -EINVAL },
		{ "mac=00:00:00:00:00:00", "invents one", -EINVAL },
		{ "mac=01:00:5e:00:00:01", "multicast", -EINVAL },
		{ "mac=ff:ff:ff:ff:ff:ff", "multicast", -EINVAL },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vf_settings settings = { 0 };
		int r = vf_settings_parse(&settings, cases[i].text, &err);
		if (r != cases[i].code || !strstr(err.text, cases[i].answer))
			fail_msg("%s: %d, %s", cases[i].text, r, err.text);
		assert_int_equal(settings.known, 0);
	}
}

static void a_setting_given_twice_is_refused(void **state)
{
	(void)state;
	struct vf_settings settings = { 0 };
	assert_int_equal(vf_settings_parse(&settings, "vlan=1", &err), 0);
	assert_int_equal(vf_settings_parse(&settings, "vlan=2", &err), -EEXIST);
	assert_int_equal(settings.value[VF_VLAN], 1);
}

static void settings_that_do_not_fit_together_are_refused(void **state)
{
	(void)state;
	static const char *const rates[] = { "min_rate=500", "max_rate=400" };
	static const char *const tag[] = { "proto=802.1ad", "vlan=0" };
	static const char *const unlimited[] = { "min_rate=500", "max_rate=0" };
	struct vf_settings settings = parsed(rates, 2);
	assert_int_equal(vf_settings_check(&settings, &err), -EINVAL);
	assert_string_equal(err.text, "max_rate=400 is less than min_rate=500 Mb/s");
	settings = parsed(tag, 2);
	assert_int_equal(vf_settings_check(&settings, &err), -EINVAL);
	assert_string_equal(err.text, "proto=802.1ad needs a vlan other than 0");
	settings = parsed(unlimited, 2);
	assert_int_equal(vf_settings_check(&settings, &err), 0);
}

static void taking_the_vlan_away_takes_its_tag_along(void **state)
{
	(void)state;
	static const char *const before[] = { "vlan=5", "qos=3", "proto=802.1ad", "trust=on" };
	static const char *const none[] = { "vlan=0" }, *const priority[] = { "vlan=0", "qos=2" };
	struct vf_settings base = parsed(before, 4), over = parsed(none, 1);
	struct vf_settings sum = vf_settings_over(&base, &over);
	assert_int_equal(sum.value[VF_QOS], 0);
	assert_int_equal(sum.value[VF_PROTO], VF_PROTO_8021Q);
	assert_int_equal(sum.value[VF_TRUST], 1);
	over = parsed(priority, 2);
	assert_int_equal(vf_settings_over(&base, &over).value[VF_QOS], 2);
}

static void only_what_both_know_can_differ(void **state)
{
	(void)state;
	static const char *const a_texts[] = { "vlan=5", "trust=on", "mac=52:54:00:00:00:01" };
	static const char *const b_texts[] = { "vlan=6", "qos=1", "mac=52:54:00:00:00:02" };
	struct vf_settings a = parsed(a_texts, 3), b = parsed(b_texts, 3);
	assert_int_equal(vf_settings_differ(&a, &b), VF_BIT(VF_VLAN) | VF_BIT(VF_MAC));
	assert_int_equal(vf_settings_differ(&a, &a), 0);
	assert_string_equal(vf_value_text(&a, VF_QOS).s, "?");
}

/* --- one word --- */

static void a_packed_word_unpacks_to_the_same(void **state)
{
	(void)state;
	static const char *const all[] = {
		"mac=fe:ff:ff:ff:ff:ff", "vlan=4095",           "qos=7",
		"proto=802.1ad",         "min_rate=4294967295", "max_rate=4294967295",
		"spoofchk=on",           "link_state=disable",  "trust=on"
	};
	for (size_t n = 0; n <= N_VF_KEYS; n++) {
		struct vf_settings settings = parsed(all, n), back;
		char word[64];
		unsigned index;
		vf_settings_pack(65535, &settings, word, sizeof(word));
		assert_true(strlen(word) < sizeof(word) - 1);
		assert_int_equal(vf_settings_unpack(word, &index, &back), 0);
		assert_int_equal(index, 65535);
		assert_memory_equal(&back, &settings, sizeof(back));
	}
}

static void a_damaged_word_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",
		"1",
		"1_",
		"x_525400000001_0_0_0_0_0_0_0_0",
		"1_525400000001_0_0_0_0_0_0_0",
		"1_525400000001_0_0_0_0_0_0_0_0_0",
		"1_5254000000_0_0_0_0_0_0_0_0",
		"1_525400000001_4096_0_0_0_0_0_0_0",
		"1_525400000001_0_8_0_0_0_0_0_0",
		"1_525400000001_0_0_2_0_0_0_0_0",
		"1_525400000001_0_0_0_0_0_2_0_0",
		"01_525400000001_0_0_0_0_0_0_0_0",
		"1_52540000000A_0_0_0_0_0_0_0_0",
		"1_525400000001_-1_0_0_0_0_0_0_0",
		"1__525400000001_0_0_0_0_0_0_0_0",
		"1_525400000001_0_0_0_4294967296_0_0_0_0",
	};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct vf_settings settings;
		unsigned index;
		if (vf_settings_unpack(wrong[i], &index, &settings) != -EBADMSG)
			fail_msg("'%s' was believed", wrong[i]);
	}
}

/* --- MACs of nobody's choice --- */

static struct mac derived(const struct host *host, unsigned pf, unsigned index)
{
	struct mac mac;
	struct bdf bdf = { 0, (uint8_t)pf, 0, 0 };
	assert_int_equal(mac_derive(host, bdf, "52:54:00:00:00:01", index, &mac, &err), 0);
	return mac;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct mac));
}

static void derived_macs_are_stable_unique_and_local(void **state)
{
	(void)state;
	struct host_tree tree;
	host_tree_make(&tree, "etc/machine-id = 0123456789abcdef0123456789abcdef\\n\n");
	struct mac macs[4 * 256];
	for (unsigned i = 0; i < ARRAY_LEN(macs); i++) {
		macs[i] = derived(&tree.host, i / 256, i % 256);
		assert_int_equal(macs[i].b[0] & 3, 2); /* unicast, locally administered */
		assert_true(mac_equal(macs[i], derived(&tree.host, i / 256, i % 256)));
	}
	qsort(macs, ARRAY_LEN(macs), sizeof(*macs), by_bytes);
	for (unsigned i = 1; i < ARRAY_LEN(macs); i++)
		assert_false(mac_equal(macs[i - 1], macs[i]));
	assert_false(mac_equal(derived(&tree.host, 1, 65535), derived(&tree.host, 1, 0)));
	host_tree_remove(&tree);
}

static void another_machine_has_other_macs(void **state)
{
	(void)state;
	struct host_tree a, b;
	host_tree_make(&a, "etc/machine-id = 0123456789abcdef0123456789abcdef\\n\n");
	host_tree_make(&b, "etc/machine-id = 0123456789abcdef0123456789abcde0\\n\n");
	assert_false(mac_equal(derived(&a.host, 1, 0), derived(&b.host, 1, 0)));
	host_tree_remove(&a);
	host_tree_remove(&b);
}

static void without_a_machine_id_the_pf_stands_in_and_without_both_it_is_refused(void **state)
{
	(void)state;
	struct host_tree tree;
	struct mac mac;
	host_tree_make(&tree, "");
	struct mac seeded = derived(&tree.host, 1, 0);
	assert_false(mac_is_zero(seeded));
	assert_int_equal(mac_derive(&tree.host, (struct bdf){ 0, 1, 0, 0 }, "", 0, &mac, &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "machine-id"));
	host_tree_remove(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_setting_is_read_and_printed_back),
		cmocka_unit_test(what_is_wrong_is_refused_with_what_would_be_right),
		cmocka_unit_test(a_setting_given_twice_is_refused),
		cmocka_unit_test(settings_that_do_not_fit_together_are_refused),
		cmocka_unit_test(taking_the_vlan_away_takes_its_tag_along),
		cmocka_unit_test(only_what_both_know_can_differ),
		cmocka_unit_test(a_packed_word_unpacks_to_the_same),
		cmocka_unit_test(a_damaged_word_is_refused),
		cmocka_unit_test(derived_macs_are_stable_unique_and_local),
		cmocka_unit_test(another_machine_has_other_macs),
		cmocka_unit_test(
			without_a_machine_id_the_pf_stands_in_and_without_both_it_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
