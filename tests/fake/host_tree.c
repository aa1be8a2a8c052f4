/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/host_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "base/bdf.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/text.h"

static void make_parents(const struct host_tree *tree, const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	if (!slash)
		return;
	snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	assert_return_code(file_mkdirs(tree->dir.fd, dir), 0);
}

static void write_bytes(const struct host_tree *tree, const char *path, const void *data,
			size_t size)
{
	make_parents(tree, path);
	int fd = openat(tree->dir.fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_return_code(fd, errno);
	assert_int_equal(write(fd, data, size), size);
	close(fd);
}

static void put(const struct host_tree *tree, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void put(const struct host_tree *tree, const char *path, const char *fmt, ...)
{
	char text[8192];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	assert_in_range(n, 0, sizeof(text) - 1);
	write_bytes(tree, path, text, (size_t)n);
}

static void put_link(const struct host_tree *tree, const char *path, const char *target)
{
	make_parents(tree, path);
	unlinkat(tree->dir.fd, path, 0);
	assert_return_code(symlinkat(target, tree->dir.fd, path), errno);
}

/* --- PCI functions --- */

struct pci_item {
	char bdf[32], id[16];
	unsigned class_code, header, pin, msix, msi, vfs;
	int group, numa;
	int pcie; /* type, -1 = conventional */
	char driver[64], override[64], native[64], reset[64], physfn[32], power[16];
	struct {
		uint64_t size, flags;
	} bar[7];
};

static void parse_bar(struct pci_item *item, unsigned index, const char *value)
{
	static const struct {
		const char *word;
		uint64_t flags;
	} kinds[] = {
		{ "m32", 0x40200 }, { "m64", 0x140204 }, { "p64", 0x14220c }, { "io", 0x40101 }
	};
	const char *colon = strchr(value, ':');
	assert_non_null(colon);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strncmp(kinds[i].word, value, (size_t)(colon - value)))
			item->bar[index].flags = kinds[i].flags;
	assert_return_code(parse_size(colon + 1, &item->bar[index].size), 0);
}

static void set_text(char *field, size_t size, const char *value)
{
	snprintf(field, size, "%s", value);
	for (char *c = field; *c; c++)
		if (*c == '+')
			*c = ' ';
}

static void set_key(struct pci_item *item, const char *key, const char *value)
{
	const struct {
		const char *key;
		char *field;
		size_t size;
	} texts[] = {
		{ "driver", item->driver, sizeof(item->driver) },
		{ "override", item->override, sizeof(item->override) },
		{ "native", item->native, sizeof(item->native) },
		{ "reset", item->reset, sizeof(item->reset) },
		{ "physfn", item->physfn, sizeof(item->physfn) },
		{ "power", item->power, sizeof(item->power) },
	};
	const struct {
		const char *key;
		unsigned *field;
	} numbers[] = {
		{ "header", &item->header }, { "pin", &item->pin }, { "msix", &item->msix },
		{ "msi", &item->msi },       { "vfs", &item->vfs },
	};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (!strcmp(texts[i].key, key)) {
			set_text(texts[i].field, texts[i].size, value);
			return;
		}
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (!strcmp(numbers[i].key, key)) {
			*numbers[i].field = (unsigned)atoi(value);
			return;
		}
	if (!strcmp(key, "class"))
		item->class_code = (unsigned)strtoul(value, NULL, 16);
	else if (!strcmp(key, "group"))
		item->group = atoi(value);
	else if (!strcmp(key, "numa"))
		item->numa = atoi(value);
	else if (!strcmp(key, "pcie"))
		item->pcie = strcmp(value, "no") ? atoi(value) : -1;
	else if (!strcmp(key, "rom"))
		assert_return_code(parse_size(value, &item->bar[6].size), 0);
	else if (!strncmp(key, "bar", 3) && key[3] >= '0' && key[3] <= '5')
		parse_bar(item, (unsigned)(key[3] - '0'), value);
	else
		fail_msg("pci: key %s", key);
}

/* The header and three capabilities, each where a real device might have it. */
static void make_config(const struct pci_item *item, uint8_t cfg[256])
{
	unsigned vendor, device, last = 0x34;
	assert_int_equal(sscanf(item->id, "%4x:%4x", &vendor, &device), 2);
	memset(cfg, 0, 256);
	le_put(cfg, 2, *item->physfn ? 0xffff : vendor);
	le_put(cfg + 2, 2, *item->physfn ? 0xffff : device);
	le_put(cfg + 6, 2, 0x10);
	le_put(cfg + 9, 3, item->class_code);
	cfg[8] = 3;
	le_put(cfg + 0x2c, 2, vendor);
	le_put(cfg + 0x2e, 2, 1);
	cfg[0x0e] = (uint8_t)item->header;
	cfg[0x3d] = (uint8_t)item->pin;
	if (item->msi) {
		cfg[last] = 0x50;
		cfg[0x50] = 0x05;
		le_put(cfg + 0x52, 2, (uint64_t)__builtin_ctz(item->msi) << 1);
		last = 0x51;
	}
	if (item->msix) {
		cfg[last] = 0x70;
		cfg[0x70] = 0x11;
		le_put(cfg + 0x72, 2, item->msix - 1);
		last = 0x71;
	}
	if (item->pcie >= 0) {
		cfg[last] = 0xa0;
		cfg[0xa0] = 0x10;
		le_put(cfg + 0xa2, 2, (uint64_t)item->pcie << 4 | 2);
	}
}

static void make_resource(const struct host_tree *tree, const char *dir, struct pci_item *item)
{
	char path[PATH_MAX], lines[1024];
	struct text text = text_in(lines, sizeof(lines));
	struct bdf bdf;
	assert_return_code(bdf_parse(item->bdf, &bdf), 0);
	if (item->bar[6].size)
		item->bar[6].flags = 0x4e200;
	/* Addresses only have to differ from device to device. */
	uint64_t at = 0x8000000000 + ((uint64_t)bdf_rid(bdf) << 36);
	for (unsigned i = 0; i < 7; i++) {
		uint64_t size = item->bar[i].size, start = size ? at : 0;
		text_put(&text, "0x%016llx 0x%016llx 0x%016llx\n", (unsigned long long)start,
			 (unsigned long long)(size ? start + size - 1 : 0),
			 (unsigned long long)item->bar[i].flags);
		at += size ? align_up(size, 4096) : 0;
	}
	snprintf(path, sizeof(path), "%s/resource", dir);
	put(tree, path, "%s", lines);
}

static void make_driver(const struct host_tree *tree, const char *name)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "sys/bus/pci/drivers/%s/", name);
	make_parents(tree, path);
}

