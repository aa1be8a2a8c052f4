/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/layout.h"

#include <errno.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "base/parse.h"

#define LARGE_PAGE (2 * MIB)
#define ADDRESS_TOP (UINT64_C(1) << 52) /* x86-64 physical addresses, Intel SDM vol. 3 §4.1.4 */

/* What OVMF 2022.11 does (OvmfPkg PlatformInitLib): 32 GiB unless the top eighth is larger. */
#define OVMF_WINDOW (32 * GIB)
#define OVMF_BITS_MAX 47
#define OVMF_BITS_SMALL_PAGES 40 /* without 1 GiB pages, so that its page tables stay small */

/* First address past a range, ADDRESS_TOP when it reaches or wraps beyond that. */
static uint64_t end_of(struct range r)
{
	return r.start >= ADDRESS_TOP || r.size > ADDRESS_TOP - r.start ? ADDRESS_TOP
									: r.start + r.size;
}

/* Lowest hole that touches [from, to), as large-page boundaries; false when there is none. */
static bool next_hole(const struct range *holes, size_t n, uint64_t from, uint64_t to,
		      uint64_t *ret_start, uint64_t *ret_end)
{
	uint64_t start = to, end = to;
	for (size_t i = 0; i < n; i++) {
		uint64_t hole_end = end_of(holes[i]);
		if (!holes[i].size || hole_end <= from || holes[i].start >= start)
			continue;
		start = holes[i].start;
		end = hole_end;
	}
	if (start >= to)
		return false;
	*ret_start = max_u64(align_down(start, LARGE_PAGE), from);
	*ret_end = align_up(end, LARGE_PAGE);
	return true;
}

static int low_top(const struct range *holes, size_t n, uint64_t *ret_top, struct err *err)
{
	uint64_t start, end;
	*ret_top = LOW_RAM_MAX;
	if (!next_hole(holes, n, 0, LOW_RAM_MAX, &start, &end))
		return 0;
	if (start < LAYOUT_MIN_RAM)
		return err_set(
			err, -ENOSPC,
			"guest memory: the IOMMU reserves addresses near 0x%llx, below 16 MiB, "
			"where the guest must have RAM; leave out the device it belongs to",
			(unsigned long long)start);
	*ret_top = start;
	return 0;
}

static int push_ram(struct layout *layout, uint64_t start, uint64_t size, struct err *err)
{
	if (layout->n_ram == LAYOUT_MAX_RAM)
		return err_set(
			err, -ENOSPC,
			"guest memory: reserved address ranges cut it into more than %u pieces",
			LAYOUT_MAX_RAM);
	layout->ram[layout->n_ram++] = (struct range){ start, size };
	return 0;
}

static int high_ram(struct layout *layout, uint64_t left, const struct range *holes, size_t n,
		    struct err *err)
{
	uint64_t at = HIGH_RAM_BASE;
	while (left && at < ADDRESS_TOP) {
		uint64_t stop = ADDRESS_TOP, next = ADDRESS_TOP;
		next_hole(holes, n, at, ADDRESS_TOP, &stop, &next);
		uint64_t size = min_u64(left, stop - at);
		int r = size ? push_ram(layout, at, size, err) : 0;
		if (r)
			return r;
		left -= size;
		at = next;
	}
	if (left)
		return err_set(err, -ENOSPC, "guest memory: %s of it are beyond 52 address bits",
			       size_text(left).s);
	return 0;
}

int layout_ram(struct layout *layout, uint64_t memory, const struct range *holes, size_t n_holes,
	       struct err *err)
{
	if (memory < LAYOUT_MIN_RAM)
		return err_set(err, -EINVAL, "guest memory: %s is too little; give at least %s",
			       size_text(memory).s, size_text(LAYOUT_MIN_RAM).s);
	if (memory % PAGE_4K)
		return err_set(err, -EINVAL, "guest memory: %s is not a multiple of 4K",
			       size_text(memory).s);
	uint64_t top;
	int r = low_top(holes, n_holes, &top, err);
	if (r)
		return r;
	*layout = (struct layout){
		.mmio32 = { PCI_MMIO32_BASE, PCI_MMIO32_END - PCI_MMIO32_BASE },
		.io = { PCI_PIO_BASE, PCI_PIO_SIZE },
	};
	uint64_t low = min_u64(memory, top);
	r = push_ram(layout, 0, low, err);
	return r ? r : high_ram(layout, memory - low, holes, n_holes, err);
}

int layout_stolen(struct layout *layout, const struct range *holes, size_t n_holes, struct err *err)
{
	const struct range place = { IGD_STOLEN_BASE, IGD_STOLEN_SIZE };
	for (size_t i = 0; i < n_holes; i++)
		if (range_overlaps(place, holes[i]))
			return err_set(err, -ENOSPC,
				       "memory for the graphics: the IOMMU reserves addresses near "
				       "0x%llx, where it is to be; leave out igd_stolen",
				       (unsigned long long)holes[i].start);
	layout->stolen = place;
	return 0;
}

