/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sriov/nvme_uapi.h"

#include <errno.h>
#include <sys/ioctl.h>

#define STATUS_MASK 0x7ff /* without "more" and "do not retry" (NVMe base 2.0 §3.3.3.2.1) */

int nvme_admin(int fd, struct nvme_admin_cmd *cmd)
{
	int r = ioctl(fd, NVME_IOCTL_ADMIN_CMD, cmd);
	return r < 0 ? -errno : r & STATUS_MASK;
}

int nvme_reset(int fd)
{
	return ioctl(fd, NVME_IOCTL_RESET) ? -errno : 0;
}
