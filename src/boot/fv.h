/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What UEFI firmware images say of themselves: whether a file is code, a variable store, or neither,
 * and whether two of them belong together. Pure functions over untrusted bytes; formats from the
 * UEFI Platform Initialization specification 1.7, volume 3 §3.2 (firmware volumes), and edk2's
 * MdeModulePkg/Include/Guid/VariableFormat.h (variables).
 */
#ifndef BULKHEAD_BOOT_FV_H
#define BULKHEAD_BOOT_FV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define FV_IMAGE_MAX (UINT64_C(16) << 20) /* of code and store together */

/*
 * Whether `image` is firmware code for an x86 processor that starts at its end. -ENOEXEC with what it
 * looks like instead; `name` is how messages call it.
 */
int fv_check_code(const char *name, const void *image, size_t size, struct err *err);

/*
 * Whether `image` is a variable store with authenticated variables: header, checksum, sizes, and all
 * variables in it up to the end of the list. One that firmware was writing when it was stopped, and
 * will repair itself, is good. -ENOEXEC for something else, -EUCLEAN for a damaged one.
 */
int fv_check_store(const char *name, const void *image, size_t size, struct err *err);

/*
 * Whether code and store were built for each other: together they fill 1, 2, 4, 8 or 16 MiB. -EINVAL
 * with both sizes, and the store's size that would fit.
 */
int fv_check_pair(const char *code, uint64_t code_size, const char *store, uint64_t store_size,
		  struct err *err);
/* Size of the store that belongs to code of this size; 0 when it has an impossible size. */
uint64_t fv_store_size(uint64_t code_size);

/* Whether a store that fv_check_store takes has a platform key, so that Secure Boot is on. */
bool fv_store_has_keys(const void *image, size_t size);

#endif
