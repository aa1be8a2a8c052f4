/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building a text piece by piece in a buffer of fixed size: what does not fit is cut off and noted,
 * the text is always terminated. For reports, which must not allocate.
 */
#ifndef BULKHEAD_BASE_TEXT_H
#define BULKHEAD_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
	char *at; /* borrowed */
	size_t size, n;
	bool cut; /* something did not fit */
};

/* An empty text in `buf`; size > 0. */
struct text text_in(char *buf, size_t size);
void text_put(struct text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Control characters become '?': in texts that others wrote (the name of a process, a mount point,
 * what a program says) they could speak to the terminal of whoever reads them.
 */
void text_plain(char *text);

#endif
