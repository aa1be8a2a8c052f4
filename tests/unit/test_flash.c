/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/memslot.c
// with: fake/fake_memslot.c
#include "hw/flash.h"

#include <errno.h>
#include <linux/kvm.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/log.h"
#include "fake/fake_memslot.h"

#define CODE_SIZE 0x37C000
#define STORE_SIZE 0x84000
#define STORE_GPA UINT64_C(0xFFC00000)

static struct flash flash;
static struct memslots slots;
static struct err err;
static uint8_t *code, *store;
static uint8_t saved[STORE_SIZE]; /* what the file has */
static int save_fails;
static unsigned saves;

static int save(void *ctx, uint64_t off, const void *data, size_t len)
{
	assert_ptr_equal(ctx, &saves);
	assert_true(off <= STORE_SIZE && len <= STORE_SIZE - off);
	/* Nobody sees a change that is not kept yet. */
	if (len)
		assert_memory_equal(store + off, saved + off, len);
	if (save_fails)
		return save_fails;
	memcpy(saved + off, data, len);
	saves++;
	return 0;
}

static uint8_t *pages(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	return at;
}

static int begin(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	fake_memslot_init();
	code = pages(CODE_SIZE);
	store = pages(STORE_SIZE);
	for (unsigned i = 0; i < STORE_SIZE; i++)
		saved[i] = store[i] = (uint8_t)(i * 7 + 3);
	saves = 0;
	save_fails = 0;
	err = (struct err){ 0 };
	const struct flash_image c = { code, CODE_SIZE }, s = { store, STORE_SIZE };
	return flash_init(&flash, &slots, &c, &s, save, &saves, &err);
}

static int end(void **state)
{
	(void)state;
	flash_fini(&flash);
	munmap(code, CODE_SIZE);
	munmap(store, STORE_SIZE);
	return 0;
}

static void put(uint64_t off, uint8_t value)
{
	flash_ops.write(&flash, off, 1, value);
}

/* As the guest reads: from the slot where there is one. */
static uint8_t get(uint64_t off)
{
	const struct slot_want *slot = fake_memslot_at(STORE_GPA + off);
	if (slot)
		return ((uint8_t *)slot->hva)[STORE_GPA + off - slot->gpa];
	return (uint8_t)flash_ops.read(&flash, off, 1);
}

static void code_ends_at_4_gib_and_the_store_below_it_both_read_only(void **state)
{
	(void)state;
	const struct slot_want *slot = fake_memslot_at(0xFFFFFFF0);
	assert_non_null(slot);
	assert_int_equal(slot->gpa + slot->size, UINT64_C(0x100000000));
	assert_int_equal(slot->flags, KVM_MEM_READONLY);
	assert_int_equal(flash_code_gpa(&flash), 0xFFC84000);
	assert_int_equal(flash_store_gpa(&flash), STORE_GPA);
	slot = fake_memslot_at(STORE_GPA);
	assert_non_null(slot);
	assert_int_equal(slot->size, STORE_SIZE);
	assert_int_equal(slot->flags, KVM_MEM_READONLY);
}

/* OvmfPkg QemuFlashFvbServicesRuntimeDxe looks for exactly this, at a byte that is no command. */
static void firmware_recognises_it_as_flash(void **state)
{
	(void)state;
	uint8_t original = get(0x10);
	put(0x10, 0x50);
	assert_int_equal(get(0x10), original); /* RAM would have 0x50 */
	put(0x10, 0x70);
	assert_int_equal(get(0x10), 0); /* ROM would have the original, a ready chip 0x80 */
	put(0x10, 0xFF);
	assert_int_equal(get(0x10), original);
	assert_int_equal(saves, 0);
}

static void a_programmed_byte_is_kept_before_it_is_seen(void **state)
{
	(void)state;
	put(0x1234, 0x10);
	put(0x1234, 0x5A);
	assert_int_equal(saved[0x1234], 0x5A);
	assert_int_equal(get(0x1234), 0x80); /* status until told otherwise */
	put(0x1234, 0xFF);
	assert_int_equal(get(0x1234), 0x5A);
	assert_int_equal(saves, 1);
	put(0x1235, 0x40);
	put(0x1235, 0x11);
	assert_int_equal(saved[0x1235], 0x11);
}

static void the_slot_goes_once_for_a_burst_of_bytes(void **state)
{
	(void)state;
	unsigned before = fake_memslot.publishes;
	for (unsigned i = 0; i < 100; i++) {
		put(i, 0x10);
		put(i, (uint8_t)i);
	}
	put(0, 0xFF);
	assert_int_equal(fake_memslot.publishes - before, 2);
	assert_int_equal(flash.bursts, 1);
	assert_int_equal(flash.changes, 100);
	assert_memory_equal(store, saved, STORE_SIZE);
}

static void an_erase_clears_the_block_it_is_in_and_no_other(void **state)
{
	(void)state;
	put(0x2ABC, 0x20);
	put(0x2ABC, 0xD0);
	put(0, 0xFF);
	for (unsigned i = 0; i < 0x1000; i++)
		assert_int_equal(get(0x2000 + i), 0xFF);
	assert_int_equal(get(0x1FFF), (uint8_t)(0x1FFF * 7 + 3));
	assert_int_equal(get(0x3000), (uint8_t)(0x3000 * 7 + 3));
	assert_memory_equal(store, saved, STORE_SIZE);
}

