/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What UEFI firmware is told of the machine as a whole: that there is a configuration device, the
 * processors and the memory. Other parts add what they know (tables, boot order, a kernel).
 */
#include "base/bytes.h"
#include "boot_order.h"
#include "machine_parts.h"

/* Features of FWCFG_ID: the port interface and DMA (QEMU docs/specs/fw_cfg.rst). */
#define FEATURES (1u << 0 | 1u << 1)

#define E820_ENTRY 20 /* u64 address, u64 length, u32 type */
#define E820_TYPE_RAM 1

/*
 * RAM as it is laid out and nothing else: firmware takes every entry for memory and makes its own
 * holes. `etc/system-states` is left out, so there is no S3: assigned devices would not survive it.
 */
static int add_memory(struct machine *m, struct err *err)
{
	const struct layout *layout = &m->plan->layout;
	uint8_t map[LAYOUT_MAX_RAM * E820_ENTRY];
	for (unsigned i = 0; i < layout->n_ram; i++) {
		uint8_t *at = map + (size_t)i * E820_ENTRY;
		le_put(at, 8, layout->ram[i].start);
		le_put(at + 8, 8, layout->ram[i].size);
		le_put(at + 16, 4, E820_TYPE_RAM);
	}
	return fwcfg_add_file(&m->fwcfg, "etc/e820", map, (size_t)layout->n_ram * E820_ENTRY, err);
}

static int add_boot_order(struct machine *m, struct err *err)
{
	char text[BOOT_ORDER_SIZE];
	size_t n = boot_order_text(m->plan, text);
	return n ? fwcfg_add_file(&m->fwcfg, BOOT_ORDER_FILE, text, n, err) : 0;
}

int fwcfg_up(struct machine *m, struct err *err)
{
	if (m->plan->profile->firmware.type != FIRMWARE_UEFI)
		return 0;
	struct fwcfg *fwcfg = &m->fwcfg;
	int r = fwcfg_init(fwcfg, &m->gmem, err);
	if (!r)
		r = fwcfg_add(fwcfg, FWCFG_SIGNATURE, "QEMU", 4, err);
	if (!r)
		r = fwcfg_add_u32(fwcfg, FWCFG_ID, FEATURES, err);
	if (!r)
		r = fwcfg_add_u16(fwcfg, FWCFG_CPUS, (uint16_t)m->plan->profile->vcpus, err);
	if (!r)
		r = fwcfg_add_u16(fwcfg, FWCFG_BOOT_MENU, 0, err);
	if (!r)
		r = add_memory(m, err);
	if (!r)
		r = add_boot_order(m, err);
	if (!r)
		r = igd_files(m, err);
	if (r)
		return r;
	const struct bus_region ports = { PORT_FWCFG, FWCFG_PORTS, &fwcfg_ops, fwcfg, 0 };
	return machine_add_ports(m, &ports, err);
}

void fwcfg_down(struct machine *m)
{
	fwcfg_fini(&m->fwcfg);
}
