/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "redact.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/file.h"
#include "redact_match.h"

#define SEEN_MAX 2000 /* then a thing gets its kind's name without a number */
#define DISKS_MAX 256

static const char *const names[REDACT_KINDS] = {
	[REDACT_HOST] = "HOSTNAME", [REDACT_USER] = "USER",     [REDACT_SERIAL] = "SERIAL",
	[REDACT_MAC] = "MAC",       [REDACT_IP] = "IP",         [REDACT_UUID] = "UUID",
	[REDACT_DISK] = "DISK",     [REDACT_SECRET] = "HIDDEN",
};

void redact_fini(struct redact *redact)
{
	for (size_t i = 0; i < redact->seen.n; i++)
		free(redact->seen.at[i].value);
	vec_free(&redact->seen);
}

static struct redacted *find(struct redact *redact, enum redact_kind kind, const char *value,
			     size_t len)
{
	for (size_t i = 0; i < redact->seen.n; i++) {
		struct redacted *seen = &redact->seen.at[i];
		if (seen->kind == kind && seen->len == len && !strncasecmp(seen->value, value, len))
			return seen;
	}
	return NULL;
}

/* NULL without memory. */
static struct redacted *add(struct redact *redact, enum redact_kind kind, const char *value,
			    size_t len)
{
	char *copy = strndup(value, len);
	struct redacted *seen = copy ? vec_push(&redact->seen) : NULL;
	if (!seen) {
		free(copy);
		return NULL;
	}
	*seen = (struct redacted){ .kind = kind, .value = copy, .len = strlen(copy) };
	seen->number = ++redact->count[kind];
	return seen;
}

/* --- what is known of the host --- */

/* A word that other texts hold too would make them unreadable, and give nothing away. */
static bool tells_something(enum redact_kind kind, const char *value, size_t len)
{
	static const char *const common[] = {
		"root", "localhost", "linux",  "debian", "user", "bulkhead", "guest", "admin",
		"host", "nobody",    "(none)", "kvm",    "vfio", "iommu",    "daemon"
	};
	size_t digits = 0;
	for (size_t i = 0; i < ARRAY_LEN(common); i++)
		if (len == strlen(common[i]) && !strncasecmp(value, common[i], len))
			return false;
	if (kind != REDACT_SERIAL)
		return len >= 3 && isalpha((unsigned char)value[0]);
	for (size_t i = 0; i < len; i++)
		digits += isdigit((unsigned char)value[i]) != 0;
	return digits >= 2 && len >= (digits == len ? 8 : 5);
}

static void look_for(struct redact *redact, const struct redacted *what)
{
	unsigned index = (unsigned)(what - redact->seen.at);
	for (unsigned i = 0; i < redact->n_known; i++)
		if (redact->known[i] == index)
			return;
	if (redact->n_known < REDACT_KNOWN_MAX)
		redact->known[redact->n_known++] = index;
}

static int know(struct redact *redact, enum redact_kind kind, const char *value, size_t len)
{
	while (len && isspace((unsigned char)value[len - 1]))
		len--;
	if (!tells_something(kind, value, len))
		return 0;
	struct redacted *seen = find(redact, kind, value, len);
	seen = seen ? seen : add(redact, kind, value, len);
	if (!seen)
		return -ENOMEM;
	look_for(redact, seen);
	return 0;
}

int redact_know(struct redact *redact, enum redact_kind kind, const char *value)
{
	return know(redact, kind, value, strlen(value));
}

static int know_file(struct redact *redact, enum redact_kind kind, int dir, const char *path)
{
	char value[256];
	return file_read(dir, path, value, sizeof(value)) > 0 ? redact_know(redact, kind, value)
							      : 0;
}

static int know_name(struct redact *redact, const struct host *host)
{
	char name[256];
	if (file_read(host->proc, "sys/kernel/hostname", name, sizeof(name)) <= 0)
		return 0;
	int r = redact_know(redact, REDACT_HOST, name);
	return r ? r : know(redact, REDACT_HOST, name, strcspn(name, "."));
}

