/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action_nvme.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "sriov/nvme.h"

static int damaged(const struct action *action, struct err *err)
{
	return err_set(err, -EBADMSG, "%s: no old state of an NVMe controller is '%s'",
		       bdf_text(action->bdf).s, action->old_value);
}

/* Whatever else was there to undo went with the PF, or with its driver. */
static bool has_gone(const struct host *host, const struct action *action)
{
	if (nvme_is(host, action->bdf))
		return false;
	log_warn("%s: its NVMe driver has gone, and what its VFs had with it",
		 bdf_text(action->bdf).s);
	return true;
}

/* --- what the primary keeps: QUEUES_VECTORS --- */

int action_capture_nvme_primary(const struct host *host, struct action *action, struct err *err)
{
	struct nvme_primary now;
	int r = nvme_read_primary(host, action->bdf, &now, err);
	if (r)
		return r;
	snprintf(action->old_value, sizeof(action->old_value), "%u_%u", now.queues.primary,
		 now.vectors.primary);
	return now.queues.primary == action->queues && now.vectors.primary == action->vectors;
}

int action_do_nvme_primary(const struct host *host, const struct action *action, struct err *err)
{
	return nvme_set_primary(host, action->bdf, action->queues, action->vectors, err);
}

int action_undo_nvme_primary(const struct host *host, const struct action *action, struct err *err)
{
	struct nvme_primary now;
	unsigned queues, vectors;
	if (sscanf(action->old_value, "%u_%u", &queues, &vectors) != 2)
		return damaged(action, err);
	if (has_gone(host, action))
		return 0;
	int r = nvme_read_primary(host, action->bdf, &now, err);
	if (r || (now.queues.primary == queues && now.vectors.primary == vectors))
		return r;
	return nvme_set_primary(host, action->bdf, queues, vectors, err);
}

void action_text_nvme_primary(const struct action *action, char *buf, size_t size)
{
	unsigned queues = 0, vectors = 0;
	sscanf(action->old_value, "%u_%u", &queues, &vectors);
	if (action->queues_are_known)
		snprintf(buf, size,
			 "leave %u flexible queues and %u interrupts to NVMe controller %s, by a "
			 "reset of it (before: %u and %u)",
			 action->queues, action->vectors, bdf_text(action->bdf).s, queues, vectors);
	else
		snprintf(buf, size, "flexible queues and interrupts of NVMe controller %s",
			 bdf_text(action->bdf).s);
}

/* --- one VF: INDEX_ONLINE_QUEUES_VECTORS --- */

int action_capture_nvme_vf(const struct host *host, struct action *action, struct err *err)
{
	struct nvme_secondary now;
	int r = nvme_read_secondary(host, action->bdf, action->number, &now, err);
	if (r)
		return r;
	snprintf(action->old_value, sizeof(action->old_value), "%u_%d_%u_%u", action->number,
		 now.online, now.queues, now.vectors);
	return now.online && now.queues == action->queues && now.vectors == action->vectors;
}

int action_do_nvme_vf(const struct host *host, const struct action *action, struct err *err)
{
	const struct nvme_secondary want = { .online = true,
					     .queues = action->queues,
					     .vectors = action->vectors };
	return nvme_set_secondary(host, action->bdf, action->number, &want, err);
}

int action_undo_nvme_vf(const struct host *host, const struct action *action, struct err *err)
{
	struct nvme_secondary old = { 0 };
	unsigned index, online;
	struct bdf vf;
	if (sscanf(action->old_value, "%u_%u_%u_%u", &index, &online, &old.queues, &old.vectors) !=
	    4)
		return damaged(action, err);
	old.online = online != 0;
	/* A VF that is not there cannot be brought online; what it has is taken back all the same. */
	if (pf_vf(host, action->bdf, index, &vf))
		old.online = false;
	if (has_gone(host, action))
		return 0;
	return nvme_set_secondary(host, action->bdf, index, &old, err);
}

void action_text_nvme_vf(const struct action *action, char *buf, size_t size)
{
	unsigned index = action->number;
	if (*action->old_value)
		sscanf(action->old_value, "%u", &index);
	if (action->queues_are_known)
		snprintf(buf, size,
			 "bring VF %u of NVMe controller %s online with %u queues and %u "
			 "interrupts",
			 index, bdf_text(action->bdf).s, action->queues, action->vectors);
	else
		snprintf(buf, size, "state and resources of VF %u of NVMe controller %s", index,
			 bdf_text(action->bdf).s);
}
