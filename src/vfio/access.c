/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Config space at run time: the bits that are the device's, and what must happen when the guest
 * writes those that are ours. Order around decoding: pci/root.c takes slots away before we are
 * called and adds them afterwards, so the device is switched off after and on before. All of this
 * runs under the pci_root lock.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "vfio/quirk.h"
#include "vfio/uapi.h"

static uint64_t cfg_at(const struct vfio_pci *vfio, unsigned off)
{
	return vfio->region[VFIO_PCI_CONFIG_REGION_INDEX].offset + off;
}

uint32_t vfio_cfg_read(struct vfio_pci *vfio, unsigned off, unsigned size)
{
	uint8_t raw[4];
	int r = vfio_read(vfio->fd, raw, size, cfg_at(vfio, off));
	if (r < 0) {
		log_warn("%s: reading config space at 0x%x: %s", vfio->name.s, off, strerror(-r));
		return (uint32_t)all_ones(size);
	}
	return (uint32_t)le_get(raw, size);
}

int vfio_cfg_write(struct vfio_pci *vfio, unsigned off, unsigned size, uint32_t value)
{
	uint8_t raw[4];
	le_put(raw, size, value);
	int r = vfio_write(vfio->fd, raw, size, cfg_at(vfio, off));
	if (r < 0)
		log_warn("%s: writing config space at 0x%x: %s", vfio->name.s, off, strerror(-r));
	return r;
}

static bool overlaps(unsigned off, unsigned size, unsigned reg, unsigned len)
{
	return off < reg + len && reg < off + size;
}

/* --- the device's own bits --- */

static uint32_t read_device(struct pci_func *func, unsigned off, unsigned size)
{
	struct vfio_pci *vfio = vfio_of(func);
	const struct msi *msi = &vfio->msi;
	if (vfio->msi_cap && msi->per_vector_mask) {
		unsigned pending = msi->off + msi_pending_off(true, msi->addr64);
		if (off >= pending && inside(off - pending, size, 4))
			return msi_pending(&vfio->msi) >> (8 * (off - pending));
	}
	return vfio_cfg_read(vfio, off, size);
}

/* Takes the bit of register `reg` out of a write that has it set. */
static bool take_bit(unsigned off, unsigned size, unsigned reg, unsigned bit, uint32_t *value)
{
	unsigned byte = reg + bit / 8;
	if (!overlaps(off, size, byte, 1))
		return false;
	uint32_t mask = UINT32_C(1) << (8 * (byte - off) + bit % 8);
	bool set = *value & mask;
	*value &= ~mask;
	return set;
}

/*
 * A function reset must not reach the device as a config write: the kernel would carry it out with
 * our slots and interrupts in place. It is taken out and done by `wrote` instead.
 */
static bool take_reset(struct vfio_pci *vfio, unsigned off, unsigned size, uint32_t *value)
{
	bool asked = false;
	if (vfio->pcie_cap)
		asked = take_bit(off, size, vfio->pcie_cap + PCI_EXP_DEVCTL, 15, value);
	if (vfio->af_cap)
		asked |= take_bit(off, size, vfio->af_cap + PCI_AF_CTRL, 0, value);
	return asked;
}

/* D3hot stops decoding: slots go before the device sleeps, and come back once it is awake. */
static void write_power(struct vfio_pci *vfio, unsigned off, unsigned size, uint32_t value)
{
	unsigned reg = vfio->pm_cap + PCI_PM_CTRL;
	uint32_t state = value >> (8 * (reg - off)) & PCI_PM_CTRL_STATE_MASK;
	struct err err = { 0 };
	if (state == 3) {
		vfio->asleep = true;
		vfio_peer_drop(vfio);
		if (pci_map_shrink(vfio->root, &err) < 0)
			log_warn("%s: before D3: %s", vfio->name.s, err.text);
	}
	if (vfio_cfg_write(vfio, off, size, value) == 0)
		vfio->asleep = state == 3;
}

