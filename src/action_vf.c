/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action_vf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "journal.h"
#include "sriov/vf.h"
#include "vf_held.h"
#include "vfio/bind.h"

/* For an undo: 1 when the PF has gone, and with it all there was to undo. */
static int find_pf(const struct host *host, const struct action *action, struct pf *ret,
		   struct err *err)
{
	int r = pf_read(host, action->bdf, ret, err);
	return r == -ENODEV ? 1 : r;
}

/* --- autoprobe: off --- */

int action_capture_vf_autoprobe(const struct host *host, struct action *action, struct err *err)
{
	struct pf pf;
	int r = pf_read(host, action->bdf, &pf, err);
	if (r)
		return r;
	snprintf(action->old_value, sizeof(action->old_value), "%d", pf.autoprobe);
	return !pf.autoprobe;
}

int action_do_vf_autoprobe(const struct host *host, const struct action *action, struct err *err)
{
	return pf_set_autoprobe(host, action->bdf, false, err);
}

int action_undo_vf_autoprobe(const struct host *host, const struct action *action, struct err *err)
{
	struct pf pf;
	int r = find_pf(host, action, &pf, err);
	if (r)
		return r < 0 ? r : 0;
	return pf_set_autoprobe(host, action->bdf, strcmp(action->old_value, "0") != 0, err);
}

void action_text_vf_autoprobe(const struct action *action, char *buf, size_t size)
{
	snprintf(buf, size, "keep host drivers from new VFs of %s", bdf_text(action->bdf).s);
}

/* --- settings of one VF --- */

int action_capture_vf_settings(const struct host *host, struct action *action, struct err *err)
{
	struct vf_settings old;
	struct pf pf;
	int r = pf_read(host, action->bdf, &pf, err);
	if (!r)
		r = vf_read(host, &pf, action->number, &old, err);
	if (r)
		return r == -ENODATA && !action->settings ? 1 : r;
	if (action->fresh)
		old = (struct vf_settings){ 0 };
	vf_settings_pack(action->number, &old, action->old_value, sizeof(action->old_value));
	return 0;
}

int action_do_vf_settings(const struct host *host, const struct action *action, struct err *err)
{
	struct pf pf;
	if (!action->settings)
		return 0;
	int r = pf_read(host, action->bdf, &pf, err);
	return r ? r : vf_apply(host, &pf, action->number, action->settings, err);
}

static int damaged(const struct action *action, struct err *err)
{
	return err_set(err, -EBADMSG, "%s: no old state of a VF is '%s'", bdf_text(action->bdf).s,
		       action->old_value);
}

int action_undo_vf_settings(const struct host *host, const struct action *action, struct err *err)
{
	struct vf_settings old;
	struct pf pf;
	unsigned index;
	if (vf_settings_unpack(action->old_value, &index, &old))
		return damaged(action, err);
	int r = find_pf(host, action, &pf, err);
	if (r < 0)
		return r;
	/* The PF was pulled out, or lost its VFs in a reset: nothing is left of the change. */
	if (r || index >= pf.count) {
		log_warn("VF %u of %s has gone%s: there is nothing to give back", index,
			 bdf_text(action->bdf).s, r ? " with it" : "");
		return 0;
	}
	return vf_apply(host, &pf, index, &old, err);
}

void action_text_vf_settings(const struct action *action, char *buf, size_t size)
{
	const struct vf_settings *settings = action->settings;
	struct text text = text_in(buf, size);
	unsigned index = action->number;
	if (*action->old_value)
		index = (unsigned)strtoul(action->old_value, NULL, 10);
	text_put(&text, "%ssettings of VF %u of %s",
		 settings || *action->old_value ? "" : "remember the ", index,
		 bdf_text(action->bdf).s);
	for (unsigned i = 0; settings && i < N_VF_KEYS; i++)
		if (settings->known & VF_BIT(i))
			text_put(&text, " %s=%s", vf_key_word((enum vf_key)i),
				 vf_value_text(settings, (enum vf_key)i).s);
}

