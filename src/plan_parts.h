/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What plan_make is made of, in this order: which devices (plan_select.c, plan_fit.c), what they
 * cost and where RAM goes (plan_cost.c), where each appears in the guest (plan_guest.c), and what
 * the host is changed by (plan.c). Private to plan*.c.
 */
#ifndef BULKHEAD_PLAN_PARTS_H
#define BULKHEAD_PLAN_PARTS_H

#include "plan.h"

struct planner {
	struct plan *plan;
	const struct profile *profile;
	const struct inventory *inv;
	const struct plan_claim *claims;
	unsigned n_claims;
	bool no_memory; /* a refusal or warning could not be added */
};

/* One more reason why not. -errno class and text as for err_set. */
void plan_no(struct planner *planner, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void plan_warn(struct planner *planner, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* NULL when the plan does not have the device. */
const struct plan_device *plan_find(const struct plan *plan, const struct pci_dev *dev);

/* Fills plan->device[] with the profile's devices and, by policy, their siblings. */
void plan_select(struct planner *planner);

/* Every reason why this one function cannot be had: its kind, its group, its users. */
void plan_check_device(struct planner *planner, const struct pci_dev *dev);

/* RAM, pinning, address space, vectors, descriptors. Fills plan->layout but for mmio64. */
void plan_costs(struct planner *planner);

/* Guest slots, root ports, BARs and interrupt pins. */
void plan_guest(struct planner *planner);

/* Bytes that a device's ROM BAR takes in the guest, 0 = none. */
uint64_t plan_rom_size(const struct plan_device *device);

#endif
