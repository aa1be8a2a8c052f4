/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pci/port.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/bytes.h"
#include "base/log.h"

/* Where our capabilities are. */
#define CAP_PM 0x40
#define CAP_PCIE 0x50
#define CAP_MSI 0x90
#define CAP_RESERVE 0xa0
#define RESERVE_CAP_LEN 32
#define LINK_SPEED_MAX 5 /* what Link Capabilities 2 has names for */
#define PCIE_CAP_LEN 0x3c /* version 2, PCIe 6.0 §7.5.3 */

static const struct pci_ids port_ids = {
	.vendor = 0x1b36, .device = 0x000c, .class_code = 0x060400, /* "PCIe root port", QEMU */
};

/*
 * Reset value, and what a guest may write; registers of one table are relative to its base. w1c is
 * in `mask` of rows that say so.
 */
struct reg {
	uint8_t off, size;
	bool w1c;
	uint32_t value, mask;
};

/* PCI-to-PCI Bridge 1.2 §3.2, with the restrictions of PCIe 6.0 §7.5.1.3 */
static const struct reg header[] = {
	{ PCI_COMMAND, 2, false, 0, 0x0547 },
	{ PCI_STATUS, 2, true, 0, 0xf900 },
	{ PCI_CACHE_LINE_SIZE, 1, false, 0, 0xff },
	{ PCI_PRIMARY_BUS, 1, false, 0, 0xff },
	{ PCI_SECONDARY_BUS, 1, false, 0, 0xff },
	{ PCI_SUBORDINATE_BUS, 1, false, 0, 0xff },
	{ PCI_IO_BASE, 1, false, PCI_IO_RANGE_TYPE_16, 0xf0 },
	{ PCI_IO_LIMIT, 1, false, PCI_IO_RANGE_TYPE_16, 0xf0 },
	{ PCI_SEC_STATUS, 2, true, 0, 0xf900 },
	{ PCI_MEMORY_BASE, 2, false, 0, 0xfff0 },
	{ PCI_MEMORY_LIMIT, 2, false, 0, 0xfff0 },
	{ PCI_PREF_MEMORY_BASE, 2, false, PCI_PREF_RANGE_TYPE_64, 0xfff0 },
	{ PCI_PREF_MEMORY_LIMIT, 2, false, PCI_PREF_RANGE_TYPE_64, 0xfff0 },
	{ PCI_PREF_BASE_UPPER32, 4, false, 0, 0xffffffff },
	{ PCI_PREF_LIMIT_UPPER32, 4, false, 0, 0xffffffff },
	{ PCI_INTERRUPT_LINE, 1, false, 0, 0xff },
	{ PCI_BRIDGE_CONTROL, 2, false, 0, 0x005f },
};

/* D0 and D3hot, no PME; state survives D3hot (PCI PM 1.2 §3.2) */
static const struct reg pm[] = {
	{ PCI_PM_PMC, 2, false, 3, 0 },
	{ PCI_PM_CTRL, 2, false, PCI_PM_CTRL_NO_SOFT_RESET, PCI_PM_CTRL_STATE_MASK },
};

/* For a fixed slot: storage alone, nothing raises it. One vector, 64-bit (PCIe 6.0 §7.7.1). */
static const struct reg msi[] = {
	{ PCI_MSI_FLAGS, 2, false, PCI_MSI_FLAGS_64BIT, PCI_MSI_FLAGS_ENABLE },
	{ PCI_MSI_ADDRESS_LO, 4, false, 0, 0xfffffffc },
	{ PCI_MSI_ADDRESS_HI, 4, false, 0, 0xffffffff },
	{ PCI_MSI_DATA_64, 2, false, 0, 0xffff },
};

#define MSI_CAP_LEN 14

/* PCIe 6.0 §7.5.3; link and slot registers come from pci_port_init's arguments. */
static const struct reg pcie[] = {
	{ PCI_EXP_FLAGS, 2, false, 2 | PCI_EXP_TYPE_ROOT_PORT << 4 | PCI_EXP_FLAGS_SLOT, 0 },
	{ PCI_EXP_DEVCAP, 4, false, PCI_EXP_DEVCAP_RBER, 0 },
	{ PCI_EXP_DEVCTL, 2, false,
	  PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ_512B,
	  0x79ff },
	{ PCI_EXP_DEVSTA, 2, true, 0, 0x000f },
	{ PCI_EXP_LNKCTL, 2, false, 0, 0x00c3 }, /* ASPM, common clock, extended synch */
	{ PCI_EXP_SLTSTA, 2, true, PCI_EXP_SLTSTA_PDS, 0x011f },
	{ PCI_EXP_RTCTL, 2, false, 0, 0x000f },
	{ PCI_EXP_RTSTA, 4, true, 0, PCI_EXP_RTSTA_PME },
};

