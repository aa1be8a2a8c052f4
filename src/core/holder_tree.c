/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hangs on a function: every directory below the function's own in sysfs is looked at, and what
 * it is says its `subsystem`. A directory with a file `dev` has a node in /dev.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/file.h"
#include "core/holder_parts.h"
#include "core/netaddr.h"

/* A tree that somebody handed us may have any depth; the kernel's own stays far below these. */
#define DEPTH_MAX 20
#define VISITS_MAX 4000

struct walk {
	struct holder_search *search;
	size_t fn;
	unsigned visits;
	char claimed[64]; /* a disk that the kernel has claimed, the innermost one */
};

struct path {
	char s[PATH_MAX];
};

static struct path join(const char *dir, const char *name)
{
	struct path path;
	snprintf(path.s, sizeof(path.s), "%.3700s/%.255s", dir, name);
	return path;
}

static int add(struct walk *walk, enum holder_kind kind, const char *what, const char *name,
	       const char *more)
{
	return holder_add(walk->search, walk->fn, kind, "%s %.48s %.96s", what, name, more);
}

/* --- nodes --- */

/* DEVNAME of its uevent is the node's path below /dev, which the directory's name need not be. */
static void node_name(int sys, const char *dir, const char *name, char *buf, size_t size)
{
	char text[2048];
	const char *at = NULL;
	if (file_read(sys, join(dir, "uevent").s, text, sizeof(text)) > 0)
		at = strstr(text, "DEVNAME=");
	if (at)
		snprintf(buf, size, "%.*s", (int)strcspn(at + 8, "\n"), at + 8);
	else
		snprintf(buf, size, "%s", name);
}

static int add_node(struct walk *walk, const char *dir, const char *name, const char *number)
{
	unsigned major_nr = 0, minor_nr = 0;
	char below_dev[80];
	struct holder_node *node = vec_push(&walk->search->nodes);
	if (!node)
		return -ENOMEM;
	node->fn = walk->fn;
	node_name(walk->search->host->sys, dir, name, below_dev, sizeof(below_dev));
	snprintf(node->path, sizeof(node->path), "/dev/%s", below_dev);
	if (sscanf(number, "%u:%u", &major_nr, &minor_nr) == 2)
		node->number = makedev(major_nr, minor_nr);
	return 0;
}

/* --- disks --- */

/* "LVM volume vg-home", "RAID md0". */
static int add_stacked(struct walk *walk, const char *disk, const char *upper)
{
	char dir[NAME_MAX + 32], name[96] = "", uuid[96] = "", what[128];
	int sys = walk->search->host->sys;
	snprintf(dir, sizeof(dir), "class/block/%.100s/dm", upper);
	file_read(sys, join(dir, "name").s, name, sizeof(name));
	file_read(sys, join(dir, "uuid").s, uuid, sizeof(uuid));
	snprintf(what, sizeof(what), "is part of %s %.64s",
		 !strncmp(uuid, "LVM-", 4)     ? "LVM volume"
		 : !strncmp(uuid, "CRYPT-", 6) ? "encrypted volume"
		 : !strncmp(upper, "md", 2)    ? "RAID"
					       : "block device",
		 *name ? name : upper);
	return add(walk, HOLDER_BLOCK, "its disk", disk, what);
}

/* Opening a block device exclusively fails as long as the kernel itself has it: ZFS, bcache, … */
static bool is_claimed(const struct host *host, const char *disk)
{
	int fd = openat(host->dev, disk, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);
	bool claimed = fd < 0 && errno == EBUSY;
	close_fd(&fd);
	return claimed;
}

static int look_at_disk(struct walk *walk, const char *dir, const char *disk)
{
	autodir DIR *list = dir_open(walk->search->host->sys, join(dir, "holders").s);
	const char *upper;
	bool any = false;
	int r = 0;
	while (!r && (upper = dir_next(list, ""))) {
		r = add_stacked(walk, disk, upper);
		any = true;
	}
	if (!r && !any && is_claimed(walk->search->host, disk))
		snprintf(walk->claimed, sizeof(walk->claimed), "%.63s", disk);
	return r;
}

static int add_claimed(struct walk *walk)
{
	const struct holder_search *search = walk->search;
	for (size_t i = 0; i < search->ret->n; i++)
		if (search->ret->at[i].fn == walk->fn && search->ret->at[i].kind == HOLDER_BLOCK)
			return 0;
	bool zfs = !faccessat(search->host->proc, "spl/kstat/zfs", F_OK, 0);
	if (!*walk->claimed)
		return 0;
	return add(walk, HOLDER_BLOCK, "its disk", walk->claimed,
		   zfs ? "is claimed inside the kernel (mounted, swap, a member of a ZFS pool)"
		       : "is claimed inside the kernel (mounted, swap, a member of something)");
}

/* --- interfaces --- */

struct addresses {
	struct walk *walk;
	const char *interface;
	bool any;
};

static int take_address(void *ctx, const char *interface, const char *address)
{
	struct addresses *addresses = ctx;
	char what[96];
	if (strcmp(interface, addresses->interface) != 0)
		return 0;
	addresses->any = true;
	snprintf(what, sizeof(what), "has the address %.64s", address);
	return add(addresses->walk, HOLDER_ADDRESS, "its interface", interface, what);
}

