/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/uapi.c
// with: fake/fake_kvm.c fake/fake_kvm_vcpu.c
#include "kvm/memslot.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "fake/fake_kvm.h"

#define VM_FD 77
#define MAX_SLOTS 16

/* Host addresses never touched: the fake only looks at their alignment. */
static void *hva(uint64_t page)
{
	return (void *)(uintptr_t)(UINT64_C(0x700000000000) + page * PAGE_4K);
}

static struct slot_want want(uint64_t gpa, uint64_t size)
{
	return (struct slot_want){ gpa, size, hva(gpa / PAGE_4K), 0 };
}

static int setup(void **state)
{
	static struct memslots slots;
	fake_kvm_reset();
	*state = &slots;
	return memslots_init(&slots, VM_FD, MAX_SLOTS);
}

static int teardown(void **state)
{
	memslots_fini(*state);
	return 0;
}

static const struct kvm_userspace_memory_region *kvm_slot_at(uint64_t gpa)
{
	for (unsigned i = 0; i < FAKE_KVM_SLOTS; i++)
		if (fake_kvm.slots[i].memory_size && fake_kvm.slots[i].guest_phys_addr == gpa)
			return &fake_kvm.slots[i];
	return NULL;
}

static unsigned calls(void)
{
	return fake_kvm_count("set_memory_region");
}

static void what_is_wanted_is_mapped(void **state)
{
	struct slot_want ram[] = { want(0, 2 * GIB), want(4 * GIB, GIB) };
	ram[1].flags = KVM_MEM_READONLY;
	assert_int_equal(memslots_publish(*state, SLOT_RAM, ram, 2, NULL), 0);
	assert_int_equal(fake_kvm_slots_used(), 2);
	const struct kvm_userspace_memory_region *high = kvm_slot_at(4 * GIB);
	assert_int_equal(high->memory_size, GIB);
	assert_int_equal(high->userspace_addr, (uintptr_t)ram[1].hva);
	assert_int_equal(high->flags, KVM_MEM_READONLY);
}

static void publishing_the_same_again_calls_nothing(void **state)
{
	struct slot_want ram[] = { want(0, GIB), want(4 * GIB, GIB) };
	assert_int_equal(memslots_publish(*state, SLOT_RAM, ram, 2, NULL), 0);
	unsigned before = calls();
	assert_int_equal(memslots_publish(*state, SLOT_RAM, ram, 2, NULL), 0);
	assert_int_equal(calls(), before);
}

static void a_moved_bar_is_deleted_before_it_is_added_and_the_rest_stays(void **state)
{
	struct slot_want bars[] = { want(0xC0000000, MIB), want(0xC0100000, MIB) };
	assert_int_equal(memslots_publish(*state, SLOT_PCI, bars, 2, NULL), 0);
	unsigned before = calls();
	bars[0] = want(0xC0080000, MIB / 2); /* inside its own old place */
	assert_int_equal(memslots_publish(*state, SLOT_PCI, bars, 2, NULL), 0);
	assert_int_equal(calls(), before + 2);
	assert_null(kvm_slot_at(0xC0000000));
	assert_int_equal(kvm_slot_at(0xC0080000)->memory_size, MIB / 2);
	assert_non_null(kvm_slot_at(0xC0100000));
}

static void two_bars_that_swap_places_are_both_deleted_first(void **state)
{
	struct slot_want bars[] = { want(0xC0000000, MIB), want(0xC0100000, MIB) };
	assert_int_equal(memslots_publish(*state, SLOT_PCI, bars, 2, NULL), 0);
	void *first = bars[0].hva;
	bars[0].hva = bars[1].hva;
	bars[1].hva = first;
	assert_int_equal(memslots_publish(*state, SLOT_PCI, bars, 2, NULL), 0);
	assert_int_equal(kvm_slot_at(0xC0100000)->userspace_addr, (uintptr_t)first);
}

static void a_change_of_flags_or_backing_maps_anew(void **state)
{
	struct slot_want rom = want(0xFFC00000, 4 * MIB);
	assert_int_equal(memslots_publish(*state, SLOT_FIRMWARE, &rom, 1, NULL), 0);
	rom.flags = KVM_MEM_READONLY;
	assert_int_equal(memslots_publish(*state, SLOT_FIRMWARE, &rom, 1, NULL), 0);
	assert_int_equal(kvm_slot_at(0xFFC00000)->flags, KVM_MEM_READONLY);
	rom.hva = hva(1);
	assert_int_equal(memslots_publish(*state, SLOT_FIRMWARE, &rom, 1, NULL), 0);
	assert_int_equal(kvm_slot_at(0xFFC00000)->userspace_addr, (uintptr_t)hva(1));
	assert_int_equal(fake_kvm_slots_used(), 1);
}

