/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: vfio/uapi.c iommu/uapi.c kvm/irq.c kvm/memslot.c
// with: fake/fake_vfio.c fake/fake_iommu.c fake/fake_irq.c fake/fake_memslot.c
#include <errno.h>

#include "fake/vfio_test.h"

#define RW (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define RWM (RW | VFIO_REGION_INFO_FLAG_MMAP)

static struct fake_device *dev;

static const struct pci_bar *bar(unsigned i)
{
	return &rig.vfio[0].func.bar[i];
}

static void assert_piece(unsigned i, unsigned p, uint64_t off, uint64_t len, bool mapped)
{
	assert_true(p < bar(i)->n_pieces);
	assert_int_equal(bar(i)->piece[p].off, off);
	assert_int_equal(bar(i)->piece[p].len, len);
	assert_int_equal(bar(i)->piece[p].hva != NULL, mapped);
	assert_non_null(bar(i)->piece[p].ops);
}

/* Pieces cover the BAR, ascending, without a gap. */
static void assert_covered(unsigned i)
{
	uint64_t at = 0;
	for (unsigned p = 0; p < bar(i)->n_pieces; p++) {
		assert_int_equal(bar(i)->piece[p].off, at);
		at += bar(i)->piece[p].len;
	}
	assert_int_equal(at, bar(i)->size);
	assert_true(bar(i)->n_pieces <= PCI_BAR_PIECES_MAX);
}

static void only_the_pages_of_table_and_pending_bits_are_trapped(void **state)
{
	(void)state;
	fake_vfio_typical();
	rig_up_or_fail();
	assert_int_equal(bar(0)->n_pieces, 3);
	assert_piece(0, 0, 0, 0x2000, true);
	assert_piece(0, 1, 0x2000, 0x2000, false);
	assert_piece(0, 2, 0x4000, 0xc000, true);
}

static void table_and_pending_bits_in_two_bars_leave_a_hole_in_each(void **state)
{
	(void)state;
	dev = fake_vfio_add();
	fake_vfio_bar(dev, 0, 0, 0x4000, RWM);
	fake_vfio_bar(dev, 1, 0, 0x4000, RWM);
	fake_vfio_msix(dev, 0xa0, 4, 0, 0x1000, 0, true);
	le_put(dev->cfg + 0xa8, 4, 0x2000 | 1);
	rig_up_or_fail();
	assert_piece(0, 1, 0x1000, 0x1000, false);
	assert_piece(1, 1, 0x2000, 0x1000, false);
	assert_covered(0);
	assert_covered(1);
}

static void mapped_pieces_become_slots_of_the_devices_memory(void **state)
{
	(void)state;
	dev = fake_vfio_typical();
	rig_up_or_fail();
	rig_start_guest(&rig, 0);
	assert_int_equal(fake_memslot.n, 2);
	const struct slot_want *slot = fake_memslot_at(RIG_BAR0 + 0x4000);
	memset(slot->hva, 0x5a, 4);
	uint32_t there = 0;
	assert_int_equal(pread(dev->fd, &there, 4, 0x4000), 4);
	assert_int_equal(there, 0x5a5a5a5a);
}

static void registers_beside_the_table_work_and_are_counted(void **state)
{
	(void)state;
	dev = fake_vfio_typical();
	rig_up_or_fail();
	rig_start_guest(&rig, 0);
	mem_write(&rig, RIG_BAR0 + 0x2800, 4, 0x12345678);
	assert_int_equal(mem_read(&rig, RIG_BAR0 + 0x2800, 4), 0x12345678);
	assert_int_equal(mem_read(&rig, RIG_BAR0 + 0x2800, 8), 0x12345678);
	assert_int_equal(rig.vfio[0].region[0].trapped, 3);
}

