/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fingerprint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/text.h"
#include "core/inventory.h"
#include "core/pci_path.h"
#include "core/resource.h"
#include "json.h"
#include "pci/cap.h"

#define VALUE_MAX 4096
#define OPTIONS_MAX 256 /* of one module; kvm has about thirty */
#define CAPS_MAX 64

static void put(json_t *to, const char *key, const char *value)
{
	if (*value)
		json_object_set_new(to, key, json_text(value));
}

static void put_file(json_t *to, const char *key, int dirfd, const char *path)
{
	char value[VALUE_MAX];
	if (file_read(dirfd, path, value, sizeof(value)) > 0)
		put(to, key, value);
}

/* --- the host --- */

static const struct {
	const char *key;
	bool in_proc;
	const char *path;
} facts[] = {
	{ "kernel", true, "sys/kernel/osrelease" },
	{ "kernel build", true, "sys/kernel/version" },
	{ "kernel command line", true, "cmdline" },
	{ "firmware vendor", false, "class/dmi/id/bios_vendor" },
	{ "firmware version", false, "class/dmi/id/bios_version" },
	{ "firmware date", false, "class/dmi/id/bios_date" },
	{ "board", false, "class/dmi/id/board_name" },
	{ "machine", false, "class/dmi/id/product_name" },
};

/* The field of the first processor. */
static void put_cpu(json_t *to, const char *key, const char *cpuinfo, const char *field)
{
	char value[128];
	size_t n = strlen(field);
	for (const char *line = cpuinfo; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, field, n) != 0 || !strchr("\t :", line[n]))
			continue;
		if (sscanf(line + n, " : %127[^\n]", value) == 1)
			put(to, key, value);
		return;
	}
}

/* What Bulkhead itself sets for as long as a profile runs says nothing of the host. */
static bool is_option(const char *name)
{
	return name[0] != '.' && strcmp(name, "allow_unsafe_interrupts") != 0;
}

static void put_options(json_t *to, const struct host *host, const char *module)
{
	char path[128], key[NAME_MAX + 64];
	snprintf(path, sizeof(path), "module/%s/parameters", module);
	autodir DIR *dir = dir_open(host->sys, path);
	const char *name;
	for (unsigned i = 0; i < OPTIONS_MAX && (name = dir_next(dir, "")); i++) {
		if (!is_option(name))
			continue;
		snprintf(key, sizeof(key), "option %s.%s", module, name);
		put_file(to, key, dirfd(dir), name);
	}
}

static json_t *read_host(const struct host *host)
{
	static const char *const modules[] = {
		"kvm",           "kvm_intel",        "kvm_amd", "vfio",      "vfio_pci",
		"vfio_pci_core", "vfio_iommu_type1", "iommufd", "pcie_aspm",
	};
	json_t *to = json_object();
	char cpuinfo[VALUE_MAX];
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		put_file(to, facts[i].key, facts[i].in_proc ? host->proc : host->sys,
			 facts[i].path);
	if (file_read(host->proc, "cpuinfo", cpuinfo, sizeof(cpuinfo)) > 0) {
		put_cpu(to, "processor", cpuinfo, "model name");
		put_cpu(to, "microcode", cpuinfo, "microcode");
	}
	for (size_t i = 0; i < ARRAY_LEN(modules); i++)
		put_options(to, host, modules[i]);
	return to;
}

/* --- a device; `dir` is its directory in sysfs --- */

static uint64_t number(int dir, const char *name)
{
	uint64_t value = 0;
	return file_read_u64(dir, name, &value) ? 0 : value;
}

static void put_identity(json_t *to, int dir)
{
	char value[96];
	snprintf(value, sizeof(value),
		 "%04" PRIx64 ":%04" PRIx64 " revision %02" PRIx64 " class %06" PRIx64
		 " subsystem %04" PRIx64 ":%04" PRIx64,
		 number(dir, "vendor"), number(dir, "device"), number(dir, "revision"),
		 number(dir, "class"), number(dir, "subsystem_vendor"),
		 number(dir, "subsystem_device"));
	put(to, "identity", value);
}

