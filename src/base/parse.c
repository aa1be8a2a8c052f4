/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

static int parse_prefix(const char *text, uint64_t *ret_value, const char **ret_end)
{
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	int base = text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10;
	if (base == 16 && !isxdigit((unsigned char)text[2]))
		return -EINVAL;
	char *end;
	errno = 0;
	unsigned long long v = strtoull(text, &end, base);
	if (errno)
		return -ERANGE;
	*ret_value = v;
	*ret_end = end;
	return 0;
}

int parse_u64(const char *text, uint64_t *ret_value)
{
	uint64_t v;
	const char *end;
	int r = parse_prefix(text, &v, &end);
	if (r)
		return r;
	if (*end)
		return -EINVAL;
	*ret_value = v;
	return 0;
}

int parse_size(const char *text, uint64_t *ret_bytes)
{
	static const char suffixes[] = "KMGT";
	uint64_t v;
	const char *end;
	int r = parse_prefix(text, &v, &end);
	if (r)
		return r;
	if (*end) {
		const char *at = strchr(suffixes, toupper((unsigned char)*end));
		if (!at || end[1])
			return -EINVAL;
		unsigned shift = 10 * (unsigned)(at - suffixes + 1);
		if (v >> (64 - shift))
			return -ERANGE;
		v <<= shift;
	}
	*ret_bytes = v;
	return 0;
}

struct size_text size_text(uint64_t bytes)
{
	static const char suffixes[] = "KMGT";
	struct size_text text;
	int suffix = -1;
	while (suffix < 3 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		suffix++;
	}
	snprintf(text.s, sizeof(text.s), "%llu%.1s", (unsigned long long)bytes,
		 suffix < 0 ? "" : &suffixes[suffix]);
	return text;
}

int parse_pci_id(const char *text, uint16_t *ret_vendor, uint16_t *ret_device)
{
	if (strlen(text) != 9 || text[4] != ':')
		return -EINVAL;
	for (int i = 0; i < 9; i++)
		if (i != 4 && !isxdigit((unsigned char)text[i]))
			return -EINVAL;
	*ret_vendor = (uint16_t)strtoul(text, NULL, 16);
	*ret_device = (uint16_t)strtoul(text + 5, NULL, 16);
	return 0;
}

#define WORD_MAX 63 /* longer words, which a hostile profile may have, are near to nothing */

/* Levenshtein distance with one row. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1], n = strlen(b);
	if (n > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];
		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			size_t best = diagonal + (a[i] != b[j]);
			diagonal = row[j + 1];
			best = min_u64(best, min_u64(row[j], diagonal) + 1);
			row[j + 1] = best;
		}
	}
	return row[n];
}

const char *near_match(const char *word, const char *const *candidates, size_t n)
{
	const char *best = NULL;
	size_t len = strlen(word);
	if (len > WORD_MAX)
		return NULL;
	size_t best_distance = len / 3 + 1;
	for (size_t i = 0; i < n; i++) {
		size_t d = edit_distance(word, candidates[i]);
		/* At the distance of its own length nothing of the word is left. */
		if (d < len && d <= best_distance && (!best || d < best_distance)) {
			best = candidates[i];
			best_distance = d;
		}
	}
	return best;
}

bool words_have(const char *text, const char *end, const char *word)
{
	size_t len = strlen(word);
	bool prefix = word[len - 1] == '=';
	for (const char *at = text; at < end;) {
		size_t n = strcspn(at, " \t\n");
		if (!strncmp(at, word, len) && (n == len || (prefix && n > len)))
			return true;
		at += n;
		at += strspn(at, " \t\n");
		if (!*at)
			break;
	}
	return false;
}
