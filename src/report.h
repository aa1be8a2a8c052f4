/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bundle for a bug report about one profile: a tar archive of texts with everything that decides
 * whether it runs, and without what tells whose machine it is (redact.h). Reads the host and
 * changes nothing on it.
 */
#ifndef BULKHEAD_REPORT_H
#define BULKHEAD_REPORT_H

#include <stdio.h>

#include "base/err.h"
#include "core/host.h"
#include "prepare.h"
#include "profile.h"
#include "redact.h"

struct report {
	const struct host *host; /* borrowed, as the next four */
	const char *name;        /* of the profile, or of its file */
	const char *profile_path;
	const struct profile *profile;   /* NULL: it cannot be read */
	const struct prepared *prepared; /* NULL: there is no plan */
	const char *trouble;             /* why not; "" = there was none */
	struct redact redact;            /* what it knows already is used */
};

/*
 * Writes the archive, all files below bulkhead-report-NAME/, and a line about each to `list`. What
 * cannot be had is left out and said so there. -EIO, -ENOMEM with a text.
 */
int report_write(struct report *report, FILE *archive, FILE *list, struct err *err);

#endif
