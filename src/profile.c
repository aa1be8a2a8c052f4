/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/parse.h"
#include "profile_options.h"

/* The directory that relative names in the file are taken from, absolute. */
static int profile_dir(const char *path, char ret_dir[PATH_MAX], struct err *err)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	autofree char *dir = slash ? strndup(path, len ? len : 1) : strdup(".");
	if (!dir)
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	if (!realpath(dir, ret_dir))
		return err_errno(err, -errno, "%s: cannot read", path);
	return 0;
}

static bool same_device(const struct profile_device *a, const struct profile_device *b)
{
	if (a->vf.pf || b->vf.pf)
		return a->vf.pf && b->vf.pf && a->vf.index != OPT_NONE &&
		       a->vf.index == b->vf.index && !strcmp(a->vf.pf, b->vf.pf);
	if (a->by_id != b->by_id)
		return false;
	return a->by_id ? a->vendor == b->vendor && a->device == b->device
			: bdf_equal(a->bdf, b->bdf);
}

static int check_duplicates(const struct profile *profile, struct err *err)
{
	for (unsigned i = 1; i < profile->n_devices; i++) {
		for (unsigned j = 0; j < i; j++) {
			const struct profile_device *a = &profile->device[j],
						    *b = &profile->device[i];
			if (!same_device(a, b))
				continue;
			struct opt_at at = { .source = b->line ? profile->path : "--set",
					     .line = b->line };
			snprintf(at.path, sizeof(at.path), "devices[%u].%s", i,
				 b->pci ? "pci" : "vf");
			return opt_error(&at, err, -EEXIST, "%s is already devices[%u]",
					 profile_device_name(b).s, j);
		}
	}
	return 0;
}

static int apply_overrides(struct profile *profile, const char *const *overrides, unsigned n,
			   struct err *err)
{
	char dir[PATH_MAX];
	if (n && !realpath(".", dir))
		return err_errno(err, -errno, "--set: the current directory");
	for (unsigned i = 0; i < n; i++) {
		int r = opt_set(&profile_options, profile, overrides[i], dir, err);
		if (r)
			return r;
	}
	return 0;
}

#define FIRMWARE_RAM_MIN (256 * MIB) /* OVMF unpacks itself at fixed places up to 160 MiB */

static int refuse_boot(const struct profile *profile, const char *key, struct err *err,
		       const char *text)
{
	struct opt_at at = { .source = profile->path };
	snprintf(at.path, sizeof(at.path), "boot.%s", key);
	return opt_error(&at, err, -EINVAL, "%s", text);
}

static int check_boot(const struct profile *profile, struct err *err)
{
	if (profile->firmware.type == FIRMWARE_NONE)
		return profile->boot.kernel
			       ? 0
			       : refuse_boot(profile, "kernel", err,
					     "missing; give a file name, or \"uefi\" as "
					     "firmware.type to boot from a disk");
	if (profile->memory < FIRMWARE_RAM_MIN) {
		struct opt_at at = { .source = profile->path, .path = "memory" };
		return opt_error(&at, err, -ERANGE, "%s is too little for UEFI firmware; give at least %s",
				 size_text(profile->memory).s, size_text(FIRMWARE_RAM_MIN).s);
	}
	if (!profile->boot.kernel && profile->boot.initrd)
		return refuse_boot(profile, "initrd", err, "there is no boot.kernel to use it");
	if (!profile->boot.kernel && *profile->boot.cmdline)
		return refuse_boot(profile, "cmdline", err, "there is no boot.kernel to read it");
	if (profile->boot.kernel && profile->firmware.secure_boot)
		return refuse_boot(profile, "kernel", err,
				   "firmware.secure_boot does not cover it: the firmware would start "
				   "it unsigned; boot from a disk, or leave out one of the two");
	return 0;
}

static int load(struct profile *profile, const char *const *overrides, unsigned n_overrides,
		struct err *err)
{
	char dir[PATH_MAX];
	int r = opt_defaults(&profile_options, profile, err);
	if (!r)
		r = profile_dir(profile->path, dir, err);
	if (!r)
		r = opt_load(&profile_options, profile, profile->path, dir, err);
	if (!r)
		r = apply_overrides(profile, overrides, n_overrides, err);
	if (!r)
		r = opt_check_required(&profile_options, profile, profile->path, err);
	if (!r)
		r = check_boot(profile, err);
	if (!r)
		r = profile_check_devices(profile, err);
	if (!r)
		r = profile_check_hypervisor(profile, err);
	if (!r)
		r = profile_check_boot_order(profile, err);
	return r ? r : check_duplicates(profile, err);
}

int profile_load(struct profile *profile, const char *path, const char *const *overrides,
		 unsigned n_overrides, struct err *err)
{
	memset(profile, 0, sizeof(*profile));
	profile->path = strdup(path);
	int r = profile->path ? load(profile, overrides, n_overrides, err)
			      : err_set(err, -ENOMEM, "%s: out of memory", path);
	if (r)
		profile_fini(profile);
	return r;
}

void profile_fini(struct profile *profile)
{
	opt_fini(&profile_options, profile);
	free(profile->path);
	profile->path = NULL;
}

int profile_dump(const struct profile *profile, FILE *out)
{
	return opt_write(&profile_options, profile, out);
}

void profile_write_reference(FILE *out)
{
	opt_write_reference(&profile_options, out);
}