static void set_regs(struct pci_func *func, unsigned base, const struct reg *regs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned off = base + regs[i].off;
		pci_cfg_set(func, off, regs[i].size, regs[i].value);
		if (regs[i].w1c)
			pci_cfg_w1c(func, off, regs[i].size, regs[i].mask);
		else
			pci_cfg_writable(func, off, regs[i].size, regs[i].mask);
	}
}

static void set_link(struct pci_func *func, unsigned slot, struct pci_link link)
{
	/* The same place in both registers. */
	uint32_t now = link.speed | (uint32_t)link.width << 4;
	pci_cfg_set(func, CAP_PCIE + PCI_EXP_LNKCAP, 4,
		    now | PCI_EXP_LNKCAP_DLLLARC | 1u << 22 /* ASPM optionality */ |
			    (slot & 0xff) << 24 /* port number */);
	pci_cfg_set(func, CAP_PCIE + PCI_EXP_LNKSTA, 2,
		    now | PCI_EXP_LNKSTA_SLC | PCI_EXP_LNKSTA_DLLLA);
	pci_cfg_set(func, CAP_PCIE + PCI_EXP_LNKCAP2, 4, ((1u << link.speed) - 1) << 1);
	pci_cfg_set(func, CAP_PCIE + PCI_EXP_LNKCTL2, 2, link.speed);
	pci_cfg_writable(func, CAP_PCIE + PCI_EXP_LNKCTL2, 2, PCI_EXP_LNKCTL2_TLS);
}

/* Events that the guest may ask to hear of, and what it asks with (PCIe 6.0 §7.5.3.10, .11). */
#define EVENTS (PCI_EXP_SLTSTA_PDC | PCI_EXP_SLTSTA_DLLSC)
#define EVENT_CONTROL (PCI_EXP_SLTCTL_PDCE | PCI_EXP_SLTCTL_DLLSCE | PCI_EXP_SLTCTL_HPIE)

/*
 * No button, indicator or power switch: nothing happens here but a device going without notice.
 * Commands are obeyed at once (NCCS), so that no driver waits for their completion.
 */
static void make_hotplug(struct pci_func *func)
{
	func->val[CAP_PCIE + PCI_EXP_SLTCAP] |= PCI_EXP_SLTCAP_HPC | PCI_EXP_SLTCAP_HPS;
	pci_cfg_set(func, CAP_PCIE + PCI_EXP_SLTCTL, 2, 0);
	pci_cfg_writable(func, CAP_PCIE + PCI_EXP_SLTCTL, 2, EVENT_CONTROL);
}

/*
 * Firmware keeps room behind a hot-plug port, 4 KiB of I/O among it, of which there is enough for ten
 * ports. Nothing is ever plugged in here: by the convention of QEMU's root port a vendor capability of
 * type 1 says what to keep (buses, I/O, memory, prefetchable below and above 4 GiB), and 0 is nothing.
 */
static void reserve_nothing(struct pci_func *func)
{
	pci_cfg_add_cap(func, PCI_CAP_ID_VNDR, CAP_RESERVE, RESERVE_CAP_LEN);
	pci_cfg_set(func, CAP_RESERVE + PCI_CAP_FLAGS, 1, RESERVE_CAP_LEN);
	pci_cfg_set(func, CAP_RESERVE + PCI_CAP_FLAGS + 1, 1, 1);
}

static bool link_ok(struct pci_link link)
{
	static const uint8_t widths[] = { 1, 2, 4, 8, 12, 16 };
	return link.speed <= LINK_SPEED_MAX && memchr(widths, link.width, sizeof(widths));
}

/* --- behaviour --- */

static struct pci_port *port_of(struct pci_func *func)
{
	return container_of(func, struct pci_port, func);
}

