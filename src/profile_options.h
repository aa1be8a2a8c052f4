/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of profile options, shared by what loads, writes and documents them. */
#ifndef BULKHEAD_PROFILE_OPTIONS_H
#define BULKHEAD_PROFILE_OPTIONS_H

#include "base/opt.h"

extern const struct opt_table profile_options; /* of struct profile */

#endif
