/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts of a profile, a kernel log or a file name, redacted: no MAC of that text is left, and what
 * is redacted already stays.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int ok)
{
	if (!ok)
		abort();
}

static char *clean(struct redact *redact, const char *text, size_t n, size_t *ret_n)
{
	char *to = NULL;
	FILE *out = open_memstream(&to, ret_n);
	require(out != NULL);
	require(!redact_text(redact, text, n, out));
	fclose(out);
	return to;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char mac[] = " 52:54:00:0b:00:01 ";
	struct redact redact = { 0 };
	size_t n = 0, again = 0;
	char *text = malloc(size + sizeof(mac));
	require(text && !redact_know(&redact, REDACT_HOST, "annas-box"));
	memcpy(text, data, size);
	memcpy(text + size, mac, sizeof(mac) - 1);
	char *once = clean(&redact, text, size + sizeof(mac) - 1, &n);
	require(!memmem(once, n, mac, sizeof(mac) - 1));
	char *twice = clean(&redact, once, n, &again);
	require(!memmem(twice, again, mac, sizeof(mac) - 1));
	free(once);
	free(twice);
	free(text);
	redact_fini(&redact);
	return 0;
}