static void make_group(const struct host_tree *tree, const char *dir, const struct pci_item *item)
{
	char path[PATH_MAX], target[128];
	if (item->group < 0)
		return;
	snprintf(path, sizeof(path), "%s/iommu_group", dir);
	snprintf(target, sizeof(target), "../../../kernel/iommu_groups/%d", item->group);
	put_link(tree, path, target);
	snprintf(path, sizeof(path), "sys/kernel/iommu_groups/%d/devices/%s", item->group,
		 item->bdf);
	snprintf(target, sizeof(target), "../../../../devices/pci0000:00/%s", item->bdf);
	put_link(tree, path, target);
	snprintf(path, sizeof(path), "sys/kernel/iommu_groups/%d/reserved_regions", item->group);
	if (!host_tree_has(tree, path))
		put(tree, path, "0x00000000fee00000 0x00000000feefffff msi\n");
}

static void put_attr(const struct host_tree *tree, const char *dir, const char *attr,
		     const char *value)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", dir, attr);
	put(tree, path, "%s\n", value);
}

static void put_number(const struct host_tree *tree, const char *dir, const char *attr,
		       const char *fmt, unsigned value)
{
	char text[32];
	(void)fmt;
	snprintf(text, sizeof(text), strcmp(fmt, "hex") ? "%u" : "0x%x", value);
	put_attr(tree, dir, attr, text);
}

