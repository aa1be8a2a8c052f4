/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/fake_sysfs.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "core/sysfs.h"

struct fake_sysfs fake_sysfs;

static void attr(const struct host *host, const char *bdf, const char *name, char *buf, size_t size)
{
	char path[256];
	snprintf(path, sizeof(path), "bus/pci/devices/%s/%s", bdf, name);
	if (file_read(host->sys, path, buf, size) < 0)
		buf[0] = 0;
}

static int set(const struct host *host, const char *path, const char *text)
{
	autoclose int fd = openat(host->sys, path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return dprintf(fd, "%s\n", text) < 0 ? -EIO : 0;
}

static int set_attr(const struct host *host, const char *bdf, const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), "bus/pci/devices/%s/%s", bdf, name);
	return set(host, path, text);
}

static bool has_driver(const struct host *host, const char *name)
{
	char path[256];
	snprintf(path, sizeof(path), "bus/pci/drivers/%s", name);
	return *name && !faccessat(host->sys, path, F_OK, 0);
}

static void current(const struct host *host, const char *bdf, char *buf, size_t size)
{
	char path[256];
	snprintf(path, sizeof(path), "bus/pci/devices/%s/driver", bdf);
	if (file_link_name(host->sys, path, buf, size))
		buf[0] = 0;
}

static int unbind(const struct host *host, const char *bdf)
{
	char path[256], driver[64];
	current(host, bdf, driver, sizeof(driver));
	if (!*driver)
		return -ENODEV;
	snprintf(path, sizeof(path), "bus/pci/devices/%s/driver", bdf);
	if (unlinkat(host->sys, path, 0))
		return -errno;
	/* The kernel removes the link first, then calls the driver. */
	if (fake_sysfs.hangs && !strcmp(driver, fake_sysfs.hangs)) {
		snprintf(fake_sysfs.hung, sizeof(fake_sysfs.hung), "%.31s", bdf);
		return -ETIMEDOUT;
	}
	if (!strcmp(driver, "vfio-pci"))
		set_attr(host, bdf, "power/control", "on");
	return 0;
}

/* Who would take the device: the override alone if there is one, else whoever knows its ids. */
static void candidate(const struct host *host, const char *bdf, char *driver, size_t size)
{
	char override[64];
	attr(host, bdf, "driver_override", override, sizeof(override));
	if (*override && strcmp(override, "(null)"))
		snprintf(driver, size, "%s", override);
	else
		attr(host, bdf, "fake_native", driver, size);
	if (fake_sysfs.greedy)
		snprintf(driver, size, "%s", fake_sysfs.greedy);
}

static int probe(const struct host *host, const char *bdf)
{
	char path[256], target[256], driver[64];
	current(host, bdf, driver, sizeof(driver));
	if (*driver)
		return 0;
	candidate(host, bdf, driver, sizeof(driver));
	if (!has_driver(host, driver))
		return 0;
	if (fake_sysfs.shy && !strcmp(driver, fake_sysfs.shy))
		return -EINVAL;
	snprintf(path, sizeof(path), "bus/pci/devices/%s/driver", bdf);
	snprintf(target, sizeof(target), "../../../bus/pci/drivers/%s", driver);
	if (symlinkat(target, host->sys, path))
		return -errno;
	return strcmp(driver, "vfio-pci") ? 0 : set_attr(host, bdf, "power/control", "auto");
}

/* bind and unbind of a platform driver: its link to the device comes and goes. */
static int platform(const struct host *host, const char *driver, const char *verb,
		    const char *device)
{
	char path[256], target[128];
	snprintf(path, sizeof(path), "bus/platform/drivers/%s/%s", driver, device);
	snprintf(target, sizeof(target), "../../devices/%s", device);
	if (!strcmp(verb, "bind") && fake_sysfs.busy_framebuffer)
		return -EBUSY;
	if (!strcmp(verb, "bind"))
		return symlinkat(target, host->sys, path) ? -errno : 0;
	return unlinkat(host->sys, path, 0) ? -ENODEV : 0;
}

static int reset(const struct host *host, const char *bdf)
{
	char method[64];
	attr(host, bdf, "reset_method", method, sizeof(method));
	return fake_sysfs.reset ? fake_sysfs.reset(host, bdf, method) : 0;
}

