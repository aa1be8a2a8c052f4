/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop loop;
static uint64_t clock_ms;
static char order[64]; /* what ran, a letter each */

static uint64_t fake_clock(void)
{
	return clock_ms;
}

static void note(char c)
{
	size_t n = strlen(order);
	assert_true(n + 1 < sizeof(order));
	order[n] = c;
	order[n + 1] = 0;
}

static int setup(void **state)
{
	(void)state;
	order[0] = 0;
	clock_ms = 1000;
	alarm(30); /* a wait that never ends fails the test */
	int r = loop_init(&loop);
	loop.now_ms = fake_clock;
	return r;
}

static int teardown(void **state)
{
	(void)state;
	loop_fini(&loop);
	alarm(0);
	return 0;
}

/* --- timers --- */

struct note_timer {
	struct loop_timer timer;
	char letter;
};

static void note_expired(void *ctx)
{
	struct note_timer *t = ctx;
	note(t->letter);
}

#define NOTE_TIMER(name, c)                                                                        \
	struct note_timer name = { { .expired = note_expired, .ctx = &name }, c }

static void timers_expire_in_order_and_once(void **state)
{
	(void)state;
	NOTE_TIMER(a, 'a');
	NOTE_TIMER(b, 'b');
	NOTE_TIMER(c, 'c');
	loop_timer_arm(&loop, &c.timer, 30);
	loop_timer_arm(&loop, &a.timer, 10);
	loop_timer_arm(&loop, &b.timer, 20);
	loop_step(&loop, 0);
	assert_string_equal(order, "");
	clock_ms += 20;
	loop_step(&loop, 0);
	assert_string_equal(order, "ab");
	assert_false(a.timer.armed);
	assert_true(c.timer.armed);
	clock_ms += 1000;
	loop_step(&loop, 0);
	loop_step(&loop, 0);
	assert_string_equal(order, "abc");
}

static void timers_of_one_instant_keep_their_order(void **state)
{
	(void)state;
	NOTE_TIMER(a, 'a');
	NOTE_TIMER(b, 'b');
	loop_timer_arm(&loop, &a.timer, 10);
	loop_timer_arm(&loop, &b.timer, 10);
	clock_ms += 10;
	loop_step(&loop, 0);
	assert_string_equal(order, "ab");
}

static void arming_again_moves_a_timer_and_cancel_removes_it(void **state)
{
	(void)state;
	NOTE_TIMER(a, 'a');
	NOTE_TIMER(b, 'b');
	loop_timer_arm(&loop, &a.timer, 10);
	loop_timer_arm(&loop, &b.timer, 20);
	loop_timer_arm(&loop, &a.timer, 30);
	loop_timer_cancel(&loop, &b.timer);
	loop_timer_cancel(&loop, &b.timer);
	clock_ms += 29;
	loop_step(&loop, 0);
	assert_string_equal(order, "");
	clock_ms += 1;
	loop_step(&loop, 0);
	assert_string_equal(order, "a");
	assert_null(loop.timers);
}

static void rearm_for_now(void *ctx)
{
	struct note_timer *t = ctx;
	note(t->letter);
	loop_timer_arm(&loop, &t->timer, 0);
}

static void a_timer_that_arms_itself_for_now_runs_once_a_step(void **state)
{
	(void)state;
	struct note_timer a = { { .expired = rearm_for_now, .ctx = &a }, 'a' };
	NOTE_TIMER(b, 'b');
	loop_timer_arm(&loop, &a.timer, 0);
	loop_timer_arm(&loop, &b.timer, 0);
	loop_step(&loop, -1);
	assert_string_equal(order, "ab");
	loop_step(&loop, -1);
	assert_string_equal(order, "aba");
	loop_timer_cancel(&loop, &a.timer);
}

static void cancel_b(void *ctx)
{
	note('a');
	loop_timer_cancel(&loop, ctx);
}

static void a_callback_may_cancel_the_next_timer(void **state)
{
	(void)state;
	NOTE_TIMER(b, 'b');
	struct loop_timer a = { .expired = cancel_b, .ctx = &b.timer };
	loop_timer_arm(&loop, &a, 0);
	loop_timer_arm(&loop, &b.timer, 0);
	loop_step(&loop, 0);
	assert_string_equal(order, "a");
	assert_false(b.timer.armed);
}

