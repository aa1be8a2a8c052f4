/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The capability chains that VFIO appends to its info structures (linux/vfio.h, struct
 * vfio_info_cap_header). The kernel writes them, but a variant driver's mistake must not become a
 * wild read here: every offset is checked and the walk is bounded.
 */
#ifndef BULKHEAD_IOMMU_INFOCAP_H
#define BULKHEAD_IOMMU_INFOCAP_H

#include <linux/vfio.h>
#include <stddef.h>
#include <stdint.h>

/*
 * First capability `id` of the `size` bytes at `info`, whose chain starts at `first`; *ret_len is
 * how many bytes of `info` follow from there (at least `need`). NULL when absent or cut short.
 */
const struct vfio_info_cap_header *info_cap_find(const void *info, size_t size, uint32_t first,
						 uint16_t id, size_t need, size_t *ret_len);

#endif
