/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* The sanitizers' allocators end the program instead of returning NULL, unless told so. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}
const char *__tsan_default_options(void)
{
	return "allocator_may_return_null=1";
}

struct pair {
	uint64_t a, b;
};

static void pushed_elements_are_zeroed_and_kept(void **state)
{
	(void)state;
	vec(struct pair) v = { 0 };
	for (uint64_t i = 0; i < 1000; i++) {
		struct pair *e = vec_push(&v);
		assert_non_null(e);
		assert_true(e->a == 0 && e->b == 0);
		e->a = i;
		e->b = ~i;
	}
	assert_int_equal(v.n, 1000);
	for (uint64_t i = 0; i < 1000; i++)
		assert_true(v.at[i].a == i && v.at[i].b == ~i);
	vec_free(&v);
	assert_null(v.at);
	assert_int_equal(v.n, 0);
	assert_int_equal(v.cap, 0);
	vec_free(&v);
}

static void a_freed_vector_can_be_filled_again(void **state)
{
	(void)state;
	vec(int) v = { 0 };
	*vec_push(&v) = 3;
	vec_free(&v);
	*vec_push(&v) = 4;
	assert_int_equal(v.n, 1);
	assert_int_equal(v.at[0], 4);
	vec_free(&v);
}

static void growth_beyond_memory_leaves_the_vector_as_it_was(void **state)
{
	(void)state;
	int element = 5;
	void *at =
		&element; /* never freed or moved: the size overflows before realloc looks at it */
	size_t n = SIZE_MAX / 4, cap = SIZE_MAX / 4;
	assert_null(vec_grow(&at, &n, &cap, 1024));
	assert_ptr_equal(at, &element);
	assert_int_equal(n, SIZE_MAX / 4);
	assert_int_equal(cap, SIZE_MAX / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pushed_elements_are_zeroed_and_kept),
		cmocka_unit_test(a_freed_vector_can_be_filled_again),
		cmocka_unit_test(growth_beyond_memory_leaves_the_vector_as_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
