/* SPDX-License-Identifier: GPL-2.0-or-later */
// replaces: kvm/irq.c
// with: fake/fake_irq.c
#include "hw/console.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/serial_reg.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/layout.h"
#include "fake/fake_irq.h"

struct fixture {
	struct loop loop;
	struct irqs irqs;
	struct serial serial;
	struct console console;
	struct err err;
	int in[2], out[2]; /* [0] is read from, [1] written to; -1 = unused */
	unsigned stops, buttons;
};

static void count_stop(void *ctx)
{
	((struct fixture *)ctx)->stops++;
}

static void count_button(void *ctx)
{
	((struct fixture *)ctx)->buttons++;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	signal(SIGPIPE, SIG_IGN);
	fake_irq_init();
	assert_int_equal(loop_init(&f->loop), 0);
	serial_init(&f->serial, &f->irqs, GSI_COM1, console_output, &f->console);
	f->in[0] = f->in[1] = f->out[0] = f->out[1] = -1;
	f->console.on_stop = count_stop;
	f->console.on_button = count_button;
	f->console.ctx = f;
	*state = f;
	return 0;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	console_fini(&f->console);
	console_fini(&f->console); /* twice is harmless */
	serial_fini(&f->serial);
	loop_fini(&f->loop);
	for (int i = 0; i < 2; i++) {
		shut(&f->in[i]);
		shut(&f->out[i]);
	}
	free(f);
	return 0;
}

/* The console between the ends given, the guest's port opened as a driver does. */
static void start(struct fixture *f, int in_fd, int out_fd)
{
	assert_int_equal(console_init(&f->console, &f->loop, in_fd, out_fd, &f->err), 0);
	console_attach(&f->console, &f->serial);
	serial_ops.write(&f->serial, UART_FCR, 1, UART_FCR_ENABLE_FIFO);
}

static void start_pipes(struct fixture *f)
{
	assert_int_equal(pipe(f->in), 0);
	assert_int_equal(pipe(f->out), 0);
	start(f, f->in[0], f->out[1]);
}

static void turn(struct fixture *f, int times)
{
	while (times--)
		assert_int_equal(loop_step(&f->loop, 0), 0);
}

/* A terminal passes bytes on in its own time. */
static void settle(struct fixture *f)
{
	for (int i = 0; i < 10; i++)
		assert_int_equal(loop_step(&f->loop, 5), 0);
}

/* Turns until the count is there; on a busy machine a terminal takes longer than settle() waits. */
static void expect_count(struct fixture *f, const unsigned *count, unsigned want)
{
	for (int i = 0; i < 1000 && *count != want; i++)
		assert_int_equal(loop_step(&f->loop, 10), 0);
	assert_int_equal(*count, want);
}

static void say(struct fixture *f, const char *text)
{
	for (; *text; text++)
		serial_ops.write(&f->serial, UART_TX, 1, (uint8_t)*text);
}

static int guest_reads(struct fixture *f)
{
	if (!(serial_ops.read(&f->serial, UART_LSR, 1) & UART_LSR_DR))
		return -1;
	return (int)serial_ops.read(&f->serial, UART_RX, 1);
}

/* All the guest gets while the loop turns; terminated. */
static size_t guest_gets(struct fixture *f, char *to, size_t size)
{
	size_t n = 0;
	for (unsigned idle = 0; idle < 40 && n < size - 1; idle++) {
		assert_int_equal(loop_step(&f->loop, idle ? 5 : 0), 0);
		for (int c; n < size - 1 && (c = guest_reads(f)) >= 0; idle = 0)
			to[n++] = (char)c;
	}
	to[n] = 0;
	return n;
}

static void expect_input(struct fixture *f, const char *want)
{
	char got[512];
	guest_gets(f, got, sizeof(got));
	assert_string_equal(got, want);
}

static void expect_output(int fd, const char *want)
{
	char got[4096];
	ssize_t n = read(fd, got, sizeof(got) - 1);
	assert_true(n >= 0);
	got[n] = 0;
	assert_string_equal(got, want);
}

static void put_in(int fd, const void *bytes, size_t n)
{
	assert_int_equal(write(fd, bytes, n), n);
}

/* --- output --- */