static void make_attrs(const struct host_tree *tree, const char *dir, const struct pci_item *item)
{
	unsigned vendor, device;
	char path[PATH_MAX], target[128];
	assert_int_equal(sscanf(item->id, "%4x:%4x", &vendor, &device), 2);
	put_number(tree, dir, "vendor", "hex", vendor);
	put_number(tree, dir, "device", "hex", device);
	put_number(tree, dir, "subsystem_vendor", "hex", vendor);
	put_number(tree, dir, "subsystem_device", "hex", 1);
	put_number(tree, dir, "class", "hex", item->class_code);
	put_number(tree, dir, "revision", "hex", 3);
	put_attr(tree, dir, "numa_node", item->numa ? "1" : "-1");
	put_attr(tree, dir, "driver_override", *item->override ? item->override : "(null)");
	put_attr(tree, dir, "power/control", *item->power ? item->power : "auto");
	put_attr(tree, dir, "fake_native", *item->native ? item->native : item->driver);
	if (*item->reset)
		put_attr(tree, dir, "reset_method", item->reset);
	if (item->vfs)
		put_number(tree, dir, "sriov_numvfs", "", item->vfs);
	if (*item->physfn) {
		snprintf(path, sizeof(path), "%s/physfn", dir);
		snprintf(target, sizeof(target), "../%s", item->physfn);
		put_link(tree, path, target);
	}
	if (*item->driver) {
		make_driver(tree, item->driver);
		snprintf(path, sizeof(path), "%s/driver", dir);
		snprintf(target, sizeof(target), "../../../bus/pci/drivers/%s", item->driver);
		put_link(tree, path, target);
	}
}

static void add_pci(const struct host_tree *tree, char *line)
{
	struct pci_item item = { .group = -1 };
	char *save = NULL, dir[128], path[PATH_MAX], target[128];
	uint8_t cfg[256];
	snprintf(item.bdf, sizeof(item.bdf), "%s", strtok_r(line, " \t", &save));
	snprintf(item.id, sizeof(item.id), "%s", strtok_r(NULL, " \t", &save));
	for (char *word; (word = strtok_r(NULL, " \t", &save));) {
		char *equals = strchr(word, '=');
		assert_non_null(equals);
		*equals = 0;
		set_key(&item, word, equals + 1);
	}
	snprintf(dir, sizeof(dir), "sys/devices/pci0000:00/%s", item.bdf);
	make_config(&item, cfg);
	snprintf(path, sizeof(path), "%s/config", dir);
	write_bytes(tree, path, cfg, sizeof(cfg));
	make_resource(tree, dir, &item);
	make_attrs(tree, dir, &item);
	make_group(tree, dir, &item);
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s", item.bdf);
	snprintf(target, sizeof(target), "../../../devices/pci0000:00/%s", item.bdf);
	put_link(tree, path, target);
}

/* --- lines --- */

static void unescape(char *text)
{
	char *to = text;
	for (const char *from = text; *from; from++)
		if (from[0] == '\\' && from[1] == 'n') {
			*to++ = '\n';
			from++;
		} else {
			*to++ = *from;
		}
	*to = 0;
}

static void add_line(const struct host_tree *tree, char *line)
{
	char *arrow = strstr(line, " -> "), *equals = strstr(line, " = ");
	if (!strncmp(line, "pci ", 4)) {
		add_pci(tree, line + 4);
	} else if (!strncmp(line, "driver ", 7)) {
		make_driver(tree, line + 7);
	} else if (equals) {
		*equals = 0;
		unescape(equals + 3);
		put(tree, line, "%s", equals + 3);
	} else if (arrow) {
		*arrow = 0;
		put_link(tree, line, arrow + 4);
	} else {
		assert_int_equal(line[strlen(line) - 1], '/');
		make_parents(tree, line);
	}
}

void host_tree_add(struct host_tree *tree, const char *text)
{
	char *copy = strdup(text), *save = NULL;
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		add_line(tree, line + strspn(line, " \t"));
	free(copy);
}

