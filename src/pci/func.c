/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pci/func.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "base/bytes.h"
#include "base/range.h"
#include "pci/cap.h"

void pci_func_init(struct pci_func *func, const struct pci_func_ops *ops, size_t cfg_size)
{
	memset(func, 0, sizeof(*func));
	memset(func->ours, 0xff, sizeof(func->ours));
	func->ops = ops;
	func->cfg_size = min_u64(cfg_size, PCIE_CFG_SIZE);
}

/* --- set-up --- */

static bool fits(const struct pci_func *func, unsigned off, unsigned size)
{
	return (size == 1 || size == 2 || size == 4) && inside(off, size, func->cfg_size);
}

void pci_cfg_set(struct pci_func *func, unsigned off, unsigned size, uint32_t value)
{
	if (!fits(func, off, size))
		return;
	le_put(func->val + off, size, value);
	le_put(func->ours + off, size, UINT32_MAX);
}

void pci_cfg_writable(struct pci_func *func, unsigned off, unsigned size, uint32_t mask)
{
	if (fits(func, off, size))
		le_put(func->writable + off, size, mask);
}

void pci_cfg_w1c(struct pci_func *func, unsigned off, unsigned size, uint32_t mask)
{
	if (fits(func, off, size))
		le_put(func->w1c + off, size, mask);
}

void pci_cfg_device(struct pci_func *func, unsigned off, unsigned size, uint32_t mask)
{
	if (fits(func, off, size))
		le_put(func->ours + off, size, le_get(func->ours + off, size) & ~(uint64_t)mask);
}

static bool is_bridge(const struct pci_func *func)
{
	return (func->val[PCI_HEADER_TYPE] & 0x7f) == PCI_HEADER_TYPE_BRIDGE;
}

void pci_cfg_ids(struct pci_func *func, const struct pci_ids *ids)
{
	bool bridge = ids->class_code >> 8 == 0x0604;
	pci_cfg_set(func, PCI_VENDOR_ID, 2, ids->vendor);
	pci_cfg_set(func, PCI_DEVICE_ID, 2, ids->device);
	pci_cfg_set(func, PCI_CLASS_REVISION, 4, ids->class_code << 8 | ids->revision);
	pci_cfg_set(func, PCI_HEADER_TYPE, 1,
		    bridge ? PCI_HEADER_TYPE_BRIDGE : PCI_HEADER_TYPE_NORMAL);
	if (bridge)
		return;
	pci_cfg_set(func, PCI_SUBSYSTEM_VENDOR_ID, 2, ids->subvendor);
	pci_cfg_set(func, PCI_SUBSYSTEM_ID, 2, ids->subdevice);
}

