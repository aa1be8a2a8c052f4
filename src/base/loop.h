/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main loop: epoll over fds, one-shot timers, signals, and work posted by other threads. All
 * callbacks run on the thread in loop_run; only loop_post may be called from others.
 */
#ifndef BULKHEAD_BASE_LOOP_H
#define BULKHEAD_BASE_LOOP_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct loop;

/* A watched fd. Storage is the caller's and must stay until loop_remove. */
struct loop_fd {
	int fd;
	void (*ready)(void *ctx, uint32_t events); /* EPOLLIN | EPOLLOUT | EPOLLHUP | EPOLLERR */
	void *ctx;
};

/* A one-shot timer. Storage is the caller's; not armed = may be freed. */
struct loop_timer {
	void (*expired)(void *ctx);
	void *ctx;
	uint64_t at_ms;          /* set by loop_timer_arm */
	struct loop_timer *next; /* set while armed */
	bool armed;
};

/* Work posted from any thread. Storage is the caller's; posting it again while queued is a no-op. */
struct loop_work {
	void (*run)(void *ctx);
	void *ctx;
	struct loop_work *next; /* guarded by the loop's lock */
	bool queued;            /* guarded by the loop's lock */
};

struct loop {
	int epoll_fd;
	int wake_fd;   /* eventfd: posted work or loop_stop */
	int signal_fd; /* -1 without loop_signals */
	void (*on_signal)(void *ctx, int signo);
	void *on_signal_ctx;
	struct loop_timer *timers; /* sorted by at_ms */
	pthread_mutex_t lock;      /* guards posted and stop */
	struct loop_work *posted, **posted_tail;
	bool stop;
	struct loop_fd wake, signals;
	uint64_t (*now_ms)(void); /* CLOCK_MONOTONIC; a test may replace it */
};

int loop_init(struct loop *loop);
void loop_fini(struct loop *loop);

int loop_add(struct loop *loop, struct loop_fd *watch, uint32_t events);
int loop_change(struct loop *loop, struct loop_fd *watch, uint32_t events);
void loop_remove(struct loop *loop, struct loop_fd *watch);

void loop_timer_arm(struct loop *loop, struct loop_timer *timer, uint64_t in_ms);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

/* Blocks `set` in the calling thread (call before creating threads) and delivers it as callbacks. */
int loop_signals(struct loop *loop, const sigset_t *set, void (*on_signal)(void *ctx, int signo),
		 void *ctx);

/* Any thread. */
void loop_post(struct loop *loop, struct loop_work *work);
/* Takes it out of the queue; afterwards its storage may go. Main thread; a no-op when not queued. */
void loop_unpost(struct loop *loop, struct loop_work *work);
void loop_stop(struct loop *loop);

/* One wait of at most `max_wait_ms` (-1 = until something happens) and its callbacks. */
int loop_step(struct loop *loop, int max_wait_ms);
/* Until loop_stop. */
int loop_run(struct loop *loop);

#endif
