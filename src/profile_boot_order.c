/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be said of the `boot_index` of all devices and disks together. */
#include <errno.h>
#include <stdio.h>

#include "profile_options.h"

#define ENTRIES_MAX (PROFILE_MAX_DEVICES + PROFILE_MAX_DISKS)

struct entry {
	unsigned index;
	const char *list; /* key of the list it comes from, and its place there */
	unsigned at, line;
};

struct entries {
	struct entry at[ENTRIES_MAX];
	unsigned n;
};

static void add(struct entries *entries, struct entry entry)
{
	if (entry.index != OPT_NONE && entries->n < ENTRIES_MAX)
		entries->at[entries->n++] = entry;
}

/* In the order of the file. */
static void collect(const struct profile *profile, struct entries *entries)
{
	entries->n = 0;
	for (unsigned i = 0; i < profile->n_devices; i++)
		add(entries, (struct entry){ profile->device[i].boot_index, "devices", i,
					     profile->device[i].line });
	for (unsigned i = 0; i < profile->n_disks; i++)
		add(entries, (struct entry){ profile->disk[i].boot_index, "disks", i,
					     profile->disk[i].line });
}

static struct opt_at place_of(const struct profile *profile, const struct entry *entry)
{
	struct opt_at at = { .source = entry->line ? profile->path : "--set",
			     .line = entry->line };
	snprintf(at.path, sizeof(at.path), "%s[%u].boot_index", entry->list, entry->at);
	return at;
}

int profile_check_boot_order(const struct profile *profile, struct err *err)
{
	struct entries all;
	collect(profile, &all);
	if (all.n && profile->firmware.type == FIRMWARE_NONE) {
		struct opt_at at = place_of(profile, &all.at[0]);
		return opt_error(&at, err, -EINVAL,
				 "only firmware looks for something to boot; give \"uefi\" as "
				 "firmware.type, or leave it out");
	}
	for (unsigned i = 1; i < all.n; i++) {
		for (unsigned j = 0; j < i; j++) {
			if (all.at[i].index != all.at[j].index)
				continue;
			struct opt_at at = place_of(profile, &all.at[i]);
			return opt_error(&at, err, -EEXIST, "%s[%u] has %u already", all.at[j].list,
					 all.at[j].at, all.at[i].index);
		}
	}
	return 0;
}
