/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who the host's memory controller and LPC bridge are: the drivers of Intel's graphics tell by them
 * which chipset drives the connectors. vfio-pci gives their whole configuration space to read; a
 * few registers of it are taken, and nothing of the rest reaches a guest.
 */
#include <errno.h>
#include <linux/pci_regs.h>

#include "base/bytes.h"
#include "base/compat.h"
#include "vfio/igd.h"
#include "vfio/parts.h"
#include "vfio/uapi.h"

#define INTEL 0x8086
#define CLASS_HOST 0x060000u
#define CLASS_ISA 0x060100u

static const struct {
	uint32_t subtype;
	uint32_t class_code;
	const char *name;
} bridges[] = {
	[IGD_HOST_BRIDGE] = { VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG, CLASS_HOST, "host bridge" },
	[IGD_LPC_BRIDGE] = { VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG, CLASS_ISA, "LPC bridge" },
};

/* The registers that say who it is. */
static const unsigned identity[] = { PCI_VENDOR_ID, PCI_CLASS_REVISION, PCI_SUBSYSTEM_VENDOR_ID };

static int read_identity(const struct vfio_pci *vfio, const struct vfio_region *region,
			 uint32_t ret[ARRAY_LEN(identity)])
{
	for (unsigned i = 0; i < ARRAY_LEN(identity); i++) {
		uint8_t raw[4];
		int r = vfio_read(vfio->fd, raw, sizeof(raw), region->offset + identity[i]);
		if (r)
			return r;
		ret[i] = le32_get(raw);
	}
	return 0;
}

int vfio_igd_bridge(struct vfio_pci *vfio, enum igd_bridge which, struct pci_ids *ret,
		    struct err *err)
{
	uint32_t is[ARRAY_LEN(identity)] = { 0 };
	struct vfio_region region;
	int r = vfio_is_igd(vfio->dev) ? vfio_region_find(vfio, VFIO_REGION_OF_VENDOR | INTEL,
							  bridges[which].subtype, &region)
				       : -ENOENT;
	if (r == -ENOENT)
		return r;
	if (!r && region.size < PCI_STD_HEADER_SIZEOF)
		return err_set(err, -EBADMSG, "%s: the host's %s with %llu bytes of config space",
			       vfio->name.s, bridges[which].name, (unsigned long long)region.size);
	if (!r)
		r = read_identity(vfio, &region, is);
	if (r)
		return err_errno(err, r, "%s: reading the ids of the host's %s", vfio->name.s,
				 bridges[which].name);
	if ((is[0] & 0xffff) != INTEL || is[1] >> 8 != bridges[which].class_code)
		return err_set(
			err, -EBADMSG,
			"%s: what vfio-pci gives for the host's %s is none of Intel's (%04x:%04x, "
			"class %06x)",
			vfio->name.s, bridges[which].name, is[0] & 0xffff, is[0] >> 16, is[1] >> 8);
	*ret = (struct pci_ids){ .vendor = INTEL,
				 .device = (uint16_t)(is[0] >> 16),
				 .subvendor = (uint16_t)is[2],
				 .subdevice = (uint16_t)(is[2] >> 16),
				 .class_code = is[1] >> 8,
				 .revision = (uint8_t)is[1] };
	return 0;
}
