/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action_rom.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "core/pci_path.h"
#include "core/sysfs.h"
#include "vfio/bind.h"

/* --- memory decoding --- */

static int read_command(const struct host *host, struct bdf bdf, uint16_t *ret)
{
	uint8_t raw[2];
	autoclose int fd = openat(host->sys, pci_path(bdf, "config").s, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = file_pread_all(fd, raw, sizeof(raw), PCI_COMMAND);
	if (!r)
		*ret = le16_get(raw);
	return r;
}

int action_capture_memory_decode(const struct host *host, struct action *action, struct err *err)
{
	uint16_t command = 0;
	int r = read_command(host, action->bdf, &command);
	if (r)
		return err_errno(err, r, "%s: reading its command register",
				 bdf_text(action->bdf).s);
	if (command == UINT16_MAX)
		return err_set(err, -EIO, "%s does not answer: config space reads all-ones",
			       bdf_text(action->bdf).s);
	snprintf(action->old_value, sizeof(action->old_value), "0x%04x", command);
	return command & PCI_COMMAND_MEMORY ? 1 : 0;
}

int action_do_memory_decode(const struct host *host, const struct action *action, struct err *err)
{
	uint16_t command = 0;
	int r = read_command(host, action->bdf, &command);
	if (!r)
		r = sysfs_config_write(host, action->bdf, PCI_COMMAND, 2,
				       command | PCI_COMMAND_MEMORY);
	return r ? err_errno(err, r, "%s: turning memory decoding on", bdf_text(action->bdf).s) : 0;
}

/* A driver that has taken the device since then needs its decoding. */
int action_undo_memory_decode(const struct host *host, const struct action *action, struct err *err)
{
	char driver[NAME_MAX_SHORT], override[NAME_MAX_SHORT];
	uint16_t command = 0;
	if (bind_state(host, action->bdf, driver, override, sizeof(driver)) || *driver)
		return 0;
	int r = read_command(host, action->bdf, &command);
	if (!r && command != UINT16_MAX && command & PCI_COMMAND_MEMORY)
		r = sysfs_config_write(host, action->bdf, PCI_COMMAND, 2,
				       command & ~PCI_COMMAND_MEMORY);
	return r ? err_errno(err, r, "%s: turning memory decoding off", bdf_text(action->bdf).s)
		 : 0;
}

void action_text_memory_decode(const struct action *action, char *buf, size_t size)
{
	snprintf(buf, size, "turn on memory decoding of %s", bdf_text(action->bdf).s);
}

/* --- the attribute's switch --- */

/* What was there cannot be read; off is what the kernel starts with. */
int action_capture_rom_shown(const struct host *host, struct action *action, struct err *err)
{
	struct pci_path path = pci_path(action->bdf, "rom");
	if (faccessat(host->sys, path.s, F_OK, 0))
		return err_set(err, -ENOENT, "%s has no option ROM", bdf_text(action->bdf).s);
	snprintf(action->old_value, sizeof(action->old_value), "0");
	return 0;
}

static int set_shown(const struct host *host, const struct action *action, const char *value,
		     struct err *err)
{
	struct pci_path path = pci_path(action->bdf, "rom");
	int r = sysfs_ask(host, path.s, value, err);
	return r ? sysfs_failed(err, r, "%s/%s: writing %s", host->sys_path, path.s, value) : 0;
}

int action_do_rom_shown(const struct host *host, const struct action *action, struct err *err)
{
	return set_shown(host, action, "1", err);
}

int action_undo_rom_shown(const struct host *host, const struct action *action, struct err *err)
{
	if (faccessat(host->sys, pci_path(action->bdf, "rom").s, F_OK, 0))
		return 0;
	return set_shown(host, action, "0", err);
}

void action_text_rom_shown(const struct action *action, char *buf, size_t size)
{
	snprintf(buf, size, "let the option ROM of %s be read", bdf_text(action->bdf).s);
}
