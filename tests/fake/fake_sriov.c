/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/fake_sriov.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"

struct fake_sriov fake_sriov = { .dead = -1, .lost = -1 };

struct place {
	char s[96];
};

static struct place at_pf(const char *pf, const char *attr, unsigned index)
{
	struct place place;
	snprintf(place.s, sizeof(place.s), "bus/pci/devices/%s/%s%u", pf, attr, index);
	return place;
}

static struct place vf_address(unsigned index)
{
	struct place place;
	snprintf(place.s, sizeof(place.s), "0000:02:%02x.%u", 0x10 + 2 * index / 8, 2 * index % 8);
	return place;
}

static uint64_t number(const struct host *host, const char *pf, const char *attr)
{
	uint64_t value = 0;
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "bus/pci/devices/%s/%s", pf, attr);
	file_read_u64(host->sys, path, &value);
	return value;
}

static void add(const struct host *host, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void add(const struct host *host, const char *fmt, ...)
{
	char text[2048];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	struct host_tree tree = { .dir.fd = openat(host->sys, "..",
						   O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	assert_return_code(tree.dir.fd, errno);
	host_tree_add(&tree, text);
	close(tree.dir.fd);
}

static void remove_tree(const struct host *host, const char *path)
{
	char whole[PATH_MAX + 512];
	snprintf(whole, sizeof(whole), "%s/%s", host->sys_path, path);
	nftw(whole, tempdir_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_vf(const struct host *host, const char *pf, unsigned index)
{
	struct place at = vf_address(index);
	const char *vf = at.s;
	bool probe = number(host, pf, "sriov_drivers_autoprobe");
	if ((int)index == fake_sriov.lost)
		return;
	add(host,
	    "pci %s 8086:10ca class=020000 group=%u physfn=%s native=igbvf msix=3%s\n"
	    "sys/bus/pci/devices/%s/virtfn%u -> ../%s\n"
	    "sys/bus/pci/devices/%s/fake_vf%u = %u_000000000000_0_0_0_0_0_1_0_0\\n\n",
	    vf, 20 + index, pf, probe ? " driver=igbvf" : "", pf, index, vf, pf, index, index);
	if ((int)index == fake_sriov.dead)
		add(host,
		    "sys/bus/pci/devices/%s/config = "
		    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\n",
		    vf);
}

static void destroy_vf(const struct host *host, const char *pf, unsigned index)
{
	char path[PATH_MAX];
	unlinkat(host->sys, at_pf(pf, "virtfn", index).s, 0);
	unlinkat(host->sys, at_pf(pf, "fake_vf", index).s, 0);
	snprintf(path, sizeof(path), "bus/pci/devices/%.20s", vf_address(index).s);
	unlinkat(host->sys, path, 0);
	snprintf(path, sizeof(path), "devices/pci0000:00/%.20s", vf_address(index).s);
	remove_tree(host, path);
	snprintf(path, sizeof(path), "kernel/iommu_groups/%u", 20 + index);
	remove_tree(host, path);
}

int fake_sriov_numvfs(const struct host *host, const char *pf, const char *count)
{
	unsigned want = (unsigned)atoi(count), now = (unsigned)number(host, pf, "sriov_numvfs");
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "bus/pci/devices/%s/driver", pf);
	if (faccessat(host->sys, path, F_OK, 0))
		return -ENOENT;
	if (want > number(host, pf, "sriov_totalvfs"))
		return -ERANGE;
	if (want && now)
		return want == now ? 0 : -EBUSY;
	if (want > fake_sriov.fewer)
		want -= fake_sriov.fewer;
	for (unsigned i = 0; i < want; i++)
		make_vf(host, pf, i);
	for (unsigned i = 0; !want && i < now; i++)
		destroy_vf(host, pf, i);
	add(host, "sys/bus/pci/devices/%s/sriov_numvfs = %u\\n\n", pf, want);
	return 0;
}
