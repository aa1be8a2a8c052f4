/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resets. The kernel knows the methods (device specific, FLR, PM, the bus of a function alone on
 * it) and tries them at VFIO_DEVICE_RESET; what is left to us is the hot reset, which hits every
 * function behind a bridge and is allowed only to who owns them all. The guest's own function reset
 * ends here too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "vfio/parts.h"
#include "vfio/uapi.h"

#define AFFECTED_MAX 1024 /* functions behind one bridge; 256 with ARI on one bus */
#define FDS_MAX 256

struct hot_reset {
	struct vfio_pci_hot_reset_info *info; /* owned */
	int fds[FDS_MAX];                     /* borrowed group fds */
	uint32_t n_fds;
};

/* Which functions a hot reset hits. Caller frees. -ENODEV: the kernel has none for this device. */
static int read_affected(struct vfio_pci *vfio, struct vfio_pci_hot_reset_info **ret_info)
{
	uint32_t room = 8;
	for (int tries = 0; tries < 3; tries++) {
		size_t size = sizeof(struct vfio_pci_hot_reset_info) +
			      room * sizeof(struct vfio_pci_dependent_device);
		autofree struct vfio_pci_hot_reset_info *info = calloc(1, size);
		if (!info)
			return -ENOMEM;
		info->argsz = (uint32_t)size;
		int r = vfio_hot_reset_info(vfio->fd, info);
		if (r < 0 && r != -ENOSPC)
			return r;
		if (r == 0 && info->count <= room) {
			*ret_info = take_ptr(&info);
			return 0;
		}
		room = info->count;
		if (room > AFFECTED_MAX)
			return -E2BIG;
	}
	return -EAGAIN;
}

static struct bdf dependent_bdf(const struct vfio_pci_dependent_device *d)
{
	return (struct bdf){
		.domain = d->segment,
		.bus = d->bus,
		.dev = d->devfn >> 3,
		.fn = d->devfn & 7,
	};
}

static int not_ours(const struct vfio_pci *vfio, const struct vfio_pci_dependent_device *d,
		    struct err *err)
{
	return err_set(
		err, -EPERM,
		"%s: its bus reset would hit %s too, which this guest does not have; give the "
		"guest both, or hold that one",
		vfio->name.s, bdf_text(dependent_bdf(d)).s);
}

static void add_fd(struct hot_reset *hot, int fd)
{
	for (uint32_t i = 0; i < hot->n_fds; i++)
		if (hot->fds[i] == fd)
			return;
	hot->fds[hot->n_fds++] = fd;
}

/* Proof of ownership: each affected group once, and no other, or the kernel refuses. */
static int collect_groups(struct vfio_pci *vfio, struct hot_reset *hot, struct err *err)
{
	for (uint32_t i = 0; i < hot->info->count; i++) {
		int fd = iommu_group_fd(vfio->iommu, (int)hot->info->devices[i].group_id);
		if (fd < 0)
			return not_ours(vfio, &hot->info->devices[i], err);
		if (hot->n_fds == FDS_MAX)
			return err_set(err, -E2BIG, "%s: its bus reset hits too many groups",
				       vfio->name.s);
		add_fd(hot, fd);
	}
	return 0;
}

/* With cdevs the kernel itself looks whether all belong to our iommufd. */
static int check_owned(struct vfio_pci *vfio, const struct hot_reset *hot, struct err *err)
{
	if (hot->info->flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED)
		return 0;
	for (uint32_t i = 0; i < hot->info->count; i++)
		if ((int)hot->info->devices[i].group_id == VFIO_PCI_DEVID_NOT_OWNED)
			return not_ours(vfio, &hot->info->devices[i], err);
	return err_set(err, -EPERM, "%s: its bus reset would hit functions of others",
		       vfio->name.s);
}

static int hot_reset(struct vfio_pci *vfio, struct hot_reset *hot, struct err *err)
{
	int r = read_affected(vfio, &hot->info);
	if (r < 0) {
		err_errno(err, r, "%s: no function reset, and no bus reset either", vfio->name.s);
		return r;
	}
	r = hot->info->flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID ? check_owned(vfio, hot, err)
							      : collect_groups(vfio, hot, err);
	if (r < 0)
		return r;
	r = vfio_hot_reset(vfio->fd, hot->fds, hot->n_fds);
	if (r < 0)
		return err_errno(err, r, "%s: VFIO_DEVICE_PCI_HOT_RESET", vfio->name.s);
	return 0;
}