static void table_accesses_never_reach_the_device(void **state)
{
	(void)state;
	dev = fake_vfio_typical();
	rig_up_or_fail();
	rig_start_guest(&rig, 0);
	fake_vfio_forget_calls();
	mem_write(&rig, RIG_BAR0 + 0x2000, 4, 0xfee00000);
	assert_int_equal(mem_read(&rig, RIG_BAR0 + 0x2000, 4), 0xfee00000);
	mem_write(&rig, RIG_BAR0 + 0x3000, 4, 0xffffffff);
	assert_int_equal(mem_read(&rig, RIG_BAR0 + 0x3000, 8), 0);
	assert_int_equal(fake_vfio_count("read"), 0);
	assert_int_equal(fake_vfio_count("write"), 0);
}

static void sparse_areas_are_mapped_and_the_rest_is_trapped(void **state)
{
	(void)state;
	dev = fake_vfio_add();
	fake_vfio_bar(dev, 0, 0, 0x10000, RWM);
	dev->region[0].n_areas = 3;
	dev->region[0].area[0][0] = 0x8000; /* out of order */
	dev->region[0].area[0][1] = 0x2000;
	dev->region[0].area[1][0] = 0x1000;
	dev->region[0].area[1][1] = 0x1000;
	dev->region[0].area[2][0] = 0x9000; /* overlaps */
	dev->region[0].area[2][1] = 0x2000;
	rig_up_or_fail();
	assert_covered(0);
	assert_int_equal(bar(0)->n_pieces, 5);
	assert_piece(0, 1, 0x1000, 0x1000, true);
	assert_piece(0, 3, 0x8000, 0x2000, true);
}

static void hostile_sparse_areas_are_dropped(void **state)
{
	(void)state;
	dev = fake_vfio_add();
	fake_vfio_bar(dev, 0, 0, 0x10000, RWM);
	const uint64_t bad[][2] = {
		{ 0x800, 0x1000 },
		{ 0x1000, 0x800 },
		{ 0x10000, 0x1000 },
		{ 0xf000, 0x2000 },
		{ UINT64_MAX - 0xfff, 0x2000 },
		{ 0, 0 },
	};
	dev->region[0].n_areas = ARRAY_LEN(bad);
	memcpy(dev->region[0].area, bad, sizeof(bad));
	rig_up_or_fail();
	assert_int_equal(bar(0)->n_pieces, 1);
	assert_piece(0, 0, 0, 0x10000, false);
}

static void more_areas_than_pieces_end_in_one_trapped_piece(void **state)
{
	(void)state;
	dev = fake_vfio_add();
	fake_vfio_bar(dev, 0, 0, 0x100000, RWM);
	dev->region[0].n_areas = FAKE_AREAS;
	for (unsigned i = 0; i < FAKE_AREAS; i++) {
		dev->region[0].area[i][0] = 0x1000 + 0x2000 * i;
		dev->region[0].area[i][1] = 0x1000;
	}
	rig_up_or_fail();
	assert_covered(0);
	assert_null(bar(0)->piece[bar(0)->n_pieces - 1].hva);
}

static void a_looping_capability_chain_ends(void **state)
{
	(void)state;
	dev = fake_vfio_add();
	fake_vfio_bar(dev, 0, 0, 0x10000, RWM);
	dev->region[0].msix_mappable = true;
	dev->region[0].cap_next = sizeof(struct vfio_region_info);
	rig_up_or_fail();
	assert_piece(0, 0, 0, 0x10000, true);
}

static void a_capability_offset_outside_the_answer_is_no_capability(void **state)
{
	(void)state;
	static const uint32_t bad[] = { 0xfffffffc, 0x7ffffffc, 33, 4096 };
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		rig_begin(&rig);
		dev = fake_vfio_add();
		fake_vfio_bar(dev, 0, 0, 0x10000, RWM);
		dev->region[0].msix_mappable = true;
		dev->region[0].cap_next = bad[i];
		rig_up_or_fail();
		assert_piece(0, 0, 0, 0x10000, true);
		if (i + 1 < ARRAY_LEN(bad))
			rig_down(&rig);
	}
}

