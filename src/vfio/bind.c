/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vfio/bind.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "core/pci_path.h"
#include "core/sysfs.h"

#define DRIVER_MAX 64
#define VFIO_PCI "vfio-pci"

/*
 * The one request that waits for a driver: unbinding calls its remove function and probing the
 * next one's probe, and either may take as long as it likes.
 */
static int ask_driver(const struct host *host, const char *path, struct bdf bdf, struct err *err)
{
	return sysfs_ask(host, path, bdf_text(bdf).s, err);
}

/* "" clears it: the kernel takes an empty line for none. Waits for the driver as well. */
static int set_override(const struct host *host, struct bdf bdf, const char *driver,
			struct err *err)
{
	int r = sysfs_ask(host, pci_path(bdf, "driver_override").s, *driver ? driver : "\n", err);
	return r ? sysfs_failed(err, r, "%s: writing driver_override", bdf_text(bdf).s) : 0;
}

int bind_state(const struct host *host, struct bdf bdf, char *ret_driver, char *ret_override,
	       size_t size)
{
	if (faccessat(host->sys, pci_path(bdf, "").s, F_OK, 0))
		return -ENODEV;
	if (file_link_name(host->sys, pci_path(bdf, "driver").s, ret_driver, size))
		ret_driver[0] = 0;
	ssize_t n = file_read(host->sys, pci_path(bdf, "driver_override").s, ret_override, size);
	if (n < 0 || !strcmp(ret_override, "(null)"))
		ret_override[0] = 0;
	return 0;
}

static int unbind(const struct host *host, struct bdf bdf, const char *driver, struct err *err)
{
	int r = ask_driver(host, pci_path(bdf, "driver/unbind").s, bdf, err);
	/* -ENODEV: it lost its driver since we looked, which is what we want. */
	if (r && r != -ENODEV && r != -ENOENT)
		return sysfs_failed(err, r, "%s: unbinding it from %s", bdf_text(bdf).s, driver);
	return 0;
}

static int need_vfio_pci(const struct host *host, struct err *err)
{
	if (!faccessat(host->sys, "bus/pci/drivers/" VFIO_PCI, F_OK, 0))
		return 0;
	int r = module_load(host, VFIO_PCI, err);
	if (r)
		return r;
	if (faccessat(host->sys, "bus/pci/drivers/" VFIO_PCI, F_OK, 0))
		return err_set(err, -ENOENT,
			       "the module vfio-pci was loaded, but its driver did not "
			       "appear: see the kernel log");
	return 0;
}

/*
 * Overrides `bdf` to `driver`, frees it from `old` ("" = none), has the kernel probe, and looks who
 * has it now.
 */
static int move(const struct host *host, struct bdf bdf, const char *old, const char *driver,
		struct err *err)
{
	int r = set_override(host, bdf, driver, err);
	if (!r && *old)
		r = unbind(host, bdf, old, err);
	if (r)
		return r;
	int probed = ask_driver(host, "bus/pci/drivers_probe", bdf, err);
	if (probed == -ETIMEDOUT)
		return sysfs_failed(err, probed, "%s: binding it to %s", bdf_text(bdf).s,
				    driver);
	char now[DRIVER_MAX], override[DRIVER_MAX];
	r = bind_state(host, bdf, now, override, sizeof(now));
	if (r)
		return err_set(err, r, "%s: the device has gone", bdf_text(bdf).s);
	if (!strcmp(now, driver))
		return 0;
	r = probed ? probed : -EBUSY;
	if (*now)
		return err_set(err, r, "%s: %s took it instead of %s", bdf_text(bdf).s, now,
			       driver);
	if (probed)
		return err_errno(err, r, "%s: %s did not take it", bdf_text(bdf).s, driver);
	return err_set(err, r, "%s: %s did not take it", bdf_text(bdf).s, driver);
}

int bind_vfio(const struct host *host, struct bdf bdf, struct err *err)
{
	char driver[DRIVER_MAX], override[DRIVER_MAX];
	int r = bind_state(host, bdf, driver, override, sizeof(driver));
	if (r)
		return err_set(err, r, "%s: no such device", bdf_text(bdf).s);
	if (!strcmp(driver, VFIO_PCI))
		return 0;
	r = need_vfio_pci(host, err);
	if (r) {
		err_prefix(err, "%s", bdf_text(bdf).s);
		return r;
	}
	r = move(host, bdf, driver, VFIO_PCI, err);
	if (r && r != -ETIMEDOUT)
		err_hint(err, "the kernel log says why");
	return r;
}

/*
 * A device loses its driver's link before the driver lets go. Who still waits for that has its lock,
 * and a write to power/control needs the lock: writing what is there already tells.
 */
static int await_release(const struct host *host, struct bdf bdf, struct err *err)
{
	char value[DRIVER_MAX];
	struct pci_path path = pci_path(bdf, "power/control");
	if (file_read(host->sys, path.s, value, sizeof(value)) <= 0)
		return 0;
	int r = sysfs_ask(host, path.s, value, err);
	return r == -ETIMEDOUT ? sysfs_failed(err, r, "%s: waiting for its last driver", bdf_text(bdf).s)
			       : 0;
}

static int leave_unbound(const struct host *host, struct bdf bdf, const char *now,
			 const char *override, struct err *err)
{
	/* First the override, so that a probe from elsewhere cannot make vfio-pci take it back. */
	int r = set_override(host, bdf, override, err);
	if (r)
		return r;
	return *now ? unbind(host, bdf, now, err) : await_release(host, bdf, err);
}

int bind_restore(const struct host *host, struct bdf bdf, const char *driver, const char *override,
		 struct err *err)
{
	char now[DRIVER_MAX], now_override[DRIVER_MAX];
	int r = bind_state(host, bdf, now, now_override, sizeof(now));
	if (r)
		return err_set(err, r, "%s: the device has gone", bdf_text(bdf).s);
	if (!*driver)
		return leave_unbound(host, bdf, now, override, err);
	if (strcmp(now, driver) != 0) {
		/* By override: several drivers may match, and a VF may be set not to probe. */
		r = move(host, bdf, now, driver, err);
		if (r == -ETIMEDOUT)
			return r;
		if (r)
			err_hint(err, "modprobe %s if it was unloaded", driver);
	}
	/* Even after a failure the override must not stay: it would keep every driver away. */
	bind_state(host, bdf, now, now_override, sizeof(now));
	if (!strcmp(now_override, override))
		return r;
	int r2 = set_override(host, bdf, override, r ? NULL : err);
	return r ? r : r2;
}
