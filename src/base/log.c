/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static _Atomic(enum log_level) level_max = LOG_WARN;
static atomic_bool raw_terminal;

void log_set_level(enum log_level level)
{
	atomic_store(&level_max, level);
}

void log_set_raw_terminal(bool raw)
{
	atomic_store(&raw_terminal, raw);
}

/* True when the site still has a line left in this second; *ret_missed = lines lost before it. */
static bool site_admits(struct log_site *site, int *ret_missed)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	*ret_missed = 0;
	long second = atomic_exchange(&site->second, now.tv_sec + 1);
	if (second != now.tv_sec + 1) {
		atomic_store(&site->in_second, 0);
		*ret_missed = atomic_exchange(&site->dropped, 0);
	}
	if (atomic_fetch_add(&site->in_second, 1) < LOG_SITE_MAX)
		return true;
	atomic_fetch_add(&site->dropped, 1);
	return false;
}

void log_line(struct log_site *site, enum log_level level, const char *fmt, ...)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };
	int missed;
	if (level > atomic_load(&level_max) || !site_admits(site, &missed))
		return;

	char line[1280];
	int n = snprintf(line, sizeof(line), "bulkhead: %s: ", names[level]);
	va_list ap;
	va_start(ap, fmt);
	int m = vsnprintf(line + n, sizeof(line) - (size_t)n - 64, fmt, ap);
	va_end(ap);
	if (m < 0)
		return;
	n += m < (int)sizeof(line) - n - 64 ? m : (int)sizeof(line) - n - 65;
	if (missed)
		n += snprintf(line + n, 48, " (%d like it not shown)", missed);
	n += snprintf(line + n, 3, atomic_load(&raw_terminal) ? "\r\n" : "\n");
	/* One write per line keeps lines of several threads whole; a full pipe loses the line. */
	ssize_t written = write(STDERR_FILENO, line, (size_t)n);
	(void)written;
}