/* --- driver of one VF, for when it is made again --- */

int action_capture_vf_driver(const struct host *host, struct action *action, struct err *err)
{
	struct bdf vf;
	int r = pf_vf(host, action->bdf, action->number, &vf);
	if (!r)
		r = bind_state(host, vf, action->old_driver, action->old_override,
			       sizeof(action->old_driver));
	if (r)
		return err_set(err, r, "%s: VF %u has gone", bdf_text(action->bdf).s,
			       action->number);
	snprintf(action->old_value, sizeof(action->old_value), "%u", action->number);
	return !*action->old_driver && !*action->old_override;
}

int action_do_vf_driver(const struct host *host, const struct action *action, struct err *err)
{
	(void)host;
	(void)action;
	(void)err;
	return 0;
}

int action_undo_vf_driver(const struct host *host, const struct action *action, struct err *err)
{
	char driver[NAME_MAX_SHORT], override[NAME_MAX_SHORT];
	uint64_t index;
	struct bdf vf;
	if (parse_u64(action->old_value, &index) || index > UINT16_MAX)
		return damaged(action, err);
	/* One with a driver is not one made again: it was never taken away. */
	if (pf_vf(host, action->bdf, (unsigned)index, &vf) ||
	    bind_state(host, vf, driver, override, sizeof(driver)) || *driver)
		return 0;
	return bind_restore(host, vf, action->old_driver, action->old_override, err);
}

void action_text_vf_driver(const struct action *action, char *buf, size_t size)
{
	if (*action->old_value)
		snprintf(buf, size, "driver of VF %s of %s", action->old_value,
			 bdf_text(action->bdf).s);
	else
		snprintf(buf, size, "remember the driver of VF %u of %s", action->number,
			 bdf_text(action->bdf).s);
}

/* --- number of VFs --- */

int action_capture_vf_count(const struct host *host, struct action *action, struct err *err)
{
	struct pf pf;
	int r = pf_read(host, action->bdf, &pf, err);
	if (r)
		return r;
	snprintf(action->old_value, sizeof(action->old_value), "%u", pf.count);
	return pf.count == action->number;
}

/* Nobody holds a VF, and no run can come to hold one before the number is another. */
static int change_count(const struct host *host, const struct pf *pf, unsigned count,
			const char *owner, struct err *err)
{
	autoclose int lock_fd = -1;
	int r = journal_lock_claims(host, &lock_fd, err);
	if (!r)
		r = vf_check_free(host, pf, owner, err);
	return r ? r : pf_set_count(host, pf->bdf, count, err);
}

int action_do_vf_count(const struct host *host, const struct action *action, struct err *err)
{
	struct pf pf;
	int r = pf_read(host, action->bdf, &pf, err);
	return r ? r : change_count(host, &pf, action->number, action->owner, err);
}

int action_undo_vf_count(const struct host *host, const struct action *action, struct err *err)
{
	uint64_t old;
	struct pf pf;
	if (parse_u64(action->old_value, &old) || old > UINT16_MAX)
		return damaged(action, err);
	int r = find_pf(host, action, &pf, err);
	if (r)
		return r < 0 ? r : 0;
	if (pf.count == old)
		return 0;
	r = pf_set_autoprobe(host, action->bdf, false, err);
	return r ? r : change_count(host, &pf, (unsigned)old, action->owner, err);
}

void action_text_vf_count(const struct action *action, char *buf, size_t size)
{
	const char *old = *action->old_value ? action->old_value : "unknown";
	if (action->number)
		snprintf(buf, size, "make %u VF%s of %s (before: %s)", action->number,
			 action->number == 1 ? "" : "s",
			 bdf_text(action->bdf).s, old);
	else
		snprintf(buf, size, "number of VFs of %s (before: %s)", bdf_text(action->bdf).s,
			 old);
}
