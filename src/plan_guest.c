/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where each device appears in the guest. What shares a slot of the host shares one in the guest,
 * so that drivers which look for their sibling functions find them. A PCIe slot sits behind a root
 * port of its own; conventional PCI sits on bus 0.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/opt.h"
#include "boot/acpi.h"
#include "hw/ivshmem.h"
#include "looking_glass.h"
#include "plan_parts.h"
#include "vfio/igd.h"

#define ROM_MIN 2048 /* PCI 3.0 §6.2.5.2 */

/* Physical address bits when the host does not say: what every x86-64 processor has. */
#define PHYS_BITS_DEFAULT 36
#define PHYS_BITS_MAX 52

/* --- slots --- */

static bool in_slot_of(const struct plan_device *a, const struct plan_device *b)
{
	const struct bdf x = a->dev->bdf, y = b->dev->bdf;
	if (b->held)
		return false;
	if (a == b)
		return true;
	/* VFs share bus and device numbers, but each is a device of its own. */
	return !a->dev->is_vf && !b->dev->is_vf && x.domain == y.domain && x.bus == y.bus &&
	       x.dev == y.dev;
}

/* The function that is, or becomes, number 0 of the guest's slot. */
static const struct plan_device *leader_of(const struct plan *plan,
					   const struct plan_device *device)
{
	const struct plan_device *leader = device;
	for (unsigned i = 0; i < plan->n_devices; i++)
		if (in_slot_of(device, &plan->device[i]) &&
		    plan->device[i].dev->bdf.fn < leader->dev->bdf.fn)
			leader = &plan->device[i];
	return leader;
}

/* The pin's route through _PRT; behind a port in slot S, device 0's pins are the port's own. */
static unsigned gsi_of(const struct plan_device *device, unsigned slot)
{
	return device->dev->int_pin ? acpi_pin_gsi(slot, device->dev->int_pin - 1u) : 0;
}

static void place_slot(struct plan *plan, const struct plan_device *leader, unsigned slot)
{
	unsigned port = WINDOW_ON_ROOT;
	/* Drivers of Intel's graphics expect them where the processor has them. */
	if (leader->dev->is_pcie && !vfio_is_igd(leader->dev)) {
		port = plan->n_ports++;
		plan->port[port].slot = (uint8_t)slot;
	}
	for (unsigned i = 0; i < plan->n_devices; i++) {
		struct plan_device *device = &plan->device[i];
		if (!in_slot_of(leader, device))
			continue;
		uint8_t fn = device == leader ? 0 : device->dev->bdf.fn;
		bool behind = port != WINDOW_ON_ROOT;
		device->guest = (struct bdf){ 0, (uint8_t)(behind ? slot : 0),
					      (uint8_t)(behind ? 0 : slot), fn };
		device->port = port;
		device->gsi = gsi_of(device, slot);
	}
}

/* What the slot of `device` is kept under: the entry as written, or the address where there is none. */
static struct slot_holder owner_of(const struct plan *plan, const struct plan_device *device)
{
	const struct profile *profile = plan->profile;
	struct slot_holder owner;
	if (!device->wanted) {
		snprintf(owner.s, sizeof(owner.s), "%s", bdf_text(device->dev->bdf).s);
		return owner;
	}
	const struct profile_device_name name = profile_device_name(device->wanted);
	/* Several entries may ask for any VF of one PF. */
	unsigned nth = 1;
	for (const struct profile_device *at = profile->device; at < device->wanted; at++)
		nth += !strcmp(profile_device_name(at).s, name.s);
	if (nth > 1)
		snprintf(owner.s, sizeof(owner.s), "%s #%u", name.s, nth);
	else
		snprintf(owner.s, sizeof(owner.s), "%s", name.s);
	return owner;
}

struct deal {
	const struct slots *before;          /* NULL = none */
	unsigned slot_of[PLAN_MAX_DEVICES];  /* by first device of what shares one; 0 = not yet */
	bool is_first[PLAN_MAX_DEVICES];
	bool used[SLOT_LAST + 1];
};

static unsigned kept_slot(const struct plan *plan, const struct plan_device *first,
			  const struct slots *before)
{
	for (unsigned i = 0; before && i < plan->n_devices; i++) {
		if (!in_slot_of(first, &plan->device[i]))
			continue;
		unsigned slot = slots_of(before, owner_of(plan, &plan->device[i]).s);
		if (slot >= SLOT_FIRST && slot <= SLOT_LAST)
			return slot;
	}
	return 0;
}

