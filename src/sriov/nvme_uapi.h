/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two requests that an NVMe controller's own node takes here (linux/nvme_ioctl.h), one function
 * each. Tests put a twin in this file's place.
 */
#ifndef BULKHEAD_SRIOV_NVME_UAPI_H
#define BULKHEAD_SRIOV_NVME_UAPI_H

#include <linux/nvme_ioctl.h>

/* 0, the controller's status (type and code, 1 to 0x7ff), or -errno. cmd->result is filled in. */
int nvme_admin(int fd, struct nvme_admin_cmd *cmd);

/* Controller-level reset; the driver holds back the host's requests and goes on after it. -errno. */
int nvme_reset(int fd);

#endif
