/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/table.h"
#include "host_report_parts.h"
#include "json.h"

struct fact *fact_add(struct host_report *report, const char *section, const char *name,
		      enum fact_state state, const char *fmt, ...)
{
	static _Thread_local struct fact thrown_away;
	struct fact *fact = vec_push(&report->facts);
	if (!fact) {
		report->no_memory = true;
		return &thrown_away;
	}
	*fact = (struct fact){ .section = section, .name = name, .state = state };
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(fact->value, sizeof(fact->value), fmt, ap);
	va_end(ap);
	return fact;
}

void fact_remedy(struct fact *fact, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(fact->remedy, sizeof(fact->remedy), fmt, ap);
	va_end(ap);
}

bool report_cpu_has(const struct host_report *report, const char *key, const char *word)
{
	size_t len = strlen(key);
	for (const char *line = report->cpuinfo; *line; line += strspn(line, "\n")) {
		const char *end = line + strcspn(line, "\n");
		if (!strncmp(line, key, len) && strchr("\t :", line[len]))
			return words_have(line + len, end, word);
		line = end;
	}
	return false;
}

bool report_booted_with(const struct host_report *report, const char *word)
{
	return words_have(report->cmdline, report->cmdline + strlen(report->cmdline), word);
}

char report_param(const struct host_report *report, const char *module, const char *name)
{
	char path[160], text[16];
	snprintf(path, sizeof(path), "module/%s/parameters/%s", module, name);
	if (file_read(report->host->sys, path, text, sizeof(text)) <= 0)
		return 0;
	return text[0] == 'Y' || text[0] == '1' ? 'Y' : 'N';
}

static void read_texts(struct host_report *report)
{
	if (file_read(report->host->proc, "cpuinfo", report->cpuinfo, sizeof(report->cpuinfo)) < 0)
		report->cpuinfo[0] = 0;
	char *second = strstr(report->cpuinfo, "\n\n");
	if (second)
		*second = 0;
	if (file_read(report->host->proc, "cmdline", report->cmdline, sizeof(report->cmdline)) < 0)
		report->cmdline[0] = 0;
}

int host_report_make(struct host_report *report, const struct host *host,
		     const struct inventory *inv)
{
	memset(report, 0, sizeof(*report));
	report->host = host;
	report->inv = inv;
	read_texts(report);
	report_kvm(report);
	report_iommu(report);
	report_memory(report);
	return report->no_memory ? -ENOMEM : 0;
}

void host_report_fini(struct host_report *report)
{
	vec_free(&report->facts);
}

/* --- for people --- */

static enum shade shade_of(enum fact_state state)
{
	static const enum shade shades[] = {
		[FACT_GOOD] = SHADE_GOOD, [FACT_PLAIN] = SHADE_NONE,  [FACT_UNKNOWN] = SHADE_DIM,
		[FACT_WEAK] = SHADE_WARN, [FACT_MISSING] = SHADE_BAD,
	};
	return shades[state];
}

static int print_facts(const struct host_report *report, FILE *out, bool colour)
{
	struct table table = { 0 };
	const char *section = "";
	for (size_t i = 0; i < report->facts.n; i++) {
		const struct fact *fact = &report->facts.at[i];
		table_cell(&table, SHADE_STRONG, "%s",
			   strcmp(section, fact->section) ? fact->section : "");
		table_cell(&table, SHADE_NONE, "%s", fact->name);
		table_cell(&table, shade_of(fact->state), "%s", fact->value);
		table_end_row(&table);
		section = fact->section;
	}
	return table_print(&table, out, colour);
}

int host_report_print(const struct host_report *report, FILE *out, bool colour)
{
	int r = print_facts(report, out, colour);
	bool any = false;
	for (size_t i = 0; !r && i < report->facts.n; i++) {
		const struct fact *fact = &report->facts.at[i];
		if (!*fact->remedy)
			continue;
		if (!any)
			fprintf(out, "\n%sWhat can be done%s\n", shade_on(SHADE_STRONG, colour),
				shade_off(SHADE_STRONG, colour));
		any = true;
		fprintf(out, "  %s%c%s %s: %s\n", shade_on(shade_of(fact->state), colour),
			fact->state == FACT_MISSING ? '!' : '*',
			shade_off(shade_of(fact->state), colour), fact->name, fact->remedy);
	}
	return r;
}

/* --- for programs --- */

static const char *state_word(enum fact_state state)
{
	static const char *const words[] = {
		[FACT_GOOD] = "good", [FACT_PLAIN] = "plain",     [FACT_UNKNOWN] = "unknown",
		[FACT_WEAK] = "weak", [FACT_MISSING] = "missing",
	};
	return words[state];
}

static json_t *fact_json(const void *ctx, size_t i)
{
	const struct fact *fact = &((const struct host_report *)ctx)->facts.at[i];
	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "section", fact->section, "fact", fact->name,
			 "state", state_word(fact->state), "value", json_text(fact->value),
			 "remedy", *fact->remedy ? json_text(fact->remedy) : json_null());
}

json_t *host_report_json(const struct host_report *report)
{
	return json_list(fact_json, report, report->facts.n);
}
