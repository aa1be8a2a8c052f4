/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every `--json` needs beyond jansson: lists, and texts that need not be UTF-8. */
#ifndef BULKHEAD_JSON_H
#define BULKHEAD_JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* As json_string, but bytes beyond ASCII become `?` when `text` as a whole is no UTF-8. */
json_t *json_text(const char *text);

/* The list of make(ctx, 0) … make(ctx, n - 1) without those that are JSON null; NULL if one is
 * NULL. */
json_t *json_list(json_t *(*make)(const void *ctx, size_t i), const void *ctx, size_t n);

/* Prints and releases `json`. -ENOMEM when it is NULL, -EIO when it could not be written. */
int json_print(json_t *json, FILE *out);

#endif
