/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be told by its form alone. Each looks at text[at] of `n` bytes and answers how many
 * bytes from there are to be replaced, 0 = none. Private to redact*.c.
 */
#ifndef BULKHEAD_REDACT_MATCH_H
#define BULKHEAD_REDACT_MATCH_H

#include "redact.h"

struct redact_form {
	enum redact_kind kind;
	size_t (*match)(const char *text, size_t n, size_t at);
};

/* A letter or a digit: what stands right beside it belongs to the same name or number. */
bool redact_is_word(char c);

extern const struct redact_form redact_forms[];
extern const size_t n_redact_forms;

#endif
