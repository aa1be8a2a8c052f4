/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "redact_match.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"

static bool is_hex(char c)
{
	return isxdigit((unsigned char)c);
}

bool redact_is_word(char c)
{
	return isalnum((unsigned char)c);
}

/* Nothing that belongs to the same number or name stands before text[at]. */
static bool begins(const char *text, size_t at, const char *joints)
{
	return !at || (!redact_is_word(text[at - 1]) && !strchr(joints, text[at - 1]));
}

static bool ends(const char *text, size_t n, size_t at, const char *joints)
{
	return at >= n || (!redact_is_word(text[at]) && (!text[at] || !strchr(joints, text[at])));
}

static size_t span_hex(const char *text, size_t n, size_t at)
{
	size_t len = 0;
	while (at + len < n && is_hex(text[at + len]))
		len++;
	return len;
}

static bool has(const char *text, size_t n, size_t at, const char *word)
{
	size_t len = strlen(word);
	return at <= n && n - at >= len && !strncasecmp(text + at, word, len);
}

/* True when [at, at + len) has no hexadecimal digit but `digit`: an address nobody owns. */
static bool only_digit(const char *text, size_t at, size_t len, char digit)
{
	for (size_t i = at; i < at + len; i++)
		if (is_hex(text[i]) && tolower((unsigned char)text[i]) != digit)
			return false;
	return true;
}

/* Six to eight pairs: a MAC, an EUI-64, a PCIe device serial number. */
static size_t match_mac(const char *text, size_t n, size_t at)
{
	size_t len = 0, pairs = 0;
	char joint = 0;
	if (!begins(text, at, ":-"))
		return 0;
	while (span_hex(text, n, at + len) == 2) {
		pairs++;
		len += 2;
		char next = at + len < n ? text[at + len] : 0;
		if ((next != ':' && next != '-') || (joint && next != joint))
			break;
		joint = next;
		len++;
	}
	if (pairs < 6 || pairs > 8 || !ends(text, n, at + len, ":") ||
	    only_digit(text, at, len, '0') || only_digit(text, at, len, 'f'))
		return 0;
	return len;
}

/* enx525400123456, as interfaces are named after their MAC. */
static size_t match_enx(const char *text, size_t n, size_t at)
{
	return begins(text, at, "") && has(text, n, at, "enx") && span_hex(text, n, at + 3) == 12 &&
			       ends(text, n, at + 15, "")
		       ? 15
		       : 0;
}

static size_t match_uuid(const char *text, size_t n, size_t at)
{
	static const unsigned parts[] = { 8, 4, 4, 4, 12 };
	size_t len = 0;
	if (!begins(text, at, "-"))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (span_hex(text, n, at + len) != parts[i])
			return 0;
		len += parts[i];
		if (i + 1 < ARRAY_LEN(parts) && (at + len >= n || text[at + len++] != '-'))
			return 0;
	}
	return only_digit(text, at, len, '0') ? 0 : len;
}

static size_t match_ipv4(const char *text, size_t n, size_t at)
{
	size_t len = 0;
	if (!begins(text, at, "."))
		return 0;
	for (unsigned part = 0; part < 4; part++) {
		unsigned value = 0, digits = 0;
		if (part && (at + len >= n || text[at + len++] != '.'))
			return 0;
		for (; at + len < n && isdigit((unsigned char)text[at + len]) && digits < 4;
		     digits++)
			value = value * 10 + (unsigned)(text[at + len++] - '0');
		if (!digits || digits > 3 || value > 255)
			return 0;
	}
	bool nobodys = has(text, n, at, "0.0.0.0") || has(text, n, at, "127.");
	return nobodys || !ends(text, n, at + len, ".") ? 0 : len;
}

/* With `::` or seven colons, so that neither a PCI address nor a time is one. */
static size_t match_ipv6(const char *text, size_t n, size_t at)
{
	size_t len = 0, colons = 0, digits = 0;
	bool gap = false;
	if (!begins(text, at, ":."))
		return 0;
	for (; at + len < n && (is_hex(text[at + len]) || text[at + len] == ':'); len++) {
		bool colon = text[at + len] == ':';
		gap = gap || (colon && len && text[at + len - 1] == ':');
		colons += colon;
		digits += !colon;
	}
	if ((!gap && colons != 7) || colons > 7 || digits < 2 || digits > 32 ||
	    !ends(text, n, at + len, ":"))
		return 0;
	return len;
}

/* eui.0025385b01409b38, naa.…, wwn-0x…, nvme.1b36-… */
static size_t match_wwn(const char *text, size_t n, size_t at)
{
	static const char *const heads[] = { "eui.", "naa.", "wwn-0x", "nvme.", "t10." };
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		size_t len = strlen(heads[i]);
		if (!begins(text, at, "") || !has(text, n, at, heads[i]))
			continue;
		size_t hex = span_hex(text, n, at + len);
		bool long_one = heads[i][0] == 'n' && heads[i][1] == 'v' ? hex >= 4 : hex >= 8;
		if (heads[i][0] != 't' && !long_one)
			continue;
		while (at + len < n && !isspace((unsigned char)text[at + len]) &&
		       !strchr("\"',;)", text[at + len]))
			len++;
		return len;
	}
	return 0;
}

