/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile profile, from memory: after the last NUL byte of the input comes one --set. What loads
 * must dump, and its dump must load to the same dump again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "profile.h"
#include "profile_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 loses the text it was reading when the file has a syntax error. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig";
}

static int load(struct profile *profile, const char *text, size_t size)
{
	struct err err = { 0 };
	struct opt_at at = { .source = "fuzz", .dir = "/" };
	memset(profile, 0, sizeof(*profile));
	if (opt_defaults(&profile_options, profile, &err))
		abort();
	int r = opt_load_text(&profile_options, profile, &at, text, size, &err);
	if (r && (!err.text[0] || err.code != r))
		abort(); /* a refusal without a reason */
	return r;
}

static char *dump(const struct profile *profile, size_t *ret_size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_size);
	if (!out || profile_dump(profile, out) || fclose(out))
		abort();
	return text;
}

static void check_round_trip(const struct profile *profile)
{
	struct profile again;
	size_t size, size_again;
	char *text = dump(profile, &size);
	/* Without its required texts a profile dumps empty ones, which do not load. */
	if (!opt_check_required(&profile_options, profile, "fuzz", NULL)) {
		if (load(&again, text, size))
			abort();
		char *text_again = dump(&again, &size_again);
		if (size != size_again || memcmp(text, text_again, size))
			abort();
		free(text_again);
		profile_fini(&again);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct profile profile;
	char *text = malloc(size + 1);
	memcpy(text, data, size);
	text[size] = 0;
	char *nul = memrchr(text, 0, size);
	size_t text_size = nul ? (size_t)(nul - text) : size;
	int r = load(&profile, text, text_size);
	if (!r && nul)
		r = opt_set(&profile_options, &profile, nul + 1, "/", NULL);
	if (!r)
		check_round_trip(&profile);
	profile_fini(&profile);
	free(text);
	return 0;
}
