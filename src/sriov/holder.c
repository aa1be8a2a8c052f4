/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sriov/holder.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "core/inventory.h"
#include "sriov/pf.h"
#include "sriov/pf_path.h"

/* A device node by which a process can hold a function. */
struct node {
	char path[64];
	size_t fn; /* index of the function */
};

struct search {
	const struct host *host;
	const struct bdf *fn;
	size_t n;
	struct holder *ret;
	vec(struct node) nodes;
};

static int add_node(struct search *search, size_t fn, const char *dir, const char *name)
{
	struct node *node = vec_push(&search->nodes);
	if (!node)
		return -ENOMEM;
	node->fn = fn;
	snprintf(node->path, sizeof(node->path), "%s%.32s", dir, name);
	return 0;
}

/* Its IOMMU group's node counts only while vfio-pci has the function. */
static int add_group(struct search *search, size_t fn)
{
	char driver[NAME_MAX_SHORT], group[NAME_MAX_SHORT];
	int sys = search->host->sys;
	if (file_link_name(sys, pf_path(search->fn[fn], "driver").s, driver, sizeof(driver)) ||
	    strcmp(driver, "vfio-pci") != 0 ||
	    file_link_name(sys, pf_path(search->fn[fn], "iommu_group").s, group, sizeof(group)))
		return 0;
	return add_node(search, fn, "/dev/vfio/", group);
}

/* Nodes named by the entries of a directory of the function. */
static int add_listed(struct search *search, size_t fn, const char *attr, const char *dev)
{
	int fd = openat(search->host->sys, pf_path(search->fn[fn], attr).s,
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;
	for (struct dirent *entry; !r && dir && (entry = readdir(dir));)
		if (entry->d_name[0] != '.')
			r = add_node(search, fn, dev, entry->d_name);
	return r;
}

static int add_nodes(struct search *search)
{
	int r = 0;
	for (size_t i = 0; !r && i < search->n; i++) {
		r = add_group(search, i);
		if (!r)
			r = add_listed(search, i, "vfio-dev", "/dev/vfio/devices/");
		if (!r)
			r = add_listed(search, i, "uio", "/dev/");
	}
	return r;
}

/* --- processes --- */

static void hold(struct search *search, size_t fn, const char *pid)
{
	char path[64], name[32];
	if (search->ret[fn].s[0])
		return;
	snprintf(path, sizeof(path), "%.16s/comm", pid);
	if (file_read(search->host->proc, path, name, sizeof(name)) < 0)
		snprintf(name, sizeof(name), "a process");
	snprintf(search->ret[fn].s, sizeof(search->ret[fn].s), "%s (pid %.16s) has it open", name,
		 pid);
}

static void look_at_fds(struct search *search, const char *pid)
{
	char path[64], target[PATH_MAX];
	snprintf(path, sizeof(path), "%.16s/fd", pid);
	int fd = openat(search->host->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		ssize_t n = readlinkat(fd, entry->d_name, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = 0;
		for (size_t i = 0; n > 0 && i < search->nodes.n; i++)
			if (!strcmp(target, search->nodes.at[i].path))
				hold(search, search->nodes.at[i].fn, pid);
	}
}

static int look_at_processes(struct search *search)
{
	int fd = openat(search->host->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return -errno;
	for (struct dirent *entry; (entry = readdir(dir));)
		if (isdigit((unsigned char)entry->d_name[0]))
			look_at_fds(search, entry->d_name);
	return 0;
}

/* --- the host itself --- */

static void look_at_netdev(struct search *search, size_t fn)
{
	char name[IFNAMSIZ];
	pf_netdev(search->host, search->fn[fn], name);
	if (*name && !search->ret[fn].s[0] && pf_netdev_is_up(search->host, search->fn[fn], name))
		snprintf(search->ret[fn].s, sizeof(search->ret[fn].s), "its interface %s is up",
			 name);
}

static int look_at_uses(struct search *search, struct err *err)
{
	vec(struct inventory_want) want = { 0 };
	struct inventory inv;
	int r = 0;
	for (size_t i = 0; !r && i < search->n; i++) {
		struct inventory_want *one = vec_push(&want);
		if (one)
			one->bdf = search->fn[i];
		r = one ? 0 : err_errno(err, -ENOMEM, "VFs in use");
	}
	if (!r)
		r = inventory_read_for(&inv, search->host, want.at, (unsigned)want.n, err);
	vec_free(&want);
	if (r)
		return r;
	for (size_t i = 0; i < search->n; i++) {
		const struct pci_dev *dev = inventory_find(&inv, search->fn[i]);
		if (dev && dev->host_uses && !search->ret[i].s[0])
			snprintf(search->ret[i].s, sizeof(search->ret[i].s), "the host uses it: %s",
				 dev->use_detail);
	}
	inventory_fini(&inv);
	return 0;
}

int holders_find(const struct host *host, const struct bdf *fn, size_t n, struct holder *ret,
		 struct err *err)
{
	struct search search = { .host = host, .fn = fn, .n = n, .ret = ret };
	if (!n)
		return 0;
	memset(ret, 0, n * sizeof(*ret));
	int r = add_nodes(&search);
	if (!r && search.nodes.n)
		r = look_at_processes(&search);
	if (r)
		err_errno(err, r, "%s: who has VFs in use", host->sys_path);
	vec_free(&search.nodes);
	for (size_t i = 0; !r && i < n; i++)
		look_at_netdev(&search, i);
	return r ? r : look_at_uses(&search, err);
}
