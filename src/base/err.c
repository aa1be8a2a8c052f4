/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *fmt, ...)
{
	if (!err)
		return code;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	err->code = code;
	return code;
}

int err_errno(struct err *err, int code, const char *fmt, ...)
{
	if (!err)
		return code;
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(err->text))
		snprintf(err->text + n, sizeof(err->text) - (size_t)n, ": %s", strerror(-code));
	err->code = code;
	return code;
}

void err_prefix(struct err *err, const char *fmt, ...)
{
	if (!err)
		return;
	char old[ERR_TEXT_MAX], head[ERR_TEXT_MAX];
	memcpy(old, err->text, sizeof(old));
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(head, sizeof(head), fmt, ap);
	va_end(ap);
	/* The head is what a reader needs first; an overlong text loses its tail. */
	size_t n = strnlen(head, sizeof(head) - 1);
	memcpy(err->text, head, n);
	snprintf(err->text + n, sizeof(err->text) - n, ": %s", old);
}

void err_hint(struct err *err, const char *fmt, ...)
{
	if (!err)
		return;
	size_t n = strnlen(err->text, sizeof(err->text) - 1);
	if (n + 3 < sizeof(err->text)) {
		memcpy(err->text + n, "; ", 3);
		va_list ap;
		va_start(ap, fmt);
		vsnprintf(err->text + n + 2, sizeof(err->text) - n - 2, fmt, ap);
		va_end(ap);
	}
}
