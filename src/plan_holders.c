/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has the plan's devices at this moment: read from the host, so not part of the pure function. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "core/holder.h"
#include "device_config.h"
#include "plan.h"
#include "quarantine.h"

#define NAMED_MAX 4 /* holders of one device that a refusal names */

/* "dd (pid 7) has it open (/dev/nvme0); … and 3 more"; "" when nobody has it. */
static unsigned list_holders(const dev_holders *list, size_t fn, const struct pci_dev *dev,
			     struct text *text)
{
	unsigned n = 0;
	for (size_t i = 0; i < list->n; i++) {
		const struct dev_holder *holder = &list->at[i];
		if (holder->fn != fn || !dev_holder_matters(holder, dev))
			continue;
		if (n++ < NAMED_MAX)
			text_put(text, "%s%s", n > 1 ? "; " : "", holder->s);
	}
	if (n > NAMED_MAX)
		text_put(text, "; and %u more", n - NAMED_MAX);
	return n;
}

static int refuse(struct plan *plan, struct bdf bdf, const char *who)
{
	struct err err = { 0 };
	err_set(&err, -EBUSY, "%s is in use: %s; free it, or take it with \"force = true\"",
		bdf_text(bdf).s, who);
	return plan_refuse(plan, &err);
}

static int warn(struct plan *plan, struct bdf bdf, const char *who)
{
	struct refusal *warning = vec_push(&plan->warnings);
	if (!warning)
		return -ENOMEM;
	snprintf(warning->text, sizeof(warning->text), "%s is taken by force from its users (%s)",
		 bdf_text(bdf).s, who);
	return 0;
}

static int judge(struct plan *plan, const dev_holders *list)
{
	int r = 0;
	for (unsigned i = 0; !r && i < plan->n_devices; i++) {
		char who[ERR_TEXT_MAX - 128];
		struct text text = text_in(who, sizeof(who));
		const struct pci_dev *dev = plan->device[i].dev;
		if (list_holders(list, i, dev, &text))
			r = (plan->profile->force ? warn : refuse)(plan, dev->bdf, who);
	}
	return r;
}

/* Neither a guest nor vfio-pci gets what does not answer, whatever the profile says. */
static int judge_quarantined(struct plan *plan, const struct host *host)
{
	int r = 0;
	for (unsigned i = 0; !r && i < plan->n_devices; i++) {
		struct bdf bdf = plan->device[i].dev->bdf;
		struct err why = { 0 };
		if (!quarantine_check(host, bdf, &why) && device_config_is_dead(host, bdf))
			err_set(&why, -EIO,
				"%s does not answer: its configuration space is all ones; bulkhead "
				"reset %s, or restart the machine",
				bdf_text(bdf).s, bdf_text(bdf).s);
		if (why.code)
			r = plan_refuse(plan, &why);
	}
	return r;
}

int plan_check_holders(struct plan *plan, const struct host *host, struct err *err)
{
	struct bdf fn[PLAN_MAX_DEVICES];
	dev_holders list = { 0 };
	for (unsigned i = 0; i < plan->n_devices; i++)
		fn[i] = plan->device[i].dev->bdf;
	int r = dev_holders_find(host, fn, plan->n_devices, &list, err);
	if (!r && (judge(plan, &list) || judge_quarantined(plan, host)))
		r = err_errno(err, -ENOMEM, "who uses the devices");
	vec_free(&list);
	return r;
}