static int look_at_interface(struct walk *walk, const char *dir, const char *name)
{
	struct addresses addresses = { walk, name, false };
	autodir DIR *list = dir_open(walk->search->host->sys, dir);
	const char *upper;
	uint64_t flags = 0;
	int r = net_addresses(walk->search->host, take_address, &addresses);
	while (!r && (upper = dir_next(list, "upper_"))) {
		char what[96];
		snprintf(what, sizeof(what), "carries %.64s", upper + strlen("upper_"));
		r = add(walk, HOLDER_ADDRESS, "its interface", name, what);
	}
	if (!r && !file_read_u64(walk->search->host->sys, join(dir, "flags").s, &flags) &&
	    flags & IFF_UP)
		r = add(walk, HOLDER_UP, "its interface", name, "is up");
	return r;
}

/* --- consoles --- */

static int look_at_tty(struct walk *walk, const char *name)
{
	char active[256], *save = NULL;
	if (file_read(walk->search->host->sys, "class/tty/console/active", active,
		      sizeof(active)) <= 0)
		return 0;
	for (char *word = strtok_r(active, " ", &save); word; word = strtok_r(NULL, " ", &save))
		if (!strcmp(word, name))
			return add(walk, HOLDER_CONSOLE, "its serial port", name,
				   "is a console of the kernel");
	return 0;
}

/* --- the walk --- */

static int walk_dir(struct walk *walk, const char *dir, unsigned depth);

/* A namespace with several paths hangs on a subsystem, which links to its controllers. */
static int look_at_nvme(struct walk *walk, const char *controller, unsigned depth)
{
	int sys = walk->search->host->sys, r = 0;
	autodir DIR *list = dir_open(sys, "class/nvme-subsystem");
	const char *name;
	while (!r && (name = dir_next(list, "nvme-subsys"))) {
		struct path subsystem = join("class/nvme-subsystem", name);
		if (!faccessat(sys, join(subsystem.s, controller).s, F_OK, 0))
			r = walk_dir(walk, subsystem.s, depth + 1);
	}
	return r;
}

/* A device of a class is in a directory of the class's name: …/net/eth0. */
static void class_by_place(const char *dir, char *buf, size_t size)
{
	const char *end = strrchr(dir, '/'), *begin = end;
	while (begin > dir && begin[-1] != '/')
		begin--;
	snprintf(buf, size, "%.*s", (int)(end - begin), begin);
}

static int look_at_dir(struct walk *walk, const char *dir, unsigned depth)
{
	int sys = walk->search->host->sys, r = 0;
	char subsystem[64], number[32];
	const char *name = strrchr(dir, '/') + 1;
	if (file_link_name(sys, join(dir, "subsystem").s, subsystem, sizeof(subsystem)))
		class_by_place(dir, subsystem, sizeof(subsystem));
	if (file_read(sys, join(dir, "dev").s, number, sizeof(number)) > 0)
		r = add_node(walk, dir, name, number);
	if (r)
		return r;
	if (!strcmp(subsystem, "block"))
		return look_at_disk(walk, dir, name);
	if (!strcmp(subsystem, "net"))
		return look_at_interface(walk, dir, name);
	if (!strcmp(subsystem, "tty"))
		return look_at_tty(walk, name);
	return strcmp(subsystem, "nvme") ? 0 : look_at_nvme(walk, name, depth);
}

static bool is_dir(int sys, const char *path)
{
	struct stat st;
	return !fstatat(sys, path, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);
}

/* Another function behind a bridge is not part of it; the others hold nothing, and are large. */
static bool is_passed_over(const char *name)
{
	static const char *const others[] = { "power", "queue", "queues", "mq", "msi_irqs",
					      "statistics" };
	struct bdf bdf;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (!strcmp(name, others[i]))
			return true;
	return strlen(name) >= 12 && !bdf_parse(name, &bdf);
}

static int walk_dir(struct walk *walk, const char *dir, unsigned depth)
{
	int sys = walk->search->host->sys;
	autodir DIR *list = dir_open(sys, dir);
	struct dirent *entry;
	int r = 0;
	while (!r && list && (entry = readdir(list))) {
		const char *name = entry->d_name;
		if (name[0] == '.' || is_passed_over(name) ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		struct path path = join(dir, name);
		if (depth >= DEPTH_MAX || ++walk->visits > VISITS_MAX || !is_dir(sys, path.s))
			continue;
		r = look_at_dir(walk, path.s, depth);
		if (!r)
			r = walk_dir(walk, path.s, depth + 1);
	}
	return r;
}

/* Its IOMMU group's node counts only while vfio-pci has the function. */
static int look_at_group(struct walk *walk, const char *dir)
{
	char driver[NAME_MAX_SHORT], group[32];
	int sys = walk->search->host->sys;
	if (file_link_name(sys, join(dir, "driver").s, driver, sizeof(driver)) ||
	    strcmp(driver, "vfio-pci") != 0 ||
	    file_link_name(sys, join(dir, "iommu_group").s, group, sizeof(group)))
		return 0;
	char name[48];
	snprintf(name, sizeof(name), "vfio/%s", group);
	return add_node(walk, "", name, "");
}

int holder_look_at_tree(struct holder_search *search, size_t fn)
{
	struct walk walk = { .search = search, .fn = fn };
	struct path dir = join("bus/pci/devices", bdf_text(search->fn[fn]).s);
	int r = look_at_group(&walk, dir.s);
	if (!r)
		r = walk_dir(&walk, dir.s, 0);
	return r ? r : add_claimed(&walk);
}