/* The lowest that was never anybody's; when there is none, the lowest whose owner is not here. */
static unsigned new_slot(const struct deal *deal)
{
	for (unsigned slot = SLOT_FIRST; slot <= SLOT_LAST; slot++)
		if (!deal->used[slot] && !(deal->before && slots_has(deal->before, slot)))
			return slot;
	for (unsigned slot = SLOT_FIRST; slot <= SLOT_LAST; slot++)
		if (!deal->used[slot])
			return slot;
	return 0;
}

static void find_firsts(const struct plan *plan, struct deal *deal)
{
	for (unsigned i = 0; i < plan->n_devices; i++) {
		deal->is_first[i] = !plan->device[i].held;
		for (unsigned j = 0; deal->is_first[i] && j < i; j++)
			if (in_slot_of(&plan->device[j], &plan->device[i]) && !plan->device[j].held)
				deal->is_first[i] = false;
	}
}

/* --- slots that are no matter of dealing --- */

/* Where the profile wants it, or where its drivers look for it; 0 = anywhere. */
static unsigned wish_of(const struct plan_device *device)
{
	unsigned slot = device->wanted ? device->wanted->guest_slot : OPT_NONE;
	if (slot && slot != OPT_NONE)
		return slot;
	return vfio_is_igd(device->dev) && !device->held ? IGD_SLOT : 0;
}

/* That of what shares the slot of `first`; two that differ are refused. */
static unsigned common_wish(struct planner *planner, const struct plan_device *first)
{
	const struct plan *plan = planner->plan;
	unsigned slot = 0;
	for (unsigned i = 0; i < plan->n_devices; i++) {
		const struct plan_device *device = &plan->device[i];
		unsigned wish = in_slot_of(first, device) ? wish_of(device) : 0;
		if (wish && slot && wish != slot)
			plan_no(planner, -EINVAL,
				"%s: guest_slot is %u, and %u for another function of the same card; "
				"they stay together",
				bdf_text(device->dev->bdf).s, wish, slot);
		slot = slot ? slot : wish;
	}
	return slot;
}

static const struct plan_device *holder_of(const struct plan *plan, const struct deal *deal,
					   unsigned slot)
{
	for (unsigned i = 0; i < plan->n_devices; i++)
		if (deal->slot_of[i] == slot)
			return &plan->device[i];
	return NULL;
}

static void deal_wishes(struct planner *planner, struct deal *deal)
{
	const struct plan *plan = planner->plan;
	for (unsigned i = 0; i < plan->n_devices; i++) {
		const struct plan_device *device = &plan->device[i];
		unsigned slot = deal->is_first[i] ? common_wish(planner, device) : 0;
		const struct plan_device *other = slot ? holder_of(plan, deal, slot) : NULL;
		if (other)
			plan_no(planner, -EEXIST,
				"%s and %s are both to be in the guest's slot %u%s; give one of them another "
				"with guest_slot",
				bdf_text(other->dev->bdf).s, bdf_text(device->dev->bdf).s, slot,
				vfio_is_igd(other->dev) || vfio_is_igd(device->dev)
					? ", where Intel's graphics belong"
					: "");
		if (!slot || other)
			continue;
		deal->slot_of[i] = slot;
		deal->used[slot] = true;
	}
}

/* A guest may depend on where the other one is: to move it is the user's decision. */
static void check_evicted(struct planner *planner, const struct deal *deal)
{
	const struct plan *plan = planner->plan;
	for (unsigned i = 0; i < plan->n_devices; i++) {
		bool waits = deal->is_first[i] && !deal->slot_of[i];
		unsigned slot = waits ? kept_slot(plan, &plan->device[i], deal->before) : 0;
		const struct plan_device *other = slot ? holder_of(plan, deal, slot) : NULL;
		if (other && wish_of(other))
			plan_no(planner, -EBUSY,
				"%s: the guest has had %s in slot %u, where it is to be: remove the line of "
				"that one from the VM's file `slots` to have it dealt another, or give this "
				"one another with guest_slot",
				bdf_text(other->dev->bdf).s, bdf_text(plan->device[i].dev->bdf).s,
				slot);
	}
}

