/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of this process (getrlimit(2)). */
#ifndef BULKHEAD_BASE_LIMIT_H
#define BULKHEAD_BASE_LIMIT_H

#include <stdint.h>

/*
 * Has `resource` (RLIMIT_…) be at least `needed`, or else as much as this process may take. 0, or
 * -errno where it stays below; one that is high enough is left alone.
 */
int limit_raise(int resource, uint64_t needed);

#endif