/*
 * The attribute shows what `fake_rom` holds while it is switched on and the device decodes memory,
 * else nothing.
 */
static int show_rom(const struct host *host, const char *bdf, const char *text)
{
	char path[256], data[4096];
	uint8_t command = 0;
	ssize_t n = 0;
	snprintf(path, sizeof(path), "bus/pci/devices/%s/config", bdf);
	autoclose int cfg = openat(host->sys, path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "bus/pci/devices/%s/fake_rom", bdf);
	autoclose int from = openat(host->sys, path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "bus/pci/devices/%s/rom", bdf);
	autoclose int rom = openat(host->sys, path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (rom < 0)
		return -errno;
	if (!strcmp(text, "1") && pread(cfg, &command, 1, 4) == 1 && command & 2)
		n = read(from, data, sizeof(data));
	return n > 0 && write(rom, data, (size_t)n) != n ? -EIO : 0;
}

static int apply(const struct host *host, const char *path, const char *text)
{
	char bdf[32], name[64];
	if (!strcmp(path, "bus/pci/drivers_probe"))
		return probe(host, text);
	if (sscanf(path, "bus/platform/drivers/%31[^/]/%63s", bdf, name) == 2)
		return platform(host, bdf, name, text);
	if (sscanf(path, "bus/pci/devices/%31[^/]/%63s", bdf, name) != 2)
		return set(host, path, text);
	if (!strcmp(name, "driver/unbind"))
		return strcmp(bdf, text) ? -ENODEV : unbind(host, bdf);
	if (!strcmp(name, "sriov_numvfs") && fake_sysfs.numvfs)
		return fake_sysfs.numvfs(host, bdf, text);
	if (!strcmp(name, "reset") || !strcmp(name, "reset_subordinate"))
		return faccessat(host->sys, path, F_OK, 0) ? -ENOENT : reset(host, bdf);
	if (!strcmp(name, "rom"))
		return show_rom(host, bdf, text);
	if (!strcmp(name, "reset_method") && fake_sysfs.no_method &&
	    strstr(text, fake_sysfs.no_method))
		return -EINVAL;
	if (!strcmp(name, "driver_override") && !strcmp(text, "\n"))
		text = "(null)";
	return set(host, path, text);
}

/* Its lock is held: whatever concerns its driver or power waits, as a probe of it does. */
static bool waits_for_hung(const char *path, const char *text)
{
	return *fake_sysfs.hung && (strstr(path, fake_sysfs.hung) || !strcmp(text, fake_sysfs.hung));
}

static int write_one(const struct host *host, const char *path, const char *text)
{
	int number = ++fake_sysfs.writes;
	if (number == fake_sysfs.die_at)
		_exit(FAKE_DEATH);
	if (number == fake_sysfs.fail_at)
		return fake_sysfs.fail_with;
	int r = waits_for_hung(path, text) ? -ETIMEDOUT : apply(host, path, text);
	fake_sysfs.waits += r == -ETIMEDOUT;
	if (number == fake_sysfs.die_after)
		_exit(FAKE_DEATH);
	return r;
}

int sysfs_ask(const struct host *host, const char *path, const char *text, struct err *err)
{
	int r = write_one(host, path, text);
	return r == -ETIMEDOUT ? err_set(err, r, "no answer: process 77 waits in fake_remove") : r;
}

int sysfs_write(const struct host *host, const char *path, const char *text)
{
	return sysfs_ask(host, path, text, NULL);
}

int sysfs_config_write(const struct host *host, struct bdf bdf, unsigned off, unsigned size,
		       uint32_t value)
{
	char path[80];
	int number = ++fake_sysfs.writes;
	snprintf(path, sizeof(path), "bus/pci/devices/%s/config", bdf_text(bdf).s);
	if (number == fake_sysfs.die_at)
		_exit(FAKE_DEATH);
	if (number == fake_sysfs.fail_at)
		return fake_sysfs.fail_with;
	autoclose int fd = openat(host->sys, path, O_WRONLY | O_CLOEXEC);
	uint32_t raw = htole32(value);
	if (fd < 0 || pwrite(fd, &raw, size, off) != (ssize_t)size)
		return -EIO;
	if (number == fake_sysfs.die_after)
		_exit(FAKE_DEATH);
	return 0;
}
