/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process behind the TPM. Most tests start this program itself in swtpm's place, which then
 * does what the environment says; the last ones start swtpm.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "core/layout.h"
#include "fake/tempdir.h"
#include "tpm_swtpm.h"

#define SELF "/proc/self/exe"
#define WHAT "FAKE_SWTPM"

/* --- in swtpm's place --- */

static uint32_t read_word(int fd)
{
	uint32_t word;
	if (recv(fd, &word, sizeof(word), MSG_WAITALL) != sizeof(word))
		_exit(0);
	return be32toh(word);
}

static void write_word(int fd, uint32_t word)
{
	word = htobe32(word);
	if (send(fd, &word, sizeof(word), MSG_NOSIGNAL) != sizeof(word))
		_exit(0);
}

/* The command's word may come with a descriptor. */
static uint32_t read_command(int fd, int *ret_passed)
{
	uint32_t word;
	char room[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &word, sizeof(word) };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = room,
				  .msg_controllen = sizeof(room) };
	if (recvmsg(fd, &message, MSG_WAITALL) != sizeof(word))
		_exit(0);
	const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	if (head)
		memcpy(ret_passed, CMSG_DATA(head), sizeof(int));
	return be32toh(word);
}

static bool is(const char *what)
{
	const char *how = getenv(WHAT);
	return how && !strcmp(how, what);
}

static void serve_control(int control, int *data)
{
	switch (read_command(control, data)) {
	case 17:
		read_word(control);
		write_word(control, 0);
		for (unsigned i = 0; i < 3; i++)
			write_word(control, is("big") ? 8192 : TPM_CRB_BUFFER);
		return;
	case 2:
		read_word(control);
		write_word(control, is("refuses") ? 9 : 0);
		return;
	case 3:
		_exit(0);
	default:
		write_word(control, 0);
	}
}

/* Says the command back, as a response. */
static void serve_data(int data, int control, int *ret_data)
{
	uint8_t buf[8192];
	ssize_t n = recv(data, buf, sizeof(buf), 0);
	if (n <= 0 || is("dies"))
		_exit(0);
	if (is("silent"))
		return;
	if (is("slow"))
		serve_control(control, ret_data);
	if (is("lies"))
		memset(buf + 2, 0xff, 4);
	if (send(data, buf, (size_t)n, MSG_NOSIGNAL) != n)
		_exit(0);
}

static int act_as_swtpm(void)
{
	int control = 3, data = -1;
	if (is("fails")) {
		static const char said[] = "swtpm: no\tspace left\nmore\n";
		return write(STDERR_FILENO, said, sizeof(said) - 1) < 0 ? 2 : 1;
	}
	for (;;) {
		struct pollfd fds[] = { { .fd = control, .events = POLLIN },
					{ .fd = data, .events = POLLIN } };
		poll(fds, 2, -1);
		/* A word to cancel comes after the command that it is meant for. */
		if (data >= 0 && fds[1].revents)
			serve_data(data, control, &data);
		else if (fds[0].revents)
			serve_control(control, &data);
	}
}

/* --- tests --- */

static struct tempdir dir;
static struct swtpm tpm;
static struct err err;
static unsigned fds_before;

static unsigned open_fds(void)
{
	unsigned n = 0;
	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int begin(void **state)
{
	(void)state;
	err = (struct err){ 0 };
	memset(&tpm, 0, sizeof(tpm));
	setenv(WHAT, "good", 1);
	fds_before = open_fds();
	return tempdir_make(&dir);
}

static int end(void **state)
{
	(void)state;
	swtpm_stop(&tpm);
	tempdir_remove(&dir);
	bool child = waitpid(-1, NULL, WNOHANG) >= 0;
	bool leak = open_fds() != fds_before;
	if (child || leak)
		print_error("%s left\n", child ? "a process" : "a descriptor");
	return child || leak;
}

static int start(const char *how)
{
	setenv(WHAT, how, 1);
	return swtpm_start(&tpm, SELF, dir.path, &err);
}

static uint32_t get(unsigned off)
{
	return (uint32_t)tpm_crb_ops.read(&tpm.crb, off, 4);
}

static void put(unsigned off, uint32_t value)
{
	tpm_crb_ops.write(&tpm.crb, off, 4, value);
}

static void nap(void)
{
	const struct timespec ms = { .tv_nsec = 1000000 };
	nanosleep(&ms, NULL);
}

static bool is_done(unsigned tries)
{
	while (tries-- && get(0x4c))
		nap();
	return !get(0x4c);
}

static void send_command(const uint8_t *cmd, unsigned len)
{
	put(0x08, 1);
	put(0x40, 1);
	for (unsigned i = 0; i < len; i++)
		tpm_crb_ops.write(&tpm.crb, TPM_CRB_DATA + i, 1, cmd[i]);
	put(0x4c, 1);
}

static uint32_t code(void)
{
	return be32toh(get(TPM_CRB_DATA + 6));
}

static const uint8_t get_random[12] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 8 };
static const uint8_t startup[12] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 0 };