/* Everything of the set behind the same bridge is done with this one. */
static void mark_affected(struct vfio_pci *const *set, size_t n, bool *done,
			  const struct vfio_pci_hot_reset_info *info)
{
	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < info->count; k++)
			if (bdf_equal(set[i]->dev->bdf, dependent_bdf(&info->devices[k])))
				done[i] = true;
}

static int function_reset(struct vfio_pci *vfio, struct err *err)
{
	if (!(vfio->flags & VFIO_DEVICE_FLAGS_RESET))
		return -ENOTTY;
	int r = vfio_device_reset(vfio->fd);
	if (r < 0)
		err_errno(err, r, "%s: VFIO_DEVICE_RESET", vfio->name.s);
	return r;
}

/* The first failure's code; texts of all, one after the other. */
static void note(struct err *total, int *ret_code, const struct err *one, int code)
{
	if (*ret_code)
		err_hint(total, "%s", one->text);
	else
		err_set(total, code, "%s", one->text);
	if (!*ret_code)
		*ret_code = code;
}

static int reset_all(struct vfio_pci *const *set, size_t n, bool *done, struct err *err)
{
	int code = 0;
	struct err one = { 0 };
	for (size_t i = 0; i < n; i++)
		done[i] = done[i] || function_reset(set[i], &one) == 0;
	for (size_t i = 0; i < n; i++) {
		autofree struct vfio_pci_hot_reset_info *info = NULL;
		struct hot_reset hot = { .n_fds = 0 };
		if (done[i])
			continue;
		int r = hot_reset(set[i], &hot, &one);
		info = hot.info;
		if (r < 0)
			note(err, &code, &one, r);
		else
			mark_affected(set, n, done, info);
	}
	return code;
}

static int reset_chosen(struct vfio_pci *const *set, size_t n, bool *done, struct err *err)
{
	struct err ignored;
	struct pci_root *root = set[0]->root;
	pthread_mutex_lock(&root->lock);
	for (size_t i = 0; i < n; i++)
		vfio_quiesce(set[i]);
	int r = reset_all(set, n, done, err);
	for (size_t i = 0; i < n; i++)
		pci_func_reset(&set[i]->func);
	/* Nothing of the set decodes now; what a withdrawal took from others comes back. */
	if (set[0]->func.bus)
		pci_map_publish(root, &ignored);
	pthread_mutex_unlock(&root->lock);
	return r;
}

int vfio_reset_set(struct vfio_pci *const *set, size_t n, struct err *err)
{
	if (!n)
		return 0;
	autofree bool *done = calloc(n, sizeof(*done));
	return done ? reset_chosen(set, n, done, err) : err_errno(err, -ENOMEM, "reset");
}

int vfio_reset_unready(struct vfio_pci *const *set, size_t n, struct err *err)
{
	bool any = false;
	autofree bool *done = calloc(n + 1, sizeof(*done));
	if (!done)
		return err_errno(err, -ENOMEM, "reset");
	for (size_t i = 0; i < n; i++) {
		done[i] = set[i]->flags & VFIO_DEVICE_FLAGS_RESET;
		any = any || !done[i];
	}
	return any ? reset_chosen(set, n, done, err) : 0;
}

/*
 * The guest's write waits here for the 100 ms that a function reset takes, with the pci_root lock
 * held: other vCPUs wait if they touch config space, which is what keeps them from bringing a slot
 * back. The guest waits that long anyway (PCIe 6.0 §6.6.2).
 */
void vfio_guest_flr(struct vfio_pci *vfio)
{
	vfio_quiesce(vfio);
	int r = vfio_device_reset(vfio->fd);
	if (r < 0)
		log_error("%s: function reset asked by the guest: %s", vfio->name.s, strerror(-r));
	pci_func_reset(&vfio->func);
}
