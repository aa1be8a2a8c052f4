/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "prepare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware.h"
#include "journal.h"
#include "kvm/vm.h"
#include "seat.h"
#include "sriov/sketch.h"
#include "tpm_swtpm.h"

static int add_refusal(struct plan *plan, int found, const struct err *err)
{
	return found ? plan_refuse(plan, err) : 0;
}

static int examine_kvm(struct prepared *p)
{
	struct err why = { 0 };
	/* Of a host in a file it is known that it has KVM; what it can do only KVM itself would say. */
	if (p->host.replayed && p->inventory.has_kvm)
		return 0;
	return add_refusal(&p->plan, vm_check_host(p->host.dev, &why), &why);
}

static int examine_guest(struct prepared *p, const struct profile *profile)
{
	struct err why = { 0 };
	if (!profile->boot.kernel)
		return 0; /* the firmware finds something on a disk */
	int r = linux_open(&p->image, profile->boot.kernel, profile->boot.initrd,
			   profile->boot.cmdline, &why);
	/* Without a layout there is a refusal already, and nothing to fit into. */
	if (!r && p->plan.layout.n_ram && profile->firmware.type == FIRMWARE_NONE)
		r = linux_check_fit(&p->image, &p->plan.layout, &why);
	return add_refusal(&p->plan, r, &why);
}

static int examine_firmware(struct prepared *p, const struct profile *profile)
{
	struct err why = { 0 };
	return add_refusal(&p->plan, firmware_check(profile, &p->host, &why), &why);
}

static int examine_tpm(struct prepared *p, const struct profile *profile)
{
	struct err why = { 0 };
	/* Of a host in a file it is not known which programs it has. */
	if (!profile->tpm || p->host.replayed)
		return 0;
	return add_refusal(&p->plan, swtpm_check(SWTPM_PROGRAM, &why), &why);
}

/* Of a host in a file nobody knows what is at its seat. */
static int examine_seat(struct prepared *p, const struct profile *profile)
{
	return p->host.replayed ? 0 : seat_check(&p->plan, profile, &p->host);
}

/* ROM files are read when a device is opened; by then the host would have been changed. */
static int examine_roms(struct prepared *p)
{
	for (unsigned i = 0; i < p->plan.n_devices; i++) {
		struct err why = { 0 };
		int r = plan_check_rom(&p->plan, &p->plan.device[i], &why);
		if (add_refusal(&p->plan, r, &why))
			return -ENOMEM;
	}
	return 0;
}

/* --- VFs --- */

static bool has_changed(const struct prepared *p, struct bdf pf)
{
	for (unsigned i = 0; i < p->n_changed; i++)
		if (bdf_equal(p->changed[i], pf))
			return true;
	return false;
}

/* A VF that is there and will be made again has no driver then. */
static void forget_driver(struct inventory *inv, struct bdf bdf)
{
	for (size_t i = 0; i < inv->devs.n; i++)
		if (bdf_equal(inv->devs.at[i].bdf, bdf))
			inv->devs.at[i].driver[0] = inv->devs.at[i].driver_override[0] = 0;
}

/* In order of address; before the plan points into the list. */
static int add_sketch(struct inventory *inv, const struct pci_dev *sketch)
{
	if (!vec_push(&inv->devs))
		return -ENOMEM;
	size_t at = inv->devs.n - 1;
	while (at && bdf_compare(inv->devs.at[at - 1].bdf, sketch->bdf) > 0)
		at--;
	memmove(&inv->devs.at[at + 1], &inv->devs.at[at],
		(inv->devs.n - 1 - at) * sizeof(*inv->devs.at));
	inv->devs.at[at] = *sketch;
	return 0;
}

/* The inventory as it will be when the VFs are made. */
static int foretell(struct prepared *p, const struct profile *profile)
{
	int r = 0;
	for (unsigned i = 0; !r && i < profile->n_devices; i++) {
		struct vf_choice *choice = &p->vfs.at[i];
		struct pci_dev sketch;
		if (!choice->made || choice->why.code)
			continue;
		if (choice->bdf_is_known) {
			forget_driver(&p->inventory, choice->bdf);
			continue;
		}
		vf_sketch(&p->host, &p->vfs.pf.at[choice->pf].pf, choice->index, &sketch);
		choice->bdf = sketch.bdf;
		choice->bdf_is_known = true;
		r = add_sketch(&p->inventory, &sketch);
	}
	return r;
}

static int choose_vfs(struct prepared *p, const struct profile *profile, const char *owner,
		      struct err *err)
{
	int r = vf_choices_read(&p->vfs, &p->host, profile, owner, err);
	if (r)
		return r;
	for (size_t i = 0; i < p->vfs.pf.n; i++)
		p->vfs.pf.at[i].is_changed = has_changed(p, p->vfs.pf.at[i].pf.bdf);
	vf_choose(&p->vfs, profile);
	vf_choose_macs(&p->vfs, &p->host, profile);
	return 0;
}

/* --- all of it --- */

