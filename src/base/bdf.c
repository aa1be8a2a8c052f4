/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/bdf.h"

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

int bdf_parse(const char *text, struct bdf *ret_bdf)
{
	unsigned domain = 0, bus, dev, fn;
	int end = 0;
	/* sscanf's %x also takes blanks, signs and 0x; the strspn keeps the form strict. */
	if (strspn(text, "0123456789abcdefABCDEF:.") != strlen(text))
		return -EINVAL;
	int n = sscanf(text, "%8x:%2x:%2x.%1x%n", &domain, &bus, &dev, &fn, &end);
	if (n != 4 || text[end]) {
		domain = 0;
		end = 0;
		n = sscanf(text, "%2x:%2x.%1x%n", &bus, &dev, &fn, &end);
		if (n != 3 || text[end])
			return -EINVAL;
	}
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
