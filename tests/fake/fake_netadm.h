/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for sriov/netadm.c: a driver with igb's manners (no min_rate, at most 1000 Mb/s) for
 * the PF of fake_sriov. Any call can be chosen to fail, or to end the process; a setting can be
 * accepted and ignored, or not told.
 */
#ifndef BULKHEAD_TESTS_FAKE_NETADM_H
#define BULKHEAD_TESTS_FAKE_NETADM_H

struct fake_netadm {
	int calls;       /* so far, of all functions but close */
	int sets;        /* of those, the ones that set something */
	int open;        /* sockets that are open */
	int fail_at;     /* the number (from 1) of the call that fails; 0 = none */
	int fail_with;   /* -errno of that */
	int die_at;      /* the process exits instead of this call; 0 = never */
	unsigned deaf;   /* VF_BITs that are accepted and ignored */
	unsigned untold; /* VF_BITs that are not reported */
	unsigned lacks;  /* VF_BITs that the driver has no function for */
};
extern struct fake_netadm fake_netadm;

#endif
