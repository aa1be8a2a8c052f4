/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing a tar archive of small files (POSIX.1-2017 pax §ustar interchange format). */
#ifndef BULKHEAD_BASE_TAR_H
#define BULKHEAD_BASE_TAR_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TAR_NAME_MAX 99

/*
 * Appends a regular file, mode 0644 of nobody in particular, with its time in seconds since 1970.
 * -ENAMETOOLONG, -EFBIG (8 GiB and more), -EIO when `out` failed.
 */
int tar_add(FILE *out, const char *name, const void *data, size_t size, uint64_t mtime);
/* The archive's end. */
int tar_end(FILE *out);

#endif
