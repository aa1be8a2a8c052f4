/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What we ask of the host's KVM before anything is made: that /dev/kvm opens, speaks API 12 and has
 * every capability of one table. Each row says what it is for, so that a refusal explains itself.
 */
#ifndef BULKHEAD_KVM_CAPS_H
#define BULKHEAD_KVM_CAPS_H

#include <stddef.h>

#include "base/err.h"

struct cap_row {
	int cap;      /* KVM_CAP_*, linux/kvm.h */
	int at_least; /* smallest result of KVM_CHECK_EXTENSION that will do */
	const char *name;
	const char *why;
};
extern const struct cap_row required_caps[];
extern const size_t n_required_caps;

/*
 * Opens /dev/kvm below `dev_dirfd` and checks version and table. The fd, or -errno with a text that
 * says what to do: -ENOENT no device, -EACCES, -EBUSY, -EPROTO another API, -EOPNOTSUPP.
 */
int caps_open_kvm(int dev_dirfd, struct err *err);

/* The text for a failure of KVM_CREATE_VM; the hardware may be switched off or taken only here. */
int caps_create_failed(int error, struct err *err);

#endif
