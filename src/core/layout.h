/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every fixed guest address and port in one place, and the pure functions that lay RAM and the PCI
 * windows around them. The map is that of an Intel Q35 (MCH) with ICH9, placed so that Debian's
 * stock OVMF runs on it too: RAM below 4 GiB ends at 2 GiB, ECAM at 0xB0000000, 32-bit PCI window
 * above it.
 */
#ifndef BULKHEAD_CORE_LAYOUT_H
#define BULKHEAD_CORE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/range.h"

/* --- memory --- */
#define LOW_RAM_MAX UINT64_C(0x80000000) /* RAM below 4 GiB ends here at the latest */
#define ECAM_BASE UINT64_C(0xB0000000)   /* PCIEXBAR; 256 buses of 1 MiB */
#define ECAM_SIZE UINT64_C(0x10000000)
#define PCI_MMIO32_BASE UINT64_C(0xC0000000)
#define PCI_MMIO32_END UINT64_C(0xFC000000) /* exclusive */
#define IOAPIC_BASE UINT64_C(0xFEC00000)
#define TPM_CRB_BASE UINT64_C(0xFED40000) /* with a TPM; all-ones without, or firmware waits */
#define TPM_CRB_SIZE UINT64_C(0x1000)
#define IGD_OPREGION_BASE UINT64_C(0xFED80000) /* with graphics of Intel's: a copy of its tables */
#define IGD_OPREGION_MAX UINT64_C(0x20000)
#define IGD_STOLEN_BASE UINT64_C(0xFC000000) /* with graphics of Intel's: theirs; no window reaches it */
#define IGD_STOLEN_SIZE UINT64_C(0x2000000)  /* 32 MiB, the unit that all generations count in */
#define LAPIC_BASE UINT64_C(0xFEE00000) /* also the MSI window, 1 MiB; DMA never maps it */
#define KVM_IDENTITY_MAP_GPA UINT64_C(0xFEFFC000) /* Intel without unrestricted guest needs it */
#define KVM_TSS_GPA UINT64_C(0xFEFFD000)          /* three pages */
#define HIGH_RAM_BASE UINT64_C(0x100000000)

/* --- ports --- */
#define PORT_I8042_DATA 0x60
#define PORT_I8042_STATUS 0x64
#define PORT_RTC 0x70
#define PORT_A20 0x92
#define PORT_COM1 0x3F8
#define PORT_FWCFG 0x510 /* firmware configuration, with UEFI only */
#define FWCFG_PORTS 12
#define PORT_PCI_ADDRESS 0xCF8
#define PORT_PCI_DATA 0xCFC
#define PORT_RESET 0xCF9
#define PM_BASE 0x600 /* ICH9 ACPI I/O block, 128 bytes */
#define PM_SIZE 0x80
#define PCI_PIO_BASE 0x6000 /* window for BARs, to 0xFFFF */
#define PCI_PIO_SIZE 0xA000

/* --- interrupts (GSIs of the one IOAPIC; KVM's has 24 pins) --- */
#define GSI_KEYBOARD 1
#define GSI_COM1 4
#define GSI_RTC 8
#define GSI_SCI 9
#define GSI_MOUSE 12
#define GSI_PCI_FIRST 16 /* PIRQ A..H = 16..23 */
#define IOAPIC_PINS 24

/* --- guest PCI slots of bus 0 --- */
#define SLOT_HOST_BRIDGE 0
#define SLOT_FIRST 1 /* root ports and conventional devices */
#define SLOT_LAST 28
#define SLOT_IVSHMEM 29
#define SLOT_LPC 31

#define LAYOUT_MAX_RAM 16
#define LAYOUT_MAX_MEMORY (LAYOUT_MAX_RAM + 1)
#define LAYOUT_MIN_RAM UINT64_C(0x1000000) /* 16 MiB: below it no kernel of today fits */

struct layout {
	struct range ram[LAYOUT_MAX_RAM]; /* ascending, page multiples */
	unsigned n_ram;
	struct range stolen; /* memory that is not RAM: of Intel's graphics; size 0 = none */
	struct range mmio32; /* windows of the root bus */
	struct range mmio64;
	struct range io;
	unsigned phys_bits; /* guest physical address bits, CPUID 0x80000008 */
	uint64_t window_mib; /* firmware has to be told this size for mmio64; 0 = it chooses that itself */
};

/*
 * Lays `memory` bytes of RAM around the fixed map and around `holes` (IOVA ranges that the IOMMU
 * reserves, any order, may overlap). A hole below LOW_RAM_MAX lowers the top of low RAM rather than
 * splitting it, because firmware takes [1M, top) as one piece; below 16 MiB it is refused. RAM
 * beside a hole ends and starts at 2 MiB boundaries, so that huge pages stay whole. Sets everything
 * but mmio64 and phys_bits. Pure. -EINVAL less than LAYOUT_MIN_RAM or no page multiple; -ENOSPC
 * with a text when it fits neither 52 address bits nor LAYOUT_MAX_RAM pieces.
 */
int layout_ram(struct layout *layout, uint64_t memory, const struct range *holes, size_t n_holes,
	       struct err *err);

/*
 * Adds the memory of Intel's graphics, IGD_STOLEN_SIZE at IGD_STOLEN_BASE: one place for all firmware,
 * because each has a window of its own below it. After layout_ram, with its holes. Pure. -ENOSPC when
 * the IOMMU reserves addresses there.
 */
int layout_stolen(struct layout *layout, const struct range *holes, size_t n_holes,
		  struct err *err);
/* All that is memory, RAM and the above, ascending; how many. */
unsigned layout_memory(const struct layout *layout, struct range ret[LAYOUT_MAX_MEMORY]);

/*
 * Places the 64-bit PCI window: the top eighth of the guest physical space (47 bits of it at most),
 * where OVMF puts it too; lower or larger when RAM or `need` ask for it, but always above RAM and
 * at least `need` bytes. Call after layout_ram. `phys_bits` 36..52. -ENOSPC with the sizes, also
 * when RAM itself reaches beyond `phys_bits`.
 */
int layout_mmio64(struct layout *layout, unsigned phys_bits, uint64_t need, struct err *err);

/* What OVMF goes by when it chooses the window itself. */
struct layout_cpu {
	unsigned phys_bits; /* 36..52 */
	bool amd;           /* CPUID vendor; any other counts as Intel */
	bool gib_pages;     /* CPUID 0x80000001 EDX bit 26 */
};
/*
 * The same window exactly where OVMF will put it (edk2 OvmfPkg PlatformInitLib/MemDetect.c), with
 * `window_mib` where its own choice is less than `need`. When no window of that size fits, its own
 * choice, for window_assign to refuse. Errors as above, but for `need`.
 */
int layout_mmio64_ovmf(struct layout *layout, const struct layout_cpu *cpu, uint64_t need,
		       struct err *err);

#endif
