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
	const struct vf_choices *vfs;
	const struct plan_claim *claims;
	unsigned n_claims;
	const struct slots *slots; /* NULL = none */
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

/* The VF chosen for what the profile wants; NULL when that is no VF. */
const struct vf_choice *plan_choice(const struct planner *planner,
				    const struct profile_device *wanted);
/* It is to be made first, and only its PF's word is known of it. */
bool plan_is_made(const struct planner *planner, const struct pci_dev *dev);
/* The changes that make VFs and those that set them up (plan_vf.c). */
void plan_vf_making(struct planner *planner);
void plan_vf_settings(struct planner *planner, const struct plan_device *device);
void plan_vf_warnings(struct planner *planner);
/* What an NVMe controller gives its VFs (plan_nvme.c); true when it is divided anew for that. */
bool plan_nvme_making(struct planner *planner, const struct vf_pf *pf);
void plan_nvme_online(struct planner *planner, const struct vf_choice *choice);
/* Whether it can; before the changes are listed. */
void plan_nvme_check(struct planner *planner);
/* A change to the host; NULL without memory, which is noted. */
struct action *plan_action(struct planner *planner, enum action_kind kind, struct bdf bdf);

/* Every reason why this one function cannot be had: its kind, its group, its users. */
void plan_check_device(struct planner *planner, const struct pci_dev *dev);

/* What the profile says of Intel's graphics (plan_igd.c). */
void plan_check_igd_options(struct planner *planner, const struct pci_dev *dev,
			    const struct profile_device *wanted);

/* RAM, pinning, address space, vectors, descriptors. Fills plan->layout but for mmio64. */
void plan_costs(struct planner *planner);

/* Ports of the AHCI controller (plan_ports.c). After plan->slots has what was dealt before. */
void plan_disk_ports(struct planner *planner);

/* Guest slots, root ports, BARs and interrupt pins. */
void plan_guest(struct planner *planner);

/* The hypervisor that the guest finds, with what it has of Hyper-V (plan_hypervisor.c). */
struct plan_hypervisor_text {
	char s[480];
};
struct plan_hypervisor_text plan_hypervisor_text(const struct plan *plan);

/* Bytes that a device's ROM BAR takes in the guest, 0 = none. */
uint64_t plan_rom_size(const struct plan_device *device);

#endif
