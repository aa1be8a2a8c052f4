/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of profile options, shared by what loads, writes and documents them. */
#ifndef BULKHEAD_PROFILE_OPTIONS_H
#define BULKHEAD_PROFILE_OPTIONS_H

#include "base/opt.h"
#include "profile.h"

extern const struct opt_table profile_options; /* of struct profile */
/* Of struct profile: `display`, `input`, `looking_glass`. */
extern const struct opt_table profile_display_options, profile_input_options,
	profile_looking_glass_options;
extern const struct opt_table profile_device_options; /* of struct profile_device */
extern const struct opt_table profile_disk_options; /* of struct profile_disk */
extern const struct opt_table profile_hyperv_options, profile_identity_options; /* of struct profile */
extern const struct opt_table profile_firmware_options; /* of struct profile */

/*
 * What one row cannot say of an entry of `devices`: it has either `pci` or `vf`, a VF's settings only
 * with `vf`, and they fit together (profile_vf.c). -EINVAL.
 */
int profile_check_devices(const struct profile *profile, struct err *err);

/* That no two devices or disks have one `boot_index`, and firmware to read it. -EEXIST, -EINVAL. */
int profile_check_boot_order(const struct profile *profile, struct err *err);

/* That what is said of `hypervisor` and of `hyperv` goes together. -EINVAL. */
int profile_check_hypervisor(const struct profile *profile, struct err *err);

#endif
