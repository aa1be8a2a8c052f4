/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "by_hand.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/parse.h"
#include "core/holder.h"
#include "core/inventory.h"
#include "device_task.h"
#include "iommu/group.h"
#include "quarantine.h"
#include "vfio/bind.h"

#define PREFIX "bound-"

static const struct device_task task = {
	.prefix = PREFIX,
	.busy = "another bulkhead is just binding or releasing it",
	.killed = "a bulkhead bind of it was killed or never came back",
};

bool by_hand_is_bound(const struct host *host, const char *journal, struct bdf *ret_bdf)
{
	char text[JOURNAL_NAME_MAX + 1];
	if (strncmp(journal, PREFIX, strlen(PREFIX)) != 0 || !journal_is_lasting(host, journal))
		return false;
	snprintf(text, sizeof(text), "%s", journal + strlen(PREFIX));
	for (char *c = text; *c; c++)
		if (*c == '-')
			*c = ':';
	return !bdf_parse(text, ret_bdf);
}

/* --- which device --- */

static int find_by_id(const struct host *host, const char *text, uint16_t vendor, uint16_t device,
		      struct bdf *ret_bdf, struct err *err)
{
	const struct inventory_want want = { .by_id = true, .vendor = vendor, .device = device };
	struct inventory inv;
	unsigned n = 0;
	int r = inventory_read_for(&inv, host, &want, 1, err);
	if (r)
		return r;
	for (size_t i = 0; i < inv.devs.n; i++) {
		const struct pci_dev *dev = &inv.devs.at[i];
		if (!dev->detailed || dev->vendor != vendor || dev->device != device)
			continue;
		*ret_bdf = dev->bdf;
		n++;
	}
	inventory_fini(&inv);
	if (n > 1)
		return err_set(err, -ENOTUNIQ, "%s fits %u devices; name one by its address", text,
			       n);
	return n ? 0
		 : err_set(err, -ENODEV,
			   "%s: no device of this host has these ids; bulkhead devices", text);
}

int by_hand_find(const struct host *host, const char *text, struct bdf *ret_bdf, struct err *err)
{
	char driver[NAME_MAX_SHORT], override[NAME_MAX_SHORT];
	uint16_t vendor, device;
	struct bdf bdf;
	if (!bdf_parse(text, &bdf)) {
		if (bind_state(host, bdf, driver, override, sizeof(driver)))
			return err_set(err, -ENODEV,
				       "%s: this host has no such device; bulkhead devices",
				       bdf_text(bdf).s);
		*ret_bdf = bdf;
		return 0;
	}
	if (parse_pci_id(text, &vendor, &device))
		return err_set(err, -EINVAL,
			       "%.32s: expected an address such as 0000:01:00.0 or ids such as "
			       "8086:10c9",
			       text);
	return find_by_id(host, text, vendor, device, ret_bdf, err);
}

/* --- what speaks against it --- */

static int check_kind(const struct pci_dev *dev, struct err *err)
{
	struct bdf_text address = bdf_text(dev->bdf);
	if (pci_dev_is_bridge(dev))
		return err_set(err, -EINVAL, "%s is a bridge; name the devices behind it",
			       address.s);
	if (dev->n_vfs && strcmp(dev->driver, "vfio-pci") != 0)
		return err_set(err, -EBUSY,
			       "%s has %u virtual functions enabled, which would vanish with its "
			       "driver; bulkhead vf remove %s",
			       address.s, dev->n_vfs, address.s);
	return dev->group >= 0 ? 0
			       : err_set(err, -ENODEV,
					 "%s is in no IOMMU group: no IOMMU covers it, so vfio-pci "
					 "cannot give it away",
					 address.s);
}

static int check_reset_kind(const struct pci_dev *dev, struct err *err)
{
	struct bdf_text address = bdf_text(dev->bdf);
	if (pci_dev_is_bridge(dev))
		return err_set(err, -EINVAL, "%s is a bridge; name the devices behind it",
			       address.s);
	if (dev->n_vfs)
		return err_set(err, -EBUSY,
			       "%s has %u virtual functions enabled, which a reset would take away",
			       address.s, dev->n_vfs);
	if (*dev->driver && !group_driver_harmless(dev->driver))
		return err_set(err, -EBUSY,
			       "%s: %s drives it, and a reset would pull the ground from under "
			       "that; bulkhead bind %s",
			       address.s, dev->driver, address.s);
	return 0;
}

/* Every holder is named: whoever frees the device wants to know of all. */
static int refuse_held(struct bdf bdf, const dev_holders *list, const struct pci_dev *dev,
		       struct err *err)
{
	bool any = false;
	for (size_t i = 0; i < list->n; i++) {
		const struct dev_holder *holder = &list->at[i];
		if (!dev_holder_matters(holder, dev))
			continue;
		if (!any)
			err_set(err, -EBUSY, "%s is in use: %s", bdf_text(bdf).s, holder->s);
		else
			err_hint(err, "%s", holder->s);
		any = true;
	}
	if (!any)
		return 0;
	err_hint(err, "free it, or take it with --force");
	return -EBUSY;
}

static int check_holders(const struct host *host, const struct inventory *inv, struct bdf bdf,
			 struct err *err)
{
	dev_holders list = { 0 };
	int r = dev_holders_of_inventory(inv, &bdf, 1, &list, err);
	if (!r)
		r = dev_holders_find(host, &bdf, 1, &list, err);
	if (!r)
		r = refuse_held(bdf, &list, inventory_find(inv, bdf), err);
	vec_free(&list);
	return r;
}