/* Where the first function behind has its PCI Express capability; 0 = nowhere. */
static unsigned pcie_of(const struct pci_func *child)
{
	return child ? pci_cap_find(child->val, child->cfg_size, PCI_CAP_ID_EXP) : 0;
}

/* As both registers have it: speed in bits 3:0, width in 9:4. A link that is not there has neither. */
#define LINK_BITS (PCI_EXP_LNKSTA_CLS | PCI_EXP_LNKSTA_NLW)

static struct pci_link link_in(uint32_t reg)
{
	struct pci_link link = { reg & PCI_EXP_LNKCAP_SLS,
				 (uint8_t)((reg & PCI_EXP_LNKCAP_MLW) >> 4) };
	link.speed = link.speed > LINK_SPEED_MAX ? LINK_SPEED_MAX : link.speed;
	return link;
}

void pci_port_match_link(struct pci_port *port)
{
	struct pci_func *func = &port->func, *child = port->bus.funcs;
	unsigned cap = pcie_of(child);
	if (!cap)
		return;
	struct pci_link link = link_in(pci_cfg_read(child, cap + PCI_EXP_LNKCAP, 4));
	if (!link.speed || !link_ok(link))
		return;
	set_link(func, port->slot, link);
	pci_cfg_device(func, CAP_PCIE + PCI_EXP_LNKSTA, 2, LINK_BITS);
	pci_func_seal(func);
}

/* The one register that is not ours alone: the link as it is now. */
static uint32_t read_device(struct pci_func *func, unsigned off, unsigned size)
{
	const struct pci_port *port = port_of(func);
	unsigned reg = CAP_PCIE + PCI_EXP_LNKSTA, cap = pcie_of(port->bus.funcs);
	uint32_t now = 0;
	(void)size;
	if (cap)
		now = pci_cfg_read(port->bus.funcs, cap + PCI_EXP_LNKSTA, 2) & LINK_BITS;
	if (!now || now == LINK_BITS) /* none to show, or no answer */
		now = le16_get(func->val + reg) & LINK_BITS;
	/* Both it and Link Control are in one dword. */
	return off / 4 == reg / 4 ? now << 16 >> (8 * (off % 4)) : 0;
}

static void renumber(struct pci_port *port)
{
	for (struct pci_func *f = port->bus.funcs; f; f = f->next)
		f->bdf.bus = port->func.val[PCI_SECONDARY_BUS];
}

static bool touches(unsigned off, unsigned size, unsigned reg)
{
	return off <= reg && reg < off + size;
}

/* D1 and D2 are not offered: such a write is discarded, which to us is D0. */
static void settle_power(struct pci_func *func)
{
	uint8_t *ctrl = &func->val[CAP_PM + PCI_PM_CTRL];
	if ((*ctrl & PCI_PM_CTRL_STATE_MASK) != PCI_PM_CTRL_STATE_MASK)
		*ctrl &= (uint8_t)~PCI_PM_CTRL_STATE_MASK;
}

static void settle_bus_reset(struct pci_port *port)
{
	bool was = port->in_bus_reset;
	port->in_bus_reset = port->func.val[PCI_BRIDGE_CONTROL] & PCI_BRIDGE_CTL_BUS_RESET;
	if (!was && port->in_bus_reset && port->bus_reset)
		port->bus_reset(port, port->bus_reset_ctx);
}

/* --- hot-plug events --- */

/* True while what is pending is something that the guest wants to be interrupted for. */
static bool event_wanted(const struct pci_port *port)
{
	uint16_t control = le16_get(port->func.val + CAP_PCIE + PCI_EXP_SLTCTL);
	uint16_t status = le16_get(port->func.val + CAP_PCIE + PCI_EXP_SLTSTA);
	return control & PCI_EXP_SLTCTL_HPIE &&
	       ((control & PCI_EXP_SLTCTL_PDCE && status & PCI_EXP_SLTSTA_PDC) ||
		(control & PCI_EXP_SLTCTL_DLLSCE && status & PCI_EXP_SLTSTA_DLLSC));
}

/* One message each time the condition, MSI enabled included, comes true (PCIe 6.0 §6.7.3.4). */
static void settle_events(struct pci_port *port)
{
	bool now = port->event_fd >= 0 && event_wanted(port);
	if (now && !port->event_told && eventfd_write(port->event_fd, 1))
		log_warn("guest PCI %s: hot-plug event: %s", bdf_text(port->func.bdf).s,
			 strerror(errno));
	port->event_told = now;
}

