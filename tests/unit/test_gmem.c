/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/gmem.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* Two pieces side by side, one apart. */
static const struct range ram[] = { { 0, 0x4000 }, { 0x4000, 0x3000 }, { 0x10000, 0x2000 } };
#define RAM_SIZE 0x9000

static struct gmem gmem;

static int setup(void **state)
{
	(void)state;
	return gmem_init(&gmem, ram, 3, NULL);
}

static int teardown(void **state)
{
	(void)state;
	gmem_fini(&gmem);
	return 0;
}

static void guest_memory_is_zeroed_and_keeps_its_shape(void **state)
{
	(void)state;
	uint8_t byte = 1;
	assert_int_equal(gmem.size, RAM_SIZE);
	assert_int_equal(gmem.n, 3);
	assert_int_equal((uintptr_t)gmem.base % GIB, 0);
	assert_int_equal(gmem_read(&gmem, 0x11fff, &byte, 1), 0);
	assert_int_equal(byte, 0);
}

static void copies_go_over_adjacent_regions(void **state)
{
	(void)state;
	uint8_t out[0x7000], in[0x7000];
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 7 + 1);
	assert_int_equal(gmem_write(&gmem, 0, out, sizeof(out)), 0);
	assert_int_equal(gmem_read(&gmem, 0, in, sizeof(in)), 0);
	assert_memory_equal(in, out, sizeof(in));
	assert_int_equal(gmem_read(&gmem, 0x3fff, in, 2), 0);
	assert_memory_equal(in, out + 0x3fff, 2);
}

static void a_copy_that_leaves_ram_moves_no_byte(void **state)
{
	(void)state;
	static const uint64_t wrong[][2] = {
		{ 0x6fff, 2 },        { 0x7000, 1 },     { 0xffff, 2 },
		{ 0x12000, 1 },       { 0x11fff, 2 },    { 0, 0x7001 },
		{ UINT64_MAX, 1 },    { UINT64_MAX, 2 }, { UINT64_MAX - 1, 0x4000 },
		{ 0x1000, SIZE_MAX }, { 1, SIZE_MAX },
	};
	uint8_t buf[0x7001], before[0x7000], after[0x7000];
	memset(buf, 0xaa, sizeof(buf));
	memset(before, 0x55, sizeof(before));
	assert_int_equal(gmem_write(&gmem, 0, before, sizeof(before)), 0);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_int_equal(gmem_write(&gmem, wrong[i][0], buf, (size_t)wrong[i][1]), -EFAULT);
		assert_int_equal(gmem_read(&gmem, wrong[i][0], buf, (size_t)wrong[i][1]), -EFAULT);
	}
	assert_int_equal(buf[0], 0xaa);
	assert_int_equal(gmem_read(&gmem, 0, after, sizeof(after)), 0);
	assert_memory_equal(before, after, sizeof(after));
}

static void an_empty_copy_is_nothing_anywhere(void **state)
{
	(void)state;
	assert_int_equal(gmem_write(&gmem, 0x7000, "", 0), 0);
	assert_int_equal(gmem_read(&gmem, UINT64_MAX, NULL, 0), 0);
}

static void a_pointer_is_given_inside_one_region_only(void **state)
{
	(void)state;
	assert_ptr_equal(gmem_hva(&gmem, 0, 0x4000), gmem.base);
	assert_ptr_equal(gmem_hva(&gmem, 0x10000, 0x2000), (uint8_t *)gmem.base + 0x7000);
	assert_null(gmem_hva(&gmem, 0x3fff, 2));
	assert_null(gmem_hva(&gmem, 0x7000, 1));
	assert_null(gmem_hva(&gmem, 0x11fff, 2));
	assert_null(gmem_hva(&gmem, 0x1000, UINT64_MAX));
	assert_null(gmem_hva(&gmem, UINT64_MAX, 1));
}