static void a_wait_ends_when_a_timer_is_due(void **state)
{
	(void)state;
	loop_fini(&loop);
	assert_int_equal(loop_init(&loop), 0); /* with the real clock */
	NOTE_TIMER(a, 'a');
	uint64_t start = loop.now_ms();
	loop_timer_arm(&loop, &a.timer, 30);
	while (!order[0])
		loop_step(&loop, -1);
	uint64_t took = loop.now_ms() - start;
	assert_true(took >= 30 && took < 10000);
}

/* --- posted work --- */

struct note_work {
	struct loop_work work;
	char letter;
	struct loop_work *then;
};

static void note_work(void *ctx)
{
	struct note_work *w = ctx;
	note(w->letter);
	if (w->then)
		loop_post(&loop, w->then);
}

#define NOTE_WORK(name, c) struct note_work name = { { .run = note_work, .ctx = &name }, c, NULL }

static void posted_work_runs_in_order_and_once(void **state)
{
	(void)state;
	NOTE_WORK(a, 'a');
	NOTE_WORK(b, 'b');
	loop_post(&loop, &a.work);
	loop_post(&loop, &b.work);
	loop_post(&loop, &a.work);
	loop_step(&loop, -1);
	assert_string_equal(order, "ab");
	loop_post(&loop, &a.work);
	loop_step(&loop, -1);
	assert_string_equal(order, "aba");
}

static void work_that_posts_itself_does_not_starve_the_rest(void **state)
{
	(void)state;
	NOTE_WORK(a, 'a');
	a.then = &a.work;
	loop_post(&loop, &a.work);
	loop_step(&loop, -1);
	assert_string_equal(order, "a");
	loop_step(&loop, -1); /* does not block: the post has woken it */
	assert_string_equal(order, "aa");
	a.then = NULL;
	loop_step(&loop, -1);
}

static void work_may_post_what_is_still_queued_behind_it(void **state)
{
	(void)state;
	NOTE_WORK(a, 'a');
	NOTE_WORK(b, 'b');
	a.then = &b.work;
	loop_post(&loop, &a.work);
	loop_post(&loop, &b.work);
	loop_step(&loop, -1);
	loop_step(&loop, 0);
	assert_string_equal(order, "ab");
}

static unsigned runs; /* the loop thread alone counts */

static void count_run(void *ctx)
{
	(void)ctx;
	runs++;
}

#define POSTERS 4
#define POSTS 2000

struct poster {
	pthread_t thread;
	struct loop_work work[POSTS];
};

static void *post_all(void *arg)
{
	struct poster *p = arg;
	for (int i = 0; i < POSTS; i++) {
		p->work[i].run = count_run;
		loop_post(&loop, &p->work[i]);
	}
	return NULL;
}

static void no_work_is_lost_between_threads(void **state)
{
	(void)state;
	static struct poster posters[POSTERS];
	runs = 0;
	memset(posters, 0, sizeof(posters));
	for (int i = 0; i < POSTERS; i++)
		assert_int_equal(pthread_create(&posters[i].thread, NULL, post_all, &posters[i]),
				 0);
	while (runs < POSTERS * POSTS)
		assert_int_equal(loop_step(&loop, 1000), 0);
	for (int i = 0; i < POSTERS; i++)
		pthread_join(posters[i].thread, NULL);
	loop_step(&loop, 0);
	assert_int_equal(runs, POSTERS * POSTS);
}

static void *stop_soon(void *arg)
{
	(void)arg;
	usleep(10000);
	loop_stop(&loop);
	return NULL;
}

static void stop_from_another_thread_ends_run(void **state)
{
	(void)state;
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, stop_soon, NULL), 0);
	assert_int_equal(loop_run(&loop), 0);
	pthread_join(thread, NULL);
	assert_int_equal(loop_run(&loop), 0); /* and it stays stopped */
}

/* --- fds --- */

struct pipe_watch {
	struct loop_fd watch;
	int write_fd;
	char letter;
	struct pipe_watch *removes;
};

static void pipe_ready(void *ctx, uint32_t events)
{
	struct pipe_watch *p = ctx;
	char c;
	assert_true(events & (EPOLLIN | EPOLLHUP));
	assert_int_equal(read(p->watch.fd, &c, 1), 1);
	note(p->letter);
	if (p->removes) {
		loop_remove(&loop, &p->removes->watch);
		memset(p->removes, 0xee, sizeof(*p->removes)); /* as if freed */
	}
}

static void pipe_open(struct pipe_watch *p, char letter)
{
	int fds[2];
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	*p = (struct pipe_watch){ { fds[0], pipe_ready, p }, fds[1], letter, NULL };
	assert_int_equal(loop_add(&loop, &p->watch, EPOLLIN), 0);
}

