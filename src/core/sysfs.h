/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes to the host's devices. Every write below /sys that this program makes goes through here,
 * and nothing else does: a test puts a twin of the kernel in this file's place.
 */
#ifndef BULKHEAD_CORE_SYSFS_H
#define BULKHEAD_CORE_SYSFS_H

#include "base/err.h"
#include "core/host.h"

/*
 * One write(2) of `text` to the attribute `path` (relative to /sys). -errno of open or of the
 * write, which is the kernel's answer to the request. May block for as long as a driver takes.
 */
int sysfs_write(const struct host *host, const char *path, const char *text);

/*
 * Has the kernel's own module loader (/proc/sys/kernel/modprobe) load `module`, and waits for it.
 * -ENOENT when the kernel has no loader; -EIO with what the loader said when it failed.
 */
int module_load(const struct host *host, const char *module, struct err *err);

#endif
