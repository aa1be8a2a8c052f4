/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

struct text text_in(char *buf, size_t size)
{
	buf[0] = '\0';
	return (struct text){ .at = buf, .size = size };
}

void text_put(struct text *text, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	size_t left = text->size - text->n;
	int n = vsnprintf(text->at + text->n, left, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < left) {
		text->n += (size_t)n;
		return;
	}
	text->cut = true;
	text->n = text->size - 1;
}

void text_plain(char *text)
{
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}
