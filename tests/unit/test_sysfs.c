/* SPDX-License-Identifier: GPL-2.0-or-later */
// with: fake/host_tree.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "core/sysfs.h"
#include "fake/host_tree.h"

/* A pipe that nobody reads blocks whoever opens it to write, in the kernel, as a driver does. */
#define SLOW "sys/slow"

static struct host_tree tree;
static struct err err;
static int real_proc;

static int setup(void **state)
{
	(void)state;
	err = (struct err){ 0 };
	host_tree_make(&tree, "sys/fast = 0\\n\n");
	assert_return_code(mkfifo(tempdir_path(&tree.dir, SLOW), 0600), errno);
	real_proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_return_code(real_proc, errno);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	/* Lets go of every child that still waits. */
	close(open(tempdir_path(&tree.dir, SLOW), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	while (waitpid(-1, NULL, 0) > 0)
		;
	close(real_proc);
	host_tree_remove(&tree);
	return 0;
}

static struct host impatient(void)
{
	struct host host = tree.host;
	host.proc = real_proc;
	host.answer_ms = 200;
	return host;
}

static long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void a_request_without_an_answer_comes_back_with_where_it_waits(void **state)
{
	(void)state;
	struct host host = impatient();
	long begin = now_ms();
	assert_int_equal(sysfs_ask(&host, "slow", "1", &err), -ETIMEDOUT);
	assert_in_range(now_ms() - begin, 200, 20000);
	assert_non_null(strstr(err.text, "no answer from the kernel after 0.2 s"));
	/* fifo_open waits in wait_for_partner; who may not see stacks is told that instead. */
	assert_true(strstr(err.text, "wait_for_partner") || strstr(err.text, "fifo_open") ||
		    strstr(err.text, "does not show where"));
}

static void the_process_that_waits_is_the_one_that_is_named(void **state)
{
	(void)state;
	struct host host = impatient();
	char path[64], name[32];
	int pid;
	assert_int_equal(sysfs_ask(&host, "slow", "1", &err), -ETIMEDOUT);
	assert_int_equal(sscanf(strstr(err.text, "process "), "process %d", &pid), 1);
	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(name, sizeof(name), file));
	fclose(file);
	assert_string_equal(name, "bulkhead-sysfs\n");
}

static void a_kernel_that_does_not_show_stacks_is_no_obstacle(void **state)
{
	(void)state;
	struct host host = impatient();
	host.proc = tree.host.proc; /* has no processes */
	assert_int_equal(sysfs_ask(&host, "slow", "1", &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "does not show where"));
	assert_int_equal(sysfs_write(&host, "slow", "1"), -ETIMEDOUT);
}

static void a_request_that_hangs_keeps_no_lock_of_ours(void **state)
{
	(void)state;
	struct host host = impatient();
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const char *path = tempdir_path(&tree.dir, "sys/fast");
	int mine = open(path, O_RDWR | O_CLOEXEC);
	assert_return_code(fcntl(mine, F_OFD_SETLK, &lock), errno);
	assert_int_equal(sysfs_ask(&host, "slow", "1", &err), -ETIMEDOUT);
	close(mine);
	int other = open(tempdir_path(&tree.dir, "sys/fast"), O_RDWR | O_CLOEXEC);
	assert_return_code(fcntl(other, F_OFD_SETLK, &lock), errno);
	close(other);
}

static void a_late_answer_in_time_is_an_answer(void **state)
{
	(void)state;
	struct host host = tree.host;
	pid_t reader = fork();
	if (!reader) {
		char c;
		usleep(100000);
		int fd = open(tempdir_path(&tree.dir, SLOW), O_RDONLY);
		_exit(read(fd, &c, 1) == 1 && c == '7' ? 0 : 1);
	}
	int status;
	assert_int_equal(sysfs_ask(&host, "slow", "7", &err), 0);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(status, 0);
	assert_int_equal(err.code, 0);
}

static void the_request_ends_with_who_asked(void **state)
{
	(void)state;
	struct host host = impatient();
	int ends[2];
	char c;
	assert_return_code(pipe(ends), errno);
	pid_t asker = fork();
	if (!asker) {
		int pid = 0;
		sysfs_ask(&host, "slow", "1", &err);
		sscanf(strstr(err.text, "process "), "process %d", &pid);
		_exit(write(ends[1], &pid, sizeof(pid)) == sizeof(pid) ? 0 : 1);
	}
	int pid;
	assert_int_equal(read(ends[0], &pid, sizeof(pid)), sizeof(pid));
	assert_int_equal(waitpid(asker, NULL, 0), asker);
	/* Killed with its parent; whoever adopts it may take a moment to reap it. */
	bool gone = false;
	for (int i = 0; i < 100 && !gone; i++, usleep(20000)) {
		char path[64];
		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		FILE *file = fopen(path, "re");
		gone = !file || (fscanf(file, "%*d %*s %c", &c) == 1 && c == 'Z');
		if (file)
			fclose(file);
	}
	assert_true(gone);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(a_request_without_an_answer_comes_back_with_where_it_waits),
		T(the_process_that_waits_is_the_one_that_is_named),
		T(a_kernel_that_does_not_show_stacks_is_no_obstacle),
		T(a_request_that_hangs_keeps_no_lock_of_ours),
		T(a_late_answer_in_time_is_an_answer),
		T(the_request_ends_with_who_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