static void big_bars_are_aligned_for_large_leaves(void **state)
{
	(void)state;
	dev = fake_vfio_add();
	fake_vfio_bar(dev, 0, PCI_BASE_ADDRESS_MEM_TYPE_64, 16 * MIB, RWM);
	fake_vfio_bar(dev, 2, PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH, 4 * GIB,
		      RWM);
	rig_up_or_fail();
	assert_int_equal((uintptr_t)bar(0)->piece[0].hva % (16 * MIB), 0);
	assert_int_equal((uintptr_t)bar(2)->piece[0].hva % GIB, 0);
	assert_true(bar(2)->prefetch);
	assert_false(bar(0)->prefetch);
	assert_int_equal(bar(2)->kind, BAR_MEM64);
}

static void a_bar_below_a_page_is_mapped_and_trappable(void **state)
{
	(void)state;
	dev = fake_vfio_add();
	fake_vfio_bar(dev, 0, 0, 256, RWM);
	rig_up_or_fail();
	assert_int_equal(bar(0)->n_pieces, 1);
	assert_piece(0, 0, 0, 256, true);
	rig_start_guest(&rig, 0);
	assert_non_null(fake_memslot_at(RIG_BAR0));
	cfg_write(&rig, 0, PCI_BASE_ADDRESS_0, 4, (uint32_t)RIG_BAR0 + 0x100); /* not a page */
	assert_int_equal(fake_memslot.n, 0);
	mem_write(&rig, RIG_BAR0 + 0x104, 4, 7);
	assert_int_equal(mem_read(&rig, RIG_BAR0 + 0x104, 4), 7);
}

static void io_bars_are_trapped(void **state)
{
	(void)state;
	fake_vfio_typical();
	rig_up_or_fail();
	assert_int_equal(bar(2)->kind, BAR_IO);
	assert_piece(2, 0, 0, 32, false);
	cfg_write(&rig, 0, PCI_BASE_ADDRESS_2, 4, 0x6000);
	cfg_write(&rig, 0, PCI_COMMAND, 2, PCI_COMMAND_IO);
	qs_online(&rig.qs, &rig.reader);
	bus_write(&rig.pio, 0x6004, 2, 0xbeef);
	assert_int_equal(bus_read(&rig.pio, 0x6004, 2), 0xbeef);
	qs_offline(&rig.reader);
}

static void accesses_without_decoding_read_all_ones(void **state)
{
	(void)state;
	dev = fake_vfio_typical();
	rig_up_or_fail();
	rig_start_guest(&rig, 0);
	le_put(dev->cfg + PCI_COMMAND, 2, 0); /* behind our back */
	assert_int_equal(mem_read(&rig, RIG_BAR0 + 0x2800, 4), 0xffffffff);
	mem_write(&rig, RIG_BAR0 + 0x2800, 4, 1);
}

static void what_cannot_be_mapped_is_trapped_instead(void **state)
{
	(void)state;
	static const char *const calls[] = { "reserve", "map_over" };
	for (unsigned i = 0; i < 2; i++) {
		rig_begin(&rig);
		dev = fake_vfio_add();
		fake_vfio_bar(dev, 0, 0, 0x10000, RWM);
		fake_vfio.fail_name = calls[i];
		fake_vfio.fail_at = 1;
		fake_vfio.fail_errno = -ENOMEM;
		rig_up_or_fail();
		assert_true(fake_vfio.failed);
		assert_int_equal(bar(0)->n_pieces, 1);
		assert_piece(0, 0, 0, 0x10000, false);
		rig_start_guest(&rig, 0);
		mem_write(&rig, RIG_BAR0, 4, 5);
		assert_int_equal(mem_read(&rig, RIG_BAR0, 4), 5);
		if (!i)
			rig_down(&rig);
	}
}

static void an_unmappable_region_is_trapped(void **state)
{
	(void)state;
	dev = fake_vfio_add();
	fake_vfio_bar(dev, 0, 0, 0x10000, RW);
	rig_up_or_fail();
	assert_int_equal(bar(0)->n_pieces, 1);
	assert_piece(0, 0, 0, 0x10000, false);
	assert_int_equal(fake_vfio_count("reserve"), 0);
}

