/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings from a libconfig file: what libconfig parsed, judged row by row. */
#include <errno.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/opt.h"

static struct opt_value value_of(const config_setting_t *setting)
{
	struct opt_value value = { .form = OPT_IS_FLOAT };
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_STRING:
		value.form = OPT_IS_TEXT;
		value.text = config_setting_get_string(setting);
		break;
	case CONFIG_TYPE_BOOL:
		value.form = OPT_IS_BOOL;
		value.number = config_setting_get_bool(setting);
		break;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		value.form = OPT_IS_INT;
		value.number = config_setting_get_int64(setting);
		break;
	case CONFIG_TYPE_GROUP:
		value.form = OPT_IS_GROUP;
		break;
	case CONFIG_TYPE_LIST:
		value.form = OPT_IS_LIST;
		break;
	case CONFIG_TYPE_ARRAY:
		value.form = OPT_IS_ARRAY;
		break;
	default:
		break;
	}
	return value;
}

static int read_group(const struct opt_table *table, void *object, config_setting_t *group,
		      struct opt_at *at, struct err *err);

static int read_element(const struct opt *row, void *object, config_setting_t *setting,
			struct opt_at *at, struct err *err)
{
	void *element;
	at->line = config_setting_source_line(setting);
	if (!config_setting_is_group(setting)) {
		struct opt_value value = value_of(setting);
		static const struct opt group = { .type = OPT_GROUP };
		return opt_wrong_type(&group, at, &value, err);
	}
	int r = opt_add_element(row, object, at, &element, err);
	return r ? r : read_group(row->table, element, setting, at, err);
}

/* A list in the file replaces what was there: `object` has its defaults, an empty list. */
static int read_list(const struct opt *row, void *object, config_setting_t *list, struct opt_at *at,
		     struct err *err)
{
	int r = 0, n = config_setting_length(list);
	for (int i = 0; !r && i < n; i++) {
		size_t old = opt_enter_element(at, (unsigned)i);
		r = read_element(row, object, config_setting_get_elem(list, (unsigned)i), at, err);
		opt_leave(at, old);
	}
	return r;
}

static int read_setting(const struct opt_table *table, void *object, config_setting_t *setting,
			struct opt_at *at, struct err *err)
{
	const char *key = config_setting_name(setting);
	const struct opt *row = opt_find(table, key, strlen(key));
	if (!row)
		return opt_unknown_key(table, at, key, err);
	struct opt_value value = value_of(setting);
	if (row->type == OPT_GROUP && value.form == OPT_IS_GROUP)
		return read_group(row->table, object, setting, at, err);
	if (row->type == OPT_LIST && value.form == OPT_IS_LIST)
		return read_list(row, object, setting, at, err);
	return opt_store(row, object, &value, at, err);
}

static int read_group(const struct opt_table *table, void *object, config_setting_t *group,
		      struct opt_at *at, struct err *err)
{
	int r = 0, n = config_setting_length(group);
	for (int i = 0; !r && i < n; i++) {
		config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
		const char *key = config_setting_name(setting);
		size_t old = opt_enter(at, key, strlen(key));
		at->line = config_setting_source_line(setting);
		r = read_setting(table, object, setting, at, err);
		opt_leave(at, old);
	}
	return r;
}

/* Line `number` of the text, trimmed, for a syntax error that libconfig only numbers. */
static struct opt_phrase quote_line(const char *text, unsigned number)
{
	char line[64];
	while (number > 1 && *text)
		if (*text++ == '\n')
			number--;
	text += strspn(text, " \t");
	size_t n = min_u64(strcspn(text, "\n"), sizeof(line) - 1);
	memcpy(line, text, n);
	line[n] = 0;
	return opt_quote(line);
}

static void destroy(config_t *config)
{
	config_destroy(config);
}

int opt_load_text(const struct opt_table *table, void *object, struct opt_at *at, const char *text,
		  size_t size, struct err *err)
{
	int r = opt_scan(text, size, at, err);
	if (r)
		return r;
	__attribute__((cleanup(destroy))) config_t config;
	config_init(&config);
	if (!config_read_string(&config, text)) {
		at->line = (unsigned)config_error_line(&config);
		return opt_error(at, err, -EINVAL, "%s at %s", config_error_text(&config),
				 quote_line(text, at->line).s);
	}
	return read_group(table, object, config_root_setting(&config), at, err);
}

int opt_load(const struct opt_table *table, void *object, const char *file, const char *dir,
	     struct err *err)
{
	struct opt_at at = { .source = file, .dir = dir };
	autofree void *data = NULL;
	size_t size;
	int r = file_load(file, OPT_FILE_MAX, &data, &size);
	if (r == -EFBIG)
		return opt_error(&at, err, r, "larger than %u bytes", OPT_FILE_MAX);
	if (r == -EINVAL)
		return opt_error(&at, err, r, "not a regular file");
	if (r)
		return opt_error(&at, err, r, "cannot read: %s", strerror(-r));
	char *text = realloc(data, size + 1);
	if (!text)
		return opt_error(&at, err, -ENOMEM, "out of memory");
	data = text;
	text[size] = 0;
	return opt_load_text(table, object, &at, text, size, err);
}
