/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PF with its driver in a host tree: writing sriov_numvfs makes and destroys VFs as the kernel
 * does, each with a file fake_vfN at the PF that fake_netadm keeps its settings in. All state is in
 * the tree, so a child that dies leaves it as it was.
 */
#ifndef BULKHEAD_TESTS_FAKE_SRIOV_H
#define BULKHEAD_TESTS_FAKE_SRIOV_H

#include "fake/host_tree.h"

#define PF_DIR "sys/bus/pci/devices/0000:02:00.0"
#define VF_DIR(n) "sys/bus/pci/devices/0000:02:10." #n /* 0, 2, 4 … are VF 0, 1, 2 … */

/* enp2s0f0, 8086:10c9 at 02:00.0 on igb, up and with link: 7 VFs are possible, none is there. */
#define FAKE_PF                                                                                    \
	"driver igb\ndriver igbvf\n"                                                               \
	"pci 0000:02:00.0 8086:10c9 class=020000 group=14 driver=igb msix=10\n" PF_DIR             \
	"/sriov_totalvfs = 7\\n\n" PF_DIR "/sriov_numvfs = 0\\n\n" PF_DIR                          \
	"/sriov_offset = 128\\n\n" PF_DIR "/sriov_stride = 2\\n\n" PF_DIR                          \
	"/sriov_drivers_autoprobe = 1\\n\n" PF_DIR "/net/enp2s0f0/ifindex = 5\\n\n" PF_DIR         \
	"/net/enp2s0f0/flags = 0x1003\\n\n" PF_DIR "/net/enp2s0f0/carrier = 1\\n\n" PF_DIR         \
	"/net/enp2s0f0/address = 52:54:00:0b:00:01\\n\n"                                           \
	"sys/class/net/enp2s0f0/device -> ../../../devices/pci0000:00/0000:02:00.0\n"              \
	"etc/machine-id = 0123456789abcdef0123456789abcdef\\n\n"

struct fake_sriov {
	unsigned fewer; /* VFs less than asked for, without an error */
	int dead;       /* index of a VF that does not answer; -1 = none */
	int lost;       /* index of a VF that never appears; -1 = none */
};
extern struct fake_sriov fake_sriov;

/* For fake_sysfs.numvfs. */
int fake_sriov_numvfs(const struct host *host, const char *pf, const char *count);

#endif
