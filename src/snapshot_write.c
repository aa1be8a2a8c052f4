/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host to the text of a snapshot: what the tables below name, and nothing else. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "pci/cap.h"
#include "snapshot.h"
#include "snapshot_keep.h"

struct writer {
	const struct host *host;
	FILE *out;
	size_t n; /* entries written */
	int r;    /* -ENOMEM; trouble with `out` shows at the end */
};

/* Of every PCI function, below its directory. */
static const char *const of_function[] = {
	"vendor",
	"device",
	"subsystem_vendor",
	"subsystem_device",
	"class",
	"revision",
	"resource",
	"resource?_resize",
	"numa_node",
	"driver",
	"driver_override",
	"reset_method",
	"iommu_group",
	"physfn",
	"virtfn*",
	"sriov_numvfs",
	"sriov_totalvfs",
	"sriov_drivers_autoprobe",
	"boot_vga",
	"current_link_speed",
	"current_link_width",
	"max_link_speed",
	"max_link_width",
	"power_state",
	"power/control",
	"power/runtime_status",
	"d3cold_allowed",
	"net/*/flags",
	"vfio-dev/*/dev",
	"iommu/*/amd-iommu/cap",
	"iommu/*/amd-iommu/features",
};

/* Of the rest of the host. A pattern goes through no link; one that ends in / matches directories.
 */
static const char *const of_host[] = {
	"dev/kvm",
	"dev/iommu",
	"dev/vfio/vfio",
	"dev/mapper/*",
	"proc/sys/kernel/osrelease",
	"sys/bus/pci/drivers/vfio-pci/",
	"sys/bus/platform/drivers/*-framebuffer/*.0",
	"sys/class/block/*",
	"sys/class/graphics/fb*",
	"sys/class/iommu/*",
	"sys/class/net/*",
	"sys/class/vfio-dev/",
	"sys/class/vtconsole/*",
	"sys/dev/block/*",
	"sys/devices/system/cpu/online",
	"sys/devices/virtual/block/*/slaves/*",
	"sys/devices/virtual/iommu/*/intel-iommu/cap",
	"sys/devices/virtual/iommu/*/intel-iommu/ecap",
	"sys/devices/virtual/net/*/lower_*",
	"sys/devices/virtual/nvme-subsystem/*/nvme*",
	"sys/devices/virtual/vtconsole/*/bind",
	"sys/devices/virtual/vtconsole/*/name",
	"sys/firmware/acpi/tables/DMAR",
	"sys/firmware/acpi/tables/IVRS",
	"sys/fs/btrfs/*/devices/*",
	"sys/kernel/iommu_groups/*/devices/*",
	"sys/kernel/iommu_groups/*/reserved_regions",
	"sys/kernel/iommu_groups/*/type",
	"sys/kernel/irq/[0-9]/chip_name",
	"sys/kernel/irq/[0-9][0-9]/chip_name",
	"sys/kernel/mm/hugepages/*/free_hugepages",
	"sys/kernel/mm/hugepages/*/nr_hugepages",
	"sys/kernel/mm/transparent_hugepage/enabled",
	"sys/module/iommufd/parameters/allow_unsafe_interrupts",
	"sys/module/kvm/parameters/*",
	"sys/module/kvm_amd/parameters/*",
	"sys/module/kvm_intel/parameters/*",
	"sys/module/vfio/",
	"sys/module/vfio_iommu_type1/parameters/*",
	"sys/module/vfio_pci/parameters/*",
};

/* What only says that it is there: its bytes are nobody's business, or no text. */
static const char *const presence_only[] = { "dev/*", "sys/firmware/*" };

static int dir_of(const struct writer *w, const char *path, const char **ret_rest)
{
	*ret_rest = strchr(path, '/');
	*ret_rest = *ret_rest ? *ret_rest + 1 : "";
	return !strncmp(path, "sys", 3)    ? w->host->sys
	       : !strncmp(path, "proc", 4) ? w->host->proc
					   : w->host->dev;
}

/* --- one entry --- */

