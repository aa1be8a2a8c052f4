/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host with three devices, a run of profile `demo` that changes all of them, and its ways to end.
 */
#ifndef BULKHEAD_TESTS_JOURNAL_HOST_H
#define BULKHEAD_TESTS_JOURNAL_HOST_H

#include "fake/host_tree.h"
#include "journal.h"

#define UNSAFE "sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"
#define N_ACTIONS 7

extern struct host_tree tree;
extern struct journal journal;
extern struct err err;
extern const struct action actions[N_ACTIONS];

int journal_setup(void **state);
int journal_teardown(void **state);
/* What is below sys is as journal_setup made it. */
void assert_as_before(void);
/* That, and no files of the run. */
void assert_nothing_left(void);
/* All actions, up to the first that fails. */
int do_all(void);
void open_demo(void);
/* A run in a child that ends as `how` makes it end; returns its exit status. */
int in_child(void (*how)(int arg), int arg);
/* For in_child: everything done and undone. */
void whole_run(int unused);
/* For in_child: all changes made, then gone without undoing one. */
void run_until_killed(int unused);
int recover_demo(void);

#endif
