/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listing directories relative to a directory fd, without the entries that start with a dot. */
#ifndef BULKHEAD_BASE_DIR_H
#define BULKHEAD_BASE_DIR_H

#include <dirent.h>

/* NULL with errno set when it cannot be opened. The caller closes it (autodir). */
DIR *dir_open(int dirfd, const char *path);

/* The next entry whose name starts with `prefix`; NULL at the end, and for a NULL `list`. */
const char *dir_next(DIR *list, const char *prefix);

#endif