static void impossible_bars_are_refused_by_name(void **state)
{
	(void)state;
	static const struct {
		unsigned i;
		uint32_t type;
		uint64_t size;
	} bad[] = {
		{ 0, 0, 0x3000 },
		{ 0, 0, 8 },
		{ 0, 0, UINT64_C(1) << 33 },
		{ 5, PCI_BASE_ADDRESS_MEM_TYPE_64, 0x1000 },
		{ 1, PCI_BASE_ADDRESS_SPACE_IO, 0x20000 },
	};
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		rig_begin(&rig);
		dev = fake_vfio_add();
		fake_vfio_bar(dev, bad[i].i, bad[i].type, bad[i].size, RWM);
		assert_int_equal(rig_up(&rig, &err), -EINVAL);
		assert_non_null(strstr(err.text, "0000:01:00.0: BAR "));
		rig_down(&rig);
		assert_null(rig_residue(&rig));
	}
	rig_begin(&rig);
	assert_int_equal(rig_root(&rig, &err), 0);
}

static void a_region_that_wraps_around_is_refused(void **state)
{
	(void)state;
	dev = fake_vfio_add();
	fake_vfio_bar(dev, 0, 0, 0x10000, RWM);
	dev->region[0].offset = UINT64_MAX - 0x100;
	assert_int_equal(rig_up(&rig, &err), -EPROTO);
	assert_non_null(strstr(err.text, "region 0 has impossible bounds"));
}

static void msix_outside_its_bar_is_hidden(void **state)
{
	(void)state;
	dev = fake_vfio_add();
	fake_vfio_bar(dev, 0, 0, 0x1000, RWM);
	fake_vfio_msix(dev, 0xa0, 64, 0, 0xd00, 0, true);
	rig_up_or_fail();
	assert_int_equal(rig.vfio[0].msix.n, 0);
	assert_int_equal(cfg_read(&rig, 0, PCI_CAPABILITY_LIST, 1), 0);
	assert_piece(0, 0, 0, 0x1000, true);
}

static void pending_bits_in_a_wrong_place_do_not_cost_msix(void **state)
{
	(void)state;
	dev = fake_vfio_add();
	fake_vfio_bar(dev, 0, 0, 0x4000, RWM);
	fake_vfio_msix(dev, 0xa0, 8, 0, 0x1000, 0x100000, true);
	rig_up_or_fail();
	assert_int_equal(rig.vfio[0].msix.n, 8);
	assert_int_equal(rig.vfio[0].msix_at.pba.size, 0);
	assert_covered(0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_start, rig_end)
	const struct CMUnitTest tests[] = {
		T(only_the_pages_of_table_and_pending_bits_are_trapped),
		T(table_and_pending_bits_in_two_bars_leave_a_hole_in_each),
		T(mapped_pieces_become_slots_of_the_devices_memory),
		T(registers_beside_the_table_work_and_are_counted),
		T(table_accesses_never_reach_the_device),
		T(sparse_areas_are_mapped_and_the_rest_is_trapped),
		T(hostile_sparse_areas_are_dropped),
		T(more_areas_than_pieces_end_in_one_trapped_piece),
		T(a_looping_capability_chain_ends),
		T(a_capability_offset_outside_the_answer_is_no_capability),
		T(big_bars_are_aligned_for_large_leaves),
		T(a_bar_below_a_page_is_mapped_and_trappable),
		T(io_bars_are_trapped),
		T(accesses_without_decoding_read_all_ones),
		T(what_cannot_be_mapped_is_trapped_instead),
		T(an_unmappable_region_is_trapped),
		T(impossible_bars_are_refused_by_name),
		T(a_region_that_wraps_around_is_refused),
		T(msix_outside_its_bar_is_hidden),
		T(pending_bits_in_a_wrong_place_do_not_cost_msix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
