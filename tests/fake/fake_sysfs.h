/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for core/sysfs.c: writes to a host tree's attributes have the effects that the kernel
 * gives them, and can fail, or end the process, at the one that a test chooses. All state is in the
 * tree, so a child that dies leaves it as it was. vfio-pci sets the power policy, as the real one
 * does.
 */
#ifndef BULKHEAD_TESTS_FAKE_SYSFS_H
#define BULKHEAD_TESTS_FAKE_SYSFS_H

#include <stdbool.h>

struct host;

struct fake_sysfs {
	int writes;         /* so far */
	int fail_at;        /* the number (from 1) of the write that fails; 0 = none */
	int fail_with;      /* -errno of that */
	int die_at;         /* the process exits instead of this write; 0 = never */
	int die_after;      /* the process exits right after this write; 0 = never */
	const char *shy;    /* a driver that does not take any device; NULL = none */
	/* The driver of a PF, told how many VFs to have; NULL: the number is kept and no more. */
	int (*numvfs)(const struct host *host, const char *pf, const char *count);
	const char *greedy; /* a driver that takes every device offered; NULL = none */
	const char *hangs;  /* a driver that never returns from its remove function; NULL = none */
	bool busy_framebuffer; /* no framebuffer binds again */
	const char *no_method; /* a reset method that no device has any more; NULL = none */
	/* Told of each write to a device's `reset`, with the method chosen; NULL = it does nothing. */
	int (*reset)(const struct host *host, const char *bdf, const char *method);
	char hung[32];      /* the device it has not let go of; "" = none yet */
	int waits;          /* requests that waited for it until their time was over */
};
extern struct fake_sysfs fake_sysfs;

#define FAKE_DEATH 77 /* exit status of a process that died so */

#endif
