/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locals that own what they hold: `autoclose int fd`, `autofree char *text`. A function hands
 * ownership on with take_fd() or take_ptr() and every early return stays correct.
 */
#ifndef BULKHEAD_BASE_CLEANUP_H
#define BULKHEAD_BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_free(void *at)
{
	free(*(void **)at);
}

static inline void cleanup_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void cleanup_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define autoclose __attribute__((cleanup(cleanup_fd)))
#define autofree __attribute__((cleanup(cleanup_free)))
#define autofile __attribute__((cleanup(cleanup_file)))
#define autodir __attribute__((cleanup(cleanup_dir)))

static inline int take_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

#define take_ptr(p)                                                                                \
	({                                                                                         \
		__typeof__(*(p)) taken_ = *(p);                                                    \
		*(p) = NULL;                                                                       \
		taken_;                                                                            \
	})

/* Closes *fd if it is open and marks it closed; for fini functions of half-built objects. */
static inline void close_fd(int *fd)
{
	cleanup_fd(fd);
	*fd = -1;
}

#endif