static void a_command_goes_there_and_comes_back(void **state)
{
	(void)state;
	assert_int_equal(start("good"), 0);
	for (unsigned i = 0; i < 3; i++) {
		send_command(get_random, sizeof(get_random));
		assert_true(is_done(5000));
		assert_int_equal(code(), 0x17b); /* the twin says it back */
	}
}

static void a_missing_program_names_its_package(void **state)
{
	(void)state;
	assert_int_equal(swtpm_check("swtpm-of-nobody", &err), -ENOENT);
	assert_non_null(strstr(err.text, "install the package swtpm"));
	assert_int_equal(swtpm_start(&tpm, "/nonexistent/swtpm", dir.path, &err), -ENOENT);
}

static void a_process_that_ends_at_once_is_quoted(void **state)
{
	(void)state;
	assert_int_equal(start("fails"), -EPIPE);
	assert_non_null(strstr(err.text, "swtpm has ended"));
	assert_non_null(strstr(err.text, "swtpm says: swtpm: no?space left"));
}

static void one_that_refuses_to_start_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(start("refuses"), -EIO);
	assert_string_equal(err.text, "TPM: switching it on: swtpm answers with error 0x9");
}

static void a_buffer_that_does_not_fit_the_registers_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(start("big"), -EPROTO);
	assert_non_null(strstr(err.text, "8192"));
}

static void a_state_directory_that_cannot_be_is_an_error(void **state)
{
	(void)state;
	char path[300];
	snprintf(path, sizeof(path), "%s/none", dir.path);
	assert_int_equal(swtpm_start(&tpm, SELF, path, &err), -ENOENT);
	assert_int_equal(swtpm_start(&tpm, SELF, "/tmp/a,b", &err), -EINVAL);
}

