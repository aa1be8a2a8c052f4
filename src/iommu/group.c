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
#include "base/parse.h"

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

static bool has_open(const struct host *host, const char *pid, const char *node)
{
	char path[320];
	snprintf(path, sizeof(path), "%s/fd", pid);
	autodir DIR *dir = open_dir(host->proc, path);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		char target[256];
		ssize_t n = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		if (!strcmp(target, node))
			return true;
	}
	return false;
}

bool group_holder(const struct host *host, const char *node, struct group_text *ret_text)
{
	autodir DIR *dir = open_dir(host->proc, ".");
	for (struct dirent *e; dir && (e = readdir(dir));) {
		char path[320], comm[64];
		uint64_t pid;
		if (parse_u64(e->d_name, &pid) < 0 || pid == (uint64_t)getpid() ||
		    !has_open(host, e->d_name, node))
			continue;
		snprintf(path, sizeof(path), "%s/comm", e->d_name);
		if (file_read(host->proc, path, comm, sizeof(comm)) < 0)
			strcpy(comm, "a process");
		snprintf(ret_text->s, sizeof(ret_text->s), "%s (pid %s)", comm, e->d_name);
		return true;
	}
	return false;
}
