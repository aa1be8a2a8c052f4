/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/limit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd.h"

/* In a process of its own, for limits do not come back; its exit status is 0. */
static void in_child(int (*test)(void))
{
	int status;
	pid_t pid = fork();
	if (!pid)
		_exit(test());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int set(uint64_t soft, uint64_t hard)
{
	return setrlimit(RLIMIT_NOFILE, &(struct rlimit){ soft, hard });
}

static uint64_t soft_now(void)
{
	struct rlimit limit;
	return getrlimit(RLIMIT_NOFILE, &limit) ? 0 : limit.rlim_cur;
}

static int within(void)
{
	return set(64, 512) || limit_raise(RLIMIT_NOFILE, 256) || soft_now() != 256;
}

static void a_soft_limit_is_raised_within_the_hard_one(void **state)
{
	(void)state;
	in_child(within);
}

static int enough(void)
{
	return set(400, 512) || limit_raise(RLIMIT_NOFILE, 256) || soft_now() != 400;
}

static void what_is_enough_is_left_alone(void **state)
{
	(void)state;
	in_child(enough);
}

/* Without the privilege: it takes what there is, and says that it is not all. */
static int beyond(void)
{
	if (set(64, 512) || (!geteuid() && setresuid(65534, 65534, 65534)))
		return 1;
	return limit_raise(RLIMIT_NOFILE, 1024) != -EPERM || soft_now() != 512;
}

static void beyond_the_hard_limit_it_is_raised_to_that(void **state)
{
	(void)state;
	in_child(beyond);
}

static int unknown(void)
{
	return limit_raise(-1, 1) != -EINVAL;
}

static void a_limit_that_does_not_exist_is_an_error(void **state)
{
	(void)state;
	in_child(unknown);
}

/* Every interrupt that KVM routes is a descriptor, and 1024 is what a session starts with. */
static int run(void)
{
	char *argv[] = { (char *)"run", (char *)"/nonexistent.cfg", NULL };
	close(STDERR_FILENO);
	return set(1024, 16384) || cmd_run(2, argv) != CLI_FAILED || soft_now() < 4096 + 1024;
}

static void a_run_has_room_for_all_interrupts(void **state)
{
	(void)state;
	in_child(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_soft_limit_is_raised_within_the_hard_one),
		cmocka_unit_test(what_is_enough_is_left_alone),
		cmocka_unit_test(beyond_the_hard_limit_it_is_raised_to_that),
		cmocka_unit_test(a_limit_that_does_not_exist_is_an_error),
		cmocka_unit_test(a_run_has_room_for_all_interrupts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