static void the_state_is_for_its_owner_alone(void **state)
{
	(void)state;
	struct stat st;
	assert_int_equal(start("good"), 0);
	assert_return_code(stat(tempdir_path(&dir, SWTPM_STATE_DIR), &st), errno);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void when_it_dies_at_a_command_the_guest_sees_a_failure(void **state)
{
	(void)state;
	assert_int_equal(start("dies"), 0);
	send_command(get_random, sizeof(get_random));
	assert_true(is_done(5000));
	assert_int_equal(code(), 0x101);
	assert_int_equal(get(0x44) & 1, 1);
	send_command(get_random, sizeof(get_random));
	assert_true(is_done(1));
}

static void its_death_is_noticed_while_nothing_is_asked(void **state)
{
	(void)state;
	assert_int_equal(start("good"), 0);
	kill(tpm.pid, SIGKILL);
	for (unsigned i = 0; i < 5000 && !(get(0x44) & 1); i++)
		nap();
	assert_int_equal(get(0x44) & 1, 1);
	tpm_crb_reset(&tpm.crb);
	send_command(get_random, sizeof(get_random));
	assert_int_equal(code(), 0x101);
}

static void an_answer_of_impossible_length_ends_it(void **state)
{
	(void)state;
	assert_int_equal(start("lies"), 0);
	send_command(get_random, sizeof(get_random));
	assert_true(is_done(5000));
	assert_int_equal(code(), 0x101);
	assert_int_equal(get(0x44) & 1, 1);
}

static void one_that_says_nothing_fails_after_its_time(void **state)
{
	(void)state;
	assert_int_equal(start("silent"), 0);
	tpm.deadline_ms = 50;
	send_command(get_random, sizeof(get_random));
	assert_true(is_done(5000));
	assert_int_equal(code(), 0x101);
}

static void stopping_does_not_wait_for_a_command(void **state)
{
	(void)state;
	struct timespec from, to;
	assert_int_equal(start("silent"), 0);
	send_command(get_random, sizeof(get_random));
	clock_gettime(CLOCK_MONOTONIC, &from);
	swtpm_stop(&tpm);
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_true(to.tv_sec - from.tv_sec < 4);
}

static void one_that_does_not_end_is_ended(void **state)
{
	(void)state;
	assert_int_equal(start("good"), 0);
	kill(tpm.pid, SIGSTOP);
	pid_t pid = tpm.pid;
	swtpm_stop(&tpm);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void cancelling_reaches_it(void **state)
{
	(void)state;
	assert_int_equal(start("slow"), 0);
	for (unsigned i = 0; i < 3; i++) {
		send_command(get_random, sizeof(get_random));
		nap();
		assert_int_equal(get(0x4c), 1); /* it waits for word on the control channel */
		put(0x48, 1);
		assert_true(is_done(5000));
		assert_int_equal(code(), 0x17b);
		put(0x48, 0);
	}
}

static void a_reset_while_it_works_drops_the_answer(void **state)
{
	(void)state;
	assert_int_equal(start("slow"), 0);
	send_command(get_random, sizeof(get_random));
	tpm_crb_reset(&tpm.crb);
	send_command(startup, sizeof(startup));
	put(0x48, 1);
	assert_true(is_done(5000));
	assert_int_equal(code(), 0x144);
}

static void it_ends_with_the_process_that_started_it(void **state)
{
	(void)state;
	int ends[2], status;
	pid_t pid = 0;
	assert_return_code(pipe(ends), errno);
	pid_t parent = fork();
	if (!parent) {
		if (start("good"))
			_exit(1);
		if (write(ends[1], &tpm.pid, sizeof(pid)) != sizeof(pid))
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(read(ends[0], &pid, sizeof(pid)), sizeof(pid));
	close(ends[0]);
	close(ends[1]);
	waitpid(parent, &status, 0);
	for (unsigned i = 0; i < 5000 && !kill(pid, 0); i++) {
		char path[64], buf[256];
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		FILE *in = fopen(path, "r");
		size_t n = in ? fread(buf, 1, sizeof(buf) - 1, in) : 0;
		if (in)
			fclose(in);
		buf[n] = 0;
		if (strstr(buf, ") Z "))
			break; /* dead; whoever is init here has not looked yet */
		nap();
		assert_true(i < 4999);
	}
}

/* --- swtpm --- */

static const uint8_t nv_define[] = { /* TPM2_NV_DefineSpace: index 0x01500010, 8 bytes */
				     0x80, 2, 0,    0, 0,  45, 0, 0, 1, 0x2a, 0x40, 0, 0, 1, 0,  0,
				     0,    9, 0x40, 0, 0,  9,  0, 0, 0, 0,    0,    0, 0, 0, 14, 1,
				     0x50, 0, 0x10, 0, 11, 0,  4, 0, 4, 0,    0,    0, 8
};
/* TPM2_NV_ReadPublic of it */
static const uint8_t nv_look[] = { 0x80, 1, 0, 0, 0, 14, 0, 0, 1, 0x69, 1, 0x50, 0, 0x10 };

static uint32_t ask(const uint8_t *cmd, unsigned len)
{
	send_command(cmd, len);
	assert_true(is_done(60000));
	return code();
}

static void swtpm_gives_random_numbers_and_keeps_its_state(void **state)
{
	(void)state;
	assert_int_equal(swtpm_start(&tpm, SWTPM_PROGRAM, dir.path, &err), 0);
	assert_int_equal(ask(get_random, sizeof(get_random)), 0x100); /* not started up */
	assert_int_equal(ask(startup, sizeof(startup)), 0);
	assert_int_equal(ask(get_random, sizeof(get_random)), 0);
	assert_int_equal(ask(nv_look, sizeof(nv_look)), 0x18b); /* no such index */
	assert_int_equal(ask(nv_define, sizeof(nv_define)), 0);
	tpm_crb_reset(&tpm.crb); /* a reboot */
	assert_int_equal(ask(get_random, sizeof(get_random)), 0x100);
	assert_int_equal(ask(startup, sizeof(startup)), 0);
	assert_int_equal(ask(nv_look, sizeof(nv_look)), 0);
	swtpm_stop(&tpm);
	assert_int_equal(swtpm_start(&tpm, SWTPM_PROGRAM, dir.path, &err), 0);
	assert_int_equal(ask(startup, sizeof(startup)), 0);
	assert_int_equal(ask(nv_look, sizeof(nv_look)), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		T(a_command_goes_there_and_comes_back),
		T(a_missing_program_names_its_package),
		T(a_process_that_ends_at_once_is_quoted),
		T(one_that_refuses_to_start_is_an_error),
		T(a_buffer_that_does_not_fit_the_registers_is_an_error),
		T(a_state_directory_that_cannot_be_is_an_error),
		T(the_state_is_for_its_owner_alone),
		T(when_it_dies_at_a_command_the_guest_sees_a_failure),
		T(its_death_is_noticed_while_nothing_is_asked),
		T(an_answer_of_impossible_length_ends_it),
		T(one_that_says_nothing_fails_after_its_time),
		T(stopping_does_not_wait_for_a_command),
		T(one_that_does_not_end_is_ended),
		T(cancelling_reaches_it),
		T(a_reset_while_it_works_drops_the_answer),
		T(it_ends_with_the_process_that_started_it),
		T(swtpm_gives_random_numbers_and_keeps_its_state),
	};
	if (getenv(WHAT))
		return act_as_swtpm();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
