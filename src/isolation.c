/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "isolation.h"

#include <errno.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/parse.h"
#include "core/pci_path.h"
#include "device_config.h"
#include "pci/cap.h"

_Static_assert(ACS_WANTED == (PCI_ACS_SV | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF), "the kernel's");

uint16_t acs_lacking(const struct acs *acs)
{
	/* A service that cannot be switched is wired as wanted, all but egress control. */
	uint16_t wanted = ACS_WANTED & (acs->present ? acs->cap : UINT16_MAX);
	return wanted & ~(acs->present ? acs->ctrl : 0);
}

struct acs acs_read(const uint8_t *cfg, size_t size)
{
	struct acs acs = { 0 };
	uint16_t at = size == PCIE_CFG_SIZE ? pci_ext_cap_find(cfg, size, PCI_EXT_CAP_ID_ACS) : 0;
	if (!at || at + PCI_ACS_CTRL + 2u > size)
		return acs;
	acs.present = true;
	acs.cap = le16_get(cfg + at + PCI_ACS_CAP);
	acs.ctrl = le16_get(cfg + at + PCI_ACS_CTRL);
	return acs;
}

/* --- one function --- */

static enum isolation_state by_services(const struct acs *acs)
{
	return !acs->present ? ISOLATION_NO_ACS : acs_lacking(acs) ? ISOLATION_OFF : ISOLATION_KEPT;
}

/* The kernel's rule (drivers/pci/pci.c, pci_acs_enabled), without its list of known devices. */
static enum isolation_state judge(const struct isolation_step *step, bool multifunction)
{
	switch (step->pcie_type) {
	case PCI_EXP_TYPE_ROOT_PORT:
	case PCI_EXP_TYPE_DOWNSTREAM:
		return by_services(&step->acs);
	case PCI_EXP_TYPE_PCI_BRIDGE:
	case PCI_EXP_TYPE_PCIE_BRIDGE:
	case PCI_EXP_TYPE_RC_EC:
		return ISOLATION_CONVENTIONAL;
	default:
		return multifunction ? by_services(&step->acs) : ISOLATION_SINGLE;
	}
}

static void read_step(const struct host *host, struct isolation_step *step)
{
	struct device_config config;
	const uint8_t *cfg = config.at;
	/* Reading would wake it. */
	if ((step->dev && step->dev->asleep) || device_config_read(host, step->bdf, &config) ||
	    config.n < PCI_CFG_SIZE)
		return;
	bool multifunction = cfg[PCI_HEADER_TYPE] & 0x80 && !(step->dev && step->dev->is_vf);
	uint16_t pcie = pci_cap_find(cfg, PCI_CFG_SIZE, PCI_CAP_ID_EXP);
	if (!pcie || pcie + 4u > PCI_CFG_SIZE) {
		step->readable = true;
		step->state = ISOLATION_CONVENTIONAL;
		return;
	}
	if (config.n < PCIE_CFG_SIZE)
		return;
	step->readable = true;
	step->pcie_type = le16_get(cfg + pcie + PCI_EXP_FLAGS) >> 4 & 15;
	step->acs = acs_read(cfg, PCIE_CFG_SIZE);
	step->state = judge(step, multifunction);
}

/* --- the path --- */

/* The functions that the directory of `bdf` is in, top down, itself last; how many. */
static unsigned path_of(const struct host *host, struct bdf bdf, struct bdf ret[ISOLATION_DEPTH])
{
	char target[PATH_MAX], *save = NULL;
	unsigned n = 0;
	file_link(host->sys, pci_path(bdf, "").s, target, sizeof(target));
	for (char *part = strtok_r(target, "/", &save); part && n < ISOLATION_DEPTH;
	     part = strtok_r(NULL, "/", &save))
		if (!bdf_parse(part, &ret[n]))
			n++;
	if (!n || !bdf_equal(ret[n - 1], bdf)) {
		ret[0] = bdf;
		n = 1;
	}
	return n;
}