static void output_reaches_a_pipe_in_one_write_a_turn(void **state)
{
	struct fixture *f = *state;
	start_pipes(f);
	say(f, "hello, world\r\n");
	turn(f, 2);
	expect_output(f->out[0], "hello, world\r\n");
	assert_int_equal(f->console.dropped, 0);
}

static void a_reader_who_stops_costs_bytes_but_no_time(void **state)
{
	struct fixture *f = *state;
	start_pipes(f);
	uint8_t block[1000];
	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(console_output(&f->console, block, sizeof(block)), sizeof(block));
		turn(f, 1);
	}
	/* A pipe and a ring full remain. */
	assert_true(f->console.dropped > 500000);
	size_t got = 0;
	char bytes[4096];
	assert_int_equal(fcntl(f->out[0], F_SETFL, O_NONBLOCK), 0);
	for (int idle = 0; idle < 10; idle++) {
		ssize_t n = read(f->out[0], bytes, sizeof(bytes));
		if (n > 0) {
			got += (size_t)n;
			idle = 0;
		}
		turn(f, 1);
	}
	assert_int_equal(got + f->console.dropped, 1000000);
}

static void flags_that_other_processes_share_stay_as_they_are(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(pipe(f->in), 0);
	assert_int_equal(pipe(f->out), 0);
	int in_flags = fcntl(f->in[0], F_GETFL), out_flags = fcntl(f->out[1], F_GETFL);
	start(f, f->in[0], f->out[1]);
	say(f, "x");
	turn(f, 2);
	assert_int_equal(fcntl(f->in[0], F_GETFL), in_flags);
	assert_int_equal(fcntl(f->out[1], F_GETFL), out_flags);
}

static void a_reader_who_leaves_is_noticed_once(void **state)
{
	struct fixture *f = *state;
	start_pipes(f);
	shut(&f->out[0]);
	say(f, "lost");
	turn(f, 3);
	assert_int_equal(f->console.way, CONSOLE_NOWHERE);
	assert_int_equal(f->console.dropped, 4);
	say(f, "too");
	turn(f, 3);
	assert_int_equal(f->console.dropped, 7);
	assert_false(f->console.flush.queued);
}

static void a_file_is_continued_where_its_writer_is(void **state)
{
	struct fixture *f = *state;
	char path[] = "/tmp/test-console-XXXXXX";
	f->out[1] = mkstemp(path);
	f->out[0] = open(path, O_RDONLY);
	unlink(path);
	put_in(f->out[1], "before ", 7);
	start(f, -1, f->out[1]);
	say(f, "guest");
	turn(f, 2);
	put_in(f->out[1], " after", 6);
	expect_output(f->out[0], "before guest after");
}

static void output_goes_to_a_socket(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, f->out), 0);
	start(f, -1, f->out[1]);
	say(f, "socket");
	turn(f, 2);
	expect_output(f->out[0], "socket");
	shut(&f->out[0]);
	say(f, "gone");
	turn(f, 3);
	assert_int_equal(f->console.way, CONSOLE_NOWHERE);
}

static void without_output_nothing_is_kept(void **state)
{
	struct fixture *f = *state;
	start(f, -1, -1);
	say(f, "into the void");
	turn(f, 1);
	assert_null(f->console.buffer);
	assert_int_equal(f->console.dropped, 0);
}

static void the_ring_wraps_without_losing_order(void **state)
{
	struct fixture *f = *state;
	start_pipes(f);
	static char got[40001];
	unsigned sent = 0, received = 0;
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 40000; i++, sent++)
			console_output(&f->console, (const uint8_t[]){ (uint8_t)(sent % 251) }, 1);
		for (size_t n = 0; n < 40000;) {
			turn(f, 1);
			ssize_t r = read(f->out[0], got, sizeof(got));
			assert_true(r > 0);
			for (ssize_t i = 0; i < r; i++, received++)
				assert_int_equal((uint8_t)got[i], received % 251);
			n += (size_t)r;
		}
	}
	assert_int_equal(sent, received);
}

