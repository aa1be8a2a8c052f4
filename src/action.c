/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "action_host.h"
#include "action_nvme.h"
#include "action_rom.h"
#include "action_vf.h"
#include "base/bytes.h"
#include "base/file.h"
#include "core/pci_path.h"
#include "core/sysfs.h"
#include "quarantine.h"
#include "vfio/bind.h"

static bool is_device_gone(int r)
{
	return r == -ENODEV;
}

/* --- bind --- */

static int capture_bind(const struct host *host, struct action *action, struct err *err)
{
	int r = bind_state(host, action->bdf, action->old_driver, action->old_override,
			   sizeof(action->old_driver));
	if (r)
		return err_set(err, r, "%s: no such device", bdf_text(action->bdf).s);
	return !strcmp(action->old_driver, "vfio-pci");
}

static int do_bind(const struct host *host, const struct action *action, struct err *err)
{
	return bind_vfio(host, action->bdf, err);
}

static int undo_bind(const struct host *host, const struct action *action, struct err *err)
{
	char driver[NAME_MAX_SHORT], override[NAME_MAX_SHORT];
	int r = bind_state(host, action->bdf, driver, override, sizeof(driver));
	/* A driver that probes a dead device hangs: it stays where it is until a reset revives it. */
	if (!r && strcmp(driver, action->old_driver) != 0 && *action->old_driver)
		r = quarantine_unless_answering(host, action->bdf, err);
	if (!r)
		r = bind_restore(host, action->bdf, action->old_driver, action->old_override, err);
	return is_device_gone(r) ? 0 : r;
}

static void text_bind(const struct action *action, char *buf, size_t size)
{
	snprintf(buf, size, "bind %s to vfio-pci (from %s)", bdf_text(action->bdf).s,
		 *action->old_driver ? action->old_driver : "no driver");
}

/* --- one attribute with one right value --- */

static int read_value(const struct host *host, const char *path, struct action *action)
{
	ssize_t n = file_read(host->sys, path, action->old_value, sizeof(action->old_value));
	if (n < 0)
		action->old_value[0] = 0;
	return n < 0 ? (int)n : 0;
}

static int write_value(const struct host *host, const char *path, const char *value,
		       struct err *err)
{
	int r = sysfs_ask(host, path, value, err);
	return r ? sysfs_failed(err, r, "%s/%s: writing %s", host->sys_path, path, value) : 0;
}

static int restore_value(const struct host *host, const char *path, const struct action *action,
			 struct err *err)
{
	char now[NAME_MAX_SHORT];
	ssize_t n = file_read(host->sys, path, now, sizeof(now));
	if (n < 0)
		return n == -ENOENT ? 0 : err_errno(err, (int)n, "%s/%s", host->sys_path, path);
	if (!strcmp(now, action->old_value))
		return 0;
	return write_value(host, path, action->old_value, err);
}

/* --- power --- */

static bool is_d3cold(const struct action *action)
{
	return action->kind == ACTION_NO_D3COLD;
}

static struct pci_path power_path(const struct action *action)
{
	return pci_path(action->bdf, is_d3cold(action) ? "d3cold_allowed" : "power/control");
}

/* power/control is recorded even if it is "on": vfio-pci changes it while it has the device. */
static int capture_power(const struct host *host, struct action *action, struct err *err)
{
	int r = read_value(host, power_path(action).s, action);
	if (r && r != -ENOENT)
		return err_errno(err, r, "%s/%s", host->sys_path, power_path(action).s);
	return r == -ENOENT || (is_d3cold(action) && !strcmp(action->old_value, "0"));
}

static int do_power(const struct host *host, const struct action *action, struct err *err)
{
	return write_value(host, power_path(action).s, is_d3cold(action) ? "0" : "on", err);
}

static int undo_power(const struct host *host, const struct action *action, struct err *err)
{
	return restore_value(host, power_path(action).s, action, err);
}

static void text_power(const struct action *action, char *buf, size_t size)
{
	snprintf(buf, size, "keep %s %s", bdf_text(action->bdf).s,
		 is_d3cold(action) ? "out of D3cold" : "powered on");
}

/* --- unsafe interrupts: each IOMMU back end has a switch of its own --- */

static const char *unsafe_module(const struct action *action)
{
	return action->kind == ACTION_UNSAFE_IOMMUFD ? "iommufd" : "vfio_iommu_type1";
}

struct unsafe_path {
	char s[80];
};

static struct unsafe_path unsafe_path(const struct action *action)
{
	struct unsafe_path path;
	snprintf(path.s, sizeof(path.s), "module/%s/parameters/allow_unsafe_interrupts",
		 unsafe_module(action));
	return path;
}

