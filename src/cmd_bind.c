/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `bulkhead bind|release DEVICE…`: devices to vfio-pci and back, without a VM of ours. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/parse.h"
#include "by_hand.h"
#include "cmd.h"
#include "core/pci_path.h"
#include "iommu/group.h"

#define TIMEOUT_MAX_S 3600

struct chosen {
	struct bdf bdf[CLI_REPEAT_MAX + 1];
	unsigned n;
};

int cmd_timeout(const struct cmd_args *args, struct host *host, struct err *err)
{
	uint64_t seconds;
	if (!args->timeout)
		return 0;
	if (parse_u64(args->timeout, &seconds) || !seconds || seconds > TIMEOUT_MAX_S)
		return err_set(err, -EINVAL, "--timeout %.32s: expected seconds, 1 to %d",
			       args->timeout, TIMEOUT_MAX_S);
	host->answer_ms = (unsigned)seconds * 1000;
	return 0;
}

static int choose_one(const struct host *host, const char *text, struct chosen *chosen,
		      struct err *err)
{
	struct bdf bdf;
	int r = by_hand_find(host, text, &bdf, err);
	for (unsigned i = 0; !r && i < chosen->n; i++)
		if (bdf_equal(chosen->bdf[i], bdf))
			return err_set(err, -EEXIST, "%s is named twice", bdf_text(bdf).s);
	if (!r)
		chosen->bdf[chosen->n++] = bdf;
	return r;
}

static int choose(const struct cmd_args *args, const struct host *host, struct chosen *chosen,
		  struct err *err)
{
	int r = choose_one(host, args->device, chosen, err);
	for (unsigned i = 0; !r && i < args->words.n; i++)
		r = choose_one(host, args->words.at[i], chosen, err);
	return r;
}

/* --- bind --- */

/* A set is bound whole or not at all; a device that was bound before stays so. */
static void take_back(const struct host *host, const struct chosen *chosen, const bool *was_bound,
		      unsigned n)
{
	struct err err = { 0 };
	for (unsigned i = n; i-- > 0;)
		if (!was_bound[i] && by_hand_release(host, chosen->bdf[i], true, &err))
			cli_fail(&err);
}

/* VFIO gives out a group whole or not at all. */
static void note_group(const struct host *host, struct bdf bdf)
{
	char group[32];
	struct group_text others;
	if (!file_link_name(host->sys, pci_path(bdf, "iommu_group").s, group, sizeof(group)) &&
	    group_blockers(host, atoi(group), &others))
		printf("  nobody can use it yet: IOMMU group %s also holds %s; bind that too\n",
		       group, others.s);
}

static int bind_all(const struct cmd_args *args, const struct host *host,
		    const struct chosen *chosen, struct err *err)
{
	bool was_bound[CLI_REPEAT_MAX + 1] = { false };
	for (unsigned i = 0; i < chosen->n; i++) {
		int r = by_hand_check_bind(host, chosen->bdf[i], args->force, err);
		if (r)
			return r;
	}
	for (unsigned i = 0; i < chosen->n; i++) {
		int r = by_hand_bind(host, chosen->bdf[i], args->force, err);
		was_bound[i] = r == 1 || r == -EALREADY;
		if (r < 0 && r != -EALREADY) {
			take_back(host, chosen, was_bound, i);
			return r;
		}
	}
	for (unsigned i = 0; i < chosen->n; i++) {
		printf("%s: %s vfio-pci\n", bdf_text(chosen->bdf[i]).s,
		       was_bound[i] ? "was already on" : "is now on");
		note_group(host, chosen->bdf[i]);
	}
	return 0;
}

/* --- release --- */

/* One that cannot be given back does not keep the others. */
static int release_all(const struct cmd_args *args, const struct host *host,
		       const struct chosen *chosen, struct err *err)
{
	int first = 0;
	for (unsigned i = 0; i < chosen->n; i++) {
		struct err why = { 0 };
		int r = by_hand_release(host, chosen->bdf[i], args->force, &why);
		if (!r)
			printf("%s: as it was before\n", bdf_text(chosen->bdf[i]).s);
		else if (first)
			cli_fail(&why);
		else
			*err = why;
		first = first ? first : r;
	}
	return first;
}

/* --- both --- */

static int choose_all(const struct cmd_args *args, struct host *host, struct chosen *chosen,
		      struct err *err)
{
	int r = cmd_timeout(args, host, err);
	return r ? r : choose(args, host, chosen, err);
}

static int bind_chosen(const struct cmd_args *args, struct host *host, struct err *err)
{
	struct chosen chosen = { .n = 0 };
	int r = choose_all(args, host, &chosen, err);
	return r ? r : bind_all(args, host, &chosen, err);
}

static int release_chosen(const struct cmd_args *args, struct host *host, struct err *err)
{
	struct chosen chosen = { .n = 0 };
	int r = choose_all(args, host, &chosen, err);
	return r ? r : release_all(args, host, &chosen, err);
}

int cmd_bind(int argc, char **argv)
{
	return cmd_on_host(CMD_BIND, argc, argv, NULL, bind_chosen);
}

int cmd_release(int argc, char **argv)
{
	return cmd_on_host(CMD_RELEASE, argc, argv, NULL, release_chosen);
}