unsigned layout_memory(const struct layout *layout, struct range ret[LAYOUT_MAX_MEMORY])
{
	unsigned n = 0;
	bool given = !layout->stolen.size;
	for (unsigned i = 0; i < layout->n_ram; i++) {
		if (!given && layout->ram[i].start > layout->stolen.start) {
			ret[n++] = layout->stolen;
			given = true;
		}
		ret[n++] = layout->ram[i];
	}
	if (!given)
		ret[n++] = layout->stolen;
	return n;
}

/* The window if it lies above RAM and below `top`. */
static bool place(struct layout *layout, uint64_t base, uint64_t size, uint64_t floor, uint64_t top)
{
	if (base < floor || base >= top || size > top - base)
		return false;
	layout->mmio64 = (struct range){ base, size };
	return true;
}

/* OVMF's choice first, then as much as asked for at the top of the space. */
static bool find_window(struct layout *layout, uint64_t need, uint64_t floor, uint64_t top)
{
	if (need > top)
		return false;
	uint64_t eighth = top / 8, size = max_u64(OVMF_WINDOW, align_up(need, GIB));
	uint64_t grain = pow2_ceil(size + 1) / 2; /* largest power of two in it */
	uint64_t least = max_u64(pow2_ceil(need), GIB);
	return (size < eighth && place(layout, top - eighth, eighth, floor, top)) ||
	       place(layout, align_up(floor, grain), size, floor, top) ||
	       place(layout, top - least, least, floor, top);
}

/* Where the window may start; -errno when RAM alone does not fit. */
static int find_floor(const struct layout *layout, unsigned phys_bits, uint64_t *ret_floor,
		      struct err *err)
{
	if (phys_bits < 36 || phys_bits > 52)
		return err_set(err, -EINVAL,
			       "guest physical address width %u: 36 to 52 are possible", phys_bits);
	uint64_t ram_end = end_of(layout->ram[layout->n_ram - 1]);
	uint64_t space = UINT64_C(1) << phys_bits;
	*ret_floor = max_u64(align_up(ram_end, GIB), HIGH_RAM_BASE);
	if (ram_end <= space)
		return 0;
	return err_set(err, -ENOSPC,
		       "guest memory: it ends at 0x%llx, beyond the guest's %u address bits (%s); "
		       "give less memory",
		       (unsigned long long)ram_end, phys_bits, size_text(space).s);
}

int layout_mmio64(struct layout *layout, unsigned phys_bits, uint64_t need, struct err *err)
{
	uint64_t floor = 0;
	int r = find_floor(layout, phys_bits, &floor, err);
	if (r)
		return r;
	uint64_t top = min_u64(UINT64_C(1) << phys_bits, UINT64_C(1) << OVMF_BITS_MAX);
	if (!find_window(layout, need, floor, top))
		return err_set(
			err, -ENOSPC,
			"64-bit PCI window: the BARs need %s, but between the end of memory "
			"(0x%llx) and the guest's %u address bits there are %s; assign fewer devices "
			"or give less memory",
			size_text(need).s, (unsigned long long)floor, phys_bits,
			size_text(top > floor ? top - floor : 0).s);
	layout->phys_bits = phys_bits;
	return 0;
}

/* --- where OVMF puts it --- */

/* Widths that it believes; of others it takes no more than RAM and window need. */
static bool believed(const struct layout_cpu *cpu)
{
	unsigned bits = cpu->phys_bits;
	return bits >= 41 || (cpu->amd ? bits == 40 : bits == 36 || bits == 39);
}

static uint64_t ovmf_top(const struct layout_cpu *cpu)
{
	unsigned bits = cpu->phys_bits;
	bits = bits > OVMF_BITS_MAX ? OVMF_BITS_MAX : bits;
	bits = !cpu->gib_pages && bits > OVMF_BITS_SMALL_PAGES ? OVMF_BITS_SMALL_PAGES : bits;
	return UINT64_C(1) << bits;
}

/* As it lays a window of `size` (a power of two) when asked for that, or for nothing. */
static struct range ovmf_window(const struct layout_cpu *cpu, uint64_t floor, uint64_t size)
{
	uint64_t base = align_up(floor, size), top = ovmf_top(cpu), eighth = top / 8;
	if (believed(cpu) && size < eighth && base < top - eighth)
		return (struct range){ top - eighth, eighth };
	return (struct range){ base, size };
}

int layout_mmio64_ovmf(struct layout *layout, const struct layout_cpu *cpu, uint64_t need,
		       struct err *err)
{
	uint64_t floor = 0, space = UINT64_C(1) << cpu->phys_bits;
	int r = find_floor(layout, cpu->phys_bits, &floor, err);
	if (r)
		return r;
	layout->phys_bits = cpu->phys_bits;
	layout->window_mib = 0;
	layout->mmio64 = ovmf_window(cpu, floor, OVMF_WINDOW);
	if (layout->mmio64.start >= space) /* it takes 32 GiB even where there are none */
		layout->mmio64.size = 0;
	else
		layout->mmio64.size = min_u64(layout->mmio64.size, space - layout->mmio64.start);
	if (need <= layout->mmio64.size || need > space)
		return 0;
	struct range larger = ovmf_window(cpu, floor, pow2_ceil(need));
	if (larger.start >= space || larger.size > space - larger.start)
		return 0;
	layout->mmio64 = larger;
	layout->window_mib = pow2_ceil(need) / MIB;
	return 0;
}
