/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the profile's disks can be had: read from the host, not a pure function. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/holder.h"
#include "journal.h"
#include "plan.h"

struct profile_disk_serial profile_disk_serial(const struct profile_disk *disk)
{
	struct profile_disk_serial serial;
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a, 64 bits */
	for (const char *c = disk->path; *c; c++)
		hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
	if (disk->serial)
		snprintf(serial.s, sizeof(serial.s), "%s", disk->serial);
	else
		snprintf(serial.s, sizeof(serial.s), "%016llX", (unsigned long long)hash);
	return serial;
}

struct disk_config profile_disk_config(const struct profile_disk *disk)
{
	return (struct disk_config){ .path = disk->path,
				     .read_only = disk->read_only,
				     .cdrom = disk->type == DISK_CDROM,
				     .cache = disk->cache };
}

static bool is_same(const struct disk *a, const char *path)
{
	struct stat x, y;
	return a->path && !fstat(a->fd, &x) && !stat(path, &y) && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* Somebody has the lock: one of the profile's own disks, or a process. */
static void name_holder(const struct plan *plan, const struct host *host, const struct disk *opened,
			unsigned i, struct err *why)
{
	const char *path = plan->profile->disk[i].path;
	struct dev_holder who;
	for (unsigned j = 0; j < i; j++) {
		if (!is_same(&opened[j], path))
			continue;
		err_set(why, -EBUSY, "disk %s: disks[%u] is the same image; two can have it only "
			"when both are \"readonly = true\"", path, j);
		return;
	}
	if (!dev_node_holder(host, path, &who))
		return;
	char owner[64];
	err_hint(why, "%s", who.s);
	if (!journal_owner_of(host, who.pid, owner, sizeof(owner)))
		err_hint(why, "that is profile '%s'; bulkhead stop %s", owner, owner);
}

int plan_check_disks(struct plan *plan, const struct host *host)
{
	struct disk opened[PROFILE_MAX_DISKS] = { 0 };
	int r = 0;
	if (host->replayed) /* its files are elsewhere */
		return 0;
	for (unsigned i = 0; !r && i < plan->profile->n_disks; i++) {
		const struct disk_config config = profile_disk_config(&plan->profile->disk[i]);
		struct err why = { 0 };
		int e = disk_open(&opened[i], &config, &why);
		if (e == -EBUSY)
			name_holder(plan, host, opened, i, &why);
		if (e)
			r = plan_refuse(plan, &why);
	}
	for (unsigned i = 0; i < PROFILE_MAX_DISKS; i++)
		disk_close(&opened[i]);
	return r;
}