static int event_enable(void *ctx, const int *event_fds, unsigned n, unsigned changed)
{
	struct pci_port *port = ctx;
	(void)n; /* one vector */
	(void)changed;
	port->event_fd = event_fds[0];
	return 0;
}

static void event_disable(void *ctx)
{
	struct pci_port *port = ctx;
	port->event_fd = -1;
}

static const struct msix_source event_source = { .enable = event_enable, .disable = event_disable };

/* In the present and in the power-on values: a reboot does not bring the device back. */
static void clear_bits(struct pci_func *func, unsigned off, uint16_t bits)
{
	le_put(func->val + off, 2, le16_get(func->val + off) & ~(uint64_t)bits);
	le_put(func->fresh + off, 2, le16_get(func->fresh + off) & ~(uint64_t)bits);
}

void pci_port_empty(struct pci_port *port)
{
	struct pci_func *func = &port->func;
	clear_bits(func, CAP_PCIE + PCI_EXP_SLTSTA, PCI_EXP_SLTSTA_PDS);
	clear_bits(func, CAP_PCIE + PCI_EXP_LNKSTA, PCI_EXP_LNKSTA_DLLLA);
	if (!port->msi.max)
		return;
	uint8_t *status = func->val + CAP_PCIE + PCI_EXP_SLTSTA;
	le_put(status, 2, le16_get(status) | EVENTS);
	settle_events(port);
}

/* --- writes and resets --- */

static void port_wrote(struct pci_func *func, unsigned off, unsigned size)
{
	struct pci_port *port = port_of(func);
	if (off < CAP_MSI + MSI_CAP_LEN && CAP_MSI < off + size)
		msi_wrote(&port->msi);
	settle_events(port);
	if (touches(off, size, PCI_SECONDARY_BUS))
		renumber(port);
	if (touches(off, size, CAP_PM + PCI_PM_CTRL))
		settle_power(func);
	if (touches(off, size, PCI_BRIDGE_CONTROL))
		settle_bus_reset(port);
}

static void port_reset(struct pci_func *func)
{
	struct pci_port *port = port_of(func);
	msi_reset(&port->msi);
	renumber(port);
	port->in_bus_reset = false;
	port->event_told = false;
}