/* Whether it can be a path of a snapshot. */
static bool nameable(const char *path)
{
	for (const char *c = path; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return *path && strlen(path) <= SNAPSHOT_PATH_MAX;
}

static void put_path(struct writer *w, const char *path)
{
	char copy[SNAPSHOT_PATH_MAX + 1];
	snprintf(copy, sizeof(copy), "%s", path);
	keep_scrub(copy);
	fputs(copy, w->out);
	w->n++;
}

static void put_link(struct writer *w, const char *path, int dir, const char *rest)
{
	char target[SNAPSHOT_PATH_MAX + 2];
	file_link(dir, rest, target, sizeof(target));
	if (!nameable(target) || *target == '/')
		return;
	keep_scrub(target);
	put_path(w, path);
	fprintf(w->out, " -> %s\n", target);
}

/* Lines that end in a newline each, or are empty. */
static void put_text(struct writer *w, const char *path, char *text)
{
	keep_scrub(text);
	size_t first = strcspn(text, "\n");
	put_path(w, path);
	if (!text[first] || !text[first + 1]) {
		fprintf(w->out, " = %.*s\n", (int)first, text);
		return;
	}
	fputs(" :\n", w->out);
	for (const char *line = text; *line; line += line[strcspn(line, "\n")] ? 1 : 0) {
		size_t len = strcspn(line, "\n");
		fprintf(w->out, "\t%.*s\n", (int)len, line);
		line += len;
	}
}

static void put_bytes(struct writer *w, const char *path, const uint8_t *bytes, size_t size)
{
	static const uint8_t zeros[16];
	put_path(w, path);
	fprintf(w->out, " @ %zu\n", size);
	for (size_t at = 0; at < size; at += 16) {
		size_t n = size - at < 16 ? size - at : 16;
		if (!memcmp(bytes + at, zeros, n))
			continue;
		fprintf(w->out, "\t%03zx", at);
		for (size_t i = 0; i < n; i++)
			fprintf(w->out, " %02x", bytes[at + i]);
		fputc('\n', w->out);
	}
}

/* Up to size - 1 bytes, terminated; -1 when it cannot be read. */
static ssize_t read_whole(int dir, const char *rest, char *buf, size_t size)
{
	autoclose int fd = openat(dir, rest, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	size_t n = 0;
	ssize_t r = fd < 0 ? -1 : 1;
	while (r > 0 && n < size - 1) {
		r = read(fd, buf + n, size - 1 - n);
		n += r > 0 ? (size_t)r : 0;
	}
	buf[n] = 0;
	return r < 0 ? -1 : (ssize_t)n;
}

static bool only_presence(const char *path)
{
	for (size_t i = 0; i < sizeof(presence_only) / sizeof(*presence_only); i++)
		if (!fnmatch(presence_only[i], path, 0))
			return true;
	return false;
}

static void put_file(struct writer *w, const char *path, int dir, const char *rest)
{
	char text[8192] = "";
	if (!only_presence(path) && read_whole(dir, rest, text, sizeof(text)) < 0)
		return;
	put_text(w, path, text);
}

static void put_entry(struct writer *w, const char *path)
{
	struct stat st;
	const char *rest;
	int dir = dir_of(w, path, &rest);
	if (!nameable(path) || fstatat(dir, rest, &st, AT_SYMLINK_NOFOLLOW))
		return;
	if (S_ISLNK(st.st_mode)) {
		put_link(w, path, dir, rest);
	} else if (S_ISDIR(st.st_mode)) {
		put_path(w, path);
		fputs("/\n", w->out);
	} else {
		put_file(w, path, dir, rest);
	}
}

/* --- patterns --- */

static void expand(struct writer *w, const char *path, const char *pattern);

static bool is_dir(const struct writer *w, const char *path)
{
	struct stat st;
	const char *rest;
	int dir = dir_of(w, path, &rest);
	return !*rest || (!fstatat(dir, rest, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode));
}

/* One name in place of the first component of a pattern; `rest` is the others, "" or NULL = none.
 */
static void descend(struct writer *w, const char *path, const char *name, const char *rest)
{
	char below[PATH_MAX];
	int n = snprintf(below, sizeof(below), "%s/%s", path, name);
	if (n < 0 || (size_t)n >= sizeof(below))
		return;
	if (!rest)
		put_entry(w, below);
	else if (!is_dir(w, below))
		return;
	else if (!*rest)
		put_entry(w, below);
	else
		expand(w, below, rest);
}

static void expand_names(struct writer *w, const char *path, const char *name, const char *rest)
{
	struct dirent **list;
	const char *dir_path;
	int dir = dir_of(w, path, &dir_path);
	int n = scandirat(dir, *dir_path ? dir_path : ".", &list, NULL, alphasort);
	if (n < 0 && errno == ENOMEM)
		w->r = -ENOMEM;
	if (n < 0)
		return;
	for (int i = 0; i < n; i++) {
		if (!fnmatch(name, list[i]->d_name, FNM_PERIOD))
			descend(w, path, list[i]->d_name, rest);
		free(list[i]);
	}
	free(list);
}

static void expand(struct writer *w, const char *path, const char *pattern)
{
	char name[NAME_MAX + 1];
	size_t len = strcspn(pattern, "/");
	const char *rest = pattern[len] ? pattern + len + 1 : NULL;
	snprintf(name, sizeof(name), "%.*s", (int)len, pattern);
	if (name[strcspn(name, "*?[")])
		expand_names(w, path, name, rest);
	else
		descend(w, path, name, rest);
}

/* --- what there is --- */

static void put_config(struct writer *w, const char *dir_path)
{
	char path[PATH_MAX], state[16];
	uint8_t cfg[PCIE_CFG_SIZE + 1];
	const char *rest;
	snprintf(path, sizeof(path), "%.3000s/power_state", dir_path);
	int dir = dir_of(w, path, &rest);
	/* Reading it would wake the device. */
	if (read_whole(dir, rest, state, sizeof(state)) > 0 && !strcmp(state, "D3cold\n"))
		return;
	snprintf(path, sizeof(path), "%.3000s/config", dir_path);
	dir = dir_of(w, path, &rest);
	ssize_t n = read_whole(dir, rest, (char *)cfg, sizeof(cfg));
	if (n <= 0 || !nameable(path))
		return;
	keep_scrub_config(cfg, (size_t)n);
	put_bytes(w, path, cfg, (size_t)n);
}

/* `link` is the function's in /sys/bus/pci/devices: to where the function really is. */
static void put_function(struct writer *w, const char *link)
{
	char target[PATH_MAX], path[PATH_MAX];
	const char *rest, *below = target;
	int dir = dir_of(w, link, &rest);
	file_link(dir, rest, target, sizeof(target));
	while (!strncmp(below, "../", 3))
		below += 3;
	if (strncmp(below, "devices/", 8) != 0)
		return;
	put_entry(w, link);
	snprintf(path, sizeof(path), "sys/%.4000s", below);
	put_config(w, path);
	for (size_t i = 0; i < sizeof(of_function) / sizeof(*of_function); i++)
		expand(w, path, of_function[i]);
}

static void put_functions(struct writer *w)
{
	struct dirent **list;
	int n = scandirat(w->host->sys, "bus/pci/devices", &list, NULL, alphasort);
	if (n < 0)
		w->r = -errno;
	for (int i = 0; i < n; i++) {
		char path[NAME_MAX + 32];
		snprintf(path, sizeof(path), "sys/bus/pci/devices/%s", list[i]->d_name);
		if (list[i]->d_name[0] != '.')
			put_function(w, path);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/* Of a /proc file only the lines that its row in keep_files wants. */
static void put_kept(struct writer *w, const struct keep_file *file)
{
	autofree char *kept = NULL;
	autofree char *line = NULL;
	size_t kept_size = 0, line_size = 0;
	const char *rest;
	int dir = dir_of(w, file->path, &rest);
	int fd = openat(dir, rest, O_RDONLY | O_CLOEXEC);
	autofile FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
	FILE *out = in ? open_memstream(&kept, &kept_size) : NULL;
	if (!out)
		return;
	while (getline(&line, &line_size, in) > 0 && ftell(out) < SNAPSHOT_TEXT_MAX / 2) {
		line[strcspn(line, "\n")] = 0;
		if (file->one_record && !*line)
			break;
		if (strlen(line) < SNAPSHOT_DATA_MAX && file->keep(line))
			fprintf(out, "%s\n", line);
	}
	if (fclose(out))
		w->r = -ENOMEM;
	else
		put_text(w, file->path, kept);
}

int snapshot_write(const struct host *host, FILE *out, struct err *err)
{
	struct writer w = { .host = host, .out = out };
	fputs(SNAPSHOT_MAGIC "\n", out);
	for (size_t i = 0; i < n_keep_files; i++)
		put_kept(&w, &keep_files[i]);
	put_functions(&w);
	for (size_t i = 0; i < sizeof(of_host) / sizeof(*of_host); i++) {
		const char *slash = strchr(of_host[i], '/');
		char part[8];
		snprintf(part, sizeof(part), "%.*s", (int)(slash - of_host[i]), of_host[i]);
		expand(&w, part, slash + 1);
	}
	fprintf(out, "end %zu\n", w.n);
	if (w.r)
		return err_errno(err, w.r, "snapshot of %s", host->sys_path);
	return fflush(out) || ferror(out) ? err_set(err, -EIO, "the snapshot could not be written")
					  : 0;
}
