/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Apart from core/sysfs.c, whose place a test's twin of the kernel takes. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/sysfs.h"

int sysfs_failed(struct err *err, int r, const char *fmt, ...)
{
	char what[ERR_TEXT_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (r != -ETIMEDOUT)
		return err_errno(err, r, "%s", what);
	err_prefix(err, "%s", what);
	return r;
}
