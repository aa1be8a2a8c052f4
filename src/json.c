/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

json_t *json_text(const char *text)
{
	json_t *json = json_string(text);
	if (json)
		return json;
	autofree char *ascii = strdup(text);
	if (!ascii)
		return NULL;
	for (char *c = ascii; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	return json_string(ascii);
}

json_t *json_list(json_t *(*make)(const void *ctx, size_t i), const void *ctx, size_t n)
{
	json_t *list = json_array();
	for (size_t i = 0; list && i < n; i++) {
		json_t *item = make(ctx, i);
		if (json_is_null(item))
			continue;
		if (item && !json_array_append_new(list, item))
			continue;
		json_decref(list);
		list = NULL;
	}
	return list;
}

int json_print(json_t *json, FILE *out)
{
	if (!json)
		return -ENOMEM;
	int r = json_dumpf(json, out, JSON_INDENT(2)) || fputc('\n', out) == EOF ? -EIO : 0;
	json_decref(json);
	return r;
}
