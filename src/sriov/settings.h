/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a PF's driver can be told about one VF: names, bounds and texts of the settings, without any
 * of the means to change them. `bulkhead vf set` and the journal use the same ones.
 */
#ifndef BULKHEAD_SRIOV_SETTINGS_H
#define BULKHEAD_SRIOV_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sriov/mac.h"

enum vf_key {
	VF_MAC,
	VF_VLAN,       /* 0 = none, to 4095 */
	VF_QOS,        /* 0..7, 802.1p priority of the VLAN tag */
	VF_PROTO,      /* enum vf_proto */
	VF_MIN_RATE,   /* Mb/s, 0 = none */
	VF_MAX_RATE,   /* Mb/s, 0 = unlimited */
	VF_SPOOFCHK,   /* 0, 1 */
	VF_LINK_STATE, /* enum vf_link_state */
	VF_TRUST,      /* 0, 1 */
	N_VF_KEYS
};

enum vf_proto { VF_PROTO_8021Q, VF_PROTO_8021AD };
enum vf_link_state { VF_LINK_AUTO, VF_LINK_ENABLE, VF_LINK_DISABLE }; /* linux/if_link.h */

#define VF_BIT(key) (1u << (key))

struct vf_settings {
	unsigned known; /* VF_BIT of each key that has a value here */
	struct mac mac;
	uint32_t value[N_VF_KEYS]; /* [VF_MAC] is not used */
};

/* Sets a value and notes that it is known. */
void vf_put(struct vf_settings *settings, enum vf_key key, uint32_t value);
void vf_put_mac(struct vf_settings *settings, struct mac mac);

/*
 * Adds one `key=value`. -EINVAL and -ERANGE with a text that says what is allowed and what may have
 * been meant; -EEXIST when the key was given before.
 */
int vf_settings_parse(struct vf_settings *settings, const char *assignment, struct err *err);

/* What fits together: max_rate is no less than min_rate, 802.1ad needs a VLAN. -EINVAL. */
int vf_settings_check(const struct vf_settings *settings, struct err *err);

/* Which keys known in both differ, as VF_BITs. */
unsigned vf_settings_differ(const struct vf_settings *a, const struct vf_settings *b);

/* `base` with what `over` knows instead; a VLAN that is taken away takes its tag's rest along. */
struct vf_settings vf_settings_over(const struct vf_settings *base, const struct vf_settings *over);

const char *vf_key_word(enum vf_key key);
/* The value as `key=value` takes it; "?" when it is not known. */
struct vf_value_text {
	char s[20];
};
struct vf_value_text vf_value_text(const struct vf_settings *settings, enum vf_key key);

/* VF index and settings as one word of at most 63 bytes, and back: -EBADMSG for any other text. */
void vf_settings_pack(unsigned index, const struct vf_settings *settings, char *buf, size_t size);
int vf_settings_unpack(const char *text, unsigned *ret_index, struct vf_settings *ret_settings);

#endif
