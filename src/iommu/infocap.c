/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "iommu/infocap.h"

#include "base/range.h"

#define INFO_CAPS_MAX 32 /* the kernel has four kinds; a loop ends here */

const struct vfio_info_cap_header *info_cap_find(const void *info, size_t size, uint32_t first,
						 uint16_t id, size_t need, size_t *ret_len)
{
	uint32_t at = first;
	for (unsigned i = 0; i < INFO_CAPS_MAX && at; i++) {
		if (at % 4 || !inside(at, sizeof(struct vfio_info_cap_header), size))
			return NULL;
		const struct vfio_info_cap_header *cap = (const void *)((const char *)info + at);
		if (cap->id == id) {
			if (!inside(at, need, size))
				return NULL;
			*ret_len = size - at;
			return cap;
		}
		at = cap->next;
	}
	return NULL;
}
