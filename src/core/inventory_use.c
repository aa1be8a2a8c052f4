/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which PCI functions the host itself lives on: under mounted file systems and swap, on the default
 * route, behind the console. Found by following sysfs links from the block device or network
 * interface down to the function, through partitions, device mapper, md, bonds and bridges.
 */
#include "core/inventory_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/text.h"
#include "core/pci_path.h"

/* A stack of md on dm on md is finite; a sysfs tree that somebody handed us need not be. */
#define VISITS_MAX 512
#define DEPTH_MAX 8

/* Mount tables of container hosts are long, and the kernel fills whatever buffer it is given. */
#define TABLE_BUFFER 32768

/* linux/route.h, linux/ipv6_route.h */
#define RTF_UP 0x1u
#define RTF_REJECT 0x200u

#define CLASS_VGA 0x0300

struct finder {
	struct inventory *inv;
	const struct host *host;
	enum host_use use;
	char detail[128]; /* what is said of the functions found */
	unsigned visits;
};

static void mark(struct finder *finder, struct bdf bdf)
{
	struct pci_dev *dev = (struct pci_dev *)inventory_find(finder->inv, bdf);
	if (!dev)
		return;
	if (!dev->host_uses) {
		memcpy(dev->use_detail, finder->detail, sizeof(dev->use_detail));
		text_plain(dev->use_detail);
	}
	dev->host_uses |= finder->use;
}

/* The last component of `path` that is a PCI address: the function a device hangs on. */
static bool nearest_function(const char *path, struct bdf *ret_bdf)
{
	bool found = false;
	while (*path) {
		size_t len = strcspn(path, "/");
		char part[32];
		if (len < sizeof(part)) {
			memcpy(part, path, len);
			part[len] = 0;
			/* Only with its domain; a bare 00:1f.2 is no directory name of the
			 * kernel's. */
			if (len >= 12 && !bdf_parse(part, ret_bdf))
				found = true;
		}
		path += len;
		path += strspn(path, "/");
	}
	return found;
}

static ssize_t read_link(const struct finder *finder, const char *path, char *buf)
{
	return file_link(finder->host->sys, path, buf, PATH_MAX);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* Marks the functions that entries of `dir` starting with `prefix` link to. */
static void follow_links(struct finder *finder, const char *dir, const char *prefix)
{
	autodir DIR *list = dir_open(finder->host->sys, dir);
	const char *name;
	while ((name = dir_next(list, prefix)) && ++finder->visits < VISITS_MAX) {
		char path[PATH_MAX], target[PATH_MAX];
		struct bdf bdf;
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		if (read_link(finder, path, target) > 0 && nearest_function(target, &bdf))
			mark(finder, bdf);
	}
}

static void follow_block(struct finder *finder, const char *path, unsigned depth);

/* dm and md devices name what they are made of in `slaves`; a partition's is its disk's. */
static void follow_slaves(struct finder *finder, const char *target, unsigned depth)
{
	const char *disk = strstr(target, "/block/");
	if (!disk)
		return;
	disk += strlen("/block/");
	char dir[NAME_MAX + 32];
	snprintf(dir, sizeof(dir), "class/block/%.*s/slaves", (int)min_u64(strcspn(disk, "/"), 200),
		 disk);
	autodir DIR *list = dir_open(finder->host->sys, dir);
	const char *name;
	while ((name = dir_next(list, "")) && ++finder->visits < VISITS_MAX) {
		char path[NAME_MAX + 32];
		snprintf(path, sizeof(path), "class/block/%s", name);
		follow_block(finder, path, depth + 1);
	}
}

/*
 * A multipath NVMe namespace hangs on a subsystem, which has links to its controllers:
 * …/virtual/nvme-subsystem/nvme-subsys0/{nvme0n1, nvme0 -> …/0000:01:00.0/nvme/nvme0}.
 */
static bool follow_nvme_subsystem(struct finder *finder, const char *target)
{
	const char *at = strstr(target, "devices/virtual/nvme-subsystem/");
	if (!at)
		return false;
	size_t len = strlen("devices/virtual/nvme-subsystem/");
	len += strcspn(at + len, "/");
	char dir[256];
	if (len < sizeof(dir)) {
		memcpy(dir, at, len);
		dir[len] = 0;
		follow_links(finder, dir, "nvme");
	}
	return true;
}

/* `path` is a link to a block device's directory, relative to /sys. */
static void follow_block(struct finder *finder, const char *path, unsigned depth)
{
	char target[PATH_MAX];
	struct bdf bdf;
	if (depth > DEPTH_MAX || ++finder->visits >= VISITS_MAX ||
	    read_link(finder, path, target) <= 0)
		return;
	if (nearest_function(target, &bdf))
		mark(finder, bdf);
	else if (!follow_nvme_subsystem(finder, target))
		follow_slaves(finder, target, depth);
}

static void follow_netdev(struct finder *finder, const char *name, unsigned depth)
{
	char path[NAME_MAX + 32], target[PATH_MAX];
	struct bdf bdf;
	snprintf(path, sizeof(path), "class/net/%.200s", name);
	if (depth > DEPTH_MAX || ++finder->visits >= VISITS_MAX ||
	    read_link(finder, path, target) <= 0)
		return;
	if (nearest_function(target, &bdf)) {
		mark(finder, bdf);
		return;
	}
	/* Bridges, bonds and VLANs link to what carries them as lower_NAME. */
	autodir DIR *list = dir_open(finder->host->sys, path);
	const char *lower;
	while ((lower = dir_next(list, "lower_")) && finder->visits < VISITS_MAX)
		follow_netdev(finder, lower + strlen("lower_"), depth + 1);
}

/* Mount tables print blanks and backslashes as \ooo (proc(5)). In place. */
static void unescape(char *text)
{
	char *to = text;
	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] && from[2] && from[3]) {
			char octal[4] = { from[1], from[2], from[3], 0 };
			*to = (char)strtoul(octal, NULL, 8);
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = 0;
}