static const char always[] =
	"proc/meminfo = MemTotal:       16777216 kB\\nMemFree:         1000000 kB\\n"
	"MemAvailable:    8388608 kB\\n\n"
	"proc/cpuinfo = processor\t: 0\\naddress sizes\t: 46 bits physical, 48 bits virtual\\n\n"
	"proc/self/limits = Limit                     Soft Limit           Hard Limit           "
	"Units     "
	"\\nMax locked memory         unlimited            unlimited            bytes     \\n\n"
	"proc/self/status = Name:\tx\\nCapEff:\t0000000000000000\\n\n"
	"proc/self/mountinfo = 22 1 0:21 / /proc rw - proc proc rw\\n\n"
	"proc/devices = Character devices:\\n  1 mem\\n\n"
	"sys/devices/system/cpu/online = 0-3\\n\n"
	"sys/bus/pci/devices/\n"
	"sys/class/iommu/\n"
	"sys/module/vfio/\n"
	"driver vfio-pci\n"
	"dev/kvm = \n"
	"dev/vfio/vfio = \n"
	"run/\n";

/* In memory where there is such a place: the journal syncs, and disks are slow at that. */
static void make_dir(struct tempdir *dir)
{
	static const char *const places[] = { "/dev/shm", "/tmp" };
	dir->fd = -1;
	for (size_t i = 0; i < ARRAY_LEN(places) && dir->fd < 0; i++) {
		snprintf(dir->path, sizeof(dir->path), "%s/bulkhead-test-XXXXXX", places[i]);
		if (mkdtemp(dir->path))
			dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	assert_return_code(dir->fd, errno);
}

void host_tree_make(struct host_tree *tree, const char *text)
{
	struct err err = { 0 };
	make_dir(&tree->dir);
	host_tree_add(tree, always);
	host_tree_add(tree, text);
	if (host_open(&tree->host, tree->dir.path, &err))
		fail_msg("%s", err.text);
}

void host_tree_remove(struct host_tree *tree)
{
	host_close(&tree->host);
	tempdir_remove(&tree->dir);
}

/* --- looking --- */

const char *host_tree_read(const struct host_tree *tree, const char *path)
{
	static _Thread_local char text[4096];
	if (file_read(tree->dir.fd, path, text, sizeof(text)) < 0)
		text[0] = 0;
	return text;
}

const char *host_tree_link(const struct host_tree *tree, const char *path)
{
	static _Thread_local char name[256];
	if (file_link_name(tree->dir.fd, path, name, sizeof(name)))
		name[0] = 0;
	return name;
}

bool host_tree_has(const struct host_tree *tree, const char *path)
{
	return !faccessat(tree->dir.fd, path, F_OK, AT_SYMLINK_NOFOLLOW);
}

static void state_of(int dir, const char *prefix, FILE *out);

static void state_of_entry(int dir, const char *name, const char *path, FILE *out)
{
	char text[512];
	struct stat st;
	assert_return_code(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), errno);
	if (S_ISLNK(st.st_mode)) {
		ssize_t n = readlinkat(dir, name, text, sizeof(text));
		fprintf(out, "%s -> %.*s\n", path, (int)n, text);
	} else if (S_ISREG(st.st_mode)) {
		assert_true(file_read(dir, name, text, sizeof(text)) >= 0);
		fprintf(out, "%s = %s\n", path, text);
	} else if (S_ISDIR(st.st_mode)) {
		int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		state_of(fd, path, out);
		close(fd);
	}
}

static void state_of(int dir, const char *prefix, FILE *out)
{
	struct dirent **list;
	int n = scandirat(dir, ".", &list, NULL, alphasort);
	assert_return_code(n, errno);
	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];
		snprintf(path, sizeof(path), "%s/%s", prefix, list[i]->d_name);
		if (strcmp(list[i]->d_name, ".") && strcmp(list[i]->d_name, ".."))
			state_of_entry(dir, list[i]->d_name, path, out);
		free(list[i]);
	}
	free(list);
}

char *host_tree_state(const struct host_tree *tree)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	state_of(tree->host.sys, "sys", out);
	fclose(out);
	return text;
}
