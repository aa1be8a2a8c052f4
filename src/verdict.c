/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verdict.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "iommu/group.h"

static const struct plan_claim *claim_of(const struct plan_claim *claims, unsigned n,
					 const struct pci_dev *dev)
{
	for (unsigned i = 0; i < n; i++)
		if (bdf_equal(claims[i].bdf, dev->bdf))
			return &claims[i];
	return NULL;
}

static bool is_reserved(const struct inventory *inv, const struct pci_dev *dev)
{
	for (size_t i = 0; i < inv->reserved.n; i++)
		if (inv->reserved.at[i].group == dev->group &&
		    !strcmp(inv->reserved.at[i].type, "direct"))
			return true;
	return false;
}

/* Those in its group that host drivers are on: functions of its own device, and others. */
struct blockers {
	char own[120], others[120];
	unsigned n_own, n_others;
};

static void find_blockers(const struct inventory *inv, const struct pci_dev *dev,
			  struct blockers *ret)
{
	struct text own = text_in(ret->own, sizeof(ret->own));
	struct text others = text_in(ret->others, sizeof(ret->others));
	ret->n_own = ret->n_others = 0;
	for (size_t i = 0; i < inv->devs.n; i++) {
		const struct pci_dev *other = &inv->devs.at[i];
		if (other->group != dev->group || other == dev || !*other->driver ||
		    group_driver_harmless(other->driver))
			continue;
		bool mine = bdf_same_device(other->bdf, dev->bdf);
		unsigned *n = mine ? &ret->n_own : &ret->n_others;
		text_put(mine ? &own : &others, "%s%s", (*n)++ ? ", " : "", bdf_text(other->bdf).s);
	}
}

static enum verdict_kind judge(const struct inventory *inv, const struct plan_claim *claim,
			       const struct pci_dev *dev)
{
	if (pci_dev_is_bridge(dev))
		return VERDICT_BRIDGE;
	if (claim)
		return claim->stale ? VERDICT_LEFT_OVER : VERDICT_IN_USE;
	if (dev->host_uses)
		return VERDICT_HOSTS_OWN;
	if (dev->group < 0)
		return VERDICT_NO_GROUP;
	if (is_reserved(inv, dev))
		return VERDICT_RESERVED;
	return dev->n_vfs ? VERDICT_HAS_VFS : VERDICT_READY;
}

struct verdict verdict_of(const struct inventory *inv, const struct plan_claim *claims,
			  unsigned n_claims, const struct pci_dev *dev)
{
	const struct plan_claim *claim = claim_of(claims, n_claims, dev);
	struct verdict verdict = { .kind = judge(inv, claim, dev) };
	struct text text = text_in(verdict.text, sizeof(verdict.text));
	struct blockers blockers;
	if (verdict.kind == VERDICT_READY) {
		find_blockers(inv, dev, &blockers);
		verdict.kind = blockers.n_others ? VERDICT_NOT_ISOLATED
			       : blockers.n_own  ? VERDICT_SIBLINGS
						 : VERDICT_READY;
	}
	switch (verdict.kind) {
	case VERDICT_READY:
		text_put(&text, "ready");
		break;
	case VERDICT_BRIDGE:
		text_put(&text, "bridge");
		break;
	case VERDICT_NO_GROUP:
		text_put(&text, "not isolated: no IOMMU group");
		break;
	case VERDICT_HOSTS_OWN:
		text_put(&text, "host's own: %s", dev->use_detail);
		break;
	case VERDICT_IN_USE:
		text_put(&text, "in use by %s", claim->owner);
		break;
	case VERDICT_LEFT_OVER:
		text_put(&text, "left by %s: recover", claim->owner);
		break;
	case VERDICT_RESERVED:
		text_put(&text, "firmware keeps memory for it");
		break;
	case VERDICT_HAS_VFS:
		text_put(&text, "has %u VFs enabled", dev->n_vfs);
		break;
	case VERDICT_SIBLINGS:
		text_put(&text, "needs its sibling %s", blockers.own);
		break;
	case VERDICT_NOT_ISOLATED:
		text_put(&text, "not isolated from %s", blockers.others);
		break;
	case N_VERDICTS:
		break;
	}
	return verdict;
}

const char *verdict_word(enum verdict_kind kind)
{
	static const char *const words[N_VERDICTS] = {
		[VERDICT_READY] = "ready",
		[VERDICT_BRIDGE] = "bridge",
		[VERDICT_NO_GROUP] = "no-group",
		[VERDICT_HOSTS_OWN] = "hosts-own",
		[VERDICT_IN_USE] = "in-use",
		[VERDICT_LEFT_OVER] = "left-over",
		[VERDICT_RESERVED] = "reserved",
		[VERDICT_HAS_VFS] = "has-vfs",
		[VERDICT_SIBLINGS] = "needs-sibling",
		[VERDICT_NOT_ISOLATED] = "not-isolated",
	};
	return words[kind];
}
