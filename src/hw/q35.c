/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/q35.h"

#include "core/layout.h"

/* Intel 3 Series Express Chipset Family datasheet §5 (MCH), ICH9 datasheet §13 (LPC). */
#define MCH_PCIEXBAR 0x60
#define LPC_PMBASE 0x40
#define LPC_ACPI_CNTL 0x44
#define LPC_PIRQ_A 0x60
#define LPC_PIRQ_E 0x68
#define LPC_GEN_PMCON_1 0xA0
#define LPC_RCBA 0xF0

#define PMBASE_IO 0x1		/* bit 0 reads 1: I/O space */
#define ACPI_CNTL_EN 0x80	/* PM block decoded, SCI on IRQ 9 */
#define PIRQ_NOT_ROUTED 0x80	/* IRQEN#: the 8259 gets none of the PCI lines */
#define PCIEXBAR_EN 0x1		/* 256 MiB (bits 2:1 = 00), enabled */

static const struct pci_func_ops plain_ops = { 0 };

static void mch_init(struct pci_func *mch)
{
	pci_func_init(mch, &plain_ops, PCI_CFG_SIZE);
	pci_cfg_ids(mch, &(struct pci_ids){ .vendor = 0x8086, .device = 0x29c0, .class_code = 0x060000 });
	pci_cfg_set(mch, MCH_PCIEXBAR, 4, (uint32_t)ECAM_BASE | PCIEXBAR_EN);
	pci_func_seal(mch);
}

static void lpc_init(struct pci_func *lpc)
{
	pci_func_init(lpc, &plain_ops, PCI_CFG_SIZE);
	pci_cfg_ids(lpc, &(struct pci_ids){ .vendor = 0x8086, .device = 0x2918, .class_code = 0x060100,
					    .revision = 2 });
	pci_cfg_set(lpc, 0x04, 2, 0x0007); /* an LPC bridge always decodes */
	pci_cfg_set(lpc, LPC_PMBASE, 4, PM_BASE | PMBASE_IO);
	pci_cfg_set(lpc, LPC_ACPI_CNTL, 1, ACPI_CNTL_EN);
	pci_cfg_set(lpc, LPC_PIRQ_A, 4, 0x01010101u * PIRQ_NOT_ROUTED);
	pci_cfg_set(lpc, LPC_PIRQ_E, 4, 0x01010101u * PIRQ_NOT_ROUTED);
	pci_cfg_writable(lpc, LPC_PIRQ_A, 4, 0x8f8f8f8f);
	pci_cfg_writable(lpc, LPC_PIRQ_E, 4, 0x8f8f8f8f);
	pci_cfg_writable(lpc, LPC_GEN_PMCON_1, 2, 0xffff);
	pci_cfg_writable(lpc, LPC_RCBA, 4, 0xffffc001);
	pci_func_seal(lpc);
}

int q35_init(struct q35 *q35, struct pci_root *root)
{
	mch_init(&q35->mch);
	lpc_init(&q35->lpc);
	int r = pci_bus_add(&root->bus0, &q35->mch, SLOT_HOST_BRIDGE, 0);
	return r ? r : pci_bus_add(&root->bus0, &q35->lpc, SLOT_LPC, 0);
}
