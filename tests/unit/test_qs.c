/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/qs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static unsigned released;

static void count_release(void *object)
{
	(void)object;
	released++;
}

static struct qs qs;

static int setup(void **state)
{
	(void)state;
	released = 0;
	return qs_init(&qs);
}

static int teardown(void **state)
{
	(void)state;
	qs_fini(&qs);
	return 0;
}

static void without_readers_release_is_at_once(void **state)
{
	(void)state;
	assert_int_equal(qs_retire(&qs, &released, count_release), 0);
	assert_int_equal(released, 1);
	assert_int_equal(qs_reclaim(&qs), 0);
}

static void an_online_reader_holds_what_was_retired_since(void **state)
{
	(void)state;
	struct qs_reader reader;
	qs_register(&qs, &reader);
	qs_online(&qs, &reader);
	qs_retire(&qs, &released, count_release);
	qs_retire(&qs, &released, count_release);
	assert_int_equal(qs_reclaim(&qs), 2);
	assert_int_equal(released, 0);
	qs_offline(&reader);
	assert_int_equal(qs_reclaim(&qs), 0);
	assert_int_equal(released, 2);
	qs_unregister(&qs, &reader);
}

static void a_reader_that_came_online_later_holds_nothing_older(void **state)
{
	(void)state;
	struct qs_reader old, young;
	qs_register(&qs, &old);
	qs_register(&qs, &young);
	qs_online(&qs, &old);
	qs_retire(&qs, &released, count_release); /* old may see it */
	qs_online(&qs, &young);
	qs_retire(&qs, &released, count_release); /* both may */
	qs_offline(&old);
	assert_int_equal(qs_reclaim(&qs), 1);
	assert_int_equal(released, 1);
	qs_online(&qs, &young); /* passes through a quiescent state */
	assert_int_equal(qs_reclaim(&qs), 0);
	assert_int_equal(released, 2);
	qs_unregister(&qs, &old);
	qs_unregister(&qs, &young);
}

static void a_reader_that_leaves_holds_nothing(void **state)
{
	(void)state;
	struct qs_reader reader;
	qs_register(&qs, &reader);
	qs_online(&qs, &reader);
	qs_retire(&qs, &released, count_release);
	qs_unregister(&qs, &reader);
	assert_int_equal(qs_reclaim(&qs), 0);
	assert_int_equal(released, 1);
	qs_unregister(&qs, &reader); /* unknown: nothing happens */
}

static void fini_releases_what_is_left(void **state)
{
	(void)state;
	struct qs_reader reader;
	qs_register(&qs, &reader);
	qs_online(&qs, &reader);
	qs_retire(&qs, &released, count_release);
	qs_offline(&reader);
	qs_fini(&qs);
	assert_int_equal(released, 1);
	assert_int_equal(qs_init(&qs), 0);
}

static void retire_another(void *object)
{
	(void)object;
	released++;
	qs_retire(&qs, &released, count_release);
}

static void release_may_retire_again(void **state)
{
	(void)state;
	assert_int_equal(qs_retire(&qs, &released, retire_another), 0);
	assert_int_equal(released, 2);
}

/* Readers look at what a writer keeps replacing; the sanitizers see a use after free. */
static _Atomic(int *) published;
static atomic_bool done;

static void *read_published(void *arg)
{
	struct qs_reader reader;
	unsigned long seen = 0;
	(void)arg;
	qs_register(&qs, &reader);
	while (!atomic_load(&done)) {
		qs_online(&qs, &reader);
		for (int i = 0; i < 4; i++)
			seen += (unsigned long)*atomic_load(&published);
		qs_offline(&reader);
	}
	qs_unregister(&qs, &reader);
	return (void *)seen;
}

static int *number(int value)
{
	int *n = malloc(sizeof(*n));
	assert_non_null(n);
	*n = value;
	return n;
}

static void readers_never_see_a_released_object(void **state)
{
	(void)state;
	pthread_t readers[3];
	atomic_store(&published, number(1));
	atomic_store(&done, false);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_published, NULL), 0);
	for (int i = 0; i < 3000; i++) {
		assert_int_equal(qs_retire(&qs, atomic_exchange(&published, number(i)), free), 0);
		if (i % 64 == 0)
			usleep(50);
	}
	atomic_store(&done, true);
	for (int i = 0; i < 3; i++)
		pthread_join(readers[i], NULL);
	assert_int_equal(qs_reclaim(&qs), 0);
	free(atomic_load(&published));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_readers_release_is_at_once),
		TEST(an_online_reader_holds_what_was_retired_since),
		TEST(a_reader_that_came_online_later_holds_nothing_older),
		TEST(a_reader_that_leaves_holds_nothing),
		TEST(fini_releases_what_is_left),
		TEST(release_may_retire_again),
		TEST(readers_never_see_a_released_object),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
