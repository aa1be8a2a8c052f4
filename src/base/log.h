/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Diagnostics on stderr. Lower layers return errors and do not print; the log is for what happens
 * later and has no caller to return to: a device error event, an interrupt that could not be
 * routed. One line each, rate-limited per call site so that a guest cannot fill a disk.
 */
#ifndef BULKHEAD_BASE_LOG_H
#define BULKHEAD_BASE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Lowest level printed from now on; LOG_WARN at start. Process-wide. */
void log_set_level(enum log_level level);

/* While the guest console owns a raw terminal, lines end with CR LF. Process-wide. */
void log_set_raw_terminal(bool raw);

/* At most LOG_SITE_MAX lines from one call site each second; the count of dropped ones follows. */
#define LOG_SITE_MAX 10
struct log_site {
	atomic_long second;
	atomic_int in_second;
	atomic_int dropped;
};

void log_line(struct log_site *site, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_at(level, ...)                                                                         \
	do {                                                                                       \
		static struct log_site log_site_;                                                  \
		log_line(&log_site_, level, __VA_ARGS__);                                          \
	} while (0)
#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

#endif
