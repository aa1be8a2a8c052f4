/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Graphics of Intel's processors ("IGD"), which are more than their PCI function: firmware left
 * tables for the driver in RAM (the OpRegion, with the VBT), took memory for the device ("stolen")
 * and its drivers tell the chipset by the ids of other functions. What the kernel gives of that
 * beside the function, and what the function's registers show of it (quirk_intel.c).
 */
#ifndef BULKHEAD_VFIO_IGD_H
#define BULKHEAD_VFIO_IGD_H

#include "pci/func.h"
#include "vfio/device.h"

/* Where its drivers and its firmware look for it, on the host and in a guest. */
#define IGD_SLOT 2

/* A display controller of Intel's at 0000:00:02.0; a card of Intel's is on another bus. Pure. */
bool vfio_is_igd(const struct pci_dev *dev);

/*
 * Whether memory of the guest's can stand in for the stolen one. Not from Meteor Lake on, where BAR
 * 2 is a window to it that shows the host's. `dev` is an IGD. Pure.
 */
bool vfio_igd_can_steal(const struct pci_dev *dev);

/* --- igd_opregion.c --- */

/* IGD OpRegion Specification 0.5, 0.6; extended VBT since version 2.0 of the region. */
#define IGD_OPREGION_MIN                                                                           \
	0x2000u /* header and mailboxes; a VBT that is larger than mailbox 4 follows */

struct igd_opregion {
	uint8_t *data; /* owned by who asked */
	size_t size;
	bool has_vbt;
};

/*
 * The kernel's copy of the OpRegion, with what the guest must not follow taken out. -ENOENT when
 * vfio-pci does not give it: CONFIG_VFIO_PCI_IGD is off, or the firmware made none. -EBADMSG for
 * one that cannot be, -errno of reading it.
 */
int vfio_igd_opregion(struct vfio_pci *vfio, struct igd_opregion *ret, struct err *err);
/* Tells the guest where its copy is, before it runs. Firmware may put it elsewhere until a reset.
 */
void vfio_igd_place(struct vfio_pci *vfio, uint32_t gpa);

/*
 * What vfio_igd_opregion does to the copy, of any content: no address of the host stays in it, the
 * calls of the host's firmware are not offered, and a VBT behind the mailboxes lies inside. `size`
 * at least IGD_OPREGION_MIN. -EBADMSG for what is no OpRegion.
 */
struct igd_opregion_facts {
	bool has_vbt;  /* the guest's driver will find one */
	bool lost_vbt; /* there is one outside, which the kernel does not give */
};
int igd_opregion_tidy(uint8_t *data, size_t size, struct igd_opregion_facts *ret);

/* --- igd_bridge.c --- */

enum igd_bridge { IGD_HOST_BRIDGE, IGD_LPC_BRIDGE };
/*
 * Who the host's bridge is: ids, class and revision, and nothing else of it. -ENOENT as above,
 * -EBADMSG for what is no such bridge of Intel's, -errno of reading it.
 */
int vfio_igd_bridge(struct vfio_pci *vfio, enum igd_bridge which, struct pci_ids *ret,
		    struct err *err);

#endif
