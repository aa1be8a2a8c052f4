/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/bdf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct bdf_text bdf_text(struct bdf bdf)
{
	struct bdf_text text;
	snprintf(text.s, sizeof(text.s), "%04x:%02x:%02x.%x", bdf.domain, bdf.bus, bdf.dev & 31u,
		 bdf.fn & 7u);
	return text;
}

/* Between `min` and `max` hexadecimal digits at *text, which moves behind them. */
static bool hex_digits(const char **text, unsigned min, unsigned max, unsigned *ret_value)
{
	unsigned n = 0, value = 0;
	for (; n < max && isxdigit((unsigned char)**text); n++, (*text)++) {
		char c = (char)tolower((unsigned char)**text);
		value = value << 4 | (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*ret_value = value;
	return n >= min;
}

int bdf_parse(const char *text, struct bdf *ret_bdf)
{
	unsigned domain = 0, bus, dev, fn;
	if (strchr(text, ':') != strrchr(text, ':') && (!hex_digits(&text, 4, 8, &domain) || *text++ != ':'))
		return -EINVAL;
	if (!hex_digits(&text, 2, 2, &bus) || *text++ != ':' || !hex_digits(&text, 2, 2, &dev) ||
	    *text++ != '.' || !hex_digits(&text, 1, 1, &fn) || *text)
		return -EINVAL;
	if (dev > 31 || fn > 7)
		return -EINVAL;
	*ret_bdf = (struct bdf){ domain, (uint8_t)bus, (uint8_t)dev, (uint8_t)fn };
	return 0;
}

int bdf_compare(struct bdf a, struct bdf b)
{
	if (a.domain != b.domain)
		return a.domain < b.domain ? -1 : 1;
	return (int)bdf_rid(a) - (int)bdf_rid(b);
}
