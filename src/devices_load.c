/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "devices_load.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/parse.h"

static int choose_group(const char *text, struct devices_view *view, struct err *err)
{
	uint64_t group;
	if (parse_u64(text, &group) || group > INT_MAX)
		return err_set(err, -EINVAL, "--group %s: not a group number", text);
	view->group = (int)group;
	for (size_t i = 0; i < view->inv->devs.n; i++)
		if (view->inv->devs.at[i].group == view->group)
			return 0;
	return err_set(err, -ENOENT, "this host has no IOMMU group %s with PCI devices", text);
}

static int choose_device(const char *text, struct devices_view *view, struct err *err)
{
	struct bdf bdf;
	if (bdf_parse(text, &bdf))
		return err_set(err, -EINVAL, "%s: not a PCI address such as 0000:01:00.0", text);
	view->one = inventory_find(view->inv, bdf);
	return view->one
		       ? 0
		       : err_set(err, -ENODEV, "%s: this host has no such device", bdf_text(bdf).s);
}

int devices_load(struct devices_loaded *loaded, const struct host *host,
		 const struct devices_choice *choice, struct err *err)
{
	struct devices_view *view = &loaded->view;
	int r = inventory_read(&loaded->inv, host, err);
	if (r)
		return r;
	*view = (struct devices_view){ .inv = &loaded->inv,
				       .claims = loaded->claims,
				       .group = DEVICES_ANY_GROUP,
				       .host = host };
	r = journal_claims(host, loaded->claims, JOURNAL_CLAIMS_MAX, &view->n_claims);
	if (r)
		err_errno(err, r, "%s", host->run_path);
	if (!r && choice->group)
		r = choose_group(choice->group, view, err);
	if (!r && choice->device)
		r = choose_device(choice->device, view, err);
	if (r)
		inventory_fini(&loaded->inv);
	return r;
}

void devices_unload(struct devices_loaded *loaded)
{
	inventory_fini(&loaded->inv);
}

bool devices_shows(const struct devices_view *view, const struct pci_dev *dev)
{
	if (view->one)
		return dev == view->one;
	return view->group == DEVICES_ANY_GROUP || dev->group == view->group;
}
