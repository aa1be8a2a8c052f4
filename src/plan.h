/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Profile × inventory → a plan: every change to the host in order, where everything goes in the
 * guest, and what it costs; or every reason why not, all at once. A pure function: it reads no file
 * and changes nothing. `check` prints it, `run` carries it out.
 */
#ifndef BULKHEAD_PLAN_H
#define BULKHEAD_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "action.h"
#include "base/err.h"
#include "base/vec.h"
#include "core/inventory.h"
#include "core/layout.h"
#include "kvm/hyperv.h"
#include "pci/window.h"
#include "profile.h"
#include "slots.h"
#include "vf_choice.h"

#define PLAN_MAX_DEVICES 64
#define PLAN_MAX_PORTS 28
#define PLAN_MAX_PFS PROFILE_MAX_DEVICES
#define PLAN_ROM_MAX (UINT64_C(1) << 24) /* the largest expansion ROM, PCI 3.0 §6.2.5.2 */

/* Everything that speaks against running, each with object, cause and next step. */
struct refusal {
	int code; /* negative errno class, for --json */
	char text[ERR_TEXT_MAX];
};

struct plan_device {
	const struct pci_dev *dev;
	const struct profile_device *wanted; /* NULL for a sibling taken or held along */
	bool held;                           /* bound to vfio-pci but not given to the guest */
	struct bdf guest;                    /* where it appears; unset when held */
	unsigned port;               /* index of its root port; WINDOW_ON_ROOT when on bus 0 */
	unsigned gsi;                /* of its INTx pin, 0 = none */
	uint64_t bar_addr[PCI_BARS]; /* guest addresses, 0 = absent */
};

/* A function of the machine's own on bus 0 (AHCI, …) and its BARs. */
#define PLAN_MAX_OWN 8
enum plan_own_kind { PLAN_OWN_AHCI, PLAN_OWN_IVSHMEM };
struct plan_own {
	enum plan_own_kind kind;
	const char *name; /* for people */
	struct bdf guest;
	unsigned gsi; /* of INTA, 0 = none */
	struct {
		enum bar_kind kind;
		bool prefetch;
		uint64_t size, addr;
	} bar[PCI_BARS];
};

struct plan_port {
	uint8_t slot; /* device number on bus 0 */
	struct pci_windows windows;
};

struct plan {
	const struct profile *profile;     /* borrowed */
	const struct inventory *inventory; /* borrowed */
	struct layout layout;
	enum iommu_kind iommu;
	struct hv_choice hyperv; /* plan_check_hypervisor; nothing on = not offered */
	struct plan_device device[PLAN_MAX_DEVICES];
	unsigned n_devices;
	struct plan_port port[PLAN_MAX_PORTS];
	unsigned n_ports;
	struct plan_own own[PLAN_MAX_OWN];
	unsigned n_own;
	unsigned disk_port[PROFILE_MAX_DISKS]; /* by disk of the profile: of the AHCI controller */
	struct slots slots; /* those dealt before, and those dealt now */
	bool slots_are_new; /* there is something to keep */
	/* PFs whose number of VFs the run changes, or has changed: claimed with all of their VFs. */
	struct bdf pf[PLAN_MAX_PFS];
	unsigned n_pfs;
	vec(struct action) actions;
	unsigned n_making; /* the first of them, which make VFs; after them the plan is made anew */
	vec(struct refusal) refusals;
	vec(struct refusal) warnings;
	uint64_t pinned_bytes, memlock_needed, bar_bytes;
	unsigned vectors, fds;
};

struct plan_claim {
	struct bdf bdf;
	char owner[64]; /* profile name */
	bool stale;     /* its run was killed; `bulkhead recover` has to undo it first */
};
/* Who has the device, and what to do about it. */
struct plan_claim_text {
	char s[224];
};
struct plan_claim_text plan_claim_text(const struct plan_claim *claim);
/* What a plan is made of beside the profile; all borrowed. */
struct plan_facts {
	const struct inventory *inv;
	const struct vf_choices *vfs;
	const struct plan_claim *claims;
	unsigned n_claims;
	const struct slots *slots;  /* dealt before; NULL = none */
	const char *slots_unknown;  /* why they may not be all; NULL = they are */
};
/*
 * Never fails for a reason the user could mend: that becomes a refusal. -ENOMEM only. `vfs` are the
 * VFs chosen for the profile's entries; `claims` are devices that other runs hold (journal_claims).
 * `plan` need not be initialised; plan_fini also after a failure.
 */
int plan_make(struct plan *plan, const struct profile *profile, const struct plan_facts *facts);
void plan_fini(struct plan *plan);

/* What the plan will want to know of: for inventory_read_for. Returns how many. */
unsigned plan_wants(const struct profile *profile, const struct vf_choices *vfs,
		    struct inventory_want ret[PROFILE_MAX_DEVICES]);

/* Adds a refusal from outside the pure part (KVM, kernel image, …). */
int plan_refuse(struct plan *plan, const struct err *err);

/*
 * Not part of the pure function: whether the ROM file that the profile gives a device can be read, is
 * an option ROM to its end, and the device's. -errno with the text for plan_refuse; what may be right
 * after all becomes a warning of the plan.
 */
int plan_check_rom(struct plan *plan, const struct plan_device *device, struct err *err);

/* Nor this: whether the profile's disks can be opened. Becomes refusals. -ENOMEM. */
int plan_check_disks(struct plan *plan, const struct host *host);

/*
 * Nor this: whether the host has what graphics of Intel's processors need beside them. Becomes warnings.
 * -ENOMEM.
 */
int plan_check_igd(struct plan *plan, const struct host *host);
/* Memory that a profile asks for beside RAM (Intel's graphics). */
uint64_t plan_stolen(const struct profile *profile);

/* What an entry of `disks` means for core/disk.h, and the serial number its guest sees. */
struct disk_config profile_disk_config(const struct profile_disk *disk);
struct profile_disk_serial {
	char s[21];
};
struct profile_disk_serial profile_disk_serial(const struct profile_disk *disk);

/*
 * Nor this: whether the devices are those that the profile's `identity` means. Becomes refusals.
 * -ENOMEM.
 */
int plan_check_identities(struct plan *plan, const struct host *host);

/*
 * Nor this: whether KVM has of the Hyper-V interface what the profile asks for, which fills
 * plan->hyperv. What is asked for by name and missing becomes a refusal, what a preset has and KVM
 * lacks a warning. -ENOMEM.
 */
int plan_check_hypervisor(struct plan *plan, const struct host *host);
/* The pure half of it; `offer` NULL = not known, taken for all of it. */
int plan_hypervisor(struct plan *plan, const struct hv_offer *offer);

/*
 * Nor this: who has the plan's devices open or in use now. Becomes refusals, or warnings where the
 * profile takes by force. -errno when it cannot be found out.
 */
int plan_check_holders(struct plan *plan, const struct host *host, struct err *err);

void plan_print(const struct plan *plan, FILE *out, bool colour);
json_t *plan_json(const struct plan *plan); /* new reference, NULL without memory */

#endif
