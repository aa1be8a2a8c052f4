/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `bulkhead devices --watch`: on a terminal the table, drawn again when something changed; in a
 * pipe the table and then a line for each change; as JSON an object a line, first for what there is
 * and then for each change. Until SIGINT, SIGTERM, SIGHUP, or until nobody reads any more.
 */
#ifndef BULKHEAD_DEVICES_WATCH_H
#define BULKHEAD_DEVICES_WATCH_H

#include "devices_load.h"

/* 0 when it was ended from outside; -errno when the host can no longer be read. */
int devices_watch(const struct host *host, const struct devices_choice *choice, bool json,
		  struct err *err);

/* Columns of the terminal on stdout, 0 when it is none. */
unsigned devices_terminal_width(void);

#endif