/* A value up to what can end one. */
static size_t value_len(const char *text, size_t n, size_t at, const char *stops)
{
	size_t len = 0;
	while (at + len < n && text[at + len] && !isspace((unsigned char)text[at + len]) &&
	       !strchr(stops, text[at + len]))
		len++;
	return len;
}

/* What stands before is `head`. */
static bool after(const char *text, size_t at, const char *head)
{
	size_t len = strlen(head);
	return at >= len && !strncasecmp(text + at - len, head, len);
}

/* The last component of /dev/disk/by-id/…, by-label/…, LABEL=…; what is mounted where people mount.
 */
static size_t match_disk(const char *text, size_t n, size_t at)
{
	static const char *const heads[] = { "/by-id/", "/by-label/", "/by-partlabel/", "/by-uuid/",
					     "LABEL=",  "UUID=",      "/mnt/",          "/srv/" };
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		if (after(text, at, heads[i]))
			return value_len(text, n, at, "\"',;)/");
	return 0;
}

/* /home/NAME and where removable media are mounted. */
static size_t match_home(const char *text, size_t n, size_t at)
{
	static const char *const heads[] = { "/home/", "/Users/", "/media/", "/run/user/" };
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		if (after(text, at, heads[i]))
			return value_len(text, n, at, "\"',;:)(/");
	return 0;
}

/*
 * How far before text[at] a key of it begins: steps back over an opening quote, blanks, `=` or `:`
 * and a closing quote. 0 when text[at] is no value.
 */
static size_t key_end(const char *text, size_t at)
{
	size_t i = at;
	while (i && (text[i - 1] == '"' || text[i - 1] == '\'' || text[i - 1] == '\\'))
		i--;
	while (i && (text[i - 1] == ' ' || text[i - 1] == '\t'))
		i--;
	if (!i || (text[i - 1] != '=' && text[i - 1] != ':'))
		return 0;
	i--;
	while (i && strchr(" \t\"'\\", text[i - 1]))
		i--;
	return i;
}

/* Whether the key that ends at `end` holds one of the words. */
static bool key_holds(const char *text, size_t end, const char *const *words, size_t n)
{
	size_t start = end;
	while (start && end - start < 64 &&
	       (redact_is_word(text[start - 1]) || strchr("_-.", text[start - 1])))
		start--;
	/* `Serial Number: …` */
	if (end - start == 6 && start >= 7 && has(text, end, start, "number") &&
	    has(text, end, start - 7, "serial"))
		start -= 7;
	for (size_t i = start; i < end; i++)
		for (size_t w = 0; w < n; w++)
			if (has(text, end, i, words[w]))
				return true;
	return false;
}

static bool has_digit(const char *text, size_t at, size_t len)
{
	for (size_t i = at; i < at + len; i++)
		if (isdigit((unsigned char)text[i]))
			return true;
	return false;
}

static bool starts_value(const char *text, size_t at)
{
	return at && !isspace((unsigned char)text[at]) && !strchr("\"'\\", text[at]) &&
	       !redact_is_word(text[at - 1]);
}

static size_t match_serial(const char *text, size_t n, size_t at)
{
	static const char *const words[] = { "serial", "asset", "wwid", "nguid" };
	size_t end = starts_value(text, at) ? key_end(text, at) : 0;
	if (!end || !key_holds(text, end, words, ARRAY_LEN(words)))
		return 0;
	size_t len = value_len(text, n, at, "\"',;");
	return len >= 3 && has_digit(text, at, len) ? len : 0;
}

static size_t match_secret(const char *text, size_t n, size_t at)
{
	static const char *const words[] = { "passw",   "passphrase", "secret", "token",  "keyfile",
					     "rd.luks", "psk",        "apikey", "api_key" };
	size_t end = starts_value(text, at) ? key_end(text, at) : 0;
	if (!end || !key_holds(text, end, words, ARRAY_LEN(words)))
		return 0;
	return value_len(text, n, at, "\"',;");
}

const struct redact_form redact_forms[] = {
	{ REDACT_SECRET, match_secret }, { REDACT_SERIAL, match_serial },
	{ REDACT_USER, match_home },     { REDACT_DISK, match_disk },
	{ REDACT_UUID, match_uuid },     { REDACT_MAC, match_mac },
	{ REDACT_MAC, match_enx },       { REDACT_DISK, match_wwn },
	{ REDACT_IP, match_ipv4 },       { REDACT_IP, match_ipv6 },
};
const size_t n_redact_forms = ARRAY_LEN(redact_forms);
