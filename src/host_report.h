/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `bulkhead host` says of the machine: each thing that assigning devices wants of processor,
 * IOMMU, kernel and memory, whether it is there, and what to do if it is not. From sysfs and procfs
 * alone, so that it works on a saved host; it opens no device.
 */
#ifndef BULKHEAD_HOST_REPORT_H
#define BULKHEAD_HOST_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/vec.h"
#include "core/host.h"
#include "core/inventory.h"

enum fact_state {
	FACT_GOOD,
	FACT_PLAIN,   /* neither good nor bad */
	FACT_UNKNOWN, /* this kernel does not say */
	FACT_WEAK,    /* it works, but slower or less safe */
	FACT_MISSING, /* assigning devices does not work without */
};

struct fact {
	const char *section, *name; /* "KVM", "nested paging" */
	enum fact_state state;
	char value[320];
	char remedy[320]; /* "" when there is nothing to do */
};

struct host_report {
	const struct host *host;
	const struct inventory *inv;
	char cpuinfo[8192]; /* of the first processor */
	char cmdline[4096];
	vec(struct fact) facts;
	bool no_memory;
};

/* `inv` is of `host`. -ENOMEM only; host_report_fini also after that. */
int host_report_make(struct host_report *report, const struct host *host,
		     const struct inventory *inv);
void host_report_fini(struct host_report *report);

int host_report_print(const struct host_report *report, FILE *out, bool colour);
json_t *host_report_json(const struct host_report *report); /* NULL without memory */

#endif
