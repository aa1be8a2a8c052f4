/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What host_report.c is made of. Private to host_report*.c. */
#ifndef BULKHEAD_HOST_REPORT_PARTS_H
#define BULKHEAD_HOST_REPORT_PARTS_H

#include "host_report.h"

/*
 * A new fact; the value as printf. Without memory a fact that is thrown away, so never NULL: the
 * caller may give it a remedy.
 */
struct fact *fact_add(struct host_report *report, const char *section, const char *name,
		      enum fact_state state, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void fact_remedy(struct fact *fact, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Whether `word` is one of the words of the line of /proc/cpuinfo that starts with `key`. */
bool report_cpu_has(const struct host_report *report, const char *key, const char *word);
/* Whether the kernel was started with this word, or with one that starts so when it ends in `=`. */
bool report_booted_with(const struct host_report *report, const char *word);
/* A module's parameter: 'Y', 'N', or 0 when there is none; 1 and 0 count as Y and N. */
char report_param(const struct host_report *report, const char *module, const char *name);

void report_kvm(struct host_report *report);
void report_iommu(struct host_report *report);
void report_memory(struct host_report *report);

#endif
