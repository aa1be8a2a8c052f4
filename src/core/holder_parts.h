/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holder.c is made of: a walk over the function's directory in sysfs that finds its nodes and
 * what is built on them, and a walk over the processes. Private to core/holder*.c.
 */
#ifndef BULKHEAD_CORE_HOLDER_PARTS_H
#define BULKHEAD_CORE_HOLDER_PARTS_H

#include "core/holder.h"

/* A device node by which a process can hold a function. */
struct holder_node {
	size_t fn;
	char path[96]; /* "/dev/nvme0n1" */
	dev_t number;  /* 0 = not known */
};

struct holder_search {
	const struct host *host;
	const struct bdf *fn;
	size_t n;
	dev_holders *ret;
	vec(struct holder_node) nodes;
};

/* Appends one; -ENOMEM. */
int holder_add(struct holder_search *search, size_t fn, enum holder_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* holder_tree.c: nodes, and whatever of the host is built on function `fn`. */
int holder_look_at_tree(struct holder_search *search, size_t fn);

/* holder_process.c: who has the nodes found, or a BAR through sysfs, open or mapped. */
int holder_look_at_processes(struct holder_search *search);

#endif
