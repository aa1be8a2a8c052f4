/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The OpRegion: read through the region that vfio-pci has of it, and made fit for a guest. Behind
 * its mailboxes on the host is firmware, which the guest does not have.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/compat.h"
#include "base/log.h"
#include "core/layout.h"
#include "vfio/igd.h"
#include "vfio/parts.h"
#include "vfio/uapi.h"

#define INTEL 0x8086

/* IGD OpRegion Specification 0.5 §3: header and mailbox 3; RVDA and RVDS as i915 and linux/vfio use
 * them. */
#define SIGNATURE "IntelGraphicsMem"
#define VERSION 0x16   /* u16: minor, major */
#define MAILBOXES 0x58 /* u32: bit n = mailbox n + 1 is there */
#define MAILBOX_SWSCI 0x2u
#define FDSS 0x3aa /* u64: where a buffer of the host is, then u32: its size */
#define FDSS_LEN 12
#define RVDA                                                                                       \
	0x3ba /* u64: where a VBT is that is too large for mailbox 4; from the start since 2.1 */
#define RVDS 0x3c2 /* u32: its size */
#define MAILBOX_VBT 0x400
#define MAILBOX_VBT_LEN 0x1800u
#define VBT_SIGNATURE "$VBT"
#define VBT_MIN 0x30u /* its header: VBIOS Data Block Definition, i915's intel_vbt_defs.h */

static bool has_vbt_at(const uint8_t *data, size_t size, uint64_t off, uint64_t len)
{
	return len >= VBT_MIN && inside(off, len, size) &&
	       !memcmp(data + off, VBT_SIGNATURE, strlen(VBT_SIGNATURE));
}

/* In version 2.0 RVDA is an address of the host; the kernel makes it 2.1 when it gives that VBT
 * too. */
static bool keeps_rvda(const uint8_t *data, size_t size)
{
	uint64_t at = le64_get(data + RVDA);
	return le16_get(data + VERSION) > 0x0200 && at >= IGD_OPREGION_MIN &&
	       has_vbt_at(data, size, at, le32_get(data + RVDS));
}

int igd_opregion_tidy(uint8_t *data, size_t size, struct igd_opregion_facts *ret)
{
	if (memcmp(data, SIGNATURE, strlen(SIGNATURE)) != 0)
		return -EBADMSG;
	uint32_t mailboxes = le32_get(data + MAILBOXES);
	bool asked = le16_get(data + VERSION) >= 0x0200 && le64_get(data + RVDA) &&
		     le32_get(data + RVDS);
	bool behind = asked && keeps_rvda(data, size);
	le_put(data + MAILBOXES, 4, mailboxes & ~MAILBOX_SWSCI);
	memset(data + FDSS, 0, FDSS_LEN);
	if (!behind) {
		le_put(data + RVDA, 8, 0);
		le_put(data + RVDS, 4, 0);
	}
	ret->lost_vbt = asked && !behind;
	ret->has_vbt = behind || has_vbt_at(data, size, MAILBOX_VBT, MAILBOX_VBT_LEN);
	return 0;
}

static int read_region(struct vfio_pci *vfio, uint8_t **ret_data, size_t *ret_size, struct err *err)
{
	struct vfio_region region;
	int r = vfio_region_find(vfio, VFIO_REGION_OF_VENDOR | INTEL,
				 VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION, &region);
	if (r == -ENOENT)
		return r;
	if (!r && (region.size < IGD_OPREGION_MIN || region.size > IGD_OPREGION_MAX))
		return err_set(err, -EBADMSG, "%s: an OpRegion of %llu bytes cannot be",
			       vfio->name.s, (unsigned long long)region.size);
	autofree uint8_t *data = r ? NULL : malloc(region.size);
	if (!r)
		r = data ? vfio_read(vfio->fd, data, region.size, region.offset) : -ENOMEM;
	if (r)
		return err_errno(err, r, "%s: reading its OpRegion", vfio->name.s);
	*ret_size = region.size;
	*ret_data = take_ptr(&data);
	return 0;
}

int vfio_igd_opregion(struct vfio_pci *vfio, struct igd_opregion *ret, struct err *err)
{
	autofree uint8_t *data = NULL;
	struct igd_opregion_facts facts;
	size_t size = 0;
	if (!vfio_is_igd(vfio->dev))
		return -ENOENT;
	int r = read_region(vfio, &data, &size, err);
	if (r || !data)
		return r;
	r = igd_opregion_tidy(data, size, &facts);
	if (r)
		return err_set(err, r, "%s: its OpRegion has no signature of one", vfio->name.s);
	if (facts.lost_vbt)
		log_warn("%s: its VBT lies outside the OpRegion, where this host's kernel does not "
			 "give it (Linux 5.16 and later do)",
			 vfio->name.s);
	ret->has_vbt = facts.has_vbt;
	ret->size = size;
	ret->data = take_ptr(&data);
	return 0;
}
