/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's own facts: KVM, IOMMU, memory, limits, processors. */
#include "core/inventory_parts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/file.h"

#define CAP_IPC_LOCK_BIT 14 /* linux/capability.h */
#define CAP_SYS_RESOURCE_BIT 24
#define ECAP_INTREMAP (1u << 3) /* VT-d 4.0 §11.4.3: ECAP_REG.IR */

static bool exists(int dir, const char *path)
{
	return !faccessat(dir, path, F_OK, 0);
}

/* The number after `key` in a file of `key: number` lines; 0 when it is not there. */
static uint64_t number_after(const char *text, const char *key, int base)
{
	const char *at = strstr(text, key);
	return at ? strtoull(at + strlen(key), NULL, base) : 0;
}

void inventory_memory(struct inventory *inv, const struct host *host)
{
	char text[512]; /* both are among the first three lines (proc(5)) */
	if (file_read(host->proc, "meminfo", text, sizeof(text)) < 0)
		return;
	inv->mem_total = number_after(text, "MemTotal:", 10) * KIB;
	inv->mem_available = number_after(text, "MemAvailable:", 10) * KIB;
}

static uint64_t limit_value(const char *text)
{
	return !strncmp(text, "unlimited", 9) ? UINT64_MAX : strtoull(text, NULL, 10);
}

/* From /proc/self rather than getrlimit and capget, so that a saved tree answers for its own host.
 */
static void read_memlock(struct inventory *inv, const struct host *host)
{
	char text[4096], soft[32], hard[32];
	inv->memlock_limit = inv->memlock_hard = UINT64_MAX;
	if (file_read(host->proc, "self/limits", text, sizeof(text)) < 0)
		return;
	const char *line = strstr(text, "Max locked memory");
	if (!line || sscanf(line, "Max locked memory %31s %31s", soft, hard) != 2)
		return;
	uint64_t caps = 0;
	char status[4096];
	if (file_read(host->proc, "self/status", status, sizeof(status)) >= 0)
		caps = number_after(status, "CapEff:", 16);
	bool exempt = caps >> CAP_IPC_LOCK_BIT & 1;
	bool may_raise = caps >> CAP_SYS_RESOURCE_BIT & 1;
	inv->memlock_limit = exempt ? UINT64_MAX : limit_value(soft);
	inv->memlock_hard = exempt || may_raise ? UINT64_MAX : limit_value(hard);
}

/* A list such as `0-3,8-11`. */
static unsigned count_cpus(const char *list)
{
	unsigned n = 0;
	while (*list) {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;
		if (end == list)
			break;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (last >= first && last - first < 65536)
			n += (unsigned)(last - first + 1);
		list = *end == ',' ? end + 1 : end;
	}
	return n;
}

static void read_cpus(struct inventory *inv, const struct host *host)
{
	/* The first processor's record is enough, and reading all of them is slow on big hosts. */
	char text[4096];
	if (file_read(host->sys, "devices/system/cpu/online", text, sizeof(text)) > 0)
		inv->cpus = count_cpus(text);
	if (file_read(host->proc, "cpuinfo", text, sizeof(text)) > 0) {
		const char *at = strstr(text, "address sizes");
		at = at ? strchr(at, ':') : NULL;
		inv->phys_bits = at ? (unsigned)strtoul(at + 1, NULL, 10) : 0;
		inv->amd = strstr(text, "AuthenticAMD");
		inv->gib_pages = strstr(text, " pdpe1gb");
	}
}

/*
 * Only Intel's units say in sysfs whether they can remap interrupts; one that cannot makes it
 * false. Whether the kernel uses it shows when the first device is attached.
 */
static void read_intremap(struct inventory *inv, const struct host *host)
{
	inv->has_intremap = true;
	autodir DIR *list = dir_open(host->sys, "class/iommu");
	const char *name;
	while ((name = dir_next(list, "dmar"))) {
		char path[300], text[32];
		snprintf(path, sizeof(path), "%s/intel-iommu/ecap", name);
		if (file_read(dirfd(list), path, text, sizeof(text)) > 0 &&
		    !(strtoull(text, NULL, 16) & ECAP_INTREMAP))
			inv->has_intremap = false;
	}
}

/* The VFIO core takes the character device region `vfio-dev` only when it is built with cdevs. */
static bool has_vfio_cdevs(const struct host *host)
{
	char text[4096];
	return file_read(host->proc, "devices", text, sizeof(text)) > 0 &&
	       strstr(text, " vfio-dev");
}

/* A module's boolean parameter. */
static bool is_set(int dirfd, const char *path)
{
	char text[8];
	return file_read(dirfd, path, text, sizeof(text)) > 0 && text[0] == 'Y';
}

static void read_vfio(struct inventory *inv, const struct host *host)
{
	inv->has_kvm = exists(host->dev, "kvm");
	inv->has_vfio = exists(host->sys, "module/vfio") || exists(host->sys, "class/vfio-dev");
	inv->has_vfio_pci = exists(host->sys, "bus/pci/drivers/vfio-pci");
	inv->has_vfio_container = exists(host->dev, "vfio/vfio");
	inv->has_iommufd = exists(host->dev, "iommu") && has_vfio_cdevs(host);
	inv->unsafe_type1 =
		is_set(host->sys, "module/vfio_iommu_type1/parameters/allow_unsafe_interrupts");
	inv->unsafe_iommufd = is_set(host->sys, "module/iommufd/parameters/allow_unsafe_interrupts");
}

void host_facts_read(struct inventory *inv, const struct host *host)
{
	inventory_memory(inv, host);
	read_memlock(inv, host);
	read_cpus(inv, host);
	read_intremap(inv, host);
	read_vfio(inv, host);
}