/* Who has a slot gets it before anybody is dealt a new one. */
static bool deal_slots(struct planner *planner, struct deal *deal)
{
	const struct plan *plan = planner->plan;
	find_firsts(plan, deal);
	deal_wishes(planner, deal);
	check_evicted(planner, deal);
	for (unsigned i = 0; i < plan->n_devices; i++) {
		bool waits = deal->is_first[i] && !deal->slot_of[i];
		unsigned slot = waits ? kept_slot(plan, &plan->device[i], deal->before) : 0;
		if (!slot || deal->used[slot])
			continue;
		deal->slot_of[i] = slot;
		deal->used[slot] = true;
	}
	for (unsigned i = 0; i < plan->n_devices; i++) {
		if (!deal->is_first[i] || deal->slot_of[i])
			continue;
		deal->slot_of[i] = new_slot(deal);
		if (!deal->slot_of[i])
			return false;
		deal->used[deal->slot_of[i]] = true;
	}
	return true;
}

/* Owners that are not here and stand in the way of one that is are forgotten. */
static void keep_slot(struct plan *plan, const struct deal *deal, const char *owner, unsigned slot)
{
	if (slots_of(&plan->slots, owner) == slot)
		return;
	plan->slots_are_new = true;
	for (unsigned i = SLOT_LAST; i >= SLOT_FIRST && plan->slots.n == SLOTS_MAX; i--)
		if (!deal->used[i])
			slots_free(&plan->slots, i);
	slots_set(&plan->slots, owner, slot);
}

static void keep_slots(struct plan *plan, const struct deal *deal)
{
	for (unsigned i = 0; i < plan->n_devices; i++) {
		unsigned slot = deal->slot_of[i];
		const struct slots *before = deal->before;
		/* Dealt anew: whose it was before has lost it. */
		if (slot && before && slots_has(before, slot) &&
		    kept_slot(plan, &plan->device[i], before) != slot)
			slots_free(&plan->slots, slot);
	}
	for (unsigned i = 0; i < plan->n_devices; i++)
		for (unsigned j = 0; deal->slot_of[i] && j < plan->n_devices; j++)
			if (in_slot_of(&plan->device[i], &plan->device[j]))
				keep_slot(plan, deal, owner_of(plan, &plan->device[j]).s,
					  deal->slot_of[i]);
}

static bool place_slots(struct planner *planner)
{
	struct plan *plan = planner->plan;
	struct deal deal = { .before = planner->slots };
	if (!deal_slots(planner, &deal)) {
		plan_no(planner, -ENOSPC,
			"the guest has %d slots, too few for these devices; "
			"assign fewer",
			SLOT_LAST - SLOT_FIRST + 1);
		return false;
	}
	keep_slots(plan, &deal);
	for (unsigned i = 0; i < plan->n_devices; i++)
		if (deal.slot_of[i])
			place_slot(plan, leader_of(plan, &plan->device[i]), deal.slot_of[i]);
	return true;
}

/* --- functions of our own --- */

/* ICH9 datasheet §5.17: device 31 function 2, its registers behind BAR 5. */
static const struct plan_own ahci = {
	.kind = PLAN_OWN_AHCI,
	.name = "AHCI controller",
	.guest = { .dev = SLOT_LPC, .fn = 2 },
	.bar[5] = { .kind = BAR_MEM32, .size = PAGE_4K },
};

/* Memory shared with the host: no interrupt, and a place that no device is ever dealt. */
static const struct plan_own ivshmem = {
	.kind = PLAN_OWN_IVSHMEM,
	.name = "shared memory",
	.guest = { .dev = SLOT_IVSHMEM },
	.bar[IVSHMEM_REGISTERS_BAR] = { .kind = BAR_MEM32, .size = IVSHMEM_REGISTERS_SIZE },
	.bar[IVSHMEM_MEMORY_BAR] = { .kind = BAR_MEM64, .prefetch = true },
};

static void place_own(struct planner *planner)
{
	struct plan *plan = planner->plan;
	if (plan->profile->n_disks) {
		plan_disk_ports(planner);
		struct plan_own *own = &plan->own[plan->n_own++];
		*own = ahci;
		own->gsi = acpi_pin_gsi(own->guest.dev, 0);
	}
	uint64_t shared = looking_glass_size(&plan->profile->looking_glass);
	if (shared) {
		struct plan_own *own = &plan->own[plan->n_own++];
		*own = ivshmem;
		own->bar[IVSHMEM_MEMORY_BAR].size = shared;
	}
}

/* --- BARs --- */

typedef vec(struct window_bar) window_bars;

