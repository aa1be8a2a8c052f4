/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

static DIR *open_dir(int dirfd, const char *path)
{
	autoclose int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	DIR *dir = fdopendir(fd);
	if (dir)
		take_fd(&fd);
	return dir;
}

bool group_driver_harmless(const char *driver)
{
	/* Kernel: a driver with driver_managed_dma set, or one that claims the group for VFIO. */
	static const char *const harmless[] = { "", "pci-stub", "pcieport", "xen-pciback" };
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (!strcmp(driver, harmless[i]))
			return true;
	return strstr(driver, "vfio") != NULL;
}

/* False when the text is full. */
static bool append(struct group_text *text, const char *device, const char *driver)
{
	static const char more[] = ", …";
	size_t used = strlen(text->s), room = sizeof(text->s) - used - sizeof(more);
	char item[160];
	int n = snprintf(item, sizeof(item), "%s%s (%s)", used ? ", " : "", device, driver);
	if (n < 0 || (size_t)n >= sizeof(item) || (size_t)n >= room) {
		memcpy(text->s + used, more, sizeof(more));
		return false;
	}
	memcpy(text->s + used, item, (size_t)n + 1);
	return true;
}

unsigned group_blockers(const struct host *host, int group, struct group_text *ret_text)
{
	char path[128];
	snprintf(path, sizeof(path), "kernel/iommu_groups/%d/devices", group);
	autodir DIR *dir = open_dir(host->sys, path);
	struct group_text text = { "" };
	unsigned n = 0;
	bool room = true;
	for (struct dirent *e; dir && (e = readdir(dir));) {
		char link[320], driver[64] = "";
		if (e->d_name[0] == '.')
			continue;
		snprintf(link, sizeof(link), "bus/pci/devices/%s/driver", e->d_name);
		if (file_link_name(host->sys, link, driver, sizeof(driver)) < 0 ||
		    group_driver_harmless(driver))
			continue;
		n++;
		room = room && append(&text, e->d_name, driver);
	}
	*ret_text = text;
	return n;
}
