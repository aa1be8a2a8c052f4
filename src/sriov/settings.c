/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sriov/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/parse.h"
#include "base/text.h"

static const char *const proto_words[] = { "802.1q", "802.1ad", NULL };
static const char *const link_words[] = { "auto", "enable", "disable", NULL };
static const char *const switch_words[] = { "off", "on", NULL };

static const struct {
	const char *word;
	uint32_t max;             /* of a number */
	const char *const *words; /* of a choice; NULL = a number */
	const char *unit;
} keys[N_VF_KEYS] = {
	[VF_MAC] = { .word = "mac" },
	[VF_VLAN] = { "vlan", 4095, NULL, "" },
	[VF_QOS] = { "qos", 7, NULL, "" },
	[VF_PROTO] = { "proto", 1, proto_words, "" },
	[VF_MIN_RATE] = { "min_rate", UINT32_MAX, NULL, " Mb/s" },
	[VF_MAX_RATE] = { "max_rate", UINT32_MAX, NULL, " Mb/s" },
	[VF_SPOOFCHK] = { "spoofchk", 1, switch_words, "" },
	[VF_LINK_STATE] = { "link_state", 2, link_words, "" },
	[VF_TRUST] = { "trust", 1, switch_words, "" },
};

const char *vf_key_word(enum vf_key key)
{
	return keys[key].word;
}

void vf_put(struct vf_settings *settings, enum vf_key key, uint32_t value)
{
	settings->value[key] = value;
	settings->known |= VF_BIT(key);
}

void vf_put_mac(struct vf_settings *settings, struct mac mac)
{
	settings->mac = mac;
	settings->known |= VF_BIT(VF_MAC);
}

struct vf_value_text vf_value_text(const struct vf_settings *settings, enum vf_key key)
{
	struct vf_value_text text = { "?" };
	uint32_t value = settings->value[key];
	if (!(settings->known & VF_BIT(key)))
		return text;
	if (key == VF_MAC)
		snprintf(text.s, sizeof(text.s), "%s", mac_text(settings->mac).s);
	else if (keys[key].words && value <= keys[key].max)
		snprintf(text.s, sizeof(text.s), "%s", keys[key].words[value]);
	else
		snprintf(text.s, sizeof(text.s), "%u", value);
	return text;
}

/* --- key=value --- */

static int unknown_key(const char *word, struct err *err)
{
	const char *words[N_VF_KEYS];
	char list[128];
	struct text text = text_in(list, sizeof(list));
	for (unsigned i = 0; i < N_VF_KEYS; i++) {
		words[i] = keys[i].word;
		text_put(&text, "%s%s", i ? ", " : "", words[i]);
	}
	const char *near = near_match(word, words, N_VF_KEYS);
	if (near)
		return err_set(err, -EINVAL, "%.32s: no such setting of a VF; did you mean %s?",
			       word, near);
	return err_set(err, -EINVAL, "%.32s: no such setting of a VF; there are %s", word, list);
}

static int put_mac(struct vf_settings *settings, const char *value, struct err *err)
{
	struct mac mac;
	if (mac_parse(value, &mac))
		return err_set(err, -EINVAL,
			       "mac=%.32s: expected an address such as 52:54:00:0b:01:00", value);
	if (mac_is_zero(mac))
		return err_set(err, -EINVAL,
			       "mac=%s: with no address its driver invents one at each start",
			       value);
	if (mac_is_multicast(mac))
		return err_set(err, -EINVAL,
			       "mac=%s: a multicast address cannot be an interface's own", value);
	vf_put_mac(settings, mac);
	return 0;
}

