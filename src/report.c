/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/tar.h"
#include "report_parts.h"

static const char readme[] =
	"A bug report of Bulkhead. In these files, names like HOSTNAME, USER-1, SERIAL-1, MAC-1, "
	"IP-1,\n"
	"UUID-1, DISK-1 and HIDDEN stand for what was there; the same name is the same thing in "
	"all of\n"
	"them. Read them before you send them: what else you would rather not tell, only you "
	"know.\n"
	"host.snapshot can be replayed: bulkhead devices --host host.snapshot\n\n";

/* One file of the archive, redacted unless it is our own words. */
static int put(struct report *report, FILE *archive, const char *file, const char *text,
	       size_t size)
{
	char path[TAR_NAME_MAX + 1];
	autofree char *clean = NULL;
	size_t clean_size = 0;
	FILE *out = open_memstream(&clean, &clean_size);
	if (!out)
		return -ENOMEM;
	int r = redact_text(&report->redact, text, size, out);
	if (fclose(out) && !r)
		r = -ENOMEM;
	snprintf(path, sizeof(path), "bulkhead-report-%.48s/%.30s", report->name, file);
	return r ? r : tar_add(archive, path, clean, clean_size, (uint64_t)time(NULL));
}

struct bundle {
	struct report *report;
	FILE *archive, *list, *contents; /* `contents` becomes the README */
};

static void list_part(const struct bundle *bundle, const struct report_part *part, size_t size,
		      int why_not)
{
	FILE *outs[] = { bundle->list, bundle->contents };
	for (size_t i = 0; i < 2; i++)
		if (why_not)
			fprintf(outs[i], "  %-16s left out: %s\n", part->file, strerror(-why_not));
		else
			fprintf(outs[i], "  %-16s %7zu  %s\n", part->file, size, part->about);
}

static int put_part(const struct bundle *bundle, const struct report_part *part)
{
	autofree char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return -ENOMEM;
	int why_not = part->write(bundle->report, out);
	if (fclose(out))
		return -ENOMEM;
	list_part(bundle, part, size, why_not);
	return why_not ? 0 : put(bundle->report, bundle->archive, part->file, text, size);
}

static int put_all(const struct bundle *bundle)
{
	int r = 0;
	for (size_t i = 0; !r && i < n_report_parts; i++)
		r = put_part(bundle, &report_parts[i]);
	return r;
}

int report_write(struct report *report, FILE *archive, FILE *list, struct err *err)
{
	autofree char *contents = NULL;
	size_t size = 0;
	struct bundle bundle = { .report = report, .archive = archive, .list = list };
	int r = redact_know_host(&report->redact, report->host);
	bundle.contents = r ? NULL : open_memstream(&contents, &size);
	if (!bundle.contents)
		return err_errno(err, -ENOMEM, "report");
	fputs(readme, bundle.contents);
	r = put_all(&bundle);
	if (fclose(bundle.contents) && !r)
		r = -ENOMEM;
	if (!r)
		r = put(report, archive, "README", contents, size);
	if (!r)
		r = tar_end(archive);
	return r ? err_errno(err, r, "report") : 0;
}