static void poke(const struct pipe_watch *p)
{
	assert_int_equal(write(p->write_fd, "x", 1), 1);
}

static void a_ready_fd_calls_back_until_it_is_removed(void **state)
{
	(void)state;
	struct pipe_watch a;
	pipe_open(&a, 'a');
	poke(&a);
	poke(&a);
	poke(&a);
	loop_step(&loop, -1);
	loop_step(&loop, -1);
	assert_string_equal(order, "aa");
	loop_remove(&loop, &a.watch);
	loop_step(&loop, 0);
	assert_string_equal(order, "aa");
	close(a.watch.fd);
	close(a.write_fd);
}

static void a_callback_may_remove_and_free_another_ready_watch(void **state)
{
	(void)state;
	struct pipe_watch a, b;
	pipe_open(&a, 'a');
	pipe_open(&b, 'b');
	int fds[] = { a.watch.fd, a.write_fd, b.watch.fd, b.write_fd };
	a.removes = &b;
	poke(&a);
	poke(&b);
	loop_step(&loop, -1);
	/* Whichever came first, the other is gone or still whole. */
	if (order[0] == 'b')
		loop_step(&loop, -1);
	loop_step(&loop, 0);
	assert_true(!strcmp(order, "a") || !strcmp(order, "ba"));
	for (size_t i = 0; i < 4; i++)
		close(fds[i]);
}

static void interest_can_be_changed(void **state)
{
	(void)state;
	struct pipe_watch a;
	pipe_open(&a, 'a');
	assert_int_equal(loop_change(&loop, &a.watch, 0), 0);
	poke(&a);
	loop_step(&loop, 0);
	assert_string_equal(order, "");
	assert_int_equal(loop_change(&loop, &a.watch, EPOLLIN), 0);
	loop_step(&loop, -1);
	assert_string_equal(order, "a");
	close(a.watch.fd);
	close(a.write_fd);
}

static void a_bad_fd_is_refused(void **state)
{
	(void)state;
	struct loop_fd watch = { -1, pipe_ready, NULL };
	assert_int_equal(loop_add(&loop, &watch, EPOLLIN), -EBADF);
	assert_int_equal(loop_change(&loop, &watch, EPOLLIN), -EBADF);
	loop_remove(&loop, &watch);
}

/* --- signals --- */

static void note_signal(void *ctx, int signo)
{
	assert_ptr_equal(ctx, order);
	note(signo == SIGUSR1 ? '1' : '2');
}

static void signals_become_callbacks(void **state)
{
	(void)state;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	assert_int_equal(loop_signals(&loop, &set, note_signal, order), 0);
	assert_int_equal(kill(getpid(), SIGUSR2), 0);
	loop_step(&loop, -1);
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	loop_step(&loop, -1);
	assert_string_equal(order, "21");
	loop_fini(&loop);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	assert_int_equal(loop_init(&loop), 0);
}

static unsigned open_fds(void)
{
	unsigned n = 0;
	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void nothing_stays_open_after_fini(void **state)
{
	(void)state;
	unsigned before = open_fds();
	sigset_t none;
	sigemptyset(&none);
	struct loop other;
	assert_int_equal(loop_init(&other), 0);
	assert_int_equal(loop_signals(&other, &none, note_signal, order), 0);
	loop_fini(&other);
	assert_int_equal(open_fds(), before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(timers_expire_in_order_and_once),
		TEST(timers_of_one_instant_keep_their_order),
		TEST(arming_again_moves_a_timer_and_cancel_removes_it),
		TEST(a_timer_that_arms_itself_for_now_runs_once_a_step),
		TEST(a_callback_may_cancel_the_next_timer),
		TEST(a_wait_ends_when_a_timer_is_due),
		TEST(posted_work_runs_in_order_and_once),
		TEST(work_that_posts_itself_does_not_starve_the_rest),
		TEST(work_may_post_what_is_still_queued_behind_it),
		TEST(no_work_is_lost_between_threads),
		TEST(stop_from_another_thread_ends_run),
		TEST(a_ready_fd_calls_back_until_it_is_removed),
		TEST(a_callback_may_remove_and_free_another_ready_watch),
		TEST(interest_can_be_changed),
		TEST(a_bad_fd_is_refused),
		TEST(signals_become_callbacks),
		TEST(nothing_stays_open_after_fini),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