/* `/dev/mapper/vg-root` is a link to ../dm-0; the kernel's name is what sysfs knows. */
static void follow_dev_node(struct finder *finder, const char *node)
{
	char name[NAME_MAX + 1], path[NAME_MAX + 32];
	if (strncmp(node, "/dev/", 5) != 0)
		return;
	if (file_link_name(finder->host->dev, node + 5, name, sizeof(name)))
		snprintf(name, sizeof(name), "%s", base_name(node));
	snprintf(path, sizeof(path), "class/block/%.200s", name);
	follow_block(finder, path, 0);
}

struct mount {
	char device[32], point[PATH_MAX], type[64], source[PATH_MAX];
};

/* `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw` (proc(5)). */
static bool parse_mount(const char *line, struct mount *mount)
{
	const char *rest = strstr(line, " - ");
	if (!rest || strlen(line) >= PATH_MAX ||
	    sscanf(line, "%*s %*s %31s %*s %4095s", mount->device, mount->point) != 2 ||
	    sscanf(rest, " - %63s %4095s", mount->type, mount->source) != 2)
		return false;
	unescape(mount->point);
	unescape(mount->source);
	return true;
}

/* All members of all mounted btrfs volumes: sysfs lists a volume only while it is mounted. */
static void follow_btrfs(struct finder *finder)
{
	autodir DIR *volumes = dir_open(finder->host->sys, "fs/btrfs");
	const char *uuid;
	while ((uuid = dir_next(volumes, ""))) {
		char dir[NAME_MAX + 32];
		snprintf(dir, sizeof(dir), "fs/btrfs/%.200s/devices", uuid);
		follow_links(finder, dir, "");
	}
}

static void use_of_mount(struct finder *finder, const struct mount *mount)
{
	finder->visits = 0;
	snprintf(finder->detail, sizeof(finder->detail), "%.60s on %.60s", mount->source,
		 mount->point);
	if (strncmp(mount->device, "0:", 2) == 0) {
		follow_dev_node(finder, mount->source);
		if (!strcmp(mount->type, "btrfs"))
			follow_btrfs(finder);
		return;
	}
	char path[64];
	snprintf(path, sizeof(path), "dev/block/%s", mount->device);
	follow_block(finder, path, 0);
}

/* Bind mounts repeat a device; following it once is enough. */
struct seen_devices {
	vec(struct device_number { char text[32]; }) list;
};

static int see(struct seen_devices *seen, const char *device, bool *ret_known)
{
	*ret_known = true;
	for (size_t i = 0; i < seen->list.n; i++)
		if (!strcmp(seen->list.at[i].text, device))
			return 0;
	struct device_number *new = vec_push(&seen->list);
	if (!new)
		return -ENOMEM;
	snprintf(new->text, sizeof(new->text), "%s", device);
	*ret_known = false;
	return 0;
}

static FILE *open_proc(const struct host *host, const char *path)
{
	int fd = openat(host->proc, path, O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!file && fd >= 0)
		close(fd);
	if (file)
		setvbuf(file, NULL, _IOFBF, TABLE_BUFFER);
	return file;
}

static int find_mounts(struct finder *finder)
{
	autofile FILE *file = open_proc(finder->host, "self/mountinfo");
	autofree char *line = NULL;
	autofree struct mount *mount = malloc(sizeof(*mount));
	struct seen_devices seen = { 0 };
	size_t size = 0;
	int r = mount ? 0 : -ENOMEM;
	finder->use = USE_MOUNT;
	while (!r && file && getline(&line, &size, file) > 0) {
		bool known;
		if (!parse_mount(line, mount))
			continue;
		r = see(&seen, mount->device, &known);
		if (!r && !known)
			use_of_mount(finder, mount);
	}
	vec_free(&seen.list);
	return r;
}

static void find_swaps(struct finder *finder)
{
	autofile FILE *file = open_proc(finder->host, "swaps");
	autofree char *line = NULL;
	size_t size = 0;
	finder->use = USE_MOUNT;
	while (file && getline(&line, &size, file) > 0) {
		char node[256];
		if (sscanf(line, "%255s partition", node) != 1 || node[0] != '/')
			continue;
		unescape(node);
		finder->visits = 0;
		snprintf(finder->detail, sizeof(finder->detail), "%.100s is swap", node);
		follow_dev_node(finder, node);
	}
}

