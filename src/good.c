/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "good.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "fingerprint.h"
#include "vm_state.h"

#define FILE_NAME "good.json"
#define SIZE_MAX_JSON (1u << 20) /* of a record; a real one has a few kilobytes */
#define WHOLE_MAX 60             /* longer texts are compared word by word */
#define WORDS_MAX 200

/* --- the file --- */

static int write_json(int dir, const json_t *json)
{
	autofree char *text = json_dumps(json, JSON_INDENT(1) | JSON_SORT_KEYS);
	return text ? file_replace(dir, FILE_NAME, text, 0600) : -ENOMEM;
}

/* Caller frees. NULL without memory. */
static char *profile_text(const struct profile *profile)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	profile_dump(profile, out);
	fclose(out);
	return text;
}

int good_store(const struct host *host, const struct plan *plan, struct err *err)
{
	struct bdf devices[FINGERPRINT_DEVICES_MAX];
	unsigned n = 0;
	const char *name = plan->profile->name;
	autofree char *text = profile_text(plan->profile);
	autoclose int dir = vm_state_dir(host, name, true, err);
	if (dir < 0)
		return dir;
	for (; n < plan->n_devices && n < FINGERPRINT_DEVICES_MAX; n++)
		devices[n] = plan->device[n].dev->bdf;
	json_t *json = fingerprint_read(host, devices, n, text ? text : "");
	int r = json ? write_json(dir, json) : -ENOMEM;
	json_decref(json);
	return r ? err_errno(err, r, "%s/%s/" FILE_NAME, host->state_path, name) : 0;
}

int good_load(const struct host *host, const char *name, json_t **ret_good, struct err *err)
{
	char path[512];
	autofree void *data = NULL;
	size_t size;
	autoclose int dir = vm_state_dir(host, name, false, err);
	if (dir < 0)
		return dir;
	snprintf(path, sizeof(path), "%s/%s/" FILE_NAME, host->state_path, name);
	int r = file_load(path, SIZE_MAX_JSON, &data, &size);
	if (r)
		return err_errno(err, r, "%s", path);
	r = fingerprint_parse(data, size, ret_good);
	return r ? err_set(err, r, "%s is damaged; the next good start replaces it", path) : 0;
}

json_t *good_now(const struct host *host, const json_t *good, const struct profile *profile)
{
	struct bdf devices[FINGERPRINT_DEVICES_MAX];
	unsigned n = fingerprint_devices(good, devices);
	autofree char *text = profile ? profile_text(profile) : NULL;
	return fingerprint_read(host, devices, n, text ? text : "");
}

/* --- differences, for people --- */

/* What was read from a file or a device may hold anything. */
static void print_text(FILE *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fputc(isprint((unsigned char)text[i]) ? text[i] : '?', out);
}

/* The next word from *at on; its length, 0 at the end. */
static size_t next_word(const char **at)
{
	*at += strspn(*at, " \t\n");
	return strcspn(*at, " \t\n");
}

static bool has_word(const char *text, const char *word, size_t n)
{
	size_t len;
	for (unsigned i = 0; i < WORDS_MAX && (len = next_word(&text)); i++, text += len)
		if (len == n && !strncmp(text, word, n))
			return true;
	return false;
}

/* Words of `a` that `b` lacks, after a heading if there are any. */
static bool print_lacking(FILE *out, const char *heading, const char *a, const char *b)
{
	bool any = false;
	size_t len;
	for (unsigned i = 0; i < WORDS_MAX && (len = next_word(&a)); i++, a += len) {
		if (has_word(b, a, len))
			continue;
		fprintf(out, "%s", any ? " " : heading);
		print_text(out, a, len);
		any = true;
	}
	return any;
}

static void print_long(FILE *out, const char *was, const char *is)
{
	bool lost = print_lacking(out, " lost ", was, is);
	if (!print_lacking(out, lost ? "; new " : " new ", is, was) && !lost)
		fprintf(out, " the same words in another order");
}

static void print_difference(void *ctx, const char *what, const char *was, const char *is)
{
	FILE *out = ctx;
	fprintf(out, "  ");
	print_text(out, what, strlen(what));
	fprintf(out, ":");
	if (!strcmp(what, "profile")) {
		fprintf(out, " it was edited, or --set is another");
	} else if (!is) {
		fprintf(out, " is not there; was ");
		print_text(out, was, strlen(was));
	} else if (strlen(was) > WHOLE_MAX || strlen(is) > WHOLE_MAX) {
		print_long(out, was, is);
	} else {
		fprintf(out, " ");
		print_text(out, is, strlen(is));
		fprintf(out, "; was ");
		print_text(out, was, strlen(was));
	}
	fprintf(out, "\n");
}

unsigned good_print_lines(const json_t *good, const json_t *now, FILE *out)
{
	return fingerprint_compare(good, now, print_difference, out);
}

static void print_since(const json_t *good, const json_t *now, FILE *out)
{
	const char *when = json_string_value(json_object_get(good, "recorded"));
	autofree char *lines = NULL;
	size_t size;
	FILE *buffer = open_memstream(&lines, &size);
	if (!buffer)
		return;
	unsigned n = good_print_lines(good, now, buffer);
	fclose(buffer);
	fprintf(out, n ? "changed since the last good start ("
		       : "nothing that is recorded has changed since the last good start (");
	print_text(out, when ? when : "?", when ? strlen(when) : 1);
	fprintf(out, n ? "):\n%s" : ")\n%s", lines);
}

void good_print_differences(const struct host *host, const struct profile *profile, FILE *out)
{
	struct err err = { 0 };
	json_t *good = NULL;
	int r = good_load(host, profile->name, &good, &err);
	if (r) {
		if (r != -ENOENT && r != -EINVAL)
			fprintf(out, "no comparison with the last good start: %s\n", err.text);
		return;
	}
	json_t *now = good_now(host, good, profile);
	if (now)
		print_since(good, now, out);
	json_decref(now);
	json_decref(good);
}
