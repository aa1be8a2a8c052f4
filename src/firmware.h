/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of a guest's UEFI firmware: which ones a profile means, and whether they will do. For
 * `check`, which only looks, and for the machine, which uses them (machine_firmware.c).
 */
#ifndef BULKHEAD_FIRMWARE_H
#define BULKHEAD_FIRMWARE_H

#include <stdint.h>

#include "base/err.h"
#include "core/host.h"
#include "profile.h"
#include "varstore.h"

#define PORT_DEBUGCON 0x402

struct firmware_files {
	char vars[512], template[512];
	struct varstore_want want; /* points into the two and the profile */
};

/*
 * Reads and checks the code image: -errno of the file, errors of fv_check_code, -ENOTSUP for one that
 * needs SMM. `*ret_image` is page aligned and of `*ret_size` bytes; munmap it.
 */
int firmware_load_code(const struct profile *profile, void **ret_image, uint64_t *ret_size,
		       struct err *err);

/* Which store goes with code of this size; `files` stays where it is. -ENAMETOOLONG. */
int firmware_find_store(struct firmware_files *files, const struct profile *profile,
			const struct host *host, uint64_t code_size, struct err *err);

/* All of the above and varstore_check, without a trace. 0 at once for a profile without firmware. */
int firmware_check(const struct profile *profile, const struct host *host, struct err *err);

#endif
