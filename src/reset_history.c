/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reset_history.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "identity.h"

#define FILE_MAX 4096

struct name {
	char s[64];
};

static struct name file_name(struct bdf bdf)
{
	struct name name;
	snprintf(name.s, sizeof(name.s), "resets-%s", bdf_text(bdf).s);
	return name;
}

/* --- reading --- */

static bool is_method(const char *text)
{
	return *text && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(text);
}

static struct reset_record *find(struct reset_history *history, const char *method)
{
	for (unsigned i = 0; i < history->n; i++)
		if (!strcmp(history->at[i].method, method))
			return &history->at[i];
	return NULL;
}

static void read_line(const char *line, struct reset_history *history)
{
	struct reset_record record;
	int end = 0;
	/* %u takes a sign, too. */
	if (history->n == RESET_METHODS_MAX || strpbrk(line, "+-") ||
	    sscanf(line, "%23s %9" SCNu32 " %9" SCNu32 " %15" SCNd64 "%n", record.method,
		   &record.tries, &record.failures, &record.last, &end) != 4 ||
	    line[end] || !is_method(record.method) || record.failures > record.tries ||
	    record.last < 0 || find(history, record.method))
		return;
	history->at[history->n++] = record;
}

/* The first line says whose history it is. */
static bool is_of(const char *line, const struct host *host, struct bdf bdf)
{
	struct identity now;
	return !identity_read_quietly(host, bdf, &now) && !strncmp(line, "ids ", 4) &&
	       !strcmp(line + 4, now.ids);
}

void reset_history_read(const struct host *host, struct bdf bdf, struct reset_history *ret)
{
	char text[FILE_MAX], *save = NULL;
	*ret = (struct reset_history){ .n = 0 };
	autoclose int dir = host_open_state(host, false, NULL);
	if (dir < 0)
		return;
	ssize_t n = file_read(dir, file_name(bdf).s, text, sizeof(text));
	if (n <= 0 || n == FILE_MAX - 1 || memchr(text, 0, (size_t)n))
		return;
	char *line = strtok_r(text, "\n", &save);
	if (!line || !is_of(line, host, bdf))
		return;
	while ((line = strtok_r(NULL, "\n", &save)))
		read_line(line, ret);
}

/* --- writing --- */

static int save(const struct host *host, struct bdf bdf, const struct reset_history *history,
		struct err *err)
{
	char buf[FILE_MAX];
	struct text text = text_in(buf, sizeof(buf));
	struct identity now;
	int r = identity_read_quietly(host, bdf, &now);
	if (r)
		return err_set(err, r, "%s: the device has gone", bdf_text(bdf).s);
	text_put(&text, "ids %s\n", now.ids);
	for (unsigned i = 0; i < history->n; i++) {
		const struct reset_record *record = &history->at[i];
		text_put(&text, "%s %" PRIu32 " %" PRIu32 " %" PRId64 "\n", record->method,
			 record->tries, record->failures, record->last);
	}
	autoclose int dir = host_open_state(host, true, err);
	if (dir < 0)
		return dir;
	r = file_replace(dir, file_name(bdf).s, buf, 0644);
	return r ? err_errno(err, r, "%s/%s", host->state_path, file_name(bdf).s) : 0;
}

#define COUNT_MAX 999999999u /* what is read back */

int reset_history_note(const struct host *host, struct bdf bdf, const char *method, bool good,
		       int64_t now, struct err *err)
{
	struct reset_history history;
	reset_history_read(host, bdf, &history);
	struct reset_record *record = find(&history, method);
	if (!record) {
		if (history.n == RESET_METHODS_MAX || !is_method(method) ||
		    strlen(method) >= sizeof(record->method))
			return err_set(err, -EINVAL, "%s: no reset method is '%.32s'",
				       bdf_text(bdf).s, method);
		record = &history.at[history.n++];
		*record = (struct reset_record){ .tries = 0 };
		snprintf(record->method, sizeof(record->method), "%s", method);
	}
	if (record->tries < COUNT_MAX) {
		record->tries++;
		record->failures += !good;
	}
	record->last = now;
	return save(host, bdf, &history, err);
}

/* --- showing --- */

struct reset_record_text reset_record_text(const struct reset_record *record)
{
	struct reset_record_text text;
	char when[32] = "?";
	time_t last = (time_t)record->last;
	struct tm tm;
	if (localtime_r(&last, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	snprintf(text.s, sizeof(text.s), "%s %" PRIu32 " time%s, %" PRIu32 " failed, last %s",
		 record->method, record->tries, record->tries == 1 ? "" : "s", record->failures,
		 when);
	return text;
}

void reset_history_print(const struct host *host, struct bdf bdf, const char *indent, FILE *out)
{
	struct reset_history history;
	reset_history_read(host, bdf, &history);
	for (unsigned i = 0; i < history.n; i++)
		fprintf(out, "%s%s\n", indent, reset_record_text(&history.at[i]).s);
}

json_t *reset_history_json(const struct host *host, struct bdf bdf)
{
	struct reset_history history;
	json_t *list = json_array();
	reset_history_read(host, bdf, &history);
	for (unsigned i = 0; list && i < history.n; i++) {
		const struct reset_record *record = &history.at[i];
		json_t *one = json_pack("{s:s, s:I, s:I, s:I}", "method", record->method, "tries",
					(json_int_t)record->tries, "failures",
					(json_int_t)record->failures, "last",
					(json_int_t)record->last);
		if (json_array_append_new(list, one)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}