static int capture_unsafe(const struct host *host, struct action *action, struct err *err)
{
	struct unsafe_path path = unsafe_path(action);
	int r = read_value(host, path.s, action);
	if (r == -ENOENT) {
		r = module_load(host, unsafe_module(action), err);
		if (r)
			return r;
		r = read_value(host, path.s, action);
	}
	if (r)
		return err_errno(err, r, "%s/%s", host->sys_path, path.s);
	return action->old_value[0] == 'Y';
}

static int do_unsafe(const struct host *host, const struct action *action, struct err *err)
{
	return write_value(host, unsafe_path(action).s, "Y", err);
}

static int undo_unsafe(const struct host *host, const struct action *action, struct err *err)
{
	return restore_value(host, unsafe_path(action).s, action, err);
}

static void text_unsafe(const struct action *action, char *buf, size_t size)
{
	snprintf(buf, size, "set %s.allow_unsafe_interrupts, for all of the host",
		 unsafe_module(action));
}

/* --- all of them --- */

static const struct {
	const char *word;
	int (*capture)(const struct host *host, struct action *action, struct err *err);
	int (*make)(const struct host *host, const struct action *action, struct err *err);
	int (*undo)(const struct host *host, const struct action *action, struct err *err);
	void (*text)(const struct action *action, char *buf, size_t size);
} kinds[N_ACTION_KINDS] = {
	[ACTION_BIND_VFIO] = { "bind", capture_bind, do_bind, undo_bind, text_bind },
	[ACTION_UNSAFE_TYPE1] = { "unsafe-interrupts", capture_unsafe, do_unsafe, undo_unsafe,
				  text_unsafe },
	[ACTION_UNSAFE_IOMMUFD] = { "unsafe-interrupts-iommufd", capture_unsafe, do_unsafe,
				    undo_unsafe, text_unsafe },
	[ACTION_POWER_ON] = { "power", capture_power, do_power, undo_power, text_power },
	[ACTION_NO_D3COLD] = { "d3cold", capture_power, do_power, undo_power, text_power },
	[ACTION_VTCON] = { "vtcon", action_capture_vtcon, action_do_vtcon, action_undo_vtcon,
			   action_text_vtcon },
	[ACTION_FRAMEBUFFER] = { "framebuffer", action_capture_framebuffer,
				 action_do_framebuffer, action_undo_framebuffer,
				 action_text_framebuffer },
	[ACTION_RESET_METHOD] = { "reset-method", action_capture_reset_method,
				  action_do_reset_method, action_undo_reset_method,
				  action_text_reset_method },
	[ACTION_VF_AUTOPROBE] = { "vf-autoprobe", action_capture_vf_autoprobe,
				  action_do_vf_autoprobe, action_undo_vf_autoprobe,
				  action_text_vf_autoprobe },
	[ACTION_VF_SETTINGS] = { "vf-settings", action_capture_vf_settings, action_do_vf_settings,
				 action_undo_vf_settings, action_text_vf_settings },
	[ACTION_VF_DRIVER] = { "vf-driver", action_capture_vf_driver, action_do_vf_driver,
			       action_undo_vf_driver, action_text_vf_driver },
	[ACTION_VF_COUNT] = { "vf-count", action_capture_vf_count, action_do_vf_count,
			      action_undo_vf_count, action_text_vf_count },
	[ACTION_NVME_PRIMARY] = { "nvme-primary", action_capture_nvme_primary,
				  action_do_nvme_primary, action_undo_nvme_primary,
				  action_text_nvme_primary },
	[ACTION_NVME_VF] = { "nvme-vf", action_capture_nvme_vf, action_do_nvme_vf,
			     action_undo_nvme_vf, action_text_nvme_vf },
	[ACTION_MEMORY_DECODE] = { "memory-decode", action_capture_memory_decode,
				   action_do_memory_decode, action_undo_memory_decode,
				   action_text_memory_decode },
	[ACTION_ROM_SHOWN] = { "rom-shown", action_capture_rom_shown, action_do_rom_shown,
			       action_undo_rom_shown, action_text_rom_shown },
};

const char *action_word(enum action_kind kind)
{
	return kinds[kind].word;
}

int action_from_word(const char *word, enum action_kind *ret_kind)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strcmp(kinds[i].word, word)) {
			*ret_kind = (enum action_kind)i;
			return 0;
		}
	return -EINVAL;
}

struct action_text action_text(const struct action *action)
{
	struct action_text text;
	kinds[action->kind].text(action, text.s, sizeof(text.s));
	return text;
}

int action_capture(const struct host *host, struct action *action, struct err *err)
{
	return kinds[action->kind].capture(host, action, err);
}

int action_do(const struct host *host, const struct action *action, struct err *err)
{
	return kinds[action->kind].make(host, action, err);
}

bool action_goes_first(const struct action *action)
{
	return action->kind == ACTION_VF_COUNT;
}

int action_undo(const struct host *host, const struct action *action, struct err *err)
{
	return kinds[action->kind].undo(host, action, err);
}