/* Serial numbers of disks, from `attribute` of each entry of a class. */
static int know_disks(struct redact *redact, const struct host *host, const char *class,
		      const char *attribute)
{
	autodir DIR *dir = dir_open(host->sys, class);
	const char *name;
	int r = 0;
	for (unsigned i = 0; !r && i < DISKS_MAX && (name = dir_next(dir, "")); i++) {
		char path[NAME_MAX + 64];
		snprintf(path, sizeof(path), "%s/%s", name, attribute);
		r = know_file(redact, REDACT_SERIAL, dirfd(dir), path);
	}
	return r;
}

int redact_know_host(struct redact *redact, const struct host *host)
{
	static const char *const dmi[] = { "product_serial",  "board_serial",      "chassis_serial",
					   "board_asset_tag", "chassis_asset_tag", "product_uuid" };
	int r = know_name(redact, host);
	for (size_t i = 0; !r && i < ARRAY_LEN(dmi); i++) {
		char path[64];
		snprintf(path, sizeof(path), "class/dmi/id/%s", dmi[i]);
		r = know_file(redact, REDACT_SERIAL, host->sys, path);
	}
	if (!r)
		r = know_file(redact, REDACT_HOST, host->proc, "sys/kernel/domainname");
	if (!r)
		r = know_disks(redact, host, "class/nvme", "serial");
	return r ? r : know_disks(redact, host, "class/block", "serial");
}

/* --- a text --- */

/* Length of what is known and stands at text[at]; the longest of several. */
static size_t match_known(const struct redact *redact, const char *text, size_t n, size_t at,
			  enum redact_kind *ret_kind)
{
	size_t best = 0;
	for (unsigned i = 0; i < redact->n_known; i++) {
		const struct redacted *seen = &redact->seen.at[redact->known[i]];
		size_t len = seen->len;
		if (len <= best || n - at < len || strncasecmp(text + at, seen->value, len) != 0)
			continue;
		bool whole = (!at || !redact_is_word(text[at - 1])) &&
			     (at + len == n || !redact_is_word(text[at + len]));
		if (!whole && seen->kind != REDACT_SERIAL)
			continue;
		best = len;
		*ret_kind = seen->kind;
	}
	return best;
}

static size_t match(const struct redact *redact, const char *text, size_t n, size_t at,
		    enum redact_kind *ret_kind)
{
	size_t len = match_known(redact, text, n, at, ret_kind);
	for (size_t i = 0; !len && i < n_redact_forms; i++) {
		len = redact_forms[i].match(text, n, at);
		*ret_kind = redact_forms[i].kind;
	}
	return len;
}

/* A stand-in of ours, when a text that was redacted already comes again. */
static bool is_stand_in(const char *text, size_t len)
{
	for (size_t i = 0; i < REDACT_KINDS; i++) {
		size_t n = strlen(names[i]);
		if (len >= n && !strncmp(text, names[i], n) &&
		    (len == n || text[n] == '-' || i == REDACT_HOST))
			return true;
	}
	return false;
}

static int replace(struct redact *redact, enum redact_kind kind, const char *value, size_t len,
		   FILE *out)
{
	struct redacted *seen = find(redact, kind, value, len);
	if (!seen && redact->seen.n < SEEN_MAX) {
		seen = add(redact, kind, value, len);
		if (!seen)
			return -ENOMEM;
		/* These are names elsewhere too; other things are found by their form. */
		if ((kind == REDACT_USER || (kind == REDACT_SERIAL && len >= 8)) &&
		    tells_something(kind, value, len))
			look_for(redact, seen);
	}
	fputs(names[kind], out);
	if (seen && kind != REDACT_HOST && kind != REDACT_SECRET)
		fprintf(out, "-%u", seen->number);
	return 0;
}

int redact_text(struct redact *redact, const char *text, size_t n, FILE *out)
{
	int r = 0;
	for (size_t at = 0; !r && at < n;) {
		enum redact_kind kind = REDACT_SECRET;
		size_t len = match(redact, text, n, at, &kind);
		if (!len) {
			fputc(text[at++], out);
			continue;
		}
		if (is_stand_in(text + at, len))
			fwrite(text + at, 1, len, out);
		else
			r = replace(redact, kind, text + at, len, out);
		at += len;
	}
	return r;
}
