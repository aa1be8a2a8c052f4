/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host and a profile in memory, and the plan made of them: it reads nothing else. */
#ifndef BULKHEAD_TESTS_PLAN_HOST_H
#define BULKHEAD_TESTS_PLAN_HOST_H

#include "plan.h"

extern struct inventory inv;
extern struct profile profile;
extern struct plan plan;
extern struct slots dealt; /* before; none at first */

int plan_setup(void **state);
int plan_teardown(void **state);
/* Added in order of address; pointers stay good until the next one. */
struct pci_dev *add_dev(const char *address, int group, const char *driver);
struct profile_device *want(const char *address, enum group_policy policy);
void add_reserved(int group, uint64_t start, uint64_t size, const char *type);
void make_with(const struct plan_claim *claims, unsigned n);
void make(void);
/* Makes the plan, which must hold no refusal. */
void assert_accepted(void);
/* Exactly one refusal, of this class, that holds all of the words; NULL ends them. */
void assert_only_refusal(int code, ...);
void assert_warning(const char *word);
void assert_guest(unsigned index, unsigned bus, unsigned dev, unsigned fn);
/* A display adapter, wanted with `policy`, and its sound function behind a port: group 14. */
void gpu_and_audio(enum group_policy policy);

#endif
