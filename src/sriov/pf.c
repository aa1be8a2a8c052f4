/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sriov/pf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/text.h"
#include "sriov/pf_path.h"

/* --- reading --- */

static unsigned number(const struct host *host, struct bdf bdf, const char *attr)
{
	uint64_t value;
	return file_read_u64(host->sys, pf_path(bdf, attr).s, &value) ? 0 : (unsigned)value;
}

static void first_entry(int dirfd, const char *path, char *name, size_t size)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	name[0] = 0;
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		size_t len = strlen(entry->d_name);
		if (entry->d_name[0] != '.' && len < size &&
		    (!*name || strcmp(entry->d_name, name) < 0))
			memcpy(name, entry->d_name, len + 1);
	}
}

static struct pf_path net_path(struct bdf bdf, const char *netdev, const char *attr)
{
	char part[48];
	snprintf(part, sizeof(part), "net/%.15s/%s", netdev, attr);
	return pf_path(bdf, part);
}

void pf_netdev(const struct host *host, struct bdf bdf, char name[IFNAMSIZ])
{
	first_entry(host->sys, pf_path(bdf, "net").s, name, IFNAMSIZ);
}

static uint64_t net_number(const struct host *host, struct bdf bdf, const char *name,
			   const char *attr)
{
	uint64_t value;
	return file_read_u64(host->sys, net_path(bdf, name, attr).s, &value) ? 0 : value;
}

bool pf_netdev_is_up(const struct host *host, struct bdf bdf, const char *name)
{
	return net_number(host, bdf, name, "flags") & IFF_UP;
}

bool pf_netdev_has_link(const struct host *host, struct bdf bdf, const char *name)
{
	return net_number(host, bdf, name, "carrier") == 1;
}

static void read_netdev(const struct host *host, struct pf *pf)
{
	pf_netdev(host, pf->bdf, pf->netdev);
	if (!*pf->netdev)
		return;
	pf->ifindex = (unsigned)net_number(host, pf->bdf, pf->netdev, "ifindex");
	pf->is_up = pf_netdev_is_up(host, pf->bdf, pf->netdev);
	pf->has_carrier = pf_netdev_has_link(host, pf->bdf, pf->netdev);
	if (file_read(host->sys, net_path(pf->bdf, pf->netdev, "address").s, pf->netdev_mac,
		      sizeof(pf->netdev_mac)) < 0)
		pf->netdev_mac[0] = 0;
}

static int not_a_pf(const struct host *host, struct bdf bdf, struct err *err)
{
	char physfn[NAME_MAX_SHORT];
	if (faccessat(host->sys, pf_path(bdf, "").s, F_OK, 0))
		return err_set(err, -ENODEV, "%s: this host has no such device", bdf_text(bdf).s);
	if (!file_link_name(host->sys, pf_path(bdf, "physfn").s, physfn, sizeof(physfn)))
		return err_set(err, -EINVAL, "%s is itself a VF; its PF is %s", bdf_text(bdf).s,
			       physfn);
	return err_set(err, -EINVAL, "%s: this device has no SR-IOV capability", bdf_text(bdf).s);
}

int pf_read(const struct host *host, struct bdf bdf, struct pf *ret, struct err *err)
{
	struct pf pf = { .bdf = bdf };
	if (faccessat(host->sys, pf_path(bdf, "sriov_totalvfs").s, F_OK, 0))
		return not_a_pf(host, bdf, err);
	pf.total = number(host, bdf, "sriov_totalvfs");
	pf.count = number(host, bdf, "sriov_numvfs");
	pf.offset = number(host, bdf, "sriov_offset");
	pf.stride = number(host, bdf, "sriov_stride");
	pf.autoprobe = number(host, bdf, "sriov_drivers_autoprobe") != 0;
	pf.vendor = (uint16_t)number(host, bdf, "vendor");
	pf.device = (uint16_t)number(host, bdf, "device");
	if (file_link_name(host->sys, pf_path(bdf, "driver").s, pf.driver, sizeof(pf.driver)))
		pf.driver[0] = 0;
	read_netdev(host, &pf);
	*ret = pf;
	return 0;
}

int pf_vf(const struct host *host, struct bdf pf, unsigned index, struct bdf *ret_vf)
{
	char attr[24], name[NAME_MAX_SHORT];
	snprintf(attr, sizeof(attr), "virtfn%u", index);
	if (file_link_name(host->sys, pf_path(pf, attr).s, name, sizeof(name)) ||
	    bdf_parse(name, ret_vf))
		return -ENODEV;
	return 0;
}