static void the_last_words_are_flushed_at_the_end(void **state)
{
	struct fixture *f = *state;
	start_pipes(f);
	say(f, "panic");
	console_fini(&f->console);
	expect_output(f->out[0], "panic");
}

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void the_end_waits_at_most_a_second_for_a_reader(void **state)
{
	struct fixture *f = *state;
	start_pipes(f);
	uint8_t block[1000] = { 0 };
	for (int i = 0; i < 200; i++) {
		console_output(&f->console, block, sizeof(block));
		turn(f, 1);
	}
	double before = seconds();
	console_fini(&f->console);
	double took = seconds() - before;
	assert_true(took > 0.9 && took < 3);
	assert_true(f->console.dropped > 0);
}

static void an_output_that_is_not_open_is_refused(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(pipe(f->out), 0);
	shut(&f->out[0]);
	int fd = f->out[1];
	shut(&f->out[1]);
	assert_int_equal(console_init(&f->console, &f->loop, -1, fd, &f->err), -EBADF);
	assert_non_null(strstr(f->err.text, "console output"));
}

/* --- input from pipes and files --- */

static void a_pipe_is_read_as_fast_as_the_guest_reads_and_nothing_is_lost(void **state)
{
	struct fixture *f = *state;
	static char sent[20000], got[20001];
	start_pipes(f);
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (char)('a' + i % 26);
	put_in(f->in[1], sent, sizeof(sent));
	turn(f, 50);
	assert_false(f->console.watched); /* no busy loop while the guest does not read */
	assert_int_equal(guest_gets(f, got, sizeof(got)), sizeof(sent));
	assert_memory_equal(got, sent, sizeof(sent));
}

static void the_escape_key_means_nothing_in_a_pipe(void **state)
{
	struct fixture *f = *state;
	start_pipes(f);
	put_in(f->in[1], "\001x\001p", 4);
	expect_input(f, "\001x\001p");
	assert_int_equal(f->stops + f->buttons, 0);
}

static void the_end_of_a_pipe_ends_input_and_not_the_guest(void **state)
{
	struct fixture *f = *state;
	start_pipes(f);
	put_in(f->in[1], "bye", 3);
	shut(&f->in[1]);
	expect_input(f, "bye");
	assert_int_equal(f->console.in_fd, -1);
	assert_false(f->console.watched);
	say(f, "still here");
	turn(f, 2);
	expect_output(f->out[0], "still here");
}

static void a_file_is_read_to_its_end(void **state)
{
	struct fixture *f = *state;
	char path[] = "/tmp/test-console-XXXXXX";
	static char sent[3000], got[4000];
	f->in[0] = mkstemp(path);
	unlink(path);
	memset(sent, 'f', sizeof(sent));
	put_in(f->in[0], sent, sizeof(sent));
	assert_int_equal(lseek(f->in[0], 0, SEEK_SET), 0);
	start(f, f->in[0], -1);
	assert_int_equal(guest_gets(f, got, sizeof(got)), sizeof(sent));
	assert_int_equal(f->console.in_fd, -1);
	assert_false(f->console.more.queued);
}

static void dev_null_is_an_empty_input(void **state)
{
	struct fixture *f = *state;
	f->in[0] = open("/dev/null", O_RDWR);
	start(f, f->in[0], f->in[0]);
	say(f, "x");
	expect_input(f, "");
	assert_int_equal(f->console.in_fd, -1);
	assert_int_equal(f->console.dropped, 0);
}

static void input_held_by_loopback_flows_after_a_reset(void **state)
{
	struct fixture *f = *state;
	start_pipes(f);
	serial_ops.write(&f->serial, UART_MCR, 1, UART_MCR_LOOP);
	put_in(f->in[1], "abc", 3);
	turn(f, 3);
	assert_int_equal(guest_reads(f), -1);
	serial_reset(&f->serial);
	expect_input(f, "abc");
}

/* A guest that echoes everything, on a thread of its own, until it has had `left` bytes. */
struct echo {
	struct fixture *f;
	unsigned left;
};

static void *echo_guest(void *arg)
{
	struct echo *echo = arg;
	while (echo->left) {
		int c = guest_reads(echo->f);
		if (c < 0) {
			sched_yield();
			continue;
		}
		serial_ops.write(&echo->f->serial, UART_TX, 1, (uint8_t)c);
		echo->left--;
	}
	return NULL;
}

