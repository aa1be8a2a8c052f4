/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for sriov/nvme_uapi.c: one NVMe controller with four VFs, whose rules it keeps: resources
 * are assigned while a VF is offline, from what nobody has, and what the primary keeps changes with
 * its reset. Any command can fail.
 */
#ifndef BULKHEAD_TESTS_FAKE_NVME_H
#define BULKHEAD_TESTS_FAKE_NVME_H

#include <stdbool.h>

#define FAKE_NVME_VFS 4
#define FAKE_NVME_DIR "sys/bus/pci/devices/0000:03:00.0"
#define FAKE_NVME_PF                                                                               \
	"driver nvme\npci 0000:03:00.0 1b36:0010 class=010802 group=3 driver=nvme\n"               \
	"pci 0000:04:00.0 1b36:0010 class=010802 group=4\n" FAKE_NVME_DIR                          \
	"/sriov_totalvfs = 4\\n\n" FAKE_NVME_DIR "/sriov_numvfs = 0\\n\n" FAKE_NVME_DIR            \
	"/nvme/nvme0/state = live\\n\n" FAKE_NVME_DIR "/reset = \\n\ndev/nvme0 = \\n\n"

struct fake_nvme {
	int commands;  /* so far, resets too */
	int fail_at;   /* the number (from 1) of the one that fails; 0 = none */
	int fail_with; /* its -errno or status */
	int resets;
	unsigned oacs;
	unsigned stingy; /* resources less than asked for, without an error */
	bool stubborn;   /* no reset changes anything */
	bool slow;       /* only a reset of the function does (fake_nvme_flr) */
	bool endless;    /* its list of VFs starts again and again */
	unsigned kept_queues, kept_vectors, next_queues, next_vectors; /* by the primary */
	struct {
		bool online;
		unsigned queues, vectors;
	} vf[FAKE_NVME_VFS];
};
extern struct fake_nvme fake_nvme;

void fake_nvme_reset(void);
/* A reset of the function took place: what the next one takes over, it takes. */
void fake_nvme_flr(void);

#endif
