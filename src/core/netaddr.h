/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The addresses of the host's network interfaces; a test puts its own in this file's place. */
#ifndef BULKHEAD_CORE_NETADDR_H
#define BULKHEAD_CORE_NETADDR_H

#include "core/host.h"

/*
 * Calls `each` with interface and address ("10.0.0.7") until it returns other than 0, and returns
 * that. Loopback and link-local addresses are left out: every interface that is up has one. A saved
 * host has none: they are not in files. -errno.
 */
int net_addresses(const struct host *host,
		  int (*each)(void *ctx, const char *interface, const char *address), void *ctx);

#endif
