/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ethernet addresses of VFs: their text, and where one comes from when nobody gave it. A VF without
 * an address makes its driver invent a new one at each start, so every VF gets a stable one.
 */
#ifndef BULKHEAD_SRIOV_MAC_H
#define BULKHEAD_SRIOV_MAC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bdf.h"
#include "base/err.h"
#include "core/host.h"

struct mac {
	uint8_t b[6];
};

/* `52:54:00:0b:01:00`, always in lower case. */
struct mac_text {
	char s[18];
};
struct mac_text mac_text(struct mac mac);

/* Six pairs of hexadecimal digits with colons. -EINVAL for anything else. */
int mac_parse(const char *text, struct mac *ret_mac);

bool mac_is_zero(struct mac mac);
bool mac_is_multicast(struct mac mac); /* broadcast too */
bool mac_equal(struct mac a, struct mac b);

/*
 * The address of VF `index` (0..65535) of the PF at `pf`, the same at every call on this machine: a
 * locally administered one (IEEE 802 §8.4), made from /etc/machine-id and the PF's address. The VFs
 * of one PF differ for certain, others by 30 bits of a hash. Without a machine-id `seed` (the PF's
 * own MAC as text) stands in for it; -ENOENT with a text when that is empty too.
 */
int mac_derive(const struct host *host, struct bdf pf, const char *seed, unsigned index,
	       struct mac *ret_mac, struct err *err);

#endif