static void read_path(struct isolation *iso, const struct host *host)
{
	struct bdf path[ISOLATION_DEPTH];
	iso->n = path_of(host, iso->dev->bdf, path);
	for (unsigned i = 0; i < iso->n; i++) {
		struct isolation_step *step = &iso->step[i];
		step->bdf = path[iso->n - 1 - i];
		step->dev = inventory_find(iso->inv, step->bdf);
		read_step(host, step);
	}
}

/* A port that is in the group made it larger; without groups, one that would. */
static bool breaks_it(const struct isolation *iso, const struct isolation_step *step)
{
	if (iso->dev->group >= 0)
		return step->dev && step->dev->group == iso->dev->group;
	return step->state >= ISOLATION_NO_ACS;
}

static void find_break(struct isolation *iso)
{
	iso->breaks = -1;
	for (unsigned i = 1; i < iso->n; i++)
		if (breaks_it(iso, &iso->step[i]))
			iso->breaks = (int)i;
}

/* --- who shares --- */

/* Below the port, it itself, or at another function of the port's own device. */
static bool passes_slot(const struct host *host, struct bdf bdf, struct bdf port)
{
	struct bdf path[ISOLATION_DEPTH];
	unsigned n = path_of(host, bdf, path);
	for (unsigned i = 0; i < n; i++)
		if (bdf_same_device(path[i], port))
			return true;
	return false;
}

static enum isolation_cause cause_of(const struct isolation *iso, const struct host *host,
				     const struct pci_dev *other)
{
	if (bdf_same_device(iso->dev->bdf, other->bdf))
		return ISOLATION_BY_FUNCTION;
	if (iso->breaks >= 0 && passes_slot(host, other->bdf, iso->step[iso->breaks].bdf))
		return ISOLATION_BY_PORT;
	return ISOLATION_BY_OTHER;
}

static bool on_path(const struct isolation *iso, const struct pci_dev *dev)
{
	for (unsigned i = 0; i < iso->n; i++)
		if (iso->step[i].dev == dev)
			return true;
	return false;
}

static int find_shared(struct isolation *iso, const struct host *host)
{
	for (size_t i = 0; i < iso->inv->devs.n && iso->dev->group >= 0; i++) {
		const struct pci_dev *other = &iso->inv->devs.at[i];
		if (other->group != iso->dev->group || on_path(iso, other))
			continue;
		struct isolation_share *share = vec_push(&iso->shared);
		if (!share)
			return -ENOMEM;
		*share = (struct isolation_share){ other, cause_of(iso, host, other) };
	}
	return 0;
}

/* --- where it would be better --- */

/* A root port keeps its slot apart when the kernel put it in a group of its own. */
static bool alone(const struct inventory *inv, const struct pci_dev *port)
{
	for (size_t i = 0; i < inv->devs.n; i++)
		if (inv->devs.at[i].group == port->group && &inv->devs.at[i] != port)
			return false;
	return true;
}

static void find_slots(struct isolation *iso, const struct host *host)
{
	for (size_t i = 0; i < iso->inv->devs.n && iso->n_slots < ISOLATION_SLOTS; i++) {
		const struct pci_dev *port = &iso->inv->devs.at[i];
		struct isolation_step step = { .bdf = port->bdf, .dev = port };
		if (!port->is_pcie || port->pcie_type != PCI_EXP_TYPE_ROOT_PORT ||
		    port->group < 0 || on_path(iso, port) || !alone(iso->inv, port))
			continue;
		read_step(host, &step);
		if (step.state == ISOLATION_KEPT)
			iso->slot[iso->n_slots++] = port->bdf;
	}
}

static bool is_overridden(const struct host *host)
{
	char text[4096];
	ssize_t n = file_read(host->proc, "cmdline", text, sizeof(text));
	return n > 0 && words_have(text, text + n, "pcie_acs_override=");
}

int isolation_read(struct isolation *iso, const struct host *host, const struct inventory *inv,
		   const struct pci_dev *dev)
{
	*iso = (struct isolation){ .inv = inv, .dev = dev, .breaks = -1 };
	read_path(iso, host);
	find_break(iso);
	iso->overridden = is_overridden(host);
	int r = find_shared(iso, host);
	if (!r && iso->breaks >= 0)
		find_slots(iso, host);
	return r;
}

void isolation_fini(struct isolation *iso)
{
	vec_free(&iso->shared);
}