static void an_owner_that_wants_nothing_loses_its_slots_only(void **state)
{
	struct slot_want ram = want(0, GIB), bar = want(0xC0000000, MIB);
	assert_int_equal(memslots_publish(*state, SLOT_RAM, &ram, 1, NULL), 0);
	assert_int_equal(memslots_publish(*state, SLOT_PCI, &bar, 1, NULL), 0);
	assert_int_equal(memslots_publish(*state, SLOT_PCI, NULL, 0, NULL), 0);
	assert_int_equal(fake_kvm_slots_used(), 1);
	assert_non_null(kvm_slot_at(0));
}

static void free_slot_ids_are_used_again(void **state)
{
	struct memslots *slots = *state;
	for (uint64_t i = 0; i < 100; i++) {
		struct slot_want bar = want(0xC0000000 + i * MIB, MIB);
		assert_int_equal(memslots_publish(slots, SLOT_PCI, &bar, 1, NULL), 0);
	}
	assert_int_equal(slots->n, 1);
	assert_int_equal(fake_kvm_slots_used(), 1);
}

static void a_bar_placed_over_ram_is_left_out(void **state)
{
	struct slot_want ram = want(0, GIB);
	struct slot_want bars[] = { want(GIB - MIB, 2 * MIB), want(0xC0000000, MIB) };
	assert_int_equal(memslots_publish(*state, SLOT_RAM, &ram, 1, NULL), 0);
	assert_int_equal(memslots_publish(*state, SLOT_PCI, bars, 2, NULL), 0);
	assert_null(kvm_slot_at(GIB - MIB));
	assert_non_null(kvm_slot_at(0xC0000000));
	assert_int_equal(kvm_slot_at(0)->memory_size, GIB);
}

static void of_two_overlapping_bars_the_first_wins(void **state)
{
	struct slot_want bars[] = {
		want(0xC0000000, 2 * MIB), want(0xC0100000, 2 * MIB), /* overlaps the first */
		want(0xC0200000, MIB), /* overlaps only the one left out */
	};
	assert_int_equal(memslots_publish(*state, SLOT_PCI, bars, 3, NULL), 0);
	assert_int_equal(fake_kvm_slots_used(), 2);
	assert_null(kvm_slot_at(0xC0100000));
	assert_non_null(kvm_slot_at(0xC0200000));
}

static void a_bar_comes_back_when_what_covered_it_moves_away(void **state)
{
	struct slot_want bars[] = { want(0xC0000000, MIB), want(0xC0000000, MIB) };
	bars[1].hva = hva(3);
	assert_int_equal(memslots_publish(*state, SLOT_PCI, bars, 2, NULL), 0);
	bars[0] = want(0xD0000000, MIB);
	assert_int_equal(memslots_publish(*state, SLOT_PCI, bars, 2, NULL), 0);
	assert_int_equal(kvm_slot_at(0xC0000000)->userspace_addr, (uintptr_t)hva(3));
	assert_int_equal(fake_kvm_slots_used(), 2);
}

static void a_lower_owner_pushes_a_higher_one_aside(void **state)
{
	struct slot_want bar = want(0xFF000000, 16 * MIB), rom = want(0xFFC00000, 4 * MIB);
	assert_int_equal(memslots_publish(*state, SLOT_PCI, &bar, 1, NULL), 0);
	assert_int_equal(memslots_publish(*state, SLOT_FIRMWARE, &rom, 1, NULL), 0);
	assert_null(kvm_slot_at(0xFF000000));
	assert_non_null(kvm_slot_at(0xFFC00000));
	assert_int_equal(memslots_publish(*state, SLOT_FIRMWARE, NULL, 0, NULL), 0);
	assert_int_equal(memslots_publish(*state, SLOT_PCI, &bar, 1, NULL), 0);
	assert_non_null(kvm_slot_at(0xFF000000));
}

