/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sriov/mac.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

struct mac_text mac_text(struct mac mac)
{
	struct mac_text text;
	snprintf(text.s, sizeof(text.s), "%02x:%02x:%02x:%02x:%02x:%02x", mac.b[0], mac.b[1],
		 mac.b[2], mac.b[3], mac.b[4], mac.b[5]);
	return text;
}

static unsigned digit(char c)
{
	return isdigit((unsigned char)c) ? (unsigned)(c - '0') : (unsigned)((c | 32) - 'a' + 10);
}

int mac_parse(const char *text, struct mac *ret_mac)
{
	struct mac mac;
	for (unsigned i = 0; i < 6; i++, text += 3) {
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]) ||
		    text[2] != (i < 5 ? ':' : 0))
			return -EINVAL;
		mac.b[i] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
	}
	*ret_mac = mac;
	return 0;
}

bool mac_is_zero(struct mac mac)
{
	return mac_equal(mac, (struct mac){ { 0 } });
}

bool mac_is_multicast(struct mac mac)
{
	return mac.b[0] & 1;
}

bool mac_equal(struct mac a, struct mac b)
{
	return !memcmp(a.b, b.b, sizeof(a.b));
}

/* --- one that nobody gave --- */

/* FNV-1a, 64 bits (draft-eastlake-fnv). */
static uint64_t hash(uint64_t sum, const char *text)
{
	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 0x100000001b3;
	return sum;
}

/* Spreads a difference in any bit over all of them (MurmurHash3's last step). */
static uint64_t spread(uint64_t sum)
{
	sum = (sum ^ sum >> 33) * 0xff51afd7ed558ccd;
	sum = (sum ^ sum >> 33) * 0xc4ceb9fe1a85ec53;
	return sum ^ sum >> 33;
}

int mac_derive(const struct host *host, struct bdf pf, const char *seed, unsigned index,
	       struct mac *ret_mac, struct err *err)
{
	char id[64];
	/* The directory that /sys is in is the host's root, also where --host gives another. */
	ssize_t n = file_read(host->sys, "../etc/machine-id", id, sizeof(id));
	if (n <= 0)
		snprintf(id, sizeof(id), "%s", seed);
	if (!*id)
		return err_set(err, -ENOENT,
			       "there is no /etc/machine-id to make a stable MAC from; run "
			       "systemd-machine-id-setup");
	/* The machine-id itself must not become known (machine-id(5)): 46 bits do not tell it. */
	uint64_t sum =
		spread(hash(hash(hash(0xcbf29ce484222325, "bulkhead vf mac"), id), bdf_text(pf).s));
	uint16_t low = (uint16_t)(sum + index);
	*ret_mac = (struct mac){ { (uint8_t)((sum >> 40 & 0xfc) | 2), (uint8_t)(sum >> 32),
				   (uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(low >> 8),
				   (uint8_t)low } };
	return 0;
}
