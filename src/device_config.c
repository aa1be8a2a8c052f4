/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "core/pci_path.h"

#define HEADER_SIZE 64u

static int read_upto(const struct host *host, struct bdf bdf, unsigned max,
		     struct device_config *ret)
{
	autoclose int fd = openat(host->sys, pci_path(bdf, "config").s, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ENODEV : -errno;
	ret->n = 0;
	/* An unprivileged reader gets 64 bytes, and an error behind them is no harm. */
	while (ret->n < max) {
		ssize_t n = pread(fd, ret->at + ret->n, max - ret->n, ret->n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		ret->n += (unsigned)n;
	}
	return ret->n < HEADER_SIZE ? -EIO : 0;
}

int device_config_read(const struct host *host, struct bdf bdf, struct device_config *ret)
{
	return read_upto(host, bdf, DEVICE_CONFIG_MAX, ret);
}

bool device_config_is_dead(const struct host *host, struct bdf bdf)
{
	struct device_config config = { 0 };
	return !read_upto(host, bdf, HEADER_SIZE, &config) && !device_config_answers(&config);
}

bool device_config_answers(const struct device_config *config)
{
	for (unsigned i = 0; i < HEADER_SIZE; i++)
		if (config->at[i] != 0xff)
			return true;
	return false;
}
