/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Error text for control-plane functions. Every function returns 0 or a negative errno; those a
 * user may have to read about also fill a caller-owned struct err: what failed, on which object,
 * why, and one next step. The text is fixed-size so that reporting never allocates.
 */
#ifndef BULKHEAD_BASE_ERR_H
#define BULKHEAD_BASE_ERR_H

#define ERR_TEXT_MAX 1024

struct err {
	int code; /* 0 or negative errno of the first error set */
	char text[ERR_TEXT_MAX];
};

/* Replaces the text and returns `code` (a negative errno). `err` may be NULL. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, then appends ": " and the meaning of the errno. */
int err_errno(struct err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Puts "what: " before the text that a lower layer set; keeps the code. Returns nothing, because
 * without an err there is no code to return and 0 would mean success.
 */
void err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends "; " and one next step; keeps the code. */
void err_hint(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
