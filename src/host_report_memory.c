/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory: how much, how much may be locked, and the pages a guest could have. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/file.h"
#include "base/parse.h"
#include "host_report_parts.h"

static const char section[] = "memory";

/* Rounded to something readable. */
static struct size_text rounded(uint64_t bytes)
{
	return size_text(bytes >= 10 * GIB ? align_down(bytes, GIB) : align_down(bytes, MIB));
}

static void report_size(struct host_report *report)
{
	fact_add(report, section, "size", FACT_PLAIN, "%s, %s available",
		 rounded(report->inv->mem_total).s, rounded(report->inv->mem_available).s);
}

/* An assigned device may write anywhere in the guest: all its memory is locked. */
static void report_memlock(struct host_report *report)
{
	static const char name[] = "lockable (memlock)";
	uint64_t limit = report->inv->memlock_limit, hard = report->inv->memlock_hard;
	if (limit == UINT64_MAX) {
		fact_add(report, section, name, FACT_GOOD, "without limit");
		return;
	}
	bool raise = hard == UINT64_MAX;
	struct fact *fact =
		fact_add(report, section, name, raise ? FACT_PLAIN : FACT_WEAK, "%s here%s",
			 size_text(limit).s, raise ? "; a run raises it" : "");
	if (!raise)
		fact_remedy(fact, "a guest with devices locks all its memory: run as root, or set "
				  "LimitMEMLOCK=infinity or memlock in limits.conf");
}

static uint64_t attr(const struct host_report *report, const char *dir, const char *name)
{
	char path[400];
	uint64_t value = 0;
	snprintf(path, sizeof(path), "kernel/mm/hugepages/%s/%s", dir, name);
	return file_read_u64(report->host->sys, path, &value) ? 0 : value;
}

static void report_hugepages(struct host_report *report)
{
	static const struct {
		const char *dir, *name;
	} sizes[] = { { "hugepages-2048kB", "huge pages of 2M" },
		      { "hugepages-1048576kB", "huge pages of 1G" } };
	autodir DIR *list = dir_open(report->host->sys, "kernel/mm/hugepages");
	if (!list)
		return;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		uint64_t n = attr(report, sizes[i].dir, "nr_hugepages");
		uint64_t n_free = attr(report, sizes[i].dir, "free_hugepages");
		if (!n)
			fact_add(report, section, sizes[i].name, FACT_PLAIN, "none set aside");
		else
			fact_add(report, section, sizes[i].name, n_free ? FACT_GOOD : FACT_PLAIN,
				 "%llu free of %llu", (unsigned long long)n_free,
				 (unsigned long long)n);
	}
}

static void report_thp(struct host_report *report)
{
	static const char name[] = "transparent huge pages";
	char text[64];
	if (file_read(report->host->sys, "kernel/mm/transparent_hugepage/enabled", text,
		      sizeof(text)) <= 0)
		return;
	if (strstr(text, "[never]"))
		fact_remedy(fact_add(report, section, name, FACT_WEAK,
				     "never: a guest has pages of 4K"),
			    "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled");
	else
		fact_add(report, section, name, FACT_GOOD, "%s",
			 strstr(text, "[always]") ? "always" : "where asked for");
}

void report_memory(struct host_report *report)
{
	report_size(report);
	report_memlock(report);
	report_hugepages(report);
	report_thp(report);
	fact_add(report, "processors", "online", FACT_PLAIN, "%u, with %u address bits",
		 report->inv->cpus, report->inv->phys_bits);
}