static void a_guest_on_its_own_thread_gets_and_gives_every_byte(void **state)
{
	struct fixture *f = *state;
	enum { BYTES = 5000 };
	char sent[BYTES], got[BYTES];
	start_pipes(f);
	for (int i = 0; i < BYTES; i++)
		sent[i] = (char)(i % 127);
	put_in(f->in[1], sent, BYTES);
	assert_int_equal(fcntl(f->out[0], F_SETFL, O_NONBLOCK), 0);
	struct echo echo = { f, BYTES };
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, echo_guest, &echo), 0);
	size_t n = 0;
	for (double until = seconds() + 30; n < BYTES && seconds() < until;) {
		assert_int_equal(loop_step(&f->loop, 10), 0);
		ssize_t r = read(f->out[0], got + n, BYTES - n);
		n += r > 0 ? (size_t)r : 0;
	}
	assert_int_equal(n, BYTES);
	pthread_join(thread, NULL);
	assert_memory_equal(got, sent, BYTES);
}

/* --- terminals --- */

/* in[1] is the master a person types on, in[0] the terminal. */
static void make_terminal(struct fixture *f)
{
	f->in[1] = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(f->in[1] >= 0);
	assert_int_equal(grantpt(f->in[1]) | unlockpt(f->in[1]), 0);
	f->in[0] = open(ptsname(f->in[1]), O_RDWR | O_NOCTTY);
	assert_true(f->in[0] >= 0);
}

static void start_terminal(struct fixture *f)
{
	make_terminal(f);
	start(f, f->in[0], f->in[0]);
}

static void a_terminal_is_raw_while_the_guest_runs_and_restored_after(void **state)
{
	struct fixture *f = *state;
	struct termios before, during, after;
	make_terminal(f);
	assert_int_equal(tcgetattr(f->in[0], &before), 0);
	int flags = fcntl(f->in[0], F_GETFL);
	start(f, f->in[0], f->in[0]);
	assert_int_equal(tcgetattr(f->in[0], &during), 0);
	assert_int_equal(during.c_lflag & (ICANON | ECHO | ISIG), 0);
	assert_int_equal(during.c_oflag & OPOST, 0);
	assert_int_equal(fcntl(f->in[0], F_GETFL), flags);
	console_fini(&f->console);
	assert_int_equal(tcgetattr(f->in[0], &after), 0);
	assert_int_equal(after.c_lflag, before.c_lflag);
	assert_int_equal(after.c_oflag, before.c_oflag);
	assert_int_equal(after.c_iflag, before.c_iflag);
	assert_int_equal(after.c_cc[VMIN], before.c_cc[VMIN]);
}

static void a_fatal_signal_can_restore_the_terminal(void **state)
{
	struct fixture *f = *state;
	struct termios after;
	start_terminal(f);
	console_restore(&f->console);
	assert_int_equal(tcgetattr(f->in[0], &after), 0);
	assert_int_equal(after.c_lflag & ICANON, ICANON);
}

static void keys_and_output_pass_through_one_terminal(void **state)
{
	struct fixture *f = *state;
	start_terminal(f);
	put_in(f->in[1], "ls\r\003", 4);
	expect_input(f, "ls\r\003");
	say(f, "a\nb");
	settle(f);
	expect_output(f->in[1], "a\nb"); /* no CR added: the guest's own driver does that */
}

static void the_escape_key_stops_presses_and_passes(void **state)
{
	struct fixture *f = *state;
	start_terminal(f);
	put_in(f->in[1], "\001", 1);
	settle(f);
	put_in(f->in[1], "x", 1); /* the two may come in different reads */
	expect_count(f, &f->stops, 1);
	put_in(f->in[1], "\001p\001\001\001zq", 7);
	expect_input(f, "\001q");
	assert_int_equal(f->buttons, 1);
	assert_int_equal(f->stops, 1);
}

static void the_escape_key_shows_help(void **state)
{
	struct fixture *f = *state;
	char got[512];
	start_terminal(f);
	put_in(f->in[1], "\001h", 2);
	settle(f);
	ssize_t n = read(f->in[1], got, sizeof(got) - 1);
	assert_true(n > 0);
	got[n] = 0;
	assert_non_null(strstr(got, "Ctrl-A p"));
}

