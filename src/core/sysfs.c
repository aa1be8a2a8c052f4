/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/sysfs.h"

#include "base/file.h"

int sysfs_write(const struct host *host, const char *path, const char *text)
{
	return file_write(host->sys, path, text);
}