static void write_device(struct pci_func *func, unsigned off, unsigned size, uint32_t value)
{
	struct vfio_pci *vfio = vfio_of(func);
	if (take_reset(vfio, off, size, &value) && vfio->flags & VFIO_DEVICE_FLAGS_RESET)
		vfio->flr_asked = true;
	if (vfio->pm_cap && overlaps(off, size, vfio->pm_cap + PCI_PM_CTRL, 1))
		write_power(vfio, off, size, value);
	else
		vfio_cfg_write(vfio, off, size, value);
}

/* --- what follows a write to ours --- */

static void sync_command(struct vfio_pci *vfio)
{
	uint16_t want = pci_command(&vfio->func);
	if (!(want & PCI_COMMAND_MEMORY))
		vfio_peer_drop(vfio);
	if (want != vfio->command && vfio_cfg_write(vfio, PCI_COMMAND, 2, want) == 0)
		vfio->command = want;
	if (want & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY))
		vfio_intx_arm(vfio);
}

static void wrote(struct pci_func *func, unsigned off, unsigned size)
{
	struct vfio_pci *vfio = vfio_of(func);
	if (vfio->flr_asked) {
		vfio->flr_asked = false;
		vfio_guest_flr(vfio);
		return;
	}
	bool command = overlaps(off, size, PCI_COMMAND, 2);
	if (command)
		sync_command(vfio);
	if (command || overlaps(off, size, PCI_ROM_ADDRESS, 4))
		vfio_rom_wrote(vfio);
	if (vfio->msix_cap && overlaps(off, size, vfio->msix_cap + PCI_MSIX_FLAGS, 2))
		msix_control(&vfio->msix, le16_get(func->val + vfio->msix_cap + PCI_MSIX_FLAGS));
	if (vfio->msi_cap && overlaps(off, size, vfio->msi_cap,
				      msi_cap_len(vfio->msi.per_vector_mask, vfio->msi.addr64)))
		msi_wrote(&vfio->msi);
	vfio_peer_sync(vfio);
}

/* Also where the device could not be told to decode: a slot would only fault. */
static bool asleep(const struct pci_func *func)
{
	const struct vfio_pci *vfio = (const struct vfio_pci *)func;
	return vfio->asleep || (pci_command(func) & ~vfio->command & PCI_COMMAND_MEMORY);
}

/* Our side of a power-on; the hardware's is vfio_reset_set, which may have been called before. */
static void reset(struct pci_func *func)
{
	struct vfio_pci *vfio = vfio_of(func);
	vfio_irqs_stop(vfio);
	vfio_wake(vfio);
	vfio->rom.tried = false;
	vfio->flr_asked = false;
	vfio_quirks_reset(vfio);
	sync_command(vfio);
}

const struct pci_func_ops vfio_func_ops = {
	.read_device = read_device,
	.write_device = write_device,
	.wrote = wrote,
	.reset = reset,
	.asleep = asleep,
};

/* --- power and quiet --- */

int vfio_wake(struct vfio_pci *vfio)
{
	if (!vfio->asleep)
		return 0;
	unsigned reg = vfio->pm_cap + PCI_PM_CTRL;
	uint32_t control = vfio_cfg_read(vfio, reg, 2);
	/* The PME status bit would be cleared by writing it back. */
	control &= ~(PCI_PM_CTRL_STATE_MASK | PCI_PM_CTRL_PME_STATUS);
	int r = vfio_cfg_write(vfio, reg, 2, control);
	if (r == 0)
		vfio->asleep = false;
	return r;
}

void vfio_quiesce(struct vfio_pci *vfio)
{
	struct err err = { 0 };
	if (vfio->func.bus && pci_map_withdraw(vfio->root, &vfio->func, &err) < 0)
		log_warn("%s: before a reset: %s", vfio->name.s, err.text);
	vfio_peer_drop(vfio);
	vfio_irqs_stop(vfio);
	vfio_wake(vfio);
	if (vfio->command && vfio_cfg_write(vfio, PCI_COMMAND, 2, 0) == 0)
		vfio->command = 0;
}