static void the_escape_key_works_on_a_guest_that_does_not_read(void **state)
{
	struct fixture *f = *state;
	start_terminal(f);
	char keys[1000];
	memset(keys, 'k', sizeof(keys));
	put_in(f->in[1], keys, sizeof(keys));
	settle(f);
	put_in(f->in[1], "\001x", 2);
	settle(f);
	assert_int_equal(f->stops, 1);
	/* What fits was kept, in the FIFO and before it. */
	char got[1001];
	assert_int_equal(guest_gets(f, got, sizeof(got)), CONSOLE_TYPED + SERIAL_FIFO);
}

static void a_terminal_that_hangs_up_ends_input(void **state)
{
	struct fixture *f = *state;
	start_terminal(f);
	shut(&f->in[1]);
	settle(f);
	assert_int_equal(f->console.in_fd, -1);
	assert_false(f->console.watched);
	say(f, "x");
	settle(f);
	assert_int_equal(f->console.way, CONSOLE_NOWHERE);
}

/* Opening a master again would make a new terminal; so it is written piece by piece. */
static void output_to_a_terminals_master_comes_out_of_that_terminal(void **state)
{
	struct fixture *f = *state;
	make_terminal(f);
	struct termios raw;
	assert_int_equal(tcgetattr(f->in[0], &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(f->in[0], TCSANOW, &raw), 0);
	start(f, -1, f->in[1]);
	assert_int_equal(f->console.way, CONSOLE_PIECES);
	say(f, "master");
	settle(f);
	expect_output(f->in[0], "master");
	char full[100];
	memset(full, 'x', sizeof(full));
	double before = seconds();
	for (int i = 0; i < 2000; i++) {
		console_output(&f->console, (const uint8_t *)full, sizeof(full));
		turn(f, 1);
	}
	assert_true(f->console.dropped > 0);
	assert_true(seconds() - before < 60);
}

/* A child in a session of its own, where the console's process group is not the foreground one. */
static int background_child(void)
{
	struct fixture f = { .in = { -1, -1 } };
	setsid();
	make_terminal(&f);
	if (ioctl(f.in[0], TIOCSCTTY, 0))
		return 10;
	pid_t job = fork();
	if (!job) {
		setpgid(0, 0);
		struct termios attr;
		if (loop_init(&f.loop) || console_init(&f.console, &f.loop, f.in[0], -1, NULL))
			_exit(11);
		tcgetattr(f.in[0], &attr);
		_exit(f.console.terminal || f.console.in_fd != -1 || !(attr.c_lflag & ICANON));
	}
	int status;
	waitpid(job, &status, WUNTRACED);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 12;
}

static void a_terminal_of_another_job_is_left_alone(void **state)
{
	(void)state;
	fflush(NULL);
	pid_t child = fork();
	if (!child)
		_exit(background_child());
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(output_reaches_a_pipe_in_one_write_a_turn),
		T(a_reader_who_stops_costs_bytes_but_no_time),
		T(flags_that_other_processes_share_stay_as_they_are),
		T(a_reader_who_leaves_is_noticed_once),
		T(a_file_is_continued_where_its_writer_is),
		T(output_goes_to_a_socket),
		T(without_output_nothing_is_kept),
		T(the_ring_wraps_without_losing_order),
		T(the_last_words_are_flushed_at_the_end),
		T(the_end_waits_at_most_a_second_for_a_reader),
		T(an_output_that_is_not_open_is_refused),
		T(a_pipe_is_read_as_fast_as_the_guest_reads_and_nothing_is_lost),
		T(the_escape_key_means_nothing_in_a_pipe),
		T(the_end_of_a_pipe_ends_input_and_not_the_guest),
		T(a_file_is_read_to_its_end),
		T(dev_null_is_an_empty_input),
		T(input_held_by_loopback_flows_after_a_reset),
		T(a_guest_on_its_own_thread_gets_and_gives_every_byte),
		T(a_terminal_is_raw_while_the_guest_runs_and_restored_after),
		T(a_fatal_signal_can_restore_the_terminal),
		T(keys_and_output_pass_through_one_terminal),
		T(the_escape_key_stops_presses_and_passes),
		T(the_escape_key_shows_help),
		T(the_escape_key_works_on_a_guest_that_does_not_read),
		T(a_terminal_that_hangs_up_ends_input),
		T(output_to_a_terminals_master_comes_out_of_that_terminal),
		T(a_terminal_of_another_job_is_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
