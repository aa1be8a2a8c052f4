/* SPDX-License-Identifier: GPL-2.0-or-later */
/* core/hotplug.c with a pipe in the kernel's place: a byte is an event. */
#ifndef BULKHEAD_TESTS_FAKE_HOTPLUG_H
#define BULKHEAD_TESTS_FAKE_HOTPLUG_H

extern int fake_hotplug_fd;    /* where the bytes come from */
extern int fake_hotplug_error; /* -errno that hotplug_open answers, 0 = none */

#endif
