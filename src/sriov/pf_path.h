/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A PCI function's files relative to /sys. Private to src/sriov. */
#ifndef BULKHEAD_SRIOV_PF_PATH_H
#define BULKHEAD_SRIOV_PF_PATH_H

#include <stdio.h>

#include "base/bdf.h"

struct pf_path {
	char s[112];
};

/* `attr` of at most 60 bytes; "" is the function's directory. */
static inline struct pf_path pf_path(struct bdf bdf, const char *attr)
{
	struct pf_path path;
	snprintf(path.s, sizeof(path.s), "bus/pci/devices/%s%s%.60s", bdf_text(bdf).s,
		 *attr ? "/" : "", attr);
	return path;
}

#endif
