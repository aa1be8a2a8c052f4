/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "prepare.h"

#include <errno.h>
#include <string.h>

#include "journal.h"
#include "kvm/vm.h"

#define CLAIMS_MAX 256

static int add_refusal(struct plan *plan, int found, const struct err *err)
{
	return found ? plan_refuse(plan, err) : 0;
}

static int examine_kvm(struct prepared *p)
{
	struct err why = { 0 };
	return add_refusal(&p->plan, vm_check_host(p->host.dev, &why), &why);
}

static int examine_guest(struct prepared *p, const struct profile *profile)
{
	struct err why = { 0 };
	int r = linux_open(&p->image, profile->boot.kernel, profile->boot.initrd,
			   profile->boot.cmdline, &why);
	/* Without a layout there is a refusal already, and nothing to fit into. */
	if (!r && p->plan.layout.n_ram)
		r = linux_check_fit(&p->image, &p->plan.layout, &why);
	return add_refusal(&p->plan, r, &why);
}

/* ROM files are read when a device is opened; by then the host would have been changed. */
static int examine_roms(struct prepared *p)
{
	for (unsigned i = 0; i < p->plan.n_devices; i++) {
		struct err why = { 0 };
		int r = plan_check_rom(&p->plan.device[i], &why);
		if (add_refusal(&p->plan, r, &why))
			return -ENOMEM;
	}
	return 0;
}

int prepare(struct prepared *p, const struct profile *profile, const char *host_root,
	    struct err *err)
{
	struct plan_claim claims[CLAIMS_MAX];
	struct inventory_want want[PROFILE_MAX_DEVICES];
	unsigned n_claims = 0;
	memset(p, 0, sizeof(*p));
	p->image.kernel_fd = p->image.initrd_fd = -1;
	int r = host_open(&p->host, host_root, err);
	if (r)
		return r;
	r = inventory_read_for(&p->inventory, &p->host, want, plan_wants(profile, want), err);
	if (!r)
		r = journal_claims(&p->host, claims, CLAIMS_MAX, &n_claims);
	if (r) {
		if (!err->code)
			err_errno(err, r, "claims of running profiles");
		return r;
	}
	r = plan_make(&p->plan, profile, &p->inventory, claims, n_claims);
	if (!r)
		r = examine_kvm(p);
	if (!r)
		r = examine_guest(p, profile);
	if (!r)
		r = examine_roms(p);
	return r ? err_errno(err, r, "plan for profile '%s'", profile->name) : 0;
}

void prepare_fini(struct prepared *p)
{
	linux_close(&p->image);
	plan_fini(&p->plan);
	inventory_fini(&p->inventory);
	host_close(&p->host);
}
