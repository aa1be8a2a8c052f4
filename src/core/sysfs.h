/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes to the host's devices. Every write below /sys that this program makes goes through here,
 * and nothing else does: a test puts a twin of the kernel in this file's place.
 */
#ifndef BULKHEAD_CORE_SYSFS_H
#define BULKHEAD_CORE_SYSFS_H

#include <stdint.h>

#include "base/bdf.h"
#include "base/err.h"
#include "core/host.h"

/* How long a driver may take over a request, where the host does not say (host->answer_ms). */
#define SYSFS_ANSWER_MS 30000u

/*
 * One write(2) of `text` to the attribute `path` (relative to /sys). -errno of open or of the
 * write, which is the kernel's answer to the request; `err` is left alone then.
 *
 * A driver may take as long as it likes over its remove or probe function, and nothing can stop it:
 * so a child of ours waits for it. Without an answer in time it is -ETIMEDOUT, `err` (NULL allowed)
 * says where in the kernel the child is, and the request goes on: neither it nor the device's other
 * attributes should be waited for again.
 */
int sysfs_ask(const struct host *host, const char *path, const char *text, struct err *err);
int sysfs_write(const struct host *host, const char *path, const char *text);

/*
 * Sets `size` (1, 2 or 4) bytes of a function's configuration space, little-endian. No driver has a say
 * in that, so nothing is waited for. -errno.
 */
int sysfs_config_write(const struct host *host, struct bdf bdf, unsigned off, unsigned size,
		       uint32_t value);

/*
 * What a failed sysfs_ask comes to: the request as the text says it with the errno's meaning, before
 * sysfs_ask's own words after -ETIMEDOUT. Returns `r`.
 */
int sysfs_failed(struct err *err, int r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Has the kernel's own module loader (/proc/sys/kernel/modprobe) load `module`, and waits for it.
 * -ENOENT when the kernel has no loader; -EIO with what the loader said when it failed.
 */
int module_load(const struct host *host, const char *module, struct err *err);

#endif
