/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reversible changes to the host, one by one: what each does, and how it is undone. The plan lists
 * them, the journal records them and sees that none is forgotten.
 */
#ifndef BULKHEAD_ACTION_H
#define BULKHEAD_ACTION_H

#include <stdbool.h>

#include "base/bdf.h"
#include "base/err.h"
#include "core/host.h"
#include "core/inventory.h"

enum action_kind {
	ACTION_BIND_VFIO,         /* device: driver_override, unbind, probe */
	ACTION_UNSAFE_TYPE1,      /* vfio_iommu_type1.allow_unsafe_interrupts = Y */
	ACTION_UNSAFE_IOMMUFD,    /* iommufd.allow_unsafe_interrupts = Y */
	ACTION_POWER_ON, /* device: power/control = on (no runtime suspend while assigned) */
	ACTION_NO_D3COLD,         /* device: d3cold_allowed = 0: a guest may not lose its power */
	ACTION_VTCON,             /* text consoles off the framebuffers */
	ACTION_FRAMEBUFFER,       /* display: firmware's framebuffer off its driver */
	ACTION_RESET_METHOD,      /* device: reset_method, saved while each is tried */
	ACTION_VF_AUTOPROBE,      /* PF: sriov_drivers_autoprobe = 0 */
	ACTION_VF_SETTINGS,       /* PF: `settings` of VF `number`; NULL: only saved */
	ACTION_VF_DRIVER,         /* PF: driver of VF `number`, saved for when it is made again */
	ACTION_VF_COUNT,          /* PF: `number` VFs */
	ACTION_NVME_PRIMARY,      /* PF: `queues` and `vectors` it keeps of the flexible ones */
	ACTION_NVME_VF,           /* PF: VF `number` online with `queues` and `vectors` */
	ACTION_MEMORY_DECODE,     /* device: memory decoding on, for its ROM to be read */
	ACTION_ROM_SHOWN,         /* device: rom = 1 (the kernel lets it be read) */
	N_ACTION_KINDS
};

/* Changes that are the host's as a whole: their action has no device. */
static inline bool action_is_of_host(enum action_kind kind)
{
	return kind == ACTION_UNSAFE_TYPE1 || kind == ACTION_UNSAFE_IOMMUFD ||
	       kind == ACTION_VTCON;
}

struct vf_settings;

struct action {
	enum action_kind kind;
	struct bdf bdf; /* zero for a change that is not a device's */
	/* What to go back to; the plan's guess from the inventory until action_capture reads it. */
	char old_driver[NAME_MAX_SHORT], old_override[NAME_MAX_SHORT];
	char old_value[NAME_MAX_SHORT];
	/* What to change to, where the kind leaves it open. Not recorded: undo needs none of it. */
	unsigned number;
	const struct vf_settings *settings; /* borrowed */
	unsigned queues, vectors;
	bool queues_are_known; /* the two above say something */
	bool fresh; /* a VF that the plan makes: its count's undo destroys it, nothing is to be saved */
	/* The run that acts: what it has claimed itself is in nobody's way. The journal sets it. */
	const char *owner; /* borrowed */
};

/* `bind`, `power`, `vf-count` …; -EINVAL from the other direction for any other word. */
const char *action_word(enum action_kind kind);
int action_from_word(const char *word, enum action_kind *ret_kind);

/* For people: "bind 0000:01:00.0 to vfio-pci (from nvme)". */
struct action_text {
	char s[192];
};
struct action_text action_text(const struct action *action);

/*
 * Reads the present state into the old_ fields. 1 when there is nothing to change (it is so
 * already, or the host has no such setting), else 0; -ENODEV and others with a text.
 */
int action_capture(const struct host *host, struct action *action, struct err *err);

/* Makes the change. On failure it may be half made: undo it. */
int action_do(const struct host *host, const struct action *action, struct err *err);

/*
 * True when the undo of older records of the same device has to wait for this one's: what they put
 * back, this one's undo would destroy again.
 */
bool action_goes_first(const struct action *action);

/* Back to the old_ fields, from whatever state. Already so, or the device gone, is success. */
int action_undo(const struct host *host, const struct action *action, struct err *err);

#endif
