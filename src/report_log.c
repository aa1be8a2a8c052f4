/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /dev/kmsg (Documentation/ABI/testing/dev-kmsg): each read is one record, "priority,sequence,
 * microseconds,flags;text" and lines of properties that begin with a blank.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "report_parts.h"

#define RECORD_MAX 8192   /* CONSOLE_EXT_LOG_MAX, linux/printk.h */
#define RECORDS_MAX 50000 /* of the kernel's buffer, whatever its size */
#define KEPT_MAX 4000

static const char *const words[] = { "vfio",   "iommu",    "dmar",      "amd-vi", "kvm", "pcieport",
				     "aer:",   "pciehp",   "remapping", "svm:",   "vmx", "bar ",
				     "sr-iov", "bulkhead", "vgaarb",    "reset" };

static bool holds(const char *text, const char *word)
{
	return strcasestr(text, word) != NULL;
}

static bool is_of_device(const struct report *report, const char *text)
{
	const struct plan *plan = report->prepared ? &report->prepared->plan : NULL;
	for (unsigned i = 0; plan && i < plan->n_devices; i++)
		if (holds(text, bdf_text(plan->device[i].dev->bdf).s))
			return true;
	return false;
}

static bool is_wanted(const struct report *report, const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (holds(text, words[i]))
			return true;
	return is_of_device(report, text);
}

/* One line, if it is a record's first and wanted. */
static bool put_line(const struct report *report, char *line, FILE *out)
{
	unsigned long long us = 0;
	char *text = strchr(line, ';');
	if (!text || line[0] == ' ')
		return false;
	*text++ = 0;
	if (!is_wanted(report, text))
		return false;
	if (sscanf(line, "%*u,%*u,%llu", &us) != 1)
		us = 0;
	fprintf(out, "[%5llu.%06llu] ", us / 1000000, us % 1000000);
	for (; *text; text++)
		fputc(isprint((unsigned char)*text) ? *text : '?', out);
	fputc('\n', out);
	return true;
}

static unsigned put_record(const struct report *report, char *record, FILE *out)
{
	unsigned kept = 0;
	char *save = NULL;
	for (char *line = strtok_r(record, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		kept += put_line(report, line, out);
	return kept;
}

int report_kernel_log(const struct report *report, FILE *out)
{
	char record[RECORD_MAX + 1];
	autoclose int fd =
		openat(report->host->dev, "kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	unsigned kept = 0;
	if (fd < 0)
		return -errno;
	for (unsigned i = 0; i < RECORDS_MAX && kept < KEPT_MAX; i++) {
		ssize_t n = read(fd, record, RECORD_MAX);
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue; /* the kernel has overwritten what was next */
		if (n <= 0)
			break;
		record[n] = 0;
		kept += put_record(report, record, out);
	}
	return 0;
}
