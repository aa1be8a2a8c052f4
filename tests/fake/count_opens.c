/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/count_opens.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

unsigned long count_opens, count_links;

int open(const char *path, int flags, ...);
int openat(int dir, const char *path, int flags, ...);
ssize_t readlinkat(int dir, const char *path, char *buf, size_t size);
ssize_t readlink(const char *path, char *buf, size_t size);

static int open_counted(int dir, const char *path, int flags, unsigned mode)
{
	count_opens++;
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

/* Only calls that make a file have a third argument; others ignore what is read here. */
static unsigned mode_of(int flags, va_list ap)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, unsigned) : 0;
}

int openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	va_start(ap, flags);
	unsigned mode = mode_of(flags, ap);
	va_end(ap);
	return open_counted(dir, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	va_list ap;
	va_start(ap, flags);
	unsigned mode = mode_of(flags, ap);
	va_end(ap);
	return open_counted(AT_FDCWD, path, flags, mode);
}

ssize_t readlinkat(int dir, const char *path, char *buf, size_t size)
{
	count_links++;
	return syscall(SYS_readlinkat, dir, path, buf, size);
}

ssize_t readlink(const char *path, char *buf, size_t size)
{
	return readlinkat(AT_FDCWD, path, buf, size);
}
