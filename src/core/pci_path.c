/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/pci_path.h"

#include <stdio.h>

struct pci_path pci_path(struct bdf bdf, const char *attr)
{
	struct pci_path path;
	snprintf(path.s, sizeof(path.s), "bus/pci/devices/%s%s%s", bdf_text(bdf).s,
		 *attr ? "/" : "", attr);
	return path;
}