static int put_choice(struct vf_settings *settings, enum vf_key key, const char *value,
		      struct err *err)
{
	const char *const *words = keys[key].words;
	char list[64];
	struct text text = text_in(list, sizeof(list));
	uint32_t n = keys[key].max + 1;
	for (uint32_t i = 0; i < n; i++) {
		if (!strcmp(words[i], value)) {
			vf_put(settings, key, i);
			return 0;
		}
		text_put(&text, "%s%s", !i ? "" : i + 1 < n ? ", " : " or ", words[i]);
	}
	const char *near = near_match(value, words, n);
	return err_set(err, -EINVAL, "%s=%.32s: expected %s%s%s%s", keys[key].word, value, list,
		       near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static int put_number(struct vf_settings *settings, enum vf_key key, const char *value,
		      struct err *err)
{
	uint64_t number;
	int r = parse_u64(value, &number);
	if (r == -EINVAL)
		return err_set(err, r, "%s=%.32s: expected a number from 0 to %u%s", keys[key].word,
			       value, keys[key].max, keys[key].unit);
	if (r || number > keys[key].max)
		return err_set(err, -ERANGE, "%s=%.32s is out of range: 0 to %u%s", keys[key].word,
			       value, keys[key].max, keys[key].unit);
	vf_put(settings, key, (uint32_t)number);
	return 0;
}

static int put_value(struct vf_settings *settings, enum vf_key key, const char *value,
		     struct err *err)
{
	if (settings->known & VF_BIT(key))
		return err_set(err, -EEXIST, "%s is given twice", keys[key].word);
	if (key == VF_MAC)
		return put_mac(settings, value, err);
	if (keys[key].words)
		return put_choice(settings, key, value, err);
	return put_number(settings, key, value, err);
}

int vf_settings_parse(struct vf_settings *settings, const char *assignment, struct err *err)
{
	const char *equals = strchr(assignment, '=');
	char word[32];
	if (!equals)
		return err_set(err, -EINVAL, "%.64s: expected KEY=VALUE, as in vlan=100",
			       assignment);
	snprintf(word, sizeof(word), "%.*s", (int)(equals - assignment), assignment);
	for (unsigned i = 0; i < N_VF_KEYS; i++)
		if (!strcmp(keys[i].word, word))
			return put_value(settings, (enum vf_key)i, equals + 1, err);
	return unknown_key(word, err);
}

/* --- several at once --- */

int vf_settings_check(const struct vf_settings *settings, struct err *err)
{
	const uint32_t *value = settings->value;
	if (value[VF_MAX_RATE] && value[VF_MAX_RATE] < value[VF_MIN_RATE])
		return err_set(err, -EINVAL, "max_rate=%u is less than min_rate=%u Mb/s",
			       value[VF_MAX_RATE], value[VF_MIN_RATE]);
	if (value[VF_PROTO] == VF_PROTO_8021AD && !value[VF_VLAN])
		return err_set(err, -EINVAL, "proto=802.1ad needs a vlan other than 0");
	return 0;
}

unsigned vf_settings_differ(const struct vf_settings *a, const struct vf_settings *b)
{
	unsigned differ = 0, both = a->known & b->known;
	if ((both & VF_BIT(VF_MAC)) && !mac_equal(a->mac, b->mac))
		differ = VF_BIT(VF_MAC);
	for (unsigned i = VF_MAC + 1; i < N_VF_KEYS; i++)
		if ((both & VF_BIT(i)) && a->value[i] != b->value[i])
			differ |= VF_BIT(i);
	return differ;
}

struct vf_settings vf_settings_over(const struct vf_settings *base, const struct vf_settings *over)
{
	struct vf_settings sum = *base;
	if ((over->known & VF_BIT(VF_VLAN)) && !over->value[VF_VLAN])
		sum.value[VF_QOS] = sum.value[VF_PROTO] = 0;
	if (over->known & VF_BIT(VF_MAC))
		vf_put_mac(&sum, over->mac);
	for (unsigned i = VF_MAC + 1; i < N_VF_KEYS; i++)
		if (over->known & VF_BIT(i))
			vf_put(&sum, (enum vf_key)i, over->value[i]);
	return sum;
}

/* --- one word --- */

/* INDEX, twelve digits, then the values in order; `-` is one that is not known. */
void vf_settings_pack(unsigned index, const struct vf_settings *settings, char *buf, size_t size)
{
	struct text text = text_in(buf, size);
	text_put(&text, "%u_", index);
	for (unsigned i = 0; i < 6 && (settings->known & VF_BIT(VF_MAC)); i++)
		text_put(&text, "%02x", settings->mac.b[i]);
	if (!(settings->known & VF_BIT(VF_MAC)))
		text_put(&text, "-");
	for (unsigned i = VF_MAC + 1; i < N_VF_KEYS; i++) {
		if (settings->known & VF_BIT(i))
			text_put(&text, "_%u", settings->value[i]);
		else
			text_put(&text, "_-");
	}
}

static void unpack_mac(const char *word, struct vf_settings *settings)
{
	struct mac mac;
	if (sscanf(word, "%2hhx%2hhx%2hhx%2hhx%2hhx%2hhx", &mac.b[0], &mac.b[1], &mac.b[2],
		   &mac.b[3], &mac.b[4], &mac.b[5]) == 6)
		vf_put_mac(settings, mac);
}

int vf_settings_unpack(const char *text, unsigned *ret_index, struct vf_settings *ret_settings)
{
	struct vf_settings settings = { 0 };
	char copy[64], again[64], *save = NULL;
	snprintf(copy, sizeof(copy), "%s", text);
	char *word = strtok_r(copy, "_", &save);
	unsigned index = word ? (unsigned)strtoul(word, NULL, 10) : 0;
	for (unsigned i = 0; i < N_VF_KEYS && (word = strtok_r(NULL, "_", &save)); i++) {
		if (i == VF_MAC)
			unpack_mac(word, &settings);
		else if (strcmp(word, "-") != 0)
			vf_put(&settings, (enum vf_key)i, (uint32_t)strtoul(word, NULL, 10));
	}
	/* The reading above is lenient; this is not. */
	vf_settings_pack(index, &settings, again, sizeof(again));
	if (strcmp(again, text) != 0)
		return -EBADMSG;
	for (unsigned i = VF_MAC + 1; i < N_VF_KEYS; i++)
		if (settings.value[i] > keys[i].max)
			return -EBADMSG;
	*ret_index = index;
	*ret_settings = settings;
	return 0;
}
