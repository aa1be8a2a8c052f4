/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/acpi_windows.h"

#include "base/bytes.h"
#include "pci/port.h"

void acpi_windows_laid(struct acpi_config *config, const struct layout *layout)
{
	config->ecam = (struct range){ ECAM_BASE, ECAM_SIZE };
	config->mmio32[0] = layout->mmio32;
	config->mmio32[1] = (struct range){ 0, 0 };
	config->mmio64 = layout->mmio64;
}

/* --- above 4 GiB --- */

struct span {
	struct range allowed; /* above RAM, within the guest's address bits */
	uint64_t first, end;  /* what the window covers */
};

static void cover(struct span *span, uint64_t at, uint64_t size)
{
	if (!size || !range_contains(span->allowed, at, size))
		return;
	if (at < span->first)
		span->first = at;
	if (at + size > span->end)
		span->end = at + size;
}

static int cover_func(struct pci_func *func, void *ctx)
{
	struct span *span = ctx;
	for (unsigned i = 0; i < PCI_ROM_BAR; i++)
		if (func->bar[i].kind == BAR_MEM64)
			cover(span, pci_bar_addr(func, i), func->bar[i].size);
	if (func->port) {
		struct pci_windows windows = pci_port_windows(func->port);
		cover(span, windows.pref.start, windows.pref.size);
	}
	return 0;
}

/* The layout's window, larger where firmware went beyond it; in whole GiB. */
static struct range window64(const struct layout *layout, struct pci_root *root)
{
	struct range top = layout->ram[layout->n_ram - 1];
	uint64_t floor = max_u64(align_up(top.start + top.size, GIB), HIGH_RAM_BASE);
	uint64_t space = UINT64_C(1) << layout->phys_bits;
	if (floor >= space)
		return layout->mmio64;
	struct span span = {
		.allowed = { floor, space - floor },
		.first = layout->mmio64.size ? layout->mmio64.start : UINT64_MAX,
		.end = layout->mmio64.size ? layout->mmio64.start + layout->mmio64.size : 0,
	};
	pci_root_each(root, cover_func, &span);
	if (!span.end)
		return layout->mmio64;
	uint64_t first = align_down(span.first, GIB);
	return (struct range){ first, align_up(span.end, GIB) - first };
}

/* --- below --- */

static struct range between(uint64_t start, uint64_t end)
{
	return (struct range){ start, end > start ? end - start : 0 };
}

void acpi_windows_programmed(struct acpi_config *config, const struct layout *layout,
			     struct pci_root *root)
{
	acpi_windows_laid(config, layout);
	if (root->ecam.size && root->ecam.start >= LOW_RAM_MAX &&
	    range_contains(between(LOW_RAM_MAX, PCI_MMIO32_END), root->ecam.start,
			   root->ecam.size))
		config->ecam = root->ecam;
	config->mmio32[0] = between(config->ecam.start + config->ecam.size, PCI_MMIO32_END);
	config->mmio32[1] = between(LOW_RAM_MAX, config->ecam.start);
	config->mmio64 = window64(layout, root);
}
