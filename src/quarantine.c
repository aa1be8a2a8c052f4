/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "device_config.h"
#include "reset_proof.h"

struct name {
	char s[64];
};

/* No profile has such a name. */
static struct name file_name(struct bdf bdf)
{
	struct name name;
	snprintf(name.s, sizeof(name.s), "quarantine:%s", bdf_text(bdf).s);
	return name;
}

struct quarantine quarantine_of(const struct host *host, struct bdf bdf)
{
	struct quarantine quarantine = { "" };
	autoclose int dir = host_open_run(host, false, NULL);
	if (dir < 0 ||
	    file_read(dir, file_name(bdf).s, quarantine.why, sizeof(quarantine.why)) < 0)
		return (struct quarantine){ "" };
	if (!*quarantine.why)
		snprintf(quarantine.why, sizeof(quarantine.why), "it did not answer");
	return quarantine;
}

int quarantine_put(const struct host *host, struct bdf bdf, const char *why, struct err *err)
{
	autoclose int dir = host_open_run(host, true, err);
	if (dir < 0)
		return dir;
	autoclose int fd = openat(dir, file_name(bdf).s,
				  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = fd < 0 || dprintf(fd, "%s\n", why) < 0 || fsync(fd) ? -errno : 0;
	return r ? err_errno(err, r, "%s/%s", host->run_path, file_name(bdf).s) : 0;
}

int quarantine_lift(const struct host *host, struct bdf bdf, struct err *err)
{
	autoclose int dir = host_open_run(host, false, NULL);
	if (dir < 0 || !unlinkat(dir, file_name(bdf).s, 0) || errno == ENOENT)
		return 0;
	return err_errno(err, -errno, "%s/%s", host->run_path, file_name(bdf).s);
}

int quarantine_check(const struct host *host, struct bdf bdf, struct err *err)
{
	struct quarantine quarantine = quarantine_of(host, bdf);
	if (!*quarantine.why)
		return 0;
	return err_set(err, -EIO, "%s is in quarantine: %s; bulkhead reset %s, or restart the machine",
		       bdf_text(bdf).s, quarantine.why, bdf_text(bdf).s);
}

int quarantine_unless_answering(const struct host *host, struct bdf bdf, struct err *err)
{
	char why[sizeof(((struct quarantine *)0)->why)];
	struct text text = text_in(why, sizeof(why));
	if (!device_config_is_dead(host, bdf))
		return 0;
	reset_proof_errors(host, bdf, &text);
	int r = quarantine_put(host, bdf, why, err);
	return r ? r : quarantine_check(host, bdf, err);
}
