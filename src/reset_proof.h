/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a device came out of a reset as it went in. The kernel says that a reset was done, not
 * that the device lived through it: so what identifies and places it is read before and after.
 */
#ifndef BULKHEAD_RESET_PROOF_H
#define BULKHEAD_RESET_PROOF_H

#include <stdbool.h>

#include "base/bdf.h"
#include "base/text.h"
#include "core/host.h"
#include "device_config.h"

struct reset_proof {
	struct device_config config;
	bool answers;
};

/* A device that is not there does not answer. */
void reset_proof_read(const struct host *host, struct bdf bdf, struct reset_proof *ret);

/* As above, but waits for an answer for at most `wait_ms`. */
void reset_proof_await(const struct host *host, struct bdf bdf, unsigned wait_ms,
		       struct reset_proof *ret);

/*
 * Appends what is not as it was to `text`: ids, class, BARs, ROM, command, capabilities, a slower or
 * narrower link, a power state other than D0. True when there is something.
 */
bool reset_proof_differs(const struct reset_proof *before, const struct reset_proof *after,
			 struct text *text);

/*
 * Appends the error registers (AER, PCIe 6.0 §7.8.4) of the function, if it answers, and of the port
 * above it, which logs what happened to one that does not.
 */
void reset_proof_errors(const struct host *host, struct bdf bdf, struct text *text);

#endif