/* With `kind` NULL any kind will do. ret_uses (or NULL) is what the host uses it for. */
static int check(const struct host *host, struct bdf bdf, bool force,
		 int (*kind)(const struct pci_dev *dev, struct err *err), unsigned *ret_uses,
		 struct err *err)
{
	const struct inventory_want want = { .bdf = bdf };
	struct inventory inv;
	int r = device_task_check_claims(host, bdf, kind != check_reset_kind, err);
	if (r)
		return r;
	r = inventory_read_for(&inv, host, &want, 1, err);
	if (r)
		return r;
	const struct pci_dev *dev = inventory_find(&inv, bdf);
	if (!dev || !dev->detailed)
		r = err_set(err, -ENODEV, "%s: the device has gone", bdf_text(bdf).s);
	else if (kind)
		r = kind(dev, err);
	if (!r && !force)
		r = check_holders(host, &inv, bdf, err);
	if (!r && ret_uses)
		*ret_uses = dev ? dev->host_uses : 0;
	inventory_fini(&inv);
	return r;
}

static int check_bind(const struct host *host, struct bdf bdf, bool force, unsigned *ret_uses,
		      struct err *err)
{
	int r = quarantine_check(host, bdf, err);
	return r ? r : check(host, bdf, force, check_kind, ret_uses, err);
}

int by_hand_check_bind(const struct host *host, struct bdf bdf, bool force, struct err *err)
{
	return check_bind(host, bdf, force, NULL, err);
}

int by_hand_check_reset(const struct host *host, struct bdf bdf, struct err *err)
{
	return check(host, bdf, false, check_reset_kind, NULL, err);
}

/* --- bind --- */

static int open_journal(struct journal *journal, const struct host *host, struct bdf bdf,
			struct err *err)
{
	int r = device_task_open(journal, &task, host, bdf, err);
	if (r == -EUCLEAN && journal_is_lasting(host, journal_name_for(PREFIX, bdf).s))
		return err_set(err, -EALREADY, "%s is bound by hand already; bulkhead release %s",
			       bdf_text(bdf).s, bdf_text(bdf).s);
	return r;
}

/* In the order of a plan. The consoles only where the display is taken by force. */
static int change(struct journal *journal, struct bdf bdf, bool is_display, struct err *err)
{
	static const enum action_kind kinds[] = { ACTION_VTCON, ACTION_FRAMEBUFFER,
						  ACTION_NO_D3COLD, ACTION_POWER_ON,
						  ACTION_BIND_VFIO };
	size_t first = is_display ? 0 : 2;
	return device_task_do(journal, bdf, kinds + first, ARRAY_LEN(kinds) - first, err);
}

static void take_back(struct journal *journal, int code, struct err *err)
{
	struct err why = { 0 };
	if (journal_undo(journal, &why))
		err_hint(err, "putting back what was before failed too: %s; bulkhead recover %s",
			 why.text, journal->name);
	else if (code != -ETIMEDOUT)
		err_hint(err, "all is as it was before");
}

static int bind_checked(struct journal *journal, struct bdf bdf, bool force, struct err *err)
{
	autoclose int lock_fd = -1;
	char driver[NAME_MAX_SHORT], override[NAME_MAX_SHORT];
	unsigned uses = 0;
	int r = journal_lock_claims(journal->host, &lock_fd, err);
	if (!r)
		r = check_bind(journal->host, bdf, force, &uses, err);
	if (r)
		return r;
	if (!bind_state(journal->host, bdf, driver, override, sizeof(driver)) &&
	    !strcmp(driver, "vfio-pci"))
		return 1;
	r = change(journal, bdf, force && uses & USE_BOOT_VGA, err);
	return r ? r : journal_last(journal, err);
}

int by_hand_bind(const struct host *host, struct bdf bdf, bool force, struct err *err)
{
	struct journal journal;
	int r = open_journal(&journal, host, bdf, err);
	if (r)
		return r;
	r = bind_checked(&journal, bdf, force, err);
	if (r < 0)
		take_back(&journal, r, err);
	journal_close(&journal);
	return r;
}

/* --- release --- */

static int not_bound(struct bdf bdf, struct err *err)
{
	return err_set(
		err, -ENOENT,
		"%s was not bound by bulkhead bind: there is no record of what it was before",
		bdf_text(bdf).s);
}

/* First it is no longer lasting: whatever kills this, `recover` ends it. */
static int undo(const struct host *host, struct bdf bdf, const char *name, struct err *err)
{
	int r = journal_end_lasting(host, name, err);
	if (!r)
		r = journal_recover(host, name, NULL, NULL, err);
	if (r == -ENOENT)
		return not_bound(bdf, err);
	if (r == -EBUSY)
		err_hint(err, "another bulkhead is just binding or releasing %s", bdf_text(bdf).s);
	if (r == -ETIMEDOUT)
		err_hint(err, "bulkhead release %s again once the driver has let go",
			 bdf_text(bdf).s);
	return r;
}

int by_hand_release(const struct host *host, struct bdf bdf, bool force, struct err *err)
{
	autoclose int lock_fd = -1;
	struct journal_name name = journal_name_for(PREFIX, bdf);
	if (!journal_is_there(host, name.s))
		return not_bound(bdf, err);
	int r = journal_lock_claims(host, &lock_fd, err);
	if (!r)
		r = check(host, bdf, force, NULL, NULL, err);
	if (r == -ENODEV) /* it has gone: what is left is its record */
		r = 0;
	return r ? r : undo(host, bdf, name.s, err);
}
