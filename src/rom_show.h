/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `bulkhead rom` says of an option ROM, for people and as JSON. */
#ifndef BULKHEAD_ROM_SHOW_H
#define BULKHEAD_ROM_SHOW_H

#include <jansson.h>
#include <stdio.h>

#include "rom_read.h"

struct rom_report {
	const struct rom_source *source; /* borrowed */
	struct rom_image image;
	struct rom_fault fault[ROM_FAULTS_MAX];
	unsigned n_faults;
	struct err broken; /* the chain's end; code 0 = whole */
};

/* -ENOEXEC when it is no option ROM at all; otherwise 0, and what is wrong is in the report. */
int rom_report_make(struct rom_report *report, const struct rom_source *source, struct err *err);

/* Nothing is wrong with it for certain. */
bool rom_report_is_good(const struct rom_report *report);

/* The images, and with `check` what is wrong with each. */
void rom_report_print(const struct rom_report *report, bool check, FILE *out);
json_t *rom_report_json(const struct rom_report *report); /* new reference, NULL without memory */

#endif