/* A ROM file's size is not the plan's to know; where the largest ROM fits, any does. */
uint64_t plan_rom_size(const struct plan_device *device)
{
	const char *rom = device->wanted ? device->wanted->rom : NULL;
	if (!rom)
		return device->dev->rom.size >= ROM_MIN ? device->dev->rom.size : 0;
	return strcmp(rom, "off") ? PLAN_ROM_MAX : 0;
}

static enum bar_kind kind_of(const struct pci_resource *bar, unsigned index)
{
	if (bar->flags & RES_IO)
		return BAR_IO;
	/* A 64-bit BAR takes two registers; the last has none beside it. */
	return bar->flags & RES_MEM64 && index + 1 < PCI_N_BARS ? BAR_MEM64 : BAR_MEM32;
}

static void want_bar(struct planner *planner, window_bars *bars, struct plan_device *device,
		     unsigned index)
{
	uint64_t size = index == PCI_ROM_BAR ? plan_rom_size(device) : device->dev->bar[index].size;
	if (!size)
		return;
	struct window_bar *bar = vec_push(bars);
	if (!bar) {
		planner->no_memory = true;
		return;
	}
	*bar = (struct window_bar){
		.port = device->port, .size = size, .tag = &device->bar_addr[index], .kind = BAR_ROM
	};
	if (index == PCI_ROM_BAR)
		return;
	bar->kind = kind_of(&device->dev->bar[index], index);
	bar->prefetch = bar->kind != BAR_IO && device->dev->bar[index].flags & RES_PREFETCH;
}

static void want_own_bars(struct planner *planner, window_bars *bars, struct plan_own *own)
{
	for (unsigned i = 0; i < PCI_BARS; i++) {
		struct window_bar *bar = own->bar[i].size ? vec_push(bars) : NULL;
		if (bar)
			*bar = (struct window_bar){ .port = WINDOW_ON_ROOT,
						    .kind = own->bar[i].kind,
						    .prefetch = own->bar[i].prefetch,
						    .size = own->bar[i].size,
						    .tag = &own->bar[i].addr };
		else if (own->bar[i].size)
			planner->no_memory = true;
	}
}

static int place_window(struct planner *planner, uint64_t need, struct err *err)
{
	const struct inventory *inv = planner->inv;
	unsigned bits = inv->phys_bits;
	bits = bits < PHYS_BITS_DEFAULT ? PHYS_BITS_DEFAULT
	       : bits > PHYS_BITS_MAX   ? PHYS_BITS_MAX
					: bits;
	const struct layout_cpu cpu = { bits, inv->amd, inv->gib_pages };
	if (planner->profile->firmware.type == FIRMWARE_UEFI)
		return layout_mmio64_ovmf(&planner->plan->layout, &cpu, need, err);
	return layout_mmio64(&planner->plan->layout, bits, need, err);
}

static int assign(struct planner *planner, window_bars *bars, struct err *err)
{
	struct plan *plan = planner->plan;
	struct pci_windows ports[PLAN_MAX_PORTS];
	int r = place_window(planner, window_need64(bars->at, bars->n), err);
	if (!r)
		r = window_assign(&plan->layout, bars->at, bars->n, ports, plan->n_ports, err);
	if (r)
		return r;
	/* A bus is called as the slot of its port, so that it is as steady. UEFI firmware has names of
	 * its own. */
	for (unsigned i = 0; i < plan->n_ports; i++) {
		plan->port[i].windows = ports[i];
		plan->port[i].windows.secondary = plan->port[i].slot;
		plan->port[i].windows.subordinate = plan->port[i].slot;
	}
	for (size_t i = 0; i < bars->n; i++) {
		uint64_t *addr = bars->at[i].tag;
		*addr = bars->at[i].addr;
	}
	return 0;
}

void plan_guest(struct planner *planner)
{
	struct plan *plan = planner->plan;
	if (planner->slots)
		plan->slots = *planner->slots;
	/* Without RAM's layout, which was refused already, there is nothing to place BARs around.
	 */
	place_own(planner);
	if (!place_slots(planner) || !plan->layout.n_ram)
		return;
	window_bars bars = { 0 };
	for (unsigned i = 0; i < plan->n_devices; i++)
		for (unsigned b = 0; b <= PCI_ROM_BAR && !plan->device[i].held; b++)
			want_bar(planner, &bars, &plan->device[i], b);
	for (unsigned i = 0; i < plan->n_own; i++)
		want_own_bars(planner, &bars, &plan->own[i]);
	struct err why = { 0 };
	if (assign(planner, &bars, &why))
		plan_no(planner, why.code, "%s", why.text);
	vec_free(&bars);
}
