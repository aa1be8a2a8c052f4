/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hw/q35.h"

#include <linux/pci_regs.h>

#include "base/bytes.h"
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
#define PCIEXBAR_EN 0x1
#define PCIEXBAR_SIZE 0x6 /* 0 = 256 MiB, 1 = 128 MiB, 2 = 64 MiB */
#define PCIEXBAR_BASE UINT64_C(0xFFC000000) /* bits 35:26, down to the smallest size */

static const struct pci_func_ops plain_ops = { 0 };

/* What a PCI function without BARs, interrupt or DMA of its own lets one write: it is stored only. */
#define COMMAND_WRITABLE                                                                           \
	(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_SERR |             \
	 PCI_COMMAND_INTX_DISABLE)

/* PCIEXBAR: bits 35:28 are the base (fewer with a smaller size), 2:1 the size, 0 turns it on. */
static struct range ecam_of(const struct pci_func *mch)
{
	static const uint64_t sizes[] = { 256 * MIB, 128 * MIB, 64 * MIB, 0 };
	uint64_t bar = le64_get(mch->val + MCH_PCIEXBAR);
	uint64_t size = bar & PCIEXBAR_EN ? sizes[bar >> 1 & 3] : 0;
	uint64_t base = size ? bar & PCIEXBAR_BASE & ~(size - 1) : 0;
	return base ? (struct range){ base, size } : (struct range){ 0, 0 };
}

static void mch_wrote(struct pci_func *mch, unsigned off, unsigned size)
{
	(void)off;
	(void)size;
	container_of(mch, struct q35, mch)->root->ecam = ecam_of(mch);
}

static void mch_reset(struct pci_func *mch)
{
	mch_wrote(mch, 0, 0);
}

static const struct pci_func_ops mch_ops = { .wrote = mch_wrote, .reset = mch_reset };

static void mch_init(struct pci_func *mch, bool ecam_on)
{
	pci_func_init(mch, &mch_ops, PCI_CFG_SIZE);
	pci_cfg_ids(mch, &(struct pci_ids){ .vendor = 0x8086, .device = 0x29c0, .class_code = 0x060000 });
	pci_cfg_writable(mch, PCI_COMMAND, 2, COMMAND_WRITABLE);
	if (ecam_on)
		pci_cfg_set(mch, MCH_PCIEXBAR, 4, (uint32_t)ECAM_BASE | PCIEXBAR_EN);
	pci_cfg_writable(mch, MCH_PCIEXBAR, 4, (uint32_t)PCIEXBAR_BASE | PCIEXBAR_SIZE | PCIEXBAR_EN);
	pci_cfg_writable(mch, MCH_PCIEXBAR + 4, 4, PCIEXBAR_BASE >> 32);
	pci_func_seal(mch);
}

static void lpc_init(struct pci_func *lpc)
{
	pci_func_init(lpc, &plain_ops, PCI_CFG_SIZE);
	pci_cfg_ids(lpc, &(struct pci_ids){ .vendor = 0x8086, .device = 0x2918, .class_code = 0x060100,
					    .revision = 2 });
	/* Firmware looks for serial ports and keyboard only behind a bridge that decodes. */
	pci_cfg_set(lpc, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	pci_cfg_writable(lpc, PCI_COMMAND, 2, COMMAND_WRITABLE);
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

int q35_init(struct q35 *q35, struct pci_root *root, bool ecam_on)
{
	q35->root = root;
	mch_init(&q35->mch, ecam_on);
	root->ecam = ecam_of(&q35->mch);
	lpc_init(&q35->lpc);
	int r = pci_bus_add(&root->bus0, &q35->mch, SLOT_HOST_BRIDGE, 0);
	return r ? r : pci_bus_add(&root->bus0, &q35->lpc, SLOT_LPC, 0);
}

/* Class, header type and what is emulated stay: only who it says it is changes. */
static void set_identity(struct pci_func *func, const struct pci_ids *ids)
{
	pci_cfg_set(func, PCI_REVISION_ID, 1, ids->revision);
	pci_cfg_set(func, PCI_SUBSYSTEM_VENDOR_ID, 2, ids->subvendor);
	pci_cfg_set(func, PCI_SUBSYSTEM_ID, 2, ids->subdevice);
	pci_func_seal(func);
}

void q35_pose_as(struct q35 *q35, const struct pci_ids *mch, const struct pci_ids *lpc)
{
	if (mch)
		set_identity(&q35->mch, mch);
	if (!lpc)
		return;
	pci_cfg_set(&q35->lpc, PCI_VENDOR_ID, 2, lpc->vendor);
	pci_cfg_set(&q35->lpc, PCI_DEVICE_ID, 2, lpc->device);
	set_identity(&q35->lpc, lpc);
}