int pci_cfg_add_cap(struct pci_func *func, uint8_t id, unsigned off, unsigned len)
{
	if (!id || id == 0xff || off < PCI_STD_HEADER_SIZEOF || off % 4 || len < 2 ||
	    !inside(off, len, PCI_CFG_SIZE))
		return -EINVAL;
	struct pci_cap caps[PCI_CFG_SIZE / 4];
	size_t n = pci_cap_list(func->val, PCI_CFG_SIZE, caps, ARRAY_LEN(caps));
	for (size_t i = 0; i < n; i++) {
		if (caps[i].off == off)
			return -EINVAL;
	}
	unsigned link = n ? caps[n - 1].off + PCI_CAP_LIST_NEXT : PCI_CAPABILITY_LIST;
	pci_cfg_set(func, link, 1, off);
	pci_cfg_set(func, off, 2, id);
	func->val[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	func->ours[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
	return 0;
}

/* --- BARs --- */

unsigned pci_bar_reg(const struct pci_func *func, unsigned i)
{
	if (i == PCI_ROM_BAR)
		return is_bridge(func) ? PCI_ROM_ADDRESS1 : PCI_ROM_ADDRESS;
	return PCI_BASE_ADDRESS_0 + 4 * i;
}

/* What a BAR of each kind may be, and the bits of its first register that are not address. */
static const struct {
	uint64_t min, max;
	uint32_t type, flags_mask;
} kinds[] = {
	[BAR_NONE] = { 0, 0, 0, 0 },
	[BAR_IO] = { 4, 64 * KIB, PCI_BASE_ADDRESS_SPACE_IO, 0x3 },
	[BAR_MEM32] = { 16, 2 * GIB, 0, 0xf },
	[BAR_MEM64] = { 16, UINT64_C(1) << 51, PCI_BASE_ADDRESS_MEM_TYPE_64, 0xf },
	[BAR_ROM] = { 2 * KIB, 16 * MIB, 0, 0x7ff },
};

static bool bar_ok(const struct pci_func *func, unsigned i, enum bar_kind kind, uint64_t size)
{
	unsigned last = is_bridge(func) ? 1 : 5;
	if (kind == BAR_NONE || kind > BAR_ROM || i >= PCI_BARS || func->bar[i].kind != BAR_NONE)
		return false;
	if (!is_pow2(size) || size < kinds[kind].min || size > kinds[kind].max)
		return false;
	if (i == PCI_ROM_BAR || kind == BAR_ROM)
		return i == PCI_ROM_BAR && kind == BAR_ROM;
	if (i > last || (i > 0 && func->bar[i - 1].kind == BAR_MEM64))
		return false;
	return kind != BAR_MEM64 || (i < last && func->bar[i + 1].kind == BAR_NONE);
}

int pci_bar_set(struct pci_func *func, unsigned i, enum bar_kind kind, bool prefetch, uint64_t size)
{
	if (!bar_ok(func, i, kind, size))
		return -EINVAL;
	unsigned reg = pci_bar_reg(func, i);
	uint64_t writable = ~(size - 1) & ~(uint64_t)kinds[kind].flags_mask;
	uint32_t type = kinds[kind].type;
	bool memory = kind == BAR_MEM32 || kind == BAR_MEM64;
	if (memory && prefetch)
		type |= PCI_BASE_ADDRESS_MEM_PREFETCH;
	if (kind == BAR_ROM)
		writable |= PCI_ROM_ADDRESS_ENABLE;
	pci_cfg_set(func, reg, 4, type);
	pci_cfg_writable(func, reg, 4, (uint32_t)writable);
	if (kind == BAR_MEM64) {
		pci_cfg_set(func, reg + 4, 4, 0);
		pci_cfg_writable(func, reg + 4, 4, (uint32_t)(writable >> 32));
	}
	func->bar[i] =
		(struct pci_bar){ .kind = kind, .prefetch = memory && prefetch, .size = size };
	return 0;
}

uint64_t pci_bar_addr(const struct pci_func *func, unsigned i)
{
	if (i >= PCI_BARS || func->bar[i].kind == BAR_NONE)
		return 0;
	const uint8_t *reg = func->val + pci_bar_reg(func, i);
	uint64_t raw = func->bar[i].kind == BAR_MEM64 ? le64_get(reg) : le32_get(reg);
	return raw & ~(uint64_t)kinds[func->bar[i].kind].flags_mask;
}

void pci_bar_program(struct pci_func *func, unsigned i, uint64_t addr)
{
	if (i >= PCI_BARS || func->bar[i].kind == BAR_NONE)
		return;
	unsigned size = func->bar[i].kind == BAR_MEM64 ? 8 : 4;
	uint8_t *reg = func->val + pci_bar_reg(func, i);
	uint64_t address_bits = ~(func->bar[i].size - 1);
	le_put(reg, size, (le_get(reg, size) & ~address_bits) | (addr & address_bits));
}

/* --- power-on --- */

void pci_func_seal(struct pci_func *func)
{
	memcpy(func->fresh, func->val, sizeof(func->fresh));
}

void pci_func_reset(struct pci_func *func)
{
	memcpy(func->val, func->fresh, sizeof(func->val));
	if (func->ops->reset)
		func->ops->reset(func);
}

/* --- guest accesses --- */

static bool legal(const struct pci_func *func, unsigned off, unsigned size)
{
	return fits(func, off, size) && off % size == 0;
}

static uint32_t read_device(struct pci_func *func, unsigned off, unsigned size)
{
	return func->ops->read_device ? func->ops->read_device(func, off, size) : 0;
}

uint32_t pci_cfg_read(struct pci_func *func, unsigned off, unsigned size)
{
	uint32_t ones = (uint32_t)all_ones(size);
	if (!legal(func, off, size))
		return ones;
	uint32_t ours = (uint32_t)le_get(func->ours + off, size);
	uint32_t val = (uint32_t)le_get(func->val + off, size) & ours;
	if (ours == ones)
		return val;
	return val | (read_device(func, off, size) & ~ours & ones);
}

bool pci_cfg_latch(struct pci_func *func, unsigned off, unsigned size, uint32_t value)
{
	if (!legal(func, off, size))
		return false;
	uint32_t ours = (uint32_t)le_get(func->ours + off, size);
	uint32_t w1c = (uint32_t)le_get(func->w1c + off, size) & ours;
	uint32_t writable = (uint32_t)le_get(func->writable + off, size) & ours & ~w1c;
	uint32_t val = (uint32_t)le_get(func->val + off, size);
	val = (val & ~writable) | (value & writable);
	val &= ~(value & w1c);
	le_put(func->val + off, size, val);
	return true;
}

/*
 * Bits that are not the guest's to write go back as they were read, except those that a 1 would
 * clear.
 */
static void write_device(struct pci_func *func, unsigned off, unsigned size, uint32_t value)
{
	uint32_t ones = (uint32_t)all_ones(size);
	uint32_t device = ~(uint32_t)le_get(func->ours + off, size) & ones;
	uint32_t w1c = (uint32_t)le_get(func->w1c + off, size);
	uint32_t writable = (uint32_t)le_get(func->writable + off, size) & ~w1c & device;
	if (!func->ops->write_device || !(writable | (value & w1c & device)))
		return;
	uint32_t keep = ones & ~writable & ~w1c;
	uint32_t kept = keep ? read_device(func, off, size) & keep : 0;
	func->ops->write_device(func, off, size, kept | (value & (writable | (w1c & device))));
}

void pci_cfg_forward(struct pci_func *func, unsigned off, unsigned size, uint32_t value)
{
	write_device(func, off, size, value);
	if (func->ops->wrote)
		func->ops->wrote(func, off, size);
}

void pci_cfg_write(struct pci_func *func, unsigned off, unsigned size, uint32_t value)
{
	if (pci_cfg_latch(func, off, size, value))
		pci_cfg_forward(func, off, size, value);
}