/* --- all of them --- */

static int by_address(const void *a, const void *b)
{
	return bdf_compare(*(const struct bdf *)a, *(const struct bdf *)b);
}

typedef vec(struct bdf) bdfs;

static int list(const struct host *host, bdfs *found)
{
	int fd = openat(host->sys, "bus/pci/devices", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return -errno;
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct bdf bdf;
		if (bdf_parse(entry->d_name, &bdf) ||
		    faccessat(host->sys, pf_path(bdf, "sriov_totalvfs").s, F_OK, 0))
			continue;
		struct bdf *one = vec_push(found);
		if (!one)
			return -ENOMEM;
		*one = bdf;
	}
	if (found->n)
		qsort(found->at, found->n, sizeof(*found->at), by_address);
	return 0;
}

int pf_each(const struct host *host, int (*each)(void *ctx, const struct pf *pf), void *ctx,
	    struct err *err)
{
	bdfs found = { 0 };
	int r = list(host, &found);
	if (r)
		err_errno(err, r, "%s/bus/pci/devices", host->sys_path);
	for (size_t i = 0; !r && i < found.n; i++) {
		struct pf pf = { 0 };
		if (!pf_read(host, found.at[i], &pf, NULL)) /* else it has just gone */
			r = each(ctx, &pf);
	}
	vec_free(&found);
	return r;
}

/* --- finding one --- */

struct search {
	const char *text;
	uint16_t vendor, device;
	struct pf found;
	unsigned n;
	char near[IFNAMSIZ]; /* an interface of a PF with nearly that name */
	char all[256];
	struct text list;
};

static int match_id(void *ctx, const struct pf *pf)
{
	struct search *search = ctx;
	if (pf->vendor != search->vendor || pf->device != search->device)
		return 0;
	search->found = *pf;
	text_put(&search->list, "%s%s", search->n++ ? ", " : "", bdf_text(pf->bdf).s);
	return 0;
}

static int match_near(void *ctx, const struct pf *pf)
{
	struct search *search = ctx;
	const char *const names[] = { pf->netdev };
	if (*pf->netdev && near_match(search->text, names, 1))
		memcpy(search->near, pf->netdev, sizeof(search->near));
	return 0;
}

static int find_by_id(const struct host *host, struct search *search, struct pf *ret,
		      struct err *err)
{
	search->list = text_in(search->all, sizeof(search->all));
	int r = pf_each(host, match_id, search, err);
	if (r)
		return r;
	if (!search->n)
		return err_set(err, -ENODEV, "this host has no device %.16s with VFs",
			       search->text);
	if (search->n > 1)
		return err_set(err, -ENOTUNIQ, "%.16s is several: name one of %s", search->text,
			       search->all);
	*ret = search->found;
	return 0;
}

static int find_by_netdev(const struct host *host, struct search *search, struct pf *ret,
			  struct err *err)
{
	char path[64], name[NAME_MAX_SHORT];
	struct bdf bdf;
	bool is_name = strlen(search->text) < IFNAMSIZ && *search->text &&
		       !strchr(search->text, '/') && search->text[0] != '.';
	snprintf(path, sizeof(path), "class/net/%.15s/device", search->text);
	if (is_name && !file_link_name(host->sys, path, name, sizeof(name)) &&
	    !bdf_parse(name, &bdf)) {
		int r = pf_read(host, bdf, ret, err);
		if (r)
			err_prefix(err, "%s", search->text);
		return r;
	}
	pf_each(host, match_near, search, NULL);
	err_set(err, -ENODEV,
		"%.64s: no network interface, address or vendor:device of a device "
		"with VFs",
		search->text);
	if (*search->near)
		err_hint(err, "did you mean %s?", search->near);
	else
		err_hint(err, "bulkhead vf list shows what there is");
	return -ENODEV;
}

int pf_find(const struct host *host, const char *text, struct pf *ret, struct err *err)
{
	struct search search = { .text = text };
	struct bdf bdf;
	if (!bdf_parse(text, &bdf))
		return pf_read(host, bdf, ret, err);
	if (!parse_pci_id(text, &search.vendor, &search.device))
		return find_by_id(host, &search, ret, err);
	return find_by_netdev(host, &search, ret, err);
}