static int read_host(struct prepared *p, const struct profile *profile, const char *owner,
		     struct plan_claim claims[JOURNAL_CLAIMS_MAX], unsigned *ret_n_claims,
		     struct err *err)
{
	struct inventory_want want[PROFILE_MAX_DEVICES];
	int r = choose_vfs(p, profile, owner, err);
	if (r)
		return r;
	r = inventory_read_for(&p->inventory, &p->host, want, plan_wants(profile, &p->vfs, want),
			       err);
	if (r)
		return r;
	if (p->mem_total) {
		p->inventory.mem_total = p->mem_total;
		p->inventory.mem_available = p->mem_available;
	}
	r = foretell(p, profile);
	if (!r)
		r = journal_claims_of_others(&p->host, owner, claims, JOURNAL_CLAIMS_MAX,
					     ret_n_claims);
	return r ? err_errno(err, r, "claims of running profiles") : 0;
}

/*
 * Of another host it is not known what was dealt there. Who may not read it here may look at the plan
 * all the same; a run is not among those.
 */
static int load_slots(const struct prepared *p, const struct profile *profile, struct slots *slots,
		      struct err *why)
{
	if (p->host.replayed || (!profile->n_devices && !profile->n_disks))
		return 0;
	return slots_load(slots, &p->host, profile->name, why);
}

static int examine_with(struct prepared *p, const struct profile *profile,
			const struct plan_claim *claims, unsigned n_claims, struct err *err)
{
	struct slots slots = { .n = 0 };
	struct err why = { 0 };
	int r, bad_slots = load_slots(p, profile, &slots, &why);
	const struct plan_facts facts = { .inv = &p->inventory, .vfs = &p->vfs, .claims = claims,
					  .n_claims = n_claims, .slots = &slots,
					  .slots_unknown = bad_slots == -EACCES ? why.text : NULL };
	r = plan_make(&p->plan, profile, &facts);
	if (!r)
		r = add_refusal(&p->plan, bad_slots && bad_slots != -EACCES, &why);
	if (!r)
		r = examine_kvm(p);
	if (!r)
		r = examine_guest(p, profile);
	if (!r)
		r = examine_firmware(p, profile);
	if (!r)
		r = examine_tpm(p, profile);
	if (!r)
		r = examine_seat(p, profile);
	if (!r)
		r = examine_roms(p);
	if (!r)
		r = plan_check_igd(&p->plan, &p->host);
	if (!r)
		r = plan_check_disks(&p->plan, &p->host);
	if (!r)
		r = plan_check_identities(&p->plan, &p->host);
	if (!r)
		r = plan_check_hypervisor(&p->plan, &p->host);
	if (!r)
		r = plan_check_holders(&p->plan, &p->host, err);
	return r ? err_errno(err, r, "plan for profile '%s'", profile->name) : 0;
}

/* What is large is not on the stack: a process that has a guest would keep its pages. */
static int examine(struct prepared *p, const struct profile *profile, const char *owner,
		   struct err *err)
{
	unsigned n_claims = 0;
	struct plan_claim *claims = calloc(JOURNAL_CLAIMS_MAX, sizeof(*claims));
	int r = claims ? read_host(p, profile, owner, claims, &n_claims, err)
		       : err_errno(err, -ENOMEM, "claims of running profiles");
	if (!r)
		r = examine_with(p, profile, claims, n_claims, err);
	free(claims);
	return r;
}

static void forget(struct prepared *p)
{
	linux_close(&p->image);
	plan_fini(&p->plan);
	inventory_fini(&p->inventory);
	vf_choices_fini(&p->vfs);
}

static int open_host(struct prepared *p, const struct profile *profile, const char *host_root,
		     struct err *err)
{
	memset(p, 0, sizeof(*p));
	p->image.kernel_fd = p->image.initrd_fd = -1;
	int r = host_open(&p->host, host_root, err);
	p->host.answer_ms = profile->driver_timeout_s * 1000;
	return r;
}

/*
 * What the plan says of the host's memory must be what there was before; a failure here is not one
 * of the start, because the machine tries again and has the words for it.
 */
static void fill_memory(struct prepared *p, const struct profile *profile)
{
	struct inventory before = { 0 };
	uint64_t all = profile->memory + plan_stolen(profile);
	inventory_memory(&before, &p->host);
	if (!profile->n_devices || p->host.replayed || all > before.mem_available)
		return;
	if (gmem_reserve(&p->ram, all, NULL))
		return;
	if (gmem_populate_start(&p->ram, (unsigned)sysconf(_SC_NPROCESSORS_ONLN), NULL)) {
		gmem_fini(&p->ram);
		return;
	}
	p->mem_total = before.mem_total;
	p->mem_available = before.mem_available;
}

int prepare(struct prepared *p, const struct profile *profile, const char *host_root,
	    struct err *err)
{
	int r = open_host(p, profile, host_root, err);
	return r ? r : examine(p, profile, NULL, err);
}

int prepare_to_run(struct prepared *p, const struct profile *profile, const char *host_root,
		   struct err *err)
{
	int r = open_host(p, profile, host_root, err);
	if (r)
		return r;
	fill_memory(p, profile);
	return examine(p, profile, NULL, err);
}

int prepare_again(struct prepared *p, const struct profile *profile, const char *owner,
		  struct err *err)
{
	forget(p);
	memset(&p->inventory, 0, sizeof(p->inventory));
	return examine(p, profile, owner, err);
}

void prepare_fini(struct prepared *p)
{
	forget(p);
	gmem_fini(&p->ram);
	host_close(&p->host);
}