static void an_erase_that_is_not_confirmed_is_a_sequence_error(void **state)
{
	(void)state;
	put(0x2000, 0x20);
	put(0x2000, 0x10);
	assert_int_equal(get(0), 0xB0);
	assert_int_equal(saves, 0);
	put(0, 0x50);
	put(0, 0x70);
	assert_int_equal(get(0), 0);
}

static void a_file_that_cannot_be_written_fails_the_command_and_changes_nothing(void **state)
{
	(void)state;
	uint8_t original = get(0x40);
	save_fails = -ENOSPC;
	put(0x40, 0x10);
	put(0x40, (uint8_t)~original);
	assert_int_equal(get(0x40), 0x90);
	put(0x40, 0x50);
	put(0x40, 0x20);
	put(0x40, 0xD0);
	assert_int_equal(get(0x40), 0xA0);
	put(0x40, 0xFF);
	assert_int_equal(get(0x40), original);
	assert_memory_equal(store, saved, STORE_SIZE);
}

static void it_says_who_made_it_and_that_it_speaks_intels_commands(void **state)
{
	(void)state;
	put(0, 0x90);
	assert_int_equal(get(0), 0x89);
	put(0, 0x98);
	assert_int_equal(get(0x10), 'Q');
	assert_int_equal(get(0x11), 'R');
	assert_int_equal(get(0x12), 'Y');
	assert_int_equal(get(0x13), 1);
	assert_int_equal(get(0x2D) | get(0x2E) << 8, STORE_SIZE / 4096 - 1);
	assert_int_equal((get(0x2F) | get(0x30) << 8) * 256, 4096);
	put(0, 0x33); /* no command: as read array */
	assert_int_equal(get(0), 3);
}

static void wide_accesses_are_bytes_in_a_row(void **state)
{
	(void)state;
	put(0x100, 0x10);
	flash_ops.write(&flash, 0x100, 4, 0x44332211);
	put(0, 0x70);
	assert_int_equal(flash_ops.read(&flash, 0x100, 4), 0x80808080);
	put(0, 0xFF);
	assert_int_equal(flash_ops.read(&flash, 0x100, 8) & 0xFFFFFFFF, 0x44332211);
}

static void accesses_across_the_end_do_nothing(void **state)
{
	(void)state;
	put(0, 0x10);
	flash_ops.write(&flash, STORE_SIZE - 2, 4, 0);
	assert_int_equal(saves, 0);
	assert_int_equal(flash_ops.read(&flash, STORE_SIZE - 2, 4), UINT32_MAX);
}

static void a_reset_in_the_middle_of_a_command_shows_the_content(void **state)
{
	(void)state;
	put(0x10, 0x10);
	assert_int_equal(flash_reset(&flash, &err), 0);
	assert_int_equal(get(0x10), (uint8_t)(0x10 * 7 + 3));
	put(0x10, 0x70);
	assert_int_equal(get(0x10), 0);
	assert_int_equal(saves, 0);
}

static void without_the_slot_reads_are_served_all_the_same(void **state)
{
	(void)state;
	put(0, 0x70);
	fake_memslot.fail = -ENOMEM;
	put(0, 0xFF);
	assert_int_equal(flash_ops.read(&flash, 5, 1), 5 * 7 + 3);
	assert_int_equal(flash_reset(&flash, &err), -ENOMEM);
	fake_memslot.fail = 0;
}

static void slots_that_cannot_be_made_are_an_error_and_fini_takes_it(void **state)
{
	(void)state;
	struct flash other;
	const struct flash_image c = { code, CODE_SIZE }, s = { store, STORE_SIZE };
	fake_memslot.fail = -ENOSPC;
	assert_int_equal(flash_init(&other, &slots, &c, &s, save, &saves, &err), -ENOSPC);
	fake_memslot.fail = 0;
	flash_fini(&other);
	flash_fini(&(struct flash){ 0 });
	assert_int_equal(flash_reset(&(struct flash){ 0 }, &err), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(code_ends_at_4_gib_and_the_store_below_it_both_read_only),
		TEST(firmware_recognises_it_as_flash),
		TEST(a_programmed_byte_is_kept_before_it_is_seen),
		TEST(the_slot_goes_once_for_a_burst_of_bytes),
		TEST(an_erase_clears_the_block_it_is_in_and_no_other),
		TEST(an_erase_that_is_not_confirmed_is_a_sequence_error),
		TEST(a_file_that_cannot_be_written_fails_the_command_and_changes_nothing),
		TEST(it_says_who_made_it_and_that_it_speaks_intels_commands),
		TEST(wide_accesses_are_bytes_in_a_row),
		TEST(accesses_across_the_end_do_nothing),
		TEST(a_reset_in_the_middle_of_a_command_shows_the_content),
		TEST(without_the_slot_reads_are_served_all_the_same),
		TEST(slots_that_cannot_be_made_are_an_error_and_fini_takes_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
