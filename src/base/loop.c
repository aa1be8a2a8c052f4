/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/loop.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

static uint64_t monotonic_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void wake_ready(void *ctx, uint32_t events)
{
	struct loop *loop = ctx;
	uint64_t count;
	(void)events;
	ssize_t r = read(loop->wake_fd, &count, sizeof(count));
	(void)r; /* non-blocking: nothing to read means another wake-up already took it */
}

static void signal_ready(void *ctx, uint32_t events)
{
	struct loop *loop = ctx;
	struct signalfd_siginfo info;
	(void)events;
	while (read(loop->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		loop->on_signal(loop->on_signal_ctx, (int)info.ssi_signo);
}

int loop_init(struct loop *loop)
{
	*loop = (struct loop){ .epoll_fd = -1, .wake_fd = -1, .signal_fd = -1, .now_ms = monotonic_ms };
	loop->posted_tail = &loop->posted;
	pthread_mutex_init(&loop->lock, NULL);
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	loop->wake = (struct loop_fd){ loop->wake_fd, wake_ready, loop };
	int r = loop->epoll_fd < 0 || loop->wake_fd < 0 ? -errno : loop_add(loop, &loop->wake, EPOLLIN);
	if (r)
		loop_fini(loop);
	return r;
}

void loop_fini(struct loop *loop)
{
	close_fd(&loop->signal_fd);
	close_fd(&loop->wake_fd);
	close_fd(&loop->epoll_fd);
	pthread_mutex_destroy(&loop->lock);
}

static int control(struct loop *loop, int op, struct loop_fd *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };
	return epoll_ctl(loop->epoll_fd, op, watch->fd, &event) ? -errno : 0;
}

int loop_add(struct loop *loop, struct loop_fd *watch, uint32_t events)
{
	return control(loop, EPOLL_CTL_ADD, watch, events);
}

int loop_change(struct loop *loop, struct loop_fd *watch, uint32_t events)
{
	return control(loop, EPOLL_CTL_MOD, watch, events);
}

void loop_remove(struct loop *loop, struct loop_fd *watch)
{
	control(loop, EPOLL_CTL_DEL, watch, 0);
}

void loop_timer_arm(struct loop *loop, struct loop_timer *timer, uint64_t in_ms)
{
	loop_timer_cancel(loop, timer);
	timer->at_ms = loop->now_ms() + in_ms;
	struct loop_timer **at = &loop->timers;
	while (*at && (*at)->at_ms <= timer->at_ms)
		at = &(*at)->next;
	timer->next = *at;
	timer->armed = true;
	*at = timer;
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
	if (!timer->armed)
		return;
	for (struct loop_timer **at = &loop->timers; *at; at = &(*at)->next) {
		if (*at == timer) {
			*at = timer->next;
			break;
		}
	}
	timer->armed = false;
}

int loop_signals(struct loop *loop, const sigset_t *set, void (*on_signal)(void *ctx, int signo),
		 void *ctx)
{
	int r = pthread_sigmask(SIG_BLOCK, set, NULL);
	if (r)
		return -r;
	loop->signal_fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (loop->signal_fd < 0)
		return -errno;
	loop->on_signal = on_signal;
	loop->on_signal_ctx = ctx;
	loop->signals = (struct loop_fd){ loop->signal_fd, signal_ready, loop };
	return loop_add(loop, &loop->signals, EPOLLIN);
}

static void wake(struct loop *loop)
{
	/* Fails only when the counter is full, and then the loop is awake anyway. */
	(void)eventfd_write(loop->wake_fd, 1);
}

void loop_post(struct loop *loop, struct loop_work *work)
{
	pthread_mutex_lock(&loop->lock);
	if (!work->queued) {
		work->queued = true;
		work->next = NULL;
		*loop->posted_tail = work;
		loop->posted_tail = &work->next;
	}
	pthread_mutex_unlock(&loop->lock);
	wake(loop);
}

void loop_stop(struct loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	loop->stop = true;
	pthread_mutex_unlock(&loop->lock);
	wake(loop);
}

void loop_unpost(struct loop *loop, struct loop_work *work)
{
	pthread_mutex_lock(&loop->lock);
	for (struct loop_work **at = &loop->posted; work->queued && *at; at = &(*at)->next) {
		if (*at != work)
			continue;
		*at = work->next;
		if (loop->posted_tail == &work->next)
			loop->posted_tail = at;
		work->queued = false;
		break;
	}
	pthread_mutex_unlock(&loop->lock);
}

static struct loop_work *take_posted(struct loop *loop)
{
	struct loop_work *work = loop->posted;
	if (work) {
		loop->posted = work->next;
		if (!loop->posted)
			loop->posted_tail = &loop->posted;
		work->queued = false;
	}
	return work;
}

/*
 * As many as were queued on entry, so that work which posts itself cannot starve the fds; one at a
 * time from the queue, so that work may unpost other work.
 */
static void run_posted(struct loop *loop)
{
	size_t n = 0;
	pthread_mutex_lock(&loop->lock);
	for (struct loop_work *work = loop->posted; work; work = work->next)
		n++;
	for (struct loop_work *work; n-- && (work = take_posted(loop));) {
		pthread_mutex_unlock(&loop->lock);
		work->run(work->ctx);
		pthread_mutex_lock(&loop->lock);
	}
	pthread_mutex_unlock(&loop->lock);
}

/* As many as have expired on entry, so that one which arms itself for now cannot starve the fds. */
static void run_timers(struct loop *loop)
{
	uint64_t now = loop->now_ms();
	unsigned expired = 0;
	for (struct loop_timer *t = loop->timers; t && t->at_ms <= now; t = t->next)
		expired++;
	for (; expired && loop->timers && loop->timers->at_ms <= now; expired--) {
		struct loop_timer *timer = loop->timers;
		loop->timers = timer->next;
		timer->armed = false;
		timer->expired(timer->ctx);
	}
}

static int wait_ms(struct loop *loop, int max_wait_ms)
{
	if (!loop->timers)
		return max_wait_ms;
	uint64_t now = loop->now_ms();
	uint64_t left = loop->timers->at_ms > now ? loop->timers->at_ms - now : 0;
	if (left > INT_MAX)
		left = INT_MAX;
	return max_wait_ms >= 0 && (uint64_t)max_wait_ms < left ? max_wait_ms : (int)left;
}

int loop_step(struct loop *loop, int max_wait_ms)
{
	/*
	 * One event a wait: a callback may remove and free any other watch, which a batch would
	 * still point to. epoll rotates its ready list, so no fd starves.
	 */
	struct epoll_event event;
	int n = epoll_wait(loop->epoll_fd, &event, 1, wait_ms(loop, max_wait_ms));
	if (n < 0 && errno != EINTR)
		return -errno;
	if (n > 0) {
		struct loop_fd *watch = event.data.ptr;
		watch->ready(watch->ctx, event.events);
	}
	run_timers(loop);
	run_posted(loop);
	return 0;
}

int loop_run(struct loop *loop)
{
	for (;;) {
		pthread_mutex_lock(&loop->lock);
		bool stop = loop->stop;
		pthread_mutex_unlock(&loop->lock);
		if (stop)
			return 0;
		int r = loop_step(loop, -1);
		if (r)
			return r;
	}
}
