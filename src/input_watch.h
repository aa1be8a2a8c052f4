/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waits for files to come to be: inotify on the directory of each, or the nearest that exists. A
 * moment after something happened there, when udev has made its links and set the mode, the owner
 * is told to look again. Main thread.
 */
#ifndef BULKHEAD_INPUT_WATCH_H
#define BULKHEAD_INPUT_WATCH_H

#include "base/err.h"
#include "base/loop.h"

struct input_watch {
	struct loop *loop; /* borrowed; NULL = not started */
	struct loop_fd inotify;
	struct loop_timer moment;
	void (*look)(void *ctx); /* asks again for what is still missing, by input_watch_for */
	void *ctx;
};

int input_watch_init(struct input_watch *watch, struct loop *loop, void (*look)(void *ctx),
		     void *ctx, struct err *err);
void input_watch_fini(struct input_watch *watch);

/* From now on. Call it before a last look at the file, so that no moment is missed. */
void input_watch_for(struct input_watch *watch, const char *path);

#endif
