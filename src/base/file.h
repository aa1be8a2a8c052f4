/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small files relative to a directory fd, as sysfs, procfs and /run have them. Paths given here
 * are relative to that fd, so that a test can hand in a tree of its own.
 */
#ifndef BULKHEAD_BASE_FILE_H
#define BULKHEAD_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads up to size - 1 bytes, strips one trailing newline, terminates. Length or -errno. */
ssize_t file_read(int dirfd, const char *path, char *buf, size_t size);

/* One number, decimal or 0x. -errno of open/read, -EINVAL when it is not a number. */
int file_read_u64(int dirfd, const char *path, uint64_t *ret_value);

/* One write(2) of the whole text, as sysfs wants it. -errno of open/write; -EIO when short. */
int file_write(int dirfd, const char *path, const char *text);

/*
 * Makes `text` the content of the file `name`, whole and on disk or not at all: readers see the old
 * file or the new one. Goes by way of `name`.new; links are not followed. -errno.
 */
int file_replace(int dirfd, const char *name, const char *text, mode_t mode);

/* A symbolic link's target, terminated, cut to size - 1. Its length; -errno, and then buf is "". */
ssize_t file_link(int dirfd, const char *path, char *buf, size_t size);

/* Last component of a symbolic link's target (`driver`, `iommu_group`). -errno of readlink. */
int file_link_name(int dirfd, const char *path, char *buf, size_t size);

/* mkdir -p with mode 0755 below dirfd (AT_FDCWD allowed). -errno; -ENOTDIR for a file there. */
int file_mkdirs(int dirfd, const char *path);

/* Whole regular file into malloc'ed memory, at most `max` bytes (-EFBIG above). Caller frees. */
int file_load(const char *path, size_t max, void **ret_data, size_t *ret_size);

/* Writes all of it at `at`. -errno, -EIO when the file takes no more. */
int file_pwrite_all(int fd, const void *data, size_t size, off_t at);
/* pread until `size` bytes are there; -EIO at end of file before that. */
int file_pread_all(int fd, void *buf, size_t size, off_t at);

#endif
