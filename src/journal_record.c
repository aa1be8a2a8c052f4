/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal_record.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOURNAL_VERSION 1u
#define FIELD_MAX (3 * NAME_MAX_SHORT + 1) /* encoded, with NUL */

/* FNV-1a, 64 bits (draft-eastlake-fnv): guards against damage, not against malice. */
static uint64_t checksum(const char *text)
{
	uint64_t sum = 0xcbf29ce484222325;
	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 0x100000001b3;
	return sum;
}

static bool is_plain(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("._:+-", c));
}

static void encode(const char *text, char out[FIELD_MAX])
{
	if (!*text || !strcmp(text, "-")) {
		snprintf(out, FIELD_MAX, "%s", *text ? "%2d" : "-");
		return;
	}
	for (; *text; text++) {
		if (is_plain(*text))
			*out++ = *text;
		else
			out += sprintf(out, "%%%02x", (unsigned char)*text);
	}
	*out = 0;
}

static int decode(const char *in, char out[NAME_MAX_SHORT])
{
	size_t n = 0;
	if (!strcmp(in, "-"))
		in = "";
	while (*in) {
		char hex[3] = { 0 };
		if (n >= NAME_MAX_SHORT - 1)
			return -EBADMSG;
		if (*in != '%') {
			out[n++] = *in++;
			continue;
		}
		memcpy(hex, in + 1, strnlen(in + 1, 2));
		if (strlen(hex) != 2)
			return -EBADMSG;
		out[n++] = (char)strtoul(hex, NULL, 16);
		in += 3;
	}
	out[n] = 0;
	return 0;
}

static void format_body(const struct record *record, char *buf, size_t size)
{
	const struct action *action = &record->action;
	char driver[FIELD_MAX], override[FIELD_MAX], value[FIELD_MAX];
	switch (record->kind) {
	case RECORD_HEADER:
		snprintf(buf, size, "journal %u", JOURNAL_VERSION);
		break;
	case RECORD_UNDONE:
		snprintf(buf, size, "undone %u", record->undone);
		break;
	case RECORD_ACTION:
		encode(action->old_driver, driver);
		encode(action->old_override, override);
		encode(action->old_value, value);
		snprintf(buf, size, "%s %s %s %s %s", action_word(action->kind),
			 bdf_text(action->bdf).s, driver, override, value);
		break;
	}
}

size_t record_format(const struct record *record, char buf[RECORD_MAX])
{
	char body[RECORD_MAX - 64], summed[RECORD_MAX];
	format_body(record, body, sizeof(body));
	snprintf(summed, sizeof(summed), "%u %s", record->sequence, body);
	int n = snprintf(buf, RECORD_MAX, "%u %016llx %s\n", record->sequence,
			 (unsigned long long)checksum(summed), body);
	return (size_t)n;
}

static int parse_action(const char *word, const char *rest, struct action *action)
{
	char bdf[BDF_TEXT_MAX], driver[FIELD_MAX], override[FIELD_MAX], value[FIELD_MAX];
	*action = (struct action){ 0 };
	if (action_from_word(word, &action->kind) ||
	    sscanf(rest, "%19s %192s %192s %192s", bdf, driver, override, value) != 4 ||
	    bdf_parse(bdf, &action->bdf) || decode(driver, action->old_driver) ||
	    decode(override, action->old_override) || decode(value, action->old_value))
		return -EBADMSG;
	return 0;
}

static int parse_body(const char *word, const char *rest, struct record *record)
{
	if (!strcmp(word, "journal")) {
		record->kind = RECORD_HEADER;
		return 0;
	}
	if (!strcmp(word, "undone")) {
		record->kind = RECORD_UNDONE;
		return sscanf(rest, "%u", &record->undone) == 1 ? 0 : -EBADMSG;
	}
	record->kind = RECORD_ACTION;
	return parse_action(word, rest, &record->action);
}

int record_parse(const char *line, struct record *ret_record)
{
	struct record record = { 0 };
	char word[32], again[RECORD_MAX];
	int rest = 0;
	if (strlen(line) >= RECORD_MAX - 1 ||
	    sscanf(line, "%u %*16s %31s%n", &record.sequence, word, &rest) != 2 ||
	    parse_body(word, line + rest, &record))
		return -EBADMSG;
	/* The reading above is lenient; this is not, and it checks the sum too. */
	size_t n = record_format(&record, again);
	if (n - 1 != strlen(line) || memcmp(again, line, n - 1) != 0)
		return -EBADMSG;
	*ret_record = record;
	return 0;
}

static int strike_out(struct journal_log *log, unsigned sequence)
{
	for (size_t i = 0; i < log->live.n; i++) {
		if (log->live.at[i].sequence != sequence)
			continue;
		memmove(&log->live.at[i], &log->live.at[i + 1],
			(log->live.n - i - 1) * sizeof(*log->live.at));
		log->live.n--;
		return 0;
	}
	return -EBADMSG;
}

static int add_record(struct journal_log *log, const struct record *record)
{
	if (record->sequence != log->next || (record->kind == RECORD_HEADER) != !log->next)
		return -EBADMSG;
	log->next++;
	if (record->kind == RECORD_UNDONE)
		return strike_out(log, record->undone);
	if (record->kind == RECORD_HEADER)
		return 0;
	struct record *live = vec_push(&log->live);
	if (!live)
		return -ENOMEM;
	*live = *record;
	return 0;
}

static int read_line(struct journal_log *log, const char *text, size_t len)
{
	char line[RECORD_MAX];
	struct record record;
	if (len >= sizeof(line) || memchr(text, 0, len))
		return -EBADMSG;
	memcpy(line, text, len);
	line[len] = 0;
	int r = record_parse(line, &record);
	if (!r)
		r = add_record(log, &record);
	if (!r)
		log->size += len + 1;
	return r;
}

int journal_log_read(struct journal_log *log, const char *text, size_t size, struct err *err)
{
	*log = (struct journal_log){ 0 };
	const char *end;
	/* A last line without its newline was never synced, and so its change never made. */
	for (unsigned number = 1; (end = memchr(text + log->size, '\n', size - log->size));
	     number++) {
		int r = read_line(log, text + log->size, (size_t)(end - text) - log->size);
		if (r == -ENOMEM)
			return err_errno(err, r, "journal");
		if (r)
			return err_set(err, r, "line %u is damaged", number);
	}
	return 0;
}

void journal_log_fini(struct journal_log *log)
{
	vec_free(&log->live);
}