/* `Iface Destination Gateway Flags RefCnt Use Metric Mask …` in hexadecimal (proc(5)). */
static bool ipv4_default(const char *line, char *ret_iface)
{
	unsigned destination, flags, mask;
	return sscanf(line, "%63s %x %*x %x %*d %*d %*d %x", ret_iface, &destination, &flags,
		      &mask) == 4 &&
	       !destination && !mask && flags & RTF_UP && !(flags & RTF_REJECT);
}

/* `destination prefix source prefix gateway metric refcnt use flags iface` (net/ipv6/route.c). */
static bool ipv6_default(const char *line, char *ret_iface)
{
	char destination[33];
	unsigned prefix, flags;
	return sscanf(line, "%32s %x %*s %*x %*s %*x %*x %*x %x %63s", destination, &prefix, &flags,
		      ret_iface) == 4 &&
	       !prefix && strspn(destination, "0") == 32 && flags & RTF_UP && !(flags & RTF_REJECT);
}

static void find_routes(struct finder *finder, const char *table,
			bool (*is_default)(const char *line, char *ret_iface))
{
	autofile FILE *file = open_proc(finder->host, table);
	autofree char *line = NULL;
	size_t size = 0;
	finder->use = USE_DEFAULT_ROUTE;
	while (file && getline(&line, &size, file) > 0) {
		char iface[64];
		if (!is_default(line, iface))
			continue;
		finder->visits = 0;
		snprintf(finder->detail, sizeof(finder->detail), "default route through %s", iface);
		follow_netdev(finder, iface, 0);
	}
}

/* Firmware's framebuffer belongs to a platform device, not to the adapter it was set up on. */
static bool has_platform_framebuffer(const struct finder *finder)
{
	static const char *const drivers[] = { "simple-framebuffer", "efi-framebuffer",
					       "vesa-framebuffer" };
	for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
		char path[96];
		snprintf(path, sizeof(path), "bus/platform/drivers/%s/%s.0", drivers[i],
			 drivers[i]);
		if (!faccessat(finder->host->sys, path, F_OK, 0))
			return true;
	}
	return false;
}

/* A console of its own text mode: a bound vtcon named "VGA+". */
static bool has_vga_console(const struct finder *finder)
{
	autodir DIR *list = dir_open(finder->host->sys, "class/vtconsole");
	const char *name;
	while ((name = dir_next(list, "vtcon"))) {
		char path[NAME_MAX + 40], text[64];
		uint64_t bound = 0;
		snprintf(path, sizeof(path), "class/vtconsole/%s/bind", name);
		if (file_read_u64(finder->host->sys, path, &bound) || !bound)
			continue;
		snprintf(path, sizeof(path), "class/vtconsole/%s/name", name);
		if (file_read(finder->host->sys, path, text, sizeof(text)) > 0 &&
		    strstr(text, "VGA"))
			return true;
	}
	return false;
}

static bool has_own_framebuffer(const struct finder *finder, struct bdf bdf)
{
	autodir DIR *list = dir_open(finder->host->sys, "class/graphics");
	const char *name;
	while ((name = dir_next(list, "fb"))) {
		char path[NAME_MAX + 40], target[PATH_MAX];
		struct bdf at;
		snprintf(path, sizeof(path), "class/graphics/%s", name);
		if (read_link(finder, path, target) > 0 && nearest_function(target, &at) &&
		    bdf_equal(at, bdf))
			return true;
	}
	return false;
}

static void find_boot_display(struct finder *finder, struct pci_dev *dev)
{
	uint64_t boot_vga = 0;
	if (file_read_u64(finder->host->sys, pci_path(dev->bdf, "boot_vga").s, &boot_vga) ||
	    boot_vga != 1)
		return;
	finder->use = USE_BOOT_VGA;
	const char *what = has_own_framebuffer(finder, dev->bdf) ? "a framebuffer"
			   : has_platform_framebuffer(finder)    ? "the firmware's framebuffer"
			   : has_vga_console(finder)             ? "the text console"
								 : NULL;
	if (!what)
		return;
	snprintf(finder->detail, sizeof(finder->detail), "boot display with %s", what);
	mark(finder, dev->bdf);
}

int host_uses_read(struct inventory *inv, const struct host *host)
{
	struct finder finder = { .inv = inv, .host = host };
	bool any = false;
	for (size_t i = 0; i < inv->devs.n; i++) {
		struct pci_dev *dev = &inv->devs.at[i];
		any |= dev->detailed;
		if (dev->detailed && dev->class_code >> 8 == CLASS_VGA)
			find_boot_display(&finder, dev);
	}
	if (!any)
		return 0; /* nobody asks: the tables need not be read */
	find_swaps(&finder);
	find_routes(&finder, "net/route", ipv4_default);
	find_routes(&finder, "net/ipv6_route", ipv6_default);
	return find_mounts(&finder);
}