/* Sizes and kinds; addresses are dealt out again at each start of the host. */
static void put_bars(json_t *to, int dir)
{
	char resource[VALUE_MAX], value[256];
	struct text text = text_in(value, sizeof(value));
	if (file_read(dir, "resource", resource, sizeof(resource)) < 0)
		return;
	const char *at = resource;
	struct pci_resource bar;
	for (unsigned i = 0; i < PCI_N_BARS && pci_resource_next(&at, &bar); i++) {
		uint64_t flags = bar.flags;
		if (!(flags & (RES_IO | RES_MEM)))
			continue;
		text_put(&text, "%s%u:%s:%s%s%s", text.n ? " " : "", i,
			 size_text(bar.size).s, flags & RES_IO ? "I/O" : "memory",
			 flags & RES_MEM64 ? "64" : "", flags & RES_PREFETCH ? "p" : "");
	}
	put(to, "BARs", value);
}

/*
 * The list of extended ones, header by header: reading all of config space is slow, and a device
 * that somebody uses had better not be asked for what it need not tell. Bounded, as any device's
 * list.
 */
static void put_ext_caps(struct text *text, int fd)
{
	unsigned off = PCI_CFG_SIZE;
	for (unsigned i = 0; i < CAPS_MAX && off >= PCI_CFG_SIZE; i++) {
		uint8_t raw[4];
		uint32_t header = 0;
		if (pread(fd, raw, sizeof(raw), off) == sizeof(raw))
			header = le32_get(raw);
		if (!header || header == UINT32_MAX)
			return;
		text_put(text, " %04x@%03x", header & 0xffff, off);
		off = header >> 20 & 0xffc;
	}
}