static bool port_asleep(const struct pci_func *func)
{
	return (func->val[CAP_PM + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK) == 3;
}

static const struct pci_func_ops port_ops = {
	.read_device = read_device,
	.wrote = port_wrote,
	.reset = port_reset,
	.asleep = port_asleep,
};

static int add_msi(struct pci_port *port, struct irqs *irqs)
{
	if (irqs)
		return msi_init(&port->msi, &port->func, CAP_MSI, 1, false, true, irqs,
				&event_source, port);
	pci_cfg_add_cap(&port->func, PCI_CAP_ID_MSI, CAP_MSI, MSI_CAP_LEN);
	set_regs(&port->func, CAP_MSI, msi, ARRAY_LEN(msi));
	return 0;
}

int pci_port_init(struct pci_port *port, unsigned slot, struct pci_link link, struct irqs *irqs)
{
	link.speed = link.speed ? link.speed : 1;
	link.width = link.width ? link.width : 1;
	if (!slot || slot > 8191 || !link_ok(link))
		return -EINVAL;
	struct pci_func *func = &port->func;
	memset(port, 0, sizeof(*port));
	port->event_fd = -1;
	pci_func_init(func, &port_ops, PCIE_CFG_SIZE);
	port->slot = slot;
	port->bus.bridge = func;
	func->port = port;

	pci_cfg_ids(func, &port_ids);
	set_regs(func, 0, header, ARRAY_LEN(header));
	pci_cfg_add_cap(func, PCI_CAP_ID_PM, CAP_PM, PCI_PM_SIZEOF);
	set_regs(func, CAP_PM, pm, ARRAY_LEN(pm));
	pci_cfg_add_cap(func, PCI_CAP_ID_EXP, CAP_PCIE, PCIE_CAP_LEN);
	set_regs(func, CAP_PCIE, pcie, ARRAY_LEN(pcie));
	set_link(func, slot, link);
	pci_cfg_set(func, CAP_PCIE + PCI_EXP_SLTCAP, 4, PCI_EXP_SLTCAP_NCCS | slot << 19);
	if (irqs)
		make_hotplug(func);
	int r = add_msi(port, irqs);
	if (irqs)
		reserve_nothing(func);
	pci_func_seal(func);
	return r;
}

void pci_port_name(struct pci_port *port, struct pci_port_name name)
{
	pci_cfg_set(&port->func, PCI_VENDOR_ID, 2, name.vendor);
	pci_cfg_set(&port->func, PCI_DEVICE_ID, 2, name.device);
	pci_func_seal(&port->func);
}

void pci_port_fini(struct pci_port *port)
{
	msi_fini(&port->msi);
	port->event_fd = -1;
}

/* --- windows --- */

/* A window from its first to its last byte; closed when they are the wrong way round. */
static struct range window(uint64_t first, uint64_t last)
{
	return first > last ? (struct range){ 0, 0 } : (struct range){ first, last - first + 1 };
}

struct pci_windows pci_port_windows(const struct pci_port *port)
{
	const uint8_t *val = port->func.val;
	uint64_t pref_base = (uint64_t)le32_get(val + PCI_PREF_BASE_UPPER32) << 32 |
			     (uint64_t)(le16_get(val + PCI_PREF_MEMORY_BASE) & 0xfff0) << 16;
	uint64_t pref_limit = (uint64_t)le32_get(val + PCI_PREF_LIMIT_UPPER32) << 32 |
			      (uint64_t)(le16_get(val + PCI_PREF_MEMORY_LIMIT) & 0xfff0) << 16;
	uint64_t mem_base = (uint64_t)(le16_get(val + PCI_MEMORY_BASE) & 0xfff0) << 16;
	uint64_t mem_limit = (uint64_t)(le16_get(val + PCI_MEMORY_LIMIT) & 0xfff0) << 16;
	uint64_t io_base = (val[PCI_IO_BASE] & 0xf0u) << 8;
	uint64_t io_limit = (val[PCI_IO_LIMIT] & 0xf0u) << 8;
	return (struct pci_windows){
		.io = window(io_base, io_limit | 0xfff),
		.mem = window(mem_base, mem_limit | 0xfffff),
		/* The full 64-bit space has size 2^64: one page less, which no x86 can address. */
		.pref = window(pref_base, min_u64(pref_limit | 0xfffff, UINT64_MAX - PAGE_4K)),
		.secondary = val[PCI_SECONDARY_BUS],
		.subordinate = val[PCI_SUBORDINATE_BUS],
	};
}

/* First and last byte for the base and limit registers; a closed window has base above limit. */
static void bounds(struct range window, uint64_t *ret_first, uint64_t *ret_last)
{
	*ret_first = window.size ? window.start : UINT64_MAX;
	*ret_last = window.size ? range_last(window) : 0;
}

void pci_port_program(struct pci_port *port, const struct pci_windows *windows)
{
	uint8_t *val = port->func.val;
	uint64_t first, last;
	val[PCI_SECONDARY_BUS] = windows->secondary;
	val[PCI_SUBORDINATE_BUS] = windows->subordinate;
	renumber(port);

	bounds(windows->io, &first, &last);
	val[PCI_IO_BASE] = (uint8_t)(first >> 8 & 0xf0);
	val[PCI_IO_LIMIT] = (uint8_t)(last >> 8 & 0xf0);
	bounds(windows->mem, &first, &last);
	le_put(val + PCI_MEMORY_BASE, 2, first >> 16 & 0xfff0);
	le_put(val + PCI_MEMORY_LIMIT, 2, last >> 16 & 0xfff0);
	bounds(windows->pref, &first, &last);
	le_put(val + PCI_PREF_MEMORY_BASE, 2, (first >> 16 & 0xfff0) | PCI_PREF_RANGE_TYPE_64);
	le_put(val + PCI_PREF_MEMORY_LIMIT, 2, (last >> 16 & 0xfff0) | PCI_PREF_RANGE_TYPE_64);
	le_put(val + PCI_PREF_BASE_UPPER32, 4, first >> 32);
	le_put(val + PCI_PREF_LIMIT_UPPER32, 4, last >> 32);
	val[PCI_COMMAND] |= PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
}
