/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/ivshmem.h"

#include <linux/pci_regs.h>
#include <stddef.h>

#define VENDOR_RED_HAT 0x1AF4 /* also Qumranet's */
#define DEVICE_IVSHMEM 0x1110
#define SUBSYSTEM_QEMU 0x1100
#define CLASS_RAM 0x050000

/*
 * Interrupt mask and status, position and doorbell. Without interrupts and peers nothing of it is
 * anything but zero, and writes have no effect.
 */
static uint64_t read_register(void *ctx, uint64_t off, unsigned size)
{
	(void)ctx;
	(void)off;
	(void)size;
	return 0;
}

static const struct bus_ops register_ops = { .read = read_register };
static const struct pci_func_ops func_ops = { 0 };

int ivshmem_init(struct ivshmem *ivshmem, void *memory, uint64_t size)
{
	struct pci_func *func = &ivshmem->func;
	pci_func_init(func, &func_ops, PCI_CFG_SPACE_SIZE);
	pci_cfg_ids(func, &(struct pci_ids){ .vendor = VENDOR_RED_HAT,
					     .device = DEVICE_IVSHMEM,
					     .subvendor = VENDOR_RED_HAT,
					     .subdevice = SUBSYSTEM_QEMU,
					     .class_code = CLASS_RAM,
					     .revision = 1 });
	pci_cfg_writable(func, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	int r = pci_bar_set(func, IVSHMEM_REGISTERS_BAR, BAR_MEM32, false, IVSHMEM_REGISTERS_SIZE);
	if (!r)
		r = pci_bar_set(func, IVSHMEM_MEMORY_BAR, BAR_MEM64, true, size);
	if (r)
		return r;
	struct pci_bar *bar = &func->bar[IVSHMEM_REGISTERS_BAR];
	bar->piece[0] = (struct bar_piece){ .len = IVSHMEM_REGISTERS_SIZE, .ops = &register_ops };
	bar->n_pieces = 1;
	bar = &func->bar[IVSHMEM_MEMORY_BAR];
	bar->piece[0] = (struct bar_piece){ .len = size, .hva = memory };
	bar->n_pieces = 1;
	pci_func_seal(func);
	return 0;
}
