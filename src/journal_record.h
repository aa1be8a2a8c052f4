/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal's text. One record a line, in order from sequence 0:
 *
 *	0 SUM journal 1
 *	1 SUM bind 0000:01:00.0 nvme - -
 *	2 SUM undone 1
 *
 * SUM is over the line without it. Fields are percent-encoded, empty ones are `-`. A line is what
 * it says only if writing it again gives the same bytes; a file with a line that is not, other than
 * a last one without its newline, is refused as a whole.
 */
#ifndef BULKHEAD_JOURNAL_RECORD_H
#define BULKHEAD_JOURNAL_RECORD_H

#include <stddef.h>

#include "action.h"
#include "base/vec.h"

#define RECORD_MAX 1024
#define JOURNAL_SIZE_MAX (1u << 20)

enum record_kind { RECORD_HEADER, RECORD_ACTION, RECORD_UNDONE };

struct record {
	unsigned sequence;
	enum record_kind kind;
	struct action action; /* RECORD_ACTION */
	unsigned undone;      /* RECORD_UNDONE: sequence of the action */
};

/* Writes the line with its newline and a NUL; returns its length. */
size_t record_format(const struct record *record, char buf[RECORD_MAX]);

/* One line without its newline, NUL-terminated. -EBADMSG when it does not verify. */
int record_parse(const char *line, struct record *ret_record);

/* What a journal's text says. */
struct journal_log {
	vec(struct record) live; /* actions not struck out, oldest first */
	unsigned next;           /* sequence for the next record */
	size_t size;             /* bytes up to the end of the last whole record */
};

/* -EBADMSG with the number of the line that is wrong; -ENOMEM. journal_log_fini in any case. */
int journal_log_read(struct journal_log *log, const char *text, size_t size, struct err *err);
void journal_log_fini(struct journal_log *log);

#endif