static void ranges_that_are_not_ascending_pages_are_refused(void **state)
{
	(void)state;
	static const struct range wrong[][2] = {
		{ { 0, 0x1000 }, { 0, 0x1000 } },
		{ { 0x2000, 0x1000 }, { 0, 0x1000 } },
		{ { 0, 0x2000 }, { 0x1000, 0x1000 } },
		{ { 0, 0x1001 }, { 0x2000, 0x1000 } },
		{ { 0x800, 0x1000 }, { 0x2000, 0x1000 } },
		{ { 0, 0 }, { 0x2000, 0x1000 } },
		{ { 0, 0x1000 }, { UINT64_C(1) << 52, 0x1000 } },
		{ { 0, 0x1000 }, { (UINT64_C(1) << 52) - 0x1000, 0x2000 } },
		{ { 0, 0x1000 }, { UINT64_MAX - 0xfff, 0x1000 } },
		{ { UINT64_C(1) << 63, 0x1000 }, { UINT64_MAX - 0xfff, 0x1000 } },
	};
	struct range many[GMEM_MAX_REGIONS + 1];
	struct gmem other;
	struct err err = { 0 };
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(gmem_init(&other, wrong[i], 2, &err), -EINVAL);
	assert_string_equal(err.text, "guest memory: 2 ranges that are not ascending pages");
	for (unsigned i = 0; i < ARRAY_LEN(many); i++)
		many[i] = (struct range){ i * 0x1000, 0x1000 };
	assert_int_equal(gmem_init(&other, many, GMEM_MAX_REGIONS + 1, &err), -EINVAL);
	assert_int_equal(gmem_init(&other, many, 0, &err), -EINVAL);
	gmem_fini(&other); /* accepts what was never made */
	assert_int_equal(gmem_init(&other, many, GMEM_MAX_REGIONS, &err), 0);
	gmem_fini(&other);
	gmem_fini(&other);
}

static void more_than_the_address_space_holds_is_refused(void **state)
{
	(void)state;
	static const struct range huge[] = { { 0, (UINT64_C(1) << 52) - 0x1000 } };
	struct gmem other;
	struct err err = { 0 };
	assert_int_equal(gmem_init(&other, huge, 1, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "guest memory: cannot map 4294967295 MiB: "));
	assert_null(other.base);
}

static unsigned resident_pages(void)
{
	unsigned char present[RAM_SIZE / 0x1000];
	unsigned n = 0;
	assert_int_equal(mincore(gmem.base, RAM_SIZE, present), 0);
	for (size_t i = 0; i < sizeof(present); i++)
		n += present[i] & 1;
	return n;
}

static void populating_makes_every_page_present_and_changes_none(void **state)
{
	(void)state;
	assert_int_equal(resident_pages(), 0);
	assert_int_equal(gmem_write(&gmem, 0x5000, "kernel", 6), 0);
	assert_int_equal(gmem_populate_start(&gmem, 4, NULL), 0);
	assert_int_equal(gmem_populate_wait(&gmem, NULL), 0);
	assert_int_equal(resident_pages(), RAM_SIZE / 0x1000);
	assert_memory_equal(gmem_hva(&gmem, 0x5000, 6), "kernel", 6);
	assert_int_equal(gmem_populate_wait(&gmem, NULL), 0); /* nothing was started */
}

static void any_number_of_threads_populates_all_of_a_larger_guest(void **state)
{
	(void)state;
	static const unsigned threads[] = { 0, 1, 3, 16, 1000 };
	const struct range large[] = { { 0, 9 * MIB + 0x1000 } };
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		struct gmem g;
		unsigned char present[9 * 256 + 1];
		assert_int_equal(gmem_init(&g, large, 1, NULL), 0);
		assert_int_equal(gmem_populate_start(&g, threads[i], NULL), 0);
		assert_int_equal(gmem_populate_wait(&g, NULL), 0);
		assert_int_equal(mincore(g.base, g.size, present), 0);
		for (size_t page = 0; page < sizeof(present); page++)
			assert_true(present[page] & 1);
		gmem_fini(&g);
	}
}

static void fini_waits_for_populating_threads(void **state)
{
	(void)state;
	assert_int_equal(gmem_populate_start(&gmem, 2, NULL), 0);
	gmem_fini(&gmem);
	assert_null(gmem.populate);
}

static void memory_is_filled_before_it_is_known_where_it_lies(void **state)
{
	(void)state;
	const struct range laid[] = { { 0, 2 * MIB }, { 4 * GIB, 3 * MIB } };
	struct gmem g;
	unsigned char present[5 * 256];
	assert_int_equal(gmem_reserve(&g, 5 * MIB, NULL), 0);
	assert_int_equal(gmem_populate_start(&g, 2, NULL), 0);
	assert_int_equal(gmem_lay(&g, laid, 2, NULL), 0);
	assert_int_equal(gmem_write(&g, 4 * GIB + 3 * MIB - 1, "x", 1), 0);
	assert_int_equal(gmem_populate_wait(&g, NULL), 0);
	assert_int_equal(mincore(g.base, g.size, present), 0);
	for (size_t page = 0; page < sizeof(present); page++)
		assert_true(present[page] & 1);
	gmem_fini(&g);
}

