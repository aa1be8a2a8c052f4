/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes to a PF's VFs that are to last, each all or nothing. What was there is in a journal
 * (/run/bulkhead/vf-ADDRESS) until the change is complete and read back; a failure puts it back at
 * once, and after a kill `bulkhead recover` does.
 */
#ifndef BULKHEAD_VF_CHANGE_H
#define BULKHEAD_VF_CHANGE_H

#include "sriov/pf.h"
#include "sriov/settings.h"

/*
 * Exactly `count` VFs (0..total). Those that were there before and are there after keep settings
 * and driver; new ones have no driver, and each without a MAC gets its stable one. -EBUSY with the
 * holder when a VF is held; any other error names what failed and says that all is as before, or
 * what is not.
 */
int vf_change_count(const struct host *host, struct bdf pf, unsigned count, struct err *err);

/* What `want` knows for VF `index`; errors as above. */
int vf_change_settings(const struct host *host, struct bdf pf, unsigned index,
		       const struct vf_settings *want, struct err *err);

/*
 * -EBUSY while such a change of the PF is being made, -EUCLEAN when one was killed and not recovered,
 * each with a text; else 0.
 */
int vf_change_pending(const struct host *host, struct bdf pf, struct err *err);

#endif