static void what_is_not_whole_pages_is_refused_and_changes_nothing(void **state)
{
	struct slot_want good = want(0xC0000000, MIB);
	assert_int_equal(memslots_publish(*state, SLOT_PCI, &good, 1, NULL), 0);
	unsigned before = calls();
	const struct slot_want bad[] = {
		{ 0xC0000800, MIB, hva(0), 0 },
		{ 0xC0000000, MIB + 512, hva(0), 0 },
		{ 0xC0000000, MIB, (char *)hva(0) + 8, 0 },
		{ 0xC0000000, 0, hva(0), 0 },
		{ UINT64_MAX - PAGE_4K + 1, 2 * PAGE_4K, hva(0), 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = { 0 };
		struct slot_want both[] = { want(0xD0000000, MIB), bad[i] };
		assert_int_equal(memslots_publish(*state, SLOT_PCI, both, 2, &err), -EINVAL);
		assert_non_null(strstr(err.text, "memory slot for PCI at 0x"));
	}
	assert_int_equal(calls(), before);
}

static void a_slot_up_to_the_top_of_the_address_space_is_valid(void **state)
{
	struct slot_want top = { UINT64_MAX - PAGE_4K + 1, PAGE_4K, hva(0), 0 };
	assert_int_equal(memslots_publish(*state, SLOT_PCI, &top, 1, NULL), 0);
	assert_int_equal(fake_kvm_slots_used(), 1);
}

static void running_out_of_slots_maps_what_fits(void **state)
{
	struct err err = { 0 };
	struct slot_want bars[MAX_SLOTS + 2];
	for (uint64_t i = 0; i < ARRAY_LEN(bars); i++)
		bars[i] = want(0xC0000000 + i * MIB, MIB);
	assert_int_equal(memslots_publish(*state, SLOT_PCI, bars, ARRAY_LEN(bars), &err), -ENOSPC);
	assert_int_equal(fake_kvm_slots_used(), MAX_SLOTS);
	assert_non_null(strstr(err.text, "0xc1000000"));
	assert_int_equal(memslots_publish(*state, SLOT_PCI, bars + 2, MAX_SLOTS, NULL), 0);
	assert_int_equal(fake_kvm_slots_used(), MAX_SLOTS);
}

static void a_slot_kvm_refuses_is_named_and_the_others_are_mapped(void **state)
{
	struct err err = { 0 };
	struct slot_want bars[] = { want(0xC0000000, MIB), want(0xD0000000, MIB),
				    want(0xE0000000, MIB) };
	fake_kvm_fail("set_memory_region", 2, ENOMEM);
	assert_int_equal(memslots_publish(*state, SLOT_PCI, bars, 3, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "0xd0000000"));
	assert_int_equal(fake_kvm_slots_used(), 2);
	assert_int_equal(memslots_publish(*state, SLOT_PCI, bars, 3, NULL), 0);
	assert_int_equal(fake_kvm_slots_used(), 3);
}

static void a_slot_kvm_does_not_delete_is_tried_again(void **state)
{
	struct err err = { 0 };
	struct slot_want bar = want(0xC0000000, MIB);
	assert_int_equal(memslots_publish(*state, SLOT_PCI, &bar, 1, NULL), 0);
	fake_kvm_fail("set_memory_region", 1, EIO);
	assert_int_equal(memslots_publish(*state, SLOT_PCI, NULL, 0, &err), -EIO);
	assert_int_equal(fake_kvm_slots_used(), 1);
	assert_int_equal(memslots_publish(*state, SLOT_PCI, NULL, 0, NULL), 0);
	assert_int_equal(fake_kvm_slots_used(), 0);
}

/* Whatever a guest does with its BARs, KVM has what a plain reckoning says, and never an overlap.
 */
static void random_layouts_end_as_reckoned(void **state)
{
	struct slot_want ram = want(0, 64 * PAGE_4K);
	assert_int_equal(memslots_publish(*state, SLOT_RAM, &ram, 1, NULL), 0);
	unsigned seed = 1;
	for (int round = 0; round < 2000; round++) {
		struct slot_want bars[6];
		bool mapped[6];
		unsigned n = (unsigned)rand_r(&seed) % 7, expected = 1;
		for (unsigned i = 0; i < n; i++) {
			uint64_t page = (uint64_t)rand_r(&seed) % 256;
			bars[i] = want(page * PAGE_4K, (1u << rand_r(&seed) % 6) * PAGE_4K);
			mapped[i] = page >= 64;
			for (unsigned j = 0; j < i; j++)
				if (mapped[j] && bars[j].gpa < bars[i].gpa + bars[i].size &&
				    bars[i].gpa < bars[j].gpa + bars[j].size)
					mapped[i] = false;
			expected += mapped[i];
		}
		assert_int_equal(memslots_publish(*state, SLOT_PCI, bars, n, NULL), 0);
		assert_int_equal(fake_kvm_slots_used(), expected);
		for (unsigned i = 0; i < n; i++) {
			if (!mapped[i])
				continue;
			assert_non_null(kvm_slot_at(bars[i].gpa));
			assert_int_equal(kvm_slot_at(bars[i].gpa)->memory_size, bars[i].size);
		}
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_wanted_is_mapped),
		TEST(publishing_the_same_again_calls_nothing),
		TEST(a_moved_bar_is_deleted_before_it_is_added_and_the_rest_stays),
		TEST(two_bars_that_swap_places_are_both_deleted_first),
		TEST(a_change_of_flags_or_backing_maps_anew),
		TEST(an_owner_that_wants_nothing_loses_its_slots_only),
		TEST(free_slot_ids_are_used_again),
		TEST(a_bar_placed_over_ram_is_left_out),
		TEST(of_two_overlapping_bars_the_first_wins),
		TEST(a_bar_comes_back_when_what_covered_it_moves_away),
		TEST(a_lower_owner_pushes_a_higher_one_aside),
		TEST(what_is_not_whole_pages_is_refused_and_changes_nothing),
		TEST(a_slot_up_to_the_top_of_the_address_space_is_valid),
		TEST(running_out_of_slots_maps_what_fits),
		TEST(a_slot_kvm_refuses_is_named_and_the_others_are_mapped),
		TEST(a_slot_kvm_does_not_delete_is_tried_again),
		TEST(random_layouts_end_as_reckoned),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