static void put_caps(json_t *to, int dir)
{
	uint8_t cfg[PCI_CFG_SIZE];
	char value[1024];
	struct pci_cap caps[CAPS_MAX];
	struct text text = text_in(value, sizeof(value));
	autoclose int fd = openat(dir, "config", O_RDONLY | O_CLOEXEC);
	/* Without privilege the kernel shows 64 bytes. */
	if (fd < 0 || pread(fd, cfg, sizeof(cfg), 0) != sizeof(cfg))
		return;
	if (le32_get(cfg) == UINT32_MAX) {
		put(to, "capabilities", "it does not answer");
		return;
	}
	size_t found = pci_cap_list(cfg, sizeof(cfg), caps, CAPS_MAX);
	for (size_t i = 0; i < found; i++)
		text_put(&text, "%s%02x@%02x", text.n ? " " : "", caps[i].id, caps[i].off);
	put_ext_caps(&text, fd);
	put(to, "capabilities", value);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Who it shares a group with: firmware and kernel options change it, and it stops a start. */
static void put_group(json_t *to, int dir)
{
	char value[1024], names[CAPS_MAX][16], *order[CAPS_MAX];
	struct text text = text_in(value, sizeof(value));
	unsigned n = 0;
	autodir DIR *members = dir_open(dir, "iommu_group/devices");
	if (!members)
		return;
	for (const char *name; n < CAPS_MAX && (name = dir_next(members, "")); n++) {
		snprintf(names[n], sizeof(names[n]), "%.15s", name);
		order[n] = names[n];
	}
	qsort(order, n, sizeof(order[0]), by_text);
	for (unsigned i = 0; i < n; i++)
		text_put(&text, "%s%s", i ? " " : "", order[i]);
	put(to, "group", value);
}

static void put_device(json_t *to, const struct host *host, struct bdf bdf)
{
	autoclose int dir =
		openat(host->sys, pci_path(bdf, "").s, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return;
	json_t *device = json_object();
	put_identity(device, dir);
	put_bars(device, dir);
	put_caps(device, dir);
	put_group(device, dir);
	json_object_set_new(to, bdf_text(bdf).s, device);
}

static void put_time(json_t *to)
{
	char value[32];
	time_t now = time(NULL);
	struct tm tm;
	if (localtime_r(&now, &tm) && strftime(value, sizeof(value), "%F %T", &tm))
		put(to, "recorded", value);
}

json_t *fingerprint_read(const struct host *host, const struct bdf *devices, unsigned n,
			 const char *profile)
{
	json_t *to = json_object(), *all = json_object();
	json_object_set_new(to, "version", json_integer(1));
	put_time(to);
	put(to, "profile", profile);
	json_object_set_new(to, "host", read_host(host));
	for (unsigned i = 0; i < n && i < FINGERPRINT_DEVICES_MAX; i++)
		put_device(all, host, devices[i]);
	if (json_object_set_new(to, "devices", all)) {
		json_decref(to);
		return NULL;
	}
	return to;
}

/* --- one that was stored --- */

static bool all_texts(json_t *object)
{
	const char *key;
	json_t *value;
	if (!json_is_object(object))
		return false;
	json_object_foreach(object, key, value) if (!json_is_string(value)) return false;
	return true;
}

static bool is_fingerprint(json_t *json)
{
	const char *key;
	json_t *value;
	json_t *devices = json_object_get(json, "devices");
	if (json_integer_value(json_object_get(json, "version")) != 1 ||
	    !all_texts(json_object_get(json, "host")) || !json_is_object(devices))
		return false;
	json_object_foreach(devices, key, value) if (!all_texts(value)) return false;
	return true;
}

int fingerprint_parse(const char *text, size_t size, json_t **ret_fingerprint)
{
	json_error_t why;
	json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
	if (!json || !is_fingerprint(json)) {
		json_decref(json);
		return -EBADMSG;
	}
	*ret_fingerprint = json;
	return 0;
}

unsigned fingerprint_devices(const json_t *fingerprint, struct bdf ret[FINGERPRINT_DEVICES_MAX])
{
	unsigned n = 0;
	const char *key;
	json_t *value;
	json_object_foreach(json_object_get(fingerprint, "devices"), key,
			    value) if (n < FINGERPRINT_DEVICES_MAX && !bdf_parse(key, &ret[n])) n++;
	return n;
}

struct comparison {
	fingerprint_visit visit;
	void *ctx;
	unsigned n;
};

static void differ(struct comparison *c, const char *what, const char *was, const char *is)
{
	c->n++;
	c->visit(c->ctx, what, was, is);
}

static void compare_texts(struct comparison *c, const char *prefix, json_t *good, const json_t *now)
{
	const char *key;
	json_t *value;
	json_object_foreach(good, key, value)
	{
		const char *was = json_string_value(value);
		const char *is = json_string_value(json_object_get(now, key));
		char what[NAME_MAX + 128];
		if (!was || !is || !strcmp(was, is))
			continue;
		snprintf(what, sizeof(what), "%s%s", prefix, key);
		differ(c, what, was, is);
	}
}

static void compare_device(struct comparison *c, const char *address, json_t *good,
			   const json_t *now)
{
	char what[64];
	snprintf(what, sizeof(what), "device %.32s%s", address, now ? " " : "");
	if (!now) {
		const char *was = json_string_value(json_object_get(good, "identity"));
		differ(c, what, was ? was : "there", NULL);
		return;
	}
	compare_texts(c, what, good, now);
}

unsigned fingerprint_compare(const json_t *good, const json_t *now, fingerprint_visit visit,
			     void *ctx)
{
	struct comparison c = { .visit = visit, .ctx = ctx };
	const json_t *there = json_object_get(now, "devices");
	const char *was = json_string_value(json_object_get(good, "profile"));
	const char *is = json_string_value(json_object_get(now, "profile"));
	const char *address;
	json_t *device;
	if (was && is && strcmp(was, is) != 0)
		differ(&c, "profile", was, is);
	compare_texts(&c, "", json_object_get(good, "host"), json_object_get(now, "host"));
	json_object_foreach(json_object_get(good, "devices"), address, device)
		compare_device(&c, address, device, json_object_get(there, address));
	return c.n;
}
