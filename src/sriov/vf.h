/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings of one VF made to be so: only what differs is sent, each by a request of its own, and
 * each is read back, because drivers accept what they then ignore.
 */
#ifndef BULKHEAD_SRIOV_VF_H
#define BULKHEAD_SRIOV_VF_H

#include "core/host.h"
#include "sriov/pf.h"
#include "sriov/settings.h"

/* What is set now. -ENODATA when the PF has no network interface; others with a text. */
int vf_read(const struct host *host, const struct pf *pf, unsigned index, struct vf_settings *ret,
	    struct err *err);

/*
 * Makes the VF have what `want` knows. The text of an error names PF, VF, the setting and why: what
 * the kernel answered, or that it did not stick. Settings before the one that failed are left made.
 */
int vf_apply(const struct host *host, const struct pf *pf, unsigned index,
	     const struct vf_settings *want, struct err *err);

#endif
