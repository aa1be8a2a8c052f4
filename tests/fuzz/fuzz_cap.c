/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capability lists as a broken device or a guest may make them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/range.h"
#include "pci/cap.h"
#include "pci/func.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_list(const struct pci_cap *caps, size_t n, unsigned first, size_t cfg_size)
{
	uint64_t seen[PCIE_CFG_SIZE / 64] = { 0 };
	for (size_t i = 0; i < n; i++) {
		require(caps[i].id && caps[i].off >= first && caps[i].off % 4 == 0);
		require(inside(caps[i].off, 4, cfg_size));
		require(!(seen[caps[i].off / 64] & UINT64_C(1) << caps[i].off % 64));
		seen[caps[i].off / 64] |= UINT64_C(1) << caps[i].off % 64;
	}
}

static void check_finds(const uint8_t *cfg, size_t size, const struct pci_cap *caps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint16_t off = pci_cap_find(cfg, size, (uint8_t)caps[i].id);
		require(off && cfg[off] == caps[i].id && off != 0);
	}
	require(pci_cap_find(cfg, size, 0) == 0);
	require(pci_ext_cap_find(cfg, size, 0) == 0);
}

/* A list that is already there, however broken, must take another capability or refuse it. */
static void check_add(const uint8_t *cfg, unsigned off)
{
	static const struct pci_func_ops no_ops = { 0 };
	static struct pci_func func;
	pci_func_init(&func, &no_ops, PCIE_CFG_SIZE);
	memcpy(func.val, cfg, PCI_CFG_SIZE);
	if (pci_cfg_add_cap(&func, 0x11, off, 12))
		return;
	uint16_t found = pci_cap_find(func.val, PCI_CFG_SIZE, 0x11);
	require(found && func.val[found] == 0x11);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	static uint8_t cfg[PCIE_CFG_SIZE];
	memset(cfg, 0, sizeof(cfg));
	memcpy(cfg, data + 2, size - 2 < sizeof(cfg) ? size - 2 : sizeof(cfg));
	size_t cfg_size = data[0] & 1 ? PCIE_CFG_SIZE : PCI_CFG_SIZE;
	struct pci_cap caps[1024];
	size_t n = pci_cap_list(cfg, cfg_size, caps, ARRAY_LEN(caps));
	require(n <= 48);
	check_list(caps, n, 0x40, PCI_CFG_SIZE);
	check_finds(cfg, cfg_size, caps, n);
	size_t ext = pci_ext_cap_list(cfg, cfg_size, caps, ARRAY_LEN(caps));
	require(ext <= 960);
	check_list(caps, ext, 0x100, cfg_size);
	check_add(cfg, (unsigned)data[1] << 2);
	return 0;
}