static void ranges_that_are_not_what_was_reserved_are_refused(void **state)
{
	(void)state;
	const struct range laid[] = { { 0, 2 * MIB } };
	struct gmem g;
	struct err err = { 0 };
	assert_int_equal(gmem_reserve(&g, 5 * MIB, NULL), 0);
	assert_int_equal(gmem_lay(&g, laid, 1, &err), -EINVAL);
	assert_string_equal(err.text, "guest memory: 2 MiB of ranges, 5 MiB reserved");
	assert_null(gmem_hva(&g, 0, 1));
	gmem_fini(&g);
}

static void a_guest_given_up_is_not_filled_to_its_end(void **state)
{
	(void)state;
	struct gmem g;
	/* More than the machines have that tests run on: to fill it would be their end. */
	assert_int_equal(gmem_reserve(&g, 256 * GIB, NULL), 0);
	assert_int_equal(gmem_populate_start(&g, 2, NULL), 0);
	gmem_fini(&g);
	assert_null(g.base);
}

/* --- the kernel fails, in a child of its own --- */

/* madvise(…, MADV_POPULATE_WRITE) answers `error`; every other call works. */
static int break_populate(uint16_t error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MADV_POPULATE_WRITE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_LEN(code), code };
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

enum { CHILD_OK, CHILD_WRONG, CHILD_CANNOT };

static void in_child(int (*body)(void))
{
	pid_t pid = fork();
	if (!pid)
		_exit(body());
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CHILD_CANNOT)
		skip();
	assert_int_equal(WEXITSTATUS(status), CHILD_OK);
}

static int child_populates_by_touching(void)
{
	struct gmem g;
	unsigned char present[RAM_SIZE / 0x1000];
	if (break_populate(EINVAL))
		return CHILD_CANNOT;
	if (gmem_init(&g, ram, 3, NULL) || gmem_write(&g, 0x5000, "kernel", 6) ||
	    gmem_populate_start(&g, 2, NULL) || gmem_populate_wait(&g, NULL) ||
	    mincore(g.base, RAM_SIZE, present))
		return CHILD_WRONG;
	for (size_t i = 0; i < sizeof(present); i++)
		if (!(present[i] & 1))
			return CHILD_WRONG;
	return memcmp(gmem_hva(&g, 0x5000, 6), "kernel", 6) ? CHILD_WRONG : CHILD_OK;
}

static void an_old_kernel_has_its_pages_touched_and_unchanged(void **state)
{
	(void)state;
	in_child(child_populates_by_touching);
}

static int child_fails_to_populate(void)
{
	struct gmem g;
	struct err err = { 0 };
	if (break_populate(ENOMEM))
		return CHILD_CANNOT;
	if (gmem_init(&g, ram, 3, NULL) || gmem_populate_start(&g, 2, NULL))
		return CHILD_WRONG;
	if (gmem_populate_wait(&g, &err) != -ENOMEM || g.populate)
		return CHILD_WRONG;
	gmem_fini(&g);
	return strcmp(err.text, "guest memory: cannot fill 0 MiB: Cannot allocate memory")
		       ? CHILD_WRONG
		       : CHILD_OK;
}

static void a_failure_to_populate_is_reported_by_the_wait(void **state)
{
	(void)state;
	in_child(child_fails_to_populate);
}

static int child_does_not_inherit(void)
{
	/* Excluded from fork: a helper process must not double a pinned guest. */
	unsigned char present;
	return mincore(gmem.base, 0x1000, &present) && errno == ENOMEM ? CHILD_OK : CHILD_WRONG;
}

static void a_forked_child_has_no_guest_memory(void **state)
{
	(void)state;
	in_child(child_does_not_inherit);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(guest_memory_is_zeroed_and_keeps_its_shape),
		TEST(copies_go_over_adjacent_regions),
		TEST(a_copy_that_leaves_ram_moves_no_byte),
		TEST(an_empty_copy_is_nothing_anywhere),
		TEST(a_pointer_is_given_inside_one_region_only),
		TEST(ranges_that_are_not_ascending_pages_are_refused),
		TEST(more_than_the_address_space_holds_is_refused),
		TEST(populating_makes_every_page_present_and_changes_none),
		TEST(any_number_of_threads_populates_all_of_a_larger_guest),
		TEST(fini_waits_for_populating_threads),
		TEST(memory_is_filled_before_it_is_known_where_it_lies),
		TEST(ranges_that_are_not_what_was_reserved_are_refused),
		TEST(a_guest_given_up_is_not_filled_to_its_end),
		TEST(an_old_kernel_has_its_pages_touched_and_unchanged),
		TEST(a_failure_to_populate_is_reported_by_the_wait),
		TEST(a_forked_child_has_no_guest_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
