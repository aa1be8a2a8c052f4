/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device_path.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "core/pci_path.h"

/* "../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0"; "" when there is no such function. */
static void link_target(const struct host *host, struct bdf bdf, char buf[PATH_MAX])
{
	file_link(host->sys, pci_path(bdf, "").s, buf, PATH_MAX);
}

bool device_port_above(const struct host *host, struct bdf bdf, struct bdf *ret_port)
{
	char target[PATH_MAX];
	link_target(host, bdf, target);
	char *last = strrchr(target, '/');
	if (!last)
		return false;
	*last = 0;
	const char *name = strrchr(target, '/');
	/* A name without its domain is no directory of the kernel's. */
	return name && strlen(name) > 12 && !bdf_parse(name + 1, ret_port);
}

bool device_is_below(const struct host *host, struct bdf bdf, struct bdf port)
{
	char target[PATH_MAX], needle[40];
	link_target(host, bdf, target);
	snprintf(needle, sizeof(needle), "/%s/", bdf_text(port).s);
	return strstr(target, needle);
}
