/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a settings file may not be, found before libconfig parses it: an include would read any
 * file that root can, deep nesting costs stack, many settings cost quadratic time, a number of
 * more than nine digits wraps around silently (libconfig 1.5), and a NUL hides what follows it.
 * The scanner knows libconfig's tokens only as far as that takes: texts, comments, words.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/opt.h"

struct scan {
	const char *text; /* NUL-terminated */
	size_t at, size;
	unsigned depth, settings;
	struct opt_at *place;
	struct err *err;
};

static bool next_is(const struct scan *s, const char *token)
{
	return !strncmp(s->text + s->at, token, strlen(token));
}

static int refuse(struct scan *s, const char *what, const char *hint)
{
	int r = opt_error(s->place, s->err, -EINVAL, "%s", what);
	if (hint)
		err_hint(s->err, "%s", hint);
	return r;
}

/* Moves on by `n` and counts the lines that end there. */
static void advance(struct scan *s, size_t n)
{
	for (; n && s->at < s->size; n--)
		if (s->text[s->at++] == '\n')
			s->place->line++;
}

static int skip_string(struct scan *s)
{
	unsigned start = s->place->line;
	for (advance(s, 1); s->at < s->size; advance(s, 1)) {
		if (s->text[s->at] == '\\')
			advance(s, 1);
		else if (s->text[s->at] == '"') {
			advance(s, 1);
			return 0;
		}
	}
	s->place->line = start;
	return refuse(s, "the text that starts here has no closing quote", NULL);
}

static int skip_comment(struct scan *s)
{
	unsigned start = s->place->line;
	const char *end = strstr(s->text + s->at + 2, "*/");
	if (!end) {
		s->place->line = start;
		return refuse(s, "the comment that starts here has no end", NULL);
	}
	advance(s, (size_t)(end - (s->text + s->at)) + 2);
	return 0;
}

static int scan_word(struct scan *s)
{
	size_t n = 0;
	const char *word = s->text + s->at;
	while (isalnum((unsigned char)word[n]) || word[n] == '_')
		n++;
	advance(s, n);
	bool hex = word[0] == '0' && (word[1] | 32) == 'x';
	/* 0xffffffff is ten bytes and becomes negative, which no bound admits. */
	if (isdigit((unsigned char)word[0]) && strspn(word, "0123456789") > 9)
		return refuse(s, "a number of more than nine digits", NULL);
	if (hex && n > 10)
		return refuse(s, "a hexadecimal number of more than eight digits", NULL);
	return 0;
}

static int scan_bracket(struct scan *s, bool opens)
{
	advance(s, 1);
	if (!opens) {
		s->depth -= s->depth > 0; /* too many: libconfig says so */
		return 0;
	}
	return ++s->depth > OPT_DEPTH_MAX ? refuse(s, "too many brackets inside each other", NULL)
					  : 0;
}

static int scan_assignment(struct scan *s)
{
	advance(s, 1);
	return ++s->settings > OPT_SETTINGS_MAX ? refuse(s, "too many settings", NULL) : 0;
}

static int scan_token(struct scan *s)
{
	char c = s->text[s->at];
	if (c == '"')
		return skip_string(s);
	if (next_is(s, "/*"))
		return skip_comment(s);
	if (c == '#' || next_is(s, "//")) {
		advance(s, strcspn(s->text + s->at, "\n"));
		return 0;
	}
	if (c == '@')
		return refuse(s, "includes are not read", "put the settings into this file");
	if (c == '=' || c == ':')
		return scan_assignment(s);
	if (strchr("({[)}]", c))
		return scan_bracket(s, strchr("({[", c));
	if (isalnum((unsigned char)c))
		return scan_word(s);
	advance(s, 1);
	return 0;
}

int opt_scan(const char *text, size_t size, struct opt_at *at, struct err *err)
{
	struct scan s = { .text = text, .size = size, .place = at, .err = err };
	if (memchr(text, 0, size))
		return refuse(&s, "has a NUL byte in it", "it is no text file");
	at->line = 1;
	int r = 0;
	while (!r && s.at < size)
		r = scan_token(&s);
	if (!r)
		at->line = 0;
	return r;
}
