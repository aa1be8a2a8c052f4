/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/resource.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool pci_resource_next(const char **text, struct pci_resource *ret)
{
	uint64_t start, end, flags;
	*ret = (struct pci_resource){ 0 };
	if (sscanf(*text, "%" SCNx64 " %" SCNx64 " %" SCNx64, &start, &end, &flags) != 3)
		return false;
	*text += strcspn(*text, "\n");
	*text += **text == '\n';
	if (flags && end >= start)
		*ret = (struct pci_resource){ start, end - start + 1, flags };
	return true;
}
