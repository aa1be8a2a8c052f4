/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action_host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "core/pci_path.h"
#include "core/sysfs.h"

struct path {
	char s[NAME_MAX + 96];
};

static int write_to(const struct host *host, const char *path, const char *text, struct err *err)
{
	int r = sysfs_ask(host, path, text, err);
	return r ? sysfs_failed(err, r, "%s", path) : 0;
}

/* --- consoles --- */

static struct path vtcon_path(const char *name, const char *attr)
{
	struct path path;
	snprintf(path.s, sizeof(path.s), "class/vtconsole/%.32s/%s", name, attr);
	return path;
}

static bool is_bound(const struct host *host, const char *name)
{
	uint64_t bound = 0;
	return !file_read_u64(host->sys, vtcon_path(name, "bind").s, &bound) && bound;
}

static bool is_on_framebuffer(const struct host *host, const char *name)
{
	char text[64];
	return file_read(host->sys, vtcon_path(name, "name").s, text, sizeof(text)) > 0 &&
	       strstr(text, "frame buffer");
}

int action_capture_vtcon(const struct host *host, struct action *action, struct err *err)
{
	struct text list = text_in(action->old_value, sizeof(action->old_value));
	autodir DIR *dir = dir_open(host->sys, "class/vtconsole");
	const char *name;
	while ((name = dir_next(dir, "vtcon")))
		if (is_bound(host, name) && is_on_framebuffer(host, name))
			text_put(&list, "%s%s", list.n ? " " : "", name);
	if (list.cut)
		return err_set(err, -E2BIG, "%s/class/vtconsole: too many consoles",
			       host->sys_path);
	return !list.n;
}

static int each_vtcon(const struct host *host, const struct action *action, const char *value,
		      struct err *err)
{
	char list[NAME_MAX_SHORT], *save = NULL;
	int first = 0;
	memcpy(list, action->old_value, sizeof(list));
	for (char *name = strtok_r(list, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
		/* One that has gone with its driver has nothing to go back to. */
		if (faccessat(host->sys, vtcon_path(name, "bind").s, F_OK, 0) ||
		    is_bound(host, name) == !strcmp(value, "1"))
			continue;
		int r = write_to(host, vtcon_path(name, "bind").s, value, first ? NULL : err);
		first = first ? first : r;
	}
	return first;
}

int action_do_vtcon(const struct host *host, const struct action *action, struct err *err)
{
	return each_vtcon(host, action, "0", err);
}

int action_undo_vtcon(const struct host *host, const struct action *action, struct err *err)
{
	return each_vtcon(host, action, "1", err);
}

void action_text_vtcon(const struct action *action, char *buf, size_t size)
{
	snprintf(buf, size, "take the text console off the framebuffer%s%s%s",
		 *action->old_value ? " (" : "", action->old_value, *action->old_value ? ")" : "");
}

/* --- firmware's framebuffer: a platform device beside the adapter it was set up on --- */

static const char *const framebuffer_drivers[] = { "simple-framebuffer", "efi-framebuffer",
						   "vesa-framebuffer" };

static struct path framebuffer_path(const char *driver, const char *name)
{
	struct path path;
	snprintf(path.s, sizeof(path.s), "bus/platform/drivers/%.63s/%.63s", driver, name);
	return path;
}

static bool find_framebuffer(const struct host *host, const char *driver, struct action *action)
{
	autodir DIR *dir = dir_open(host->sys, framebuffer_path(driver, "").s);
	char prefix[NAME_MAX_SHORT];
	snprintf(prefix, sizeof(prefix), "%s.", driver);
	const char *name = dir_next(dir, prefix);
	if (!name || strlen(name) >= sizeof(action->old_value))
		return false;
	snprintf(action->old_driver, sizeof(action->old_driver), "%s", driver);
	snprintf(action->old_value, sizeof(action->old_value), "%s", name);
	return true;
}

int action_capture_framebuffer(const struct host *host, struct action *action, struct err *err)
{
	(void)err;
	for (size_t i = 0; i < ARRAY_LEN(framebuffer_drivers); i++)
		if (find_framebuffer(host, framebuffer_drivers[i], action))
			return 0;
	return 1;
}

int action_do_framebuffer(const struct host *host, const struct action *action, struct err *err)
{
	return write_to(host, framebuffer_path(action->old_driver, "unbind").s, action->old_value,
			err);
}

static bool is_safe(const char *name)
{
	return *name && !strchr(name, '/') && name[0] != '.';
}

int action_undo_framebuffer(const struct host *host, const struct action *action, struct err *err)
{
	struct path device;
	if (!is_safe(action->old_driver) || !is_safe(action->old_value))
		return err_set(err, -EBADMSG, "no framebuffer is '%s'", action->old_value);
	snprintf(device.s, sizeof(device.s), "bus/platform/devices/%s", action->old_value);
	if (faccessat(host->sys, device.s, F_OK, 0) ||
	    !faccessat(host->sys, framebuffer_path(action->old_driver, action->old_value).s, F_OK,
		       0))
		return 0;
	int r = sysfs_ask(host, framebuffer_path(action->old_driver, "bind").s, action->old_value,
			  err);
	/* The adapter's own driver took the memory it was in: there is nothing to go back to. */
	if (r == -ENODEV || r == -EBUSY) {
		log_warn("%s is not usable any more: %s", action->old_value, strerror(-r));
		return 0;
	}
	return r ? sysfs_failed(err, r, "%s", device.s) : 0;
}

void action_text_framebuffer(const struct action *action, char *buf, size_t size)
{
	snprintf(buf, size, "release the firmware's framebuffer on %s%s%s%s",
		 bdf_text(action->bdf).s, *action->old_value ? " (" : "", action->old_value,
		 *action->old_value ? ")" : "");
}

/* --- reset methods --- */

static struct pci_path method_path(const struct action *action)
{
	return pci_path(action->bdf, "reset_method");
}

int action_capture_reset_method(const struct host *host, struct action *action, struct err *err)
{
	ssize_t n = file_read(host->sys, method_path(action).s, action->old_value,
			      sizeof(action->old_value));
	if (n < 0)
		return n == -ENOENT ? 1 : err_errno(err, (int)n, "%s", method_path(action).s);
	return !n;
}

int action_do_reset_method(const struct host *host, const struct action *action, struct err *err)
{
	(void)host;
	(void)action;
	(void)err;
	return 0; /* whoever resets chooses one after the other */
}

int action_undo_reset_method(const struct host *host, const struct action *action, struct err *err)
{
	char now[NAME_MAX_SHORT];
	ssize_t n = file_read(host->sys, method_path(action).s, now, sizeof(now));
	if (n == -ENOENT || (n >= 0 && !strcmp(now, action->old_value)))
		return 0;
	int r = sysfs_ask(host, method_path(action).s, action->old_value, err);
	/*
	 * The kernel may have listed what it does not accept any more: a bus reset, before a second
	 * function appeared on the bus. Its own choice is what there is to go back to then.
	 */
	if (r == -EINVAL)
		r = sysfs_ask(host, method_path(action).s, "default", err);
	return r ? sysfs_failed(err, r, "%s", method_path(action).s) : 0;
}

void action_text_reset_method(const struct action *action, char *buf, size_t size)
{
	snprintf(buf, size, "reset methods of %s (%s)", bdf_text(action->bdf).s,
		 *action->old_value ? action->old_value : "none");
}
